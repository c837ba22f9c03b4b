//! `allclear report`: any report again, from a recorded run.

use std::io;
use std::sync::Arc;

use super::args::ReportArgs;
use super::exit;
use super::failure::Failure;
use super::run::reports;
use super::terminal::{note, output, style};
use crate::diagnosis::diagnose;
use crate::gate;
use crate::journal;
use crate::model::FinishedRun;
use crate::report::{check_writable, write_all};
use crate::settings::{Flags, RunConfig, Variables};

/// Renders what was recorded. The exit code says whether that could be done, not what the verdict was.
pub(super) fn report(args: &ReportArgs) -> Result<u8, Failure> {
    let variables = Variables::of_process();
    let mut environment = Flags::of_environment(&variables)
        .map_err(|why| Failure::invalid(format!("error: {why}")))?;
    // A pipeline's ALLCLEAR_REPORT is about its run; here the command line alone says what is wanted.
    environment.reports.clear();
    let flags = args.flags().over(environment);
    let output = output(&flags, &variables);
    let reports = reports(&flags.reports)?;
    check_writable(&reports)?;
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
    let diagnosis = match recorded.diagnosis {
        Some(diagnosis) => diagnosis,
        None => Arc::new(diagnose(&record, None)),
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
