//! The fact `events`, read once: who is called what, and where each name stands. After that a rule looks at its own names.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;
use std::time::Duration;

use super::super::meets::meets;
use super::words::shown;
use super::{Key, Name, Only, Rules, Spot};
use crate::model::{Observation, Received, Value};

/// The events of one look.
pub(super) struct Stream<'o> {
    /// All of them, in the order they came; ignored ones, too.
    pub(super) events: Vec<Event<'o>>,
    /// Positions of those that are not ignored.
    pub(super) counted: Vec<usize>,
    names: Vec<Cow<'o, str>>,
    ids: HashMap<Cow<'o, str>, usize>,
    /// Of each name, the positions of its events; none of a name that is ignored.
    positions: Vec<Vec<usize>>,
    /// What was sent, as far as the look says so.
    pub(super) sends: Vec<Send>,
    /// How many events were looked at, for the test that judging is linear.
    #[cfg(test)]
    pub(super) looks: std::cell::Cell<usize>,
}

/// One of them.
pub(super) struct Event<'o> {
    pub(super) entry: &'o Value,
    pub(super) json: Option<&'o Value>,
    pub(super) at: Duration,
    pub(super) since_send: Option<Duration>,
    /// The send it came after, from 1; 0 before the first.
    pub(super) send: usize,
    name: Option<usize>,
    pub(super) is_ignored: bool,
}

/// Something that was sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Send {
    at: Duration,
    /// An event was waited for before the next was sent.
    pub(super) is_awaited: bool,
}

impl<'o> Stream<'o> {
    /// Reads the fact; `None` when the look did not come to any stream.
    pub(super) fn of(seen: &'o Observation, rules: &Rules) -> Option<Self> {
        let Value::List(entries) = seen.facts.get("events")? else {
            return None;
        };
        let mut stream = Self {
            events: Vec::with_capacity(entries.len()),
            counted: Vec::with_capacity(entries.len()),
            names: Vec::new(),
            ids: HashMap::new(),
            positions: Vec::new(),
            sends: sends(seen),
            #[cfg(test)]
            looks: std::cell::Cell::default(),
        };
        let mut ignored: Vec<bool> = Vec::new();
        let mut send = 0;
        for (at, entry) in entries.iter().enumerate() {
            let json = entry.get("json");
            let name = rules.key.name(entry, json).map(|name| stream.id(name));
            if ignored.len() < stream.names.len() {
                let is_new = |name: &Name| name.as_str() == stream.names.last().map(|n| &**n);
                ignored.push(rules.ignored.iter().any(is_new));
            }
            let is_ignored = name.is_some_and(|id| ignored[id]) || !rules.only.holds(json);
            if !is_ignored {
                stream.counted.push(at);
                if let Some(id) = name {
                    stream.positions[id].push(at);
                }
            }
            let (came, since_send) = (
                Received::at(entry).unwrap_or_default(),
                Received::since_send(entry),
            );
            if let Some(since_send) = since_send {
                // Of server-sent events the request was there before the stream was.
                send = send.max(1);
                while let Some(next) = stream.sends.get(send)
                    && next.is_before(came, since_send)
                {
                    send += 1;
                }
            }
            stream.events.push(Event {
                entry,
                json,
                at: came,
                since_send,
                send,
                name,
                is_ignored,
            });
        }
        Some(stream)
    }

    fn id(&mut self, name: Cow<'o, str>) -> usize {
        if let Some(id) = self.ids.get(&name) {
            return *id;
        }
        let id = self.names.len();
        self.names.push(name.clone());
        self.positions.push(Vec::new());
        self.ids.insert(name, id);
        id
    }

    /// Where events of this name stand, of those that are not ignored.
    pub(super) fn positions(&self, name: &Name) -> &[usize] {
        let id = name.as_str().and_then(|name| self.ids.get(name));
        let positions: &[usize] = id.map_or(&[], |id| &self.positions[*id]);
        self.looked(positions.len());
        positions
    }

    /// The name of an event; `None` when it has none.
    pub(super) fn name(&self, at: usize) -> Option<&str> {
        self.looked(1);
        self.events[at].name.map(|id| &*self.names[id])
    }

    /// The name of an event, in words.
    pub(super) fn called(&self, at: usize) -> String {
        self.name(at)
            .map_or_else(|| "an event without a name".to_owned(), shown)
    }

    /// Whether there is not one name in all that counts.
    pub(super) fn is_nameless(&self) -> bool {
        self.positions.iter().all(Vec::is_empty)
    }

    /// Whether any event followed a send.
    pub(super) fn has_turns(&self) -> bool {
        self.events.iter().any(|event| event.since_send.is_some())
    }

    /// Every name that came, and how often; ignored ones come 0 times.
    pub(super) fn tally(&self) -> impl Iterator<Item = (&str, usize)> {
        let counts = self.positions.iter().map(Vec::len);
        self.names.iter().map(|name| &**name).zip(counts)
    }

    #[cfg(test)]
    fn looked(&self, events: usize) {
        self.looks.set(self.looks.get() + events);
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "only tests count")]
    fn looked(&self, _events: usize) {}
}

/// The fact `sends`; nothing where a look does not say it.
fn sends(seen: &Observation) -> Vec<Send> {
    let Some(Value::List(sends)) = seen.facts.get("sends") else {
        return Vec::new();
    };
    let send = |entry: &Value| Send {
        at: Received::at(entry).unwrap_or_default(),
        is_awaited: entry.get("awaited") == Some(&Value::Bool(true)),
    };
    sends.iter().map(send).collect()
}

impl Send {
    /// Whether an event that came then, so long after the send before it, came after this one. In one and the same moment it
    /// came after it when it says so itself.
    fn is_before(&self, came: Duration, since_send: Duration) -> bool {
        self.at < came || (self.at == came && since_send.is_zero())
    }
}

impl Key {
    /// What an event is called.
    fn name<'o>(&self, entry: &'o Value, json: Option<&'o Value>) -> Option<Cow<'o, str>> {
        self.0.iter().find_map(|spot| spot.name(entry, json))
    }
}

impl Only {
    /// Whether rules are about an event. What is no JSON has nothing that could hold.
    fn holds(&self, json: Option<&Value>) -> bool {
        let converted = OnceCell::new();
        let mut rules = self.0.iter();
        rules.all(|(path, matcher)| json.is_some_and(|json| meets(json, path, matcher, &converted)))
    }
}

impl Spot {
    /// An empty text names nothing.
    fn name<'o>(&self, entry: &'o Value, json: Option<&'o Value>) -> Option<Cow<'o, str>> {
        let name = match self {
            Self::Path(path) => match path.find(json?, &OnceCell::new())? {
                Cow::Borrowed(Value::Text(name) | Value::Untyped(name)) => Cow::Borrowed(&**name),
                Cow::Owned(Value::Text(name) | Value::Untyped(name)) => Cow::Owned(name),
                value => match &*value {
                    Value::Number(number) => Cow::Owned(number.to_string()),
                    Value::Bool(truth) => Cow::Owned(truth.to_string()),
                    _ => return None,
                },
            },
            Self::Field => Cow::Borrowed(entry.get("event")?.as_text()?),
        };
        (!name.is_empty()).then_some(name)
    }
}
