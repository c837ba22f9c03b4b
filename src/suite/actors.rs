//! `actors`: how many do a test at once, and what they are called.

use super::early::{self, EarlyFields};
use super::mode::count;
use crate::model::ActorName;
use crate::yaml::{Diagnostic, Diagnostics, Node, visible};

/// More than that are a load, and no test of who sees what.
pub(super) const MOST: u64 = 1000;

/// Reads `actors: 3`, or a list of names; nobody when there is none.
pub(super) fn actors(early: &mut EarlyFields<'_, '_>) -> Vec<ActorName> {
    if early.fields.get("actors").is_none() {
        return Vec::new();
    }
    // Where something is wrong with them there are some all the same, or all that they say would be told as well.
    let Some(node) = early.node("actors") else {
        return numbered(2);
    };
    match node.as_sequence() {
        Some(items) => named(&node, items, early.problems),
        // What is only known in a run decodes as a stand-in; two can do all that many can.
        None if !early::is_complete(&node) => numbered(2),
        None if node.as_scalar().is_some() => {
            numbered(count(&node, MOST, early.problems).unwrap_or(2))
        }
        None => {
            let message = format!("expected how many, 1 to {MOST}, or a list of names");
            early.problems.push(Diagnostic::error(node.span, message));
            numbered(2)
        }
    }
}

fn numbered(count: u64) -> Vec<ActorName> {
    let name = |number| ActorName::new(format!("actor{number}"));
    (1..=count).map(name).collect()
}

fn named(node: &Node, items: &[Node], problems: &mut Diagnostics) -> Vec<ActorName> {
    if items.is_empty() || items.len() as u64 > MOST {
        let message = format!("found {} actors, expected 1 to {MOST}", items.len());
        problems.push(Diagnostic::error(node.span, message));
        return numbered(2);
    }
    let mut names: Vec<ActorName> = Vec::new();
    let mut known = std::collections::HashSet::new();
    for item in items {
        let text = item.as_scalar().map(|scalar| scalar.text.trim());
        let is_pending = !early::is_complete(item);
        match text.filter(|text| is_pending || is_name(text)) {
            Some(text) if known.insert(text.to_owned()) => names.push(ActorName::new(text)),
            Some(text) => {
                let message = format!("two actors are called `{}`", visible(text));
                problems.push(Diagnostic::error(item.span, message));
            }
            None if is_pending => {
                names.push(ActorName::new(format!("actor{}", names.len() + 1)));
            }
            None => problems.push(Diagnostic::error(
                item.span,
                "an actor's name is 1 to 100 letters, digits, `_`, `.`, `@`, `+`, `:` and `-`",
            )),
        }
    }
    if names.is_empty() {
        return numbered(2);
    }
    names
}

/// It is shown, is part of the names of sessions, and what others are searched for.
fn is_name(text: &str) -> bool {
    let is_fine = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '@' | '+' | ':' | '-');
    !text.is_empty() && text.chars().count() <= 100 && text.chars().all(is_fine)
}
