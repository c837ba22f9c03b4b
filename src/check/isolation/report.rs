//! What is said of one actor: where something of another was first seen, or why that could not have been told.

use super::markers::{Markers, Unusable};
use super::places::Places;
use super::search::{Hit, Search, Whose};
use super::{Witness, words};
use crate::model::{Finding, KnownCode, Observation, Place, State, Value};

/// Facts that are our own words, or tell where we were: nobody sent them.
/// Numbers and times that stand alone are not searched either.
const OURS: &[&str] = &[
    "closed_by",
    "codes",
    "by_phase",
    "family",
    "hop",
    "log_file",
    "proxy",
    "remote_ip",
    "timed_out_with",
    "transport",
];

/// What was found in all that one actor saw.
#[derive(Default)]
pub(super) struct Report {
    /// Events that came; where there is no stream, answers.
    events: usize,
    is_stream: bool,
    /// Of these, how many hold something of its own.
    own: usize,
    /// Where something of another was seen first.
    leak: Option<Leak>,
    /// In how many events and other facts besides.
    more: usize,
    /// Of how many events the end was not kept.
    cut: usize,
}

struct Leak {
    /// `event 3 (progress, +0.120s)`, ``the fact `headers` ``.
    at: String,
    marker: usize,
}

impl Report {
    pub(super) fn of(actor: usize, seen: &Observation, markers: &Markers) -> Self {
        let mut report = Self::default();
        if let Some(Value::List(entries)) = seen.facts.get("events") {
            report.stream(actor, entries, markers);
        }
        // What comes beside a stream is no proof that anything was heard, but a place to leak.
        let mut answer = Tally::of(1);
        for (name, value) in seen.facts.iter() {
            if name == "events" && report.is_stream {
                continue;
            }
            let is_answer = matches!(name, "body" | "json");
            if is_answer && !report.is_stream && !is_empty(value) {
                report.events = 1;
            }
            if is_ours(name, value) {
                continue;
            }
            let mut of_fact = Tally::of(1);
            let tally = if is_answer { &mut answer } else { &mut of_fact };
            let mut found = |hit| tally.take(hit);
            let mut search = Search::new(markers, actor, &mut found);
            let mut places = Places::of(&mut search);
            places.fact(name, value);
            places.finish();
            report.add(&of_fact, |_| match name {
                "beside" => "what came beside it (the fact `beside`)".to_owned(),
                name => format!("the fact `{name}`"),
            });
        }
        if !report.is_stream {
            report.own = answer.own();
        }
        report.add(&answer, |_| "the answer".to_owned());
        report
    }

    fn stream(&mut self, actor: usize, entries: &[Value], markers: &Markers) {
        self.is_stream = true;
        self.events = entries.len();
        let mut tally = Tally::of(entries.len());
        let mut found = |hit| tally.take(hit);
        let mut search = Search::new(markers, actor, &mut found);
        let mut places = Places::of(&mut search);
        for (at, entry) in entries.iter().enumerate() {
            places.event(at, entry);
            self.cut += usize::from(!words::is_whole(entry));
        }
        places.finish();
        self.own = tally.own();
        self.add(&tally, |hit| {
            words::events(hit.first, hit.last, entries, |name| markers.is_in(name))
        });
    }

    fn add(&mut self, tally: &Tally, at: impl FnOnce(Hit) -> String) {
        let Some((hit, marker)) = tally.leak else {
            return;
        };
        let mut leaking = tally.leaking();
        if self.leak.is_none() {
            self.leak = Some(Leak {
                at: at(hit),
                marker,
            });
            leaking -= 1;
        }
        self.more += leaking;
    }

    pub(super) fn is_leak(&self) -> bool {
        self.leak.is_some()
    }

    /// Why it could not be told whether anything leaked.
    fn wrong(&self, actors: usize, unusable: &Unusable) -> Vec<String> {
        let mut wrong = Vec::new();
        if actors < 2 {
            wrong.push("one actor alone has nobody to be isolated from".to_owned());
        }
        wrong.extend(unusable.reasons.iter().cloned());
        if self.events == 0 {
            wrong.push("nothing came, and silence is not isolation".to_owned());
        } else if unusable.has_none {
            wrong.push("nothing is known of it that only it has".to_owned());
        } else if self.own == 0 {
            let none = match (self.is_stream, self.events) {
                (true, count @ 2..) => format!("none of its {count} events holds"),
                (true, _) => "its one event does not hold".to_owned(),
                (false, _) => "its answer does not hold".to_owned(),
            };
            wrong.push(format!(
                "{none} anything of its own, so a leak could not have been told"
            ));
        }
        if self.cut > 0 {
            wrong.push(format!("of {} events the end was not kept", self.cut));
        }
        wrong
    }

    pub(super) fn finding(
        &self,
        witness: &Witness<'_>,
        actors: usize,
        unusable: &Unusable,
        markers: &Markers,
        place: &Place,
    ) -> Finding {
        let wrong = self.wrong(actors, unusable);
        let actual = match (&self.leak, self.is_stream, self.events) {
            (Some(leak), ..) => {
                let more = match self.more {
                    0 => String::new(),
                    more => format!(", and something of another's in {more} more"),
                };
                format!("{} in {}{more}", markers.named(leak.marker), leak.at)
            }
            (None, true, 1) => format!("1 event, {} with something of its own", self.own),
            (None, true, count) => {
                format!("{count} events, {} with something of its own", self.own)
            }
            (None, false, 0) => "no answer".to_owned(),
            (None, false, _) => match self.own {
                0 => "an answer with nothing of its own".to_owned(),
                _ => "an answer with something of its own".to_owned(),
            },
        };
        let state = if self.leak.is_none() && wrong.is_empty() {
            State::Held
        } else {
            State::NotHeld
        };
        Finding {
            code: KnownCode::Expect.of("isolation"),
            path: format!("isolation {}", witness.actor),
            expected: format!("nothing of another actor's ({})", markers.looked_for()),
            actual: Some(actual),
            state,
            detail: (!wrong.is_empty()).then(|| wrong.join("; ")),
            place: Some(place.clone()),
        }
    }
}

/// What was found, event for event.
struct Tally {
    /// Whether something of its own, and something of another's, is in each of them.
    events: Vec<(bool, bool)>,
    /// Where it was first complete, and what it was.
    leak: Option<(Hit, usize)>,
}

impl Tally {
    fn of(events: usize) -> Self {
        Self {
            events: vec![(false, false); events],
            leak: None,
        }
    }

    fn take(&mut self, hit: Hit) {
        match hit.whose {
            Whose::Own => {
                for (is_own, _) in &mut self.events[hit.first..=hit.last] {
                    *is_own = true;
                }
            }
            Whose::Foreign(marker) => {
                self.events[hit.last].1 = true;
                // Not in the order of the events; and of one that is there alone and put together with others the former.
                let order = |hit: &Hit| (hit.last, usize::MAX - hit.first);
                let known = self.leak.map(|(known, by)| (order(&known), by));
                if known.is_none_or(|known| (order(&hit), marker) < known) {
                    self.leak = Some((hit, marker));
                }
            }
        }
    }

    fn own(&self) -> usize {
        self.events.iter().filter(|(is_own, _)| *is_own).count()
    }

    fn leaking(&self) -> usize {
        self.events.iter().filter(|(_, leaks)| *leaks).count()
    }
}

fn is_ours(name: &str, value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Duration(_) => true,
        Value::Text(_) | Value::Untyped(_) | Value::List(_) | Value::Map(_) => OURS.contains(&name),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Text(text) | Value::Untyped(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Map(entries) => entries.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Duration(_) => false,
    }
}
