//! Steps in order under one budget, and clean-ups in order, each under its own: what attempts and sessions are made of.

use std::time::Duration;

use tokio::time::Instant;

use super::halt::later;
use super::look::{Shown, Stage};
use super::scope::LateScope;
use super::slim::{Detail, slim};
use super::step::{code_of, take};
use crate::model::{Outcome, StepRecord};
use crate::plan::PlannedStep;

/// Steps taken, neither masked nor cut.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// Those that came to an end.
    pub(super) steps: Vec<StepRecord>,
    /// We let go of the step after them: nothing of this is evidence against the target.
    pub(super) cut: bool,
}

impl Taken {
    /// The first that does not hold decides; mostly there is none after it.
    pub(super) fn outcome(&self) -> Outcome {
        if self.cut || self.steps.is_empty() {
            return Outcome::Unable;
        }
        let outcomes = self.steps.iter().map(|step| step.outcome);
        let mut wrong = outcomes.filter(|outcome| *outcome != Outcome::Held);
        wrong.next().unwrap_or(Outcome::Held)
    }
}

/// When an attempt that begins now must be over: the steps' `until` add to its timeout.
pub(super) fn budget(timeout: Duration, steps: &[PlannedStep], now: Instant) -> Instant {
    let polling = steps.iter().filter_map(|step| step.until.as_ref());
    polling.fold(later(now, timeout), |end, until| later(end, until.within))
}

/// Takes the steps until one does not hold, or the run lets go of it.
pub(super) async fn take_steps(
    steps: &[PlannedStep],
    stage: &Stage,
    scope: &mut LateScope,
    deadline: Instant,
) -> Taken {
    let mut taken = Vec::with_capacity(steps.len());
    let taking = async {
        for (at, step) in steps.iter().enumerate() {
            let is_last = at + 1 == steps.len();
            let shown = match (is_last, stage.is_of_many && step.until.is_none()) {
                (true, true) => Shown::FewOfMany,
                (true, false) => Shown::NotHeld,
                (false, _) => Shown::Whatever,
            };
            let record = take(step, stage, scope, Some(deadline), shown).await;
            let held = record.outcome == Outcome::Held;
            taken.push(record);
            if !held {
                break;
            }
        }
    };
    let cut = tokio::select! {
        // What has ended counts, even when the grace is over in the same moment.
        biased;
        () = taking => false,
        () = stage.run.halting.cut() => true,
    };
    Taken { steps: taken, cut }
}

/// Runs the clean-ups, whatever the run's state: each is bounded by its own budget alone. Records are masked and cut.
/// Also gives what was left behind.
pub(super) async fn clean_up(
    steps: &[PlannedStep],
    stage: &Stage,
    scope: &mut LateScope,
) -> (Vec<StepRecord>, Vec<String>) {
    let mut taken = Vec::new();
    let mut left = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        // What was never made needs no cleaning up.
        if !step.wants.iter().all(|name| scope.has(name)) {
            continue;
        }
        let mut record = take(step, stage, scope, None, Shown::NotHeld).await;
        record.cleanup = true;
        if record.outcome != Outcome::Held {
            let name = match &step.name {
                Some(name) => name.to_string(),
                None => format!("clean-up {} ({})", at + 1, step.probe),
            };
            left.push(match code_of(&record) {
                Some(code) => format!("{name}: {code}"),
                None => name,
            });
        }
        let detail = detail(record.outcome, stage.run.keep_evidence);
        slim(&mut record, &stage.run.shared.mask, detail);
        taken.push(record);
    }
    (taken, left)
}

/// How much is kept of steps that came out so.
pub(super) fn detail(outcome: Outcome, keep_evidence: bool) -> Detail {
    if outcome == Outcome::Held && !keep_evidence {
        Detail::Short
    } else {
        Detail::Full
    }
}
