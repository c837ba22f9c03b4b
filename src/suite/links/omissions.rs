//! An omission must leave out something, and neither an invariant nor what others require or are compared with.

use super::{Ids, Ties};
use crate::model::TestId;
use crate::suite::step::meant;
use crate::suite::{Requirement, Test};
use crate::yaml::{Diagnostic, Diagnostics, visible};

/// Tells every one that does not, or leaves out too much.
pub(super) fn check(ids: &Ids, ties: &Ties<'_>, problems: &mut Diagnostics) {
    let Ties {
        decoded,
        project,
        target,
        ..
    } = ties;
    let tests = &decoded.tests;
    let patterns = target.omitted();
    let is_omitted = |test: &Test| patterns.iter().any(|pattern| pattern.matches(&test.id));
    // A target adds to the invariants of its project, it takes none away.
    let invariants: Vec<&TestId> = [&project.gate, &target.gate]
        .into_iter()
        .flat_map(|gate| gate.invariants.iter().flatten())
        .collect();
    for (omit, pattern) in target.omit.iter().zip(&patterns) {
        let taken: Vec<&Test> = tests
            .iter()
            .filter(|test| pattern.matches(&test.id))
            .collect();
        if taken.is_empty() && !ids.broken.iter().any(|id| pattern.matches(id)) {
            let known: Vec<String> = tests.iter().map(|test| test.id.to_string()).collect();
            let hint = meant(&omit.pattern, known.iter().map(String::as_str));
            problems.push(Diagnostic::error(
                omit.span,
                format!(
                    "`{}` leaves out nothing: no test is called so{hint}",
                    visible(&omit.pattern)
                ),
            ));
        }
        for test in &taken {
            if invariants
                .iter()
                .any(|invariant| test.id.is_meant_by(invariant))
            {
                problems.push(Diagnostic::error(
                    omit.span,
                    format!("`{}` is an invariant: no target may leave it out", test.id),
                ));
            }
        }
        // In which words the other needs one that is taken.
        let need = |other: &Test| {
            let is_required = other.requires.iter().any(|requirement| match requirement {
                Requirement::Test(id) => taken.iter().any(|test| test.id.is_meant_by(id)),
                Requirement::Category(_) => false,
            });
            if is_required {
                return Some(("requires it", "required by this test"));
            }
            let (with, _) = other.compared()?;
            let named_so = tests.iter().filter(|test| test.id.is_meant_by(&with.test));
            let compared = with.pick(&other.id, named_so, |test| &test.id)?;
            let is_taken = taken.iter().any(|test| test.id == compared.id);
            is_taken.then_some(("is compared with it", "this test"))
        };
        let others = tests.iter().filter(|test| !is_omitted(test));
        for (other, (needs, needed)) in others.filter_map(|test| Some((test, need(test)?))) {
            let message = format!("`{}` is left out, but `{}` {needs}", omit.pattern, other.id);
            problems.push(Diagnostic::error(omit.span, message).related(other.spans.name, needed));
        }
    }
}
