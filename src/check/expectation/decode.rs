//! From `expect:` to expectations: every mistake at its place, all at once.

use super::super::fact::{self, Fact};
use super::super::json_path::JsonPath;
use super::super::literal::is_blank;
use super::super::matcher::Matcher;
use super::super::{events, fault};
use super::{Expectation, Expectations, Matched, Vocabulary, isolation};
use crate::model::{FactKind, KnownFact};
use crate::template::{is_filled, place};
use crate::yaml::{Diagnostic, Diagnostics, Entry, Kind, Node, Sources};

impl Expectations {
    /// Reads `expect:`. Late scalars decode as stand-ins. `None` when there are errors; all of them are told.
    pub fn decode(
        node: &Node,
        vocabulary: Vocabulary,
        sources: &Sources,
        problems: &mut Diagnostics,
    ) -> Option<Self> {
        let mut decoder = Decoder {
            vocabulary,
            sources,
            problems: Diagnostics::default(),
            expectations: Self::no_fault(),
        };
        decoder.expect(node);
        decoder.expectations.others.shrink_to_fit();
        let has_errors = decoder.problems.has_errors();
        problems.extend(decoder.problems);
        (!has_errors).then_some(decoder.expectations)
    }
}

struct Decoder<'d> {
    vocabulary: Vocabulary,
    sources: &'d Sources,
    problems: Diagnostics,
    expectations: Expectations,
}

impl Decoder<'_> {
    fn expect(&mut self, node: &Node) {
        let Some(entries) = self.entries(node, "expect") else {
            return;
        };
        for entry in entries {
            let key = &*entry.key;
            let known = self.vocabulary.fact(key);
            if key == isolation::KEY {
                let decoded =
                    isolation::decode(entry, entries, self.vocabulary, &mut self.problems);
                let at = decoded.then(|| place(self.sources, entry.key_span));
                self.expectations.isolation = at.map(Box::new);
            } else if let Some(phase) = key.strip_prefix("phases.") {
                self.phase(phase, entry);
            } else if known.is_none() && !fact::COMMON.contains(&key) {
                let problem = fact::unknown(self.vocabulary, entry, Some(isolation::KEY));
                self.problems.push(problem);
            } else if is_blank(&entry.value) {
                self.problems.push(Diagnostic::error(
                    entry.key_span,
                    format!("`{key}` is empty: nothing to compare with"),
                ));
            } else if let Some(known) = known {
                self.own(known, entry);
            } else {
                self.common(key, entry);
            }
        }
    }

    /// One of [`fact::COMMON`].
    fn common(&mut self, key: &str, entry: &Entry) {
        match key {
            "fault" => {
                let at = place(self.sources, entry.key_span);
                if let Some(fault) = fault::decode(&entry.value, &mut self.problems) {
                    self.expectations.fault = fault;
                    let before = self.expectations.count();
                    self.expectations.written_fault = Some(Box::new((at, before)));
                }
            }
            "phases" => self.each(entry, |decoder, inner| decoder.phase(&inner.key, inner)),
            _ => self.push(Fact::Latency, entry),
        }
    }

    fn own(&mut self, fact: KnownFact, entry: &Entry) {
        match fact.kind {
            FactKind::Headers => self.each(entry, |decoder, inner| {
                decoder.push_if(Fact::header(&inner.key), inner);
            }),
            FactKind::Json => self.each(entry, |decoder, inner| {
                let path = JsonPath::parse(&inner.key);
                decoder.push_if(path.map(|path| Fact::Json(Box::new(path))), inner);
            }),
            FactKind::Counts { .. } => self.each(entry, |decoder, inner| {
                decoder.push(Fact::Count(fact, inner.key.to_string()), inner);
            }),
            FactKind::Events => {
                let rules = events::decode(entry, self.sources, &mut self.problems);
                let rules = rules.map(|rules| Expectation::Events(Box::new(rules)));
                self.expectations.others.extend(rules);
            }
            _ => self.push(Fact::Whole(fact), entry),
        }
    }

    fn phase(&mut self, name: &str, entry: &Entry) {
        match Fact::phase(name, entry) {
            Ok(fact) => self.push(fact, entry),
            Err(problem) => self.problems.push(problem),
        }
    }

    fn each(&mut self, entry: &Entry, mut decode: impl FnMut(&mut Self, &Entry)) {
        for inner in self.entries(&entry.value, &entry.key).unwrap_or_default() {
            decode(self, inner);
        }
    }

    /// The entries of a mapping that was written, not filled, and has some.
    fn entries<'n>(&mut self, node: &'n Node, key: &str) -> Option<&'n [Entry]> {
        let message = match &node.resolved().kind {
            _ if is_filled(node) || node.resolved().kind == Kind::Pending => {
                format!("`{key}` cannot come from a variable; only what is compared with can")
            }
            Kind::Mapping(entries) if entries.is_empty() => {
                format!("`{key}` expects nothing")
            }
            Kind::Mapping(entries) => return Some(entries),
            _ => match key {
                "headers" => {
                    "`headers` takes names and what they must be: `{ location: … }`".into()
                }
                "json" => "`json` takes JSONPaths and what they must be: `{ $.status: … }`".into(),
                "counts" => {
                    "`counts` takes names and what their numbers must be: `{ crashes: 0 }`".into()
                }
                "phases" => {
                    "`phases` takes phases and what they must be: `{ tls: { below: 1s } }`".into()
                }
                _ => "`expect` takes facts and what they must be: `{ status: 200 }`".into(),
            },
        };
        let mut problem = Diagnostic::error(node.span, message);
        if key == "expect" {
            problem = problem.help("the shortest honest expectation is `{ fault: none }`");
        }
        self.problems.push(problem);
        None
    }

    fn push_if(&mut self, fact: Result<Fact, String>, entry: &Entry) {
        match fact {
            Ok(fact) => self.push(fact, entry),
            Err(message) => {
                let problem = Diagnostic::error(entry.key_span, message);
                self.problems.push(problem);
            }
        }
    }

    fn push(&mut self, fact: Fact, entry: &Entry) {
        let decoded = Matcher::decode_for(&entry.value, fact.kind(), &mut self.problems);
        if let Some(matcher) = decoded {
            let place = place(self.sources, entry.key_span);
            let matched = Matched {
                fact,
                matcher,
                place,
            };
            self.expectations.others.push(Expectation::Fact(matched));
        }
    }
}
