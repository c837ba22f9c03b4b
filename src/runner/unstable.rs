//! What `until` says when it held, and not for long enough: it flapped, or there was no time left.

use std::time::Duration;

use super::polling::Polling;
use crate::model::{Finding, KnownCode, State};
use crate::plan::PlannedStep;

/// Everything held in the end, but not for long enough.
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

/// It held and then did not: that is not the outage which the last poll saw.
pub(super) fn flapping(polling: &Polling, step: &PlannedStep) -> Finding {
    let times = match polling.flaps().unwrap_or(0) {
        1 => "once".to_owned(),
        times => format!("{times} times"),
    };
    let allowed = match polling.max_flaps() {
        None => String::new(),
        Some(1) => "; 1 is allowed".to_owned(),
        Some(allowed) => format!("; {allowed} are allowed"),
    };
    let actual = format!(
        "held and broke {times} within {:?}, never seen to hold for longer than {:?}{allowed}",
        to_the_millisecond(polling.watched()),
        to_the_millisecond(polling.longest()),
    );
    Finding {
        code: KnownCode::Flapping.code(),
        path: "stable_for".to_owned(),
        expected: format!("holds without a break for {:?}", polling.stable_for()),
        actual: Some(actual),
        state: State::NotHeld,
        detail: None,
        place: Some(step.place.clone()),
    }
}

/// Nobody polls more often.
fn to_the_millisecond(time: Duration) -> Duration {
    Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}
