//! What a round keeps for `isolation`: all that its actors saw, until the last of them has ended.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::slim::prune;
use crate::model::{Observation, Outcome, ProbeError, StepRecord, Unable, Value};
use crate::plan::PlannedStep;

/// Of all actors together, in bytes. A stream alone may be 16 MiB, and there may be a thousand actors.
const MOST: usize = 64 * 1024 * 1024;

/// How much is kept so far.
#[derive(Debug, Default)]
pub(super) struct Kept(AtomicUsize);

impl Kept {
    /// Drops of an actor's steps what nobody will search or be shown. A step whose facts are to be searched and are too much
    /// for a round could not be looked at: what was not searched is not isolated.
    pub(super) fn keep(&self, steps: &mut [StepRecord], planned: &[PlannedStep], is_short: bool) {
        for (step, planned) in steps.iter_mut().zip(planned) {
            if planned.isolation.is_none() {
                if is_short {
                    prune(step);
                }
                continue;
            }
            let weight = weight_of(&step.observation);
            let before = self.0.fetch_add(weight, Ordering::Relaxed);
            if before.saturating_add(weight) > MOST {
                // For those who need less.
                self.0.fetch_sub(weight, Ordering::Relaxed);
                prune(step);
                step.outcome = Outcome::Unable;
                step.error.get_or_insert_with(too_much);
            }
        }
    }
}

fn too_much() -> ProbeError {
    let message = format!(
        "the actors of one round saw more than the {} MiB that are searched for `isolation`: let fewer of them speak, or of less",
        MOST / 1024 / 1024
    );
    ProbeError::new(Unable::Limit, message)
}

/// In memory, about.
fn weight_of(seen: &Observation) -> usize {
    let facts: usize = seen.facts.iter().map(|(_, value)| weight(value)).sum();
    let evidence: usize = seen.evidence.iter().map(|one| one.text.len()).sum();
    facts + evidence
}

fn weight(value: &Value) -> usize {
    let beyond = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Duration(_) => 0,
        Value::Text(text) | Value::Untyped(text) => text.len(),
        Value::List(values) => values.iter().map(weight).sum(),
        Value::Map(entries) => entries
            .iter()
            .map(|(key, value)| size_of::<String>() + key.len() + weight(value))
            .sum(),
    };
    size_of::<Value>() + beyond
}
