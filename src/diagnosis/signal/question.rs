//! One question, and whether a failure answers it.

use super::codes::Codes;
use super::facts::Facts;
use super::findings::Judged;
use super::json::Places;
use super::numbers::Numbers;
use super::places::Place;
use super::quantity::{Quantity, number};
use super::sqlstate::SqlStates;
use super::texts::{Pattern, Patterns, line_of};
use super::words::Words;
use crate::diagnosis::seen::Seen;
use crate::diagnosis::short::short;
use crate::model::{Fault, Origin, Phase, Value};

/// What one key of `when` asks.
#[derive(Debug, Clone)]
pub(in crate::diagnosis) enum Question {
    /// What stopped us.
    Fault(Codes),
    /// The code it ended with.
    Code(Codes),
    /// The phase in which it was stopped.
    Phase(Vec<Phase>),
    /// What looked.
    Probe(Words),
    /// Who answered.
    Hop(Words),
    /// A number that says what happened.
    Number(Quantity, Numbers),
    /// What PostgreSQL said.
    SqlState(SqlStates),
    /// The first word that Redis said.
    Redis(Vec<String>),
    /// Headers of the answer, all of them, by lower-case name.
    Header(Vec<(String, Pattern)>),
    /// Values in the answer's document.
    Json(Places),
    /// What the answer says.
    Body(Patterns),
    /// What a program wrote.
    Log(Patterns),
    /// What a probe saw, by name.
    Fact(Facts),
    /// What the finding that decided is about.
    Judged(Judged),
    /// What was looked at.
    Place(Place),
    /// Whether other attempts, or polls, came out otherwise.
    Attempts(Often),
    /// Whether our own deadline ended the phase, and no word of the system or the peer.
    Deadline,
}

/// How often it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diagnosis) enum Often {
    /// More than once, and every time.
    Always,
    /// It held, too.
    Sometimes,
}

impl Question {
    /// Whether the failure answers it so.
    pub(super) fn holds(&self, seen: &Seen<'_>) -> bool {
        match self {
            Self::Fault(codes) => seen
                .fault_code
                .as_ref()
                .is_some_and(|code| codes.meet(code)),
            Self::Code(codes) => codes.meet(&seen.code),
            Self::Phase(phases) => seen
                .fault
                .is_some_and(|fault| phases.contains(&fault.phase)),
            Self::Probe(probes) => probes.has(seen.probe()),
            Self::Hop(hops) => seen.hop().is_some_and(|hop| hops.has(hop)),
            Self::Number(Quantity::Status, _) if seen.wanted_its_status() => false,
            Self::Number(quantity, numbers) => {
                quantity.of(seen).is_some_and(|number| numbers.have(number))
            }
            Self::SqlState(states) => {
                matches!(seen.origin(), Some(Origin::SqlState(state)) if states.meet(state))
            }
            Self::Redis(prefixes) => matches!(
                seen.origin(),
                Some(Origin::Redis(prefix)) if prefixes.iter().any(|one| one == prefix.as_str())
            ),
            Self::Header(headers) => headers
                .iter()
                .all(|(name, pattern)| header(seen, name, pattern).is_some()),
            Self::Json(places) => places.hold(seen),
            Self::Body(patterns) => body(seen, patterns).is_some(),
            Self::Log(patterns) => log(seen, patterns).is_some(),
            Self::Fact(facts) => facts.hold(seen),
            Self::Judged(judged) => judged.hold(seen),
            Self::Place(place) => place.hold(seen),
            Self::Attempts(often) => seen.often() == Some(*often),
            Self::Deadline => seen.fault.is_some_and(Fault::is_our_deadline),
        }
    }

    /// Whether a typed signal by itself is one of those it asks for.
    pub(super) fn takes(&self, origin: Origin) -> bool {
        match (self, origin) {
            (Self::Number(_, numbers), origin) => {
                number(origin).is_some_and(|number| numbers.have(number))
            }
            (Self::SqlState(states), Origin::SqlState(state)) => states.meet(state),
            (Self::Redis(prefixes), Origin::Redis(prefix)) => {
                prefixes.iter().any(|one| one == prefix.as_str())
            }
            _ => false,
        }
    }

    /// What answers it, in words; `None` where the line of the fault says it.
    pub(super) fn evidence(&self, seen: &Seen<'_>) -> Option<String> {
        match self {
            Self::Fault(_)
            | Self::Phase(_)
            | Self::Probe(_)
            | Self::SqlState(_)
            | Self::Redis(_)
            | Self::Judged(_) => None,
            Self::Code(_) => Some(seen.code.to_string()),
            Self::Hop(_) => Some(format!("answered by {}", seen.hop()?)),
            Self::Number(quantity, _) => {
                let is_of_fault = seen
                    .origin()
                    .is_some_and(|origin| origin.kind() == quantity.origin());
                let number = quantity.of(seen)?;
                (!is_of_fault).then(|| format!("{} {number}", quantity.key().replace('_', " ")))
            }
            Self::Header(headers) => {
                let told = headers.iter().filter_map(|(name, pattern)| {
                    Some(format!("{name}: {}", header(seen, name, pattern)?))
                });
                Some(short(&told.collect::<Vec<_>>().join(", ")))
            }
            Self::Json(places) => places.evidence(seen),
            Self::Body(patterns) => Some(format!("body: {}", body(seen, patterns)?)),
            Self::Log(patterns) => log(seen, patterns),
            Self::Fact(facts) => facts.evidence(seen),
            Self::Place(place) => place.find(seen).map(short),
            Self::Attempts(_) => {
                let (held, made) = seen.held;
                Some(format!("{held} of {made} attempts held"))
            }
            Self::Deadline => Some("our own deadline ended it".to_owned()),
        }
    }

    /// What asking costs, from little to much.
    pub(super) const fn cost(&self) -> u8 {
        match self {
            Self::Fault(_) | Self::Code(_) => 0,
            Self::Phase(_) | Self::Number(..) | Self::SqlState(_) | Self::Redis(_) => 1,
            Self::Probe(_)
            | Self::Hop(_)
            | Self::Judged(_)
            | Self::Place(_)
            | Self::Attempts(_)
            | Self::Deadline => 2,
            Self::Json(_) | Self::Fact(_) => 3,
            Self::Header(_) => 4,
            Self::Body(_) | Self::Log(_) => 5,
        }
    }
}

/// The value of a header that a pattern matches.
fn header(seen: &Seen<'_>, name: &str, pattern: &Pattern) -> Option<String> {
    let values = match seen.fact("headers")?.get(name)? {
        Value::List(values) => values,
        one => std::slice::from_ref(one),
    };
    let values = values.iter().filter_map(Value::as_text);
    let mut matching = values.filter(|value| pattern.find(value).is_some());
    matching.next().map(str::to_owned)
}

/// The line of the body that a pattern matches.
fn body(seen: &Seen<'_>, patterns: &Patterns) -> Option<String> {
    let shown = seen.excerpts().iter().filter(|one| one.label == "body");
    let texts = shown.map(|one| one.text.as_str()).chain(seen.text("body"));
    first_line(texts, patterns)
}

/// The line of a log that a pattern matches: `stderr: …`.
fn log(seen: &Seen<'_>, patterns: &Patterns) -> Option<String> {
    let mut written = seen.written();
    written
        .find_map(|(name, text)| Some(format!("{name}: {}", line_of(text, patterns.find(text)?))))
}

fn first_line<'t>(texts: impl Iterator<Item = &'t str>, patterns: &Patterns) -> Option<String> {
    let mut found = texts.filter_map(|text| Some(line_of(text, patterns.find(text)?)));
    found.next()
}
