//! Lints about the suites as a whole: what the gate could and could not decide with them.

use super::View;
use crate::model::Category;
use crate::yaml::{Diagnostic, Diagnostics, Span};

/// Without a veto one dead service in ten is a GO.
pub(super) fn nothing_critical(view: &View<'_>, found: &mut Diagnostics) {
    let is_preflight = |category: &Category| {
        let categories = &view.suites.project.categories;
        categories
            .iter()
            .any(|listed| listed.name == *category && listed.preflight)
    };
    let mut judged = view
        .planned
        .iter()
        .filter(|test| !is_preflight(test.id.category()))
        .peekable();
    if judged.peek().is_none() || judged.any(|test| view.is_critical(test)) {
        return;
    }
    found.push(
        Diagnostic::warning_without_place("no test is critical: nothing can veto a GO")
            .help("write `critical: true` on what must hold, or on its category in allclear.yaml"),
    );
}

/// What must have proved something and has nothing to prove it with.
pub(super) fn empty_categories(view: &View<'_>, found: &mut Diagnostics) {
    let project = &view.suites.project;
    let is_empty = |category: &Category| {
        let mut planned = view.planned.iter();
        !planned.any(|test| test.id.category() == category)
    };
    let gate = if view.suites.target.gate.require_categories.is_some() {
        &view.suites.target.gate
    } else {
        &project.gate
    };
    let listed = project.categories.iter().zip(&project.category_spans);
    for (category, span) in listed {
        let is_required = match &gate.require_categories {
            Some(required) => required.contains(&category.name),
            None => true,
        };
        if (category.critical || is_required) && is_empty(&category.name) {
            let what = if category.critical {
                "critical"
            } else {
                "required"
            };
            empty(&category.name, what, *span, found);
        }
    }
}

fn empty(category: &Category, what: &str, span: Span, found: &mut Diagnostics) {
    found.push(
        Diagnostic::warning(
            span,
            format!("{what} category `{category}` has no test: the verdict is never GO"),
        )
        .help("write one, or leave the category out"),
    );
}

/// A run in which everything may fail can only say that it does not know.
pub(super) fn mostly_expected_to_fail(view: &View<'_>, found: &mut Diagnostics) {
    let all = view.planned.len();
    let expected = view
        .planned
        .iter()
        .filter(|test| test.expect_failure.is_some())
        .count();
    if expected * 2 > all {
        found.push(Diagnostic::warning_without_place(format!(
            "{expected} of {all} tests are expected to fail: what is expected to fail proves nothing"
        )));
    }
}
