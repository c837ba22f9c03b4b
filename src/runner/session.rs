//! A session: opened once, and again where its token ends too soon; shared by those who use it, cleaned up at the end of the run.

use std::sync::Arc;

use tokio::time::Instant;

use super::executor::Run;
use super::expiry;
use super::look::{Stage, panic_message};
use super::round::{Taken, budget, clean_up, detail, take_steps};
use super::scope::LateScope;
use super::slim::{cleaned, slim};
use super::step::code_of;
use crate::check::Captured;
use crate::model::{
    AttemptRecord, Connections, NotRun, Outcome, SessionRecord, Status, Unable, Why,
};
use crate::probe::AttemptScope;

/// What opening a session came to.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) record: SessionRecord,
    /// For its clean-ups, which see the same `nonce` and captures.
    pub(super) scope: LateScope,
    /// For those who use it.
    pub(super) captures: Arc<[Captured]>,
}

/// Takes the session's steps, within its timeout.
pub(super) async fn open(run: Arc<Run>, session: usize) -> Opened {
    let planned = &run.plan.sessions[session];
    let started = Instant::now();
    let stage = stage(&run);
    let mut scope = LateScope::new(run.plan.header.clone(), 1, Arc::default());
    let deadline = budget(planned.timeout, &planned.steps, started);
    let taken = take_steps(&planned.steps, &stage, &mut scope, deadline).await;
    let elapsed = started.elapsed();

    let mut outcome = taken.outcome();
    let Taken { mut steps, cut } = taken;
    if outcome == Outcome::Held && expiry::judge(planned, &run, scope.captures(), &mut steps) {
        outcome = Outcome::NotHeld;
    }
    let code = if cut {
        None
    } else {
        steps.iter().find_map(code_of)
    };
    for step in &mut steps {
        slim(step, &run.shared.mask, detail(outcome, run.keep_evidence));
    }
    let error = steps
        .iter()
        .find_map(|step| step.error.as_ref())
        .map(|error| error.message.clone());
    let (status, why) = match outcome {
        _ if cut => (
            Status::NotRun,
            Some(Why::NotRun(
                run.halting.reason().unwrap_or(NotRun::Interrupted),
            )),
        ),
        Outcome::Held => (Status::Passed, None),
        Outcome::NotHeld => (Status::Failed, None),
        Outcome::Unable => (Status::Errored, error.map(Why::Errored)),
    };
    let started = started.duration_since(run.started);
    let attempt = AttemptRecord {
        number: 1,
        started,
        elapsed,
        steps,
        outcome,
        code: code.clone(),
        decided_by: None,
        kept: None,
        flaps: None,
    };
    let name = planned.name.clone();
    let record = SessionRecord {
        name,
        status,
        code,
        why,
        attempt: Some(Arc::new(attempt)),
        started,
        left_behind: Vec::new(),
    };
    Opened {
        record,
        captures: scope.captures().into(),
        scope,
    }
}

/// All that was done for a session that was opened again. Where the run let go of that, nothing is said of the session by it.
pub(super) fn opened_again(before: &SessionRecord, again: SessionRecord) -> SessionRecord {
    let attempt = match (&before.attempt, &again.attempt) {
        (Some(first), Some(second)) => {
            let mut steps = first.steps.clone();
            steps.extend(second.steps.iter().cloned());
            Some(Arc::new(AttemptRecord {
                number: first.number + 1,
                started: first.started,
                elapsed: first.elapsed + second.elapsed,
                steps,
                ..AttemptRecord::clone(second)
            }))
        }
        (first, second) => first.clone().or_else(|| second.clone()),
    };
    let mut left_behind = before.left_behind.clone();
    left_behind.extend(again.left_behind);
    let is_cut = again.status == Status::NotRun;
    let (status, code, why) = if is_cut {
        (before.status, before.code.clone(), before.why.clone())
    } else {
        (again.status, again.code, again.why)
    };
    SessionRecord {
        name: again.name,
        status,
        code,
        why,
        attempt,
        started: before.started,
        left_behind,
    }
}

/// Runs the session's clean-ups, once for each time it was opened, and adds them to its record.
pub(super) async fn close(
    run: Arc<Run>,
    session: usize,
    record: Arc<SessionRecord>,
    scopes: Vec<LateScope>,
) -> SessionRecord {
    let stage = stage(&run);
    let mut cleanups = Vec::new();
    let mut left_behind = record.left_behind.clone();
    for mut scope in scopes {
        let (steps, left) = clean_up(&run.plan.sessions[session].cleanup, &stage, &mut scope).await;
        cleanups.extend(steps);
        left_behind.extend(left);
    }
    let attempt = record.attempt.as_ref().map(|attempt| {
        let mut attempt = AttemptRecord::clone(attempt);
        attempt.steps.extend(cleanups);
        Arc::new(attempt)
    });
    SessionRecord {
        attempt,
        left_behind,
        ..SessionRecord::clone(&record)
    }
}

/// What a session whose clean-ups came to no end says.
pub(super) const NOT_CLEANED_UP: &str = "its clean-ups were not run";

/// The record of a session that has no attempt to show.
pub(super) fn unseen(run: &Run, session: usize, status: Status, why: Why) -> SessionRecord {
    let planned = &run.plan.sessions[session];
    let is_unclean = status != Status::Skipped && !planned.cleanup.is_empty();
    SessionRecord {
        name: planned.name.clone(),
        status,
        code: (status == Status::Errored).then(|| Unable::Panic.code()),
        why: Some(why),
        attempt: None,
        started: run.started.elapsed(),
        left_behind: if is_unclean {
            vec![NOT_CLEANED_UP.to_owned()]
        } else {
            Vec::new()
        },
    }
}

/// Why a task that panicked was errored.
pub(super) fn of_a_panic(error: tokio::task::JoinError, run: &Run) -> Why {
    let message = match error.try_into_panic() {
        Ok(panic) => panic_message(&*panic),
        Err(error) => error.to_string(),
    };
    Why::Errored(cleaned(message, &run.shared.mask))
}

/// A session's steps share connections among themselves, its clean-ups among themselves.
fn stage(run: &Arc<Run>) -> Stage {
    Stage {
        run: run.clone(),
        attempt: Arc::new(AttemptScope::default()),
        connections: Connections::Fresh,
        barriers: None,
        is_of_many: false,
    }
}
