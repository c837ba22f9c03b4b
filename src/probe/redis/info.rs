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
    /// `role`, `replicas` and `replication_link`; `replication_silence`, since when the other side was not heard: of a replica
    /// its primary, of a primary the quietest of its replicas; and `replication_behind`, how many bytes: of a primary those that
    /// the slowest of its replicas did not acknowledge yet, of a replica those that it received and did not apply yet (since
    /// Redis 7). A replica without a link does not know how far it is behind, and `replication_behind` is absent.
    /// How long it is behind no Redis tells.
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
    let silence = number(told, "master_last_io_seconds_ago");
    let silence = silence.or_else(|| replicas.iter().filter_map(|one| one.silence).max());
    if let Some(silence) = silence {
        let silence = Duration::from_secs(silence);
        look.fact("replication_silence", Value::Duration(silence));
    }
    let behind = match role {
        Some("primary") => behind_of_replicas(told, &replicas),
        _ => behind_of_itself(told),
    };
    if let Some(behind) = behind {
        look.fact("replication_behind", Value::int(behind));
    }
    if role == Some("primary") {
        let online = replicas.iter().filter(|replica| replica.is_online);
        look.fact("replicas", Value::int(online.count() as u64));
    }
}

/// What the slowest of them did not acknowledge yet; unknown of one that does not say is unknown of all.
fn behind_of_replicas(told: &str, replicas: &[Replica]) -> Option<u64> {
    let written = number(told, "master_repl_offset")?;
    let behind = replicas
        .iter()
        .map(|one| Some(written.saturating_sub(one.offset?)));
    behind.collect::<Option<Vec<_>>>()?.into_iter().max()
}

/// What it received and did not apply yet. What its primary wrote and did not send is not known here, and without a link
/// nothing is.
fn behind_of_itself(told: &str) -> Option<u64> {
    if field(told, "master_link_status")?.trim() != "up" {
        return None;
    }
    let received = number(told, "slave_read_repl_offset")?;
    Some(received.saturating_sub(number(told, "slave_repl_offset")?))
}

struct Replica {
    is_online: bool,
    /// Seconds since it acknowledged last, which Redis calls its lag.
    silence: Option<u64>,
    /// The last byte it acknowledged.
    offset: Option<u64>,
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
        let number = |name: &str| entry(name).and_then(|number| number.parse().ok());
        is_one.then(|| Self {
            is_online: entry("state") == Some("online"),
            silence: number("lag"),
            offset: number("offset"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Observation;
    use crate::probe::Context;
    use crate::probe::testing::AMPLE;

    fn seen(told: &str) -> Observation {
        let ctx = Context::for_tests(AMPLE);
        let mut look = Look::begin(&ctx);
        Section::Replication.tell(&told.replace('\n', "\r\n"), &mut look);
        look.finish()
    }

    fn told(told: &str) -> (Option<Value>, Option<Value>) {
        let facts = seen(told).facts;
        let fact = |name| facts.get(name).cloned();
        (fact("replication_silence"), fact("replication_behind"))
    }

    fn seconds(seconds: u64) -> Value {
        Value::Duration(Duration::from_secs(seconds))
    }

    #[test]
    fn of_a_primary_the_slowest_replica_counts() {
        let two = "role:master\nconnected_slaves:2\nslave0:ip=10.0.0.2,port=6379,state=online,offset=900,lag=1\n\
            slave1:ip=10.0.0.3,port=6379,state=online,offset=400,lag=0\nmaster_repl_offset:1000\n";
        assert_eq!(told(two), (Some(seconds(1)), Some(Value::int(600_u64))));
        assert_eq!(seen(two).facts.get("replicas"), Some(&Value::int(2)));
        let silent = two.replace("offset=900,", "");
        assert_eq!(told(&silent), (Some(seconds(1)), None));
        assert_eq!(
            told("role:master\nconnected_slaves:0\nmaster_repl_offset:1000\n"),
            (None, None)
        );
    }

    #[test]
    fn of_a_replica_what_it_did_not_apply_yet_counts() {
        let one = "role:slave\nmaster_link_status:up\nmaster_last_io_seconds_ago:3\nslave_read_repl_offset:1000\n\
            slave_repl_offset:990\nmaster_repl_offset:990\n";
        assert_eq!(told(one), (Some(seconds(3)), Some(Value::int(10_u64))));
        let old = one.replace("slave_read_repl_offset:1000\n", "");
        assert_eq!(told(&old), (Some(seconds(3)), None));
        // Nothing that it does not receive is behind, as far as it knows.
        let lost = one.replace(":up", ":down").replace("ago:3", "ago:-1");
        assert_eq!(told(&lost), (None, None));
    }
}
