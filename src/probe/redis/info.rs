//! What `INFO` tells (<https://redis.io/docs/latest/commands/info/>), as facts.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::{Number, Value};
use crate::probe::look::Look;
use crate::probe::resp::{Command, field, role};

/// What is asked of the server besides the commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Section {
    /// `connected_clients`, `max_clients`, `clients_percent`.
    Clients,
    /// `used_memory`, `max_memory`, `memory_percent`.
    Memory,
    /// `loading`, `last_save`.
    Persistence,
    /// `role`, `replicas`, `replication_link`, `replication_lag`.
    Replication,
}

impl Section {
    pub(super) fn command(self) -> Command {
        Command::of(&[
            "INFO",
            match self {
                Self::Clients => "clients",
                Self::Memory => "memory",
                Self::Persistence => "persistence",
                Self::Replication => "replication",
            },
        ])
    }

    /// Records what was told; what an older server does not tell is absent.
    pub(super) fn tell(self, told: &str, look: &mut Look<'_>) {
        match self {
            Self::Clients => clients(told, look),
            Self::Memory => memory(told, look),
            Self::Persistence => persistence(told, look),
            Self::Replication => replication(told, look),
        }
    }
}

fn number(told: &str, name: &str) -> Option<u64> {
    field(told, name)?.trim().parse().ok()
}

fn percent(part: u64, whole: u64) -> Value {
    Value::Number(Number::Float(part as f64 * 100.0 / whole as f64))
}

fn clients(told: &str, look: &mut Look<'_>) {
    let (used, most) = (
        number(told, "connected_clients"),
        number(told, "maxclients"),
    );
    if let Some(used) = used {
        look.fact("connected_clients", Value::int(used));
    }
    if let Some(most) = most {
        look.fact("max_clients", Value::int(most));
    }
    if let (Some(used), Some(most @ 1..)) = (used, most) {
        look.fact("clients_percent", percent(used, most));
    }
}

fn memory(told: &str, look: &mut Look<'_>) {
    let Some(used) = number(told, "used_memory") else {
        return;
    };
    look.fact("used_memory", Value::int(used));
    match number(told, "maxmemory") {
        None => {}
        // No limit: of nothing there is no part.
        Some(0) => {
            look.fact("max_memory", Value::Null);
            look.fact("memory_percent", Value::Null);
        }
        Some(most) => {
            look.fact("max_memory", Value::int(most));
            look.fact("memory_percent", percent(used, most));
        }
    }
}

fn persistence(told: &str, look: &mut Look<'_>) {
    if let Some(loading) = number(told, "loading") {
        look.fact("loading", Value::Bool(loading != 0));
    }
    if let Some(status) = field(told, "rdb_last_bgsave_status") {
        look.fact("last_save", Value::Text(status.trim().to_owned()));
    }
}

/// A replica tells of its link to the primary, a primary of its replicas.
fn replication(told: &str, look: &mut Look<'_>) {
    let role = field(told, "role").and_then(role);
    if let Some(role) = role {
        look.fact("role", Value::Text(role.to_owned()));
    }
    let replicas: Vec<Replica> = told.lines().filter_map(Replica::read).collect();
    if let Some(link) = field(told, "master_link_status") {
        look.fact("replication_link", Value::Text(link.trim().to_owned()));
    }
    // -1 while there is no link.
    let behind = number(told, "master_last_io_seconds_ago");
    let lag = behind.or_else(|| replicas.iter().filter_map(|replica| replica.lag).max());
    if let Some(lag) = lag {
        let lag = Duration::from_secs(lag);
        look.fact("replication_lag", Value::Duration(lag));
    }
    if role == Some("primary") {
        let online = replicas.iter().filter(|replica| replica.is_online);
        look.fact("replicas", Value::int(online.count() as u64));
    }
}

struct Replica {
    is_online: bool,
    /// Seconds since it acknowledged last.
    lag: Option<u64>,
}

impl Replica {
    /// `slave0:ip=10.0.0.2,port=6379,state=online,offset=14,lag=1`.
    fn read(line: &str) -> Option<Self> {
        let (name, rest) = line.split_once(':')?;
        let is_one = name
            .strip_prefix("slave")
            .is_some_and(|number| number.parse::<u32>().is_ok());
        let entry = |name: &str| {
            let mut entries = rest.trim().split(',');
            entries.find_map(|entry| entry.strip_prefix(name)?.strip_prefix('='))
        };
        is_one.then(|| Self {
            is_online: entry("state") == Some("online"),
            lag: entry("lag").and_then(|lag| lag.parse().ok()),
        })
    }
}
