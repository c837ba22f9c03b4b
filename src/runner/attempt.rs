//! One attempt of a test: its steps, then its clean-ups, and the record of both.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::actors::{Part, clean_up_parts, code_of_all, outcome_of, take_parts};
use super::earlier::Earlier;
use super::executor::Run;
use super::isolation;
use super::round::{budget, detail};
use super::scope::Sessions;
use super::slim::slim;
use super::step::earlier;
use crate::model::{AttemptEnded, AttemptRecord, KnownCode, Outcome, ProbeError};
use crate::plan::PlannedTest;

/// A test that is looking, and what its attempts need.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) run: Arc<Run>,
    /// Position in the plan.
    pub(super) test: usize,
    /// What the sessions it uses have captured; of a test with actors for each of them, in their order.
    pub(super) sessions: Arc<[Arc<Sessions>]>,
    /// What its actors were known by in the rounds before.
    pub(super) earlier: Arc<Earlier>,
    /// To the coordinator.
    pub(super) tell: mpsc::Sender<AttemptEnded>,
}

/// What one attempt came to, masked and cut.
#[derive(Debug)]
pub(super) struct Attempted {
    pub(super) record: AttemptRecord,
    /// The run let go of it: no evidence against the target.
    pub(super) cut: bool,
    /// Something of one actor came to another: no further attempt makes that good.
    pub(super) leaked: bool,
    /// Clean-ups that did not hold.
    pub(super) left_behind: Vec<String>,
}

impl Attempted {
    /// Why we could not look, in words.
    pub(super) fn error(&self) -> Option<String> {
        let steps = self.record.steps.iter().filter(|step| !step.cleanup);
        let errors = steps.filter_map(|step| step.error.as_ref());
        let decides = |error: &&ProbeError| Some(error.kind.code()) == self.record.code;
        let error = errors.clone().find(decides).or(errors.clone().next());
        error.map(|error| error.message.clone())
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
        let deadline = earlier(budget(test.timeout, &test.steps, started), bound);
        let parts = take_parts(self, number, deadline).await;
        let elapsed = started.elapsed();

        let cut = parts.iter().any(Part::is_cut);
        let (parts, leaked) = if cut {
            (parts, false)
        } else {
            isolation::judge(self, number, parts).await
        };
        let outcome = outcome_of(&parts);
        let code = match (cut, leaked) {
            (true, _) => None,
            // Whatever else went wrong, nothing is worse.
            (false, true) => Some(KnownCode::Expect.of("isolation")),
            (false, false) => code_of_all(&parts, outcome),
        };
        let cleaned_up = clean_up_parts(self, parts).await;
        let (mut steps, mut cleanups) = (Vec::new(), Vec::new());
        let mut left_behind = Vec::new();
        for (mut part, (of_part, left)) in cleaned_up {
            let detail = detail(part.outcome(), self.run.keep_evidence);
            // Only now: what a later step, a clean-up or another actor captured as a secret may stand in an earlier one.
            for step in part.steps() {
                slim(step, &self.run.shared.mask, detail);
            }
            steps.extend(part.into_steps());
            cleanups.extend(of_part);
            left_behind.extend(left);
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
            leaked,
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
