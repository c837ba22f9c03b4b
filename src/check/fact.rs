//! Which fact an expectation or a capture is about, and how to find it in what was seen.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt;

use super::expectation::Vocabulary;
use super::json_path::JsonPath;
use super::matcher::Seen;
use crate::model::{Code, FactKind, KnownCode, KnownFact, Observation, Phase, Value};
use crate::yaml::{Diagnostic, Entry, did_you_mean};

/// Facts every probe has.
pub(super) const COMMON: &[&str] = &["latency", "phases", "fault"];

/// One fact, or a part of one.
#[derive(Debug, Clone)]
pub(super) enum Fact {
    /// The whole fact.
    Whole(KnownFact),
    /// The length of the look.
    Latency,
    /// The length of a phase.
    Phase(Phase),
    /// A header; names are compared without case (RFC 9110 §5.1).
    Header(String),
    /// One of numbers by name.
    Count(KnownFact, String),
    /// What a JSONPath finds in the fact `json`.
    Json(Box<JsonPath>),
}

impl Fact {
    /// `phases.tls`, or the key below `phases:`.
    pub(super) fn phase(name: &str, entry: &Entry) -> Result<Self, Diagnostic> {
        Phase::parse(name).map(Self::Phase).ok_or_else(|| {
            let hint = did_you_mean(name, Phase::ALL.iter().map(|phase| phase.name()));
            let names: Vec<_> = Phase::ALL.iter().map(|phase| phase.name()).collect();
            Diagnostic::error(entry.key_span, format!("there is no phase `{name}`{hint}"))
                .help(format!("phases are {}", names.join(", ")))
        })
    }

    /// The header of this name.
    pub(super) fn header(name: &str) -> Result<Self, String> {
        let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(format!("`{name}` is no name of a header"));
        }
        Ok(Self::Header(name.to_ascii_lowercase()))
    }

    /// What is known of its type.
    pub(super) fn kind(&self) -> FactKind {
        match self {
            Self::Latency | Self::Phase(_) => FactKind::Duration,
            Self::Whole(fact) => fact.kind,
            Self::Header(_) => FactKind::Text,
            Self::Count(..) => FactKind::Number,
            Self::Json(_) => FactKind::Any,
        }
    }

    /// `expect.` and the first word; of a number by name, its name, too.
    pub(super) fn code(&self) -> Code {
        match self {
            Self::Whole(fact) => KnownCode::Expect.of(fact.name),
            Self::Latency => Code::fixed("expect.latency"),
            Self::Phase(_) => Code::fixed("expect.phases"),
            Self::Header(_) => Code::fixed("expect.headers"),
            Self::Count(..) => KnownCode::Expect.of(self),
            Self::Json(_) => Code::fixed("expect.json"),
        }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(fact) => f.write_str(fact.name),
            Self::Latency => f.write_str("latency"),
            Self::Phase(phase) => write!(f, "phases.{phase}"),
            Self::Header(name) => write!(f, "headers {name}"),
            Self::Count(fact, name) => write!(f, "{}.{name}", fact.name),
            Self::Json(path) => write!(f, "json {path}"),
        }
    }
}

/// "`http` does not see `stauts`; did you mean `status`?" Something else may be meant that is no fact.
pub(super) fn unknown(vocabulary: Vocabulary, entry: &Entry, other: Option<&str>) -> Diagnostic {
    let key = &*entry.key;
    let own = || vocabulary.facts.iter().map(|fact| fact.name);
    let known = || own().chain(COMMON.iter().copied());
    let hint = did_you_mean(key, known().chain(other));
    Diagnostic::error(
        entry.key_span,
        format!("`{}` does not see `{key}`{hint}", vocabulary.probe),
    )
    .help(format!(
        "it sees {}",
        known()
            .map(|fact| format!("`{fact}`"))
            .collect::<Vec<_>>()
            .join(", ")
    ))
}

/// An observation being looked at; its JSON is converted once.
pub(super) struct Sight<'o> {
    observation: &'o Observation,
    json: OnceCell<serde_json::Value>,
}

/// What is there of a fact.
pub(super) enum Found<'o> {
    /// Nothing.
    Absent,
    /// A value of the observation.
    Borrowed(&'o Value),
    /// A value made from it.
    Owned(Value),
    /// The values of a header.
    Values(&'o [Value]),
    /// The nodes of a JSONPath that may match many.
    Nodes(Value),
}

impl<'o> Sight<'o> {
    pub(super) fn of(observation: &'o Observation) -> Self {
        Self {
            observation,
            json: OnceCell::new(),
        }
    }

    /// Whether the look came far enough to say whether the fact is there.
    pub(super) fn reached(&self, fact: &Fact) -> bool {
        let seen = |name: &str| self.observation.facts.get(name).is_some();
        match fact {
            Fact::Whole(fact) | Fact::Count(fact, _) => seen(fact.name),
            Fact::Latency => true,
            Fact::Phase(phase) => self.observation.phase(*phase).is_some(),
            Fact::Header(_) => seen("headers"),
            Fact::Json(_) => seen("json"),
        }
    }

    /// What the probe says of why a fact is as it is, or is not there: beside `exit_code` it tells `exit_code.why`.
    pub(super) fn why(&self, fact: &Fact) -> Option<&'o str> {
        let Fact::Whole(fact) = fact else {
            return None;
        };
        let facts = &self.observation.facts;
        facts.get(&format!("{}.why", fact.name))?.as_text()
    }

    pub(super) fn find(&self, fact: &Fact) -> Found<'o> {
        let absent_or = |value: Option<&'o Value>| value.map_or(Found::Absent, Found::Borrowed);
        match fact {
            Fact::Whole(fact) => absent_or(self.observation.facts.get(fact.name)),
            Fact::Latency => Found::Owned(Value::Duration(self.observation.latency)),
            Fact::Phase(phase) => self
                .observation
                .phase(*phase)
                .map_or(Found::Absent, |took| Found::Owned(Value::Duration(took))),
            Fact::Count(fact, name) => {
                let counts = self.observation.facts.get(fact.name);
                absent_or(counts.and_then(|counts| counts.get(name)))
            }
            Fact::Header(name) => {
                let headers = self.observation.facts.get("headers");
                match header(headers, name) {
                    Some(Value::List(values)) if values.is_empty() => Found::Absent,
                    Some(Value::List(values)) => Found::Values(values),
                    other => absent_or(other),
                }
            }
            Fact::Json(path) => {
                let json = self.observation.facts.get("json");
                match json.and_then(|json| path.find(json, &self.json)) {
                    None => Found::Absent,
                    Some(Cow::Borrowed(value)) => Found::Borrowed(value),
                    Some(Cow::Owned(value)) if path.is_singular() => Found::Owned(value),
                    Some(Cow::Owned(nodes)) => Found::Nodes(nodes),
                }
            }
        }
    }
}

fn header<'v>(headers: Option<&'v Value>, name: &str) -> Option<&'v Value> {
    match headers? {
        Value::Map(entries) => entries
            .iter()
            .find(|(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| value),
        _ => None,
    }
}

impl Found<'_> {
    pub(super) fn seen(&self) -> Seen<'_> {
        match self {
            Self::Absent => Seen::Absent,
            Self::Borrowed(value) => Seen::One(value),
            Self::Owned(value) => Seen::One(value),
            Self::Values(values) => Seen::Several(values),
            Self::Nodes(value) => Seen::Nodes(value),
        }
    }
}
