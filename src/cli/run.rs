//! `allclear run`: the main job.

use std::io;

use super::args::RunArgs;
use super::door::enter;
use super::exit::{self, Outcome};
use super::failure::Failure;
use super::interrupt;
use super::terminal::{note, style};
use crate::model::Event;
use crate::report::{Live, Request as Report, check_writable, write_all};
use crate::runner::Cancel;
use crate::settings::{Flags, Output};
use crate::validation::{self, Request, Validated};

/// Runs, reports, and gives the exit code of the verdict.
pub(super) fn run(args: &RunArgs) -> Result<u8, Failure> {
    let (request, output) = enter(args.flags(), &args.select.paths)?;
    let reports = reports(&request.flags.reports)?;
    check_writable(&reports)?;
    let validated = in_runtime(async {
        let cancel = interrupt::on_signals()?;
        validate(&request, output, cancel).await
    })?;
    let code = finish(&validated, &reports, &request.flags, output);
    // The process ends: to give back ten thousand records piece by piece would only take time.
    std::mem::forget(validated);
    Ok(code)
}

/// Validates while a terminal shows how it goes.
pub(super) async fn validate(
    request: &Request,
    output: Output,
    cancel: Cancel,
) -> Result<Validated, Failure> {
    let live_style = style(output, output.colour_stderr);
    let mut live = if output.live {
        Live::on_terminal(live_style)
    } else {
        Live::in_lines(live_style, Box::new(io::stderr()))
    };
    let mut listener = |event: &Event| live.hear(event);
    let result = validation::validate(request, cancel, &mut listener).await;
    drop(live);
    result.map_err(|refused| Failure::refused(&refused, &request.mask, output.colour_stderr))
}

/// Writes every report; what is lost is said, and decides the exit code.
pub(super) fn finish(
    validated: &Validated,
    reports: &[Report],
    flags: &Flags,
    output: Output,
) -> u8 {
    let lost = write_all(
        reports,
        &validated.finished,
        style(output, output.colour_stdout),
        &mut io::stdout().lock(),
    );
    for lost in &lost {
        note(&format!("error: {lost}"));
    }
    if let Some(error) = &validated.lost {
        note(&format!(
            "error: the record of the run is not complete: {error}"
        ));
    }
    let verdict = &validated.finished.verdict;
    exit::code(&Outcome {
        word: verdict.word,
        interrupted: validated.finished.record.interrupted,
        lost_reports: !lost.is_empty() || validated.lost.is_some(),
        exit_zero: flags.exit_zero.unwrap_or(false),
    })
}

/// What was asked for, and the human report where nothing else takes standard output.
pub(super) fn reports(asked: &[String]) -> Result<Vec<Report>, Failure> {
    let mut reports = asked
        .iter()
        .map(|text| Report::parse(text))
        .collect::<Result<Vec<_>, _>>()?;
    Report::check_together(&reports)?;
    if !Report::take_stdout(&reports) {
        reports.insert(0, Report::parse("console")?);
    }
    Ok(reports)
}

/// One thread is faster than two for many small looks, and name lookups have threads of their own. Left in the
/// background: a lookup cannot be cancelled, and nobody waits for it.
pub(super) fn in_runtime<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| {
        Failure::fault(&anyhow::Error::from(error).context("could not start the runtime"))
    })?;
    let result = runtime.block_on(work);
    runtime.shutdown_background();
    result
}
