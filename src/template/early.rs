//! Filling at load.

use std::borrow::Cow;

use super::fill::{Filler, WhenLate};
use super::hole::{Part, has_holes, parse};
use super::scope::Scope;
use crate::yaml::{Diagnostics, Kind, Node, Sources, Span};

/// A tree after its early scalars were filled.
#[derive(Debug, Clone)]
pub struct Early<'n> {
    /// The tree; late scalars are [`Kind::Pending`]. Borrowed when nothing in it had to be filled.
    pub node: Cow<'n, Node>,
    /// Whether a scalar is late.
    pub late: bool,
    /// Whether a secret was filled in.
    pub secret: bool,
}

/// Fills every early scalar of a tree. Names that nobody has, values that cannot be had and scalars that do not parse
/// are errors at their place, and their scalars pending, so that the rest can still be checked.
pub fn fill_early<'n>(
    node: &'n Node,
    scope: &dyn Scope,
    sources: &Sources,
    problems: &mut Diagnostics,
) -> Early<'n> {
    let mut filler = Filler::new(scope, sources, WhenLate::Pending);
    let filled = filler.fill(node);
    for problem in filler.problems {
        problems.push(problem);
    }
    Early {
        node: filled.map_or(Cow::Borrowed(node), Cow::Owned),
        late: filler.late,
        secret: filler.secret,
    }
}

/// A name that a tree uses, and the scalar it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The whole dotted name.
    pub name: String,
    /// The scalar.
    pub span: Span,
}

/// Every name a tree uses, in the order written, each use once. Scalars that do not parse use nothing here: filling
/// them is an error.
pub fn uses(node: &Node) -> Vec<Use> {
    let mut found = Vec::new();
    let mut seen = std::collections::HashSet::new();
    collect(node, &mut found, &mut seen);
    found
}

fn collect(node: &Node, found: &mut Vec<Use>, seen: &mut std::collections::HashSet<*const Node>) {
    match &node.kind {
        Kind::Scalar(scalar) if !scalar.filled && has_holes(&scalar.text) => {
            for part in parse(&scalar.text).unwrap_or_default() {
                if let Part::Hole(hole) = part {
                    found.extend(hole.names().into_iter().map(|name| Use {
                        name: name.to_owned(),
                        span: node.span,
                    }));
                }
            }
        }
        Kind::Scalar(_) | Kind::Pending => {}
        Kind::Sequence(items) => items.iter().for_each(|item| collect(item, found, seen)),
        Kind::Mapping(entries) => entries
            .iter()
            .for_each(|entry| collect(&entry.value, found, seen)),
        Kind::Alias(target) => {
            if seen.insert(std::sync::Arc::as_ptr(target)) {
                collect(target, found, seen);
            }
        }
    }
}

#[cfg(test)]
mod tests;
