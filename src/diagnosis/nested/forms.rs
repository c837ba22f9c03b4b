//! The forms in which libraries write down what stopped them. Each is anchored to more than one word of it.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::model::{
    DnsFault, Fault, FaultKind, Origin, Phase, PoolFault, RedisFault, RedisPrefix, SqlState,
    TcpFault, TlsFault,
};

/// A form, and what it means.
#[derive(Debug)]
pub(super) struct Form {
    pattern: Regex,
    meaning: Meaning,
}

/// What the first group of a form, or the form itself, means.
#[derive(Debug, Clone, Copy)]
enum Meaning {
    /// A number of the operating system.
    Errno,
    /// The name of one, or of a code of getaddrinfo.
    Name,
    /// A code of getaddrinfo, as glibc numbers them.
    Eai,
    /// An SQLSTATE.
    State,
    /// The name that a driver of PostgreSQL gives to an SQLSTATE.
    Exception,
    /// The first word of an error of Redis.
    Redis,
    /// Always the same.
    Always(FaultKind, Phase),
    /// Always the same SQLSTATE.
    Always5(&'static str),
}

impl Form {
    pub(super) fn pattern(&self) -> &Regex {
        &self.pattern
    }

    /// What was written down; `None` for a number or a word that says nothing of a layer below.
    pub(super) fn fault(&self, groups: &Captures<'_>) -> Option<Fault> {
        let word = groups.get(1).map_or("", |group| group.as_str());
        match &self.meaning {
            Meaning::Errno => errno(word.parse().ok()?),
            Meaning::Name => name(word),
            Meaning::Eai => eai(word.parse().ok()?),
            Meaning::State => state(word),
            Meaning::Exception => {
                let known = EXCEPTIONS.iter().find(|(name, _)| *name == word);
                known.and_then(|(_, code)| state(code))
            }
            Meaning::Redis => redis(word),
            Meaning::Always(kind, phase) => Some(fault(*kind, *phase, None)),
            Meaning::Always5(code) => state(code),
        }
    }
}

/// Every form.
pub(super) static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    // That each of them is a pattern is a test's business; one that is none is left out.
    let made = |(pattern, meaning): &(&str, Meaning)| {
        let pattern = Regex::new(pattern).ok()?;
        Some(Form {
            pattern,
            meaning: *meaning,
        })
    };
    TABLE.iter().filter_map(made).collect()
});

/// The patterns, by who writes what they match.
const TABLE: &[(&str, Meaning)] = &[
    // CPython's `OSError`, and `socket.gaierror` with a negative number: `[Errno 111] Connection refused`.
    (r"\[Errno (\d{1,3})\]", Meaning::Errno),
    (r"\[Errno (-\d{1,3})\]", Meaning::Eai),
    // redis-py: `Error 111 connecting to cache:6379.`, `Error -3 connecting to cache:6379.`
    (r"\bError (\d{1,3}) connecting to \S", Meaning::Errno),
    // zlib numbers its errors likewise, so the number alone says nothing.
    (
        r"\b[Ee]rror (-\d{1,2}) (?:connecting to|resolving|looking up) \S",
        Meaning::Eai,
    ),
    // Rust's `io::Error`: `Connection refused (os error 111)`.
    (r"\(os error (\d{1,3})\)", Meaning::Errno),
    (r"\bOs \{ code: (\d{1,3}), kind: ", Meaning::Errno),
    // Node.js: `connect ECONNREFUSED 10.0.0.1:5432`, `getaddrinfo ENOTFOUND db`.
    (
        r"\b(ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|EAI_NONAME|EAI_FAIL|EAI_NODATA|ENOTFOUND)\b",
        Meaning::Name,
    ),
    // The C library's words behind a colon or a bracket: libpq, Go (`connect: connection refused`), Java, curl.
    (
        r#"(?m)(?:^|[:("'\]]\s?)[Cc]onnection refused(?:$|[\s.,;:)"'])"#,
        Meaning::Always(FaultKind::Tcp(TcpFault::Refused), Phase::Connect),
    ),
    // PgJDBC: `Connection to db:5432 refused. Check that …`.
    (
        r"\b[Cc]onnection to \S+:\d{1,5} (?:was )?refused\b",
        Meaning::Always(FaultKind::Tcp(TcpFault::Refused), Phase::Connect),
    ),
    (
        r#"(?m)(?:^|[:("'\]]\s?)[Cc]onnection timed out(?:$|[\s.,;:)"'])"#,
        Meaning::Always(FaultKind::Tcp(TcpFault::Timeout), Phase::Connect),
    ),
    (
        r#"(?m)(?:^|[:("'\]]\s?)(?:[Nn]o route to host|[Nn]etwork is unreachable)(?:$|[\s.,;:)"'])"#,
        Meaning::Always(FaultKind::Tcp(TcpFault::Unreachable), Phase::Connect),
    ),
    // Go: `dial tcp 10.0.0.1:5432: i/o timeout`.
    (
        r"\bdial (?:tcp|unix)[46]? \S+: i/o timeout",
        Meaning::Always(FaultKind::Tcp(TcpFault::Timeout), Phase::Connect),
    ),
    // getaddrinfo's words (glibc), Go's and Java's.
    (
        r"\bTemporary failure in name resolution\b",
        Meaning::Always(FaultKind::Dns(DnsFault::Again), Phase::Resolve),
    ),
    (
        r"\bName or service not known\b",
        Meaning::Always(FaultKind::Dns(DnsFault::Nxdomain), Phase::Resolve),
    ),
    (
        r"\bNo address associated with hostname\b",
        Meaning::Always(FaultKind::Dns(DnsFault::Nodata), Phase::Resolve),
    ),
    (
        r"\blookup \S+(?: on \S+)?: no such host\b",
        Meaning::Always(FaultKind::Dns(DnsFault::Nxdomain), Phase::Resolve),
    ),
    (
        r"\blookup \S+(?: on \S+)?: server misbehaving\b",
        Meaning::Always(FaultKind::Dns(DnsFault::Servfail), Phase::Resolve),
    ),
    (
        r"\bjava\.net\.UnknownHostException: \S",
        Meaning::Always(FaultKind::Dns(DnsFault::Nxdomain), Phase::Resolve),
    ),
    // SQLSTATEs: pgx and PDO (`SQLSTATE[53300]`), ODBC, JSON of an application.
    (
        r#"\bSQLSTATE(?:\[|: |=| |")"?([0-9A-Z]{5})\b"#,
        Meaning::State,
    ),
    (r#"(?i)"sql_?state": ?"([0-9A-Z]{5})""#, Meaning::State),
    // What PostgreSQL says itself, in English.
    (
        r"\bsorry, too many clients already\b|\bremaining connection slots are reserved for\b|\btoo many connections for (?:role|database) ",
        Meaning::Always5("53300"),
    ),
    (
        r#"\bpassword authentication failed for user ""#,
        Meaning::Always5("28P01"),
    ),
    (
        r"\bno pg_hba\.conf entry for host ",
        Meaning::Always5("28000"),
    ),
    (
        r#"\bFATAL:\s+database "[^"\n]*" does not exist"#,
        Meaning::Always5("3D000"),
    ),
    (
        r#"\bFATAL:\s+role "[^"\n]*" does not exist"#,
        Meaning::Always5("28000"),
    ),
    (
        r"\bthe database system is (?:starting up|shutting down|in recovery mode|not yet accepting connections)\b",
        Meaning::Always5("57P03"),
    ),
    (
        r"\bterminating connection due to administrator command\b",
        Meaning::Always5("57P01"),
    ),
    (
        r"\bcanceling statement due to statement timeout\b",
        Meaning::Always5("57014"),
    ),
    (
        r#"(?:ERROR:\s+|\) )relation "[^"\n]*" does not exist"#,
        Meaning::Always5("42P01"),
    ),
    // PyMySQL and mysqlclient: `(1040, 'Too many connections')`.
    (
        r#"\(1040, ['"]Too many connections['"]\)"#,
        Meaning::Always(FaultKind::MySql(1040), Phase::Startup),
    ),
    (
        r#"\(1045, ['"]Access denied for user "#,
        Meaning::Always(FaultKind::MySql(1045), Phase::Auth),
    ),
    // Drivers of PostgreSQL for Python.
    (
        r"\b(?:psycopg2?\.errors|asyncpg\.exceptions(?:\._base)?)\.(\w+?)(?:Error)?\b",
        Meaning::Exception,
    ),
    // SQLAlchemy, sqlx, HikariCP.
    (
        r"\bQueuePool limit of size \d+ overflow \d+ reached, connection timed out\b",
        Meaning::Always(FaultKind::Pool(PoolFault::Timeout), Phase::Query),
    ),
    (
        r"\bpool timed out while waiting for an open connection\b",
        Meaning::Always(FaultKind::Pool(PoolFault::Timeout), Phase::Query),
    ),
    (
        r"\bConnection is not available, request timed out after \d+ms\b",
        Meaning::Always(FaultKind::Pool(PoolFault::Timeout), Phase::Query),
    ),
    // Redis, with the words that stand behind the first one in its source.
    (r"\b(NOAUTH) Authentication required", Meaning::Redis),
    (
        r"\b(WRONGPASS) invalid username-password pair",
        Meaning::Redis,
    ),
    (
        r"\b(LOADING) Redis is loading the dataset in memory",
        Meaning::Redis,
    ),
    (
        r"\b(READONLY) You can't write against a read only replica",
        Meaning::Redis,
    ),
    (
        r"\b(OOM) command not allowed when used memory > 'maxmemory'",
        Meaning::Redis,
    ),
    (
        r"\b(MISCONF) Redis is configured to save RDB snapshots",
        Meaning::Redis,
    ),
    (r"\b(MASTERDOWN) Link with MASTER is down", Meaning::Redis),
    (r"\b(CLUSTERDOWN) The cluster is down", Meaning::Redis),
    // OpenSSL, as CPython and others quote it.
    (
        r"certificate verify failed: certificate has expired",
        Meaning::Always(FaultKind::Tls(TlsFault::Expired), Phase::Tls),
    ),
    (
        r"certificate verify failed: (?:unable to get local issuer certificate|self[- ]signed certificate)",
        Meaning::Always(FaultKind::Tls(TlsFault::UnknownIssuer), Phase::Tls),
    ),
    (
        r"certificate verify failed: [Hh]ostname mismatch",
        Meaning::Always(FaultKind::Tls(TlsFault::WrongName), Phase::Tls),
    ),
];

/// The names that psycopg and asyncpg give to SQLSTATEs, without `Error`.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("TooManyConnections", "53300"),
    ("DiskFull", "53100"),
    ("OutOfMemory", "53200"),
    ("CannotConnectNow", "57P03"),
    ("AdminShutdown", "57P01"),
    ("CrashShutdown", "57P02"),
    ("QueryCanceled", "57014"),
    ("InvalidPassword", "28P01"),
    ("InvalidAuthorizationSpecification", "28000"),
    ("InvalidCatalogName", "3D000"),
    ("UndefinedTable", "42P01"),
    ("UndefinedColumn", "42703"),
    ("UndefinedFunction", "42883"),
    ("InsufficientPrivilege", "42501"),
    ("DeadlockDetected", "40P01"),
    ("SerializationFailure", "40001"),
    ("Serialization", "40001"),
    ("LockNotAvailable", "55P03"),
    ("ReadOnlySqlTransaction", "25006"),
    ("ReadOnlySQLTransaction", "25006"),
    ("UniqueViolation", "23505"),
    ("ForeignKeyViolation", "23503"),
    ("NotNullViolation", "23502"),
    ("CheckViolation", "23514"),
    ("ConnectionDoesNotExist", "08003"),
];

fn fault(kind: FaultKind, phase: Phase, origin: Option<Origin>) -> Fault {
    Fault {
        kind,
        phase,
        message: String::new(),
        origin,
    }
}

/// Of Linux, and of the network alone: a file that is absent is the application's own.
fn errno(number: i32) -> Option<Fault> {
    let kind = match number {
        101 | 113 => TcpFault::Unreachable,
        104 => TcpFault::Reset,
        110 => TcpFault::Timeout,
        111 => TcpFault::Refused,
        _ => return None,
    };
    let origin = Some(Origin::Errno(number));
    Some(fault(FaultKind::Tcp(kind), Phase::Connect, origin))
}

/// As glibc numbers them.
fn eai(number: i32) -> Option<Fault> {
    let kind = match number {
        -2 => DnsFault::Nxdomain,
        -3 => DnsFault::Again,
        -4 => DnsFault::Fail,
        -5 => DnsFault::Nodata,
        _ => return None,
    };
    let origin = Some(Origin::Eai(number));
    Some(fault(FaultKind::Dns(kind), Phase::Resolve, origin))
}

fn name(word: &str) -> Option<Fault> {
    match word {
        "ECONNREFUSED" => errno(111),
        "ECONNRESET" => errno(104),
        "ETIMEDOUT" => errno(110),
        "EHOSTUNREACH" => errno(113),
        "ENETUNREACH" => errno(101),
        "EAI_NONAME" | "ENOTFOUND" => eai(-2),
        "EAI_AGAIN" => eai(-3),
        "EAI_FAIL" => eai(-4),
        "EAI_NODATA" => eai(-5),
        _ => None,
    }
}

/// Drivers give `HY000` and `00000` to what has no SQLSTATE.
fn state(word: &str) -> Option<Fault> {
    let state: SqlState = word.parse().ok()?;
    let says_nothing = word.starts_with("HY") || word.starts_with("00");
    let phase = match &word[..2] {
        "08" | "28" | "53" | "57" | "3D" => Phase::Startup,
        _ => Phase::Query,
    };
    let origin = Some(Origin::SqlState(state));
    (!says_nothing).then(|| fault(FaultKind::Postgres(state), phase, origin))
}

fn redis(word: &str) -> Option<Fault> {
    let prefix: RedisPrefix = word.parse().ok()?;
    let kind = FaultKind::Redis(RedisFault::of(prefix));
    Some(fault(kind, Phase::Query, Some(Origin::Redis(prefix))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_a_pattern_and_matches_no_empty_text() {
        for (pattern, _) in TABLE {
            let pattern = Regex::new(pattern).unwrap();
            assert!(!pattern.is_match(""), "{pattern}");
        }
    }

    #[test]
    fn what_a_form_means_can_happen_in_its_phase_and_by_its_origin() {
        let words = EXCEPTIONS.iter().filter_map(|(_, code)| state(code));
        let numbers = [101, 104, 110, 111, 113].into_iter().filter_map(errno);
        let names = [-2, -3, -4, -5].into_iter().filter_map(eai);
        let fixed = FORMS.iter().filter_map(|form| match form.meaning {
            Meaning::Always(kind, phase) => Some(fault(kind, phase, None)),
            Meaning::Always5(code) => state(code),
            _ => None,
        });
        for fault in words.chain(numbers).chain(names).chain(fixed) {
            let known = fault.kind.known();
            assert!(known.phases.contains(&fault.phase), "{fault}");
            let is_possible = |origin: Origin| known.origins.contains(&origin.kind());
            assert!(fault.origin.is_none_or(is_possible), "{fault}");
        }
    }
}
