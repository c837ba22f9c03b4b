//! How often events come, what they say, and when: rules that end in a matcher.

use super::super::super::json_path::JsonPath;
use super::super::super::matcher::Matcher;
use super::super::{Each, Kind, Measure, Name};
use super::Decoder;
use crate::model::FactKind;
use crate::yaml::{Entry, Node, did_you_mean};

impl Decoder {
    pub(super) fn counts(&mut self, entry: &Entry) {
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

    pub(super) fn each(&mut self, entry: &Entry) {
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
    pub(super) fn timing(&mut self, measure: Measure, entry: &Entry) {
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

    pub(super) fn count(&mut self, entry: &Entry) {
        let matcher = self.matcher(&entry.value, FactKind::Number);
        self.push(matcher.map(Kind::Count), entry.key_span);
    }

    pub(super) fn matcher(&mut self, node: &Node, kind: FactKind) -> Option<Matcher> {
        Matcher::decode_for(node, kind, &mut self.problems)
    }
}
