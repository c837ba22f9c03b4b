//! Whose the steps of an attempt are.

use std::collections::HashMap;

use crate::model::{ActorName, AttemptRecord, StepRecord};

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
