//! The keys of `when`, and how each is read.

use super::codes::Codes;
use super::facts::Facts;
use super::findings::Judged;
use super::items::{any, scalar, span};
use super::json::Places;
use super::numbers::Numbers;
use super::places::Place;
use super::quantity::Quantity;
use super::question::{Often, Question};
use super::sqlstate::SqlStates;
use super::texts::{Pattern, Patterns};
use super::words::{Words, word};
use crate::diagnosis::probe_kind::ProbeKind;
use crate::model::{Phase, RedisPrefix};
use crate::yaml::{Diagnostic, Diagnostics, Kind, Node};

/// Who can have answered, as probes tell it.
pub(in crate::diagnosis) const HOPS: &[&str] = &[
    "app",
    "unknown",
    "nginx",
    "openresty",
    "haproxy",
    "envoy",
    "google-frontend",
    "awselb",
    "cloudflare",
    "apache",
    "varnish",
    "squid",
];

/// Reads the question of a key.
pub(super) fn question(key: &str, node: &Node, problems: &mut Diagnostics) -> Option<Question> {
    if let Some(quantity) = Quantity::ALL.iter().find(|one| one.key() == key) {
        return Numbers::decode(node, *quantity, problems)
            .map(|numbers| Question::Number(*quantity, numbers));
    }
    match key {
        "fault" => Codes::decode(node, true, problems).map(Question::Fault),
        "code" => Codes::decode(node, false, problems).map(Question::Code),
        "phase" => phases(node, problems).map(Question::Phase),
        "probe" => Words::decode(node, "probe", ProbeKind::NAMES, problems).map(Question::Probe),
        "hop" => Words::decode(node, "hop", HOPS, problems).map(Question::Hop),
        "sqlstate" => SqlStates::decode(node, problems).map(Question::SqlState),
        "redis" => redis(node, problems).map(Question::Redis),
        "header" => headers(node, problems).map(Question::Header),
        "json" => Places::decode(node, problems).map(Question::Json),
        "body" => Patterns::decode(node, problems).map(Question::Body),
        "log" => Patterns::decode(node, problems).map(Question::Log),
        "fact" => Facts::decode(node, problems).map(Question::Fact),
        "finding" => Judged::decode(node, problems).map(Question::Judged),
        "resource" => Place::decode(node, problems).map(Question::Place),
        "attempts" => match word(node, "frequency", &["always", "sometimes"], problems)? {
            "always" => Some(Question::Attempts(Often::Always)),
            _ => Some(Question::Attempts(Often::Sometimes)),
        },
        "elapsed" => word(node, "budget", &["deadline"], problems).map(|_| Question::Deadline),
        _ => None,
    }
}

fn phases(node: &Node, problems: &mut Diagnostics) -> Option<Vec<Phase>> {
    let names: Vec<&str> = Phase::ALL.iter().map(|phase| phase.name()).collect();
    any(node, problems, |item, problems| {
        Phase::parse(word(item, "phase", &names, problems)?)
    })
}

fn redis(node: &Node, problems: &mut Diagnostics) -> Option<Vec<String>> {
    any(node, problems, |item, problems| {
        let text = &*scalar(item, "the first word of an error", problems)?.text;
        match text.parse::<RedisPrefix>() {
            Ok(_) => Some(text.to_owned()),
            Err(error) => {
                problems.push(Diagnostic::error(span(item), format!("`{text}`: {error}")));
                None
            }
        }
    })
}

fn headers(node: &Node, problems: &mut Diagnostics) -> Option<Vec<(String, Pattern)>> {
    let Kind::Mapping(entries) = &node.resolved().kind else {
        problems.push(Diagnostic::error(
            span(node),
            "`header` is a mapping from names to patterns: `server: '^nginx'`",
        ));
        return None;
    };
    let header = |entry: &crate::yaml::Entry, problems: &mut Diagnostics| {
        Some((
            entry.key.to_ascii_lowercase(),
            Pattern::decode(&entry.value, problems)?,
        ))
    };
    let read: Vec<_> = entries
        .iter()
        .map(|entry| header(entry, problems))
        .collect();
    read.into_iter().collect()
}
