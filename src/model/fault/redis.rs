//! Redis: the first word of an error says what it is.

use std::fmt;
use std::str::FromStr;

layer! {
    /// What Redis answers with instead of a reply (the first word of the error), and what becomes of its connection.
    RedisFault {
        /// Credentials are wanted, and none were given (`NOAUTH`).
        NoAuth = "redis.noauth", in [Startup, Auth, Query], by [Redis];
        /// User or password is wrong, or the user is off (`WRONGPASS`).
        WrongPass = "redis.wrongpass", in [Startup, Auth, Query], by [Redis];
        /// The user may not run the command, or not on this key (`NOPERM`).
        NoPerm = "redis.noperm", in [Startup, Auth, Query], by [Redis];
        /// The data is being read from disk (`LOADING`).
        Loading = "redis.loading", in [Startup, Auth, Query], by [Redis];
        /// All the clients it takes are there already. Redis has no word of its own for it: it says `ERR max number of clients
        /// reached` unasked, and closes.
        MaxClients = "redis.max_clients", in [Startup, Auth, Query], by [Redis];
        /// A replica was asked to write (`READONLY`).
        ReadOnly = "redis.readonly", in [Startup, Auth, Query], by [Redis];
        /// The memory it may use is used up (`OOM`).
        OutOfMemory = "redis.oom", in [Startup, Auth, Query], by [Redis];
        /// It cannot save to disk and takes no writes (`MISCONF`).
        Misconf = "redis.misconf", in [Startup, Auth, Query], by [Redis];
        /// A replica lost its master and may not answer (`MASTERDOWN`).
        MasterDown = "redis.masterdown", in [Startup, Auth, Query], by [Redis];
        /// The cluster does not serve (`CLUSTERDOWN`).
        ClusterDown = "redis.clusterdown", in [Startup, Auth, Query], by [Redis];
        /// Another node of the cluster has the key (`MOVED`).
        Moved = "redis.moved", in [Startup, Auth, Query], by [Redis];
        /// Another node of the cluster has the key for now (`ASK`).
        Ask = "redis.ask", in [Startup, Auth, Query], by [Redis];
        /// It answers only to its own machine until it has a password (`DENIED`, protected mode).
        Denied = "redis.denied", in [Startup, Auth, Query], by [Redis];
        /// A script runs and does not end (`BUSY`).
        Busy = "redis.busy", in [Startup, Auth, Query], by [Redis];
        /// A cluster moves the keys that are asked for, just now (`TRYAGAIN`).
        TryAgain = "redis.tryagain", in [Startup, Auth, Query], by [Redis];
        /// The keys that are asked for are on different nodes of the cluster (`CROSSSLOT`).
        CrossSlot = "redis.crossslot", in [Startup, Auth, Query], by [Redis];
        /// Fewer replicas are there than a write wants (`NOREPLICAS`).
        NoReplicas = "redis.noreplicas", in [Startup, Auth, Query], by [Redis];
        /// The transaction was given up: one of its commands was refused (`EXECABORT`).
        ExecAbort = "redis.execabort", in [Startup, Auth, Query], by [Redis];
        /// The key holds another type of value (`WRONGTYPE`).
        WrongType = "redis.wrongtype", in [Startup, Auth, Query], by [Redis];
        /// Any other error (`ERR` most of all): unknown command, wrong number of arguments.
        Error = "redis.error", in [Startup, Auth, Query], by [Redis];
        /// The connection was not greeted within the budget.
        TimeoutStartup = "redis.timeout.startup", in [Startup], by [], timeout;
        /// Credentials were not accepted or refused within the budget.
        TimeoutAuth = "redis.timeout.auth", in [Auth], by [], timeout;
        /// A command was not answered within the budget.
        TimeoutQuery = "redis.timeout.query", in [Query], by [], timeout;
        /// The connection ended or broke without a word of why: TLS is missing, or the server was stopped.
        Closed = "redis.closed", in [Startup, Auth, Query], by [Errno];
        /// The reply passed the cap on bytes.
        TooLarge = "redis.too_large", in [Startup, Auth, Query], by [];
        /// What came is not RESP.
        Protocol = "redis.protocol", in [Startup, Auth, Query], by [];
    }
}

impl RedisFault {
    /// What an error means by its first word, as far as that says it.
    pub fn of(prefix: RedisPrefix) -> Self {
        let mut known = WORDS.iter();
        let found = known.find(|(word, _)| *word == prefix.as_str());
        found.map_or(Self::Error, |(_, fault)| *fault)
    }

    /// The first word of the error; `None` where more than one word means it, or none does.
    pub fn word(self) -> Option<RedisPrefix> {
        let mut known = WORDS.iter();
        let (word, _) = known.find(|(_, fault)| *fault == self)?;
        word.parse().ok()
    }
}

/// Errors that are known by their first words.
const WORDS: [(&str, RedisFault); 18] = [
    ("NOAUTH", RedisFault::NoAuth),
    ("WRONGPASS", RedisFault::WrongPass),
    ("NOPERM", RedisFault::NoPerm),
    ("LOADING", RedisFault::Loading),
    ("READONLY", RedisFault::ReadOnly),
    ("OOM", RedisFault::OutOfMemory),
    ("MISCONF", RedisFault::Misconf),
    ("MASTERDOWN", RedisFault::MasterDown),
    ("CLUSTERDOWN", RedisFault::ClusterDown),
    ("MOVED", RedisFault::Moved),
    ("ASK", RedisFault::Ask),
    ("DENIED", RedisFault::Denied),
    ("BUSY", RedisFault::Busy),
    ("TRYAGAIN", RedisFault::TryAgain),
    ("CROSSSLOT", RedisFault::CrossSlot),
    ("NOREPLICAS", RedisFault::NoReplicas),
    ("EXECABORT", RedisFault::ExecAbort),
    ("WRONGTYPE", RedisFault::WrongType),
];

/// The longest word that is kept: `NOREPLICAS`, `UNBLOCKED`, `EXECABORT` and all the others fit.
const LONGEST: usize = 15;

/// The first word of an error of Redis, in capitals: `NOAUTH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RedisPrefix {
    bytes: [u8; LONGEST],
    length: u8,
}

impl RedisPrefix {
    /// The word.
    pub fn as_str(&self) -> &str {
        // Only capitals of ASCII are let in.
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl Default for RedisPrefix {
    /// `ERR`: what Redis says where it has no word of its own.
    fn default() -> Self {
        let mut bytes = [0; LONGEST];
        bytes[..3].copy_from_slice(b"ERR");
        Self { bytes, length: 3 }
    }
}

impl fmt::Display for RedisPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no first word of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the first word of an error of Redis has one to {LONGEST} capital letters")]
pub struct NoRedisPrefix;

impl FromStr for RedisPrefix {
    type Err = NoRedisPrefix;

    fn from_str(text: &str) -> Result<Self, NoRedisPrefix> {
        let is_one = (1..=LONGEST).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_uppercase());
        if !is_one {
            return Err(NoRedisPrefix);
        }
        let mut bytes = [0; LONGEST];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        // At most fifteen, as just seen.
        let length = u8::try_from(text.len()).map_err(|_| NoRedisPrefix)?;
        Ok(Self { bytes, length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_decides() {
        for (word, fault) in [
            ("NOAUTH", RedisFault::NoAuth),
            ("OOM", RedisFault::OutOfMemory),
            ("ERR", RedisFault::Error),
            ("NOSCRIPT", RedisFault::Error),
        ] {
            let prefix: RedisPrefix = word.parse().unwrap();
            assert_eq!(prefix.to_string(), word);
            assert_eq!(RedisFault::of(prefix), fault);
        }
        for (word, fault) in WORDS {
            assert_eq!(fault.word().map(RedisFault::of), Some(fault), "{word}");
        }
        // `ERR` says it of any, and of clients that are too many.
        assert_eq!(RedisFault::Error.word(), None);
        assert_eq!(RedisFault::MaxClients.word(), None);
        for wrong in ["", "noauth", "NO AUTH", "ABCDEFGHIJKLMNOP"] {
            assert_eq!(wrong.parse::<RedisPrefix>(), Err(NoRedisPrefix), "{wrong}");
        }
    }
}
