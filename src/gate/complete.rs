//! Whether the record adds up: every planned instance has exactly one end, and there is something planned.

use std::collections::{BTreeSet, HashMap};

use crate::model::{RunRecord, TestHeader, TestId};

use super::ruling::{Check, State};

/// A record that does not add up is no basis for any word, so what fails here outranks everything.
pub(super) fn checks(record: &RunRecord) -> Vec<Check> {
    let planned = record.header.tests.len();
    let astray = astray(record);
    let holds = |holds| {
        if holds {
            State::Holds
        } else {
            State::Undecidable
        }
    };
    vec![
        Check {
            state: holds(planned > 0),
            category: None,
            required: "at least one test planned".to_owned(),
            actual: if planned == 0 {
                "nothing planned".to_owned()
            } else {
                format!("{planned} planned")
            },
            tests: Vec::new(),
        },
        Check {
            state: holds(astray.is_empty()),
            category: None,
            required: format!("{planned} planned, each with exactly one end"),
            actual: format!(
                "{} ended, {} do not match",
                record.tests.len(),
                astray.len()
            ),
            tests: astray.into_iter().map(|id| (id.clone(), None)).collect(),
        },
    ]
}

/// Instances that were planned twice, ended never or twice, or ended as something else than was planned.
fn astray(record: &RunRecord) -> BTreeSet<&TestId> {
    let mut astray = BTreeSet::new();
    let mut waiting: HashMap<&TestId, &TestHeader> = HashMap::new();
    for header in &record.header.tests {
        if waiting.insert(&header.id, header).is_some() {
            astray.insert(&header.id);
        }
    }
    for test in &record.tests {
        if waiting.remove(&test.header.id) != Some(&*test.header) {
            astray.insert(&test.header.id);
        }
    }
    astray.extend(waiting.into_keys());
    astray
}
