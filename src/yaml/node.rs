//! The tree: every node knows where it stands.

use std::sync::Arc;

use super::Span;

/// A value in a document, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it stands. For an alias, where it is used.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A scalar: resolved to null, a truth value, a number or text when somebody asks.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<Node>),
    /// A mapping, in the order written; keys are unique scalars.
    Mapping(Vec<Entry>),
    /// A use of an anchor, or the definition itself; shared, so that a bomb of aliases costs nothing. The definition is
    /// recognised by its span, which is its target's.
    Alias(Arc<Node>),
    /// A scalar whose value is only known later. It decodes as a stand-in of whatever type is asked for, so that keys
    /// and types around it are checked now.
    Pending,
}

/// One entry of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key's text.
    pub key: Arc<str>,
    /// Where the key stands.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

/// A scalar as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    /// Its text after YAML's own unquoting.
    pub text: Arc<str>,
    /// How it was written, which decides whether it may be a number.
    pub style: Style,
    /// Filled from a variable: text may then fill a number or truth value if it parses whole.
    pub filled: bool,
}

/// How a scalar was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Without quotes: null, truth values and numbers are recognised (YAML 1.2 core schema).
    Plain,
    /// In quotes or as a block: always text.
    Text,
}

impl Node {
    /// The node itself, or what its alias stands for.
    pub fn resolved(&self) -> &Self {
        let mut node = self;
        while let Kind::Alias(target) = &node.kind {
            node = target;
        }
        node
    }

    /// The scalar, if it is one.
    pub fn as_scalar(&self) -> Option<&Scalar> {
        match &self.resolved().kind {
            Kind::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The items, if it is a list.
    pub fn as_sequence(&self) -> Option<&[Self]> {
        match &self.resolved().kind {
            Kind::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// The entries, if it is a mapping.
    pub fn as_mapping(&self) -> Option<&[Entry]> {
        match &self.resolved().kind {
            Kind::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value of a key, if it is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_mapping()?
            .iter()
            .find(|entry| &*entry.key == key)
            .map(|entry| &entry.value)
    }
}
