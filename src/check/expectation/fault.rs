//! `fault`: whether what stopped a look is what was to stop it.

use super::{Expectations, ExpectedFault};
use crate::model::{
    Code, CodePattern, Fault, FaultKind, Finding, KnownCode, Observation, Phase, State,
};

/// The finding on the fault of a look. Whoever expects a fault is told of another by that one's code, as it may have come before:
/// a server that is down refuses nobody. But one that comes in a later phase shows that what was expected did not come, and is
/// `expect.fault`.
pub(super) fn judge(expectations: &Expectations, seen: &Observation) -> Finding {
    let known = KnownCode::ExpectedFault.code();
    let mut finding = Finding {
        code: known,
        path: "fault".to_owned(),
        expected: expectations.fault.to_string(),
        actual: Some("none".to_owned()),
        state: State::NotHeld,
        detail: None,
        place: expectations
            .written_fault
            .as_ref()
            .map(|written| written.0.clone()),
    };
    let Some(fault) = &seen.fault else {
        if expectations.fault == ExpectedFault::None {
            finding.state = State::Held;
        }
        return finding;
    };
    finding.actual = Some(format!("{}: {}", fault.code(), fault.message));
    let patterns = match &expectations.fault {
        ExpectedFault::None => &[][..],
        ExpectedFault::OneOf(patterns) => patterns,
    };
    if patterns.iter().any(|one| one.matches(&fault.code())) {
        finding.state = State::Held;
    } else if let Some(passed) = passed(patterns, fault) {
        finding.actual = Some(format!("none: {}", went_well(passed)));
        finding.detail = Some(format!("later came {fault}"));
    } else {
        finding.code = fault.code();
        finding.detail = Some(format!("in phase {}", fault.phase));
    }
    finding
}

/// The last phase in which what is expected can come, where this one came after it: after that of all of them, or after one in
/// which it is decided who is let in, whatever else could have come later.
fn passed(patterns: &[CodePattern], fault: &Fault) -> Option<Phase> {
    let lasts: Vec<_> = patterns.iter().map(last_phase).collect();
    let is_passed = |last: &Phase| *last < fault.phase;
    let is_over = lasts
        .iter()
        .all(|last| last.as_ref().is_some_and(is_passed));
    let passed = lasts.into_iter().flatten().filter(is_passed);
    passed.filter(|last| is_over || lets_in(*last)).max()
}

/// Whether it is decided there who is let in.
const fn lets_in(phase: Phase) -> bool {
    matches!(
        phase,
        Phase::Tls | Phase::FirstByte | Phase::Upgrade | Phase::Auth
    )
}

/// The last phase in which any fault that is meant can come; `None` where it is not known which are meant.
fn last_phase(pattern: &CodePattern) -> Option<Phase> {
    let last = |phases: &[Phase]| phases.iter().copied().max();
    if let Some(kind) = FaultKind::parse(pattern.as_str()) {
        return last(kind.known().phases);
    }
    let all = FaultKind::catalogue().into_iter();
    all.filter(|known| pattern.matches(&Code::fixed(known.code)))
        .filter_map(|known| last(known.phases))
        .max()
}

/// What it means that a phase was passed.
fn went_well(phase: Phase) -> String {
    match phase {
        Phase::Resolve => "the name was resolved".to_owned(),
        Phase::Connect => "the connection was made".to_owned(),
        Phase::Tls => "the TLS handshake was accepted".to_owned(),
        Phase::Upgrade => "the handshake was accepted".to_owned(),
        Phase::FirstByte => "an answer came".to_owned(),
        Phase::Auth => "the credentials were accepted".to_owned(),
        phase => format!("the phase {phase} was passed"),
    }
}
