//! MariaDB.

use super::{ended, ends, hold, settled, test};
use crate::support::mariadb::Options;
use crate::support::{APP, MariaDb};

/// A small server: the connection of its administrator is beside the ten.
fn small() -> MariaDb {
    MariaDb::start(&Options {
        max_connections: 10,
        ..Options::default()
    })
}

fn keys(server: &MariaDb, keys: &str) -> String {
    format!("dsn: \"{}\", {keys}", server.dsn())
}

#[track_caller]
fn is_left_alone(server: &MariaDb) {
    server.admin(
        "BEGIN NOT ATOMIC WHILE EXISTS (SELECT 1 FROM information_schema.processlist WHERE user = 'app') \
         DO DO SLEEP(0.01); END WHILE; END",
    );
}

#[test]
fn a_storm_that_fits_is_let_in_step_by_step() {
    let server = MariaDb::start(&Options::default());
    let storm = "storm: { connections: 60, hold: 300ms, ramp: [10, 60] }";
    hold(&[test(
        "storm",
        &keys(&server, storm),
        "30s",
        "opened: 60, refused: 0, codes: { empty: true }, steps: { length: 2 }, server_peak: 60, max_connections: 151, \
         reserved_connections: 0, free_connections: 151, connect_p95: { below: 20s }, phases: { startup: { below: 20s }, \
         auth: { below: 20s }, query: { below: 20s } }",
    )]);
    is_left_alone(&server);
}

#[test]
fn a_server_that_is_exhausted_opens_exactly_what_it_has() {
    let server = small();
    ends(
        test(
            "guard",
            &keys(&server, "storm: { connections: 9 }"),
            "10s",
            "opened: 9",
        ),
        "errored",
        "error.guard",
        "9 connections are more than 80 % of the 10 that are free (10 − 0 = 10, 0 in use): at most 8",
    );
    is_left_alone(&server);
    let storm = "storm: { connections: 12, hold: 300ms }, allow_exhaust: true";
    let ten = "opened: 10, attempted: 12, codes: { equals: { mysql.1040: 2 } }, server_peak: 10, free_connections: 10";
    hold(&[settled(&test("exhaust", &keys(&server, storm), "10s", ten))]);
    is_left_alone(&server);
    server.admin("ALTER USER app WITH MAX_USER_CONNECTIONS 4");
    // Fewer than the server has, which would say so first.
    let eight = storm.replace("12", "8");
    let four =
        "opened: 4, codes: { equals: { mysql.1226: 4 } }, user_limit: 4, free_connections: 4";
    hold(&[settled(&test("user", &keys(&server, &eight), "10s", four))]);
    is_left_alone(&server);
}

#[test]
fn a_good_server_carries_a_pool() {
    let server = MariaDb::start(&Options::default());
    hold(&[test(
        "pool",
        &keys(
            &server,
            "pool: { size: 8, overflow: 12, timeout: 2s, connect_timeout: 1900ms }",
        ),
        "30s",
        "fault: none, lazy: true, opened: 20, server_peak: 20, timed_out: { between: [1800ms, 2200ms] }, \
         timed_out_with: pool.timeout, overflow_closed: { below: 5s }, kept: 8, replaced: 1, available: 151, fits: true",
    )]);
    is_left_alone(&server);
}

#[test]
fn a_pool_that_is_larger_than_its_server_is_told_so() {
    let server = small();
    let pool = keys(&server, "pool: { size: 5, overflow: 6, timeout: 1s }");
    ends(
        test("sum", &pool, "30s", "opened: 11"),
        "failed",
        "pool.capacity",
        "1 × 1 × (5 + 6) = 11 connections are asked of 10 − 0 = 10",
    );
    let all = keys(
        &server,
        "pool: { size: 5, overflow: 5, timeout: 1s }, allow_exhaust: true",
    );
    let (output, record) = ended(test("exhaust", &all, "30s", "opened: 9"));
    assert_eq!(record["code"], "mysql.1040", "{output}");
    is_left_alone(&server);
}

#[test]
fn a_wrong_password_and_a_frozen_server_are_told_by_the_watcher() {
    let mut server = small();
    let wrong = server.dsn().replace(APP.password, "not-what-it-is");
    let storm = "storm: { connections: 5, hold: 0s }";
    ends(
        test(
            "login",
            &format!("dsn: \"{wrong}\", {storm}"),
            "10s",
            "opened: 5",
        ),
        "failed",
        "mysql.1045",
        "in phase auth",
    );
    server.freeze();
    ends(
        test("frozen", &keys(&server, storm), "500ms", "opened: 5"),
        "failed",
        "sql.timeout.startup",
        "in phase startup",
    );
    server.thaw();
}

#[test]
fn a_fleet_is_held_against_what_the_server_says() {
    let server = MariaDb::start(&Options::default());
    let fleet = |overflow: u8| {
        keys(
            &server,
            &format!("capacity: {{ instances: 10, pool: 10, overflow: {overflow} }}"),
        )
    };
    hold(&[test(
        "fits",
        &fleet(5),
        "10s",
        "demand: 150, available: 151, headroom: 1",
    )]);
    ends(
        test("fleet", &fleet(6), "10s", "fits: true"),
        "failed",
        "pool.capacity",
        "10 × 1 × (10 + 6) = 160 connections are asked of 151 − 0 = 151",
    );
}
