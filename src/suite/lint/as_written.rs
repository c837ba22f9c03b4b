//! Lints about what is written, whatever is made of it: asked while the trees are at hand.

use super::{looks, secrets};
use crate::suite::literal::{Literal, literals};
use crate::suite::scope::EarlyScope;
use crate::template::Mask;
use crate::yaml::{Diagnostics, Node, Sources};

/// Files as they are written. Each suite is linted by itself, so that its tree need not be kept for the others'.
pub(in crate::suite) struct Pages<'s> {
    pub(super) suite: Option<&'s Node>,
    pub(super) sessions: Option<&'s Node>,
    pub(super) target: Option<&'s Node>,
    pub(super) sources: &'s Sources,
    /// What a name means, as far as it is known before a run.
    pub(super) early: &'s EarlyScope,
    pub(super) literals: Vec<Literal<'s>>,
}

impl<'s> Pages<'s> {
    pub(in crate::suite) fn of_suite(
        suite: &'s Node,
        sources: &'s Sources,
        early: &'s EarlyScope,
    ) -> Self {
        Self {
            suite: Some(suite),
            sessions: None,
            target: None,
            sources,
            early,
            literals: literals(Some(suite), None, None),
        }
    }

    /// Those that stand beside the suites.
    pub(in crate::suite) fn of_others(
        sessions: Option<&'s Node>,
        target: Option<&'s Node>,
        sources: &'s Sources,
        early: &'s EarlyScope,
    ) -> Self {
        Self {
            suite: None,
            sessions,
            target,
            sources,
            early,
            literals: literals(None, sessions, target),
        }
    }

    /// Secrets that are written literally are shown neither in messages nor in reports.
    pub(in crate::suite) fn mask_literals(&self, mask: &Mask) {
        for literal in self.literals.iter().filter(|literal| literal.is_no_word()) {
            mask.add(literal.value);
        }
    }
}

/// What looks wrong in these. No message shows a secret.
pub(in crate::suite) fn lint_pages(pages: &Pages<'_>) -> Diagnostics {
    let mut found = Diagnostics::default();
    for rule in RULES {
        rule(pages, &mut found);
    }
    found
}

type Rule = fn(&Pages<'_>, &mut Diagnostics);

const RULES: &[Rule] = &[
    secrets::literal,
    secrets::from_the_environment,
    looks::white_space,
];
