//! `capacity`: arithmetic, without a single connection: what a fleet may ask for, and what the server gives.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::{FaultKind, PoolFault, Value};
use crate::probe::Invalid;
use crate::probe::database::Room;
use crate::probe::look::{Halt, Look};

/// More instances are nobody's; and the product of all stays far from the end of 64 bits.
const MOST_INSTANCES: u32 = 100_000;
const MOST_WORKERS: u32 = 10_000;
/// More connections no server gives.
pub(super) const MOST_CONNECTIONS: u32 = 1_000_000;

/// What a fleet may ask for, and what the server is declared to give.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Capacity {
    /// Instances of the application at most, 1 to 100000: where it scales by itself, the upper end.
    instances: u32,
    /// Worker processes of an instance, each with a pool of its own, 1 to 10000.
    #[serde(default = "one")]
    workers: u32,
    /// Connections a pool keeps, 1 to 1000000.
    pool: u32,
    /// Connections it opens beyond them, up to 1000000.
    #[serde(default)]
    overflow: u32,
    /// What the server gives in all. Without `dsn` it must be declared; with `dsn` the server is asked, and a difference
    /// becomes the fact `differs`.
    max_connections: Option<u32>,
    /// How many of them are not for the application (`superuser_reserved_connections` and `reserved_connections` of
    /// PostgreSQL). Without `dsn` it must be declared.
    reserved: Option<u32>,
}

const fn one() -> u32 {
    1
}

impl Capacity {
    /// `is_declared`: no server will be asked.
    pub(super) fn check(&self, is_declared: bool) -> Result<(), Invalid> {
        within("capacity.instances", self.instances, 1, MOST_INSTANCES)?;
        within("capacity.workers", self.workers, 1, MOST_WORKERS)?;
        within("capacity.pool", self.pool, 1, MOST_CONNECTIONS)?;
        within("capacity.overflow", self.overflow, 0, MOST_CONNECTIONS)?;
        if let Some(max) = self.max_connections {
            within("capacity.max_connections", max, 1, MOST_CONNECTIONS)?;
        }
        match (self.max_connections, self.reserved) {
            (None, _) if is_declared => Err(Invalid::new(
                "capacity",
                "`max_connections` is missing, or a `dsn` to ask the server",
            )),
            (_, None) if is_declared => Err(Invalid::new(
                "capacity",
                "`reserved` is missing (PostgreSQL keeps 3 for superusers unless it is told otherwise), or a `dsn` to ask the \
                 server",
            )),
            (Some(max), Some(reserved)) if reserved >= max => Err(Invalid::new(
                "capacity.reserved",
                format!("{reserved} of {max} are reserved, so nothing is left"),
            )),
            _ => Ok(()),
        }
    }

    pub(super) fn demand(&self) -> Demand {
        Demand {
            instances: self.instances,
            workers: self.workers,
            size: self.pool,
            overflow: self.overflow,
        }
    }

    /// What is declared of the server.
    pub(super) fn declared(&self) -> Room {
        let max = self.max_connections.unwrap_or_default();
        Room::declared(max.into(), self.reserved.unwrap_or_default().into())
    }

    /// What is declared otherwise than the server says: a list of `name`, `declared` and `read`.
    pub(super) fn differs(&self, room: &Room) -> Value {
        let pairs = [
            ("max_connections", self.max_connections, room.max),
            ("reserved", self.reserved, room.reserved),
        ];
        let differing = pairs.into_iter().filter_map(|(name, declared, read)| {
            let declared = declared.map(u64::from).filter(|known| *known != read)?;
            Some(Value::Map(vec![
                ("name".to_owned(), Value::Text(name.to_owned())),
                ("declared".to_owned(), Value::int(declared)),
                ("read".to_owned(), Value::int(read)),
            ]))
        });
        Value::List(differing.collect())
    }
}

pub(super) fn within(
    field: &'static str,
    found: u32,
    least: u32,
    most: u32,
) -> Result<(), Invalid> {
    if (least..=most).contains(&found) {
        return Ok(());
    }
    let why = format!("found {found}, expected {least} to {most}");
    Err(Invalid::new(field, why))
}

/// How many connections may be asked for at once, by whom.
#[derive(Debug, Clone, Copy)]
pub(super) struct Demand {
    pub(super) instances: u32,
    pub(super) workers: u32,
    pub(super) size: u32,
    pub(super) overflow: u32,
}

impl Demand {
    /// All of them.
    pub(super) fn total(self) -> u64 {
        let of_a_pool = u64::from(self.size) + u64::from(self.overflow);
        u64::from(self.instances)
            .saturating_mul(self.workers.into())
            .saturating_mul(of_a_pool)
    }

    /// Holds it against what the server gives: the facts `demand`, `available`, `headroom` and `fits`; when it does not fit,
    /// the sum in words.
    pub(super) fn hold_against(self, room: &Room, look: &mut Look<'_>) -> Result<(), Halt> {
        let (demand, available) = (self.total(), room.available());
        look.fact("demand", Value::int(demand));
        look.fact("available", Value::int(available));
        look.fact(
            "headroom",
            Value::int(i128::from(available) - i128::from(demand)),
        );
        look.fact("fits", Value::Bool(demand <= available));
        if demand <= available {
            return Ok(());
        }
        let message = format!("{self} = {demand} connections are asked of {}", room.sum());
        Err(Halt::fault(FaultKind::Pool(PoolFault::Capacity), message))
    }
}

impl fmt::Display for Demand {
    /// `46 × 1 × (20 + 30)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            instances,
            workers,
            size,
            overflow,
        } = self;
        write!(f, "{instances} × {workers} × ({size} + {overflow})")
    }
}
