//! Who requires whom, as positions; and what a selection pulls in.
//!
//! A category is one group, however many require it: thousands of instances that require a category of thousands are thousands
//! of links, and not millions.

use std::collections::HashMap;

use crate::model::{Category, TestId};
use crate::suite::{CompareWith, Mode, Requirement, Test};

/// Who requires whom.
#[derive(Debug)]
pub(super) struct Requirements {
    /// For each test, what it requires.
    pub(super) of: Vec<Required>,
    /// The groups that somebody requires, each with its tests in order.
    pub(super) groups: Vec<(Category, Vec<usize>)>,
}

/// What one test requires.
#[derive(Debug, Default)]
pub(super) struct Required {
    /// Single tests.
    pub(super) tests: Vec<usize>,
    /// All of these groups.
    pub(super) groups: Vec<usize>,
    /// The one whose sample its own is compared with.
    pub(super) compared: Option<usize>,
}

/// A category, without the rows of the test that requires its own.
type Key<'t> = (&'t Category, Option<TestId>);

/// The positions that each test requires. Unknown ids were refused at load.
pub(super) fn resolve(tests: &[Test]) -> Requirements {
    // Only of those that somebody requires: most are required by nobody.
    let mut rows: HashMap<(&Category, &str), Vec<usize>> = HashMap::new();
    let mut keys: HashMap<Key<'_>, usize> = HashMap::new();
    let mut groups: Vec<Key<'_>> = Vec::new();
    let mut of: Vec<Required> = Vec::with_capacity(tests.len());
    for test in tests {
        let mut required = Required::default();
        for requirement in &test.requires {
            match requirement {
                Requirement::Test(id) => {
                    rows.entry((id.category(), id.name())).or_default();
                }
                Requirement::Category(category) => {
                    let own = test.id.category() == category;
                    let key = (category, own.then(|| test.id.without_row()));
                    let group = *keys.entry(key.clone()).or_insert_with(|| {
                        groups.push(key);
                        groups.len() - 1
                    });
                    required.groups.push(group);
                }
            }
        }
        if let Some(with) = compare_with(test) {
            let id = &with.test;
            rows.entry((id.category(), id.name())).or_default();
        }
        required.groups.sort_unstable();
        required.groups.dedup();
        of.push(required);
    }
    let mut by_category: HashMap<&Category, Vec<usize>> = HashMap::new();
    for (category, _) in &groups {
        by_category.entry(category).or_default();
    }
    for (at, test) in tests.iter().enumerate() {
        if let Some(rows) = rows.get_mut(&(test.id.category(), test.id.name())) {
            rows.push(at);
        }
        if let Some(all) = by_category.get_mut(test.id.category()) {
            all.push(at);
        }
    }
    for (test, required) in tests.iter().zip(&mut of) {
        for requirement in &test.requires {
            let Requirement::Test(wanted) = requirement else {
                continue;
            };
            let known = rows.get(&(wanted.category(), wanted.name()));
            let meant = |row: &usize| tests[*row].id.is_meant_by(wanted);
            required
                .tests
                .extend(known.into_iter().flatten().copied().filter(meant));
        }
        if let Some(with) = compare_with(test) {
            let known = rows.get(&(with.test.category(), with.test.name()));
            let known = known.into_iter().flatten().copied();
            required.compared = with.pick(&test.id, known, |row| &tests[row].id);
        }
        required.tests.sort_unstable();
        required.tests.dedup();
    }
    let members = |(category, but): Key<'_>| {
        let is_member = |at: &usize| {
            let own = but.as_ref().map(|own| (own.category(), own.name()));
            own != Some((tests[*at].id.category(), tests[*at].id.name()))
        };
        let all = by_category.get(category).into_iter().flatten().copied();
        (category.clone(), all.filter(is_member).collect())
    };
    let groups = groups.into_iter().map(members).collect();
    Requirements { of, groups }
}

/// With what a test compares its sample.
fn compare_with(test: &Test) -> Option<&CompareWith> {
    match &test.mode {
        Mode::Repeat(repeat) => repeat.compare_with.as_ref(),
        Mode::Once | Mode::Retry(_) | Mode::Until(_) => None,
    }
}

impl Requirements {
    /// Whether somebody who is planned requires each group.
    pub(super) fn wanted_groups(&self, planned: &[bool]) -> Vec<bool> {
        let mut is_wanted = vec![false; self.groups.len()];
        for (required, _) in self.of.iter().zip(planned).filter(|(_, planned)| **planned) {
            for group in &required.groups {
                is_wanted[*group] = true;
            }
        }
        is_wanted
    }

    /// Whether somebody who is planned compares a sample with that of each.
    pub(super) fn compared(&self, planned: &[bool]) -> Vec<bool> {
        let mut is_compared = vec![false; self.of.len()];
        for (required, _) in self.of.iter().zip(planned).filter(|(_, planned)| **planned) {
            if let Some(compared) = required.compared {
                is_compared[compared] = true;
            }
        }
        is_compared
    }

    /// Whether each is one of the chosen, or required by one of them, directly or not.
    pub(super) fn closure(&self, chosen: &[bool]) -> Vec<bool> {
        let mut taken = chosen.to_vec();
        let mut open: Vec<usize> = (0..taken.len()).filter(|test| taken[*test]).collect();
        let mut is_group_taken = vec![false; self.groups.len()];
        while let Some(test) = open.pop() {
            let Required {
                tests,
                groups,
                compared,
            } = &self.of[test];
            let new = |group: &&usize| !std::mem::replace(&mut is_group_taken[**group], true);
            let of_groups: Vec<usize> = groups
                .iter()
                .filter(new)
                .flat_map(|group| self.groups[*group].1.iter().copied())
                .collect();
            for required in tests.iter().chain(compared).copied().chain(of_groups) {
                if !std::mem::replace(&mut taken[required], true) {
                    open.push(required);
                }
            }
        }
        taken
    }
}
