//! From the tree to typed values, telling everything that is wrong and where.
//!
//! Serde stops at the first error. To tell the others too, a value that failed is from then on treated like one that is
//! only known later — it becomes a stand-in of whatever type is asked for — and the decoding starts over. Files without
//! mistakes are decoded once.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::ptr;

use serde::de::{DeserializeOwned, DeserializeSeed};

use super::decode_error::Error;
use super::deserializer::Decoder;
use super::suggest::{listed, nearest};
use super::words;
use super::{Diagnostic, Diagnostics, Entry, Kind, Node, Span};

/// So many rounds at most; each tells at least one more mistake.
const MAX_ROUNDS: usize = 200;
/// No further round after so many values: mistakes at the end of a huge value must not cost minutes.
const MAX_STEPS: usize = 3_000_000;

/// Decodes a node. `None` when something was wrong; the problems then say what, each at its place.
///
/// Keys that a struct does not know are errors, whether or not it says `deny_unknown_fields`.
pub fn decode<T: DeserializeOwned>(node: &Node, problems: &mut Diagnostics) -> Option<T> {
    let session = Session::new(node.span);
    let mut value = None;
    for _ in 0..MAX_ROUNDS {
        session.progressed.set(false);
        value = session.descend(node, std::marker::PhantomData::<T>).ok();
        if value.is_some() || !session.progressed.get() || session.steps.get() > MAX_STEPS {
            break;
        }
    }
    let told = session.problems.into_inner();
    let is_clean = told.is_empty();
    problems.extend(told);
    value.filter(|_| is_clean)
}

/// What is remembered from round to round.
pub(super) struct Session {
    problems: RefCell<Diagnostics>,
    /// Values already told to be wrong, by address: the tree does not move while it is decoded.
    failed: RefCell<HashSet<*const Node>>,
    /// Values for which not even a stand-in can be decoded.
    stuck: RefCell<HashSet<*const Node>>,
    /// Keys already told to be wrong.
    failed_keys: RefCell<HashSet<Span>>,
    /// Keys already told to be missing, by mapping.
    missing: RefCell<HashMap<*const Node, Vec<&'static str>>>,
    /// Keys that are there, misspelt: they are not missing as well.
    misspelt: RefCell<HashSet<(*const Node, &'static str)>>,
    /// The uses of aliases that led to the current value, outermost first.
    uses: RefCell<Vec<Span>>,
    /// Values looked at so far, in all rounds.
    steps: Cell<usize>,
    /// Whether this round told something new.
    progressed: Cell<bool>,
    /// The value of a key that is missing.
    stand_in: Node,
}

impl Session {
    fn new(span: Span) -> Self {
        Self {
            problems: RefCell::default(),
            failed: RefCell::default(),
            stuck: RefCell::default(),
            failed_keys: RefCell::default(),
            missing: RefCell::default(),
            misspelt: RefCell::default(),
            uses: RefCell::default(),
            steps: Cell::new(0),
            progressed: Cell::new(false),
            stand_in: Node {
                span,
                kind: Kind::Pending,
            },
        }
    }

    /// Decodes one value; an error that comes out has been told.
    pub(super) fn descend<'n, S: DeserializeSeed<'n>>(
        &'n self,
        node: &'n Node,
        seed: S,
    ) -> Result<S::Value, Error> {
        self.descend_with(node, |decoder| seed.deserialize(decoder))
    }

    /// The same for what is not a seed.
    pub(super) fn descend_with<'n, T>(
        &'n self,
        node: &'n Node,
        decode: impl FnOnce(Decoder<'n>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.steps.set(self.steps.get() + 1);
        let target = node.resolved();
        // The definition shares its node too, and is not a use of it.
        let is_use = matches!(node.kind, Kind::Alias(_)) && node.span != target.span;
        if is_use {
            self.uses.borrow_mut().push(node.span);
        }
        let decoded = decode(Decoder {
            node: target,
            session: self,
        })
        .map_err(|error| self.tell(target, error));
        if is_use {
            self.uses.borrow_mut().pop();
        }
        decoded
    }

    /// Whether the value is replaced by a stand-in, silently.
    pub(super) fn has_failed(&self, node: &Node) -> bool {
        ptr::eq(node, &raw const self.stand_in)
            || self.failed.borrow().contains(&ptr::from_ref(node))
    }

    /// Whether the value is to be passed over.
    pub(super) fn is_stuck(&self, node: &Node) -> bool {
        self.stuck
            .borrow()
            .contains(&ptr::from_ref(node.resolved()))
    }

    /// The keys to add to a mapping so that decoding can go on.
    pub(super) fn missing(&self, mapping: &Node) -> Vec<&'static str> {
        self.missing
            .borrow()
            .get(&ptr::from_ref(mapping))
            .cloned()
            .unwrap_or_default()
    }

    pub(super) fn stand_in(&self) -> &Node {
        &self.stand_in
    }

    pub(super) fn has_failed_key(&self, entry: &Entry) -> bool {
        self.failed_keys.borrow().contains(&entry.key_span)
    }

    /// Tells of an error that no place was found for yet: it belongs to this value.
    fn tell(&self, node: &Node, error: Error) -> Error {
        if matches!(error, Error::Told) {
            return error;
        }
        let is_silent = self.has_failed(node);
        if let Error::Missing(key) = error {
            let mut missing = self.missing.borrow_mut();
            let keys = missing.entry(ptr::from_ref(node)).or_default();
            if !keys.contains(&key) {
                keys.push(key);
                self.progressed.set(true);
                // One that is there was passed over because it is wrong.
                let is_known = is_silent || node.get(key).is_some();
                if !is_known && !self.misspelt.borrow().contains(&(ptr::from_ref(node), key)) {
                    self.push(Diagnostic::error(node.span, format!("missing key `{key}`")));
                }
                return Error::Told;
            }
        }
        if is_silent {
            // Not even a stand-in is good enough. From now on lists and mappings pass it over; if that does not help
            // either, what holds this value cannot be decoded.
            if ptr::eq(node, &raw const self.stand_in)
                || !self.stuck.borrow_mut().insert(ptr::from_ref(node))
            {
                return Error::Stuck;
            }
            self.progressed.set(true);
            return Error::Told;
        }
        self.failed.borrow_mut().insert(ptr::from_ref(node));
        self.progressed.set(true);
        if let Some(problem) = explain(node, error) {
            self.push(problem);
        }
        Error::Told
    }

    /// Tells of an error in a key.
    pub(super) fn tell_key(&self, span: Span, error: Error) -> Error {
        if !self.failed_keys.borrow_mut().insert(span) {
            return Error::Stuck;
        }
        self.progressed.set(true);
        match error {
            Error::UnknownVariant(..) | Error::UnknownKey(..) => {
                let (word, expected) = error.unknown_word();
                self.push(unknown(span, "key", word, expected));
            }
            Error::At(problem) => self.push(*problem),
            Error::Other(message) => self.push(Diagnostic::error(span, message)),
            Error::Expected(what) => self.push(Diagnostic::error(
                span,
                format!("expected the key to be {what}"),
            )),
            Error::Missing(key) => {
                self.push(Diagnostic::error(span, format!("missing key `{key}`")));
            }
            Error::Told | Error::Stuck => {}
        }
        Error::Told
    }

    /// Tells of a key that a struct does not know. Decoding goes on without it.
    pub(super) fn tell_unknown_key(
        &self,
        mapping: &Node,
        entry: &Entry,
        fields: &'static [&'static str],
    ) {
        // A mapping with thousands of them is something else than what was expected.
        let mut failed = self.failed_keys.borrow_mut();
        if failed.len() >= MAX_ROUNDS || !failed.insert(entry.key_span) {
            return;
        }
        self.push(unknown(entry.key_span, "key", &entry.key, fields));
        // What it most likely means need not be told to be missing as well.
        if let Some(meant) = nearest(&entry.key, fields.iter().copied())
            && mapping.get(meant).is_none()
        {
            self.misspelt
                .borrow_mut()
                .insert((ptr::from_ref(mapping), meant));
        }
    }

    fn push(&self, mut problem: Diagnostic) {
        for used in self.uses.borrow().iter().rev().take(3) {
            problem.related.push((*used, "used here".to_owned()));
        }
        self.problems.borrow_mut().push(problem);
    }
}

/// Words for an error that belongs to a value.
fn explain(node: &Node, error: Error) -> Option<Diagnostic> {
    let is_filled = node.as_scalar().is_some_and(|scalar| scalar.filled);
    match error {
        Error::Told | Error::Stuck | Error::Missing(_) => None,
        Error::At(problem) => Some(*problem),
        Error::Expected(what) => {
            let message = format!("found {}, expected {what}", words::found(node));
            let mut problem = Diagnostic::error(node.span, message);
            problem.help.extend(words::hint(node, &what));
            Some(problem)
        }
        Error::Other(message) => Some(Diagnostic::error(node.span, without_value(node, message))),
        Error::UnknownVariant(_, expected) | Error::UnknownKey(_, expected) if is_filled => {
            let message = "the value filled in from a variable is none of those known here";
            Some(
                Diagnostic::error(node.span, message)
                    .help(format!("expected {}", listed(expected.iter().copied()))),
            )
        }
        Error::UnknownVariant(word, expected) | Error::UnknownKey(word, expected) => {
            Some(unknown(node.span, "value", &word, expected))
        }
    }
}

/// A value from a variable may be a secret, and a shortened one would slip through the mask.
fn without_value(node: &Node, message: String) -> String {
    match node.as_scalar() {
        Some(scalar) if scalar.filled => message.replace(
            &format!("`{}`", words::shown(&scalar.text)),
            "the value filled in",
        ),
        _ => message,
    }
}

/// "unknown key `stauts`; did you mean `status`?", and the right ones.
pub(super) fn unknown(span: Span, what: &str, word: &str, expected: &[&str]) -> Diagnostic {
    let word_shown = words::shown(word);
    let meant = nearest(word, expected.iter().copied());
    let problem = match meant {
        Some(meant) => Diagnostic::error(
            span,
            format!("unknown {what} `{word_shown}`; did you mean `{meant}`?"),
        ),
        None => Diagnostic::error(span, format!("unknown {what} `{word_shown}`")),
    };
    match expected {
        // The beginning of a long list says nothing that the right word has not said.
        _ if meant.is_some() && expected.len() > 12 => problem,
        [] => problem.help(format!("no {what} is expected here")),
        _ => problem.help(format!("expected {}", listed(expected.iter().copied()))),
    }
}

#[cfg(test)]
mod tests;
