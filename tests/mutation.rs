//! Break the environment, one thing at a time, and exactly the shipped tests that look at that thing turn red, with the
//! right code. This is the test of the tests.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking"
)]

#[expect(dead_code, unused_imports, reason = "each test binary uses its part")]
mod support;

use std::collections::BTreeMap;
use std::thread;

use allclear::demo::Fault;
use support::Tool;

/// What turns red whenever the service cannot reach its database.
const WITHOUT_DATABASE: &[(&str, &str)] = &[
    ("connectivity/http-ready", "failed expect.status"),
    ("startup/endpoint", "failed expect.status"),
    ("agents/login-then-profile", "failed expect.status"),
    ("agents/execute", "blocked expect.status"),
];

#[expect(clippy::too_many_lines, reason = "a table")]
/// The verdict, and every instance that is not good, under this fault.
fn expected(fault: Fault) -> (&'static str, Vec<(&'static str, &'static str)>) {
    let connector = |ends: &'static str| {
        let mut all = vec![("connectivity/connector", ends)];
        all.extend(WITHOUT_DATABASE);
        ("NO-GO", all)
    };
    match fault {
        Fault::None => ("GO", vec![]),
        Fault::Refuse => connector("failed tcp.refused"),
        Fault::Delay => connector("failed expect.latency"),
        Fault::Reset => connector("failed tcp.reset"),
        Fault::Silent => connector("failed tcp.timeout.read"),
        Fault::Impostor => connector("failed expect.received"),
        Fault::Corrupt => {
            let mut all = vec![
                ("database/identity", "failed sqlite.26"),
                ("database/roundtrip", "failed sqlite.26"),
                ("database/schema", "failed sqlite.26"),
            ];
            all.extend(WITHOUT_DATABASE);
            ("NO-GO", all)
        }
        Fault::Schema => ("NO-GO", vec![("database/schema", "failed expect.missing")]),
        Fault::OtherDatabase => ("NO-GO", vec![("database/identity", "failed expect.rows")]),
        Fault::Down => (
            "NO-GO",
            vec![
                ("connectivity/http-live", "failed tcp.refused"),
                ("connectivity/http-ready", "failed tcp.refused"),
                ("connectivity/http-frontend", "failed tcp.refused"),
                ("startup/endpoint", "failed tcp.refused"),
                ("agents/health", "failed tcp.refused"),
                ("agents/api-unauth", "failed tcp.refused"),
                ("agents/auth-validate", "failed tcp.refused"),
                ("agents/login-then-profile", "failed tcp.refused"),
                ("agents/execute", "blocked tcp.refused"),
                ("preflight/clock", "blocked tcp.refused"),
            ],
        ),
        Fault::Html => (
            "NO-GO",
            vec![
                ("connectivity/http-live", "failed expect.headers"),
                ("connectivity/http-ready", "failed expect.json"),
                ("startup/endpoint", "failed expect.json"),
                ("agents/health", "failed expect.json"),
                ("agents/api-unauth", "failed expect.status"),
                ("agents/auth-validate", "failed expect.status"),
                ("agents/login-then-profile", "failed capture.token"),
                ("agents/execute", "blocked capture.token"),
                ("preflight/clock", "blocked expect.headers"),
            ],
        ),
        Fault::BlankPage => (
            "NO-GO",
            vec![("connectivity/http-frontend", "failed expect.body")],
        ),
        Fault::Slow => (
            "NO-GO",
            vec![
                ("connectivity/http-live", "failed claim.latency.max"),
                ("preflight/clock", "blocked claim.latency.max"),
            ],
        ),
        Fault::Intermittent => (
            "NO-GO",
            vec![
                ("connectivity/http-live", "failed expect.status"),
                ("preflight/clock", "blocked expect.status"),
            ],
        ),
        // Not critical: a wrong clock explains failures, and alone is none of the environment's jobs.
        Fault::Clock => ("GO", vec![("preflight/clock", "failed expect.skew")]),
        Fault::Config => (
            "NO-GO",
            vec![
                ("startup/endpoint", "failed expect.status"),
                ("agents/login-then-profile", "failed expect.status"),
                ("agents/execute", "blocked expect.status"),
            ],
        ),
        Fault::Error500 => (
            "NO-GO",
            vec![
                ("agents/login-then-profile", "failed expect.status"),
                ("agents/execute", "blocked expect.status"),
            ],
        ),
        Fault::OpenAuth => (
            "NO-GO",
            vec![
                ("agents/api-unauth", "failed expect.status"),
                ("agents/auth-validate", "failed expect.status"),
            ],
        ),
        Fault::Crossed => (
            "NO-GO",
            vec![("agents/login-then-profile", "failed expect.json")],
        ),
        // Nobody looks there yet.
        Fault::TlsExpired
        | Fault::TlsExpiring
        | Fault::TlsOtherName
        | Fault::TlsRetiredName
        | Fault::TlsUnknownIssuer
        | Fault::TlsPlaintext
        | Fault::TlsSilent
        | Fault::CacheDown
        | Fault::Brownout
        | Fault::Canary
        | Fault::Contract
        | Fault::RouteMissing
        | Fault::Cors
        | Fault::SpaFallback => ("GO", vec![]),
        Fault::Fallback => (
            "NO-GO",
            vec![
                ("agents/health", "failed expect.json"),
                ("agents/execute", "failed expect.status"),
            ],
        ),
    }
}

/// What really turns red.
fn seen(fault: Fault) -> (String, BTreeMap<String, String>) {
    let set = format!("demo.fault={fault}");
    let suites = concat!(env!("CARGO_MANIFEST_DIR"), "/suites");
    let tool = Tool::bare().args([
        "run",
        "--suites",
        suites,
        "--target",
        "demo",
        "--set",
        &set,
        "--report",
        "json=run.json",
    ]);
    let output = tool.run();
    assert!(
        matches!(output.status.code(), Some(0 | 1 | 3)),
        "{fault}\n{output}"
    );
    assert_eq!(
        tool.left_over(),
        Vec::<std::path::PathBuf>::new(),
        "{fault}"
    );
    let run = tool.json("run.json");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let tests = run["tests"].as_array().unwrap();
    let not_good = tests
        .iter()
        .filter(|test| test["status"] != "passed")
        .map(|test| {
            let ends = format!("{} {}", text(&test["status"]), text(&test["code"]));
            (text(&test["id"]), ends)
        });
    (text(&run["verdict"]["word"]), not_good.collect())
}

fn check(faults: &[Fault]) {
    for fault in faults {
        let (word, not_good) = expected(*fault);
        let not_good: BTreeMap<String, String> = not_good
            .into_iter()
            .map(|(id, ends)| (id.to_owned(), ends.to_owned()))
            .collect();
        assert_eq!(seen(*fault), (word.to_owned(), not_good), "fault {fault}");
    }
}

/// A few at a time: suites claim latencies, and a machine with two cores has to keep them.
#[test]
fn each_fault_turns_exactly_its_tests_red() {
    // The slow ones first, each on a thread of its own; they wait more than they work.
    let slow = [Fault::Silent, Fault::Delay, Fault::Slow];
    let rest: Vec<Fault> = Fault::ALL
        .iter()
        .copied()
        .filter(|fault| !slow.contains(fault))
        .collect();
    thread::scope(|scope| {
        let lanes = slow
            .chunks(1)
            .chain(rest.chunks(rest.len().div_ceil(2)))
            .map(|faults| scope.spawn(|| check(faults)));
        // All are started before the first is waited for.
        for lane in lanes.collect::<Vec<_>>() {
            if let Err(panic) = lane.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
}
