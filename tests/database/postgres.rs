//! `sql` against a real PostgreSQL, healthy and in every state in which it stops us.

mod ends;
mod faults;
mod security;

use crate::support::case::{Case, look_at, look_at_with, passes, stops};
use crate::support::postgres::{Options, Postgres};
use crate::support::{ODD, Tool};

fn sql(dsn: &str, keys: &str) -> String {
    format!("sql: {{ dsn: \"{dsn}\"{keys} }}")
}

impl Postgres {
    /// Waits until this holds.
    #[track_caller]
    pub(super) fn waits_until(&self, condition: &str) {
        self.admin(&format!(
            "DO $$ BEGIN FOR turn IN 1..2000 LOOP PERFORM pg_stat_clear_snapshot(); \
             IF {condition} THEN RETURN; END IF; PERFORM pg_sleep(0.01); END LOOP; \
             RAISE 'it never holds'; END $$"
        ));
    }

    /// Waits until nobody of us is there.
    #[track_caller]
    pub(super) fn is_left_alone(&self) {
        self.waits_until(
            "NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name LIKE 'allclear/%')",
        );
    }

    /// How often one of us was let in, as its log has it.
    fn logins(&self) -> usize {
        let log = self.log();
        log.matches("connection authorized: user=app").count()
    }

    /// Waits until we are in the middle of this.
    #[track_caller]
    fn is_asked(&self, statement: &str) {
        self.waits_until(&format!(
            "EXISTS (SELECT FROM pg_stat_activity WHERE state = 'active' \
             AND application_name LIKE 'allclear/%' AND query LIKE '{statement}%')"
        ));
    }
}

/// Looks at each, and leaves no connection behind.
#[track_caller]
fn look(server: &Postgres, cases: &[Case]) {
    look_at(cases);
    server.is_left_alone();
}

const USERS: &str = "\
    CREATE TABLE users (id int PRIMARY KEY, email text, \"Odd\" text); \
    INSERT INTO users VALUES (1, 'a@x', NULL), (2, NULL, NULL); \
    CREATE VIEW people AS SELECT id FROM users; CREATE SCHEMA audit; \
    CREATE TABLE audit.\"Log\" (at timestamptz); \
    CREATE TABLE versions (v text); INSERT INTO versions VALUES ('0002'), ('0010'); \
    GRANT ALL ON users, people, versions TO app, odd; GRANT USAGE ON SCHEMA audit TO app";

#[test]
fn a_healthy_one_is_asked_by_every_way() {
    let server = Postgres::start(&Options {
        sql: USERS,
        ..Options::default()
    });
    let one = ", query: SELECT 1 AS one";
    let is_one = "rows: [{ one: 1 }], columns: [one], rows_affected: 0, database: app, role: primary, read_only: false, \
        tls: null, server_version: { matches: \"^\\\\d+\" }, application_name: { matches: \"^allclear/.\" }";
    let over_tcp = format!(
        "{is_one}, user: app, remote_ip: 127.0.0.1, connect_latency: {{ below: 5s }}, phases: {{ starttls: {{ below: 5s }}, \
         startup: {{ below: 5s }}, auth: {{ below: 5s }}, query: {{ below: 5s }} }}"
    );
    look(
        &server,
        &[
            passes("tcp", sql(&server.dsn(), one), over_tcp),
            passes(
                "socket",
                sql(&server.socket_dsn(), one),
                format!("{is_one}, user: app"),
            ),
            passes(
                "odd",
                sql(&server.dsn_of(&ODD), one),
                format!("{is_one}, user: odd"),
            ),
            passes("nothing", sql(&server.dsn(), ""), "database: app"),
            passes(
                "a-name-server-is-not-asked-for-an-address",
                sql(
                    &server.dsn(),
                    ", resolver: 127.0.0.1, query: SELECT 1 AS one",
                ),
                "rows: [{ one: 1 }]",
            ),
        ],
    );
}

#[test]
fn each_type_of_column_has_its_value() {
    let server = Postgres::start(&Options {
        sql: "CREATE TYPE mood AS ENUM ('happy', 'sad'); CREATE DOMAIN small AS int CHECK (VALUE < 10); \
              ALTER ROLE odd SET bytea_output = 'escape'",
        ..Options::default()
    });
    let mut cases = Vec::new();
    let columns = [
        ("NULL", "null"),
        ("NULL::int[]", "null"),
        ("true", "true"),
        ("1::int2", "1"),
        ("-2147483648", "-2147483648"),
        ("9223372036854775807", "9223372036854775807"),
        ("7::small", "7"),
        ("1.5::float4", "1.5"),
        ("1e100::float8", "1e100"),
        ("12.50::numeric(10, 2)", "12.5"),
        (
            "12345678901234567890.123456789",
            "12345678901234567890.123456789",
        ),
        ("'text'::varchar", "\"text\""),
        ("''", "\"\""),
        ("'x'::char(3)", "\"x  \""),
        ("'{\"a\": [1, null]}'::json", "{ a: [1, null] }"),
        ("'{\"b\": {\"c\": true}}'::jsonb", "{ b: { c: true } }"),
        ("'null'::jsonb", "null"),
        (
            "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid",
            "\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\"",
        ),
        (
            "'2026-01-02 03:04:05'::timestamp",
            "\"2026-01-02 03:04:05\"",
        ),
        (
            "'2026-01-02 03:04:05+02'::timestamptz",
            "\"2026-01-02 01:04:05+00\"",
        ),
        ("'2026-01-02'::date", "\"2026-01-02\""),
        ("'1 day 2 hours'::interval", "\"1 day 02:00:00\""),
        ("'10.0.0.1/8'::inet", "\"10.0.0.1/8\""),
        ("'\\x00ff'::bytea", "\"00ff\""),
        ("'sad'::mood", "\"sad\""),
        ("ARRAY[1, NULL, 3]", "[1, null, 3]"),
        ("ARRAY[[true], [false]]", "[[true], [false]]"),
        (
            "ARRAY['a \"b\"', 'c,{d}', 'NULL', NULL]",
            "[\"a \\\"b\\\"\", \"c,{d}\", \"NULL\", null]",
        ),
        ("ARRAY[1.50, 2]", "[1.5, 2]"),
        ("ARRAY['happy']::mood[]", "\"{happy}\""),
        ("'[0:1]={7,8}'::int[]", "[7, 8]"),
        ("'{}'::text[]", "[]"),
        ("ARRAY['{\"a\": 1}'::jsonb]", "[{ a: 1 }]"),
    ];
    for (at, (written, expected)) in columns.iter().enumerate() {
        let query = serde_json::Value::from(format!("SELECT {written} AS x"));
        cases.push(passes(
            &format!("column-{at}"),
            sql(&server.dsn(), &format!(", query: {query}")),
            format!("rows: [{{ x: {expected} }}]"),
        ));
    }
    let special = "SELECT 'NaN'::float8 > 1 AS a, '\\\\000a\\\\\\\\'::bytea AS b, 'Infinity'::float4 > 1e38 AS c, \
        now()::text LIKE '%+00' AS e";
    cases.push(passes(
        "special",
        sql(&server.dsn_of(&ODD), &format!(", query: \"{special}\"")),
        "rows: [{ a: true, b: \"00615c\", c: true, e: true }]",
    ));
    look(&server, &cases);
}

#[test]
fn what_is_missing_of_a_schema_is_named() {
    let server = Postgres::start(&Options {
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
                    "{ Users: [ID, email, '\"Odd\"'], public.people: [id], 'audit.\"Log\"': [at], pg_class: [] }",
                ),
                "missing: { empty: true }",
            ),
            passes(
                "missing",
                look_for(
                    "{ users: [id, phone, odd], orders: [id, total], audit.log: [at], nowhere.users: [], '\"Users\"': [id] }",
                ),
                "missing: ['\"Users\"', audit.log, nowhere.users, orders, users.phone, users.odd]",
            ),
            passes(
                "a-name-is-no-statement",
                look_for("{ '\"x''; DROP TABLE users; --\\\"': ['\"y\\\\''\"'] }"),
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
                head("public.versions", "V", ", query: SELECT 2 AS two"),
                "migration_head: \"0010\", rows: [{ two: 2 }]",
            ),
            passes(
                "forbidden",
                head("audit.\"Log\"", "at", ""),
                "fault: postgres.42501",
            ),
        ],
    );
}

#[test]
fn it_says_how_many_connections_are_left_also_to_those_without_rights() {
    let server = Postgres::start(&Options {
        max_connections: 20,
        superuser_reserved_connections: 4,
        ..Options::default()
    });
    // Another one's connection, of which no more is seen than that it is there.
    let mut held = server.client("psql");
    let mut held = held
        .args(["-d", "app", "-c", "SELECT pg_sleep(60)"])
        .spawn()
        .unwrap();
    server.waits_until("EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%(60)')");
    look(
        &server,
        &[passes(
            "connections",
            sql(&server.dsn(), ", ask: [connections, replication]"),
            "max_connections: 20, reserved_connections: 4, used_connections: 2, free_connections: 14, replicas: 0, \
             replication_lag: { exists: false }",
        )],
    );
    held.kill().unwrap();
    held.wait().unwrap();
    // Whoever has a narrower limit has no use for what the server would give to others.
    server.is_left_alone();
    server.admin("ALTER DATABASE app CONNECTION LIMIT 9; ALTER ROLE app CONNECTION LIMIT 5");
    look(
        &server,
        &[
            passes(
                "role",
                sql(&server.dsn(), ", ask: [connections]"),
                "max_connections: 20, user_limit: 5, database_limit: 9, free_connections: 4",
            ),
            passes(
                "database",
                sql(&server.dsn_of(&ODD), ", ask: [connections]"),
                "user_limit: { exists: false }, database_limit: 9, free_connections: { at_most: 8 }",
            ),
        ],
    );
}

#[test]
fn a_standby_says_what_it_is_and_refuses_to_write() {
    let primary = Postgres::start(&Options {
        sql: "CREATE TABLE notes (id int); GRANT ALL ON notes TO app",
        ..Options::default()
    });
    let standby = Postgres::standby_of(&primary);
    standby.catches_up(&primary);
    let lag = ", ask: [replication]";
    look(
        &standby,
        &[
            passes(
                "standby",
                sql(&standby.dsn(), lag),
                "role: replica, read_only: true, replication_lag: { below: 10s }, replicas: 0",
            ),
            passes(
                "primary",
                sql(&primary.dsn(), lag),
                "role: primary, read_only: false, replication_lag: { exists: false }, replicas: 1",
            ),
            stops(
                "write",
                sql(&standby.dsn(), ", query: INSERT INTO notes VALUES (1)"),
                "postgres.25006",
                "query",
            ),
        ],
    );
}

#[test]
fn writes_are_rolled_back_unless_they_are_to_stay() {
    let server = Postgres::start(&Options {
        sql: USERS,
        ..Options::default()
    });
    let dsn = server.dsn();
    let write = "statements: [INSERT INTO users VALUES (3), \"UPDATE users SET email = 'x'\", SELECT count(*) AS n FROM users]";
    let cases = [
        passes(
            "rolled-back",
            sql(&dsn, &format!(", {write}")),
            "rows: [{ n: 3 }], rows_affected: 4",
        ),
        passes(
            "made",
            sql(&dsn, ", query: CREATE TABLE copied AS SELECT * FROM users"),
            "rows_affected: 2, rows: { empty: true }",
        ),
        passes(
            "returned",
            sql(&dsn, ", query: DELETE FROM users RETURNING id"),
            "rows_affected: 2, rows: [{ id: 1 }, { id: 2 }]",
        ),
    ];
    look(&server, &cases);
    let count = "SELECT count(*), count(email), to_regclass('copied') IS NULL FROM users";
    assert_eq!(server.admin(count), "2|1|t");
    // What fails on its way is never committed, and neither is what has more rows than were wanted.
    let kept = |keys: &str| sql(&dsn, &format!(", rollback: false, {keys}"));
    let cases = [
        passes("kept", kept(write), "rows: [{ n: 3 }], rows_affected: 4"),
        stops(
            "failed",
            kept("statements: [INSERT INTO users VALUES (4), SELECT 1/0]"),
            "postgres.22012",
            "query",
        ),
        stops(
            "too-many",
            kept("max_rows: 1, query: \"INSERT INTO users VALUES (5), (6) RETURNING id\""),
            "sql.too_large",
            "query",
        ),
    ];
    let tool = Tool::new().env("ALLCLEAR_ALLOW_SIDE_EFFECTS", "true");
    look_at_with(tool, &cases);
    server.is_left_alone();
    assert_eq!(server.admin("SELECT count(*) FROM users"), "3");
}

#[test]
fn rows_are_bounded_while_they_are_read() {
    let server = Postgres::start(&Options::default());
    let many = |keys: &str| sql(&server.dsn(), &format!(", {keys}"));
    look(
        &server,
        &[
            stops(
                "a-million",
                many("query: \"SELECT i, repeat('x', 1000) FROM generate_series(1, 1000000) i\""),
                "sql.too_large",
                "query",
            ),
            stops(
                "wide",
                many("query: \"SELECT repeat('x', 20000000)\""),
                "sql.too_large",
                "query",
            ),
            // The server, which we told that it has all the time there is, would go on for a minute.
            stops(
                "wide-and-going-on",
                many(
                    "statements: [SET LOCAL statement_timeout = 0, \"SELECT CASE WHEN i = 1 THEN repeat('x', 20000000) \
                     ELSE pg_sleep(60)::text END FROM generate_series(1, 2) i\"]",
                ),
                "sql.too_large",
                "query",
            ),
            passes(
                "as-many-as-wanted",
                many("max_rows: 3, query: \"SELECT generate_series(1, 3) AS i\""),
                "rows: [{ i: 1 }, { i: 2 }, { i: 3 }]",
            ),
            stops(
                "one-more",
                many("max_rows: 3, query: \"SELECT generate_series(1, 4) AS i\""),
                "sql.too_large",
                "query",
            ),
            passes(
                "large-statements",
                many(&format!(
                    "statements: [{}]",
                    vec![format!("\"SELECT length('{}') AS n\"", "x".repeat(30_000)); 40]
                        .join(", ")
                )),
                "rows: [{ n: 30000 }]",
            ),
            passes(
                "large-answers-between-large-statements",
                many(&format!(
                    "statements: [{}]",
                    vec![
                        format!(
                            "\"SELECT repeat('x', 400000) AS n, '{}' AS m\"",
                            "x".repeat(400_000)
                        );
                        8
                    ]
                    .join(", ")
                )),
                "rows: { length: 1 }",
            ),
        ],
    );
}
