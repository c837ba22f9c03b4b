//! A value, or a list of values any of which will do.

use crate::yaml::{Diagnostic, Diagnostics, Kind, Node, Scalar, Span};

/// Each of the items decoded by `read`, which tells what is wrong with one. An empty list is a mistake: nothing would match.
pub(super) fn any<T>(
    node: &Node,
    problems: &mut Diagnostics,
    mut read: impl FnMut(&Node, &mut Diagnostics) -> Option<T>,
) -> Option<Vec<T>> {
    let items = node.as_sequence().unwrap_or(std::slice::from_ref(node));
    if items.is_empty() {
        problems.push(Diagnostic::error(
            span(node),
            "an empty list matches nothing",
        ));
        return None;
    }
    // All of them, so that all mistakes are told.
    let read: Vec<Option<T>> = items.iter().map(|item| read(item, problems)).collect();
    read.into_iter().collect()
}

/// The text of a scalar.
pub(super) fn scalar<'n>(
    node: &'n Node,
    wanted: &str,
    problems: &mut Diagnostics,
) -> Option<&'n Scalar> {
    let scalar = node.as_scalar();
    if scalar.is_none() {
        let message = format!("found {}, expected {wanted}", kind(node));
        problems.push(Diagnostic::error(span(node), message));
    }
    scalar
}

/// Where it stands, through an alias.
pub(super) fn span(node: &Node) -> Span {
    node.resolved().span
}

/// What stands there, as it is written, in one line.
pub(super) fn written(node: &Node) -> String {
    match &node.resolved().kind {
        Kind::Scalar(scalar) => scalar.text.to_string(),
        Kind::Sequence(items) => items.iter().map(written).collect::<Vec<_>>().join(", "),
        Kind::Mapping(entries) => {
            let entry =
                |entry: &crate::yaml::Entry| format!("{}: {}", entry.key, written(&entry.value));
            entries.iter().map(entry).collect::<Vec<_>>().join(", ")
        }
        Kind::Alias(_) | Kind::Pending => String::new(),
    }
}

fn kind(node: &Node) -> &'static str {
    match node.resolved().kind {
        Kind::Sequence(_) => "a list",
        Kind::Mapping(_) => "a mapping",
        Kind::Scalar(_) | Kind::Alias(_) | Kind::Pending => "a value",
    }
}
