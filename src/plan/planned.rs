//! A test ready to run.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::check::{Captured, Captures};
use crate::model::{
    ActorName, Connections, Place, RunHeader, SessionName, StepName, TestHeader, TestId,
};
use crate::suite::{Alone, ExpectFailure, Look, Mode, Until};

/// Everything the runner needs. Tests and sessions are named by their position.
#[derive(Debug)]
pub struct Plan {
    /// What is known of the run before its first look; its `tests` are the headers of `tests`, in the same order.
    pub header: Arc<RunHeader>,
    /// The instances, in plan order.
    pub tests: Vec<PlannedTest>,
    /// Sets of instances that others require as one, by position: a category is written once, however many require it.
    pub groups: Vec<Vec<usize>>,
    /// The sessions that planned tests use.
    pub sessions: Vec<PlannedSession>,
}

/// Why something planned is never run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Skip {
    /// Its `when`, as written, is false for this target.
    When(String),
    /// This flag is needed, and was not given.
    Needs(&'static str),
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::When(condition) => write!(f, "when: {condition} is false"),
            Self::Needs(flag) => write!(f, "needs {flag}"),
        }
    }
}

/// One instance.
#[derive(Debug)]
pub struct PlannedTest {
    /// What reports know of it.
    pub header: Arc<TestHeader>,
    /// Never run, and why.
    pub skip: Option<Skip>,
    /// How attempts follow each other.
    pub mode: Mode,
    /// Of one attempt.
    pub timeout: Duration,
    /// What makes the start that it looks at a cold one.
    pub cold: Option<Box<PlannedCold>>,
    /// In order; the first that does not hold ends the attempt.
    pub steps: Vec<PlannedStep>,
    /// After each attempt, in order.
    pub cleanup: Vec<PlannedStep>,
    /// Once it has not held, in order; nothing of them is judged.
    pub looks: Vec<PlannedStep>,
    /// Who may run beside it.
    pub alone: Alone,
    /// Whether attempts connect anew.
    pub connections: Connections,
    /// A reproduction that must fail.
    pub expect_failure: Option<Box<ExpectFailure>>,
    /// Positions of the instances it requires by name.
    pub requires: Vec<usize>,
    /// Position of the instance whose sample its own is compared with.
    pub compare_with: Option<usize>,
    /// Somebody compares a sample with its own, which is then made to its end.
    pub is_compared: bool,
    /// Positions of the groups it requires, all of each.
    pub requires_groups: Vec<usize>,
    /// Positions of the sessions it uses, those of all its actors.
    pub uses: Vec<usize>,
    /// Who does it at once; nobody in particular where there are none.
    pub actors: Vec<PlannedActor>,
    /// Changes the target; blocked when preflight fails.
    pub side_effects: bool,
    /// Its critical preflight test decides whether tests with side effects may run.
    pub guards: bool,
    /// The origins (`host:port`) it talks to, for the per-origin limit; late ones are unknown.
    pub origins: Vec<String>,
    /// The other origins that its `looks` talk to, which the limit is for, too.
    pub origins_of_looks: Vec<String>,
}

/// A start that is to be a cold one.
#[derive(Debug)]
pub struct PlannedCold {
    /// Before the steps of every attempt, in order; each bounded by its own budget.
    pub force: Vec<PlannedStep>,
    /// Looked at before them and after the steps; captures [`PROOF`](crate::suite::PROOF).
    pub proof: Option<PlannedStep>,
    /// What the proof reads, as reports say it: `json $.instance_id`.
    pub fact: String,
}

impl PlannedCold {
    /// How long it may take together with the looks of the proof.
    fn budget(&self) -> Duration {
        let of = |step: &PlannedStep| {
            step.until
                .as_ref()
                .map_or(step.timeout, |until| until.within)
        };
        // Twice before and once after.
        let looks = [&self.proof; 3].into_iter().flatten();
        let all = self.force.iter().chain(looks).map(of);
        all.fold(Duration::ZERO, Duration::saturating_add)
    }
}

/// One of those who do a test at once.
#[derive(Debug)]
pub struct PlannedActor {
    /// Its name.
    pub name: ActorName,
    /// Positions of the sessions it uses.
    pub uses: Vec<usize>,
}

impl PlannedTest {
    /// How long all its attempts may take together, clean-ups apart.
    pub fn budget(&self) -> Duration {
        let polling = self.steps.iter().filter_map(|step| step.until.as_ref());
        let attempt = polling.fold(self.timeout, |sum, until| sum.saturating_add(until.within));
        let cold = self.cold.as_ref();
        let attempt = attempt.saturating_add(cold.map_or(Duration::ZERO, |cold| cold.budget()));
        let times = |time: Duration, count: u64| {
            time.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX))
        };
        match &self.mode {
            Mode::Once => attempt,
            Mode::Retry(retry) => {
                let count = u64::from(retry.count);
                let attempts = times(attempt, count + 1);
                (1..=count).fold(attempts, |sum, number| {
                    sum.saturating_add(retry.delay_after(number))
                })
            }
            Mode::Until(until) => until.within,
            Mode::Repeat(repeat) => {
                let in_a_row = repeat.times.div_ceil(repeat.concurrency.max(1));
                let pauses = repeat.interval.saturating_add(repeat.idle);
                times(attempt.saturating_add(pauses), in_a_row)
            }
        }
    }
}

/// One step.
#[derive(Debug)]
pub struct PlannedStep {
    /// `None` for a test of one probe.
    pub name: Option<StepName>,
    /// The probe's key.
    pub probe: &'static str,
    /// What to look at, and what must hold.
    pub look: Look,
    /// What later steps want from it.
    pub captures: Captures,
    /// Late names it uses that are captures: a clean-up whose captures were never made is passed over.
    pub wants: Vec<String>,
    /// Of the step (inside the attempt's budget); for a clean-up its own.
    pub timeout: Duration,
    /// Polling until it holds; bounds the step instead of `timeout`.
    pub until: Option<Box<Until>>,
    /// Where `isolation` of actors is expected of it.
    pub isolation: Option<Box<Place>>,
    /// Where it stands.
    pub place: Place,
}

/// A session.
#[derive(Debug)]
pub struct PlannedSession {
    /// Its name: `user[name=alice]`.
    pub name: SessionName,
    /// What tests call it, whatever it is opened with: `user`.
    pub called: SessionName,
    /// What it is opened with.
    pub parameters: Vec<Captured>,
    /// Never opened, and why.
    pub skip: Option<Skip>,
    /// In order.
    pub steps: Vec<PlannedStep>,
    /// At the end of the run, in order.
    pub cleanup: Vec<PlannedStep>,
    /// Of the whole session.
    pub timeout: Duration,
    /// Of the planned tests that use it the one that may take longest, and how long.
    pub longest: Option<(TestId, Duration)>,
    /// Where it stands.
    pub place: Place,
}
