//! One step: a look, or polls until it holds; its captures, and its record.

use tokio::time::{Instant, sleep_until};

use super::halt::later;
use super::look::{Seen, Shown, Stage, look};
use super::polling::{Next, Poll, Polling};
use super::scope::LateScope;
use super::unstable::{flapping, not_stable};
use crate::model::{Code, Finding, Outcome, State, StepRecord};
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
    let (seen, polled) = match &step.until {
        None => {
            let own = later(Instant::now(), step.timeout);
            let seen = look(step, stage, scope, earlier(own, deadline), shown).await;
            (seen, None)
        }
        Some(until) => {
            // In a box: most steps look once, and need no room for more.
            let polling = Box::pin(poll(step, until, stage, scope, deadline));
            let (seen, polled) = polling.await;
            (seen, Some(polled))
        }
    };
    let Seen {
        request,
        resources,
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
        resources,
        observation,
        findings,
        captured: names,
        error,
        outcome,
        cleanup: false,
        cold: false,
        diagnostic: false,
        polls: polled.as_ref().map(|polled| polled.count),
        flaps: polled.and_then(|polled| polled.flaps),
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

async fn poll(
    step: &PlannedStep,
    until: &Until,
    stage: &Stage,
    scope: &LateScope,
    deadline: Option<Instant>,
) -> (Seen, Polled) {
    let mut polling = Polling::begin(until, Instant::now());
    let ends = earlier(polling.ends(), deadline);
    let mut count = 0;
    let mut last_full = None;
    loop {
        let started = Instant::now();
        let budget = later(started, step.timeout);
        let mut seen = look(step, stage, scope, budget.min(ends), Shown::Whatever).await;
        let ended = Instant::now();
        count += 1;
        let ran_out = ends < budget && ended >= ends;
        let poll = match seen.outcome {
            Outcome::Held => Poll::Held,
            Outcome::NotHeld if !ran_out => Poll::NotHeld,
            Outcome::NotHeld | Outcome::Unable => Poll::Nothing,
        };
        let next = polling.after(started, ended, poll);
        if let Next::At(then) = next {
            last_full = Some(seen);
            sleep_until(then).await;
            continue;
        }
        let polled = Polled {
            count,
            flaps: polling.flaps(),
        };
        let held = poll == Poll::Held;
        if next != Next::Done {
            // A poll that only ran out of what was left of `within` says nothing; the one before it does.
            if ran_out && !held {
                let telling = last_full.filter(|seen: &Seen| seen.outcome != Outcome::Held);
                seen = telling.unwrap_or(seen);
            }
            if polling.is_flapping() && seen.outcome != Outcome::Unable {
                seen.findings.insert(0, flapping(&polling, step));
                seen.outcome = Outcome::NotHeld;
            } else if held {
                seen.findings.push(not_stable(&polling, step));
                seen.outcome = Outcome::NotHeld;
            } else if ran_out && seen.outcome == Outcome::NotHeld && polling.was_up() {
                // The one before it held, and that not for long enough.
                seen.findings.insert(0, not_stable(&polling, step));
            }
        }
        return (seen, polled);
    }
}

/// What came of polling beside what the last poll saw.
struct Polled {
    count: u64,
    flaps: Option<u64>,
}

/// The earlier of a moment and a bound that may not be there.
pub(super) fn earlier(moment: Instant, bound: Option<Instant>) -> Instant {
    bound.map_or(moment, |bound| moment.min(bound))
}
