//! Which steps of an attempt explain how it came out, and whose they are.

use std::collections::HashMap;

use crate::model::{ActorName, AttemptRecord, Finding, State, StepRecord};

/// Whether it is why the attempt did not hold.
pub(super) fn decides(step: &StepRecord, attempt: &AttemptRecord) -> bool {
    let Some(code) = &attempt.code else {
        return false;
    };
    // Others may have failed with the same code, later and for its sake.
    if attempt.decided_by.is_some() && attempt.decided_by != step.actor {
        return false;
    }
    let could_not = step
        .error
        .as_ref()
        .is_some_and(|error| error.kind.code() == *code);
    could_not
        || step
            .findings
            .iter()
            .any(|finding| is_open(finding) && finding.code == *code)
}

/// The steps of each actor, in the order of the attempt; of a test without actors all of them.
pub(super) fn by_actor(attempt: &AttemptRecord) -> Vec<(Option<&ActorName>, Vec<&StepRecord>)> {
    let mut groups: Vec<(Option<&ActorName>, Vec<&StepRecord>)> = Vec::new();
    let mut known: HashMap<Option<&ActorName>, usize> = HashMap::new();
    for step in &attempt.steps {
        let actor = step.actor.as_ref();
        let at = *known.entry(actor).or_insert_with(|| {
            groups.push((actor, Vec::new()));
            groups.len() - 1
        });
        groups[at].1.push(step);
    }
    groups
}

/// Whether it has something to say.
pub(super) const fn is_open(finding: &Finding) -> bool {
    matches!(finding.state, State::NotHeld | State::Undecided { .. })
}
