//! Whether the tokens of a session outlive those that use it: one that ends before them would make them fail for it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use super::executor::Run;
use crate::check::{Captured, Needed};
use crate::model::{Outcome, StepRecord};
use crate::plan::{PlannedSession, PlannedTest};

/// Adds a finding for each token that ends too early to the step that captured it; whether there is one.
pub(super) fn judge(
    session: &PlannedSession,
    run: &Run,
    captures: &[Captured],
    steps: &mut [StepRecord],
) -> bool {
    let needed = needed(session, run);
    let now = now();
    let mut is_any = false;
    for captured in captures {
        let by_it = |step: &StepRecord| step.captured.contains(&captured.name);
        let Some(at) = steps.iter().rposition(by_it) else {
            continue;
        };
        let place = session.steps.get(at).map(|step| &step.place);
        if let Some(finding) = needed.judge(captured, now, place) {
            is_any = true;
            steps[at].outcome = Outcome::NotHeld;
            steps[at].findings.push(finding);
        }
    }
    is_any
}

/// Whether what a session has captured lasts for a test that is about to begin.
pub(super) fn suffices(captures: &[Captured], test: &PlannedTest, run: &Run) -> bool {
    let needed = at_most(test.budget(), String::new(), run);
    let now = now();
    let mut captures = captures.iter();
    captures.all(|captured| needed.judge(captured, now, None).is_none())
}

fn now() -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default()
}

/// As long as the longest of its users may take. When the last of them begins nobody knows, so each looks again before it begins:
/// asking for more here would fail runs whose tokens suffice.
fn needed(session: &PlannedSession, run: &Run) -> Needed {
    match &session.longest {
        Some((test, budget)) => at_most(*budget, format!("as long as {test} may take"), run),
        None => at_most(Duration::ZERO, "now".to_owned(), run),
    }
}

/// So long, and no longer than the run may.
fn at_most(time: Duration, why: String, run: &Run) -> Needed {
    let left = run
        .deadline
        .map(|deadline| deadline.saturating_duration_since(Instant::now()));
    match left {
        Some(left) if left < time => Needed {
            time: left,
            why: "until the deadline of the run".to_owned(),
        },
        _ => Needed { time, why },
    }
}
