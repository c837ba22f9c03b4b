//! `partial`: an order of some events.

use super::super::super::json_path::JsonPath;
use super::super::{Kind, Pairs, Which};
use super::{Decoder, PARTIAL, all, reader};
use crate::template::is_filled;
use crate::yaml::{Entry, Node};

impl Decoder {
    pub(super) fn partial(&mut self, entry: &Entry) {
        let example = "`partial` takes `before`, `pairs`, `once` and `last`: `{ once: [started], last: done }`";
        for inner in self
            .entries(&entry.value, "partial", example)
            .unwrap_or_default()
        {
            match reader(PARTIAL, &inner.key) {
                None => self.unknown(inner, "`partial`", all(PARTIAL)),
                Some(_) if self.is_blank(inner) => {}
                Some(read) => read(self, inner),
            }
        }
    }

    pub(super) fn all_before(&mut self, entry: &Entry) {
        let message = "`before` takes pairs of names: `[[started, done]]`";
        self.each_item(entry, message, Self::before);
    }

    pub(super) fn all_pairs(&mut self, entry: &Entry) {
        let message = "`pairs` takes a list: `[{ first: executing, then: completed, by: $.id }]`";
        self.each_item(entry, message, Self::pairs);
    }

    pub(super) fn last(&mut self, entry: &Entry) {
        let name = self.name(&entry.value);
        self.push(name.map(Kind::Last), entry.key_span);
    }

    fn before(&mut self, item: &Node) {
        let Some([first, then]) = item.as_sequence() else {
            self.error(
                item.span,
                "expected two names, the earlier one first: `[started, done]`; `\"*\"` is every other"
                    .to_owned(),
            );
            return;
        };
        let (first, then) = (self.which(first), self.which(then));
        let (Some(first), Some(then)) = (first, then) else {
            return;
        };
        let wrong = match (&first, &then) {
            (Which::Others, Which::Others) => Some("every other than what?".to_owned()),
            (Which::Named(name), _) if first == then && name.0.is_some() => {
                Some(format!("`{name}` cannot come before itself"))
            }
            _ => None,
        };
        match wrong {
            Some(message) => self.error(item.span, message),
            None => self.push(Some(Kind::Before(first, then)), item.span),
        }
    }

    fn which(&mut self, node: &Node) -> Option<Which> {
        let scalar = node.as_scalar().filter(|scalar| !scalar.filled);
        if scalar.is_some_and(|scalar| &*scalar.text == "*") {
            return Some(Which::Others);
        }
        self.name(node).map(Which::Named)
    }

    fn pairs(&mut self, item: &Node) {
        let example = "expected a pair: `{ first: executing, then: completed, by: $.id }`";
        let Some(entries) = self.entries(item, "pairs", example) else {
            return;
        };
        let (mut first, mut then, mut by) = (None, None, None);
        let mut is_wrong = false;
        for entry in entries {
            match &*entry.key {
                "first" | "then" | "by" if self.is_blank(entry) => is_wrong = true,
                "first" => {
                    first = self.name(&entry.value);
                    is_wrong |= first.is_none();
                }
                "then" => {
                    then = self.name(&entry.value);
                    is_wrong |= then.is_none();
                }
                "by" => {
                    by = self.path(entry);
                    is_wrong |= by.is_none();
                }
                _ => {
                    self.unknown(entry, "a pair", ["first", "then", "by"].into_iter());
                    is_wrong = true;
                }
            }
        }
        match (first, then) {
            _ if is_wrong => {}
            (Some(first), Some(then)) if first == then && first.0.is_some() => {
                let message = format!("`{first}` cannot be the `first` and the `then` of a pair");
                self.error(item.span, message);
            }
            (Some(first), Some(then)) => {
                let pairs = Pairs { first, then, by };
                self.push(Some(Kind::Pairs(pairs)), item.span);
            }
            _ => self.error(item.span, "a pair has a `first` and a `then`".to_owned()),
        }
    }

    /// What both of a pair have in common: one value, known at load.
    fn path(&mut self, entry: &Entry) -> Option<Box<JsonPath>> {
        let scalar = self.known(entry)?;
        let path = match JsonPath::parse(&scalar.text) {
            Ok(path) if path.is_singular() => return Some(Box::new(path)),
            Ok(path) => format!("`{path}` may find many, and a pair has one thing in common"),
            Err(message) => message,
        };
        self.error(entry.value.span, path);
        None
    }

    fn each_item(&mut self, entry: &Entry, message: &str, decode: fn(&mut Self, &Node)) {
        let written = entry
            .value
            .as_sequence()
            .filter(|_| !is_filled(&entry.value));
        match written {
            Some([]) => self.error(entry.value.span, format!("`{}` is empty", entry.key)),
            Some(items) => {
                for item in items {
                    decode(self, item);
                }
            }
            None => self.error(entry.value.span, message.to_owned()),
        }
    }
}
