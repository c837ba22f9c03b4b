//! The names of events, one or a list of them.

use std::collections::HashSet;

use super::super::{Kind, Name};
use super::Decoder;
use crate::yaml::{Entry, Kind as Yaml, Node};

/// Whether a name may stand in a list twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeated {
    Yes,
    No,
}

impl Decoder {
    /// A rule about a list of names.
    pub(super) fn list(&mut self, entry: &Entry, repeated: Repeated, kind: fn(Vec<Name>) -> Kind) {
        let names = self.names(entry, repeated);
        self.push(names.map(kind), entry.key_span);
    }

    /// A list of names that has some. As a whole it may come from a variable.
    pub(super) fn names(&mut self, entry: &Entry, repeated: Repeated) -> Option<Vec<Name>> {
        let key = &entry.key;
        let items = match &entry.value.resolved().kind {
            Yaml::Pending => return Some(vec![Name(None)]),
            Yaml::Sequence(items) if !items.is_empty() => items,
            Yaml::Sequence(_) => {
                self.error(
                    entry.value.span,
                    format!("`{key}` is empty: it names no event"),
                );
                return None;
            }
            _ => {
                let message = format!("`{key}` takes a list of names: `{key}: [started, done]`");
                self.error(entry.value.span, message);
                return None;
            }
        };
        let mut names: Vec<Name> = Vec::with_capacity(items.len());
        let mut is_wrong = false;
        let mut known = HashSet::new();
        for item in items {
            let Some(name) = self.name(item) else {
                is_wrong = true;
                continue;
            };
            if repeated == Repeated::No && name.0.is_some() && !known.insert(name.clone()) {
                is_wrong = true;
                self.error(item.span, format!("`{name}` stands twice in `{key}`"));
            }
            names.push(name);
        }
        (!is_wrong).then_some(names)
    }

    /// The name of an event.
    pub(super) fn name(&mut self, node: &Node) -> Option<Name> {
        let message = match &node.resolved().kind {
            Yaml::Pending => return Some(Name(None)),
            Yaml::Scalar(scalar) if !scalar.filled && &*scalar.text == "*" => {
                "`*` is every other event, and stands only in `before`"
            }
            Yaml::Scalar(scalar) if !scalar.text.is_empty() => {
                return Some(Name::known(&scalar.text));
            }
            _ => "expected the name of an event",
        };
        self.error(node.span, message.to_owned());
        None
    }

    /// Whether a key can be the name of an event.
    pub(super) fn is_name(&mut self, entry: &Entry) -> bool {
        let message = match &*entry.key {
            "" => "expected the name of an event",
            "*" => "`*` is every event: how many come in all is `count`",
            _ => return true,
        };
        self.error(entry.key_span, message.to_owned());
        false
    }
}
