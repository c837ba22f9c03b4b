//! What ends in the middle: sessions, statements, the server, and we.

use std::thread;

use nix::sys::signal::Signal;

use super::{look, look_at, query, sql};
use crate::support::case::{passes, stops};
use crate::support::mariadb::{MariaDb, Options};
use crate::support::{ODD, Tool};

const SLEEP: &str = "SELECT SLEEP(60)";

/// A look that is in the middle of a statement when this happens to its server.
fn interrupted(happens: impl FnOnce(&mut MariaDb) + Send) {
    let mut server = MariaDb::start(&Options::default());
    let probe = query(&server.dsn(), SLEEP);
    thread::scope(|scope| {
        let looking = scope.spawn(move || {
            // What it was told depends on how far the server came: MariaDB's 1927 (killed), 1053 (shutting down), or nothing.
            look_at(&[stops("interrupted", probe, "mysql.1927", "query")
                .or("mysql.1053", "query")
                .or("mysql.1317", "query")
                .or("sql.closed", "query")]);
        });
        server.is_asked("SELECT SLEEP");
        happens(&mut server);
        looking.join().unwrap();
    });
}

#[test]
fn a_session_that_is_ended_in_the_middle_is_told_so() {
    interrupted(|server| server.kill_connections());
    interrupted(|server| server.stop());
}

#[test]
fn a_statement_that_is_killed_says_so() {
    let server = MariaDb::start(&Options::default());
    let probe = query(
        &server.dsn(),
        "SELECT count(*) FROM seq_1_to_1000000 a, seq_1_to_1000000 b WHERE a.seq + b.seq = 0",
    );
    thread::scope(|scope| {
        let looking = scope.spawn(move || {
            look_at(&[stops("killed", probe, "mysql.1317", "query")]);
        });
        server.is_asked("SELECT count");
        server.admin("KILL QUERY USER app");
        looking.join().unwrap();
    });
    server.is_left_alone();
}

#[test]
fn nobody_works_on_for_a_look_that_is_over() {
    let server = MariaDb::start(&Options {
        sql: "GRANT SELECT ON mysql.* TO app",
        ..Options::default()
    });
    // Without the limit that we set there is only what we do when we leave.
    let unlimited =
        ", statements: [SET SESSION max_statement_time = 0, \"SELECT SLEEP(60), 'it''s é' ;\"]";
    let late = "sql.timeout.query";
    look(
        &server,
        &[
            stops("late", query(&server.dsn(), SLEEP), late, "query").by_its_budget(),
            stops("unlimited", sql(&server.dsn(), unlimited), late, "query").by_its_budget(),
            stops(
                "endless",
                query(&server.dsn(), "SELECT count(*) FROM seq_1_to_1000000 a, seq_1_to_1000000 b WHERE a.seq + b.seq = 0"),
                late,
                "query",
            )
            .by_its_budget(),
        ],
    );
}

#[test]
fn nobody_works_on_for_a_run_whose_deadline_has_passed() {
    let server = MariaDb::start(&Options::default());
    let unlimited = ", statements: [SET SESSION max_statement_time = 0, SELECT SLEEP(60)]";
    Tool::new()
        .args(["run", "--deadline", "500ms"])
        .suite(&format!(
            "  - name: late\n    timeout: 60s\n    {}\n    expect: {{ rows: {{ length: 1 }} }}\n",
            sql(&server.dsn(), unlimited)
        ))
        .run();
    server.is_left_alone();
}

#[test]
fn nothing_is_left_of_us_when_we_are_killed_in_the_middle_of_a_write() {
    let server = MariaDb::start(&Options {
        sql: "CREATE TABLE notes (id int)",
        ..Options::default()
    });
    let writes = "statements: [INSERT INTO notes VALUES (1), CREATE TEMPORARY TABLE made (id int), SELECT SLEEP(60)]";
    for rollback in ["true", "false"] {
        let tool = Tool::new()
            .env("ALLCLEAR_ALLOW_SIDE_EFFECTS", "true")
            .suite(&format!(
                "  - name: write\n    timeout: 2s\n    sql: {{ dsn: \"{}\", rollback: {rollback}, {writes} }}\n    \
                 expect: {{ rows_affected: 1 }}\n",
                server.dsn()
            ));
        let running = tool.start();
        server.is_asked("SELECT SLEEP");
        running.signal(Signal::SIGKILL);
        running.end().ended_by(9);
        server.is_left_alone();
        let left = server.admin("SELECT count(*) FROM notes");
        assert_eq!(left, "0", "rollback: {rollback}");
    }
}

#[test]
fn a_kept_session_that_ended_meanwhile_is_replaced() {
    let server = MariaDb::start(&Options {
        // Ends all sessions of `app`; afterwards they are gone.
        sql: "CREATE PROCEDURE ends() BEGIN \
              FOR other IN (SELECT id FROM information_schema.processlist WHERE user = 'app') DO KILL other.id; END FOR; \
              WHILE EXISTS (SELECT 1 FROM information_schema.processlist WHERE user = 'app') DO DO SLEEP(0.01); END WHILE; \
              END;; GRANT EXECUTE ON PROCEDURE ends TO odd",
        ..Options::default()
    });
    let (app, other) = (server.dsn(), server.dsn_of(&ODD));
    let step = |name: &str, dsn: &str, query: &str, is_new: bool| {
        format!(
            "      - {{ name: {name}, sql: {{ dsn: \"{dsn}\", {query} }}, expect: {{ connect_latency: {{ exists: {is_new} }} }} }}\n"
        )
    };
    let one = "query: SELECT 1 AS one";
    let suite = format!(
        "  - name: replaced\n    timeout: 5s\n    steps:\n{}{}{}{}{}",
        step("first", &app, one, true),
        step("second", &app, one, false),
        step("ends", &other, "query: CALL ends(), rollback: false", true),
        step("third", &app, one, true),
        step("fourth", &app, one, false),
    );
    Tool::new()
        .env("ALLCLEAR_ALLOW_SIDE_EFFECTS", "true")
        .suite(&suite)
        .run()
        .exits(0);
    server.is_left_alone();
    look(&server, &[passes("after", sql(&app, ""), "database: app")]);
}

#[test]
fn what_a_step_leaves_in_a_session_stays_with_its_attempt() {
    let server = MariaDb::start(&Options::default());
    let dsn = server.dsn();
    let sql = |keys: &str| format!("sql: {{ dsn: \"{dsn}\", {keys} }}");
    let step = |keys: &str, is_new: bool| {
        let probe = sql(keys);
        format!("      - {{ {probe}, expect: {{ connect_latency: {{ exists: {is_new} }} }} }}\n")
    };
    let seen = "query: \"SELECT @left_here AS seen\"";
    let suite = [
        "  - name: own\n    timeout: 5s\n    connections: reuse\n    steps:\n".to_owned(),
        step("query: \"SET @left_here = 7\"", true),
        format!(
            "      - {{ {}, expect: {{ rows: [{{ seen: 7 }}] }} }}\n",
            sql(seen)
        ),
        step("query: SELECT 1", false),
        format!(
            "  - name: others\n    timeout: 5s\n    connections: reuse\n    requires: [c/own]\n    {}\n    \
             expect: {{ rows: [{{ seen: null }}] }}\n",
            sql(seen)
        ),
    ]
    .concat();
    Tool::new().suite(&suite).run().exits(0);
    server.is_left_alone();
}

#[test]
fn the_limit_of_one_look_is_none_of_the_next() {
    let server = MariaDb::start(&Options {
        conf: "max_statement_time=10",
        ..Options::default()
    });
    let step = |timeout: &str, query: &str, is_new: bool| {
        format!(
            "      - {{ timeout: {timeout}, sql: {{ dsn: \"{}\", query: \"{query}\" }}, \
             expect: {{ rows: {{ length: 1 }}, connect_latency: {{ exists: {is_new} }} }} }}\n",
            server.dsn()
        )
    };
    // Longer than the first step may take, and shorter than the server's own limit.
    let suite = format!(
        "  - name: limits\n    timeout: 9s\n    steps:\n{}{}",
        step("500ms", "SELECT 1", true),
        step("8s", "SELECT SLEEP(1)", false),
    );
    Tool::new().suite(&suite).run().exits(0);
    server.is_left_alone();
}
