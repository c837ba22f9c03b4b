use super::*;
use crate::diagnosis::classify::classify_one;
use crate::diagnosis::examples::Short;
use crate::model::{Diagnosed, FaultKind};

fn code(text: &str) -> Option<String> {
    find(text).map(|nested| nested.fault.code().to_string())
}

/// What libraries write, and the fault that it stands for.
const WRITTEN: &[(&str, &str)] = &[
    // Python
    (
        "ConnectionRefusedError: [Errno 111] Connection refused",
        "tcp.refused",
    ),
    (
        "TimeoutError: [Errno 110] Connection timed out",
        "tcp.timeout",
    ),
    ("OSError: [Errno 113] No route to host", "tcp.unreachable"),
    (
        "socket.gaierror: [Errno -3] Temporary failure in name resolution",
        "dns.again",
    ),
    (
        "socket.gaierror: [Errno -2] Name or service not known",
        "dns.nxdomain",
    ),
    (
        "redis.exceptions.ConnectionError: Error 111 connecting to cache:6379. Connection refused.",
        "tcp.refused",
    ),
    (
        "redis.exceptions.ConnectionError: Error -3 connecting to cache:6379. Temporary failure in name resolution.",
        "dns.again",
    ),
    (
        "(psycopg2.OperationalError) connection to server at \"db\" (10.0.0.1), port 5432 failed: Connection refused\n\tIs the server running",
        "tcp.refused",
    ),
    (
        "connection to server at \"db\" (10.0.0.1), port 5432 failed: FATAL:  sorry, too many clients already",
        "postgres.53300",
    ),
    (
        "FATAL:  remaining connection slots are reserved for non-replication superuser connections",
        "postgres.53300",
    ),
    (
        "asyncpg.exceptions.TooManyConnectionsError: sorry",
        "postgres.53300",
    ),
    (
        "asyncpg.exceptions._base.CannotConnectNowError: wait",
        "postgres.57P03",
    ),
    (
        "psycopg.errors.UndefinedTable: relation \"users\" does not exist",
        "postgres.42P01",
    ),
    (
        "psycopg2.errors.UniqueViolation: duplicate key",
        "postgres.23505",
    ),
    (
        "FATAL:  password authentication failed for user \"app\"",
        "postgres.28P01",
    ),
    (
        "FATAL:  the database system is starting up",
        "postgres.57P03",
    ),
    (
        "sqlalchemy.exc.TimeoutError: QueuePool limit of size 20 overflow 30 reached, connection timed out, timeout 30.00",
        "pool.timeout",
    ),
    (
        "pymysql.err.OperationalError: (1040, 'Too many connections')",
        "mysql.1040",
    ),
    (
        "redis.exceptions.BusyLoadingError: LOADING Redis is loading the dataset in memory",
        "redis.loading",
    ),
    (
        "ssl.SSLCertVerificationError: certificate verify failed: certificate has expired (_ssl.c:1006)",
        "tls.expired",
    ),
    // Node.js, Go, Java, Rust
    ("Error: connect ECONNREFUSED 10.0.0.1:5432", "tcp.refused"),
    ("Error: getaddrinfo ENOTFOUND db.internal", "dns.nxdomain"),
    ("Error: getaddrinfo EAI_AGAIN db.internal", "dns.again"),
    (
        "dial tcp 10.0.0.1:5432: connect: connection refused",
        "tcp.refused",
    ),
    ("dial tcp 10.0.0.1:5432: i/o timeout", "tcp.timeout"),
    (
        "dial tcp: lookup db.internal on 10.0.0.2:53: no such host",
        "dns.nxdomain",
    ),
    (
        "ERROR: relation \"users\" does not exist (SQLSTATE 42P01)",
        "postgres.42P01",
    ),
    (
        "FATAL: sorry, too many clients already (SQLSTATE 53300)",
        "postgres.53300",
    ),
    ("SQLSTATE[53300] [7] FATAL", "postgres.53300"),
    ("java.net.UnknownHostException: db.internal", "dns.nxdomain"),
    (
        "java.net.ConnectException: Connection refused (Connection refused)",
        "tcp.refused",
    ),
    (
        "HikariPool-1 - Connection is not available, request timed out after 30000ms.",
        "pool.timeout",
    ),
    (
        "error communicating with database: Connection refused (os error 111)",
        "tcp.refused",
    ),
    (
        "Err value: Os { code: 111, kind: ConnectionRefused, message: \"Connection refused\" }",
        "tcp.refused",
    ),
    (
        "pool timed out while waiting for an open connection",
        "pool.timeout",
    ),
    // JSON of an application
    (r#"{"detail": "db: Connection refused"}"#, "tcp.refused"),
    (r#"{"error": {"sqlState": "53300"}}"#, "postgres.53300"),
];

#[test]
fn what_libraries_write_is_known() {
    for (text, expected) in WRITTEN {
        let found = find(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(found.fault.code().as_str(), *expected, "{text}");
        assert!(!found.is_ambiguous, "{text}");
    }
}

#[test]
fn words_that_only_sound_like_it_say_nothing() {
    for text in [
        "",
        "the connection refused to die",
        "zlib.error: Error -3 while decompressing data: incorrect header check",
        "[Errno 2] No such file or directory: 'settings.toml'",
        "[Errno 98] error while attempting to bind on address",
        "SQLSTATE[HY000] [2002] php_network_getaddresses",
        "SQLSTATE: see the manual",
        "order 53300 was shipped to 57P03",
        "too many clients asked for lunch",
        "READONLY is a mode",
        "ECONNREFUSEDX",
        "the pool timed out",
        "asyncpg.exceptions.SomethingNewError: x",
        "errors: 111 connecting to",
    ] {
        assert_eq!(code(text), None, "{text}");
    }
}

#[test]
fn two_failures_in_one_text_are_ambiguous_and_the_first_is_told() {
    let found =
        find("[Errno 111] Connection refused\nthen: Temporary failure in name resolution").unwrap();
    assert_eq!(found.fault.code().as_str(), "tcp.refused");
    assert!(found.is_ambiguous);
}

#[test]
fn of_a_log_the_phase_it_was_in_counts() {
    let log = "cache: connect ECONNREFUSED 10.0.0.1:6379\ncache: done after 2 tries\nphase 3/7 database: begin\nFATAL:  sorry, too many clients already\n";
    let found = find(since(log, Some("database"))).unwrap();
    assert!(matches!(found.fault.kind, FaultKind::Postgres(_)));
    assert!(!found.is_ambiguous);
    assert!(find(since(log, None)).unwrap().is_ambiguous);
    // A word inside another is no name of a phase, and a phase that nobody named hides nothing.
    assert_eq!(since("data base\nb", Some("at")), "data base\nb");
    assert_eq!(since("a\nb", Some("nobody")), "a\nb");
}

fn classified(yaml: &str) -> Diagnosed {
    classify_one(&Short::parse(yaml).record(), Rules::embedded()).expect("it failed")
}

#[test]
fn the_class_is_that_of_what_was_written_and_believed_less() {
    let body = r#"{ probe: http, status: 500, hop: app, resources: ["origin:http://api"], body: '{"detail": "FATAL: sorry, too many clients already"}' }"#;
    let found = classified(body);
    assert_eq!(found.rule, "PG-3");
    assert_eq!(
        found.blame.to_string(),
        "unknown, leaning configuration/capacity"
    );
    assert_eq!(found.layer.name(), "application");
    assert_eq!(found.resource, "origin:http://api");
    assert_eq!(found.adjusted[0].kind, Modifier::Nested);
    assert!(found.adjusted[0].text.contains("HTTP-7"), "{found:?}");
    // Medium becomes a leaning.
    let found = classified(
        "{ probe: http, status: 500, hop: app, body: 'Temporary failure in name resolution' }",
    );
    assert_eq!(
        found.blame.to_string(),
        "unknown, leaning infrastructure/dns"
    );
}

#[test]
fn a_hostile_body_gets_no_more_than_a_leaning() {
    let mut all = String::new();
    for text in [
        "Connection refused",
        "[Errno -3] x",
        "SQLSTATE 53300",
        "LOADING Redis is loading the dataset in memory",
        "QueuePool limit of size 1 overflow 0 reached, connection timed out",
    ] {
        all.push_str(text);
        all.push_str("; ");
    }
    let found = classified(&format!(
        "{{ probe: http, status: 500, hop: app, body: {all:?} }}"
    ));
    assert_eq!(found.blame.confidence, Confidence::Low);
    assert_eq!(found.rule, "TCP-1");
}

#[test]
fn a_typed_signal_of_our_own_is_never_overruled() {
    for (seen, rule) in [
        ("probe: http, fault: tls.expired", "TLS-1"),
        ("probe: http, fault: http.timeout.first_byte", "TIME-1"),
        ("probe: http, status: 404, hop: app", "HTTP-2"),
        ("probe: http, status: 502, hop: nginx", "PRX-1"),
    ] {
        let found = classified(&format!(
            "{{ {seen}, body: 'FATAL: sorry, too many clients already' }}"
        ));
        assert_eq!(found.rule, rule);
        assert!(found.adjusted.is_empty(), "{found:?}");
    }
    // A start that lacks a module is not the database's, whatever it wrote before.
    let found = classified(
        r#"{ probe: process, fault: process.exit.3, log: "db: Connection refused\nModuleNotFoundError: No module named 'billing'\n" }"#,
    );
    assert_eq!(found.rule, "PROC-10");
}
