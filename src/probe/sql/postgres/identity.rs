//! Who and what answers: all of it of a session that is new, and of one that is kept what may be otherwise now.

use std::time::Duration;

use tokio::time::Instant;

use super::first;
use crate::model::Value;
use crate::probe::database::Answer;
use crate::probe::database::postgres::Remembered;

/// Who and what answers, as of now.
pub(super) fn identity(deadline: Instant) -> String {
    let limit = limit(deadline);
    format!(
        "SELECT pg_catalog.pg_is_in_recovery() AS recovering, \
         pg_catalog.current_setting('transaction_read_only') AS read_only, \
         pg_catalog.current_database() AS database, session_user AS \"user\", \
         pg_catalog.current_setting('application_name') AS application_name, \
         pg_catalog.current_setting('server_version') AS server_version, {limit}"
    )
}

/// What may be otherwise now in a session that is as new, though it is the same: a server is promoted, and told to be
/// read-only. To ask this takes the server much less time.
pub(super) fn still(deadline: Instant) -> String {
    let limit = limit(deadline);
    format!(
        "SELECT pg_catalog.pg_is_in_recovery() AS recovering, \
         pg_catalog.current_setting('transaction_read_only') AS read_only, {limit}"
    )
}

/// What our questions about the server give, as facts.
pub(super) fn facts(answer: &Answer) -> Vec<(&'static str, Value)> {
    let known = NAMES.iter().filter_map(|name| {
        let value = match (*name, first(answer, name)?) {
            // Where there is none the fact is absent: nothing that is compared with a duration is null.
            ("replication_lag", Value::Number(seconds)) => {
                let seconds = Duration::try_from_secs_f64(seconds.to_f64().max(0.0));
                Value::Duration(seconds.ok()?)
            }
            ("replication_lag", _) => return None,
            ("recovering", value) => {
                let is_replica = *value == Value::Bool(true);
                let role = if is_replica { "replica" } else { "primary" };
                return Some(("role", Value::Text(role.to_owned())));
            }
            ("read_only", value) => Value::Bool(value.as_text() == Some("on")),
            (_, value) => value.clone(),
        };
        Some((*name, value))
    });
    known.collect()
}

/// What of this need not be asked again while the session is as new.
pub(super) fn remembered(answer: &Answer) -> Remembered {
    let mut facts = facts(answer);
    facts.retain(|(name, _)| !matches!(*name, "role" | "read_only"));
    facts
}

/// Sets the budget, so that the server ends by itself what nobody waits for any more. A shorter limit of the role, the
/// database or the server stays: each time the one of now, for the server may be told another.
fn limit(deadline: Instant) -> String {
    let left = deadline.saturating_duration_since(Instant::now());
    let left = left.as_millis().clamp(1, i32::MAX as u128);
    format!(
        "CASE WHEN pg_catalog.current_setting('statement_timeout') = '0' \
         OR pg_catalog.current_setting('statement_timeout')::pg_catalog.interval > '{left}ms' \
         THEN pg_catalog.set_config('statement_timeout', '{left}', true) END"
    )
}

/// What our own questions give, by the names of their columns.
const NAMES: &[&str] = &[
    "recovering",
    "read_only",
    "database",
    "user",
    "application_name",
    "server_version",
    "replication_lag",
    "replicas",
];
