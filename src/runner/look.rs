//! One look: filled and decoded late, observed under a backstop, judged.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::{Instant, timeout_at};

use super::executor::Run;
use super::halt::later;
use super::scope::LateScope;
use crate::check::{Captured, Expectations, ExpectedFault, all_hold, evaluate};
use crate::model::{
    Connections, Finding, Observation, Outcome, ProbeError, State, StepRecord, Stopped, Unable,
};
use crate::plan::{LateLook, Look, PlannedStep};
use crate::probe::{AnyProbe, AttemptScope, Barriers, Context, Needs};
use crate::template::LateError;

/// A probe that goes on so long after its deadline is ended from outside.
const BACKSTOP: Duration = Duration::from_secs(1);

/// Where the looks of one attempt happen.
#[derive(Debug, Clone)]
pub(super) struct Stage {
    pub(super) run: Arc<Run>,
    /// Connections that its steps share.
    pub(super) attempt: Arc<AttemptScope>,
    pub(super) connections: Connections,
    /// Where the actors of a test wait for each other.
    pub(super) barriers: Option<Arc<Barriers>>,
    /// Of a sample, which keeps few of the attempts that hold.
    pub(super) is_of_many: bool,
}

/// Which looks are shown in the end, and so need what a probe has to say about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// Those that do not hold: nothing after this one decides whether it is shown.
    NotHeld,
    /// Those that do not hold, and few of the others: what held is put into words by [`put_into_words`] once it is known
    /// to be kept.
    FewOfMany,
    /// All: a later step or poll may not hold, and then this one is shown, too.
    Whatever,
}

/// What one look came to; neither masked nor cut.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) request: String,
    /// What it looked at, where it did not hold or that is only known now.
    pub(super) resources: Vec<String>,
    pub(super) observation: Observation,
    pub(super) findings: Vec<Finding>,
    pub(super) captured: Vec<Captured>,
    pub(super) error: Option<ProbeError>,
    pub(super) outcome: Outcome,
}

/// Looks once. It ends at the deadline, or shortly after where a probe does not heed it; a panic on the way is a look
/// that could not be made.
pub(super) async fn look(
    step: &PlannedStep,
    stage: &Stage,
    scope: &LateScope,
    deadline: Instant,
    shown: Shown,
) -> Seen {
    let mut request = String::new();
    let mut late_resources = Vec::new();
    let looking = AssertUnwindSafe(async {
        match &step.look {
            Look::Ready(probe, expectations) => {
                observe(
                    step,
                    (probe, expectations),
                    stage,
                    deadline,
                    shown,
                    &mut request,
                )
                .await
            }
            Look::Late(late) => {
                let (probe, expectations) = fill(step.probe, late, scope)
                    .map_err(|error| ProbeError::new(Unable::Value, error.to_string()))?;
                late_resources = probe.resources();
                permitted(probe.needs(), stage.run.allowed)?;
                let filled = (&probe, &expectations);
                observe(step, filled, stage, deadline, shown, &mut request).await
            }
        }
    });
    let looked = looking
        .catch_unwind()
        .await
        .unwrap_or_else(|panic| Err(ProbeError::new(Unable::Panic, panic_message(&*panic))));
    let resources = match &step.look {
        Look::Late(_) => late_resources,
        // Ten thousand looks that hold do not each keep what their tests say.
        Look::Ready(..)
            if looked
                .as_ref()
                .is_ok_and(|seen| seen.outcome == Outcome::Held) =>
        {
            Vec::new()
        }
        Look::Ready(probe, _) => probe.resources(),
    };
    let is_without_words = |seen: &Seen| seen.outcome == Outcome::Held && seen.findings.is_empty();
    if let Look::Ready(probe, _) = &step.look
        && request.is_empty()
        && !looked.as_ref().is_ok_and(is_without_words)
    {
        request = probe.request();
    }
    match looked {
        Ok(seen) => Seen {
            request,
            // Where it was led to in the end is what it looked at.
            resources: if seen.resources.is_empty() {
                resources
            } else {
                seen.resources
            },
            ..seen
        },
        Err(error) => Seen {
            request,
            resources,
            observation: Observation::default(),
            findings: Vec::new(),
            captured: Vec::new(),
            error: Some(error),
            outcome: Outcome::Unable,
        },
    }
}

/// Puts into words what a look that held was left without: what was asked and what was found. Facts must still be all there.
pub(super) fn put_into_words(step: &PlannedStep, record: &mut StepRecord) {
    if let Look::Ready(probe, expectations) = &step.look
        && record.error.is_none()
        && record.findings.is_empty()
    {
        record.request = probe.request();
        record.findings = evaluate(expectations, &record.observation);
    }
}

/// What a probe needs may show only when its values are known: `rollback: "${captured}"`. The plan could not skip it for that.
fn permitted(needs: Needs, allowed: Needs) -> Result<(), ProbeError> {
    let Some(flag) = missing_flag(needs, allowed) else {
        return Ok(());
    };
    let message = format!("with the values it has now it needs {flag}");
    Err(ProbeError::new(Unable::Guard, message))
}

/// The flag that would allow what a probe needs; `None` where it is allowed.
pub(super) fn missing_flag(needs: Needs, allowed: Needs) -> Option<&'static str> {
    match (needs, allowed) {
        (
            Needs { commands: true, .. },
            Needs {
                commands: false, ..
            },
        ) => Some("--allow-commands"),
        (
            Needs {
                side_effects: true, ..
            },
            Needs {
                side_effects: false,
                ..
            },
        ) => Some("--allow-side-effects"),
        _ => None,
    }
}

/// What a panic says for itself.
pub(super) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panicked: {}", text.unwrap_or("without a message"))
}

fn fill(
    name: &str,
    late: &LateLook,
    scope: &LateScope,
) -> Result<(AnyProbe, Expectations), LateError> {
    let probe = AnyProbe::decode_late(name, &late.probe.fill(scope)?)?;
    let expectations = match (&late.expect, AnyProbe::vocabulary(name)) {
        (Some(expect), Some(vocabulary)) => {
            Expectations::decode_late(&expect.fill(scope)?, vocabulary)?
        }
        // A name without a vocabulary is no probe, and was refused above.
        (None, _) | (_, None) => Expectations::no_fault(),
    };
    Ok((probe, expectations))
}

async fn observe(
    step: &PlannedStep,
    (probe, expectations): (&AnyProbe, &Expectations),
    stage: &Stage,
    deadline: Instant,
    shown: Shown,
    request: &mut String,
) -> Result<Seen, ProbeError> {
    // Of what is known only now there is nobody to ask later.
    let may_be_brief = shown == Shown::FewOfMany && matches!(step.look, Look::Ready(..));
    if !may_be_brief {
        *request = probe.request();
    }
    let ctx = Context {
        shared: stage.run.shared.clone(),
        attempt: stage.attempt.clone(),
        connections: stage.connections,
        deadline,
        barriers: stage.barriers.clone(),
        jobs: stage.run.looks,
        is_searched: step.isolation.is_some(),
    };
    let looked = timeout_at(later(deadline, BACKSTOP), probe.observe(&ctx)).await;
    let mut observation = match looked {
        Ok(Ok(observation)) => observation,
        Ok(Err(Stopped::Fault(observation))) => *observation,
        Ok(Err(Stopped::Unable(error))) => return Err(error),
        Err(_) => {
            let message = "the probe did not stop at its deadline";
            return Err(ProbeError::new(Unable::Limit, message));
        }
    };
    let (mut findings, mut outcome) = if may_be_brief && all_hold(expectations, &observation) {
        (Vec::new(), Outcome::Held)
    } else {
        let findings = evaluate(expectations, &observation);
        let outcome = judged(&findings, expectations, &observation);
        (findings, outcome)
    };
    // Captured also from a look that did not hold: its clean-ups may need the names. But only a step that would hold
    // fails for want of one.
    let (captured, missing) = step.captures.take(&observation);
    if outcome == Outcome::Held {
        if !missing.is_empty() && findings.is_empty() {
            findings = evaluate(expectations, &observation);
        }
        findings.extend(missing);
        outcome = judged(&findings, expectations, &observation);
    }
    // Whether anything of another came with it is only known when all have looked.
    let is_searched = step.isolation.is_some();
    let is_shown = shown == Shown::Whatever || outcome != Outcome::Held || is_searched;
    if is_shown || stage.run.keep_evidence {
        probe.show(&ctx, &mut observation);
    }
    let led_to = match outcome {
        Outcome::Held => None,
        Outcome::NotHeld | Outcome::Unable => probe.led_to(&observation),
    };
    Ok(Seen {
        request: String::new(),
        resources: led_to.unwrap_or_default(),
        observation,
        findings,
        captured,
        error: None,
        outcome,
    })
}

/// Held only when every finding held and nothing stopped us that was not expected.
fn judged(findings: &[Finding], expectations: &Expectations, seen: &Observation) -> Outcome {
    let is_stopped = seen.fault.is_some() && expectations.fault == ExpectedFault::None;
    if !is_stopped && findings.iter().all(|finding| finding.state == State::Held) {
        Outcome::Held
    } else {
        Outcome::NotHeld
    }
}
