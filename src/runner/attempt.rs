//! One attempt of a test: its steps, then its clean-ups, and the record of both.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::executor::Run;
use super::look::Stage;
use super::round::{Taken, budget, clean_up, detail, take_steps};
use super::scope::{LateScope, Sessions};
use super::slim::slim;
use super::step::{code_of, earlier};
use crate::model::{AttemptEnded, AttemptRecord, Outcome};
use crate::plan::PlannedTest;
use crate::probe::AttemptScope;

/// A test that is looking, and what its attempts need.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) run: Arc<Run>,
    /// Position in the plan.
    pub(super) test: usize,
    /// What the sessions it uses have captured.
    pub(super) sessions: Arc<Sessions>,
    /// To the coordinator.
    pub(super) tell: mpsc::Sender<AttemptEnded>,
}

/// What one attempt came to, masked and cut.
#[derive(Debug)]
pub(super) struct Attempted {
    pub(super) record: AttemptRecord,
    /// The run let go of it: no evidence against the target.
    pub(super) cut: bool,
    /// Clean-ups that did not hold.
    pub(super) left_behind: Vec<String>,
}

impl Attempted {
    /// Why we could not look, in words.
    pub(super) fn error(&self) -> Option<String> {
        let of = |step: &crate::model::StepRecord| {
            step.error.as_ref().map(|error| error.message.clone())
        };
        self.record
            .steps
            .iter()
            .filter(|step| !step.cleanup)
            .find_map(of)
    }
}

impl Subject {
    /// What was planned.
    pub(super) fn planned(&self) -> &PlannedTest {
        &self.run.plan.tests[self.test]
    }

    /// Makes one attempt; `bound` ends it earlier than its own budget.
    pub(super) async fn attempt(&self, number: u64, bound: Option<Instant>) -> Attempted {
        let test = self.planned();
        let started = Instant::now();
        let stage = Stage {
            run: self.run.clone(),
            attempt: Arc::new(AttemptScope::default()),
            connections: test.connections,
        };
        let mut scope = LateScope::new(
            self.run.plan.header.id.clone(),
            number,
            self.sessions.clone(),
        );
        let deadline = earlier(budget(test.timeout, &test.steps, started), bound);
        let taken = take_steps(&test.steps, &stage, &mut scope, deadline).await;
        let elapsed = started.elapsed();

        let outcome = taken.outcome();
        let Taken { mut steps, cut } = taken;
        let code = if cut {
            None
        } else {
            steps.last().and_then(code_of)
        };
        let (cleanups, left_behind) = clean_up(&test.cleanup, &stage, &mut scope).await;
        // Only now: what a later step or a clean-up captured as a secret may stand in an earlier one.
        for step in &mut steps {
            slim(
                step,
                &self.run.shared.mask,
                detail(outcome, self.run.keep_evidence),
            );
        }
        steps.extend(cleanups);
        let started = started.duration_since(self.run.started);
        let record = AttemptRecord {
            number,
            started,
            elapsed,
            steps,
            outcome,
            code,
            kept: None,
        };
        Attempted {
            record,
            cut,
            left_behind,
        }
    }

    /// Tells the coordinator of an attempt that is kept.
    pub(super) async fn tell(&self, record: AttemptRecord) {
        let attempt = Arc::new(record);
        // When the run has left there is nobody to tell any more.
        let _ = self
            .tell
            .send(AttemptEnded {
                test: self.test,
                attempt,
            })
            .await;
    }
}

/// Whether an attempt held.
pub(super) fn held(attempted: &Attempted) -> bool {
    !attempted.cut && attempted.record.outcome == Outcome::Held
}
