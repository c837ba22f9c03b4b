//! `expect_failure` and `on_fail`: what an author knows about failing.

use super::ExpectFailure;
use super::codes;
use super::early::EarlyFields;
use super::step::meant;
use crate::model::OnFail;
use crate::yaml::{Diagnostic, Fields};

/// `expect_failure:`.
pub(super) fn expect_failure(early: &mut EarlyFields<'_, '_>) -> Option<ExpectFailure> {
    let node = early.texts("expect_failure")?;
    let fields = Fields::of(
        &node,
        "`expect_failure` mapping",
        &["code", "reason"],
        early.problems,
    )?;
    let code = fields.required("code", early.problems)?;
    fields.required("reason", early.problems)?;
    let text = fields.text("code", early.problems)?;
    let pattern = codes::pattern(code.span, text, early.problems);
    Some(ExpectFailure {
        code: pattern?,
        reason: fields.text("reason", early.problems)?.to_owned(),
    })
}

const CLASSES: &[&str] = &[
    "infrastructure",
    "application",
    "configuration",
    "test_defect",
];

/// The keys of `on_fail`.
pub(super) const ON_FAIL_KEYS: &[&str] = &["class", "owner", "hint", "runbook", "look"];

/// `on_fail:`, all of it but `look`.
pub(super) fn on_fail(early: &mut EarlyFields<'_, '_>) -> OnFail {
    let Some(node) = early.fields.get("on_fail") else {
        return OnFail::default();
    };
    let known = ON_FAIL_KEYS;
    let Some(fields) = Fields::of(node, "`on_fail` mapping", known, early.problems) else {
        return OnFail::default();
    };
    // Each of its own: what `look` looks with may only be known once the test has run.
    let mut own = EarlyFields {
        fields: &fields,
        scope: early.scope,
        sources: early.sources,
        problems: early.problems,
    };
    let class = own.text("class");
    if let Some(class) = class.as_deref().filter(|class| !CLASSES.contains(class)) {
        let hint = meant(class, CLASSES.iter().copied());
        let message = format!("no class is called `{class}`{hint}");
        let at = fields.get("class").map_or(node.span, |node| node.span);
        own.problems
            .push(Diagnostic::error(at, message).help(format!("there are {}", CLASSES.join(", "))));
    }
    OnFail {
        class,
        owner: own.text("owner"),
        hint: own.text("hint"),
        runbook: own.text("runbook"),
    }
}
