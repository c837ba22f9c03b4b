//! From YAML to rules: every mistake at its place, all at once.

use super::super::json_path::JsonPath;
use super::super::literal::is_blank;
use super::super::matcher::Matcher;
use super::contradiction;
use super::{Each, Key, Kind, Measure, Name, Only, Pairs, Rule, Rules, Spot, Which};
use crate::model::FactKind;
use crate::template::{is_filled, place};
use crate::yaml::{
    Diagnostic, Diagnostics, Entry, Kind as Yaml, Node, Resolved, Scalar, Sources, Span,
    did_you_mean,
};

/// Every key of `events`.
const KEYS: &[&str] = &[
    "key",
    "only",
    "unnamed",
    "ignore",
    "strict",
    "subsequence",
    "any_order",
    "partial",
    "counts",
    "count",
    "forbidden",
    "each",
    "first",
    "gap",
    "total",
    "quiet",
];

/// Every key of `partial`.
const PARTIAL: &[&str] = &["before", "pairs", "once", "last"];

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

impl Key {
    /// `$.type`
    fn usual() -> Self {
        // Our own text parses.
        Self(vec![
            JsonPath::parse("$.type").map_or(Spot::Field, |path| Spot::Path(Box::new(path))),
        ])
    }
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
            if !KEYS.contains(&key) {
                self.unknown(entry, "`events`", KEYS);
                continue;
            }
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
            self.rule(key, entry);
        }
        let is_empty = self.rules.is_empty() && self.key.is_none() && self.unnamed.is_none();
        if is_empty && !self.problems.has_errors() {
            self.error(node.span, "nothing is asked of the events".to_owned());
        }
    }

    fn rule(&mut self, key: &str, entry: &Entry) {
        match key {
            "key" => self.key(entry),
            "only" => self.only(entry),
            "unnamed" => self.unnamed(entry),
            "ignore" => {
                let names = self.names(entry, Repeated::No);
                let span = entry.value.span;
                self.ignored
                    .extend(names.into_iter().flatten().map(|name| (name, span)));
            }
            "strict" => self.list(entry, Repeated::Yes, Kind::Strict),
            "subsequence" => self.list(entry, Repeated::Yes, Kind::Subsequence),
            "any_order" => self.list(entry, Repeated::Yes, Kind::AnyOrder),
            "forbidden" => self.list(entry, Repeated::No, Kind::Forbidden),
            "partial" => self.partial(entry),
            "counts" => self.counts(entry),
            "count" => {
                let matcher = self.matcher(&entry.value, FactKind::Number);
                self.push(matcher.map(Kind::Count), entry.key_span);
            }
            "each" => self.each(entry),
            "first" => self.timing(Measure::First, entry),
            "gap" => self.timing(Measure::Gap, entry),
            "total" => self.timing(Measure::Total, entry),
            // The key is one of `KEYS`.
            _ => self.timing(Measure::Quiet, entry),
        }
    }

    fn key(&mut self, entry: &Entry) {
        let spots = match entry.value.as_sequence() {
            _ if is_filled(&entry.value) => std::slice::from_ref(&entry.value),
            Some([]) => {
                self.error(entry.value.span, "`key` is empty".to_owned());
                return;
            }
            Some(spots) => spots,
            None => std::slice::from_ref(&entry.value),
        };
        let spots: Vec<_> = spots.iter().filter_map(|node| self.spot(node)).collect();
        if !spots.is_empty() {
            self.key = Some((Key(spots), entry.key_span));
        }
    }

    fn spot(&mut self, node: &Node) -> Option<Spot> {
        let Some(scalar) = node.as_scalar() else {
            let message = "`key` takes a JSONPath known at load, or a list of them: the first that has something names the event";
            self.error(node.span, message.to_owned());
            return None;
        };
        let spot = match &*scalar.text {
            "event" => Ok(Spot::Field),
            text if text.starts_with('$') => match JsonPath::parse(text) {
                Ok(path) if path.is_singular() => Ok(Spot::Path(Box::new(path))),
                Ok(_) => Err(format!("`{text}` may find many, and an event has one name")),
                Err(message) => Err(message),
            },
            text => Err(format!(
                "`{text}` is neither a JSONPath such as `$.type` nor `event`, the field of a server-sent event"
            )),
        };
        spot.map_err(|message| self.error(node.span, message)).ok()
    }

    fn only(&mut self, entry: &Entry) {
        let example = "`only` takes JSONPaths and what they must find in an event that the rules are about: `{ $.reply_to: \"${uuid}\" }`";
        for inner in self
            .entries(&entry.value, "only", example)
            .unwrap_or_default()
        {
            if self.is_blank(inner) {
                continue;
            }
            let matcher = self.matcher(&inner.value, FactKind::Any);
            match JsonPath::parse(&inner.key) {
                Ok(path) => self
                    .only
                    .extend(matcher.map(|matcher| (Box::new(path), matcher))),
                Err(message) => self.error(inner.key_span, message),
            }
        }
    }

    fn unnamed(&mut self, entry: &Entry) {
        let Some(scalar) = self.known(entry) else {
            return;
        };
        let number = match scalar.as_number_or_bool() {
            Resolved::Int(number) => u64::try_from(number).ok(),
            _ => None,
        };
        match number {
            Some(number) => self.unnamed = Some((number, entry.key_span)),
            None => self.error(
                entry.value.span,
                "`unnamed` takes how many events may be without a name: `unnamed: 1`".to_owned(),
            ),
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

    fn list(&mut self, entry: &Entry, repeated: Repeated, kind: fn(Vec<Name>) -> Kind) {
        let names = self.names(entry, repeated);
        self.push(names.map(kind), entry.key_span);
    }

    fn partial(&mut self, entry: &Entry) {
        let example = "`partial` takes `before`, `pairs`, `once` and `last`: `{ once: [started], last: done }`";
        for inner in self
            .entries(&entry.value, "partial", example)
            .unwrap_or_default()
        {
            let key = &*inner.key;
            if !PARTIAL.contains(&key) {
                self.unknown(inner, "`partial`", PARTIAL);
            } else if !self.is_blank(inner) {
                match key {
                    "before" => self.each_item(
                        inner,
                        "`before` takes pairs of names: `[[started, done]]`",
                        Self::before,
                    ),
                    "pairs" => self.each_item(
                        inner,
                        "`pairs` takes a list: `[{ first: executing, then: completed, by: $.id }]`",
                        Self::pairs,
                    ),
                    "once" => self.list(inner, Repeated::No, Kind::Once),
                    _ => {
                        let name = self.name(&inner.value);
                        self.push(name.map(Kind::Last), inner.key_span);
                    }
                }
            }
        }
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
        const KNOWN: &[&str] = &["first", "then", "by"];
        let example = "expected a pair: `{ first: executing, then: completed, by: $.id }`";
        let Some(entries) = self.entries(item, "pairs", example) else {
            return;
        };
        let (mut first, mut then, mut by) = (None, None, None);
        let mut is_wrong = false;
        for entry in entries {
            if !KNOWN.contains(&&*entry.key) {
                self.unknown(entry, "a pair", KNOWN);
                is_wrong = true;
            } else if self.is_blank(entry) {
                is_wrong = true;
            } else if &*entry.key == "by" {
                by = self.path(entry);
                is_wrong |= by.is_none();
            } else {
                let name = self.name(&entry.value);
                is_wrong |= name.is_none();
                *(if &*entry.key == "first" {
                    &mut first
                } else {
                    &mut then
                }) = name;
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

    fn counts(&mut self, entry: &Entry) {
        let example = "`counts` takes names and how often they come: `{ chunk: { at_least: 1 } }`";
        for inner in self
            .entries(&entry.value, "counts", example)
            .unwrap_or_default()
        {
            if !self.is_name(inner) || self.is_blank(inner) {
                continue;
            }
            let matcher = self.matcher(&inner.value, FactKind::Number);
            let counts = matcher.map(|matcher| Kind::Counts(Name::known(&inner.key), matcher));
            self.push(counts, inner.key_span);
        }
    }

    fn each(&mut self, entry: &Entry) {
        let example =
            "`each` takes names and what holds of each: `{ done: { $.answer: { type: string } } }`";
        for inner in self
            .entries(&entry.value, "each", example)
            .unwrap_or_default()
        {
            let of = (&*inner.key != "*").then(|| Name::known(&inner.key));
            if (of.is_some() && !self.is_name(inner)) || self.is_blank(inner) {
                continue;
            }
            let example =
                "expected JSONPaths and what they must find: `{ $.answer: { type: string } }`";
            for member in self
                .entries(&inner.value, &inner.key, example)
                .unwrap_or_default()
            {
                if self.is_blank(member) {
                    continue;
                }
                let matcher = self.matcher(&member.value, FactKind::Any);
                match JsonPath::parse(&member.key) {
                    Ok(path) => {
                        let each = matcher.map(|matcher| Each {
                            of: of.clone(),
                            path: Box::new(path),
                            matcher,
                        });
                        self.push(each.map(Kind::Each), member.key_span);
                    }
                    Err(message) => self.error(member.key_span, message),
                }
            }
        }
    }

    /// A limit. What is measured is never met exactly, and events may share a segment: there is no least but of quiet.
    fn timing(&mut self, measure: Measure, entry: &Entry) {
        let name = measure.name();
        let (wanted, message) = match measure {
            Measure::First | Measure::Gap | Measure::Total => (
                ["below", "at_most"],
                format!("`{name}` takes the longest it may be: `{{ below: 5s }}`"),
            ),
            Measure::Quiet => (
                ["at_least", "above"],
                "`quiet` takes the least it must be: `{ at_least: 2s }`".to_owned(),
            ),
        };
        let Some(entries) = self.entries(&entry.value, name, &message) else {
            return;
        };
        let other = entries.iter().find(|inner| !wanted.contains(&&*inner.key));
        if let Some(other) = other {
            let hint = did_you_mean(&other.key, wanted);
            self.error(other.key_span, format!("{message}{hint}"));
            return;
        }
        let matcher = self.matcher(&entry.value, FactKind::Duration);
        self.push(
            matcher.map(|matcher| Kind::Timing(measure, matcher)),
            entry.key_span,
        );
    }

    fn matcher(&mut self, node: &Node, kind: FactKind) -> Option<Matcher> {
        Matcher::decode_for(node, kind, &mut self.problems)
    }

    /// A list of names that has some. As a whole it may come from a variable.
    fn names(&mut self, entry: &Entry, repeated: Repeated) -> Option<Vec<Name>> {
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
        let mut known = std::collections::HashSet::new();
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
    fn name(&mut self, node: &Node) -> Option<Name> {
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
    fn is_name(&mut self, entry: &Entry) -> bool {
        let message = match &*entry.key {
            "" => "expected the name of an event",
            "*" => "`*` is every event: how many come in all is `count`",
            _ => return true,
        };
        self.error(entry.key_span, message.to_owned());
        false
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

    fn unknown(&mut self, entry: &Entry, of: &str, known: &[&str]) {
        let key = &*entry.key;
        let message = if PARTIAL.contains(&key) {
            format!("`{key}` belongs into `partial`")
        } else if KEYS.contains(&key) {
            format!("`{key}` belongs beside `partial`, not into it")
        } else {
            let hint = did_you_mean(key, known.iter().copied());
            format!("there is no `{key}` in {of}{hint}")
        };
        let known: Vec<_> = known.iter().map(|key| format!("`{key}`")).collect();
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

/// Whether a name may stand in a list twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repeated {
    Yes,
    No,
}
