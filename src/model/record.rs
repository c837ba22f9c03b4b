//! What happened in a run, complete. Every report is a reader of this.

use std::sync::Arc;
use std::time::Duration;

use super::{
    ActorName, Code, Finding, Observation, Phase, ProbeError, RunHeader, SessionName, Status,
    StepName, TestEnded, TestHeader, TestId,
};

/// A run, as the fold of its events.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRecord {
    /// What was known before the first look.
    pub header: Arc<RunHeader>,
    /// From the start to the end of the last clean-up, on the monotonic clock.
    pub elapsed: Duration,
    /// Whether the run itself said that it had ended. One that was killed did not, nor has one that still runs.
    pub ended: bool,
    /// The signal that ended the run early.
    pub interrupted: Option<Interrupt>,
    /// The sessions that were opened, in the order they ended.
    pub sessions: Vec<Arc<SessionRecord>>,
    /// Every planned instance, in plan order.
    pub tests: Vec<TestRecord>,
}

impl RunRecord {
    /// How many instances ended in each status.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts {
            filtered: self.header.filtered,
            ..Counts::default()
        };
        for test in &self.tests {
            counts.add(test.status);
        }
        counts
    }

    /// The instance with this id.
    pub fn test(&self, id: &TestId) -> Option<&TestRecord> {
        self.tests.iter().find(|test| test.header.id == *id)
    }
}

/// One instance and how it ended.
#[derive(Debug, Clone, PartialEq)]
pub struct TestRecord {
    /// What was known before.
    pub header: Arc<TestHeader>,
    /// How it ended.
    pub status: Status,
    /// The code of what made it end so; none for passed, skipped and not_run.
    pub code: Option<Code>,
    /// Why it was not judged on what was seen.
    pub why: Option<Why>,
    /// The attempts that are kept, in order.
    pub attempts: Vec<Arc<AttemptRecord>>,
    /// How many attempts (or polls) were made.
    pub attempts_made: u64,
    /// Of a test with `repeat`.
    pub sample: Option<Arc<Sample>>,
    /// When it started looking, from the run's start. Waiting for a slot comes before.
    pub started: Duration,
    /// How long it took, clean-ups included; neither waiting for a slot nor what `on_fail` looked at.
    pub elapsed: Duration,
    /// Clean-ups that did not hold: what they left behind.
    pub left_behind: Vec<String>,
}

impl TestRecord {
    /// The record of an instance that has ended.
    pub fn of(
        header: Arc<TestHeader>,
        ended: TestEnded,
        attempts: Vec<Arc<AttemptRecord>>,
    ) -> Self {
        Self {
            header,
            status: ended.status,
            code: ended.code,
            why: ended.why,
            attempts,
            attempts_made: ended.attempts_made,
            sample: ended.sample,
            started: ended.started,
            elapsed: ended.elapsed,
            left_behind: ended.left_behind,
        }
    }

    /// The attempt that explains the status: the last one that did not hold, else the last.
    pub fn deciding_attempt(&self) -> Option<&AttemptRecord> {
        let did_not_hold = |attempt: &&Arc<AttemptRecord>| attempt.outcome != Outcome::Held;
        let mut latest_first = self.attempts.iter().rev();
        latest_first
            .clone()
            .find(did_not_hold)
            .or_else(|| latest_first.next())
            .map(AsRef::as_ref)
    }

    /// Whether `--rerun failed` runs it again: it counted against the run, or may have.
    pub fn is_worth_repeating(&self) -> bool {
        let may_be_open = self.status == Status::Flaky && self.header.critical;
        self.status.is_bad_or_open() || may_be_open
    }
}

/// Why an instance was not judged on what was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Blocked by these, the first instances or sessions on the way that are not blocked themselves.
    Blocked(Vec<Blamed>),
    /// Skipped, and the reason in words.
    Skipped(String),
    /// We could not look, and the reason in words.
    Errored(String),
    /// Not run, or cut short.
    NotRun(NotRun),
}

/// A root of a blocked instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blamed {
    /// Which.
    pub root: Root,
    /// How it ended.
    pub status: Status,
    /// With which code.
    pub code: Option<Code>,
}

/// What can block.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Root {
    /// An instance.
    Test(TestId),
    /// A session.
    Session(SessionName),
}

/// Why an instance was not run, or was cut short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotRun {
    /// An earlier test ended badly and `--fail-fast` was given.
    FailFast,
    /// The run's deadline passed.
    Deadline,
    /// The run was interrupted.
    Interrupted,
    /// The run's record ends without its end: the process was killed.
    Killed,
}

impl NotRun {
    /// Every reason.
    pub const ALL: &'static [Self] = &[
        Self::FailFast,
        Self::Deadline,
        Self::Interrupted,
        Self::Killed,
    ];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FailFast => "fail-fast",
            Self::Deadline => "deadline",
            Self::Interrupted => "interrupted",
            Self::Killed => "killed",
        }
    }
}

/// The signal that ended a run early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Interrupt {
    /// SIGHUP.
    Hup,
    /// SIGINT, Ctrl-C.
    Int,
    /// SIGTERM.
    Term,
}

impl Interrupt {
    /// Every signal.
    pub const ALL: &'static [Self] = &[Self::Hup, Self::Int, Self::Term];

    /// The signal's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hup => "SIGHUP",
            Self::Int => "SIGINT",
            Self::Term => "SIGTERM",
        }
    }
}

/// One attempt: the steps in order, then the clean-ups; with actors those of the first, then those of the next.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptRecord {
    /// From 1.
    pub number: u64,
    /// From the run's start.
    pub started: Duration,
    /// Of its steps: without clean-ups, and without what belongs to a cold start.
    pub elapsed: Duration,
    /// The steps that were reached; clean-ups are marked, what belongs to a cold start, and looks of `on_fail`, which come last.
    pub steps: Vec<StepRecord>,
    /// How it came out.
    pub outcome: Outcome,
    /// The code of what made it not hold, or unable; with actors of what did so first.
    pub code: Option<Code>,
    /// Whose step has that code, in a test with actors.
    pub decided_by: Option<ActorName>,
    /// Why this attempt is kept, where not all are.
    pub kept: Option<Kept>,
    /// Of the final poll of a test with `until`: how often it had held and then not, where it had.
    pub flaps: Option<u64>,
}

impl AttemptRecord {
    /// Whether this step of it is why it did not hold.
    pub fn is_decided_by(&self, step: &StepRecord) -> bool {
        let Some(code) = &self.code else {
            return false;
        };
        // Others may have failed with the same code, later and for its sake.
        if self.decided_by.is_some() && self.decided_by != step.actor {
            return false;
        }
        let could_not = step
            .error
            .as_ref()
            .is_some_and(|error| error.kind.code() == *code);
        could_not
            || step
                .findings
                .iter()
                .any(|finding| finding.is_open() && finding.code == *code)
    }

    /// The step that is why it did not hold: the first of those that can be, else the first that did not hold. Neither clean-ups
    /// nor looks of `on_fail` decide anything.
    pub fn deciding_step(&self) -> Option<&StepRecord> {
        let mut steps = self.steps.iter().filter(|step| step.may_decide());
        steps
            .clone()
            .find(|step| self.is_decided_by(step))
            .or_else(|| steps.find(|step| step.outcome != Outcome::Held))
    }
}

/// How an attempt or a step came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Everything expected held.
    Held,
    /// Something did not hold.
    NotHeld,
    /// We could not look.
    Unable,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: &'static [Self] = &[Self::Held, Self::NotHeld, Self::Unable];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::NotHeld => "not_held",
            Self::Unable => "unable",
        }
    }
}

/// Why an attempt is kept in full, where not all are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kept {
    /// The first.
    First,
    /// The slowest that held.
    Slowest,
    /// Among the first ten that did not hold.
    NotHeld,
    /// The last poll that did not hold.
    LastNotHeld,
    /// The final poll.
    Final,
}

impl Kept {
    /// Every reason.
    pub const ALL: &'static [Self] = &[
        Self::First,
        Self::Slowest,
        Self::NotHeld,
        Self::LastNotHeld,
        Self::Final,
    ];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Slowest => "slowest",
            Self::NotHeld => "not_held",
            Self::LastNotHeld => "last_not_held",
            Self::Final => "final",
        }
    }
}

/// One step of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct StepRecord {
    /// Its name; `None` for a test of one probe.
    pub name: Option<StepName>,
    /// The probe's key: `http`.
    pub probe: String,
    /// What was asked, masked: `GET http://127.0.0.1:8080/health`.
    pub request: String,
    /// What this very step looked at, masked: `sock:db.internal:5432`. Kept where it did not hold, and where it was not known
    /// before the run; of a step that held the test's own resources say enough, which are not those of a look of `on_fail`.
    pub resources: Vec<String>,
    /// What was seen, masked and cut.
    pub observation: Observation,
    /// What each expectation came to. An unexpected fault is the first finding.
    pub findings: Vec<Finding>,
    /// Names captured here.
    pub captured: Vec<String>,
    /// Set when we could not look.
    pub error: Option<ProbeError>,
    /// How it came out.
    pub outcome: Outcome,
    /// A clean-up: it never changes the status.
    pub cleanup: bool,
    /// Forces a cold start or looks whether there was one: no part of what is measured.
    pub cold: bool,
    /// A look of `on_fail`, made once the test had not held: evidence, which decides and measures nothing. It has no findings;
    /// its outcome says whether it saw what it asked for.
    pub diagnostic: bool,
    /// How many polls were made, for a step with `until`.
    pub polls: Option<u64>,
    /// How often it held and then did not, from poll to poll, where it did.
    pub flaps: Option<u64>,
    /// Whose step it is, in a test with actors.
    pub actor: Option<ActorName>,
}

impl StepRecord {
    /// Whether how its attempt came out may be its doing: neither a clean-up nor a look of `on_fail`.
    pub const fn may_decide(&self) -> bool {
        !self.cleanup && !self.diagnostic
    }
}

/// A session: done once per run, shared by those who use it.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionRecord {
    /// Its name.
    pub name: SessionName,
    /// Passed, failed, errored, skipped or not_run.
    pub status: Status,
    /// The code of what made it end so.
    pub code: Option<Code>,
    /// Why it was not judged on what was seen.
    pub why: Option<Why>,
    /// Its steps and, at the end of the run, its clean-ups.
    pub attempt: Option<Arc<AttemptRecord>>,
    /// From the run's start.
    pub started: Duration,
    /// Clean-ups that did not hold.
    pub left_behind: Vec<String>,
}

/// What `repeat` came to: every attempt in tens of bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// How many attempts were planned.
    pub times: u64,
    /// How many held.
    pub held: u64,
    /// Every attempt made, in the order they ended.
    pub rows: Vec<SampleRow>,
    /// What each claim came to.
    pub findings: Vec<Finding>,
    /// Stopped early because no remaining attempts could prove the claims.
    pub futile: bool,
    /// The largest difference between the starts of a round, where attempts go in rounds.
    pub skew: Option<Duration>,
}

/// One attempt of a sample.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleRow {
    /// How it came out.
    pub outcome: Outcome,
    /// Microseconds of the whole attempt, clean-ups apart.
    pub latency_us: u64,
    /// Microseconds by phase, summed over the steps.
    pub phases_us: Box<[(Phase, u64)]>,
}

/// How many instances ended in each status.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    by_status: [u64; Status::ALL.len()],
    /// Instances that were not selected.
    pub filtered: u64,
}

impl Counts {
    /// Counts one more.
    pub fn add(&mut self, status: Status) {
        self.by_status[status as usize] += 1;
    }

    /// How many ended so.
    pub fn of(&self, status: Status) -> u64 {
        self.by_status[status as usize]
    }

    /// How many ended at all; equals the planned instances of the record.
    pub fn total(&self) -> u64 {
        self.by_status.iter().sum()
    }
}
