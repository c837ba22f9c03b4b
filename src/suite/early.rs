//! Keys of suites whose values must be known before anything runs.

use std::borrow::Cow;

use super::scope::StepScope;
use crate::template::{self, Lookup, Scope};
use crate::yaml::{
    Diagnostic, Diagnostics, Entry, Fields, Kind, Node, Scalar, Sources, Span, Style,
};

/// Fills a value at load; a name that is only known while the test runs (a capture, `attempt`) is an error.
///
/// `check` and `list` start no environment: what they do not know yet but a run would know stays pending, and decodes as a
/// stand-in.
pub(super) fn fill<'n>(
    key: &str,
    node: &'n Node,
    scope: &StepScope,
    sources: &Sources,
    problems: &mut Diagnostics,
) -> Option<Cow<'n, Node>> {
    let filled = template::fill_early(node, scope, sources, problems);
    if !filled.late {
        return Some(filled.node);
    }
    let mut is_known = true;
    for used in template::uses(node) {
        if scope.lookup(&used.name) == Lookup::Late && !scope.is_known_in_a_run(&used.name) {
            is_known = false;
            problems.push(
                Diagnostic::error(
                    used.span,
                    format!("`{}` has no value yet where `{key}` is read", used.name),
                )
                .help(format!(
                    "`{key}` is read before the test runs: it can use variables of the target, not captures, sessions or `attempt`"
                )),
            );
        }
    }
    is_known.then_some(filled.node)
}

/// The same for texts: what only a run knows stays as written, `${api}`.
pub(super) fn fill_text<'n>(
    key: &str,
    node: &'n Node,
    scope: &StepScope,
    sources: &Sources,
    problems: &mut Diagnostics,
) -> Option<Cow<'n, Node>> {
    let filled = fill(key, node, scope, sources, problems)?;
    if is_complete(&filled) {
        return Some(filled);
    }
    Some(Cow::Owned(as_written(&filled, node)))
}

/// Fields whose scalars are filled at load; a late name in them is an error.
pub(super) struct EarlyFields<'f, 'n> {
    pub(super) fields: &'f Fields<'n>,
    pub(super) scope: &'f StepScope,
    pub(super) sources: &'f Sources,
    pub(super) problems: &'f mut Diagnostics,
}

impl<'n> EarlyFields<'_, 'n> {
    pub(super) fn node(&mut self, key: &str) -> Option<Cow<'n, Node>> {
        let node = self.fields.get(key)?;
        fill(key, node, self.scope, self.sources, self.problems)
    }

    /// The same for what is text throughout.
    pub(super) fn texts(&mut self, key: &str) -> Option<Cow<'n, Node>> {
        let node = self.fields.get(key)?;
        fill_text(key, node, self.scope, self.sources, self.problems)
    }

    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        let node = self.texts(key)?;
        let text = node.as_scalar().map(|scalar| scalar.text.to_string());
        if text.is_none() {
            let message = format!("expected `{key}` to be text");
            self.problems.push(Diagnostic::error(node.span, message));
        }
        text
    }
}

/// Whether nothing in it is pending.
pub(super) fn is_complete(node: &Node) -> bool {
    match &node.kind {
        Kind::Pending => false,
        Kind::Scalar(_) => true,
        Kind::Sequence(items) => items.iter().all(is_complete),
        Kind::Mapping(entries) => entries.iter().all(|entry| is_complete(&entry.value)),
        Kind::Alias(target) => is_complete(target),
    }
}

/// The filled tree with the written text where a scalar is pending.
fn as_written(filled: &Node, written: &Node) -> Node {
    let kind = match (&filled.resolved().kind, &written.resolved().kind) {
        (Kind::Pending, Kind::Scalar(scalar)) => Kind::Scalar(Scalar {
            text: scalar.text.clone(),
            style: Style::Text,
            filled: true,
        }),
        (Kind::Mapping(filled), Kind::Mapping(written)) => {
            let pairs = filled.iter().zip(written);
            let entry = |(filled, written): (&Entry, &Entry)| Entry {
                key: filled.key.clone(),
                key_span: filled.key_span,
                value: as_written(&filled.value, &written.value),
            };
            Kind::Mapping(pairs.map(entry).collect())
        }
        (Kind::Sequence(filled), Kind::Sequence(written)) => {
            let pairs = filled.iter().zip(written);
            Kind::Sequence(
                pairs
                    .map(|(filled, written)| as_written(filled, written))
                    .collect(),
            )
        }
        (other, _) => other.clone(),
    };
    Node {
        span: filled.span,
        kind,
    }
}

/// The place of some bytes of a scalar's text, as near as it is known.
pub(super) fn inside(node: &Node, bytes: std::ops::Range<usize>, sources: &Sources) -> Span {
    let node = node.resolved();
    match node.as_scalar() {
        Some(scalar) => sources.inside(scalar, node.span, &bytes),
        None => node.span,
    }
}
