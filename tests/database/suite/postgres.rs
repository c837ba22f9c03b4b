//! PostgreSQL.

use super::mutant::{Mutant, postgres_with};
use crate::servers::Session;
use crate::support::postgres::{Options, Stop, program};
use crate::support::{
    APP, Answer, Canary, Certificates, Deaf, Hostile, Postgres, Redis, Refusing, redis,
};

/// A database and the cache beside it, of which nobody here complains.
struct Both {
    database: Postgres,
    cache: Redis,
}

impl Both {
    #[track_caller]
    fn start(options: &Options<'_>) -> Self {
        Self::of(postgres_with(options))
    }

    #[track_caller]
    fn of(database: Postgres) -> Self {
        Self {
            database,
            cache: Redis::start(&redis::Options::default()),
        }
    }

    fn mutant(&self, name: &'static str) -> Mutant {
        let healthy = Mutant::of(&self.database.dsn()).with_redis(self.cache.dsn());
        healthy.named(name)
    }

    /// With something else in the DSN.
    fn with_dsn(&self, name: &'static str, from: &str, to: &str) -> Mutant {
        let dsn = self.database.dsn();
        let (before, behind) = dsn.rsplit_once(from).unwrap();
        self.mutant(name).with_dsn(format!("{before}{to}{behind}"))
    }
}

#[test]
fn a_healthy_one_is_go_and_so_is_what_stands_beside_it() {
    let both = Both::start(&Options::default());
    let analytics = Canary::answering(|asked| match asked.path.as_str() {
        "/ping" => Answer::Reply(200, "text/plain", "Ok.\n".to_owned()),
        _ => Answer::json(404, "{}"),
    });
    let all = both
        .mutant("healthy")
        .with("has_clickhouse: false", "has_clickhouse: true");
    all.clone()
        .with("http://10.8.0.20:8123", analytics.url())
        .ends("GO", &[]);
    both.mutant("by its socket")
        .with_dsn(both.database.socket_dsn())
        .with("db_tls_modes: [verify-full]", "db_tls_modes: [disable]")
        .ends("GO", &[]);
    both.database.is_left_alone();
    let left = (both.cache.connections(), both.cache.cli(["DBSIZE"]));
    assert_eq!(left, (0, "0".to_owned()));

    let nobody = Refusing::hold();
    all.clone()
        .named("no analytics")
        .with("http://10.8.0.20:8123", nobody.url())
        .ends("NO-GO", &[("database/clickhouse", "failed tcp.refused")]);
    let proxy = Canary::healthy();
    all.named("a proxy's page")
        .with("http://10.8.0.20:8123", proxy.url())
        .ends("NO-GO", &[("database/clickhouse", "failed expect.body")]);
}

#[test]
fn who_is_not_let_in_is_told_by_whom_and_why() {
    let both = Both::start(&Options::default());
    let server = &both.database;
    both.with_dsn("wrong password", APP.password, "buzzard")
        .is_locked_out("postgres.28P01", &[]);
    both.with_dsn("missing database", "/app", "/nothing")
        .is_locked_out(
            "postgres.3D000",
            &[("database/env-safety", "failed expect.database")],
        );
    server.limit_role(0);
    both.mutant("full for this user")
        .is_locked_out("postgres.53300", &[]);
    server.limit_role(100);
    server.limit_database(0);
    both.mutant("full for this database")
        .is_locked_out("postgres.53300", &[]);
    server.limit_database(100);
    both.mutant("anybody is let in")
        .with_bad_dsn(server.dsn())
        .ends("NO-GO", &[("database/bad-password", "failed expect.fault")]);
    both.mutant("healthy again").ends("GO", &[]);
    server.is_left_alone();
}

#[test]
fn a_server_that_is_full_is_full_for_logins_only() {
    let both = Both::start(&Options {
        max_connections: 4,
        superuser_reserved_connections: 3,
        ..Options::default()
    });
    let mut held = Session::open(
        program("psql")
            .args(["-X", "-q", "-A", "-t"])
            .arg(both.database.dsn()),
    );
    held.ask("SELECT 'in';");
    assert_eq!(held.hears(), "in");
    both.mutant("reserved for others")
        .is_locked_out("postgres.53300", &[]);
    let administrators = [(); 3].map(|()| {
        let mut held = Session::open(both.database.client("psql").args(["-X", "-q", "-A", "-t"]));
        held.ask("SELECT 'in';");
        assert_eq!(held.hears(), "in");
        held
    });
    both.mutant("too many clients")
        .is_locked_out("postgres.53300", &[]);
    drop(administrators);
}

#[test]
fn what_is_wrong_inside_turns_only_its_test_red() {
    let both = Both::start(&Options::default());
    let server = &both.database;
    let broken = |name, breaks: &str, mends: &str, red| {
        server.admin(breaks);
        both.mutant(name).ends("NO-GO", red);
        server.admin(mends);
    };
    broken(
        "missing tables",
        "ALTER TABLE messages RENAME TO letters; ALTER TABLE environment RENAME TO place",
        "ALTER TABLE letters RENAME TO messages; ALTER TABLE place RENAME TO environment",
        &[
            ("database/schema", "failed expect.missing"),
            ("database/identity", "failed postgres.42P01"),
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
    broken(
        "no rights",
        "REVOKE TEMPORARY ON DATABASE app FROM PUBLIC, app; REVOKE ALL ON environment FROM app",
        "GRANT TEMPORARY ON DATABASE app TO app; GRANT ALL ON environment TO app",
        &[
            ("database/roundtrip", "failed postgres.42501"),
            ("database/identity", "failed postgres.42501"),
        ],
    );
    broken(
        "nothing may be written",
        "ALTER ROLE app SET default_transaction_read_only = on",
        "ALTER ROLE app RESET default_transaction_read_only",
        // It is a primary all the same.
        &[
            ("database/identity", "failed expect.read_only"),
            ("database/roundtrip", "failed postgres.25006"),
        ],
    );
    both.mutant("little room")
        .with("db_demand: 50", "db_demand: 98")
        .ends(
            "NO-GO",
            &[
                ("database/headroom", "failed expect.free_connections"),
                ("database/storm", "blocked expect.free_connections"),
                ("database/pool", "blocked expect.free_connections"),
            ],
        );
    both.mutant("too many instances")
        .with("db_instances: 4", "db_instances: 20")
        .ends(
            "NO-GO",
            &[
                ("database/capacity", "failed pool.capacity"),
                ("database/pool", "failed pool.capacity"),
            ],
        );
    // Room for the pool of five and for sessions that are still ending, not for 20 logins.
    server.limit_role(16);
    both.mutant("too few for a storm")
        .with("db_demand: 50", "db_demand: 1")
        .with("db_instances: 4", "db_instances: 1")
        .ends("INCONCLUSIVE", &[("database/storm", "errored error.guard")]);
    server.limit_role(100);
    both.mutant("nobody is thrown out")
        .with(
            "db_end_own_session: SELECT pg_terminate_backend(pg_backend_pid())",
            "db_end_own_session: SELECT 1",
        )
        .ends("NO-GO", &[("database/reconnect", "failed expect.fault")]);
    both.mutant("healthy again").ends("GO", &[]);
    server.is_left_alone();
}

#[test]
fn a_query_that_does_not_end_is_ended_by_the_server_or_by_somebody_else() {
    let both = Both::start(&Options::default());
    let server = &both.database;
    let mut holder = Session::open(server.client("psql").args(["-X", "-q", "-A", "-t"]));
    holder.ask("BEGIN; LOCK TABLE environment; SELECT 'locked';");
    assert_eq!(holder.hears(), "locked");
    server.admin("ALTER ROLE app SET statement_timeout = '300ms'");
    both.mutant("statement timeout")
        .ends("NO-GO", &[("database/identity", "failed postgres.57014")]);
    server.admin("ALTER ROLE app RESET statement_timeout");

    let waits = "wait_event_type = 'Lock' AND query LIKE 'SELECT name FROM environment%'";
    let under_way = both.mutant("terminated").begin();
    server.waits_until(&format!(
        "EXISTS (SELECT FROM pg_stat_activity WHERE {waits})"
    ));
    server.admin(&format!(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE {waits}"
    ));
    under_way.ends("NO-GO", &[("database/identity", "failed postgres.57P01")]);
    drop(holder);
    server.is_left_alone();
}

#[test]
fn a_replica_reads_and_is_not_taken_for_the_primary() {
    let primary = postgres_with(&Options::default());
    let standby = Postgres::standby_of(&primary);
    standby.catches_up(&primary);
    let both = Both::of(standby);
    both.mutant("replica").ends(
        "NO-GO",
        &[
            ("database/identity", "failed expect.role"),
            ("database/roundtrip", "failed postgres.25006"),
        ],
    );
    both.database.is_left_alone();
}

#[test]
fn tls_that_is_lost_on_either_side_is_seen() {
    let made = Certificates::make();
    let server = postgres_with(&Options {
        tls: Some(&made.good()),
        hba: "hostnossl all all all reject",
        ..Options::default()
    });
    let both = Both::of(server);
    let authority = made.root();
    let verified = format!("/app?sslmode=verify-ca&sslrootcert={}", authority.display());
    let with_tls = |both: &Both, name, parameters: &str| {
        let right = both.with_dsn(name, "/app", &verified);
        both.with_dsn(name, "/app", parameters)
            .with("db_tls_modes: [verify-full]", "db_tls_modes: [verify-ca]")
            .with("db_offers_tls: true", "db_offers_tls: true")
            .with_bad_dsn(right.bad_dsn())
    };
    with_tls(&both, "over TLS", &verified).ends("GO", &[]);
    with_tls(&both, "without TLS", "/app?sslmode=disable").is_locked_out(
        "postgres.28000",
        &[("database/env-safety", "failed expect.tls_mode")],
    );
    both.database.is_left_alone();
    let plain = Both::start(&Options::default());
    with_tls(&plain, "TLS is gone", &verified).is_locked_out(
        "tls.not_offered",
        &[("database/path", "failed expect.offers_tls")],
    );
    plain.database.is_left_alone();
}

#[test]
fn one_that_does_not_answer_has_the_budget_and_no_more() {
    let mut both = Both::start(&Options::default());
    both.database.freeze();
    both.mutant("frozen").in_brief().is_locked_out(
        "sql.timeout.startup",
        &[("database/path", "failed sql.timeout.startup")],
    );
    both.database.thaw();
    both.mutant("thawed").ends("GO", &[]);
    both.database.is_left_alone();
    both.database.stop(Stop::Fast);
    both.mutant("stopped")
        .in_brief()
        .is_locked_out("tcp.refused", &[("database/path", "failed tcp.refused")]);

    let starting = Postgres::starting_up();
    // It is reached, and that is told.
    both.mutant("starting up")
        .in_brief()
        .with_dsn(starting.server().dsn())
        .is_locked_out("postgres.57P03", &[]);

    let http = Hostile::saying_and_closing("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
    let silent = Deaf::hold();
    for (name, port, code, path) in [
        (
            "an HTTP server",
            http.port(),
            "sql.protocol",
            "failed sql.protocol",
        ),
        (
            "nobody behind the port",
            silent.address().port(),
            "sql.timeout.startup",
            "failed sql.timeout.startup",
        ),
    ] {
        let dsn = format!(
            "postgres://{}:{}@127.0.0.1:{port}/app",
            APP.user, APP.password
        );
        let red = [("database/path", path)];
        both.mutant(name)
            .in_brief()
            .with_dsn(dsn)
            .is_locked_out(code, &red);
    }
}
