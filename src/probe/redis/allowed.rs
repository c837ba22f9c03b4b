//! What a command may do: read, write a key of our own that goes away by itself, change something (which needs a permission), or
//! not be asked here at all.

use crate::probe::resp::Command;

/// The keys that may be written without a permission begin so, whichever run they are of.
pub(super) const OWN: &str = "allclear:";

/// And last so long at most, in seconds.
const LONGEST: u64 = 3600;

/// What a command does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing that stays.
    None,
    /// It may change something that is not ours.
    Changes,
    /// It cannot be asked here, and this is why.
    Refused(&'static str),
}

/// What a command does. Whatever is not known to read is taken to write.
pub(super) fn effect(command: &Command) -> Effect {
    let (name, arguments) = command.split();
    let second = arguments.first().map(|word| word.to_ascii_uppercase());
    let second = second.as_deref().unwrap_or_default();
    if let Some(why) = refused(&name, second) {
        return Effect::Refused(why);
    }
    let is_harmless = READS.binary_search(&name.as_str()).is_ok()
        || READS_BY
            .iter()
            .any(|(container, names)| *container == name && names.contains(&second))
        || (name == "CONFIG" && second == "GET" && reads_no_secret(&arguments[1..]))
        || is_own(&name, arguments);
    if is_harmless {
        Effect::None
    } else {
        Effect::Changes
    }
}

/// Whether a connection that ran it is still as it was before.
pub(super) fn leaves_no_trace(command: &Command) -> bool {
    let (name, _) = command.split();
    !matches!(
        name.as_str(),
        "ASKING"
            | "CLIENT"
            | "DISCARD"
            | "EXEC"
            | "MULTI"
            | "READONLY"
            | "READWRITE"
            | "SCRIPT"
            | "WATCH"
    )
}

fn refused(name: &str, second: &str) -> Option<&'static str> {
    match (name, second) {
        ("AUTH" | "HELLO" | "SELECT", _) => Some("the URL says who logs in, and to which database"),
        ("QUIT" | "RESET", _) | ("CLIENT", "REPLY" | "SETNAME" | "TRACKING" | "CACHING") => {
            Some("the connection is kept in order here")
        }
        (
            "SUBSCRIBE" | "PSUBSCRIBE" | "SSUBSCRIBE" | "UNSUBSCRIBE" | "PUNSUBSCRIBE"
            | "SUNSUBSCRIBE",
            _,
        ) => Some("what is published is not waited for here"),
        ("MONITOR" | "SYNC" | "PSYNC" | "REPLCONF", _) => {
            Some("it never ends, and costs the server much")
        }
        _ => None,
    }
}

/// Writes a key of ours that goes away by itself, or takes one away.
fn is_own(name: &str, arguments: &[String]) -> bool {
    let is_key = |word: &String| word.starts_with(OWN) && word.len() > OWN.len();
    let is_short = |text: &str, unit: u64| {
        text.parse::<u64>()
            .is_ok_and(|length| (1..=LONGEST * unit).contains(&length))
    };
    match (name, arguments) {
        ("SET", [key, _, options @ ..]) => is_key(key) && expires(options, is_short),
        ("SETEX", [key, seconds, _]) => is_key(key) && is_short(seconds, 1),
        ("PSETEX", [key, milliseconds, _]) => is_key(key) && is_short(milliseconds, 1000),
        ("DEL" | "UNLINK", [_, ..]) => arguments.iter().all(is_key),
        _ => false,
    }
}

/// `EX seconds` or `PX milliseconds`, besides `NX`, `XX` and `GET`.
fn expires(options: &[String], is_short: impl Fn(&str, u64) -> bool) -> bool {
    let mut expires = false;
    let mut options = options.iter();
    while let Some(option) = options.next() {
        let unit = match option.to_ascii_uppercase().as_str() {
            "NX" | "XX" | "GET" => continue,
            "EX" => 1,
            "PX" => 1000,
            _ => return false,
        };
        if !options.next().is_some_and(|length| is_short(length, unit)) {
            return false;
        }
        expires = true;
    }
    expires
}

/// A setting that is named, and holds no password: what matches a pattern may be one.
fn reads_no_secret(names: &[String]) -> bool {
    !names.is_empty()
        && names.iter().all(|name| {
            let name = name.to_ascii_lowercase();
            let is_named = name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            is_named && !name.contains("pass") && !name.contains("auth")
        })
}

/// Commands that change nothing: those Redis 7 flags `readonly`, but `KEYS`, which stops the server while it looks at every key,
/// and `EVAL_RO`, `EVALSHA_RO` and `FCALL_RO`, which stop it for as long as their script runs, and that may be for ever; and
/// those that ask the connection or the server itself. In order.
const READS: &[&str] = &[
    "BITCOUNT",
    "BITFIELD_RO",
    "BITPOS",
    "DBSIZE",
    "DISCARD",
    "DUMP",
    "ECHO",
    "EXEC",
    "EXISTS",
    "EXPIRETIME",
    "GEODIST",
    "GEOHASH",
    "GEOPOS",
    "GEORADIUSBYMEMBER_RO",
    "GEORADIUS_RO",
    "GEOSEARCH",
    "GET",
    "GETBIT",
    "GETRANGE",
    "HEXISTS",
    "HGET",
    "HGETALL",
    "HKEYS",
    "HLEN",
    "HMGET",
    "HRANDFIELD",
    "HSCAN",
    "HSTRLEN",
    "HVALS",
    "INFO",
    "LASTSAVE",
    "LCS",
    "LINDEX",
    "LLEN",
    "LOLWUT",
    "LPOS",
    "LRANGE",
    "MGET",
    "MULTI",
    "PEXPIRETIME",
    "PING",
    "PTTL",
    "RANDOMKEY",
    "READONLY",
    "READWRITE",
    "ROLE",
    "SCAN",
    "SCARD",
    "SDIFF",
    "SINTER",
    "SINTERCARD",
    "SISMEMBER",
    "SMEMBERS",
    "SMISMEMBER",
    "SORT_RO",
    "SRANDMEMBER",
    "SSCAN",
    "STRLEN",
    "SUBSTR",
    "SUNION",
    "TIME",
    "TTL",
    "TYPE",
    "UNWATCH",
    "WAIT",
    "WATCH",
    "XLEN",
    "XPENDING",
    "XRANGE",
    "XREAD",
    "XREVRANGE",
    "ZCARD",
    "ZCOUNT",
    "ZDIFF",
    "ZINTER",
    "ZINTERCARD",
    "ZLEXCOUNT",
    "ZMSCORE",
    "ZRANDMEMBER",
    "ZRANGE",
    "ZRANGEBYLEX",
    "ZRANGEBYSCORE",
    "ZRANK",
    "ZREVRANGE",
    "ZREVRANGEBYLEX",
    "ZREVRANGEBYSCORE",
    "ZREVRANK",
    "ZSCAN",
    "ZSCORE",
    "ZUNION",
];

/// The same of commands with a second word.
const READS_BY: &[(&str, &[&str])] = &[
    ("ACL", &["CAT", "WHOAMI"]),
    ("CLIENT", &["GETNAME", "ID", "INFO", "LIST"]),
    (
        "CLUSTER",
        &[
            "COUNTKEYSINSLOT",
            "INFO",
            "KEYSLOT",
            "LINKS",
            "MYID",
            "NODES",
            "REPLICAS",
            "SHARDS",
            "SLAVES",
            "SLOTS",
        ],
    ),
    ("COMMAND", &["COUNT", "DOCS", "GETKEYS", "INFO", "LIST"]),
    ("FUNCTION", &["LIST", "STATS"]),
    ("LATENCY", &["DOCTOR", "HISTOGRAM", "HISTORY", "LATEST"]),
    ("MEMORY", &["DOCTOR", "STATS", "USAGE"]),
    ("MODULE", &["LIST"]),
    ("OBJECT", &["ENCODING", "FREQ", "IDLETIME", "REFCOUNT"]),
    (
        "PUBSUB",
        &[
            "CHANNELS",
            "NUMPAT",
            "NUMSUB",
            "SHARDCHANNELS",
            "SHARDNUMSUB",
        ],
    ),
    ("SCRIPT", &["EXISTS"]),
    ("SLOWLOG", &["GET", "LEN"]),
    ("XINFO", &["CONSUMERS", "GROUPS", "STREAM"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn effect_of(line: &str) -> Effect {
        effect(&Command::of(&line.split(' ').collect::<Vec<_>>()))
    }

    #[test]
    fn what_reads_is_found() {
        assert!(READS.is_sorted());
        for line in [
            "PING",
            "get key",
            "Info replication",
            "CONFIG GET maxmemory-policy",
            "object encoding key",
            "XREAD COUNT 1 STREAMS s 0",
        ] {
            assert_eq!(effect_of(line), Effect::None, "{line}");
        }
    }

    #[test]
    fn a_key_of_ours_that_goes_away_may_be_written() {
        for line in [
            "SET allclear:x v EX 60",
            "set allclear:x v nx px 60000 get",
            "SETEX allclear:x 3600 v",
            "PSETEX allclear:x 1 v",
            "DEL allclear:x allclear:y",
            "UNLINK allclear:x",
        ] {
            assert_eq!(effect_of(line), Effect::None, "{line}");
        }
    }

    #[test]
    fn whatever_else_writes_wants_a_permission() {
        for line in [
            "SET key v EX 60",
            "SET allclear: v EX 60",
            "SET allclear:x v",
            "SET allclear:x v EX 3601",
            "SET allclear:x v EX 0",
            "SET allclear:x v EX",
            "SET allclear:x v EX 60 KEEPTTL",
            "SET allclear:x v EXAT 99999999999",
            "SETEX allclear:x 100000 v",
            "DEL allclear:x key",
            "DEL",
            "INCR allclear:x",
            "SORT list STORE other",
            "GETDEL allclear:x",
            "KEYS *",
            "FLUSHALL",
            "EVAL return 0",
            "EVAL_RO return 0",
            "EVALSHA_RO e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0",
            "FCALL_RO f 0",
            "CONFIG SET maxmemory 1",
            "CONFIG GET *",
            "CONFIG GET requirepass",
            "CONFIG GET masterauth",
            "CONFIG GET",
            "CLIENT KILL TYPE normal",
            "OBJECT",
            "ACL LIST",
            "nonsense",
            "PUBLISH c m",
        ] {
            assert_eq!(effect_of(line), Effect::Changes, "{line}");
        }
    }

    #[test]
    fn what_would_change_or_never_end_the_exchange_is_refused() {
        for line in [
            "AUTH x",
            "select 1",
            "SUBSCRIBE c",
            "MONITOR",
            "CLIENT REPLY OFF",
            "QUIT",
        ] {
            assert!(matches!(effect_of(line), Effect::Refused(_)), "{line}");
        }
    }
}
