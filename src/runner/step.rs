//! One step: a look, or polls until it holds; its captures, and its record.

use tokio::time::{Instant, sleep_until};

use super::halt::later;
use super::look::{Seen, Shown, Stage, look};
use super::polling::{Next, Polling};
use super::scope::LateScope;
use crate::model::{Code, Finding, KnownCode, Outcome, State, StepRecord};
use crate::plan::{PlannedStep, Until};

/// Takes a step; what it captures goes into the scope. Its record is neither masked nor cut. `shown` is for a step without
/// `until`.
///
/// It ends by `deadline`, where there is one, and by its own `timeout` or `until`.
pub(super) async fn take(
    step: &PlannedStep,
    stage: &Stage,
    scope: &mut LateScope,
    deadline: Option<Instant>,
    shown: Shown,
) -> StepRecord {
    let (seen, polls) = match &step.until {
        None => {
            let own = later(Instant::now(), step.timeout);
            let seen = look(step, stage, scope, earlier(own, deadline), shown).await;
            (seen, None)
        }
        Some(until) => {
            let (seen, polls) = poll(step, until, stage, scope, deadline).await;
            (seen, Some(polls))
        }
    };
    let Seen {
        request,
        observation,
        findings,
        captured,
        error,
        outcome,
    } = seen;
    let names = captured.iter().map(|one| one.name.clone()).collect();
    scope.add(captured, &stage.run.shared.mask);
    StepRecord {
        name: step.name.clone(),
        probe: step.probe.to_owned(),
        request,
        observation,
        findings,
        captured: names,
        error,
        outcome,
        cleanup: false,
        cold: false,
        polls,
        actor: None,
    }
}

/// The code of what made a step not hold, or unable: an unexpected fault's stands first among the findings.
pub(super) fn code_of(step: &StepRecord) -> Option<Code> {
    if let Some(error) = &step.error {
        return Some(error.kind.code());
    }
    if step.outcome == Outcome::Held {
        return None;
    }
    let not_held = |finding: &&Finding| finding.state == State::NotHeld;
    let finding = step
        .findings
        .iter()
        .find(not_held)
        .or(step.findings.first());
    finding.map(|finding| finding.code.clone()).or_else(|| {
        step.observation
            .fault
            .as_ref()
            .map(crate::model::Fault::code)
    })
}

/// What `until` says when everything held in the end, but not for long enough.
pub(super) fn not_stable(polling: &Polling, step: &PlannedStep) -> Finding {
    Finding {
        code: KnownCode::StableFor.code(),
        path: "stable_for".to_owned(),
        expected: format!("holds without a break for {:?}", polling.stable_for()),
        actual: Some(format!("held for {:?}", polling.proven())),
        state: State::NotHeld,
        detail: None,
        place: Some(step.place.clone()),
    }
}

async fn poll(
    step: &PlannedStep,
    until: &Until,
    stage: &Stage,
    scope: &LateScope,
    deadline: Option<Instant>,
) -> (Seen, u64) {
    let mut polling = Polling::begin(until, Instant::now());
    let ends = earlier(polling.ends(), deadline);
    let mut polls = 0;
    let mut last_full = None;
    loop {
        let started = Instant::now();
        let budget = later(started, step.timeout);
        let mut seen = look(step, stage, scope, budget.min(ends), Shown::Whatever).await;
        let ended = Instant::now();
        polls += 1;
        let held = seen.outcome == Outcome::Held;
        match polling.after(started, ended, held) {
            Next::At(then) => {
                last_full = Some(seen);
                sleep_until(then).await;
            }
            Next::GiveUp if held => {
                seen.findings.push(not_stable(&polling, step));
                seen.outcome = Outcome::NotHeld;
                return (seen, polls);
            }
            // A poll that only ran out of what was left of `within` says nothing; the one before it does.
            Next::GiveUp if ends < budget && ended >= ends => {
                let telling = last_full.filter(|seen| seen.outcome != Outcome::Held);
                return (telling.unwrap_or(seen), polls);
            }
            Next::Done | Next::GiveUp => return (seen, polls),
        }
    }
}

/// The earlier of a moment and a bound that may not be there.
pub(super) fn earlier(moment: Instant, bound: Option<Instant>) -> Instant {
    bound.map_or(moment, |bound| moment.min(bound))
}
