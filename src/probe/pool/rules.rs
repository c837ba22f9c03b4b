//! `pool`: whether the server, its limits and whatever stands between carry a pool with these rules.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::capacity::{Demand, within};
use crate::probe::Invalid;
use crate::yaml::NonZeroDuration;

/// More connections of one process are nobody's.
const MOST: u32 = 5000;

/// Bounds a login where nothing else is said.
const CONNECT: Duration = Duration::from_secs(10);

/// So long the server may take to let go of what was closed.
pub(super) const CLOSING: Duration = Duration::from_secs(5);

/// The rules of a pool: those of SQLAlchemy's QueuePool, which others have by other names.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rules {
    /// Connections that are kept, 1 to 5000 (`pool_size`).
    pub(super) size: u32,
    /// Connections beyond them that are opened when they are needed and closed when they come back, up to 5000 (`max_overflow`).
    #[serde(default)]
    pub(super) overflow: u32,
    /// How long a check-out waits for its turn (`pool_timeout`). Looking takes this long, and some seconds more.
    pub(super) timeout: NonZeroDuration,
    /// How long a login may take; less than `timeout`. Without it 10s, or half of `timeout` where that is less.
    connect_timeout: Option<NonZeroDuration>,
    /// How many instances of the application have such a pool, 1 to 100000.
    #[serde(default = "one")]
    instances: u32,
    /// How many worker processes of an instance have such a pool each, 1 to 10000.
    #[serde(default = "one")]
    workers: u32,
}

const fn one() -> u32 {
    1
}

impl Rules {
    pub(super) fn check(&self) -> Result<(), Invalid> {
        within("pool.size", self.size, 1, MOST)?;
        within("pool.overflow", self.overflow, 0, MOST)?;
        within("pool.instances", self.instances, 1, 100_000)?;
        within("pool.workers", self.workers, 1, 10_000)?;
        if let Some(connect) = self.connect_timeout
            && connect.get() >= self.timeout.get()
        {
            let why = format!(
                "a login may take {:?}, and who waits for a connection gives up after {:?}: the pool would be blamed for a slow \
                 server; make `connect_timeout` less than `timeout`",
                connect.get(),
                self.timeout.get()
            );
            return Err(Invalid::new("pool.connect_timeout", why));
        }
        Ok(())
    }

    pub(super) fn demand(&self) -> Demand {
        Demand {
            instances: self.instances,
            workers: self.workers,
            size: self.size,
            overflow: self.overflow,
        }
    }

    /// Connections of the one pool that is tried.
    pub(super) const fn most(&self) -> u32 {
        self.size + self.overflow
    }

    /// How long a login may take.
    pub(super) fn connect_timeout(&self) -> Duration {
        match self.connect_timeout {
            Some(connect) => connect.get(),
            None => CONNECT.min(self.timeout.get() / 2),
        }
    }

    /// After so long the connection is given back for which somebody waits.
    pub(super) fn lag(&self) -> Duration {
        (self.timeout.get() / 4).min(Duration::from_millis(200))
    }

    /// How far from its promise a wait may end: a tenth, and what a busy machine needs to wake up.
    pub(super) fn tolerance(&self) -> Duration {
        (self.timeout.get() / 10).max(Duration::from_millis(100))
    }

    /// How long it takes at least, and how that is made up. The wait that is to fail really takes its time.
    pub(super) fn least(&self) -> (Duration, String) {
        let timeout = self.timeout.get();
        let waits = timeout
            .saturating_add(self.tolerance())
            .saturating_add(self.lag());
        let least = waits.saturating_add(CLOSING);
        let why = format!(
            "{waits:?} for the wait that must end by `timeout: {timeout:?}`, and {CLOSING:?} for connections to close"
        );
        (least, why)
    }
}
