//! `expect_failure` and `on_fail`: what an author knows about failing.

use super::ExpectFailure;
use super::codes;
use super::early::EarlyFields;
use super::step::meant;
use crate::model::OnFail;
use crate::yaml::{Diagnostic, Diagnostics, Fields};

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

/// `on_fail:`.
pub(super) fn on_fail(early: &mut EarlyFields<'_, '_>) -> OnFail {
    let Some(node) = early.texts("on_fail") else {
        return OnFail::default();
    };
    let Some(fields) = Fields::of(
        &node,
        "`on_fail` mapping",
        &["class", "owner", "hint", "runbook"],
        early.problems,
    ) else {
        return OnFail::default();
    };
    let class = fields.text("class", early.problems);
    if let Some(class) = class.filter(|class| !CLASSES.contains(class)) {
        let hint = meant(class, CLASSES.iter().copied());
        let message = format!("no class is called `{class}`{hint}");
        let at = fields.get("class").map_or(node.span, |node| node.span);
        early
            .problems
            .push(Diagnostic::error(at, message).help(format!("there are {}", CLASSES.join(", "))));
    }
    let text =
        |key: &str, problems: &mut Diagnostics| fields.text(key, problems).map(str::to_owned);
    OnFail {
        class: class.map(str::to_owned),
        owner: text("owner", early.problems),
        hint: text("hint", early.problems),
        runbook: text("runbook", early.problems),
    }
}
