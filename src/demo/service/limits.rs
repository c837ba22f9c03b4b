//! How long the service waits, and how much it takes: what it was told, and what it says it runs with.

use std::time::Duration;

use serde_json::{Value, json};

/// Larger request bodies are refused.
pub(super) const MAX_BODY_BYTES: usize = 64 * 1024;

/// Its limits.
#[derive(Debug, Clone, Copy)]
pub(in crate::demo) struct Limits {
    /// For connecting to the database, asking and reading together.
    pub(in crate::demo) database: Duration,
    /// The same for the cache.
    pub(in crate::demo) cache: Duration,
}

impl Limits {
    /// Short, so that a connector that hangs makes the service say so quickly.
    pub(in crate::demo) const DECLARED: Self = Self {
        database: Duration::from_millis(800),
        cache: Duration::from_millis(400),
    };

    /// What nobody declared: see [`Fault::Contract`](crate::demo::Fault::Contract).
    pub(in crate::demo) const HALVED: Self = Self {
        database: Duration::from_millis(400),
        ..Self::DECLARED
    };

    /// As the service tells them.
    pub(super) fn told(self) -> Value {
        json!({
            "database": { "timeout_ms": milliseconds(self.database) },
            "cache": { "timeout_ms": milliseconds(self.cache) },
            "http": { "max_body_bytes": MAX_BODY_BYTES },
        })
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
