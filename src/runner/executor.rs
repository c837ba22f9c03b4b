//! One instance and its status: attempts as its mode says, then `expect_failure`.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::attempt::{Attempted, Subject};
use super::halt::Halting;
use super::look_on_fail::Deciding;
use super::{repeat, retry, until};
use crate::model::{Code, KnownCode, NotRun, Sample, Status, TestEnded, Why};
use crate::plan::{ExpectFailure, Mode, Plan};
use crate::probe::{Needs, Shared};

/// What all tasks of one run share.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) plan: Arc<Plan>,
    pub(super) shared: Arc<Shared>,
    pub(super) jobs: usize,
    /// So many looks there may be at once: the actors of a test look together.
    pub(super) looks: usize,
    /// What probes may do that shows their needs only when their values are known.
    pub(super) allowed: Needs,
    pub(super) keep_evidence: bool,
    /// All offsets of the record count from here.
    pub(super) started: Instant,
    /// When all of it must be over.
    pub(super) deadline: Option<Instant>,
    pub(super) halting: Halting,
}

/// What the attempts of a test came to.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) status: Status,
    pub(super) code: Option<Code>,
    pub(super) why: Option<Why>,
    pub(super) attempts_made: u64,
    pub(super) sample: Option<Arc<Sample>>,
    pub(super) left_behind: Vec<String>,
    /// Attempts that are not told yet, because `on_fail` may have something to add.
    pub(super) deciding: Option<Deciding>,
}

impl Ending {
    /// The attempts led here.
    pub(super) fn new(status: Status, code: Option<Code>, attempts_made: u64) -> Self {
        Self {
            status,
            code,
            why: None,
            attempts_made,
            sample: None,
            left_behind: Vec::new(),
            deciding: None,
        }
    }

    /// This attempt is why.
    pub(super) fn decided_by(self, attempted: Attempted) -> Self {
        Self {
            deciding: Some(Deciding::one(attempted)),
            ..self
        }
    }

    /// We could not look.
    pub(super) fn errored(code: Option<Code>, message: Option<String>, attempts_made: u64) -> Self {
        let why = message.map(Why::Errored);
        Self {
            why,
            ..Self::new(Status::Errored, code, attempts_made)
        }
    }

    /// The run ended before the test did.
    pub(super) fn not_run(reason: NotRun, attempts_made: u64) -> Self {
        Self {
            why: Some(Why::NotRun(reason)),
            ..Self::new(Status::NotRun, None, attempts_made)
        }
    }
}

/// Runs an instance to its end. `started` is what its `TestStarted` said.
pub(super) async fn execute(subject: Subject, started: Duration) -> TestEnded {
    let test = subject.planned();
    let ending = match &test.mode {
        Mode::Once => retry::run(&subject, None).await,
        Mode::Retry(retry) => retry::run(&subject, Some(retry)).await,
        // In boxes: of ten thousand tests most have one attempt, and each would be moved with the room for more.
        Mode::Until(until) => Box::pin(until::run(&subject, until)).await,
        Mode::Repeat(repeat) => Box::pin(repeat::run(&subject, repeat)).await,
    };
    let (status, code) = match &test.expect_failure {
        Some(expected) => turned(ending.status, ending.code, expected),
        None => (ending.status, ending.code),
    };
    // Only now, when neither the status nor how long it took can change any more.
    let elapsed = subject.run.started.elapsed().saturating_sub(started);
    let ended = TestEnded {
        test: subject.test,
        status,
        code,
        why: ending.why,
        attempts_made: ending.attempts_made,
        sample: ending.sample,
        started,
        elapsed,
        left_behind: ending.left_behind,
        looks_follow: false,
    };
    match ending.deciding {
        Some(deciding) => deciding.tell(&subject, ended).await,
        None => ended,
    }
}

/// What a reproduction that must fail came to: only the failure it names is the expected one.
fn turned(status: Status, code: Option<Code>, expected: &ExpectFailure) -> (Status, Option<Code>) {
    match status {
        Status::Passed | Status::Flaky => (
            Status::UnexpectedPass,
            Some(KnownCode::UnexpectedPass.code()),
        ),
        Status::Failed
            if code
                .as_ref()
                .is_some_and(|code| expected.code.matches(code)) =>
        {
            (Status::ExpectedFailure, code)
        }
        Status::Failed
        | Status::UnexpectedPass
        | Status::Unproved
        | Status::Errored
        | Status::Blocked
        | Status::NotRun
        | Status::Skipped
        | Status::ExpectedFailure
        | Status::Waived => (status, code),
    }
}
