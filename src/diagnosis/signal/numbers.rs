//! Numbers, ranges of them, and names for them.

use std::ops::RangeInclusive;

use super::items::{any, scalar, span};
use super::quantity::Quantity;
use crate::yaml::{Diagnostic, Diagnostics, Fields, Kind, Node, Resolved, did_you_mean};

/// Any of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::diagnosis) struct Numbers(Vec<RangeInclusive<i64>>);

impl Numbers {
    /// Reads a number, a name, `{ from: 500, to: 599 }`, or a list of them.
    pub(super) fn decode(
        node: &Node,
        quantity: Quantity,
        problems: &mut Diagnostics,
    ) -> Option<Self> {
        any(node, problems, |item, problems| {
            range(item, quantity, problems)
        })
        .map(Self)
    }

    pub(super) fn have(&self, number: i64) -> bool {
        self.0.iter().any(|range| range.contains(&number))
    }

    /// Whether no range has more than one.
    pub(super) fn are_single(&self) -> bool {
        self.0.iter().all(|range| range.start() == range.end())
    }

    /// Whether each range of `other` lies in one of its own.
    pub(super) fn cover(&self, other: &Self) -> bool {
        let is_in = |range: &RangeInclusive<i64>| {
            let mut mine = self.0.iter();
            mine.any(|one| one.start() <= range.start() && range.end() <= one.end())
        };
        other.0.iter().all(is_in)
    }
}

fn range(
    node: &Node,
    quantity: Quantity,
    problems: &mut Diagnostics,
) -> Option<RangeInclusive<i64>> {
    if !matches!(node.resolved().kind, Kind::Mapping(_)) {
        let one = number(node, quantity, problems)?;
        return Some(one..=one);
    }
    let fields = Fields::of(node, "range", &["from", "to"], problems)?;
    let from = fields.required("from", problems);
    let to = fields.required("to", problems);
    let from = number(from?, quantity, problems);
    let (from, to) = (from?, number(to?, quantity, problems)?);
    if from > to {
        problems.push(Diagnostic::error(
            span(node),
            format!("no number is from {from} to {to}"),
        ));
        return None;
    }
    Some(from..=to)
}

fn number(node: &Node, quantity: Quantity, problems: &mut Diagnostics) -> Option<i64> {
    let key = quantity.key();
    let scalar = scalar(node, &format!("a number for `{key}`"), problems)?;
    let allowed = quantity.allowed();
    let message = if let Resolved::Int(number) = scalar.resolve() {
        match i64::try_from(number) {
            Ok(number) if allowed.contains(&number) => return Some(number),
            _ => format!(
                "`{key}` is a number from {} to {}, and not {number}",
                allowed.start(),
                allowed.end()
            ),
        }
    } else {
        let names = quantity.names();
        if let Some((_, number)) = names.iter().find(|(name, _)| *name == &*scalar.text) {
            return Some(*number);
        }
        let hint = did_you_mean(&scalar.text, names.iter().map(|(name, _)| *name));
        let wanted = if names.is_empty() {
            "a number"
        } else {
            "a number or a name"
        };
        format!("`{}` is no `{key}`: expected {wanted}{hint}", scalar.text)
    };
    problems.push(Diagnostic::error(span(node), message));
    None
}
