//! MariaDB.

use super::mutant::{Mutant, SCHEMA};
use crate::servers::Session;
use crate::support::mariadb::{MariaDb, Options};
use crate::support::{APP, Hostile, Redis, redis};

/// A database and the cache beside it, of which nobody here complains.
struct Both {
    database: MariaDb,
    cache: Redis,
}

impl Both {
    #[track_caller]
    fn start(options: &Options<'_>) -> Self {
        let sql = SCHEMA.join(";; ");
        let sql = format!("{sql};; GRANT ALL ON nowhere.* TO app");
        Self {
            database: MariaDb::start(&Options {
                sql: &sql,
                ..*options
            }),
            cache: Redis::start(&redis::Options::default()),
        }
    }

    fn mutant(&self, name: &'static str) -> Mutant {
        Mutant::of(&self.database.dsn())
            .named(name)
            .with_redis(self.cache.dsn())
            .with("db_engine: postgres", "db_engine: mysql")
            .with(ENDS_ITSELF, "db_end_own_session: KILL CONNECTION_ID()")
    }

    /// With another password or database in the DSN.
    fn with_dsn(&self, name: &'static str, from: &str, to: &str) -> Mutant {
        let dsn = self.database.dsn();
        let (before, behind) = dsn.rsplit_once(from).unwrap();
        self.mutant(name).with_dsn(format!("{before}{to}{behind}"))
    }
}

const ENDS_ITSELF: &str = "db_end_own_session: SELECT pg_terminate_backend(pg_backend_pid())";

#[test]
fn a_healthy_one_is_go_and_a_broken_one_is_told_by_its_number() {
    let both = Both::start(&Options::default());
    let server = &both.database;
    both.mutant("healthy").ends("GO", &[]);
    both.with_dsn("wrong password", APP.password, "buzzard")
        .is_locked_out("mysql.1045", &[]);
    let elsewhere = [("database/env-safety", "failed expect.database")];
    both.with_dsn("missing database", "/app", "/nowhere")
        .is_locked_out("mysql.1049", &elsewhere);
    both.with_dsn("forbidden database", "/app", "/mysql")
        .is_locked_out("mysql.1044", &elsewhere);
    let broken = |name, breaks: &str, mends: &str, red| {
        server.admin(breaks);
        both.mutant(name).ends("NO-GO", red);
        server.admin(mends);
    };
    broken(
        "missing tables",
        "RENAME TABLE messages TO letters, environment TO place",
        "RENAME TABLE letters TO messages, place TO environment",
        &[
            ("database/schema", "failed expect.missing"),
            ("database/identity", "failed mysql.1146"),
        ],
    );
    broken(
        "a migration behind",
        "DELETE FROM schema_migrations WHERE version = '0003_messages'",
        "INSERT INTO schema_migrations VALUES ('0003_messages')",
        &[("database/schema", "failed expect.migration_head")],
    );
    broken(
        "another environment's",
        "UPDATE environment SET name = 'production'",
        "UPDATE environment SET name = 'staging'",
        &[("database/identity", "failed expect.rows")],
    );
    server.set_read_only(true);
    both.mutant("nothing may be written")
        .ends("NO-GO", &[("database/identity", "failed expect.role")]);
    server.set_read_only(false);
    both.mutant("little room")
        .with("db_demand: 50", "db_demand: 151")
        .ends(
            "NO-GO",
            &[
                ("database/headroom", "failed expect.free_connections"),
                ("database/storm", "blocked expect.free_connections"),
                ("database/pool", "blocked expect.free_connections"),
            ],
        );
    both.mutant("healthy again").ends("GO", &[]);
    server.is_left_alone();
}

#[test]
fn one_that_ends_our_session_in_the_middle_is_told() {
    let both = Both::start(&Options::default());
    let server = &both.database;
    let mut holder = Session::open(both.database.client(&APP).arg("--unbuffered"));
    holder.ask("LOCK TABLES environment WRITE; SELECT 'locked';");
    assert_eq!(holder.hears(), "locked");
    let under_way = both.mutant("killed").begin();
    let waits =
        "FROM information_schema.processlist WHERE info LIKE 'SELECT name FROM environment%'";
    server.waits_until(&format!("EXISTS (SELECT 1 {waits})"));
    server.admin(&format!(
        "BEGIN NOT ATOMIC FOR other IN (SELECT id {waits}) DO KILL other.id; END FOR; END"
    ));
    under_way.ends("NO-GO", &[("database/identity", "failed sql.closed")]);
    drop(holder);
    server.is_left_alone();
}

#[test]
fn one_that_has_no_room_or_no_answer_is_told_in_time() {
    let mut both = Both::start(&Options {
        max_connections: 10,
        ..Options::default()
    });
    let mut held = Vec::new();
    for client in 0..11 {
        // The one connection too many is for administrators, who then have it.
        let mut client = match client {
            10 => both.database.administrators_client(),
            _ => both.database.client(&APP),
        };
        let mut held_one = Session::open(client.arg("--unbuffered"));
        held_one.ask("SELECT 'in';");
        assert_eq!(held_one.hears(), "in");
        held.push(held_one);
    }
    both.mutant("full")
        .is_locked_out("mysql.1040", &[("database/path", "failed mysql.1040")]);
    drop(held);
    both.database.kill_connections();
    both.mutant("room again")
        .with("db_demand: 50", "db_demand: 1")
        .with("db_storm: 60", "db_storm: 2")
        .ends("GO", &[]);
    both.database.freeze();
    both.mutant("frozen").in_brief().is_locked_out(
        "sql.timeout.startup",
        &[("database/path", "failed sql.timeout.startup")],
    );
    both.database.thaw();
    both.database.stop();
    both.mutant("stopped")
        .in_brief()
        .is_locked_out("tcp.refused", &[("database/path", "failed tcp.refused")]);
    let http = Hostile::saying_and_closing("HTTP/1.1 400 Bad Request\r\n\r\n");
    let dsn = format!("mysql://app:{}@127.0.0.1:{}/app", APP.password, http.port());
    both.mutant("an HTTP server")
        .in_brief()
        .with_dsn(dsn)
        .is_locked_out("sql.protocol", &[("database/path", "failed sql.protocol")]);
}
