//! What looks wrong although it can be used: warnings, errors with `check --strict`.

mod as_written;
mod budgets;
mod cold;
mod gate;
mod looks;
mod secrets;
mod sessions;
mod streams;
mod tests_of;
mod times;

use std::collections::HashSet;

pub(super) use as_written::{Pages, lint_pages};

use super::{Suites, Test, side_by_side};
use crate::model::{CategoryPolicy, TestId};
use crate::yaml::{Diagnostic, Diagnostics};

/// Everything that looks wrong, by place; each once, however many rows a matrix has. No message shows a secret.
pub fn lint(suites: &Suites) -> Diagnostics {
    let view = View::of(suites);
    let mut found = Diagnostics::default();
    let look = |rule: &Rule| {
        let mut found = Diagnostics::default();
        rule(&view, &mut found);
        found
    };
    for of_rule in side_by_side::each(RULES, look) {
        found.extend(of_rule);
    }
    found.extend(suites.read.lints.clone());
    let mut problems: Vec<&Diagnostic> = found.iter().collect();
    problems.sort_by_key(|problem| (problem.span.is_none(), problem.span));
    let mut told = HashSet::new();
    let mut lints = Diagnostics::default();
    for problem in problems {
        if told.insert(problem) {
            lints.push(problem.clone());
        }
    }
    lints
}

type Rule = fn(&View<'_>, &mut Diagnostics);

const RULES: &[Rule] = &[
    tests_of::only_a_status,
    tests_of::the_same_twice,
    tests_of::retry_on_critical,
    tests_of::critical_and_expected_to_fail,
    tests_of::a_leak_is_outvoted,
    times::too_few,
    times::too_few_to_compare,
    times::wrong_way_round,
    times::never_spent,
    budgets::upside_down,
    cold::unproved,
    secrets::missing,
    secrets::too_short,
    sessions::unread_parameters,
    streams::stops_listening,
    streams::denied_in_only,
    gate::nothing_critical,
    gate::empty_categories,
    gate::mostly_expected_to_fail,
];

/// What is linted: the suites as this target plans them.
struct View<'s> {
    suites: &'s Suites,
    /// The tests the target does not omit.
    planned: Vec<&'s Test>,
    invariants: Vec<&'s TestId>,
}

impl<'s> View<'s> {
    fn of(suites: &'s Suites) -> Self {
        let omitted = suites.target.omitted();
        let is_planned = |test: &&Test| !omitted.iter().any(|pattern| pattern.matches(&test.id));
        let invariants = suites.target.gate.invariants.as_ref();
        Self {
            suites,
            planned: suites.tests.iter().filter(is_planned).collect(),
            invariants: invariants
                .or(suites.project.gate.invariants.as_ref())
                .into_iter()
                .flatten()
                .collect(),
        }
    }

    fn category(&self, test: &Test) -> Option<&'s CategoryPolicy> {
        let categories = &self.suites.project.categories;
        categories
            .iter()
            .find(|category| category.name == *test.id.category())
    }

    /// Itself, by its category, or as an invariant.
    fn is_critical(&self, test: &Test) -> bool {
        test.critical
            || self
                .category(test)
                .is_some_and(|category| category.critical)
            || self
                .invariants
                .iter()
                .any(|invariant| test.id.is_meant_by(invariant))
    }
}

#[cfg(test)]
mod tests;
