//! What streams of events share: collecting what comes, bounded, and the facts that are made of it.

mod shown;
mod wanted;

use std::time::Duration;

use tokio::time::Instant;

use super::hex::hex;
use super::{Context, json};
use crate::model::{Data, Received, Value};

pub(super) use shown::show;
pub(super) use wanted::{JsonRules, Rule};

/// So many events are kept.
pub(super) const MOST_EVENTS: usize = 100_000;

/// So many bytes are all events together counted as, at most: room for as many small ones as are kept. The actors of a test have
/// it together, each at least [`LEAST_BYTES`].
pub(super) const MOST_BYTES: usize = 40 * 1024 * 1024;

/// So many bytes one event may have, at most.
pub(super) const MOST_OF_ONE: usize = 16 * 1024 * 1024;

/// What an actor has for itself, however many there are.
const LEAST_BYTES: usize = 1024 * 1024;

/// An event counts as so many bytes more than it has: it has its times, and its place.
const EVENT: usize = 128;

/// Each value and each name of what is JSON counts as so many: two bytes of text may be one.
const NODE: usize = 32;

/// Of what is binary, so many bytes are kept to be shown.
const SHOWN_BINARY: usize = 4096;

/// The events of a stream, in the order they came, and what is measured while they come.
#[derive(Debug)]
pub(super) struct Heard {
    opened: Instant,
    events: Vec<Received>,
    /// What all events count as.
    bytes: usize,
    /// What they may count as.
    room: usize,
    /// The last send that was complete. Later by as long as nothing was connected since.
    sent: Option<Instant>,
    /// The last event that came after it, else the send itself; later in the same way.
    since: Option<Instant>,
    /// Nothing has come since the last send.
    is_awaited: bool,
    /// What was said, each when it was complete.
    sends: Vec<Send>,
    first_event: Option<Duration>,
    max_gap: Option<Duration>,
    /// What came beside the events.
    beside: Vec<String>,
}

/// Something we said.
#[derive(Debug)]
struct Send {
    /// Since the stream was open.
    at: Duration,
    /// An event was waited for before the next was said.
    is_awaited: bool,
}

/// What an event says, before it has its time.
#[derive(Debug, Default)]
pub(super) struct Event {
    /// The field `event` of a server-sent event.
    pub(super) name: Option<String>,
    /// The field `id` of a server-sent event.
    pub(super) id: Option<String>,
    /// What it says.
    pub(super) data: Said,
}

/// What an event says, as it came.
#[derive(Debug)]
pub(super) enum Said {
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
}

impl Default for Said {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

/// There is no room for another event. What it says fits after `: `.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    Events,
    /// They were to count as no more than so many.
    Bytes(usize),
}

impl Full {
    /// One line for people.
    pub(super) fn why(self) -> String {
        match self {
            Self::Events => format!("more than {MOST_EVENTS} events came"),
            Self::Bytes(room) => format!(
                "all events together, with what it takes to keep them, have more than {} MiB",
                room / 1024 / 1024
            ),
        }
    }
}

/// What the events of one look may count as.
pub(super) fn room(ctx: &Context) -> usize {
    let actors = ctx
        .barriers
        .as_ref()
        .map_or(1, |barriers| barriers.actors());
    (MOST_BYTES / actors.max(1)).max(LEAST_BYTES)
}

impl Heard {
    /// Of a stream that is open since then; its events may count as so many bytes, see [`room`].
    pub(super) fn since(opened: Instant, room: usize) -> Self {
        Self {
            opened,
            events: Vec::new(),
            bytes: 0,
            room,
            sent: None,
            since: None,
            is_awaited: false,
            sends: Vec::new(),
            first_event: None,
            max_gap: None,
            beside: Vec::new(),
        }
    }

    /// Something we said was complete then; of server-sent events the request.
    pub(super) fn sent(&mut self, at: Instant) {
        self.sent = Some(at);
        self.since = Some(at);
        self.is_awaited = true;
        self.sends.push(Send {
            at: at.saturating_duration_since(self.opened),
            is_awaited: false,
        });
    }

    /// From now on an event is waited for: what we said last is to be answered.
    pub(super) fn awaited(&mut self) {
        if let Some(last) = self.sends.last_mut() {
            last.is_awaited = true;
        }
    }

    /// The stream was interrupted from then on, and there is one again since `at`. The time in between is nobody's: it counts
    /// neither as silence nor as waiting. What the peer was silent before and after it still does.
    pub(super) fn reopened(&mut self, interrupted: Instant, at: Instant) {
        let pause = at.saturating_duration_since(interrupted);
        for clock in [&mut self.sent, &mut self.since].into_iter().flatten() {
            *clock += pause;
        }
    }

    /// Adds an event that was complete then.
    pub(super) fn add(&mut self, at: Instant, event: Event) -> Result<(), Full> {
        let Event { name, id, data } = event;
        if self.events.len() == MOST_EVENTS {
            return Err(Full::Events);
        }
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let kept = self.bytes + EVENT + length(&name) + length(&id) + data.len();
        // Known before it is read: the tree of a message may be many times as large as its text.
        let nodes = data.most_nodes() * NODE;
        if kept + nodes > self.room {
            return Err(Full::Bytes(self.room));
        }
        let data = data.read();
        let is_json = matches!(data, Data::Text(_, Some(_)));
        self.bytes = kept + if is_json { nodes } else { 0 };
        self.measure(at);
        self.events.push(Received {
            at: at.saturating_duration_since(self.opened),
            since_send: self.sent.map(|sent| at.saturating_duration_since(sent)),
            event: name,
            id,
            data,
        });
        Ok(())
    }

    /// Adds what came and is no event. It counts as one all the same; what only repeats the last is kept once, as heartbeats do.
    pub(super) fn add_beside(&mut self, came: String) -> Result<(), Full> {
        if self.beside.last() == Some(&came) {
            return Ok(());
        }
        let kept = self.bytes + EVENT + came.len();
        if kept > self.room {
            return Err(Full::Bytes(self.room));
        }
        self.bytes = kept;
        self.beside.push(came);
        Ok(())
    }

    /// What came beside the events.
    pub(super) fn take_beside(&mut self) -> Vec<String> {
        std::mem::take(&mut self.beside)
    }

    fn measure(&mut self, at: Instant) {
        let Some(before) = self.since.replace(at) else {
            // Before the first send nothing is measured.
            self.since = None;
            return;
        };
        let gap = at.saturating_duration_since(before);
        self.max_gap = self.max_gap.max(Some(gap));
        if std::mem::take(&mut self.is_awaited) {
            let answered = self.sent.map(|sent| at.saturating_duration_since(sent));
            self.first_event = self.first_event.max(answered);
        }
    }

    /// Those that came so far.
    pub(super) fn events(&self) -> &[Received] {
        &self.events
    }

    /// The last event that has a node there, as JSON, and the node.
    pub(super) fn last_with<T>(&self, find: impl Fn(&Value) -> Option<T>) -> Option<T> {
        self.events
            .iter()
            .rev()
            .find_map(|event| match &event.data {
                Data::Text(_, Some(json)) => find(json),
                Data::Text(_, None) | Data::Binary(..) => None,
            })
    }

    /// `events`, `sends`, `listened`, `ended`, and where they were measured `first_event` and `max_gap`. It was listened until
    /// then; `ended`: the peer ended the stream, nothing can come after.
    pub(super) fn facts(self, until: Instant, ended: bool) -> Vec<(&'static str, Value)> {
        let listened = until.saturating_duration_since(self.opened);
        let events = self.events.into_iter().map(Received::into_value);
        let sends = self.sends.into_iter().map(Send::into_value);
        let mut facts = vec![
            ("events", Value::List(events.collect())),
            ("sends", Value::List(sends.collect())),
            ("listened", Value::Duration(listened)),
            ("ended", Value::Bool(ended)),
        ];
        for (name, measured) in [("first_event", self.first_event), ("max_gap", self.max_gap)] {
            facts.extend(measured.map(|time| (name, Value::Duration(time))));
        }
        facts
    }
}

impl Send {
    /// `at` and `awaited`, as rules read them.
    fn into_value(self) -> Value {
        Value::Map(vec![
            ("at".to_owned(), Value::Duration(self.at)),
            ("awaited".to_owned(), Value::Bool(self.is_awaited)),
        ])
    }
}

impl Said {
    fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }

    fn most_nodes(&self) -> usize {
        match self {
            Self::Text(text) => json::most_nodes(text),
            Self::Binary(_) => 0,
        }
    }

    fn read(self) -> Data {
        match self {
            Self::Text(text) => {
                let json = json::parse(&text);
                Data::Text(text, json)
            }
            Self::Binary(bytes) => {
                let shown = &bytes[..bytes.len().min(SHOWN_BINARY)];
                Data::Binary(bytes.len(), hex(shown))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn text(text: &str) -> Event {
        Event {
            data: Said::Text(text.to_owned()),
            ..Event::default()
        }
    }

    fn fact<'f>(facts: &'f [(&'static str, Value)], name: &str) -> Option<&'f Value> {
        let fact = facts.iter().find(|(known, _)| *known == name);
        fact.map(|(_, value)| value)
    }

    #[test]
    fn times_are_measured_from_the_send_before() {
        let opened = Instant::now();
        let at = |seconds: u32| opened + SECOND * seconds;
        let mut heard = Heard::since(opened, MOST_BYTES);
        heard.add(at(9), text("unasked")).unwrap();
        heard.sent(at(10));
        heard.add(at(12), text("{\"n\": 1}")).unwrap();
        heard.add(at(17), text("late")).unwrap();
        // A silence before a send is ours, not the peer's.
        heard.sent(at(40));
        heard.add(at(43), text("again")).unwrap();
        heard.sent(at(50));
        let facts = heard.facts(at(60), true);
        let seconds = |seconds| Value::Duration(SECOND * seconds);
        assert_eq!(fact(&facts, "first_event"), Some(&seconds(3)));
        assert_eq!(fact(&facts, "max_gap"), Some(&seconds(5)));
        assert_eq!(fact(&facts, "listened"), Some(&seconds(60)));
        assert_eq!(fact(&facts, "ended"), Some(&Value::Bool(true)));
        let Some(Value::List(events)) = fact(&facts, "events") else {
            panic!("{facts:?}");
        };
        let since: Vec<_> = events.iter().map(Received::since_send).collect();
        let of = |seconds| Some(SECOND * seconds);
        assert_eq!(since, [None, of(2), of(7), of(3)]);
        assert_eq!(Received::at(&events[1]), of(12));
        let json = events[1].get("json").and_then(|json| json.get("n"));
        assert_eq!(json, Some(&Value::int(1)));
    }

    #[test]
    fn what_was_said_is_known_and_whether_an_answer_was_awaited() {
        let opened = Instant::now();
        let at = |seconds: u32| opened + SECOND * seconds;
        let mut heard = Heard::since(opened, MOST_BYTES);
        heard.sent(at(1));
        heard.awaited();
        heard.awaited();
        heard.sent(at(2));
        heard.sent(at(3));
        heard.awaited();
        let facts = heard.facts(at(4), false);
        let send = |seconds, is_awaited| {
            Value::Map(vec![
                ("at".to_owned(), Value::Duration(SECOND * seconds)),
                ("awaited".to_owned(), Value::Bool(is_awaited)),
            ])
        };
        let sends = vec![send(1, true), send(2, false), send(3, true)];
        assert_eq!(fact(&facts, "sends"), Some(&Value::List(sends)));
    }

    #[test]
    fn an_interruption_is_nobodys_silence() {
        let opened = Instant::now();
        let at = |seconds: u32| opened + SECOND * seconds;
        let mut heard = Heard::since(opened, MOST_BYTES);
        heard.reopened(at(0), at(1));
        heard.sent(at(2));
        heard.reopened(at(3), at(30));
        heard.add(at(33), text("there")).unwrap();
        heard.reopened(at(34), at(50));
        heard.add(at(52), text("again")).unwrap();
        let facts = heard.facts(at(53), false);
        let seconds = |seconds| Value::Duration(SECOND * seconds);
        // Before and after the interruption it was waited all the same.
        assert_eq!(fact(&facts, "first_event"), Some(&seconds(4)));
        assert_eq!(fact(&facts, "max_gap"), Some(&seconds(4)));
        let Some(Value::List(events)) = fact(&facts, "events") else {
            panic!("{facts:?}");
        };
        let since: Vec<_> = events.iter().map(Received::since_send).collect();
        assert_eq!(since, [Some(SECOND * 4), Some(SECOND * 7)]);
        // The clock of the look goes on.
        assert_eq!(Received::at(&events[1]), Some(SECOND * 52));
    }

    #[test]
    fn where_nothing_was_sent_nothing_is_measured() {
        let opened = Instant::now();
        let mut heard = Heard::since(opened, MOST_BYTES);
        heard.add(opened, text("one")).unwrap();
        heard.add(opened + SECOND, text("two")).unwrap();
        // Nobody can await an answer to what was not said.
        heard.awaited();
        let facts = heard.facts(opened + SECOND, false);
        assert_eq!(fact(&facts, "sends"), Some(&Value::List(Vec::new())));
        assert_eq!(facts.len(), 4);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let now = Instant::now();
        let mut heard = Heard::since(now, MOST_BYTES);
        for _ in 0..MOST_EVENTS {
            heard.add(now, text("")).unwrap();
        }
        assert_eq!(heard.add(now, text("")), Err(Full::Events));
        let mut heard = Heard::since(now, MOST_BYTES);
        let large = || Event {
            data: Said::Binary(vec![7; MOST_BYTES - EVENT]),
            ..Event::default()
        };
        heard.add(now, large()).unwrap();
        assert_eq!(heard.add(now, text("x")), Err(Full::Bytes(MOST_BYTES)));
        let Data::Binary(bytes, shown) = &heard.events()[0].data else {
            panic!("it is binary");
        };
        assert_eq!(
            (*bytes, shown.len()),
            (MOST_BYTES - EVENT, 2 * SHOWN_BINARY)
        );
    }

    #[test]
    fn what_comes_beside_the_events_counts_and_heartbeats_once() {
        let now = Instant::now();
        let mut heard = Heard::since(now, 3 * EVENT);
        for _ in 0..1000 {
            heard.add_beside("beat".to_owned()).unwrap();
        }
        heard.add(now, text("x")).unwrap();
        let full = heard.add_beside("y".repeat(EVENT));
        assert_eq!(full, Err(Full::Bytes(3 * EVENT)));
        assert_eq!(heard.take_beside(), ["beat"]);
    }

    #[test]
    fn what_a_text_becomes_is_counted_and_not_only_its_bytes() {
        let now = Instant::now();
        // As text it has a quarter of what there is room for.
        let zeros = format!("[0{}]", ",0".repeat(MOST_BYTES / 8));
        let mut heard = Heard::since(now, MOST_BYTES);
        assert_eq!(heard.add(now, text(&zeros)), Err(Full::Bytes(MOST_BYTES)));
        assert!(heard.events().is_empty());
        // What is no JSON in the end is only what it is.
        let prose = format!("so{}", ",0".repeat(MOST_BYTES / 8));
        heard.add(now, text(&prose)).unwrap();
        let small = "{\"n\": [1, 2, 3]}";
        let each = EVENT + small.len() + 6 * NODE;
        let room = (MOST_BYTES - EVENT - prose.len()) / each;
        for _ in 0..room {
            heard.add(now, text(small)).unwrap();
        }
        assert_eq!(heard.add(now, text(small)), Err(Full::Bytes(MOST_BYTES)));
    }
}
