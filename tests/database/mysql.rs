//! `sql` against a real MariaDB, healthy and in every state in which it stops us. MySQL speaks the same protocol; what it does
//! otherwise (`caching_sha2_password`) is tested against peers that follow its documentation.

mod ends;
mod faults;
mod security;
mod writes;

use crate::support::case::{Case, look_at, passes};
use crate::support::mariadb::{MariaDb, Options};
use crate::support::{APP, ODD};

fn sql(dsn: &str, keys: &str) -> String {
    format!("sql: {{ dsn: \"{dsn}\"{keys} }}")
}

/// With this statement, whatever is in it.
fn query(dsn: &str, text: &str) -> String {
    let text = serde_json::Value::from(text);
    sql(dsn, &format!(", query: {text}"))
}

impl MariaDb {
    /// Waits until this holds.
    #[track_caller]
    pub(super) fn waits_until(&self, condition: &str) {
        self.admin(&format!(
            "BEGIN NOT ATOMIC WHILE NOT ({condition}) DO DO SLEEP(0.01); END WHILE; END"
        ));
    }

    /// Waits until nobody of us is there.
    #[track_caller]
    pub(super) fn is_left_alone(&self) {
        self.waits_until(
            "NOT EXISTS (SELECT 1 FROM information_schema.processlist WHERE user IN ('app', 'odd'))",
        );
    }

    /// Waits until we are in the middle of this.
    #[track_caller]
    fn is_asked(&self, statement: &str) {
        self.waits_until(&format!(
            "EXISTS (SELECT 1 FROM information_schema.processlist WHERE user = 'app' AND info LIKE '{statement}%')"
        ));
    }
}

/// Looks at each, and leaves no connection behind.
#[track_caller]
fn look(server: &MariaDb, cases: &[Case]) {
    look_at(cases);
    server.is_left_alone();
}

const USERS: &str = "\
    CREATE TABLE users (id int PRIMARY KEY, email text, `odd name` text);; \
    INSERT INTO users VALUES (1, 'a@x', NULL), (2, NULL, NULL);; \
    CREATE VIEW people AS SELECT id FROM users;; CREATE TABLE versions (v text);; \
    INSERT INTO versions VALUES ('0002'), ('0010');; CREATE DATABASE audit;; CREATE TABLE audit.`Log` (at datetime);; \
    GRANT SELECT ON audit.* TO app;; CREATE DATABASE hidden;; CREATE TABLE hidden.x (id int)";

#[test]
fn a_healthy_one_is_asked_by_every_way() {
    let server = MariaDb::start(&Options {
        sql: USERS,
        ..Options::default()
    });
    let one = ", query: SELECT 1 AS one";
    let is_one = "rows: [{ one: 1 }], columns: [one], rows_affected: 0, database: app, engine: mariadb, role: primary, \
        read_only: false, tls: null, server_version: { matches: \"^\\\\d+\\\\.\\\\d+.*MariaDB\" }";
    let over_tcp = format!(
        "{is_one}, user: app@%, remote_ip: 127.0.0.1, connect_latency: {{ below: 5s }}, phases: {{ startup: {{ below: 5s }}, \
         auth: {{ below: 5s }}, query: {{ below: 5s }} }}"
    );
    look(
        &server,
        &[
            passes("tcp", sql(&server.dsn(), one), over_tcp),
            passes("socket", sql(&server.socket_dsn(), one), is_one),
            passes(
                "odd",
                sql(&server.dsn_of(&ODD), one),
                format!("{is_one}, user: odd@%"),
            ),
            passes(
                "nothing",
                sql(&server.dsn(), ""),
                "database: app, rows: { exists: false }",
            ),
            passes(
                "no-database",
                sql(server.dsn().trim_end_matches("/app"), one),
                "rows: [{ one: 1 }], database: null",
            ),
            passes(
                "settings",
                query(
                    &server.dsn(),
                    "SELECT @@time_zone AS zone, @@character_set_results AS letters, @@max_statement_time BETWEEN 5 AND 11 AS limited",
                ),
                "rows: [{ zone: \"+00:00\", letters: utf8mb4, limited: 1 }]",
            ),
        ],
    );
}

#[test]
fn each_type_of_column_has_its_value() {
    let server = MariaDb::start(&Options {
        sql: "SET NAMES utf8mb4;; CREATE TABLE all_types (\
              ti tinyint(1), tu tinyint unsigned, sm smallint, md mediumint, it int, bg bigint, bu bigint unsigned, \
              zf int(5) zerofill, bo bool, bt bit(10), dc decimal(30, 5), fl float, db double, \
              da date, tm time, dt datetime(3), ts timestamp NULL, yr year, \
              ch char(3), vc varchar(10), tx text, lt longtext, bi binary(3), vb varbinary(3), bl blob, \
              en enum('a', 'b'), st set('x', 'y'), js json, ud uuid, i6 inet6, ge point);; \
              INSERT INTO all_types VALUES (\
              5, 255, -32768, -8388608, -2147483648, -9223372036854775808, 18446744073709551615, \
              42, true, b'1000000001', 12.5, 1.25, 1e300, \
              '2026-01-02', '-838:59:59', '2026-01-02 03:04:05.678', '2026-01-02 03:04:05', 2026, \
              'é', 'it''s', 'text', 'long', 'a', 'ab', 'a\\0b', 'b', 'x,y', '{\"a\": [1, null]}', \
              'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '::1', POINT(1, 2));; \
              INSERT INTO all_types (ti) VALUES (NULL);; SET sql_mode = '';; \
              CREATE TABLE zero (da date, dt datetime);; INSERT INTO zero VALUES ('0000-00-00', '2026-00-00')",
        ..Options::default()
    });
    let mut cases = Vec::new();
    let columns = [
        ("ti", "5"),
        ("tu", "255"),
        ("sm", "-32768"),
        ("md", "-8388608"),
        ("it", "-2147483648"),
        ("bg", "-9223372036854775808"),
        ("bu", "18446744073709551615"),
        ("zf", "42"),
        ("bo", "1"),
        ("bt", "513"),
        ("dc", "12.5"),
        ("fl", "1.25"),
        ("db", "1e300"),
        ("da", "\"2026-01-02\""),
        ("tm", "\"-838:59:59\""),
        ("dt", "\"2026-01-02 03:04:05.678\""),
        ("yr", "2026"),
        ("ch", "\"é\""),
        ("vc", "\"it's\""),
        ("tx", "\"text\""),
        ("lt", "\"long\""),
        ("bi", "\"610000\""),
        ("vb", "\"6162\""),
        ("bl", "\"610062\""),
        ("en", "\"b\""),
        ("st", "\"x,y\""),
        ("js", "{ a: [1, null] }"),
        ("ud", "\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\""),
        ("i6", "\"::1\""),
        (
            "ge",
            "\"000000000101000000000000000000f03f0000000000000040\"",
        ),
    ];
    for (column, expected) in columns {
        cases.push(passes(
            column,
            query(
                &server.dsn(),
                &format!("SELECT {column} AS x FROM all_types"),
            ),
            format!("rows: [{{ x: {expected} }}, {{ x: null }}]"),
        ));
    }
    for (name, written, expected) in [
        (
            "decimal",
            "12345678901234567890.123456789",
            "12345678901234567890.123456789",
        ),
        ("boolean", "1 = 1", "1"),
        ("bytes", "CAST('é' AS BINARY)", "\"c3a9\""),
        ("hexadecimal", "x'00ff'", "\"00ff\""),
        ("nothing", "''", "\"\""),
        ("emoji", "'🦀'", "\"🦀\""),
        ("backslash", "'a\\\\b'", "\"a\\\\b\""),
    ] {
        cases.push(passes(
            name,
            query(&server.dsn(), &format!("SELECT {written} AS x")),
            format!("rows: [{{ x: {expected} }}]"),
        ));
    }
    cases.push(passes(
        "zero",
        sql(&server.dsn(), ", query: SELECT * FROM zero"),
        "rows: [{ da: \"0000-00-00\", dt: \"2026-00-00 00:00:00\" }]",
    ));
    look(&server, &cases);
}

#[test]
fn what_is_missing_of_a_schema_is_named() {
    let server = MariaDb::start(&Options {
        sql: USERS,
        ..Options::default()
    });
    let look_for = |tables: &str| sql(&server.dsn(), &format!(", schema: {{ tables: {tables} }}"));
    let head = |table: &str, column: &str, more: &str| {
        let keys = format!(", migration: {{ table: '{table}', column: {column} }}{more}");
        sql(&server.dsn(), &keys)
    };
    look(
        &server,
        &[
            passes(
                "there",
                look_for(
                    "{ users: [ID, email, '`odd name`'], people: [id], audit.Log: [at], versions: [] }",
                ),
                "missing: { empty: true }",
            ),
            passes(
                "missing",
                look_for(
                    "{ users: [id, phone], orders: [id, total], hidden.x: [id], nowhere.users: [] }",
                ),
                "missing: [hidden.x, nowhere.users, orders, users.phone]",
            ),
            passes(
                "a-name-is-no-statement",
                look_for("{ '`x''; DROP TABLE users; --\\`': ['`y\\''`'] }"),
                "missing: { length: 1 }",
            ),
            passes(
                "head",
                head("versions", "v", ""),
                "migration_head: \"0010\"",
            ),
            passes(
                "headless",
                head("versions", "nope", ", query: SELECT 1 AS one"),
                "migration_head: { exists: false }, rows: [{ one: 1 }]",
            ),
            passes(
                "nowhere",
                head("nowhere.versions", "v", ""),
                "migration_head: { exists: false }",
            ),
            passes(
                "head-and-rows",
                head("app.versions", "V", ", query: SELECT 2 AS two"),
                "migration_head: \"0010\", rows: [{ two: 2 }]",
            ),
        ],
    );
}

#[test]
fn connections_and_replication_are_told_to_who_may_know() {
    let server = MariaDb::start(&Options {
        max_connections: 20,
        ..Options::default()
    });
    let ask = ", ask: [connections, replication]";
    let connections = "max_connections: 20, reserved_connections: 0, used_connections: { at_least: 1 }, \
        free_connections: { below: 20 }";
    look(
        &server,
        &[
            passes(
                "app",
                sql(&server.dsn(), ask),
                format!(
                    "{connections}, replication_lag: {{ exists: false }}, replicas: {{ exists: false }}"
                ),
            ),
            passes(
                "administrator",
                sql(&server.socket_dsn(), ask),
                format!("{connections}, replication_lag: {{ exists: false }}, replicas: 0"),
            ),
        ],
    );
}

#[test]
fn a_replica_says_how_far_it_is_behind() {
    let may = "GRANT REPLICATION SLAVE, SLAVE MONITOR, REPLICATION MASTER ADMIN ON *.* TO app";
    let primary = MariaDb::start(&Options {
        conf: "server_id=1\nlog_bin=binary",
        sql: may,
        ..Options::default()
    });
    let replica = MariaDb::start(&Options {
        conf: "server_id=2",
        sql: may,
        ..Options::default()
    });
    replica.admin(&format!(
        "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={}, MASTER_USER='app', MASTER_PASSWORD='{}', \
         MASTER_USE_GTID=slave_pos;; START SLAVE",
        primary.port(),
        APP.password
    ));
    primary.waits_until(
        "EXISTS (SELECT 1 FROM information_schema.processlist WHERE command = 'Binlog Dump')",
    );
    replica.waits_until(
        "(SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'Slave_running') = 'ON'",
    );
    let ask = ", ask: [replication]";
    look_at(&[
        passes(
            "primary",
            sql(&primary.dsn(), ask),
            "role: primary, replicas: 1, replication_lag: { exists: false }",
        ),
        passes(
            "replica",
            sql(&replica.dsn(), ask),
            "role: primary, read_only: false, replication_lag: { below: 30s }",
        ),
    ]);
    // One that takes writes is none to its writers, whomever it follows.
    replica.set_read_only(true);
    look_at(&[passes(
        "only-reads",
        sql(&replica.dsn(), ask),
        "role: replica, read_only: true, replication_lag: { below: 30s }",
    )]);
    primary.set_read_only(true);
    look_at(&[
        passes(
            "maintained",
            sql(&primary.dsn(), ask),
            "role: primary, read_only: true",
        ),
        passes(
            "nobody-knows",
            sql(&primary.dsn_of(&ODD), ""),
            "role: { exists: false }, read_only: true",
        ),
    ]);
    replica.admin("STOP SLAVE");
    look_at(&[passes(
        "stopped",
        sql(&replica.dsn(), ask),
        "role: replica, replication_lag: { exists: false }",
    )]);
    replica.is_left_alone();
}
