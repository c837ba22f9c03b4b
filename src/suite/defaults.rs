//! `defaults:` of a project or a suite file: what its tests inherit.

use std::time::Duration;

use crate::model::Connections;
use crate::yaml::{Diagnostic, Diagnostics, Fields, Node, NonZeroDuration};

/// What tests inherit where they say nothing themselves.
#[derive(Debug, Clone, Default)]
pub struct Defaults {
    /// Of one attempt.
    pub timeout: Option<Duration>,
    /// Who answers.
    pub owner: Option<String>,
    /// Added to a test's own tags.
    pub tags: Vec<String>,
    /// Whether attempts connect anew.
    pub connections: Option<Connections>,
}

impl Defaults {
    /// The keys there are.
    pub(super) const KEYS: &'static [&'static str] = &["timeout", "owner", "tags", "connections"];

    /// Reads the mapping.
    pub(super) fn decode(node: &Node, problems: &mut Diagnostics) -> Self {
        let Some(fields) = Fields::of(node, "mapping of defaults", Self::KEYS, problems) else {
            return Self::default();
        };
        Self {
            timeout: fields
                .get("timeout")
                .and_then(|node| timeout(node, problems)),
            owner: fields.text("owner", problems).map(str::to_owned),
            tags: fields
                .get("tags")
                .map(|node| tags(node, problems))
                .unwrap_or_default(),
            connections: fields
                .get("connections")
                .and_then(|node| connections(node, problems)),
        }
    }

    /// These, and where they are silent, `beneath`; tags add up.
    #[must_use]
    pub(super) fn over(self, beneath: &Self) -> Self {
        let mut all = beneath.tags.clone();
        all.extend(
            self.tags
                .into_iter()
                .filter(|tag| !beneath.tags.contains(tag)),
        );
        Self {
            timeout: self.timeout.or(beneath.timeout),
            owner: self.owner.or_else(|| beneath.owner.clone()),
            tags: all,
            connections: self.connections.or(beneath.connections),
        }
    }
}

/// A length of time above zero.
pub(super) fn timeout(node: &Node, problems: &mut Diagnostics) -> Option<Duration> {
    if node.as_mapping().is_some() {
        problems.push(
            Diagnostic::error(
                node.span,
                "expected one duration, such as `10s`: nothing here grows with what it waits for",
            )
            .help(
                "name a budget in the target, `budgets: { NAME: 75s }`, and write `${budget.NAME}`",
            ),
        );
        return None;
    }
    crate::yaml::decode::<NonZeroDuration>(node, problems).map(NonZeroDuration::get)
}

/// A list of tags: `[a-z0-9_.-]`, so that a `--tag` expression can name each.
pub(super) fn tags(node: &Node, problems: &mut Diagnostics) -> Vec<String> {
    let Some(items) = node.as_sequence() else {
        problems.push(
            Diagnostic::error(node.span, "expected a list of tags")
                .help("write `tags: [slow, network]`"),
        );
        return Vec::new();
    };
    let mut tags = Vec::new();
    for item in items {
        let text = item
            .as_scalar()
            .map(|scalar| &*scalar.text)
            .unwrap_or_default();
        let is_word = text
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.'));
        if text.is_empty() || !is_word {
            problems.push(Diagnostic::error(
                item.span,
                "a tag is a word of a-z, 0-9, `_`, `-` and `.`",
            ));
        } else if matches!(text, "and" | "or" | "not" | "critical") {
            problems.push(Diagnostic::error(
                item.span,
                format!("`{text}` has a meaning of its own in `--tag`"),
            ));
        } else {
            tags.push(text.to_owned());
        }
    }
    tags
}

/// `fresh` or `reuse`.
pub(super) fn connections(node: &Node, problems: &mut Diagnostics) -> Option<Connections> {
    match node.as_scalar().map(|scalar| &*scalar.text) {
        Some("fresh") => Some(Connections::Fresh),
        Some("reuse") => Some(Connections::Reuse),
        _ => {
            problems.push(Diagnostic::error(node.span, "expected `fresh` or `reuse`"));
            None
        }
    }
}

/// A truth value under a key; absent is `false`.
pub(super) fn switch(fields: &Fields<'_>, key: &str, problems: &mut Diagnostics) -> bool {
    fields.decode::<bool>(key, problems).unwrap_or(false)
}
