//! Which fact an expectation or a capture is about, and how to find it in what was seen.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt;

use super::expectation::Vocabulary;
use super::json_path::JsonPath;
use super::literal::Wanted;
use super::matcher::Seen;
use crate::model::{Code, Observation, Phase, Value};
use crate::yaml::{Diagnostic, Entry, did_you_mean};

/// Facts every probe has.
pub(super) const COMMON: &[&str] = &["latency", "phases", "fault"];

/// Facts that are a length of time, by name in every probe.
const DURATIONS: &[&str] = &[
    "latency",
    "expires_in",
    "ttl",
    "expired_since",
    "skew",
    "connect_latency",
    "first_event",
    "max_gap",
    "time_to_ready",
    "ping",
];

/// Facts that are a number, so that `2xx` or `"200"` is a slip: no number equals a text.
const NUMBERS: &[&str] = &[
    "status",
    "exit_code",
    "rows_affected",
    "descriptors",
    "ports",
    "needed",
    "queries",
];

/// Facts that are one value, so that comparing them with a list is a slip for `in`.
const SCALARS: &[&str] = &[
    "signal",
    "rcode",
    "authoritative",
    "truncated",
    "transport",
    "server",
    "agrees",
    "connected",
    "trusted",
    "ready",
    "version",
    "cipher",
    "alpn",
    "subject",
    "issuer",
    "serial",
    "not_before",
    "not_after",
    "key",
    "signature_algorithm",
    "self_signed",
    "covers",
    "covers_sibling",
    "asks_for_certificate",
    "banner",
    "body",
    "stdout",
    "stderr",
    "received",
    "remote_ip",
    "family",
    "hop",
    "proxy",
    "subprotocol",
    "server_version",
    "role",
    "database",
    "migration_head",
];

/// One fact, or a part of one.
#[derive(Debug, Clone)]
pub(super) enum Fact {
    /// The whole fact of this name.
    Whole(String),
    /// The length of the look.
    Latency,
    /// The length of a phase.
    Phase(Phase),
    /// A header; names are compared without case (RFC 9110 §5.1).
    Header(String),
    /// What a JSONPath finds in the fact `json`.
    Json(Box<JsonPath>),
}

impl Fact {
    /// A whole fact by the name of its key; whether a probe has it is for the caller to know.
    pub(super) fn whole(name: &str) -> Self {
        match name {
            "latency" => Self::Latency,
            _ => Self::Whole(name.to_owned()),
        }
    }

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
    pub(super) fn wanted(&self) -> Wanted {
        match self {
            Self::Latency | Self::Phase(_) => Wanted::Duration,
            Self::Whole(name) if DURATIONS.contains(&name.as_str()) => Wanted::Duration,
            Self::Whole(name) if name == "size" || name == "wire_size" => Wanted::Size,
            Self::Whole(name) if NUMBERS.contains(&name.as_str()) => Wanted::Number,
            Self::Whole(name) if SCALARS.contains(&name.as_str()) => Wanted::Scalar,
            Self::Header(_) => Wanted::Scalar,
            Self::Whole(_) | Self::Json(_) => Wanted::Any,
        }
    }

    /// `expect.` and the first word.
    pub(super) fn code(&self) -> Code {
        match self {
            Self::Whole(name) => Code::new(format!("expect.{name}")),
            Self::Latency => Code::fixed("expect.latency"),
            Self::Phase(_) => Code::fixed("expect.phases"),
            Self::Header(_) => Code::fixed("expect.headers"),
            Self::Json(_) => Code::fixed("expect.json"),
        }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(name) => f.write_str(name),
            Self::Latency => f.write_str("latency"),
            Self::Phase(phase) => write!(f, "phases.{phase}"),
            Self::Header(name) => write!(f, "headers {name}"),
            Self::Json(path) => write!(f, "json {path}"),
        }
    }
}

/// "`http` does not see `stauts`; did you mean `status`?"
pub(super) fn unknown(vocabulary: Vocabulary, entry: &Entry) -> Diagnostic {
    let key = &*entry.key;
    let known = || vocabulary.facts.iter().chain(COMMON).copied();
    let hint = did_you_mean(key, known());
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
            Fact::Whole(name) => seen(name),
            Fact::Latency => true,
            Fact::Phase(phase) => self.observation.phase(*phase).is_some(),
            Fact::Header(_) => seen("headers"),
            Fact::Json(_) => seen("json"),
        }
    }

    pub(super) fn find(&self, fact: &Fact) -> Found<'o> {
        let absent_or = |value: Option<&'o Value>| value.map_or(Found::Absent, Found::Borrowed);
        match fact {
            Fact::Whole(name) => absent_or(self.observation.facts.get(name)),
            Fact::Latency => Found::Owned(Value::Duration(self.observation.latency)),
            Fact::Phase(phase) => self
                .observation
                .phase(*phase)
                .map_or(Found::Absent, |took| Found::Owned(Value::Duration(took))),
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
