use super::super::testing::{code, look, problem, read, stopped, unable};
use super::*;
use crate::model::Value;

const DSN: &str = "dsn: \"postgres://me:hunter22@127.0.0.1/app\"";

fn told(keys: &str) -> String {
    let told = problem("pool", &format!("{{ {keys} }}"));
    assert!(!told.contains("hunter22"), "{told}");
    told
}

#[test]
fn slips_are_told() {
    for (keys, why) in [
        (
            "capacity: { instances: 0, pool: 5, max_connections: 10, reserved: 3 }",
            "expected 1 to 100000",
        ),
        (
            "capacity: { instances: 1, workers: 0, pool: 5, max_connections: 10, reserved: 3 }",
            "expected 1 to 10000",
        ),
        (
            "capacity: { instances: 1, pool: 0, max_connections: 10, reserved: 3 }",
            "expected 1 to 1000000",
        ),
        (
            "capacity: { instances: 1, pool: 1, overflow: 1000001, max_connections: 10, reserved: 3 }",
            "expected 0 to",
        ),
        (
            "capacity: { instances: 1, pool: 5 }",
            "`max_connections` is missing",
        ),
        (
            "capacity: { instances: 1, pool: 5, max_connections: 10 }",
            "`reserved` is missing",
        ),
        (
            "capacity: { instances: 1, pool: 5, max_connections: 3, reserved: 3 }",
            "nothing is left",
        ),
        ("storm: { connections: 5 }", "`dsn` is missing"),
        ("pool: { size: 5, timeout: 1s }", "`dsn` is missing"),
    ] {
        assert!(told(keys).contains(why), "{keys}: {}", told(keys));
    }
    for (keys, why) in [
        ("allow_exhaust: true", "`storm`, `pool` or `capacity`"),
        (
            "storm: { connections: 5 }, capacity: { instances: 1, pool: 5 }",
            "only one of",
        ),
        (
            "capacity: { instances: 1, pool: 5 }, allow_exhaust: true",
            "nothing to exhaust",
        ),
        ("storm: { connections: 1 }", "found 1, expected 2 to 5000"),
        ("storm: { connections: 5001 }", "expected 2 to 5000"),
        ("storm: { connections: 60, ramp: [] }", "ends with nothing"),
        ("storm: { connections: 60, ramp: [10, 50] }", "ends with 50"),
        (
            "storm: { connections: 60, ramp: [10, 10, 60] }",
            "rises with every step",
        ),
        ("storm: { connections: 60, ramp: [1, 60] }", "begins with 2"),
        ("pool: { size: 0, timeout: 1s }", "expected 1 to 5000"),
        (
            "pool: { size: 5, overflow: 5001, timeout: 1s }",
            "expected 0 to 5000",
        ),
        ("pool: { size: 5, timeout: 0s }", "zero"),
        (
            "pool: { size: 5, timeout: 10s, connect_timeout: 10s }",
            "less than `timeout`",
        ),
        (
            "pool: { size: 5, timeout: 10s, connect_timeout: 75s }",
            "less than `timeout`",
        ),
    ] {
        let keys = format!("{DSN}, {keys}");
        assert!(told(&keys).contains(why), "{keys}: {}", told(&keys));
    }
    let of_a_file = "dsn: \"sqlite:app.db\", storm: { connections: 5 }";
    assert!(told(of_a_file).contains("a file has no connections"));
    let padded = "dsn: \"postgres://me:hunter22@h/app\\n\", storm: { connections: 5 }";
    assert!(told(padded).contains("line break"));
}

#[test]
fn what_is_asked_is_said_without_the_password() {
    let asked = |keys: &str| read::<Pool>(&format!("{{ {keys} }}")).request();
    let storm = asked(&format!(
        "{DSN}, storm: {{ connections: 60, ramp: [10, 60] }}"
    ));
    assert_eq!(storm, "postgres 127.0.0.1:5432/app: storm of 60");
    let pool = asked(&format!(
        "{DSN}, pool: {{ size: 20, overflow: 30, timeout: 30s }}"
    ));
    assert_eq!(pool, "postgres 127.0.0.1:5432/app: pool of 20 + 30");
    let sum =
        "capacity: { instances: 46, pool: 20, overflow: 30, max_connections: 100, reserved: 3 }";
    assert_eq!(asked(sum), "capacity for 46 × 1 × (20 + 30)");
}

#[test]
fn only_exhausting_a_server_is_a_side_effect() {
    for (keys, is_one) in [("", false), (", allow_exhaust: true", true)] {
        let probe: Pool = read(&format!("{{ {DSN}, storm: {{ connections: 60 }}{keys} }}"));
        assert_eq!(probe.needs().side_effects, is_one);
        assert_eq!(probe.counts(), ["opened", "refused", "codes"]);
    }
}

#[test]
fn how_long_it_takes_is_known_before() {
    let least = |keys: &str| {
        let probe: Pool = read(&format!("{{ {DSN}, {keys} }}"));
        let least = probe.least().unwrap();
        (least.field, least.time)
    };
    assert_eq!(
        least("storm: { connections: 60, hold: 3s, ramp: [10, 25, 60] }"),
        ("storm.hold", Duration::from_secs(9))
    );
    assert_eq!(
        least("pool: { size: 20, timeout: 30s }"),
        ("pool.timeout", Duration::from_millis(38_200))
    );
}

#[tokio::test]
async fn a_fleet_that_fits_and_one_that_does_not() {
    let fits = "{ capacity: { instances: 4, workers: 2, pool: 10, overflow: 2, max_connections: 100, reserved: 3 } }";
    let seen = look(&read::<Pool>(fits)).await.unwrap();
    for (fact, value) in [
        ("demand", Value::int(96)),
        ("available", Value::int(97)),
        ("headroom", Value::int(1)),
        ("fits", Value::Bool(true)),
    ] {
        assert_eq!(seen.facts.get(fact), Some(&value), "{fact}");
    }
    let exact = fits.replace("reserved: 3", "reserved: 4");
    assert!(look(&read::<Pool>(&exact)).await.is_ok());

    let sum = "{ capacity: { instances: 46, pool: 20, overflow: 30, max_connections: 100, reserved: 3 } }";
    let (code, seen) = stopped(look(&read::<Pool>(sum)).await);
    assert_eq!(code.as_str(), "pool.capacity");
    assert_eq!(seen.facts.get("headroom"), Some(&Value::int(97 - 2300)));
    assert_eq!(seen.facts.get("fits"), Some(&Value::Bool(false)));
    assert_eq!(
        seen.fault.unwrap().message,
        "46 × 1 × (20 + 30) = 2300 connections are asked of 100 − 3 = 97"
    );
}

#[tokio::test]
async fn the_largest_fleet_is_still_counted() {
    let all = "{ capacity: { instances: 100000, workers: 10000, pool: 1000000, overflow: 1000000, max_connections: 1000000, \
        reserved: 0 } }";
    let (_, seen) = stopped(look(&read::<Pool>(all)).await);
    let demand = 100_000_i128 * 10_000 * 2_000_000;
    assert_eq!(seen.facts.get("demand"), Some(&Value::int(demand)));
}

#[tokio::test]
async fn more_connections_than_we_may_have_are_a_limit_of_ours() {
    let probe: Pool = read(&format!(
        "{{ {DSN}, storm: {{ connections: 5000, hold: 0s }} }}"
    ));
    let mut ctx = Context::for_tests(Duration::from_secs(1));
    ctx.jobs = usize::MAX / 1024;
    let error = unable(probe.observe(&ctx).await);
    assert_eq!(error.kind, Unable::Limit);
    assert!(
        error.message.contains("file descriptors"),
        "{}",
        error.message
    );
}

#[tokio::test]
async fn what_cannot_end_in_time_does_not_begin() {
    let probe: Pool = read(&format!(
        "{{ {DSN}, storm: {{ connections: 5, hold: 60s }} }}"
    ));
    let error = unable(look(&probe).await);
    assert_eq!(error.kind, Unable::Value);
    assert!(
        error.message.contains("60s are needed"),
        "{}",
        error.message
    );
}

#[tokio::test]
async fn where_nobody_listens_one_login_says_so() {
    let port = super::super::testing::closed_port().await;
    for keys in [
        "storm: { connections: 60, hold: 0s }",
        "pool: { size: 20, timeout: 1s }",
        "capacity: { instances: 4, pool: 5 }",
    ] {
        let dsn = format!("dsn: \"postgres://me@127.0.0.1:{port}/app\"");
        let probe: Pool = read(&format!("{{ {dsn}, {keys} }}"));
        assert_eq!(code(look(&probe).await), "tcp.refused", "{keys}");
    }
}
