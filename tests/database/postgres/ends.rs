//! What ends in the middle: sessions, queries, the server, and we.

use std::thread;

use nix::sys::signal::Signal;

use super::{look, sql};
use crate::support::Tool;
use crate::support::case::{passes, stops};
use crate::support::postgres::{Options, Postgres, Stop};

const SLEEP: &str = ", query: SELECT pg_sleep(60)";

/// A look that is in the middle of a query when this happens to its server.
fn interrupted(
    mut server: Postgres,
    code: &'static str,
    happens: impl FnOnce(&mut Postgres) + Send,
) {
    let probe = sql(&server.dsn(), SLEEP);
    thread::scope(|scope| {
        let looking = scope.spawn(move || {
            super::look_at(&[stops("interrupted", probe, code, "query")]);
        });
        server.is_asked("SELECT pg_sleep");
        happens(&mut server);
        looking.join().unwrap();
    });
}

#[test]
fn a_session_that_is_ended_says_who_ended_it() {
    interrupted(
        Postgres::start(&Options::default()),
        "postgres.57P01",
        |server| {
            assert_eq!(server.terminate_backends("allclear/"), 1);
        },
    );
    interrupted(
        Postgres::start(&Options::default()),
        "postgres.57P01",
        |server| {
            server.stop(Stop::Fast);
        },
    );
    interrupted(
        Postgres::start(&Options::default()),
        "postgres.57P01",
        |server| {
            server.stop(Stop::Immediate);
        },
    );
}

#[test]
fn nobody_works_on_for_a_look_that_is_over() {
    let server = Postgres::start(&Options::default());
    let test = |name: &str, dsn: &str, keys: &str| {
        let probe = sql(dsn, keys);
        let expect = "fault: sql.timeout.query, latency: { below: 1700ms }, database: app";
        format!("  - name: {name}\n    timeout: 1500ms\n    {probe}\n    expect: {{ {expect} }}\n")
    };
    // Without the limit that we set there is only what we do when we leave.
    let unlimited = ", statements: [SET LOCAL statement_timeout = 0, SELECT pg_sleep(60)]";
    let suite = [
        test("late", &server.dsn(), SLEEP),
        test("unlimited", &server.dsn(), unlimited),
        test("socket", &server.socket_dsn(), unlimited),
    ]
    .concat();
    Tool::new().suite(&suite).run().exits(0);
    server.is_left_alone();
}

#[test]
fn nobody_works_on_for_a_run_that_was_left() {
    let server = Postgres::start(&Options::default());
    let tool = Tool::new().suite(&format!(
        "  - name: left\n    timeout: 60s\n    {}\n    expect: {{ rows: {{ length: 1 }} }}\n",
        sql(
            &server.dsn(),
            ", statements: [SET LOCAL statement_timeout = 0, SELECT pg_sleep(60)]"
        )
    ));
    let running = tool.start();
    server.is_asked("SELECT pg_sleep");
    running.signal(Signal::SIGINT);
    running.signal(Signal::SIGTERM);
    running.end();
    server.is_left_alone();
}

#[test]
fn nothing_is_left_of_us_when_we_are_killed_in_the_middle_of_a_write() {
    let server = Postgres::start(&Options {
        sql: "CREATE TABLE notes (id int); GRANT ALL ON notes TO app; GRANT CREATE ON SCHEMA public TO app",
        ..Options::default()
    });
    let writes =
        "statements: [INSERT INTO notes VALUES (1), CREATE TABLE made (), SELECT pg_sleep(60)]";
    for rollback in ["true", "false"] {
        let tool = Tool::new()
            .env("ALLCLEAR_ALLOW_SIDE_EFFECTS", "true")
            .suite(&format!(
                "  - name: write\n    timeout: 2s\n    sql: {{ dsn: \"{}\", rollback: {rollback}, {writes} }}\n    \
                 expect: {{ rows_affected: 1 }}\n",
                server.dsn()
            ));
        let running = tool.start();
        server.is_asked("SELECT pg_sleep");
        running.signal(Signal::SIGKILL);
        running.end().ended_by(9);
        server.is_left_alone();
        let left = "SELECT count(*), to_regclass('made') IS NULL FROM notes";
        assert_eq!(server.admin(left), "0|t", "rollback: {rollback}");
    }
}

#[test]
fn sessions_are_kept_for_steps_and_for_others_if_they_may() {
    let server = Postgres::start(&Options {
        conf: "log_connections = on",
        ..Options::default()
    });
    let probe = sql(&server.dsn(), ", query: SELECT 1 AS one");
    let step = |name: &str, expect: &str| {
        format!("      - {{ name: {name}, {probe}, expect: {{ {expect} }} }}\n")
    };
    let steps = [
        "  - name: steps\n    timeout: 5s\n    steps:\n".to_owned(),
        step("first", "connect_latency: { exists: true }"),
        step("second", "connect_latency: { exists: false }"),
    ]
    .concat();
    let repeated = |name: &str, keys: &str| {
        format!("  - name: {name}\n    timeout: 5s\n    {probe}\n    {keys}\n")
    };
    let fresh = repeated(
        "fresh",
        "repeat: { times: 3, concurrency: 1 }\n    expect: { connect_latency: { exists: true } }",
    );
    let reused = repeated(
        "reused",
        // All of it, also where a session is not asked all of it again.
        "connections: reuse\n    repeat: { times: 20, concurrency: 2 }\n    expect: { rows: { length: 1 }, engine: postgres, \
         role: primary, read_only: false, database: app, user: app, application_name: { starts_with: allclear/ }, \
         server_version: { matches: \"^[1-9][0-9]+[.]\" } }",
    );
    for (suite, logins) in [(steps, 1..=1), (fresh, 3..=3), (reused, 1..=2)] {
        let before = server.logins();
        Tool::new().suite(&suite).run().exits(0);
        server.is_left_alone();
        let those = server.logins() - before;
        assert!(logins.contains(&those), "{those} logins: {suite}");
    }
}

#[test]
fn who_gets_a_kept_session_finds_it_as_new() {
    let server = Postgres::start(&Options {
        sql: "CREATE SEQUENCE numbers; GRANT ALL ON SEQUENCE numbers TO app; \
              CREATE VIEW heads AS SELECT 1 AS version WHERE pg_try_advisory_lock(8); GRANT SELECT ON heads TO app",
        ..Options::default()
    });
    let dsn = server.dsn();
    let asks = |name: &str, requires: &str, keys: &str, expect: &str| {
        format!(
            "  - name: {name}\n    timeout: 5s\n    connections: reuse\n    {requires}\n    \
             sql: {{ dsn: \"{dsn}\", {keys} }}\n    expect: {{ {expect} }}\n"
        )
    };
    let test = |name: &str, requires: &str, statements: &str, expect: &str| {
        asks(
            name,
            requires,
            &format!("statements: [{statements}]"),
            expect,
        )
    };
    let locks = "\"SELECT count(*) AS locks FROM pg_locks WHERE locktype = 'advisory'\"";
    let suite = [
        test(
            "locks",
            "",
            "\"SELECT pg_advisory_lock(7)\", \"SELECT nextval('numbers')\", SELECT pg_backend_pid() AS pid",
            "connect_latency: { exists: true }",
        ),
        test(
            "next",
            "requires: [c/locks]",
            locks,
            "connect_latency: { exists: false }, rows: [{ locks: 0 }]",
        ),
        // What is read there may be a view, which runs what somebody wrote.
        asks(
            "head",
            "requires: [c/next]",
            "migration: { table: heads, column: version }",
            "connect_latency: { exists: false }, migration_head: 1",
        ),
        test(
            "after",
            "requires: [c/head]",
            locks,
            "connect_latency: { exists: false }, rows: [{ locks: 0 }]",
        ),
        test(
            "last",
            "requires: [c/after]",
            "SELECT lastval()",
            "connect_latency: { exists: false }, fault: postgres.55000",
        ),
    ]
    .concat();
    Tool::new().suite(&suite).run().exits(0);
    server.is_left_alone();
}

#[test]
fn a_kept_session_tells_all_that_a_new_one_does_and_keeps_the_limit_of_its_role() {
    let server = Postgres::start(&Options {
        sql: "ALTER ROLE app SET statement_timeout = '300ms'",
        ..Options::default()
    });
    let dsn = server.dsn();
    let facts = "engine: postgres, role: primary, read_only: false, database: app, user: app, tls: null, \
                 application_name: { starts_with: allclear/ }, server_version: { exists: true }";
    let test = |name: &str, requires: &str, query: &str, expect: &str| {
        format!(
            "  - name: {name}\n    timeout: 5s\n    connections: reuse\n    {requires}\n    \
             sql: {{ dsn: \"{dsn}\", query: \"{query}\" }}\n    expect: {{ {facts}, {expect} }}\n"
        )
    };
    let is_new = "connect_latency: { exists: true }";
    let is_kept = "connect_latency: { exists: false }";
    let limit = "SELECT current_setting('statement_timeout') AS it";
    let ended = format!("{is_kept}, fault: postgres.57014, latency: {{ below: 3s }}");
    let suite = [
        test("constant", "", "SELECT 1 AS one", is_new),
        test(
            "table",
            "requires: [c/constant]",
            limit,
            &format!("{is_kept}, rows: [{{ it: 300ms }}]"),
        ),
        test(
            "again",
            "requires: [c/table]",
            limit,
            &format!("{is_kept}, rows: [{{ it: 300ms }}]"),
        ),
        test("ends", "requires: [c/again]", "SELECT pg_sleep(60)", &ended),
    ]
    .concat();
    Tool::new().suite(&suite).run().exits(0);
    server.is_left_alone();
}

#[test]
fn what_a_step_leaves_in_a_session_stays_with_its_attempt() {
    let dirt = "\"SET application_name = 'x'\", \"SET statement_timeout = '3210ms'\", CREATE TEMP TABLE left_here ()";
    let seen = "\"SELECT current_setting('statement_timeout') = '3210ms' AS is_short, to_regclass('left_here') IS NULL AS is_clean\"";
    // After the one a session is not even tidied up; after the other it is, and what is known of it was not asked then.
    for next in ["SELECT 1", "SELECT current_user"] {
        let server = Postgres::start(&Options::default());
        let dsn = server.dsn();
        let sql = |keys: &str| format!("sql: {{ dsn: \"{dsn}\", {keys} }}");
        let step = |name: &str, keys: &str, expect: &str| {
            let probe = sql(keys);
            format!("      - {{ name: {name}, {probe}, expect: {{ {expect} }} }}\n")
        };
        let suite = [
            "  - name: own\n    timeout: 5s\n    connections: reuse\n    steps:\n".to_owned(),
            step(
                "dirties",
                &format!("rollback: false, statements: [{dirt}]"),
                "connect_latency: { exists: true }",
            ),
            step(
                "next",
                &format!("query: {next}"),
                "connect_latency: { exists: false }, application_name: x",
            ),
            step(
                "last",
                &format!("query: {seen}"),
                "connect_latency: { exists: false }, application_name: x, rows: [{ is_short: true, is_clean: false }]",
            ),
            format!(
                "  - name: others\n    timeout: 5s\n    connections: reuse\n    requires: [c/own]\n    \
                 repeat: {{ times: 2, concurrency: 1 }}\n    {}\n    expect:\n      \
                 application_name: {{ starts_with: allclear/ }}\n      rows: [{{ is_short: false, is_clean: true }}]\n",
                sql(&format!("query: {seen}"))
            ),
        ]
        .concat();
        let tool = Tool::new().env("ALLCLEAR_ALLOW_SIDE_EFFECTS", "true");
        tool.suite(&suite).run().exits(0);
        server.is_left_alone();
    }
}

#[test]
fn what_a_server_is_told_meanwhile_shows_in_a_kept_session() {
    let server = Postgres::start(&Options::default());
    let dsn = server.dsn();
    server.admin("ALTER SYSTEM SET statement_timeout = '432ms'");
    server.admin("ALTER SYSTEM SET default_transaction_read_only = on");
    server.admin("GRANT EXECUTE ON FUNCTION pg_reload_conf() TO app");
    let test = |name: &str, requires: &str, query: &str, expect: &str| {
        format!(
            "  - name: {name}\n    timeout: 5s\n    connections: reuse\n    {requires}\n    \
             sql: {{ dsn: \"{dsn}\", query: {query} }}\n    expect: {{ {expect} }}\n"
        )
    };
    let suite = [
        test(
            "before",
            "",
            "SELECT 1",
            "connect_latency: { exists: true }, read_only: false",
        ),
        test(
            "reload",
            "requires: [c/before]",
            "SELECT pg_reload_conf() AS is_told",
            "rows: [{ is_told: true }]",
        ),
        test(
            "after",
            "requires: [c/reload]\n    until: { within: 10s, every: 50ms }",
            "SHOW statement_timeout",
            "connect_latency: { exists: false }, read_only: true, role: primary, rows: [{ statement_timeout: 432ms }]",
        ),
    ]
    .concat();
    Tool::new().suite(&suite).run().exits(0);
    server.is_left_alone();
}

#[test]
fn a_kept_session_that_ended_meanwhile_is_replaced() {
    let server = Postgres::start(&Options::default());
    let dsn = server.dsn();
    // The second step ends the session that the third would have taken.
    let suite = format!(
        "  - name: replaced\n    timeout: 5s\n    steps:\n      \
         - {{ name: first, sql: {{ dsn: \"{dsn}\", query: SELECT 1 AS one }}, expect: {{ connect_latency: {{ exists: true }} }} }}\n      \
         - {{ name: kill, sql: {{ dsn: \"{dsn}\", query: SELECT pg_terminate_backend(pg_backend_pid()) }}, \
              expect: {{ fault: postgres.57P01, connect_latency: {{ exists: false }} }} }}\n      \
         - {{ name: third, sql: {{ dsn: \"{dsn}\", query: SELECT 1 AS one }}, expect: {{ connect_latency: {{ exists: true }} }} }}\n"
    );
    Tool::new().suite(&suite).run().exits(0);
    server.is_left_alone();
    look(&server, &[passes("after", sql(&dsn, ""), "database: app")]);
}
