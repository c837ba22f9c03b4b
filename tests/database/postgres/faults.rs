//! Each state in which it stops us has its code, and is told in time.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use super::{look, sql};
use crate::support::case::{Case, passes, stops};
use crate::support::postgres::{Options, Postgres, Stop, program};
use crate::support::{APP, Deaf, Hostile, ODD};

/// The same fault by every way in: TCP, with and without asking for TLS, and the socket.
fn by_every_way(server: &Postgres, code: &'static str, phase: &'static str) -> Vec<Case> {
    let one = ", query: SELECT 1 AS one";
    vec![
        stops("tcp", sql(&server.dsn(), one), code, phase),
        stops(
            "plain",
            sql(&server.dsn(), &format!("{one}, tls: disable")),
            code,
            phase,
        ),
        stops("socket", sql(&server.socket_dsn(), one), code, phase),
    ]
}

fn one(server: &Postgres) -> Case {
    let probe = sql(&server.dsn(), ", query: SELECT 1 AS one");
    passes("healthy", probe, "rows: [{ one: 1 }]")
}

#[test]
fn one_that_is_stopped_refuses() {
    let mut server = Postgres::start(&Options::default());
    let (tcp, socket) = (sql(&server.dsn(), ""), sql(&server.socket_dsn(), ""));
    look(&server, &[one(&server)]);
    server.stop(Stop::Fast);
    super::look_at(&[
        stops("tcp", tcp, "tcp.refused", "connect"),
        stops("socket", socket, "tcp.no_socket", "connect"),
    ]);
}

#[test]
fn one_that_is_frozen_has_the_budget_and_no_more() {
    let mut server = Postgres::start(&Options::default());
    look(&server, &[one(&server)]);
    server.freeze();
    let late = |name: &str, probe: String, phase| {
        stops(name, probe, "sql.timeout.startup", phase).by_its_budget()
    };
    let plain = sql(&server.dsn(), ", tls: disable");
    super::look_at(&[
        late("tcp", sql(&server.dsn(), ""), "starttls"),
        late("plain", plain, "startup"),
        late("socket", sql(&server.socket_dsn(), ""), "startup"),
    ]);
    server.thaw();
    look(&server, &[one(&server)]);
}

#[test]
fn one_that_starts_up_says_so() {
    let starting = Postgres::starting_up();
    // The way to it is open.
    let knock = sql(&starting.server().dsn(), ", knock: true");
    super::look_at(&[passes("knock", knock, "offers_tls: false")]);
    super::look_at(&by_every_way(
        starting.server(),
        "postgres.57P03",
        "startup",
    ));
    let server = starting.finish();
    look(&server, &[one(&server)]);
}

/// Somebody else's connection, until it is dropped.
struct Held(Child);

impl Held {
    fn of(psql: &mut Command) -> Self {
        let mut child = psql
            .args(["-X", "-q", "-A", "-t"])
            .env("PGDATABASE", "app")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        writeln!(child.stdin.as_mut().unwrap(), "SELECT 'in';").unwrap();
        let mut line = String::new();
        let mut answer = BufReader::new(child.stdout.as_mut().unwrap());
        answer.read_line(&mut line).unwrap();
        assert_eq!(line, "in\n");
        Self(child)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn one_that_is_full_says_so_in_three_ways() {
    let server = Postgres::start(&Options {
        max_connections: 3,
        superuser_reserved_connections: 2,
        ..Options::default()
    });
    // One connection is for everybody, and then two are for superusers.
    let everybody = Held::of(program("psql").arg(server.dsn()));
    // One after the other: those who are sent away need a place until they have left.
    for case in by_every_way(&server, "postgres.53300", "auth") {
        super::look_at(&[case]);
    }
    let superusers = [(); 2].map(|()| Held::of(&mut server.client("psql")));
    super::look_at(&by_every_way(&server, "postgres.53300", "startup"));
    drop((everybody, superusers));

    let server = Postgres::start(&Options::default());
    server.limit_role(0);
    look(&server, &by_every_way(&server, "postgres.53300", "auth"));
    server.limit_role(10);
    server.limit_database(0);
    look(&server, &by_every_way(&server, "postgres.53300", "auth"));
    server.limit_database(10);
    look(&server, &[one(&server)]);
}

#[test]
fn who_and_where_has_codes_of_its_own() {
    let server = Postgres::start(&Options {
        hba: "host all odd all reject",
        ..Options::default()
    });
    let dsn = server.dsn();
    let changed = |from: &str, to: &str| sql(&dsn.replacen(from, to, 1), "");
    look(
        &server,
        &[
            one(&server),
            stops(
                "wrong-password",
                changed(APP.password, "buzzard"),
                "postgres.28P01",
                "auth",
            ),
            stops(
                "no-password",
                changed(&format!(":{}", APP.password), ""),
                "postgres.28P01",
                "auth",
            ),
            stops(
                "no-such-role",
                changed("//app:", "//nobody-of-that-name:"),
                "postgres.28P01",
                "auth",
            ),
            stops(
                "no-such-database",
                sql(
                    &dsn.replace("/app", "/nothing")
                        .replace("//nothing", "//app"),
                    "",
                ),
                "postgres.3D000",
                "auth",
            ),
            stops(
                "rejected",
                sql(&server.dsn_of(&ODD), ""),
                "postgres.28000",
                "startup",
            ),
        ],
    );
}

#[test]
fn what_is_wrong_with_a_statement_has_the_code_of_the_server() {
    let server = Postgres::start(&Options {
        sql: "CREATE TABLE users (id int PRIMARY KEY); INSERT INTO users VALUES (1); \
              GRANT ALL ON users TO app; CREATE TABLE hidden (); \
              ALTER ROLE odd SET statement_timeout = '200ms'",
        ..Options::default()
    });
    let query = |name: &str, statement: &str, code| {
        let statement = serde_json::Value::from(statement);
        let probe = sql(&server.dsn(), &format!(", query: {statement}"));
        stops(name, probe, code, "query")
    };
    look(
        &server,
        &[
            query("no-table", "SELECT * FROM nope", "postgres.42P01"),
            query("no-column", "SELECT nope FROM users", "postgres.42703"),
            query("no-rights", "SELECT * FROM hidden", "postgres.42501"),
            query("no-sense", "SELEKT 1", "postgres.42601"),
            query("twice", "INSERT INTO users VALUES (1)", "postgres.23505"),
            query(
                "shot",
                "SELECT pg_terminate_backend(pg_backend_pid())",
                "postgres.57P01",
            ),
            query("ended", "DO $$ BEGIN COMMIT; END $$", "postgres.2D000"),
            stops(
                "slow",
                sql(&server.dsn_of(&ODD), ", query: SELECT pg_sleep(60)"),
                "postgres.57014",
                "query",
            ),
        ],
    );
}

#[test]
fn who_is_not_postgres_is_told_from_one_that_is_silent() {
    let http = Hostile::saying_and_closing("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
    let deaf = Deaf::hold();
    let at = |port: u16, keys: &str| sql(&format!("postgres://u:hunter2@127.0.0.1:{port}/d"), keys);
    let (_, run) = super::look_at(&[
        stops("http", at(http.port(), ""), "sql.protocol", "starttls"),
        stops(
            "knock",
            at(http.port(), ", knock: true"),
            "sql.protocol",
            "starttls",
        ),
        stops(
            "plain-http",
            at(http.port(), ", tls: disable"),
            "sql.protocol",
            "startup",
        ),
        stops(
            "deaf",
            at(deaf.address().port(), ""),
            "sql.timeout.startup",
            "starttls",
        )
        .by_its_budget(),
    ]);
    let said = run.to_string();
    assert!(
        said.contains("begins with `HTTP/1.1 400 Bad Request`"),
        "{said}"
    );
}
