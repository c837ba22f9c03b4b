//! `allclear report`: any report again, from a recorded run.

use std::io;
use std::sync::Arc;

use super::args::ReportArgs;
use super::exit;
use super::failure::Failure;
use super::run::reports;
use super::terminal::{note, output, style};
use crate::diagnosis::{Rules, diagnose};
use crate::gate;
use crate::journal;
use crate::model::{Diagnosis, FinishedRun, RunRecord};
use crate::report::{check_writable, write_all};
use crate::settings::{Flags, Output, RunConfig, Variables};
use crate::validation::{OwnRules, Request};

/// Renders what was recorded. The exit code says whether that could be done, not what the verdict was.
pub(super) fn report(args: &ReportArgs) -> Result<u8, Failure> {
    let variables = Variables::of_process();
    let mut environment = Flags::of_environment(&variables)
        .map_err(|why| Failure::invalid(format!("error: {why}")))?;
    // A pipeline's ALLCLEAR_REPORT is about its run, and so is ALLCLEAR_RULES; here the command line alone says what is wanted.
    environment.reports.clear();
    environment.rules = None;
    let flags = args.flags().over(environment);
    let output = output(&flags, &variables);
    let reports = reports(&flags.reports)?;
    check_writable(&reports)?;
    let own = own_rules(&flags, variables, output)?;
    let runs = flags.runs.unwrap_or_else(|| RunConfig::default().runs);
    let unreadable = |error: journal::JournalError| Failure::invalid(format!("error: {error}"));
    let folder = journal::find(&runs, &args.run).map_err(unreadable)?;
    let recorded = journal::read(&folder).map_err(unreadable)?;
    if !recorded.complete {
        note("note: the record ends before the run did: it was killed, or still runs");
    }
    let record = Arc::new(recorded.record);
    let verdict = match recorded.verdict {
        Some(verdict) => verdict,
        None => Arc::new(gate::decide(&record)),
    };
    let diagnosis = match (recorded.diagnosis, own) {
        (Some(diagnosis), None) => diagnosis,
        (None, None) => Arc::new(diagnose(&record, None)),
        (of_the_run, Some(own)) => {
            let again = again(&record, &own.rules, of_the_run.as_deref());
            Arc::new(again)
        }
    };
    let finished = FinishedRun {
        record,
        verdict,
        diagnosis,
    };
    let lost = write_all(
        &reports,
        &finished,
        style(output, output.colour_stdout),
        &mut io::stdout().lock(),
    );
    for lost in &lost {
        note(&format!("error: {lost}"));
    }
    Ok(if lost.is_empty() {
        exit::GO
    } else {
        exit::FAULT
    })
}

/// The rules of `--rules`; their lints are told.
fn own_rules(
    flags: &Flags,
    variables: Variables,
    output: Output,
) -> Result<Option<OwnRules>, Failure> {
    let request = Request {
        flags: flags.clone(),
        variables,
        ..Request::default()
    };
    let own = request.own_rules();
    let own = own.map_err(|why| Failure::refused(&why, &request.mask, output.colour_stderr))?;
    if let Some(own) = own.as_ref().filter(|own| !own.warnings.is_empty()) {
        let plain = |text: &str| text.to_owned();
        let told = own
            .warnings
            .render(&own.sources, output.colour_stderr, &plain);
        note(&told);
    }
    Ok(own)
}

/// Explains the run once more; what it was explained with when it ended is said.
fn again(record: &RunRecord, rules: &Rules, of_the_run: Option<&Diagnosis>) -> Diagnosis {
    let then = of_the_run.map_or("none", |diagnosis| &diagnosis.ruleset);
    note(&format!(
        "note: explained with the rules {}, and not with those of the run ({then}); the verdict stays as it was",
        rules.ruleset()
    ));
    Diagnosis {
        instead_of: Some(then.to_owned()),
        ..diagnose(record, Some(rules))
    }
}
