//! Words of a known list.

use super::items::{any, scalar, span};
use crate::yaml::{Diagnostic, Diagnostics, Node, did_you_mean};

/// Any of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::diagnosis) struct Words(Vec<String>);

impl Words {
    /// Reads a word of `known` or a list of them; `what` names one in messages: "probe".
    pub(super) fn decode(
        node: &Node,
        what: &str,
        known: &[&str],
        problems: &mut Diagnostics,
    ) -> Option<Self> {
        any(node, problems, |item, problems| {
            word(item, what, known, problems).map(str::to_owned)
        })
        .map(Self)
    }

    /// Whether it is one of them.
    pub(super) fn has(&self, word: &str) -> bool {
        self.0.iter().any(|one| one == word)
    }

    /// Each of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether it has whatever `other` has.
    pub(super) fn cover(&self, other: &Self) -> bool {
        other.0.iter().all(|word| self.has(word))
    }
}

/// One word of a known list.
pub(super) fn word<'n>(
    node: &'n Node,
    what: &str,
    known: &[&str],
    problems: &mut Diagnostics,
) -> Option<&'n str> {
    let text = &*scalar(node, &format!("a {what}"), problems)?.text;
    if known.contains(&text) {
        return Some(text);
    }
    let hint = did_you_mean(text, known.iter().copied());
    problems.push(
        Diagnostic::error(span(node), format!("no {what} is called `{text}`{hint}"))
            .help(format!("there are {}", known.join(", "))),
    );
    None
}
