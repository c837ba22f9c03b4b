//! `expect: { isolation: true }`: whether anything of one actor came to another.
//!
//! Every text of every fact is searched for what the other actors are known by: as it came, with its JSON decoded, with what is
//! percent-encoded, escaped or base64 once more decoded. Silence is not isolation: who saw nothing, or nothing of its own, has shown nothing.

mod encoded;
mod markers;
mod texts;

pub use self::markers::SHORTEST;
use self::markers::{Markers, Unusable};
use crate::model::{Finding, KnownCode, Observation, Place, State, Value};

/// One actor's part of a step that expects isolation.
#[derive(Debug)]
pub struct Witness<'r> {
    /// `actor1`, or the name it was given.
    pub actor: &'r str,
    /// What it is recognised by.
    pub markers: Vec<Marker>,
    /// What it saw.
    pub seen: &'r Observation,
}

/// Something by which an actor's data is recognised.
#[derive(Clone)]
pub struct Marker {
    /// `nonce`, `uuid`, `actor`, `session.user.id`, the name of a capture.
    pub name: String,
    /// What it is. Never shown.
    pub text: String,
    /// Nobody else may ever have it: two actors with the same are one.
    pub is_secret: bool,
}

impl std::fmt::Debug for Marker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Marker({}: ***)", self.name)
    }
}

/// What is said of one actor.
#[derive(Debug)]
pub struct Ruling {
    /// `expect.isolation`.
    pub finding: Finding,
    /// Something of another came to it; else what does not hold is that nothing was proved.
    pub is_leak: bool,
}

/// A finding `expect.isolation` for each actor, in their order.
pub fn judge(witnesses: &[Witness<'_>], place: &Place) -> Vec<Finding> {
    let rulings = rule(witnesses, place).into_iter();
    rulings.map(|ruling| ruling.finding).collect()
}

/// The same, and whether something leaked. In time linear in all that was seen.
pub fn rule(witnesses: &[Witness<'_>], place: &Place) -> Vec<Ruling> {
    let (markers, unusable) = Markers::of(witnesses);
    let report = |(actor, witness): (usize, &Witness<'_>)| {
        let report = Report::of(actor, witness, &markers);
        let wrong = report.wrong(witnesses.len(), &unusable[actor]);
        Ruling {
            finding: report.finding(witness.actor, &wrong, &markers, place),
            is_leak: report.leak.is_some(),
        }
    };
    witnesses.iter().enumerate().map(report).collect()
}

/// What was found in all that one actor saw.
#[derive(Default)]
struct Report {
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
    fn of(actor: usize, witness: &Witness<'_>, markers: &Markers) -> Self {
        let mut report = Self::default();
        for (name, value) in witness.seen.facts.iter() {
            if let ("events", Value::List(entries)) = (name, value) {
                report.is_stream = true;
                report.events = entries.len();
                for (at, entry) in entries.iter().enumerate() {
                    let mut search = Search::of(actor, markers);
                    texts::each_of_event(entry, &mut |text| search.look(text));
                    report.own += usize::from(search.is_own);
                    report.cut += usize::from(!texts::is_whole(entry));
                    report.leaked(&search, || {
                        texts::event(at, entry, |text| markers.is_in(text))
                    });
                }
            }
        }
        // What comes beside a stream is no proof that anything was heard, but a place to leak.
        let mut answer = Search::of(actor, markers);
        for (name, value) in witness
            .seen
            .facts
            .iter()
            .filter(|(name, _)| *name != "events")
        {
            let is_answer = matches!(name, "body" | "json");
            if is_answer && !report.is_stream && !is_empty(value) {
                report.events = 1;
            }
            if is_answer {
                texts::each(value, &mut |text| answer.look(text));
                continue;
            }
            let mut search = Search::of(actor, markers);
            texts::each(value, &mut |text| search.look(text));
            report.leaked(&search, || format!("the fact `{name}`"));
        }
        if !report.is_stream {
            report.own = usize::from(answer.is_own);
        }
        report.leaked(&answer, || "the answer".to_owned());
        report
    }

    fn leaked(&mut self, search: &Search<'_>, at: impl FnOnce() -> String) {
        match (search.foreign, &self.leak) {
            (Some(marker), None) => self.leak = Some(Leak { at: at(), marker }),
            (Some(_), Some(_)) => self.more += 1,
            (None, _) => {}
        }
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

    fn finding(&self, actor: &str, wrong: &[String], markers: &Markers, place: &Place) -> Finding {
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
            path: format!("isolation {actor}"),
            expected: "nothing of another actor's".to_owned(),
            actual: Some(actual),
            state,
            detail: (!wrong.is_empty()).then(|| wrong.join("; ")),
            place: Some(place.clone()),
        }
    }
}

/// What is found in the texts of one event.
struct Search<'m> {
    actor: usize,
    markers: &'m Markers,
    is_own: bool,
    /// The first marker of another.
    foreign: Option<usize>,
}

impl<'m> Search<'m> {
    fn of(actor: usize, markers: &'m Markers) -> Self {
        Self {
            actor,
            markers,
            is_own: false,
            foreign: None,
        }
    }

    fn look(&mut self, text: &str) {
        let found = self.markers.search(self.actor, text);
        self.is_own |= found.is_own;
        self.foreign = self.foreign.or(found.foreign);
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

#[cfg(test)]
mod tests;
