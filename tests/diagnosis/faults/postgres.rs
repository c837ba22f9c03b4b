//! PostgreSQL in every state in which it does not do what it is asked for.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};

use allclear::model::{Class, Layer};

use crate::expert::Answer::{self, Is, Leans, Open, Rather};
use crate::row::{Row, look_at_each, row};
use crate::support::postgres::{Options, Postgres, Stop, program};
use crate::support::{APP, Certificates, Hostile, ODD};
use crate::told::Told;

fn sql(dsn: &str, keys: &str) -> String {
    format!("sql: {{ dsn: \"{dsn}\"{keys} }}")
}

fn broken(name: &str, probe: String, code: &'static str, layer: Layer, answer: Answer) -> Row {
    row(&format!("postgres-{name}"), probe, code, layer, answer)
}

pub(super) fn faults() -> Vec<Told> {
    let mut all = refusals();
    all.extend(statements());
    all.extend(states());
    all
}

/// Who may come in, and how.
fn refusals() -> Vec<Told> {
    use Class::Configuration;
    let made = Certificates::make();
    let server = Postgres::start(&Options {
        tls: Some(&made.good()),
        hba: "hostnossl all odd all reject",
        ..Options::default()
    });
    let dsn = server.dsn();
    let changed = |from: &str, to: &str| sql(&dsn.replacen(from, to, 1), "");
    let elsewhere = format!("{}/nothing", dsn.trim_end_matches("/app"));
    let auth = Layer::Auth;
    let mut all = look_at_each(vec![
        broken(
            "wrong-password",
            changed(APP.password, "buzzard"),
            "postgres.28P01",
            auth,
            Is(Configuration),
        ),
        broken(
            "no-such-role",
            changed("//app:", "//nobody-of-that-name:"),
            "postgres.28P01",
            auth,
            Is(Configuration),
        ),
        broken(
            "without-tls",
            sql(&server.dsn_of(&ODD), ", tls: disable"),
            "postgres.28000",
            auth,
            Is(Configuration),
        ),
        broken(
            "no-such-database",
            sql(&elsewhere, ""),
            "postgres.3D000",
            Layer::Protocol,
            Is(Configuration),
        ),
        broken(
            "certificate-of-nobody-we-know",
            sql(&dsn, ", tls: verify-full"),
            "tls.unknown_issuer",
            Layer::Tls,
            Is(Configuration),
        ),
    ]);
    server.limit_role(0);
    all.extend(look_at_each(vec![broken(
        "too-many-of-this-role",
        sql(&dsn, ""),
        "postgres.53300",
        Layer::Protocol,
        Is(Configuration),
    )]));
    all
}

/// Waits until somebody has the second lock.
const WHEN_HELD: &str = "SET deadlock_timeout = '60s'; DO $$ BEGIN WHILE NOT EXISTS \
    (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 2 AND granted) LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;";

/// What is wrong with a statement, or with what it finds.
fn statements() -> Vec<Told> {
    use Class::{Application, Configuration, Infrastructure, TestDefect};
    let server = Postgres::start(&Options {
        sql: "CREATE TABLE users (id int PRIMARY KEY); INSERT INTO users VALUES (1); \
              GRANT ALL ON users TO app, odd; CREATE TABLE hidden (); \
              ALTER ROLE odd SET statement_timeout = '200ms'; \
              ALTER ROLE odd SET lock_timeout = '100ms'; \
              ALTER ROLE app SET deadlock_timeout = '300ms'",
        ..Options::default()
    });
    let (dsn, odd) = (server.dsn(), server.dsn_of(&ODD));
    let (app, slow) = (Layer::Application, Layer::Performance);
    let query = |name: &str, dsn: &str, statement: &str, code, layer, answer| {
        let statement = serde_json::Value::from(statement);
        let probe = sql(dsn, &format!(", query: {statement}"));
        broken(name, probe, code, layer, answer)
    };
    let mut all = locks(&server);
    let shot = "SELECT pg_terminate_backend(pg_backend_pid())";
    let cases = [
        (
            "no-table",
            "SELECT * FROM nope",
            "postgres.42P01",
            app,
            Application,
        ),
        (
            "no-column",
            "SELECT nope FROM users",
            "postgres.42703",
            app,
            Application,
        ),
        (
            "no-rights",
            "SELECT * FROM hidden",
            "postgres.42501",
            Layer::Auth,
            Configuration,
        ),
        ("no-sense", "SELEKT 1", "postgres.42601", app, TestDefect),
        (
            "twice",
            "INSERT INTO users VALUES (1)",
            "postgres.23505",
            app,
            Application,
        ),
        (
            "terminated",
            shot,
            "postgres.57P01",
            Layer::Protocol,
            Infrastructure,
        ),
    ];
    let asked = cases.map(|(name, statement, code, layer, class)| {
        query(name, &dsn, statement, code, layer, Is(class))
    });
    all.extend(look_at_each(asked.into()));
    let read_only = ", statements: [SET TRANSACTION READ ONLY, INSERT INTO users VALUES (3)]";
    let endless = "SELECT pg_sleep(60)";
    all.extend(look_at_each(vec![
        query(
            "statement-timeout",
            &odd,
            endless,
            "postgres.57014",
            slow,
            Is(Application),
        ),
        query(
            "slower-than-our-budget",
            &dsn,
            endless,
            "sql.timeout.query",
            slow,
            Rather(Application),
        )
        .by_its_budget(),
        broken(
            "read-only",
            sql(&dsn, read_only),
            "postgres.25006",
            Layer::Protocol,
            Is(Infrastructure),
        ),
    ]));
    all
}

/// Somebody else has what is wanted.
fn locks(server: &Postgres) -> Vec<Told> {
    let (dsn, odd) = (server.dsn(), server.dsn_of(&ODD));
    let failing = |name: &str, dsn: &str, keys: &str, code| {
        let (probe, layer) = (sql(dsn, keys), Layer::Application);
        look_at_each(vec![broken(
            name,
            probe,
            code,
            layer,
            Is(Class::Application),
        )])
    };
    let mut locked = Held::of(server.client("psql"));
    locked.ask("BEGIN; LOCK TABLE users; SELECT 'locked';", "locked");
    let look = ", query: SELECT * FROM users";
    let mut all = failing("lock-timeout", &odd, look, "postgres.55P03");
    drop(locked);
    // Somebody who waits for us as soon as we wait for them, and is more patient.
    let mut other = Held::of(server.client("psql"));
    other.ask("SELECT 'held', pg_advisory_lock(1);", "held|");
    other.say(&format!("{WHEN_HELD} SELECT pg_advisory_lock(2);"));
    let both = ", statements: [SELECT pg_advisory_lock(2), SELECT pg_advisory_lock(1)]";
    all.extend(failing("deadlock", &dsn, both, "postgres.40P01"));
    all
}

/// The server as a whole.
fn states() -> Vec<Told> {
    use Class::{Configuration, Infrastructure};
    let starting = Postgres::starting_up();
    let arithmetic = "instances: 46, pool: 20, overflow: 30, max_connections: 100, reserved: 3";
    let mut all = look_at_each(vec![broken(
        "capacity",
        format!("pool: {{ capacity: {{ {arithmetic} }} }}"),
        "pool.capacity",
        Layer::Protocol,
        Is(Configuration),
    )]);
    all.extend(look_at_each(vec![broken(
        "starting-up",
        sql(&starting.server().dsn(), ""),
        "postgres.57P03",
        Layer::Protocol,
        Is(Infrastructure),
    )]));
    drop(starting);
    let mut server = Postgres::start(&Options {
        max_connections: 3,
        superuser_reserved_connections: 2,
        ..Options::default()
    });
    let (dsn, socket) = (server.dsn(), server.socket_dsn());
    let everybody = Held::of({
        let mut psql = program("psql");
        psql.arg(&dsn);
        psql
    });
    all.extend(look_at_each(vec![broken(
        "too-many",
        sql(&dsn, ""),
        "postgres.53300",
        Layer::Protocol,
        Is(Configuration),
    )]));
    drop(everybody);
    all.extend(look_at_each(vec![broken(
        "tls-that-it-does-not-speak",
        sql(&dsn, ", tls: require"),
        "tls.not_offered",
        Layer::Protocol,
        Is(Configuration),
    )]));
    server.freeze();
    all.extend(look_at_each(vec![
        broken(
            "frozen",
            sql(&dsn, ", tls: disable"),
            "sql.timeout.startup",
            Layer::Protocol,
            Rather(Infrastructure),
        )
        .by_its_budget(),
    ]));
    server.thaw();
    server.stop(Stop::Fast);
    let http = Hostile::saying_and_closing("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
    let closing = Hostile::closing();
    let at = |port: u16| format!("postgres://u:hunter2@127.0.0.1:{port}/d");
    all.extend(look_at_each(vec![
        broken(
            "stopped",
            sql(&dsn, ""),
            "tcp.refused",
            Layer::Transport,
            Leans(Infrastructure),
        ),
        broken(
            "stopped-at-its-socket",
            sql(&socket, ""),
            "tcp.no_socket",
            Layer::Transport,
            Is(Infrastructure),
        ),
        broken(
            "that-is-a-web-server",
            sql(&at(http.port()), ""),
            "sql.protocol",
            Layer::Protocol,
            Is(Configuration),
        ),
        broken(
            "closed-before-a-word",
            sql(&at(closing.port()), ", tls: disable"),
            "sql.closed",
            Layer::Protocol,
            Open,
        ),
    ]));
    all
}

/// Somebody else's connection, until it is dropped.
struct Held(Child);

impl Held {
    fn of(mut psql: std::process::Command) -> Self {
        let child = psql
            .args(["-X", "-q", "-A", "-t"])
            .env("PGDATABASE", "app")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut held = Self(child);
        held.ask("SELECT 'in';", "in");
        held
    }

    /// Asks, and waits for the answer.
    fn ask(&mut self, sql: &str, answer: &str) {
        self.say(sql);
        let mut line = String::new();
        let mut said = BufReader::new(self.0.stdout.as_mut().unwrap());
        said.read_line(&mut line).unwrap();
        assert_eq!(line.trim_end(), answer);
    }
}

impl Held {
    /// Asks, and does not wait.
    fn say(&mut self, sql: &str) {
        writeln!(self.0.stdin.as_mut().unwrap(), "{sql}").unwrap();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
