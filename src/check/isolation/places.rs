//! Everything in what was seen, each text in the place where it stands: what was cut into pieces stands in the same place of
//! events that follow each other.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::hexadecimal;
use super::search::{Flow, Says, Search};
use crate::model::Value;

/// Places that are followed at once, and as many again of those that were seen before them. Of those that come once each there
/// may be as many as a stream has bytes.
const FOLLOWED: usize = 1024;

/// Where something stands: what leads there, mixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Path(u64);

impl Path {
    fn of(step: impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        step.hash(&mut hasher);
        Self(hasher.finish())
    }

    fn then(self, step: impl Hash) -> Self {
        Self::of((self.0, step))
    }
}

/// What stands in an array is put together in two ways: what is at the same position of several, and what is at any position.
#[derive(Debug, Clone, Copy)]
struct Spot {
    exact: Path,
    any: Path,
    /// Whether the two differ.
    is_in_list: bool,
}

impl Spot {
    fn of(name: &str) -> Self {
        Self {
            exact: Path::of(name),
            any: Path::of((name, "*")),
            is_in_list: false,
        }
    }

    fn member(self, name: &str) -> Self {
        Self {
            exact: self.exact.then(name),
            any: self.any.then(name),
            ..self
        }
    }

    fn item(self, at: usize) -> Self {
        Self {
            exact: self.exact.then(at),
            any: self.any.then("*"),
            is_in_list: true,
        }
    }
}

/// All places of one stream, or of one fact.
pub(super) struct Places<'s, 'm> {
    search: &'s mut Search<'m>,
    followed: HashMap<Path, Flow>,
    before: HashMap<Path, Flow>,
}

impl<'s, 'm> Places<'s, 'm> {
    pub(super) fn of(search: &'s mut Search<'m>) -> Self {
        Self {
            search,
            followed: HashMap::new(),
            before: HashMap::new(),
        }
    }

    /// Looks at everything that a fact says.
    pub(super) fn fact(&mut self, name: &str, value: &Value) {
        self.value(value, Spot::of(name), 0, false);
    }

    /// Looks at everything that came with an event. When it came is no part of that.
    pub(super) fn event(&mut self, at: usize, entry: &Value) {
        let Value::Map(entries) = entry else {
            self.value(entry, Spot::of(""), at, true);
            return;
        };
        let is_binary = entry.get("bytes").is_some();
        let has_json = entry.get("json").is_some();
        for (name, value) in entries {
            match (&**name, value) {
                ("at" | "since_send" | "bytes", _) => {}
                ("data", Value::Text(hex)) if is_binary => {
                    let bytes = hexadecimal::bytes(hex);
                    self.follow(Path::of("bytes"), Says::Bytes, &bytes, at);
                }
                // What its texts say is read in its JSON; but not what is there twice, and no number to its last digit.
                ("data", Value::Text(text)) if has_json => self.search.raw(text, at),
                (name, value) => self.value(value, Spot::of(name), at, true),
            }
        }
    }

    /// Looks at what was not looked at yet.
    pub(super) fn finish(mut self) {
        // Those that are followed now become those before.
        self.turn();
        self.turn();
    }

    fn value(&mut self, value: &Value, spot: Spot, event: usize, is_stream: bool) {
        match value {
            Value::Text(text) | Value::Untyped(text) => {
                // Of what came at once no other text stands in the very same place.
                if is_stream {
                    self.follow(spot.exact, Says::Text, text.as_bytes(), event);
                } else {
                    self.search.text(text, event);
                }
                if spot.is_in_list {
                    self.follow(spot.any, Says::Together, text.as_bytes(), event);
                }
            }
            Value::Number(number) => self.search.text(&number.to_string(), event),
            Value::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.value(item, spot.item(at), event, is_stream);
                }
            }
            Value::Map(entries) => {
                for (key, value) in entries {
                    self.search.text(key, event);
                    self.value(value, spot.member(key), event, is_stream);
                }
            }
            Value::Null | Value::Bool(_) | Value::Duration(_) => {}
        }
    }

    fn follow(&mut self, path: Path, says: Says, bytes: &[u8], event: usize) {
        if !self.followed.contains_key(&path) {
            if self.followed.len() >= FOLLOWED {
                self.turn();
            }
            let known = self.before.remove(&path);
            let flow = known.unwrap_or_else(|| Flow::of(says));
            self.followed.insert(path, flow);
        }
        if let Some(flow) = self.followed.get_mut(&path) {
            flow.push(bytes, event, self.search);
        }
    }

    /// Gives up the places that were seen longest ago.
    fn turn(&mut self) {
        let followed = std::mem::take(&mut self.followed);
        for (_, flow) in std::mem::replace(&mut self.before, followed) {
            flow.finish(self.search);
        }
    }
}
