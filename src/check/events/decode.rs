//! From YAML to rules: every mistake at its place, all at once.

mod limits;
mod names;
mod partial;
mod subject;

use self::names::Repeated;
use super::super::json_path::JsonPath;
use super::super::literal::is_blank;
use super::super::matcher::Matcher;
use super::contradiction;
use super::{Key, Kind, Measure, Name, Only, Rule, Rules};
use crate::template::{is_filled, place};
use crate::yaml::{
    Diagnostic, Diagnostics, Entry, Kind as Yaml, Node, Scalar, Sources, Span, did_you_mean,
};

/// Keys, and how what stands there is read.
type Keys = [(&'static str, fn(&mut Decoder, &Entry))];

/// Every key of `events`.
const KEYS: &Keys = &[
    ("key", Decoder::key),
    ("only", Decoder::only),
    ("unnamed", Decoder::unnamed),
    ("ignore", Decoder::ignore),
    ("strict", |d, entry| {
        d.list(entry, Repeated::Yes, Kind::Strict);
    }),
    ("subsequence", |d, entry| {
        d.list(entry, Repeated::Yes, Kind::Subsequence);
    }),
    ("any_order", |d, entry| {
        d.list(entry, Repeated::Yes, Kind::AnyOrder);
    }),
    ("partial", Decoder::partial),
    ("counts", Decoder::counts),
    ("count", Decoder::count),
    ("forbidden", |d, entry| {
        d.list(entry, Repeated::No, Kind::Forbidden);
    }),
    ("each", Decoder::each),
    ("first", |d, entry| d.timing(Measure::First, entry)),
    ("gap", |d, entry| d.timing(Measure::Gap, entry)),
    ("total", |d, entry| d.timing(Measure::Total, entry)),
    ("quiet", |d, entry| d.timing(Measure::Quiet, entry)),
];

/// Every key of `partial`.
const PARTIAL: &Keys = &[
    ("before", Decoder::all_before),
    ("pairs", Decoder::all_pairs),
    ("once", |d, entry| d.list(entry, Repeated::No, Kind::Once)),
    ("last", Decoder::last),
];

/// Of which there may be one.
const ORDERS: &[&str] = &["strict", "subsequence", "any_order", "partial"];

/// A rule, and where it stands.
pub(super) struct Written {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

/// Reads the rules below `events:`. Late scalars decode as stand-ins. `None` when there are errors; all of them are told.
pub(in super::super) fn decode(
    entry: &Entry,
    sources: &Sources,
    problems: &mut Diagnostics,
) -> Option<Rules> {
    let mut decoder = Decoder {
        problems: Diagnostics::default(),
        key: None,
        only: Vec::new(),
        unnamed: None,
        ignored: Vec::new(),
        rules: Vec::new(),
    };
    decoder.events(&entry.value);
    let is_silence_right = decoder.is_silence_right();
    let (key, unnamed) = (decoder.key.take(), decoder.unnamed.take());
    let only = Only(std::mem::take(&mut decoder.only));
    let is_of_names = |rule: &Written| !rule.kind.names().is_empty();
    let names = key.is_some() || unnamed.is_some() || !decoder.ignored.is_empty();
    if names || decoder.rules.iter().any(is_of_names) {
        let span = key.as_ref().map_or(entry.key_span, |(_, span)| *span);
        let most = unnamed.as_ref().map_or(0, |(most, _)| *most);
        let kind = Kind::Key(most);
        decoder.rules.insert(0, Written { kind, span });
    }
    if !decoder.problems.has_errors() {
        let strict = decoder
            .rules
            .iter()
            .find(|rule| matches!(rule.kind, Kind::Strict(_)));
        if let (Some(strict), Some((1.., span))) = (strict, unnamed) {
            decoder.problems.push(
                Diagnostic::error(span, "`strict` names every event, so none may be unnamed")
                    .related(strict.span, "`strict` is here"),
            );
        }
        contradiction::find(&decoder.rules, &decoder.ignored, &mut decoder.problems);
    }
    let has_errors = decoder.problems.has_errors();
    problems.extend(decoder.problems);
    let rule = |written: Written| Rule {
        kind: written.kind,
        place: place(sources, written.span),
    };
    (!has_errors).then(|| Rules {
        key: key.map_or_else(Key::usual, |(key, _)| key),
        only,
        ignored: decoder.ignored.into_iter().map(|(name, _)| name).collect(),
        is_silence_right,
        all: decoder.rules.into_iter().map(rule).collect(),
    })
}

struct Decoder {
    problems: Diagnostics,
    key: Option<(Key, Span)>,
    only: Vec<(Box<JsonPath>, Matcher)>,
    unnamed: Option<(u64, Span)>,
    ignored: Vec<(Name, Span)>,
    rules: Vec<Written>,
}

impl Decoder {
    fn events(&mut self, node: &Node) {
        let example = "`events` takes rules: `{ strict: [started, done] }`";
        let Some(entries) = self.entries(node, "events", example) else {
            return;
        };
        let mut order: Option<&Entry> = None;
        for entry in entries {
            let key = &*entry.key;
            let Some(read) = reader(KEYS, key) else {
                self.unknown(entry, "`events`", all(KEYS));
                continue;
            };
            if self.is_blank(entry) {
                continue;
            }
            if ORDERS.contains(&key) {
                if let Some(first) = order {
                    let message = format!(
                        "`{key}` and `{}` are two orders of the same events",
                        first.key
                    );
                    self.problems.push(
                        Diagnostic::error(entry.key_span, message)
                            .related(first.key_span, "the other is here")
                            .help(
                                "at most one of `strict`, `subsequence`, `any_order` and `partial`",
                            ),
                    );
                }
                order.get_or_insert(entry);
            }
            read(self, entry);
        }
        let is_empty = self.rules.is_empty() && self.key.is_none() && self.unnamed.is_none();
        if is_empty && !self.problems.has_errors() {
            self.error(node.span, "nothing is asked of the events".to_owned());
        }
    }

    /// What must be known at load, and be one value.
    fn known<'n>(&mut self, entry: &'n Entry) -> Option<&'n Scalar> {
        let scalar = entry.value.as_scalar();
        if scalar.is_none() {
            let message = format!("`{}` takes one value, known at load", entry.key);
            self.error(entry.value.span, message);
        }
        scalar
    }

    /// The entries of a mapping that was written, not filled, and has some.
    fn entries<'n>(&mut self, node: &'n Node, key: &str, example: &str) -> Option<&'n [Entry]> {
        let message = match &node.resolved().kind {
            _ if is_filled(node) || node.resolved().kind == Yaml::Pending => {
                format!("`{key}` cannot come from a variable; only what is compared with can")
            }
            Yaml::Mapping(entries) if entries.is_empty() => format!("`{key}` asks for nothing"),
            Yaml::Mapping(entries) => return Some(entries),
            _ => example.to_owned(),
        };
        self.error(node.span, message);
        None
    }

    fn is_blank(&mut self, entry: &Entry) -> bool {
        let is_blank = is_blank(&entry.value);
        if is_blank {
            self.error(entry.key_span, format!("`{}` is empty", entry.key));
        }
        is_blank
    }

    fn unknown(
        &mut self,
        entry: &Entry,
        of: &str,
        known: impl Iterator<Item = &'static str> + Clone,
    ) {
        let key = &*entry.key;
        let message = if reader(PARTIAL, key).is_some() {
            format!("`{key}` belongs into `partial`")
        } else if reader(KEYS, key).is_some() {
            format!("`{key}` belongs beside `partial`, not into it")
        } else {
            let hint = did_you_mean(key, known.clone());
            format!("there is no `{key}` in {of}{hint}")
        };
        let known: Vec<_> = known.map(|key| format!("`{key}`")).collect();
        self.problems.push(
            Diagnostic::error(entry.key_span, message)
                .help(format!("there are {}", known.join(", "))),
        );
    }

    fn push(&mut self, kind: Option<Kind>, span: Span) {
        self.rules.extend(kind.map(|kind| Written { kind, span }));
    }

    fn error(&mut self, span: Span, message: String) {
        self.problems.push(Diagnostic::error(span, message));
    }

    /// `count` says 0 in so many words: `count: 0`, `{ at_least: 0 }`, `{ between: [0, 9] }`. That `at_most: 9` admits nothing,
    /// too, may never have been thought of.
    fn is_silence_right(&self) -> bool {
        let is_zero = |rule: &Written| match &rule.kind {
            Kind::Count(matcher) => matcher.range().least == Some(0),
            _ => false,
        };
        self.rules.iter().any(is_zero)
    }
}

/// How what stands at a key is read; `None` when there is no such key.
fn reader(keys: &Keys, key: &str) -> Option<fn(&mut Decoder, &Entry)> {
    let found = keys.iter().find(|(known, _)| *known == key);
    found.map(|(_, read)| *read)
}

fn all(keys: &'static Keys) -> impl Iterator<Item = &'static str> + Clone {
    keys.iter().map(|(key, _)| *key)
}
