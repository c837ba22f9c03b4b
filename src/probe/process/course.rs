//! A program from its start until everything is over.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::Process;
use super::attend::{Attending, Seen};
use super::ending::end;
use super::log_file::LogFile;
use super::outcome::Outcome;
use super::output::Output;
use super::owner::Asked;
use super::running::Running;
use super::telling::{Course, Told};
use crate::model::ProbeError;
use crate::probe::Context;

/// How long what a program wrote may still be on its way once it has ended.
const DRAIN: Duration = Duration::from_millis(100);

/// Starts it, and ends it when it has done what it was to do, or cannot any more.
pub(super) async fn run<'l>(
    process: &'l Process,
    ctx: &'l Context,
    sockets: &[SocketAddr],
    strange: Option<String>,
) -> Result<Told<'l>, ProbeError> {
    let started = Instant::now();
    let budget = ctx.deadline.saturating_duration_since(started);
    let until = ctx.deadline - process.grace().min(budget / 5);
    let (mut running, (stdout, stderr)) = Running::start(process, started, until).await?;
    let (file, unkept) = match ctx.shared.folder.log(process.argv.split().0) {
        Some(Ok(file)) => (Some(LogFile::new(file)), None),
        Some(Err(error)) => (None, Some(error.to_string())),
        None => (None, None),
    };
    let output = Output::new(process.phases(), &ctx.shared.mask, file, started);
    let course = {
        let mut listening = pin!(output.listen(stdout, stderr));
        let mut attending = pin!(attend(
            process,
            ctx,
            &mut running,
            sockets,
            strange,
            &output
        ));
        let mut is_silent = false;
        let course = loop {
            tokio::select! {
                course = &mut attending => break course,
                () = &mut listening, if !is_silent => is_silent = true,
            }
        };
        let is_held = !is_silent && timeout(DRAIN, listening).await.is_err();
        Course { is_held, ..course }
    };
    Ok(Told {
        course,
        took: started.elapsed(),
        heard: output.into_heard(),
        wanted: process.phases.as_ref().map(|_| process.wanted()),
        has_ready: process.ready.is_some(),
        unkept,
    })
}

async fn attend(
    process: &Process,
    ctx: &Context,
    running: &mut Running,
    sockets: &[SocketAddr],
    stranger: Option<String>,
    output: &Output<'_>,
) -> Course {
    let started = running.started;
    let budget = ctx.deadline.saturating_duration_since(started);
    let mut attending = Attending {
        ctx,
        running,
        // What was not read was told before.
        ready: process.ready().ok().flatten(),
        sockets,
        asked_for: match process.outcome() {
            Outcome::Recovers { .. } => Asked::All,
            Outcome::BecomesReady { .. }
            | Outcome::Exits
            | Outcome::StaysUp { .. }
            | Outcome::ShutsDown { .. } => Asked::Anybody,
        },
        until: ctx.deadline - process.grace().min(budget / 5),
        seen: Seen {
            stranger,
            ..Seen::default()
        },
    };
    let done = attending.until(process.outcome()).await;
    let seen = attending.seen;
    let decided = started.elapsed();
    // What it says while it is ended is not what it was doing.
    let whereabouts = process
        .phases
        .as_ref()
        .map(|_| output.so_far().phases.whereabouts(decided).to_string());
    let ports = if seen.ports.is_empty() {
        let mut named: Vec<u16> = sockets.iter().map(SocketAddr::port).collect();
        named.dedup();
        named
    } else {
        seen.ports.clone()
    };
    // What was killed needs a moment to be gone.
    let until = ctx.deadline - Duration::from_millis(100).min(budget / 20);
    let ended = end(running, &ports, process.grace(), until).await;
    Course {
        done,
        seen,
        spawned: running.spawned,
        decided,
        whereabouts,
        ports,
        is_owned: running.kin().is_some(),
        ended,
        is_held: false,
    }
}
