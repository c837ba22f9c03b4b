//! Walks a tree and fills its scalars from a scope. Early and late filling differ only in what a late name means.

use std::collections::HashMap;
use std::sync::Arc;

use super::filter::article;
use super::hole::{Hole, Part, Source, has_holes, parse};
use super::scope::Scope;
use super::text::{plain_number, text_of};
use crate::model::Value;
use crate::yaml::{Diagnostic, Entry, Kind, Node, Scalar, Sources, Span, Style, written_duration};

/// Whether this node is a list or a mapping that came out of a variable as a whole.
///
/// What reads structure (matchers, expectations) takes such a node as a plain value: a list or mapping that a server
/// answered must never be read as a matcher.
pub fn is_filled(node: &Node) -> bool {
    match &node.kind {
        // Such structures hang behind two aliases to their own place. What has an anchor hangs behind one, where it is
        // written, and an alias that is written stands elsewhere than its anchor.
        Kind::Alias(target) if target.span == node.span => match &target.kind {
            Kind::Alias(_) => true,
            Kind::Scalar(scalar) => scalar.filled,
            Kind::Sequence(_) | Kind::Mapping(_) | Kind::Pending => false,
        },
        Kind::Scalar(scalar) => scalar.filled,
        Kind::Alias(_) | Kind::Sequence(_) | Kind::Mapping(_) | Kind::Pending => false,
    }
}

/// What a late name means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WhenLate {
    /// Its scalar is pending.
    Pending,
    /// It should have a value by now.
    Wrong,
}

/// One walk.
pub(super) struct Filler<'s> {
    pub(super) scope: &'s dyn Scope,
    sources: &'s Sources,
    pub(super) when_late: WhenLate,
    /// What went wrong, in the order of the document.
    pub(super) problems: Vec<Diagnostic>,
    /// Whether a late scalar was met.
    pub(super) late: bool,
    /// Whether a secret was filled in.
    pub(super) secret: bool,
    /// Anchored trees that were seen, so that a thousand uses are filled (and complained about) once.
    seen: HashMap<*const Node, Option<Arc<Node>>>,
}

impl<'s> Filler<'s> {
    pub(super) fn new(scope: &'s dyn Scope, sources: &'s Sources, when_late: WhenLate) -> Self {
        Self {
            scope,
            sources,
            when_late,
            problems: Vec::new(),
            late: false,
            secret: false,
            seen: HashMap::new(),
        }
    }

    /// The tree with its scalars filled; `None` when nothing in it had to change.
    pub(super) fn fill(&mut self, node: &Node) -> Option<Node> {
        let kind = match &node.kind {
            Kind::Scalar(scalar) => self.scalar(scalar, node.span)?,
            Kind::Sequence(items) => Kind::Sequence(self.all(items, |item| item)?),
            Kind::Mapping(entries) => {
                for entry in entries {
                    self.key(entry);
                }
                let values = self.all(entries, |entry| &entry.value)?;
                let fill = |(entry, value): (&Entry, Node)| Entry {
                    key: entry.key.clone(),
                    key_span: entry.key_span,
                    value,
                };
                Kind::Mapping(entries.iter().zip(values).map(fill).collect())
            }
            Kind::Alias(_) if is_filled(node) => return None,
            Kind::Alias(target) => Kind::Alias(self.alias(target)?),
            Kind::Pending => {
                self.late = true;
                if self.when_late == WhenLate::Wrong {
                    self.problems.push(Diagnostic::error(
                        node.span,
                        "was never filled, because the tree was loaded without it",
                    ));
                }
                return None;
            }
        };
        Some(Node {
            span: node.span,
            kind,
        })
    }

    /// Fills all children; `None` when none of them changed, so that nothing is copied.
    fn all<T>(&mut self, children: &[T], node: impl Fn(&T) -> &Node) -> Option<Vec<Node>> {
        let mut filled: Option<Vec<Node>> = None;
        for (at, child) in children.iter().enumerate() {
            let changed = self.fill(node(child));
            if changed.is_none() && filled.is_none() {
                continue;
            }
            let filled = filled.get_or_insert_with(|| {
                let mut filled = Vec::with_capacity(children.len());
                filled.extend(children[..at].iter().map(|child| node(child).clone()));
                filled
            });
            filled.push(changed.unwrap_or_else(|| node(child).clone()));
        }
        filled
    }

    fn alias(&mut self, target: &Arc<Node>) -> Option<Arc<Node>> {
        let key = Arc::as_ptr(target);
        if let Some(known) = self.seen.get(&key) {
            return known.clone();
        }
        let filled = self.fill(target).map(Arc::new);
        self.seen.insert(key, filled.clone());
        filled
    }

    fn key(&mut self, entry: &Entry) {
        if has_holes(&entry.key) {
            self.problems.push(
                Diagnostic::error(
                    entry.key_span,
                    format!("the key `{}` is not filled", entry.key),
                )
                .help(
                    "only values are filled: a variable must not change the document's structure",
                ),
            );
        }
    }

    fn scalar(&mut self, scalar: &Scalar, span: Span) -> Option<Kind> {
        // What came out of a variable is never looked at again.
        if scalar.filled || !has_holes(&scalar.text) {
            return None;
        }
        let parts = match parse(&scalar.text) {
            Ok(parts) => parts,
            Err(wrong) => {
                let at = self.sources.inside(scalar, span, &wrong.range);
                self.problems.push(Diagnostic::error(at, wrong.message));
                return Some(Kind::Pending);
            }
        };
        if let [Part::Hole(hole)] = parts.as_slice() {
            return Some(match self.resolve(hole, scalar, span) {
                Some(value) => kind_of(&value, span),
                None => Kind::Pending,
            });
        }
        // Every hole is resolved even when one is late or wrong: all mistakes of a scalar are told at once.
        let mut text = String::new();
        let mut is_whole = true;
        for part in &parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Hole(hole) => match self.resolve(hole, scalar, span) {
                    Some(value) => {
                        if let Some(piece) = text_of(&value) {
                            text.push_str(&piece);
                        } else {
                            is_whole = false;
                            self.no_text(hole, &value, scalar, span);
                        }
                    }
                    None => is_whole = false,
                },
            }
        }
        Some(if is_whole {
            filled_text(&text)
        } else {
            Kind::Pending
        })
    }

    /// The value of a hole; `None` when it is late or wrong.
    fn resolve(&mut self, hole: &Hole, scalar: &Scalar, span: Span) -> Option<Value> {
        self.meant(hole).unwrap_or_else(|wrongs| {
            for wrong in wrongs {
                let range = wrong.range.as_ref().unwrap_or(&hole.range);
                let at = self.sources.inside(scalar, span, range);
                let problem = Diagnostic::error(at, wrong.message);
                self.problems.push(match wrong.help {
                    Some(help) => problem.help(help),
                    None => problem,
                });
            }
            None
        })
    }

    fn no_text(&mut self, hole: &Hole, value: &Value, scalar: &Scalar, span: Span) {
        // What a function makes is text.
        let Source::Name(name) = &hole.source else {
            return;
        };
        let at = self.sources.inside(scalar, span, &hole.range);
        self.problems.push(
            Diagnostic::error(at, format!("`{name}` is {} and has no text", article(value))).help(
                format!("a scalar that is exactly `${{{name}}}` takes it as it is; `${{{name} | json}}` is its text"),
            ),
        );
    }
}

/// What a scalar that is exactly one hole becomes.
fn kind_of(value: &Value, span: Span) -> Kind {
    let plain = |text: String| {
        Kind::Scalar(Scalar {
            text: text.into(),
            style: Style::Plain,
            filled: true,
        })
    };
    let node = |value: &Value| Node {
        span,
        kind: kind_of(value, span),
    };
    match value {
        Value::Null => plain("null".to_owned()),
        Value::Bool(bool) => plain(bool.to_string()),
        Value::Number(number) => plain(plain_number(number)),
        Value::Text(text) | Value::Untyped(text) => filled_text(text),
        Value::Duration(duration) => filled_text(&written_duration(*duration)),
        Value::List(items) => {
            behind_aliases(Kind::Sequence(items.iter().map(node).collect()), span)
        }
        Value::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| Entry {
                key: key.as_str().into(),
                key_span: span,
                value: node(value),
            });
            behind_aliases(Kind::Mapping(entries.collect()), span)
        }
    }
}

/// See [`is_filled`].
fn behind_aliases(kind: Kind, span: Span) -> Kind {
    let alias = |kind| Kind::Alias(Arc::new(Node { span, kind }));
    alias(alias(kind))
}

fn filled_text(text: &str) -> Kind {
    Kind::Scalar(Scalar {
        text: text.into(),
        style: Style::Text,
        filled: true,
    })
}
