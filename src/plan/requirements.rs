//! Who requires whom, as positions; and what a selection pulls in.

use std::collections::{HashMap, HashSet};

use crate::model::{Category, TestId};
use crate::suite::{Requirement, Test};

/// The positions that each test requires. Unknown ids were refused at load.
pub(super) fn resolve(tests: &[Test]) -> Vec<Vec<usize>> {
    let mut by_test: HashMap<TestId, Vec<usize>> = HashMap::new();
    let mut by_category: HashMap<&Category, Vec<usize>> = HashMap::new();
    for (at, test) in tests.iter().enumerate() {
        by_test.entry(test.id.without_row()).or_default().push(at);
        by_category.entry(test.id.category()).or_default().push(at);
    }
    let required_by = |at: usize, test: &Test| {
        let mut required = Vec::new();
        for requirement in &test.requires {
            match requirement {
                Requirement::Test(wanted) => {
                    let rows = by_test
                        .get(&wanted.without_row())
                        .map_or(&[][..], Vec::as_slice);
                    required.extend(
                        rows.iter()
                            .copied()
                            .filter(|row| tests[*row].id.is_meant_by(wanted)),
                    );
                }
                Requirement::Category(category) => {
                    let all = by_category.get(category).map_or(&[][..], Vec::as_slice);
                    required.extend(all.iter().copied().filter(|other| {
                        tests[*other].id.without_row() != tests[at].id.without_row()
                    }));
                }
            }
        }
        required.sort_unstable();
        required.dedup();
        required
    };
    tests
        .iter()
        .enumerate()
        .map(|(at, test)| required_by(at, test))
        .collect()
}

/// The chosen positions and everything they require, directly or not.
pub(super) fn closure(chosen: &[usize], requires: &[Vec<usize>]) -> HashSet<usize> {
    let mut taken: HashSet<usize> = chosen.iter().copied().collect();
    let mut open: Vec<usize> = chosen.to_vec();
    while let Some(test) = open.pop() {
        for required in &requires[test] {
            if taken.insert(*required) {
                open.push(*required);
            }
        }
    }
    taken
}
