//! The whole vocabulary between the runner and those who listen, and its fold into the record.

use std::sync::Arc;
use std::time::Duration;

use super::{
    AttemptRecord, Code, Diagnosis, Interrupt, NotRun, RunHeader, RunRecord, Sample, SessionRecord,
    Status, StepRecord, TestHeader, TestRecord, Verdict, Why,
};

/// Something that happened. `RunStarted` is the first, `RunEnded` the runner's last, `Judged` the last of all.
///
/// Tests are named by their position in [`RunHeader::tests`].
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The run begins.
    RunStarted(Arc<RunHeader>),
    /// An instance begins to look.
    TestStarted {
        /// Position in the plan.
        test: usize,
        /// From the run's start.
        at: Duration,
    },
    /// An attempt that is kept has ended. All of a test's attempts are told before its end.
    AttemptEnded(AttemptEnded),
    /// An instance has ended; exactly once for every planned instance.
    TestEnded(TestEnded),
    /// What `on_fail` looks at was looked at: after the end of the test, which it does not change.
    LooksEnded(LooksEnded),
    /// A session was opened, or could not be; again when it was opened anew, with all that was done for it;
    /// and once more when its clean-ups are done.
    SessionEnded(Arc<SessionRecord>),
    /// Every instance has ended and every clean-up is done.
    RunEnded {
        /// Of the whole run.
        elapsed: Duration,
        /// The signal that ended it early.
        interrupted: Option<Interrupt>,
    },
    /// The gate has decided, and what did not hold was diagnosed.
    Judged(Judged),
}

/// The gate has decided, and what did not hold was diagnosed.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// What the gate decided.
    pub verdict: Arc<Verdict>,
    /// What explains it; of an older journal, one that was not [made](Diagnosis::is_made).
    pub diagnosis: Arc<Diagnosis>,
}

/// An attempt that is kept has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptEnded {
    /// Position in the plan.
    pub test: usize,
    /// The attempt.
    pub attempt: Arc<AttemptRecord>,
}

/// How an instance ended; its attempts were told before.
#[derive(Debug, Clone, PartialEq)]
pub struct TestEnded {
    /// Position in the plan.
    pub test: usize,
    /// How it ended.
    pub status: Status,
    /// The code of what made it end so.
    pub code: Option<Code>,
    /// Why it was not judged on what was seen.
    pub why: Option<Why>,
    /// How many attempts (or polls) were made.
    pub attempts_made: u64,
    /// Of a test with `repeat`.
    pub sample: Option<Arc<Sample>>,
    /// When it started looking, from the run's start.
    pub started: Duration,
    /// How long it took.
    pub elapsed: Duration,
    /// Clean-ups that did not hold.
    pub left_behind: Vec<String>,
    /// Whether `on_fail` is looking now: unless the run ends before, [`LooksEnded`] follows.
    pub looks_follow: bool,
}

/// What `on_fail` looked at once a test had ended.
#[derive(Debug, Clone, PartialEq)]
pub struct LooksEnded {
    /// Position in the plan.
    pub test: usize,
    /// The number of the attempt that decided, whose last steps these become.
    pub attempt: u64,
    /// The looks that were made.
    pub steps: Vec<StepRecord>,
}

impl LooksEnded {
    /// Puts them where they belong.
    pub fn join(&self, attempts: &mut [Arc<AttemptRecord>]) {
        let mut attempts = attempts.iter_mut();
        if let Some(attempt) = attempts.find(|attempt| attempt.number == self.attempt) {
            let steps = self.steps.iter().cloned();
            Arc::make_mut(attempt).steps.extend(steps);
        }
    }
}

/// Folds events into the record.
#[derive(Debug)]
pub struct Fold {
    header: Arc<RunHeader>,
    /// As they would be if nothing more came.
    tests: Vec<TestRecord>,
    has_ended: Vec<bool>,
    has_looked: Vec<bool>,
    sessions: Vec<Arc<SessionRecord>>,
    ended: Option<(Duration, Option<Interrupt>)>,
    judged: Option<Judged>,
}

impl Fold {
    /// Begins with the header of `RunStarted`.
    pub fn new(header: Arc<RunHeader>) -> Self {
        let killed = || TestEnded {
            test: 0,
            status: Status::NotRun,
            code: None,
            why: Some(Why::NotRun(NotRun::Killed)),
            attempts_made: 0,
            sample: None,
            started: Duration::ZERO,
            elapsed: Duration::ZERO,
            left_behind: Vec::new(),
            looks_follow: false,
        };
        let record = |test: &Arc<TestHeader>| TestRecord::of(test.clone(), killed(), Vec::new());
        Self {
            tests: header.tests.iter().map(record).collect(),
            has_ended: vec![false; header.tests.len()],
            has_looked: vec![false; header.tests.len()],
            header,
            sessions: Vec::new(),
            ended: None,
            judged: None,
        }
    }

    /// Why these looks cannot be told now; they would change what was seen.
    pub fn objection(&self, looks: &LooksEnded) -> Option<&'static str> {
        let record = self.tests.get(looks.test)?;
        let mut attempts = record.attempts.iter();
        if self.ended.is_some() {
            Some("it is a look at what failed, and the run has ended")
        } else if !self.has_ended[looks.test] {
            Some("it is a look at what failed, of a test that has not ended")
        } else if self.has_looked[looks.test] {
            Some("it is a look at what failed, and that is told already")
        } else if !attempts.any(|attempt| attempt.number == looks.attempt) {
            Some("it is a look at what failed in an attempt that is not told")
        } else if looks.steps.iter().any(|step| !step.diagnostic) {
            Some("it is a look at what failed, and holds a step that decides")
        } else {
            None
        }
    }

    /// Takes one more event. A second end of an instance, and a position outside the plan, change nothing: the first
    /// end stands.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::RunStarted(_) | Event::TestStarted { .. } => {}
            Event::AttemptEnded(ended) => {
                if let Some(record) = self.tests.get_mut(ended.test) {
                    record.attempts.push(ended.attempt.clone());
                }
            }
            Event::TestEnded(ended) => {
                if let Some(record) = self.tests.get_mut(ended.test)
                    && !std::mem::replace(&mut self.has_ended[ended.test], true)
                {
                    let attempts = std::mem::take(&mut record.attempts);
                    *record = TestRecord::of(record.header.clone(), ended.clone(), attempts);
                }
            }
            Event::LooksEnded(looks) => {
                if let Some(record) = self.tests.get_mut(looks.test) {
                    self.has_looked[looks.test] = true;
                    looks.join(&mut record.attempts);
                }
            }
            Event::SessionEnded(session) => match self
                .sessions
                .iter_mut()
                .find(|known| known.name == session.name)
            {
                Some(known) => *known = session.clone(),
                None => self.sessions.push(session.clone()),
            },
            Event::RunEnded {
                elapsed,
                interrupted,
            } => self.ended = Some((*elapsed, *interrupted)),
            Event::Judged(judged) => self.judged = Some(judged.clone()),
        }
    }

    /// Whether `RunEnded` was seen: the record is complete.
    pub fn is_complete(&self) -> bool {
        self.ended.is_some()
    }

    /// The verdict, when `Judged` was seen.
    pub fn verdict(&self) -> Option<Arc<Verdict>> {
        Some(self.judged.as_ref()?.verdict.clone())
    }

    /// The diagnosis, when `Judged` was seen with one.
    pub fn diagnosis(&self) -> Option<Arc<Diagnosis>> {
        let diagnosis = &self.judged.as_ref()?.diagnosis;
        diagnosis.is_made().then(|| diagnosis.clone())
    }

    /// The record. Instances without an end, which only a killed run has, ended as not run.
    pub fn finish(mut self) -> RunRecord {
        let records = self.tests.iter_mut().zip(&self.has_ended);
        let (ended, open): (Vec<_>, Vec<_>) = records.partition(|(_, has_ended)| **has_ended);
        let latest = ended
            .iter()
            .map(|(record, _)| record.started + record.elapsed);
        let seen = latest.max().unwrap_or_default();
        let (elapsed, interrupted) = self.ended.unwrap_or((seen, None));
        for (record, _) in open {
            record.started = elapsed;
            record.attempts_made = record.attempts.len() as u64;
        }
        RunRecord {
            tests: self.tests,
            header: self.header,
            elapsed,
            ended: self.ended.is_some(),
            interrupted,
            sessions: self.sessions,
        }
    }
}
