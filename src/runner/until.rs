//! `until` of a test: attempts as polls, until it holds for long enough.
//!
//! A poll that could not look is a poll that did not hold; only when the last one could not look is the test errored.

use tokio::time::Instant;

use super::attempt::{Attempted, Subject, held};
use super::executor::Ending;
use super::halt::later;
use super::left_behind::LeftBehind;
use super::polling::{Next, Poll, Polling};
use super::round::budget;
use super::unstable::{flapping, not_stable};
use crate::model::{Code, Finding, Kept, NotRun, Outcome, Status};
use crate::plan::{PlannedStep, Until};

/// Polls. Kept are the first poll, the last that did not hold, and the final one.
pub(super) async fn run(subject: &Subject, until: &Until) -> Ending {
    let mut polling = Polling::begin(until, Instant::now());
    let mut left_behind = LeftBehind::default();
    let mut last_not_held: Option<Attempted> = None;
    // The code of the last poll that did not hold and ended by itself.
    let mut full_code: Option<Code> = None;
    let mut number = 0;
    let ending = loop {
        number += 1;
        let started = Instant::now();
        let test = subject.planned();
        let is_short = polling.ends() < budget(test.timeout, &test.steps, started);
        let mut attempted = subject.attempt(number, Some(polling.ends())).await;
        let looked_until = later(started, attempted.record.elapsed);
        left_behind.extend(std::mem::take(&mut attempted.left_behind));
        let halting = &subject.run.halting;
        if attempted.cut {
            break finish(subject, last_not_held, attempted, |polls| {
                Ending::not_run(halting.reason().unwrap_or(NotRun::Interrupted), polls)
            })
            .await;
        }
        if attempted.leaked {
            let code = attempted.record.code.clone();
            break finish(subject, last_not_held, attempted, |polls| {
                Ending::new(Status::Failed, code, polls)
            })
            .await;
        }
        let holds = held(&attempted);
        // A poll that only ran out of what was left of `within` says nothing; the one before it does, also where that held.
        let ran_out = is_short && looked_until >= polling.ends() && !holds;
        let poll = match attempted.record.outcome {
            Outcome::Held => Poll::Held,
            Outcome::NotHeld if !ran_out => Poll::NotHeld,
            Outcome::NotHeld | Outcome::Unable => Poll::Nothing,
        };
        let next = polling.after(started, looked_until, poll);
        attempted.record.flaps = polling.flaps();
        let then = match next {
            Next::Done => {
                let ending = |polls| Ending::new(Status::Passed, None, polls);
                break finish(subject, last_not_held, attempted, ending).await;
            }
            Next::GiveUp | Next::Flapping => {
                let outcome = attempted.record.outcome;
                let is_flapping = polling.is_flapping() && outcome != Outcome::Unable;
                let held_before = ran_out && outcome == Outcome::NotHeld && polling.was_up();
                if is_flapping {
                    mark(&mut attempted, subject, |step| flapping(&polling, step));
                } else if holds || held_before {
                    mark(&mut attempted, subject, |step| not_stable(&polling, step));
                }
                let telling = full_code.filter(|_| ran_out && !is_flapping && !held_before);
                let code = attempted.record.code.clone();
                let error = attempted.error();
                break finish(subject, last_not_held, attempted, |polls| {
                    match (outcome, telling) {
                        (_, Some(code)) => Ending::new(Status::Failed, Some(code), polls),
                        (Outcome::Unable, None) => Ending::errored(code, error, polls),
                        (Outcome::Held | Outcome::NotHeld, None) => {
                            Ending::new(Status::Failed, code, polls)
                        }
                    }
                })
                .await;
            }
            Next::At(then) => then,
        };
        if !holds {
            full_code = match attempted.record.outcome {
                // It ended before `within` did, so it was not cut by it, however little was left.
                Outcome::NotHeld => attempted.record.code.clone(),
                Outcome::Held | Outcome::Unable => full_code,
            };
        }
        if number == 1 {
            attempted.record.kept = Some(Kept::First);
            subject.tell(attempted.record).await;
        } else if !holds {
            last_not_held = Some(attempted);
        }
        if let Err(reason) = halting.sleep_until(then).await {
            if let Some(attempted) = last_not_held {
                tell(subject, attempted, Kept::LastNotHeld).await;
            }
            break Ending::not_run(reason, number);
        }
    };
    Ending {
        left_behind: left_behind.into_lines(),
        ..ending
    }
}

/// Tells what is kept besides the first poll and before the last, which is told in the end.
async fn finish(
    subject: &Subject,
    last_not_held: Option<Attempted>,
    mut last: Attempted,
    ending: impl FnOnce(u64) -> Ending,
) -> Ending {
    if let Some(attempted) = last_not_held {
        tell(subject, attempted, Kept::LastNotHeld).await;
    }
    let polls = last.record.number;
    last.record.kept = Some(if polls == 1 { Kept::First } else { Kept::Final });
    ending(polls).decided_by(last)
}

async fn tell(subject: &Subject, mut attempted: Attempted, kept: Kept) {
    attempted.record.kept = Some(kept);
    subject.tell(attempted.record).await;
}

/// It was not stable: the final poll says so, before whatever else it saw.
fn mark(
    attempted: &mut Attempted,
    subject: &Subject,
    finding: impl FnOnce(&PlannedStep) -> Finding,
) {
    let planned = &subject.planned().steps;
    let record = &mut attempted.record;
    let steps = || 0..record.steps.len();
    let is_step = |at: &usize| record.steps[*at].may_decide();
    // Where all have held, all have taken all steps: the last of them is the last that is planned.
    let not_held = steps().find(|at| is_step(at) && record.steps[*at].outcome != Outcome::Held);
    if let Some(at) = not_held.or_else(|| steps().rfind(is_step)) {
        let actor = &record.steps[at].actor;
        let earlier = record.steps[..at].iter();
        let number = earlier.filter(|step| step.actor == *actor).count();
        if let Some(planned) = planned.get(number) {
            let finding = finding(planned);
            let step = &mut record.steps[at];
            record.code = Some(finding.code.clone());
            let first = if not_held.is_some() {
                0
            } else {
                step.findings.len()
            };
            step.findings.insert(first, finding);
            step.outcome = Outcome::NotHeld;
        }
    }
    record.outcome = Outcome::NotHeld;
}
