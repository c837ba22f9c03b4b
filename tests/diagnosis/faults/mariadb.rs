//! MariaDB in the states in which it does not do what it is asked for.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use allclear::model::{Class, Layer};

use crate::expert::Answer::{self, Is, Leans};
use crate::row::{Row, look_at_each, row};
use crate::support::mariadb::{MariaDb, Options};
use crate::support::{APP, Login};
use crate::told::Told;

const WRONG: Login = Login {
    user: "app",
    password: "buzzard",
};

fn sql(dsn: &str, keys: &str) -> String {
    format!("sql: {{ dsn: \"{dsn}\"{keys} }}")
}

fn broken(name: &str, probe: String, code: &'static str, layer: Layer, answer: Answer) -> Row {
    row(&format!("mariadb-{name}"), probe, code, layer, answer)
}

pub(super) fn faults() -> Vec<Told> {
    use Class::{Application, Configuration, TestDefect};
    let server = MariaDb::start(&Options {
        max_connections: 10,
        conf: "max_statement_time=0.3\ninnodb_lock_wait_timeout=1",
        sql: "CREATE TABLE users (id int PRIMARY KEY);; INSERT INTO users VALUES (1)",
        ..Options::default()
    });
    let dsn = server.dsn();
    let forbidden = format!("{}/nowhere", dsn.trim_end_matches("/app"));
    let nowhere = server.socket_dsn().replacen("/app?", "/nowhere?", 1);
    let (app, auth, protocol) = (Layer::Application, Layer::Auth, Layer::Protocol);
    let query = |name: &str, statement: &str, code, layer, class| {
        let probe = sql(&dsn, &format!(", query: \"{statement}\""));
        broken(name, probe, code, layer, Is(class))
    };
    let mut all = look_at_each(vec![
        broken(
            "wrong-password",
            sql(&server.dsn_of(&WRONG), ""),
            "mysql.1045",
            auth,
            Is(Configuration),
        ),
        broken(
            "forbidden-database",
            sql(&forbidden, ""),
            "mysql.1044",
            auth,
            Is(Configuration),
        ),
        broken(
            "no-such-database",
            sql(&nowhere, ""),
            "mysql.1049",
            protocol,
            Is(Configuration),
        ),
    ]);
    let endless =
        "SELECT count(*) FROM seq_1_to_1000000 a, seq_1_to_1000000 b WHERE a.seq + b.seq = 0";
    let cases = [
        (
            "no-table",
            "SELECT * FROM nowhere",
            "mysql.1146",
            app,
            Application,
        ),
        (
            "no-column",
            "SELECT nope FROM users",
            "mysql.1054",
            app,
            Application,
        ),
        ("no-sense", "SELEKT 1", "mysql.1064", app, TestDefect),
        (
            "no-rights",
            "SELECT * FROM mysql.user",
            "mysql.1142",
            auth,
            Configuration,
        ),
        (
            "twice",
            "INSERT INTO users VALUES (1)",
            "mysql.1062",
            app,
            Application,
        ),
        (
            "slow",
            endless,
            "mysql.1969",
            Layer::Performance,
            Application,
        ),
    ];
    let asked = cases
        .map(|(name, statement, code, layer, class)| query(name, statement, code, layer, class));
    all.extend(look_at_each(asked.into()));
    all.extend(states(server));
    all
}

/// The server as a whole.
fn states(mut server: MariaDb) -> Vec<Told> {
    use Class::{Configuration, Infrastructure};
    let (dsn, protocol) = (server.dsn(), Layer::Protocol);
    let locked = Held::open(&mut server.client(&APP), LOCKED);
    let late = ", statements: [SET max_statement_time = 0, DELETE FROM users WHERE id = 1]";
    let mut all = look_at_each(vec![broken(
        "lock-timeout",
        sql(&dsn, late),
        "mysql.1205",
        Layer::Application,
        Is(Class::Application),
    )]);
    drop(locked);
    server.kill_connections();
    server.set_read_only(true);
    let write = ", query: INSERT INTO users VALUES (2)";
    all.extend(look_at_each(vec![broken(
        "read-only",
        sql(&dsn, write),
        "mysql.1290",
        protocol,
        Is(Infrastructure),
    )]));
    server.set_read_only(false);
    let held = [(); 10].map(|()| Held::open(&mut server.client(&APP), ""));
    all.extend(look_at_each(vec![broken(
        "too-many",
        sql(&dsn, ""),
        "mysql.1040",
        protocol,
        Is(Configuration),
    )]));
    drop(held);
    server.stop();
    all.extend(look_at_each(vec![broken(
        "stopped",
        sql(&dsn, ""),
        "tcp.refused",
        Layer::Transport,
        Leans(Infrastructure),
    )]));
    all
}

/// Takes a row for itself.
const LOCKED: &str = "BEGIN; DELETE FROM users WHERE id = 1;";

/// A client that was let in, and is ended with its test.
struct Held(Child);

impl Held {
    /// It does this first, and then nothing.
    fn open(command: &mut Command, first: &str) -> Self {
        let script = format!("SET max_statement_time = 0; {first} SELECT 'in'; DO SLEEP(600)");
        let mut child = command
            .args(["--unbuffered", "--execute", &script])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut said).unwrap();
        assert_eq!(said, "in\n");
        Self(child)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
