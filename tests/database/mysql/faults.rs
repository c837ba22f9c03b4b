//! What stops us: each with its code and phase, within its budget, and with nobody left behind.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::{look, look_at, query, sql};
use crate::support::case::{passes, stops};
use crate::support::mariadb::{MariaDb, Options};
use crate::support::{APP, Login};

const WRONG: Login = Login {
    user: "app",
    password: "buzzard",
};

#[test]
fn each_refusal_has_its_number() {
    let server = MariaDb::start(&Options {
        sql: "CREATE TABLE users (id int PRIMARY KEY);; INSERT INTO users VALUES (1)",
        ..Options::default()
    });
    let dsn = server.dsn();
    let forbidden = format!("{}/nowhere", dsn.trim_end_matches("/app"));
    let nowhere = server.socket_dsn().replacen("/app?", "/nowhere?", 1);
    look(
        &server,
        &[
            stops(
                "password",
                sql(&server.dsn_of(&WRONG), ""),
                "mysql.1045",
                "auth",
            ),
            stops(
                "no-password",
                sql(&dsn.replace(&format!(":{}", APP.password), ""), ""),
                "mysql.1045",
                "auth",
            ),
            stops(
                "forbidden-database",
                sql(&forbidden, ""),
                "mysql.1044",
                "auth",
            ),
            stops("no-database", sql(&nowhere, ""), "mysql.1049", "auth"),
            stops(
                "no-table",
                sql(&dsn, ", query: SELECT * FROM nowhere"),
                "mysql.1146",
                "query",
            ),
            stops(
                "no-column",
                sql(&dsn, ", query: SELECT nope FROM users"),
                "mysql.1054",
                "query",
            ),
            stops(
                "no-sql",
                sql(&dsn, ", query: SELEKT 1"),
                "mysql.1064",
                "query",
            ),
            stops(
                "no-right",
                sql(&dsn, ", query: SELECT * FROM mysql.user"),
                "mysql.1142",
                "query",
            ),
            stops(
                "twice",
                sql(&dsn, ", query: INSERT INTO users VALUES (1)"),
                "mysql.1062",
                "query",
            ),
            passes(
                "healthy",
                sql(&dsn, ", query: SELECT id FROM users"),
                "rows: [{ id: 1 }]",
            ),
        ],
    );
}

#[test]
fn one_that_is_full_says_so_to_all_but_its_administrator() {
    let server = MariaDb::start(&Options {
        max_connections: 10,
        ..Options::default()
    });
    let held = [(); 10].map(|()| Held::open(&mut server.client(&APP)));
    look_at(&[passes(
        "administrator",
        sql(&server.socket_dsn(), ", ask: [connections]"),
        "max_connections: 10, used_connections: 11, free_connections: 0",
    )]);
    // The one connection too many is for administrators, and is looked at before it is refused: nobody else may need it meanwhile.
    look_at(&[
        stops("full", sql(&server.dsn(), ""), "mysql.1040", "startup").or("mysql.1040", "auth"),
    ]);
    drop(held);
    server.kill_connections();
    look(
        &server,
        &[passes("room", sql(&server.dsn(), ""), "database: app")],
    );
}

/// A client that was let in, and is ended with its test.
struct Held(Child);

impl Held {
    fn open(command: &mut Command) -> Self {
        let mut child = command
            .args(["--unbuffered", "--execute", "SELECT 'in'; DO SLEEP(600)"])
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

#[test]
fn one_that_only_reads_is_a_replica_that_refuses_to_write() {
    let server = MariaDb::start(&Options {
        read_only: true,
        sql: "CREATE TABLE notes (id int)",
        ..Options::default()
    });
    let writes = sql(&server.dsn(), ", query: INSERT INTO notes VALUES (1)");
    look(
        &server,
        &[
            stops("write", writes.clone(), "mysql.1290", "query"),
            passes(
                "read",
                sql(&server.dsn(), ", query: SELECT id FROM notes"),
                "role: { exists: false }, read_only: true, rows: { empty: true }",
            ),
        ],
    );
    server.set_read_only(false);
    look(
        &server,
        &[passes(
            "write",
            writes,
            "role: primary, read_only: false, rows_affected: 1",
        )],
    );
}

#[test]
fn a_limit_of_the_server_is_not_ours() {
    let server = MariaDb::start(&Options {
        conf: "max_statement_time=0.3",
        ..Options::default()
    });
    let endless =
        "SELECT count(*) FROM seq_1_to_1000000 a, seq_1_to_1000000 b WHERE a.seq + b.seq = 0";
    look(
        &server,
        &[
            stops(
                "limited",
                query(&server.dsn(), endless),
                "mysql.1969",
                "query",
            ),
            passes(
                "its-limit",
                query(&server.dsn(), "SELECT @@max_statement_time AS most"),
                "rows: [{ most: 0.3 }]",
            ),
        ],
    );
}

#[test]
fn a_million_rows_are_not_read() {
    let server = MariaDb::start(&Options::default());
    let many = |keys: &str| {
        sql(
            &server.dsn(),
            &format!(", query: SELECT seq FROM seq_1_to_1000000{keys}"),
        )
    };
    look(
        &server,
        &[
            stops("rows", many(""), "sql.too_large", "query"),
            stops(
                "more-rows",
                many(", max_rows: 100000"),
                "sql.too_large",
                "query",
            ),
            stops(
                "bytes",
                query(
                    &server.dsn(),
                    "SELECT repeat('x', 100000) AS x FROM seq_1_to_200",
                ),
                "sql.too_large",
                "query",
            ),
            stops(
                "one-row",
                query(&server.dsn(), "SELECT repeat('x', 12000000) AS x"),
                "sql.too_large",
                "query",
            ),
            passes(
                "enough",
                query(&server.dsn(), "SELECT repeat('x', 1000000) AS x"),
                "rows: { length: 1 }",
            ),
        ],
    );
}

#[test]
fn nobody_there_is_a_fault_of_the_way() {
    let mut server = MariaDb::start(&Options::default());
    let (dsn, socket) = (server.dsn(), server.socket_dsn());
    server.stop();
    look_at(&[
        stops("tcp", sql(&dsn, ""), "tcp.refused", "connect"),
        stops("socket", sql(&socket, ""), "tcp.no_socket", "connect"),
    ]);
    server.start_again();
    look(&server, &[passes("again", sql(&dsn, ""), "database: app")]);
}

#[test]
fn a_frozen_one_is_left_when_the_budget_ends() {
    let mut server = MariaDb::start(&Options::default());
    let (dsn, socket) = (server.dsn(), server.socket_dsn());
    server.freeze();
    look_at(&[
        stops("tcp", sql(&dsn, ""), "sql.timeout.startup", "startup").by_its_budget(),
        stops("socket", sql(&socket, ""), "sql.timeout.startup", "startup").by_its_budget(),
    ]);
    server.thaw();
    look(&server, &[passes("thawed", sql(&dsn, ""), "database: app")]);
}
