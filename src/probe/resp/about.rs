//! What a server tells about itself.

use redis::Value as Reply;

use super::reply;

/// What is known of the server without asking for more than a greeting.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct About {
    pub(super) version: Option<String>,
    pub(super) role: Option<&'static str>,
    /// `standalone`, `cluster`, `sentinel`.
    pub(super) mode: Option<String>,
}

impl About {
    /// From the answer to `HELLO` (<https://redis.io/docs/latest/commands/hello/>).
    pub(super) fn greeted(entries: &[(Reply, Reply)]) -> Self {
        let find = |name: &str| {
            let entry = entries
                .iter()
                .find(|(key, _)| reply::text(key) == Some(name));
            entry.and_then(|(_, value)| reply::text(value))
        };
        Self {
            version: find("version").map(str::to_owned),
            role: find("role").and_then(role),
            mode: find("mode").map(str::to_owned),
        }
    }

    /// From the answer to `INFO` (<https://redis.io/docs/latest/commands/info/>).
    pub(super) fn told(info: &str) -> Self {
        Self {
            version: field(info, "redis_version").map(str::to_owned),
            role: field(info, "role").and_then(role),
            mode: field(info, "redis_mode").map(str::to_owned),
        }
    }
}

/// The value of a line `name:value` of `INFO`.
pub(in crate::probe) fn field<'t>(info: &'t str, name: &str) -> Option<&'t str> {
    let mut lines = info.lines();
    let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    value.map(str::trim)
}

/// As `sql` says it.
pub(in crate::probe) fn role(name: &str) -> Option<&'static str> {
    match name {
        "master" => Some("primary"),
        "slave" | "replica" => Some("replica"),
        _ => None,
    }
}
