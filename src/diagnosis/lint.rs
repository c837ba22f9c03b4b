//! Rules that can be read, and never say anything.

use super::Rule;
use crate::yaml::{Diagnostic, Diagnostics, Span};

/// A rule of a file, by its id and where its `id` stands.
pub(super) type Written = (String, Span);

/// A user's rule that more than one in so many of ours are behind is probably wider than it was meant.
const PART: usize = 4;

/// Looks at the rules that a file has written, where they stand among `all`.
pub(super) fn lint(all: &[Rule], written: &[Written], problems: &mut Diagnostics) {
    let is_written = |id: &str| written.iter().any(|(known, _)| known == id);
    let ours: Vec<&Rule> = all.iter().filter(|rule| !is_written(&rule.id)).collect();
    for (id, span) in written {
        let Some(at) = all.iter().position(|rule| rule.id == *id) else {
            continue;
        };
        let rule = &all[at];
        if let Some(why) = rule.when.contradiction() {
            let message = format!("rule `{id}` can never match: {why}");
            problems.push(Diagnostic::warning(*span, message));
            continue;
        }
        let before = all[..at].iter().find(|one| one.when.covers(&rule.when));
        if let Some(before) = before {
            let message = format!(
                "rule `{id}` is never asked: `{}` before it matches whatever it would",
                before.id
            );
            let first = written.iter().find(|(known, _)| *known == before.id);
            let mut warning = Diagnostic::warning(*span, message);
            warning
                .related
                .extend(first.map(|(_, span)| (*span, "asked before it".to_owned())));
            problems.push(warning);
        }
        let behind = ours
            .iter()
            .filter(|one| rule.when.covers(&one.when))
            .count();
        if behind > ours.len() / PART {
            let message = format!(
                "rule `{id}` is asked before {behind} of our {} rules, and matches whatever they would",
                ours.len()
            );
            problems.push(
                Diagnostic::warning(*span, message)
                    .help("ask for more: `phase`, `probe`, a number"),
            );
        }
    }
}
