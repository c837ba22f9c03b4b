//! What was seen of a database, whatever its engine.

use crate::model::Value;
use crate::probe::database::{Room, Rows};
use crate::probe::look::Look;

/// What was seen so far. What is absent was not asked, or not answered.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Of the statement that was run last.
    pub(super) result: Option<Rows>,
    pub(super) rows_affected: Option<u64>,
    pub(super) missing: Option<Vec<String>>,
    pub(super) migration_head: Option<Value>,
    /// What the engine says of itself.
    pub(super) facts: Vec<(&'static str, Value)>,
}

impl Seen {
    /// Adds how many connections there are; ours is one of those that are used.
    pub(super) fn has(&mut self, room: &Room) {
        self.facts.extend(room.facts());
        self.facts.push(("used_connections", Value::int(room.used)));
    }

    /// Records it, whichever way the look ended.
    pub(super) fn tell(self, look: &mut Look<'_>) {
        let texts = |texts: Vec<String>| Value::List(texts.into_iter().map(Value::Text).collect());
        for (name, value) in self.facts {
            look.fact(name, value);
        }
        let (columns, rows) = match self.result {
            Some(result) => (Some(result.columns), Some(result.all)),
            None => (None, None),
        };
        let facts = [
            ("rows", rows.map(Value::List)),
            ("columns", columns.map(texts)),
            ("rows_affected", self.rows_affected.map(Value::int)),
            ("missing", self.missing.map(texts)),
            ("migration_head", self.migration_head),
        ];
        for (name, value) in facts {
            if let Some(value) = value {
                look.fact(name, value);
            }
        }
    }
}
