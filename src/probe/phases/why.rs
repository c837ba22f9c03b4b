//! What is wrong with the phases of a start, in words and numbers.

use std::time::Duration;

use super::{Outcome, Phases, Wanted};

/// Of each fact about phases what makes it what it is; empty where there is nothing to say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::probe) struct Why {
    /// Which were not reached.
    pub(in crate::probe) unreached: String,
    /// What broke their order.
    pub(in crate::probe) disturbed: String,
    /// Which took how long of what.
    pub(in crate::probe) late: String,
}

impl Phases<'_> {
    /// What is wrong with them until then.
    pub(in crate::probe) fn why(&self, wanted: Wanted, at: Duration) -> Why {
        let outcomes = self.outcomes(at);
        let missing = || {
            let open = outcomes.iter().filter(|one| !one.is_reached);
            open.map(unreached)
        };
        let mut disturbed: Vec<String> = self.disturbed.iter().cloned().collect();
        if wanted == Wanted::All {
            disturbed.extend(missing());
        }
        Why {
            unreached: missing().collect::<Vec<_>>().join(", "),
            disturbed: disturbed.join(", "),
            late: outcomes
                .iter()
                .filter_map(late)
                .collect::<Vec<_>>()
                .join(", "),
        }
    }
}

fn unreached(phase: &Outcome<'_>) -> String {
    match phase.started {
        Some(_) => format!("`{}` had begun and did not end", phase.name),
        None => format!("`{}` was never reached", phase.name),
    }
}

/// `` `db` took 601ms of 500ms ``.
fn late(phase: &Outcome<'_>) -> Option<String> {
    let (took, budget) = (phase.took?, phase.budget?);
    let is_over = if phase.is_reached { "" } else { " so far" };
    phase
        .is_over_budget
        .then(|| format!("`{}` took {took:.0?} of {budget:?}{is_over}", phase.name))
}
