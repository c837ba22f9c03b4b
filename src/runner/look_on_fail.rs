//! What `on_fail` looks at once a test has not held: shown with the attempt that decided, and changing nothing.

use std::sync::Arc;

use super::attempt::{Attempted, Subject};
use super::look::{Shown, Stage, missing_flag};
use super::scope::LateScope;
use super::slim::{Detail, slim};
use super::step::take;
use crate::model::{
    AttemptRecord, Connections, LooksEnded, Observation, Outcome, ProbeError, Status, StepRecord,
    TestEnded, Unable,
};
use crate::plan::{Look, PlannedStep};
use crate::probe::AttemptScope;

/// The attempt that decided and those that are kept behind it, not told yet, and what was known in it.
#[derive(Debug)]
pub(super) struct Deciding {
    attempts: Vec<AttemptRecord>,
    scope: Option<LateScope>,
}

impl Deciding {
    /// One attempt decided.
    pub(super) fn one(attempted: Attempted) -> Self {
        Self::first_of(vec![attempted.record], attempted.scope)
    }

    /// The first of these did, and this is what was known in it.
    pub(super) fn first_of(attempts: Vec<AttemptRecord>, scope: Option<LateScope>) -> Self {
        Self { attempts, scope }
    }

    /// Tells the attempts; where the test ended badly its end, too, and only then looks.
    ///
    /// The end stands already: nothing that is seen now changes it, and nothing that happens to us meanwhile loses it.
    pub(super) async fn tell(self, subject: &Subject, ended: TestEnded) -> TestEnded {
        let deciding = self.attempts.first().map(|attempt| attempt.number);
        for attempt in self.attempts {
            subject.tell(attempt).await;
        }
        let (Some(scope), Some(attempt), true) =
            (self.scope, deciding, is_looked_into(ended.status))
        else {
            return ended;
        };
        let ended = TestEnded {
            looks_follow: true,
            ..ended
        };
        subject.teller.ended(ended.clone()).await;
        let steps = Box::pin(look_around(subject, scope)).await;
        let test = subject.test;
        let looks = LooksEnded {
            test,
            attempt,
            steps,
        };
        subject.teller.looks(looks).await;
        ended
    }
}

/// Whether somebody wants to know more: what must fail has failed as it should, and what was cut is nobody's failure.
fn is_looked_into(status: Status) -> bool {
    match status {
        Status::Failed | Status::Errored => true,
        Status::Passed
        | Status::Flaky
        | Status::UnexpectedPass
        | Status::Unproved
        | Status::Blocked
        | Status::NotRun
        | Status::Skipped
        | Status::ExpectedFailure
        | Status::Waived => false,
    }
}

/// One after the other, in the place that the test has among those that run. Once the run is to end they are given up.
async fn look_around(subject: &Subject, mut scope: LateScope) -> Vec<StepRecord> {
    let run = &subject.run;
    let mut seen = Vec::new();
    let looking = async {
        for planned in &subject.planned().looks {
            let mut record = if let Some(error) = forbidden(planned, subject) {
                not_made(planned, error)
            } else {
                let stage = stage(subject);
                take(planned, &stage, &mut scope, run.deadline, Shown::Whatever).await
            };
            record.diagnostic = true;
            if let (Look::Ready(probe, _), true) = (&planned.look, record.resources.is_empty()) {
                // Of a look that held, too: the test's own say nothing of it.
                // One that was led elsewhere, and failed, has looked there.
                record.resources = probe.resources();
            }
            // Nothing was expected, so there is nothing to find: a fault that was seen stands in the observation.
            record.findings = Vec::new();
            slim(&mut record, &run.shared.mask, Detail::Full);
            seen.push(record);
        }
    };
    tokio::select! {
        biased;
        () = run.halting.stopping() => {}
        () = looking => {}
    }
    seen
}

/// Why a look may not be made. A step that may not be made skips its test in the plan; a look is no reason for that.
fn forbidden(planned: &PlannedStep, subject: &Subject) -> Option<ProbeError> {
    let Look::Ready(probe, _) = &planned.look else {
        // Shown when its values are known.
        return None;
    };
    let flag = missing_flag(probe.needs(), subject.run.allowed)?;
    let message = format!("it needs {flag}");
    Some(ProbeError::new(Unable::Guard, message))
}

fn not_made(planned: &PlannedStep, error: ProbeError) -> StepRecord {
    let request = match &planned.look {
        Look::Ready(probe, _) => probe.request(),
        Look::Late(_) => String::new(),
    };
    StepRecord {
        name: planned.name.clone(),
        probe: planned.probe.to_owned(),
        request,
        resources: Vec::new(),
        observation: Observation::default(),
        findings: Vec::new(),
        captured: Vec::new(),
        error: Some(error),
        outcome: Outcome::Unable,
        cleanup: false,
        cold: false,
        diagnostic: true,
        polls: None,
        flaps: None,
        actor: None,
    }
}

/// Each connects anew: over what the failed attempt has opened it would see no more than that did.
fn stage(subject: &Subject) -> Stage {
    Stage {
        run: subject.run.clone(),
        attempt: Arc::new(AttemptScope::default()),
        connections: Connections::Fresh,
        barriers: None,
        is_of_many: false,
    }
}
