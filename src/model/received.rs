//! An event of a stream, as probes record it and checks read it: an entry of the fact `events`.

use std::time::Duration;

use super::Value;

/// One event of a WebSocket or of a stream of server-sent events.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    /// When it was complete, from the moment the stream was open. Never less than that of the event before.
    pub at: Duration,
    /// From the last send that was complete before it; `None` before the first. Of server-sent events from the request. The time
    /// in which nothing was connected is left aside.
    pub since_send: Option<Duration>,
    /// The field `event` of a server-sent event.
    pub event: Option<String>,
    /// The field `id` of a server-sent event.
    pub id: Option<String>,
    /// What it says.
    pub data: Data,
}

/// What an event says.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// Text, and what it is as JSON, where it is JSON.
    Text(String, Option<Value>),
    /// So many bytes, in hexadecimal as far as they are kept.
    Binary(usize, String),
}

impl Received {
    /// As an entry of the fact `events`: `at`, `since_send`, `event`, `id`, `data`, `json`, `bytes`, each where it is there.
    pub fn into_value(self) -> Value {
        let text = |text: String| Value::Text(text);
        let mut entries = Vec::with_capacity(4);
        let mut put = |name: &str, value: Option<Value>| {
            entries.extend(value.map(|value| (name.to_owned(), value)));
        };
        put("at", Some(Value::Duration(self.at)));
        put("since_send", self.since_send.map(Value::Duration));
        put("event", self.event.map(text));
        put("id", self.id.map(text));
        match self.data {
            Data::Text(data, json) => {
                put("data", Some(text(data)));
                put("json", json);
            }
            Data::Binary(bytes, shown) => {
                put("data", Some(text(shown)));
                put("bytes", Some(Value::int(bytes as i128)));
            }
        }
        Value::Map(entries)
    }

    /// Reads `at` of an entry.
    pub fn at(entry: &Value) -> Option<Duration> {
        duration(entry, "at")
    }

    /// Reads `since_send` of an entry.
    pub fn since_send(entry: &Value) -> Option<Duration> {
        duration(entry, "since_send")
    }
}

fn duration(entry: &Value, name: &str) -> Option<Duration> {
    match entry.get(name) {
        Some(Value::Duration(duration)) => Some(*duration),
        _ => None,
    }
}
