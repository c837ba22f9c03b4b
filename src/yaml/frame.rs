//! Lists and mappings whose end has not been read yet.

use std::collections::HashMap;
use std::sync::Arc;

use granit_parser::StructureStyle;

use super::{Diagnostic, Entry, FileId, Kind, Node, Span, Style, refused};

/// What a value amounts to with its aliases expanded.
#[derive(Clone, Copy, Default)]
pub(super) struct Weight {
    pub(super) nodes: u64,
    pub(super) bytes: u64,
    /// 0 for a scalar.
    pub(super) depth: usize,
}

pub(super) struct Frame {
    pub(super) start: u32,
    pub(super) anchor: usize,
    pub(super) weight: Weight,
    pub(super) content: Content,
}

pub(super) enum Content {
    /// Its items begin here.
    Sequence(usize),
    Mapping(OpenMapping),
}

pub(super) struct OpenMapping {
    pub(super) style: StructureStyle,
    /// Its entries begin here.
    pub(super) from: usize,
    /// The key whose value comes next.
    pub(super) key: Option<Key>,
    /// Which keys there are, once there are too many to look through.
    pub(super) index: Option<HashMap<Arc<str>, Span>>,
}

pub(super) struct Key {
    pub(super) text: Arc<str>,
    pub(super) span: Span,
    pub(super) is_plain: bool,
    /// Already complained about, or a merge key: the value is read and dropped.
    pub(super) is_dropped: bool,
}

/// What the open lists and mappings hold so far, the innermost last. So none of them grows by itself: most are small, and
/// each becomes exactly as large as it is.
#[derive(Default)]
pub(super) struct Held {
    pub(super) items: Vec<Node>,
    pub(super) entries: Vec<Entry>,
}

impl Frame {
    /// The complete value, which ends with the event at `end`, its anchor, and what it amounts to.
    pub(super) fn close(self, held: &mut Held, file: FileId, end: Span) -> (Node, usize, Weight) {
        let (kind, last) = match self.content {
            Content::Sequence(from) => {
                let items: Vec<Node> = held.items.drain(from..).collect();
                let last = items.last().map(|item| item.span.end);
                (Kind::Sequence(items), last)
            }
            Content::Mapping(OpenMapping { from, .. }) => {
                let entries: Vec<Entry> = held.entries.drain(from..).collect();
                let last = entries.last().map(|entry| entry.value.span.end);
                (Kind::Mapping(entries), last)
            }
        };
        // The end of a block is told at the next token, which may be pages away.
        let end = if end.start == end.end {
            last.unwrap_or(end.end)
        } else {
            end.end
        };
        let span = Span {
            file,
            start: self.start,
            end: end.max(self.start),
        };
        let weight = Weight {
            nodes: self.weight.nodes.saturating_add(1),
            bytes: self.weight.bytes,
            depth: self.weight.depth + 1,
        };
        (Node { span, kind }, self.anchor, weight)
    }
}

impl Weight {
    /// With something beside it: `deepest` of both.
    pub(super) fn add(&mut self, other: Self) {
        self.nodes = self.nodes.saturating_add(other.nodes);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.depth = self.depth.max(other.depth);
    }
}

impl OpenMapping {
    /// Where a key was defined before.
    pub(super) fn find(&self, held: &Held, key: &Arc<str>) -> Option<Span> {
        match &self.index {
            Some(index) => index.get(key).copied(),
            // Keys are interned, but a comparison of short texts is as fast as one of pointers.
            None => held.entries[self.from..]
                .iter()
                .find(|entry| entry.key == *key)
                .map(|entry| entry.key_span),
        }
    }

    /// Completes the entry whose key is waiting.
    pub(super) fn insert(&mut self, held: &mut Held, value: Node) -> Option<Diagnostic> {
        let key = self.key.take()?;
        if key.is_dropped {
            return None;
        }
        if self.style == StructureStyle::Flow
            && key.is_plain
            && is_empty(&value)
            && let Some((name, rest)) = key.text.split_once(':')
        {
            // Read as it was meant, so that no second complaint follows.
            let value = Node {
                span: key.span,
                kind: Kind::Pending,
            };
            self.push(
                held,
                Entry {
                    key: name.into(),
                    key_span: key.span,
                    value,
                },
            );
            return Some(refused::missing_space(name, rest, key.span));
        }
        self.push(
            held,
            Entry {
                key: key.text,
                key_span: key.span,
                value,
            },
        );
        None
    }

    fn push(&mut self, held: &mut Held, entry: Entry) {
        /// Up to here a look through all keys beats hashing.
        const FEW: usize = 16;
        if let Some(index) = &mut self.index {
            index.insert(entry.key.clone(), entry.key_span);
        } else if held.entries.len() - self.from >= FEW {
            let known = held.entries[self.from..]
                .iter()
                .map(|entry| (entry.key.clone(), entry.key_span));
            self.index = Some(known.chain([(entry.key.clone(), entry.key_span)]).collect());
        }
        held.entries.push(entry);
    }
}

/// Nothing, as written: not even `null`.
pub(super) fn is_empty(node: &Node) -> bool {
    node.as_scalar()
        .is_some_and(|scalar| scalar.style == Style::Plain && scalar.text.is_empty())
}
