//! SQLSTATEs, and classes of them.

use super::items::{any, scalar, span};
use crate::model::SqlState;
use crate::yaml::{Diagnostic, Diagnostics, Node};

/// Any of these: `53300`, or the beginning of some, `08*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::diagnosis) struct SqlStates(Vec<String>);

impl SqlStates {
    pub(super) fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        any(node, problems, |item, problems| {
            let text = &*scalar(item, "an SQLSTATE such as `\"53300\"`", problems)?.text;
            let is_part = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
            let is_right = match text.strip_suffix('*') {
                Some(stem) => (1..5).contains(&stem.len()) && stem.bytes().all(is_part),
                None => text.parse::<SqlState>().is_ok(),
            };
            if !is_right {
                let message = format!(
                    "`{text}` is no SQLSTATE: five digits and capital letters, or the beginning of some with `*`"
                );
                problems.push(Diagnostic::error(span(item), message));
                return None;
            }
            Some(text.to_owned())
        })
        .map(Self)
    }

    /// Whether none is only the beginning of some.
    pub(super) fn are_whole(&self) -> bool {
        self.0.iter().all(|pattern| !pattern.ends_with('*'))
    }

    /// Whether it meets whatever `other` meets.
    pub(super) fn cover(&self, other: &Self) -> bool {
        other.0.iter().all(|theirs| {
            self.0.iter().any(|mine| match mine.strip_suffix('*') {
                Some(stem) => theirs.trim_end_matches('*').starts_with(stem),
                None => mine == theirs,
            })
        })
    }

    pub(super) fn meet(&self, state: SqlState) -> bool {
        let state = state.as_str();
        self.0
            .iter()
            .any(|pattern| match pattern.strip_suffix('*') {
                Some(stem) => state.starts_with(stem),
                None => state == pattern,
            })
    }
}
