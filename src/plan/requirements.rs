//! Who requires whom, as positions; and what a selection pulls in.

use std::collections::HashMap;

use crate::model::Category;
use crate::suite::{Requirement, Test};

/// The positions that each test requires. Unknown ids were refused at load.
pub(super) fn resolve(tests: &[Test]) -> Vec<Vec<usize>> {
    // Only of those that somebody requires: most are required by nobody.
    let mut by_test: HashMap<(&Category, &str), Vec<usize>> = HashMap::new();
    let mut by_category: HashMap<&Category, Vec<usize>> = HashMap::new();
    for requirement in tests.iter().flat_map(|test| &test.requires) {
        match requirement {
            Requirement::Test(id) => by_test.entry((id.category(), id.name())).or_default(),
            Requirement::Category(category) => by_category.entry(category).or_default(),
        };
    }
    for (at, test) in tests.iter().enumerate() {
        if let Some(rows) = by_test.get_mut(&(test.id.category(), test.id.name())) {
            rows.push(at);
        }
        if let Some(all) = by_category.get_mut(test.id.category()) {
            all.push(at);
        }
    }
    let required_by = |at: usize, test: &Test| {
        let mut required = Vec::new();
        for requirement in &test.requires {
            match requirement {
                Requirement::Test(wanted) => {
                    let rows = by_test
                        .get(&(wanted.category(), wanted.name()))
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

/// Whether each is one of the chosen, or required by one of them, directly or not.
pub(super) fn closure(chosen: &[bool], requires: &[Vec<usize>]) -> Vec<bool> {
    let mut taken = chosen.to_vec();
    let mut open: Vec<usize> = (0..taken.len()).filter(|test| taken[*test]).collect();
    while let Some(test) = open.pop() {
        for required in &requires[test] {
            if !std::mem::replace(&mut taken[*required], true) {
                open.push(*required);
            }
        }
    }
    taken
}
