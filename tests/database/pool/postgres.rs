//! PostgreSQL.

use std::process::Command;

use nix::sys::signal::Signal;

use super::proxy::Holding;
use super::{ended, ends, hold, settled, test, tool};
use crate::support::postgres::{Options, Stop};
use crate::support::{APP, Certificates, Postgres, Running};

/// A small server: of ten connections three are for superusers.
fn small() -> Postgres {
    Postgres::start(&Options {
        max_connections: 10,
        conf: "log_connections = on",
        ..Options::default()
    })
}

fn keys(server: &Postgres, keys: &str) -> String {
    format!("dsn: \"{}\", {keys}", server.dsn())
}

/// Waits in the server until this holds.
#[track_caller]
fn wait_until(server: &Postgres, condition: &str) {
    server.admin(&format!(
        "DO $$ BEGIN WHILE NOT ({condition}) LOOP PERFORM pg_sleep(0.01); PERFORM pg_stat_clear_snapshot(); END LOOP; END $$"
    ));
}

/// How many of us there are.
const OURS: &str =
    "(SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'allclear/%')";

/// The watcher counts, so all have logged in.
const COUNTED: &str = "EXISTS (SELECT FROM pg_stat_activity WHERE application_name LIKE 'allclear/%' \
    AND query LIKE '%WHERE pid IN%')";

#[track_caller]
fn is_left_alone(server: &Postgres) {
    wait_until(server, &format!("{OURS} = 0"));
}

/// How often the server let somebody in who is not the superuser.
fn logins(server: &Postgres) -> usize {
    server
        .log()
        .matches("connection authorized: user=app")
        .count()
}

#[test]
fn a_storm_that_fits_is_let_in_step_by_step() {
    let server = Postgres::start(&Options::default());
    let storm = "storm: { connections: 60, hold: 300ms, ramp: [10, 25, 50, 60] }";
    hold(&[test(
        "storm",
        &keys(&server, storm),
        "30s",
        "fault: none, opened: 60, attempted: 60, refused: 0, codes: { empty: true }, steps: { length: 4 }, server_peak: 60, \
         max_connections: 100, reserved_connections: 3, free_connections: 97, remote_ip: 127.0.0.1, connect_p50: { below: 20s }, \
         connect_p95: { below: 20s }, connect_max: { below: 20s }, by_phase: { length: 5 }, server_version: { exists: true }, \
         phases: { connect: { below: 20s }, starttls: { below: 20s }, startup: { below: 20s }, auth: { below: 20s }, \
         query: { below: 20s } }, user_limit: { exists: false }",
    )]);
    is_left_alone(&server);
}

#[test]
fn a_storm_speaks_tls_to_all() {
    let certificates = Certificates::make();
    let server = Postgres::start(&Options {
        tls: Some(&certificates.good()),
        ..Options::default()
    });
    let ca = certificates.root();
    // The name has two addresses, and at one of them nobody listens: it is resolved once, and certified all the same.
    let dsn = server.dsn().replace("127.0.0.1", "localhost");
    let storm = format!(
        "dsn: \"{dsn}\", ca: \"{}\", storm: {{ connections: 20, hold: 0s }}",
        ca.display()
    );
    hold(&[test(
        "tls",
        &storm,
        "30s",
        "opened: 20, remote_ip: 127.0.0.1, by_phase: { length: 6 }, phases: { resolve: { below: 5s }, tls: { below: 20s } }",
    )]);
    is_left_alone(&server);
}

#[test]
fn a_storm_that_would_take_too_much_does_not_begin() {
    let server = small();
    let storm = keys(&server, "storm: { connections: 6 }");
    ends(
        test("guard", &storm, "10s", "opened: 6"),
        "errored",
        "error.guard",
        "6 connections are more than 80 % of the 7 that are free (10 − 3 = 7, 0 in use): at most 5",
    );
    assert_eq!(logins(&server), 1, "{}", server.log());
    hold(&[test(
        "fits",
        &keys(&server, "storm: { connections: 5, hold: 0s }"),
        "10s",
        "opened: 5",
    )]);
    is_left_alone(&server);
}

#[test]
fn who_is_there_already_counts() {
    let server = small();
    let other = Running::start(sleeper(&server));
    wait_until(
        &server,
        "(SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND state = 'active' AND usename = 'app') = 1",
    );
    let storm = keys(&server, "storm: { connections: 5 }");
    ends(
        test("guard", &storm, "10s", "opened: 5"),
        "errored",
        "error.guard",
        "of the 6 that are free (10 − 3 = 7, 1 in use): at most 4",
    );
    drop(other);
}

/// Somebody else, who keeps a connection.
fn sleeper(server: &Postgres) -> Command {
    let mut psql = crate::support::postgres::program("psql");
    psql.args(["-X", "-q", "-c", "SELECT pg_sleep(600)"])
        .arg(server.dsn())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    psql
}

#[test]
fn a_server_that_is_exhausted_opens_exactly_what_it_has() {
    let server = small();
    let storm = keys(
        &server,
        "storm: { connections: 12, hold: 300ms }, allow_exhaust: true",
    );
    let all = "opened: 7, attempted: 12, refused: 5, codes: { equals: { postgres.53300: 5 } }, server_peak: 7, \
        free_connections: 7, connect_p95: { exists: false }";
    hold(&[settled(&test("exhaust", &storm, "10s", all))]);
    is_left_alone(&server);
    // Each has a text of its own, and all of them one code.
    server.limit_role(5);
    let of_the_role = all.replace('7', "5").replace("refused: 5", "refused: 7");
    let of_the_role = of_the_role.replace("53300: 5", "53300: 7");
    let of_the_role = format!("{of_the_role}, user_limit: 5, max_connections: 10");
    hold(&[settled(&test("role", &storm, "10s", &of_the_role))]);
    is_left_alone(&server);
    server.limit_database(4);
    let four = "opened: 4, codes: { equals: { postgres.53300: 8 } }, user_limit: 5, database_limit: 4, free_connections: 4";
    hold(&[settled(&test("database", &storm, "10s", four))]);
    is_left_alone(&server);
    server.limit_role(0);
    ends(
        test("nobody", &storm, "10s", "opened: 4"),
        "failed",
        "postgres.53300",
        "in phase auth",
    );
}

#[test]
fn exhausting_a_server_has_to_be_allowed() {
    let server = small();
    let storm = keys(&server, "storm: { connections: 10 }, allow_exhaust: true");
    let tool = tool(&[test("exhaust", &storm, "10s", "opened: 7")]).args([
        "run",
        "-v",
        "--report",
        "json=out.json",
    ]);
    tool.run().stdout_has("needs --allow-side-effects");
    assert_eq!(logins(&server), 0);
}

#[test]
fn a_wrong_password_is_sent_once() {
    let server = small();
    let wrong = server.dsn().replace(APP.password, "not-what-it-is");
    for what in [
        "storm: { connections: 5 }",
        "pool: { size: 3, timeout: 1s }",
        "capacity: { instances: 1, pool: 3 }",
    ] {
        ends(
            test(
                "login",
                &format!("dsn: \"{wrong}\", {what}"),
                "10s",
                "opened: { exists: false }",
            ),
            "failed",
            "postgres.28P01",
            "in phase auth",
        );
    }
    let failed = "password authentication failed for user \"app\"";
    assert_eq!(server.log().matches(failed).count(), 3, "{}", server.log());
}

#[test]
fn a_good_server_carries_a_pool() {
    let server = Postgres::start(&Options::default());
    hold(&[test(
        "pool",
        &keys(
            &server,
            "pool: { size: 8, overflow: 12, timeout: 2s, connect_timeout: 1900ms }",
        ),
        "30s",
        "fault: none, lazy: true, opened: 20, server_peak: 20, waited: { between: [200ms, 1s] }, handed_over: { below: 800ms }, \
         timed_out: { between: [1800ms, 2200ms] }, timed_out_with: pool.timeout, overflow_closed: { below: 5s }, kept: 8, \
         replaced: 1, demand: 20, available: 97, headroom: 77, fits: true",
    )]);
    is_left_alone(&server);
}

#[test]
fn a_pool_that_is_larger_than_its_server_is_told_so() {
    let server = small();
    let pool = keys(&server, "pool: { size: 5, overflow: 5, timeout: 1s }");
    ends(
        test("sum", &pool, "30s", "opened: 10"),
        "failed",
        "pool.capacity",
        "1 × 1 × (5 + 5) = 10 connections are asked of 10 − 3 = 7",
    );
    let fleet = keys(
        &server,
        "pool: { size: 1, overflow: 2, timeout: 1s, instances: 3 }",
    );
    ends(
        test("fleet", &fleet, "30s", "opened: 3"),
        "failed",
        "pool.capacity",
        "3 × 1 × (1 + 2) = 9",
    );
    let close = keys(&server, "pool: { size: 3, overflow: 4, timeout: 1s }");
    ends(
        test("guard", &close, "30s", "opened: 7"),
        "errored",
        "error.guard",
        "8 connections are more than 80 %",
    );
    let exhausting = format!("{close}, allow_exhaust: true");
    let (output, record) = ended(test("exhaust", &exhausting, "30s", "opened: 6"));
    assert_eq!(record["code"], "postgres.53300", "{output}");
    is_left_alone(&server);
}

#[test]
fn a_proxy_that_never_lets_go_is_found_out() {
    let server = Postgres::start(&Options::default());
    let proxy = Holding::before(server.port());
    let dsn = server.dsn().replace(
        &format!(":{}/", server.port()),
        &format!(":{}/", proxy.port()),
    );
    let pool = format!("dsn: \"{dsn}\", pool: {{ size: 2, overflow: 3, timeout: 2s }}");
    ends(
        test("pool", &pool, "30s", "kept: 2"),
        "failed",
        "pool.lingers",
        "3 of 5 connections were closed, and 5s later the server still has 5",
    );
    drop(proxy);
    is_left_alone(&server);
}

#[test]
fn a_frozen_server_ends_in_time() {
    let mut server = small();
    server.freeze();
    for what in [
        "storm: { connections: 5, hold: 0s }",
        "capacity: { instances: 1, pool: 3 }",
    ] {
        ends(
            test(
                "frozen",
                &keys(&server, what),
                "500ms",
                "fault: none, opened: 5",
            ),
            "failed",
            "sql.timeout.startup",
            "in phase starttls",
        );
    }
    server.thaw();
    // And one that freezes while it is held. Who waits for that in the server has a connection there, too.
    let storm = keys(&server, "storm: { connections: 4, hold: 2s }");
    let tool = tool(&[test("held", &storm, "3s", "opened: 4")]);
    let running = tool.start();
    wait_until(&server, COUNTED);
    server.freeze();
    let output = running.end().exits(1);
    let record = &tool.json("out.json")["tests"][0];
    let told = (record["status"].as_str(), record["code"].as_str());
    assert_eq!(
        told,
        (Some("failed"), Some("sql.timeout.query")),
        "{output}"
    );
    server.thaw();
    is_left_alone(&server);
}

#[test]
fn what_ends_while_it_is_held_was_not_carried() {
    let mut server = small();
    let storm = keys(&server, "storm: { connections: 4, hold: 5s }");
    let dropped = "opened: 3, refused: 1, codes: { equals: { postgres.57P01: 1 } }, server_peak: 4, server_low: 3";
    let tool_of = |expect: &str| tool(&[test("held", &storm, "20s", expect)]);
    let one = tool_of(dropped);
    let running = one.start();
    wait_until(&server, COUNTED);
    let ended = server.admin(
        "SELECT pg_terminate_backend((SELECT min(pid) FROM pg_stat_activity WHERE application_name LIKE 'allclear/%' \
         AND query NOT LIKE '%WHERE pid IN%'))",
    );
    assert_eq!(ended, "t");
    running.end().exits(0);
    is_left_alone(&server);
    // And all of them, with the watcher.
    let all = tool_of("opened: 4");
    let running = all.start();
    wait_until(&server, COUNTED);
    server.stop(Stop::Fast);
    let output = running.end().exits(1);
    let record = &all.json("out.json")["tests"][0];
    assert_eq!(record["code"], "postgres.57P01", "{output}");
}

#[test]
fn nothing_stays_open_when_it_is_cut_short() {
    let server = small();
    let storm = keys(&server, "storm: { connections: 4, hold: 60s }");
    let suite = [test("held", &storm, "90s", "opened: 4")];
    for signals in [
        &[Signal::SIGKILL][..],
        &[Signal::SIGINT, Signal::SIGINT],
        &[Signal::SIGTERM],
    ] {
        let tool = tool(&suite).args(["run", "--allow-side-effects"]);
        let running = tool.start();
        wait_until(&server, &format!("{OURS} = 4"));
        for signal in signals {
            running.signal(*signal);
        }
        is_left_alone(&server);
        drop(running);
    }
}

#[test]
fn a_fleet_is_held_against_what_the_server_says() {
    let server = Postgres::start(&Options::default());
    let fleet = |more: &str| {
        keys(
            &server,
            &format!("capacity: {{ instances: 4, workers: 2, pool: 10, overflow: 2{more} }}"),
        )
    };
    hold(&[
        test(
            "read",
            &fleet(""),
            "10s",
            "fits: true, demand: 96, available: 97, headroom: 1, differs: { empty: true }, max_connections: 100",
        ),
        test(
            "declared",
            &fleet(", max_connections: 200, reserved: 3"),
            "10s",
            "available: 97, differs: { equals: [{ name: max_connections, declared: 200, read: 100 }] }",
        ),
    ]);
    server.limit_role(50);
    ends(
        test("role", &fleet(""), "10s", "fits: true"),
        "failed",
        "pool.capacity",
        "4 × 2 × (10 + 2) = 96 connections are asked of 50, the limit of this user",
    );
    is_left_alone(&server);
}

#[test]
fn too_few_descriptors_are_no_fault_of_the_server() {
    let server = Postgres::start(&Options::default());
    let storm = keys(&server, "storm: { connections: 60, hold: 0s }");
    let limited = tool(&[test("storm", &storm, "10s", "opened: 60")])
        .program("/bin/sh")
        .args([
            "-c",
            "ulimit -n 100; exec \"$0\" \"$@\"",
            env!("CARGO_BIN_EXE_allclear"),
            "run",
            "-v",
            "--jobs",
            "1",
        ]);
    limited
        .run()
        .stdout_has("error.limit")
        .stdout_has("60 connections need 132 file descriptors");
}
