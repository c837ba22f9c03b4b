//! Break the environment, one thing at a time, and exactly the shipped tests that look at that thing turn red, with the
//! right code. This is the test of the tests.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking"
)]

#[expect(dead_code, unused_imports, reason = "each test binary uses its part")]
mod support;

use std::thread;
use std::time::Duration;

use allclear::demo::Fault;
use support::{Answer, Canary, Ends, Tool, ends_of};

/// What turns red whenever the service cannot reach its database.
const WITHOUT_DATABASE: Red = &[
    ("connectivity/http-ready", "failed expect.status"),
    ("connectivity/http-infrastructure", "failed expect.json"),
    ("connectivity/http-backend", "failed expect.json"),
    ("connectivity/http-auth", "failed expect.json"),
    ("startup/endpoint", "failed expect.status"),
    ("agents/login-then-profile", "failed expect.status"),
    ("agents/execute", "blocked expect.status"),
];

/// Instances that are not good, and how they end.
type Red = &'static [(&'static str, &'static str)];

/// What the demo lacks, and nobody is the worse for.
const LACKING: Red = &[
    ("preflight/tools-available", "skipped "),
    ("database/clickhouse", "skipped "),
];

/// What requires that the service is alive, whatever keeps it from that.
fn without_life(code: &str) -> Vec<(&'static str, String)> {
    let blocked = [
        "preflight/identity",
        "preflight/clock",
        "preflight/config-contract",
        "connectivity/http-soak",
    ];
    blocked.map(|id| (id, format!("blocked {code}"))).into()
}

/// What requires that somebody can log in to the database, whatever keeps him from that.
fn without_login(code: &str) -> Vec<(&'static str, String)> {
    let blocked = [
        "database/identity",
        "database/roundtrip",
        "database/schema",
        "database/soak",
    ];
    blocked.map(|id| (id, format!("blocked {code}"))).into()
}

/// What a certificate turns red that is not accepted.
fn without_certificate(code: &str) -> Vec<(&'static str, String)> {
    vec![
        ("connectivity/tcp[api]", format!("failed {code}")),
        ("connectivity/tls[api]", format!("failed {code}")),
        ("connectivity/tls-forbidden-host", format!("blocked {code}")),
    ]
}

/// What turns red when nobody listens.
const WITHOUT_SERVICE: &[&str] = &[
    "connectivity/tcp[api]",
    "connectivity/tls[api]",
    "connectivity/http-live",
    "connectivity/http-ready",
    "connectivity/http-ready-redis",
    "connectivity/http-ready-websocket",
    "connectivity/http-infrastructure",
    "connectivity/http-backend",
    "connectivity/http-auth",
    "connectivity/http-frontend",
    "connectivity/http-routes[api-health]",
    "connectivity/http-routes[docs]",
    "connectivity/http-routes-cors",
    "connectivity/http-not-proxy-page",
    "startup/endpoint",
    "agents/health",
    "agents/api-unauth",
    "agents/auth-validate",
    "agents/login-then-profile",
];

#[expect(clippy::too_many_lines, reason = "a table")]
/// The verdict, and every instance that is not good, under this fault.
fn expected(fault: Fault) -> (&'static str, Ends) {
    let (word, more, red): (&str, Vec<(&str, String)>, Red) = match fault {
        // Of the chat nothing is asked yet.
        Fault::None
        | Fault::EventMissing
        | Fault::EventDuplicated
        | Fault::EventOrder
        | Fault::EventLate
        | Fault::EventCrossed
        | Fault::Ws1011
        | Fault::Ws1001
        | Fault::Ws401
        | Fault::Ws403
        | Fault::Ws502
        | Fault::Ws503
        | Fault::WsSilent
        | Fault::WsInvalidJson
        | Fault::WsEndless
        | Fault::WsFragile
        | Fault::ResumeGap
        | Fault::SseCut
        | Fault::OpenWebsocket
        | Fault::AnyOrigin
        | Fault::TokenUnsigned
        | Fault::TokenTampered
        | Fault::TokenExpired
        | Fault::TokenAudience
        | Fault::OauthRedirect => ("GO", vec![], &[]),
        Fault::Outage | Fault::Refuse => connector("failed tcp.refused"),
        Fault::Delay => connector("failed expect.latency"),
        Fault::Reset => connector("failed tcp.reset"),
        Fault::Silent => connector("failed tcp.timeout.read"),
        Fault::Impostor => connector("failed expect.received"),
        Fault::Corrupt => {
            let mut all = without_login("sqlite.26");
            all.push(("database/login", "failed sqlite.26".to_owned()));
            ("NO-GO", all, WITHOUT_DATABASE)
        }
        Fault::Schema => (
            "NO-GO",
            vec![],
            &[("database/schema", "failed expect.missing")],
        ),
        Fault::OtherDatabase => (
            "NO-GO",
            vec![],
            &[
                ("database/env-safety", "failed expect.database"),
                ("database/identity", "failed expect.rows"),
            ],
        ),
        Fault::Down => {
            let mut all = without_life("tcp.refused");
            let refused = |id: &&'static str| (*id, "failed tcp.refused".to_owned());
            all.extend(WITHOUT_SERVICE.iter().map(refused));
            (
                "NO-GO",
                all,
                &[
                    ("connectivity/tls-forbidden-host", "blocked tcp.refused"),
                    ("agents/execute", "blocked tcp.refused"),
                ],
            )
        }
        Fault::Html => (
            "NO-GO",
            without_life("expect.headers"),
            &[
                ("connectivity/http-live", "failed expect.headers"),
                ("connectivity/http-ready", "failed expect.json"),
                ("connectivity/http-ready-redis", "failed expect.json"),
                ("connectivity/http-ready-websocket", "failed expect.json"),
                ("connectivity/http-infrastructure", "failed expect.json"),
                ("connectivity/http-backend", "failed expect.json"),
                ("connectivity/http-auth", "failed expect.headers"),
                (
                    "connectivity/http-routes[api-health]",
                    "failed expect.headers",
                ),
                ("connectivity/http-routes[docs]", "failed expect.body"),
                ("connectivity/http-routes-cors", "failed expect.headers"),
                ("connectivity/http-not-proxy-page", "failed expect.status"),
                ("startup/endpoint", "failed expect.json"),
                ("agents/health", "failed expect.json"),
                ("agents/api-unauth", "failed expect.status"),
                ("agents/auth-validate", "failed expect.status"),
                ("agents/login-then-profile", "failed capture.token"),
                ("agents/execute", "blocked capture.token"),
            ],
        ),
        Fault::BlankPage => (
            "NO-GO",
            vec![],
            &[("connectivity/http-frontend", "failed expect.body")],
        ),
        Fault::Slow => (
            "NO-GO",
            without_life("claim.latency.max"),
            &[("connectivity/http-live", "failed claim.latency.max")],
        ),
        Fault::Intermittent => (
            "NO-GO",
            without_life("expect.status"),
            &[("connectivity/http-live", "failed expect.status")],
        ),
        // Not critical: a wrong clock explains failures, and alone is none of the environment's jobs.
        Fault::Clock => ("GO", vec![], &[("preflight/clock", "failed expect.skew")]),
        Fault::Config => (
            "NO-GO",
            vec![],
            &[
                ("connectivity/http-backend", "failed expect.json"),
                ("connectivity/http-auth", "failed expect.json"),
                ("startup/endpoint", "failed expect.status"),
                ("agents/login-then-profile", "failed expect.status"),
                ("agents/execute", "blocked expect.status"),
            ],
        ),
        Fault::Error500 => (
            "NO-GO",
            vec![],
            &[
                ("agents/login-then-profile", "failed expect.status"),
                ("agents/execute", "blocked expect.status"),
            ],
        ),
        Fault::OpenAuth => (
            "NO-GO",
            vec![],
            &[
                ("agents/api-unauth", "failed expect.status"),
                ("agents/auth-validate", "failed expect.status"),
            ],
        ),
        Fault::Crossed => (
            "NO-GO",
            vec![],
            &[("agents/login-then-profile", "failed expect.json")],
        ),
        Fault::Fallback => (
            "NO-GO",
            vec![],
            &[
                ("connectivity/http-backend", "failed expect.json"),
                ("agents/health", "failed expect.json"),
                ("agents/execute", "failed expect.status"),
            ],
        ),
        Fault::TlsExpired => ("NO-GO", without_certificate("tls.expired"), &[]),
        // Still accepted: only who reads the date knows.
        Fault::TlsExpiring => (
            "NO-GO",
            vec![],
            &[
                ("connectivity/tls[api]", "failed expect.expires_in"),
                (
                    "connectivity/tls-forbidden-host",
                    "blocked expect.expires_in",
                ),
            ],
        ),
        Fault::TlsOtherName => ("NO-GO", without_certificate("tls.wrong_name"), &[]),
        Fault::TlsRetiredName => (
            "NO-GO",
            vec![],
            &[("connectivity/tls-forbidden-host", "failed expect.fault")],
        ),
        Fault::TlsUnknownIssuer => ("NO-GO", without_certificate("tls.unknown_issuer"), &[]),
        Fault::TlsPlaintext => ("NO-GO", without_certificate("tls.plaintext"), &[]),
        Fault::TlsSilent => ("NO-GO", without_certificate("tls.timeout"), &[]),
        Fault::CacheDown => (
            "NO-GO",
            vec![],
            &[
                ("connectivity/http-ready-redis", "failed expect.json"),
                ("connectivity/http-infrastructure", "failed expect.json"),
            ],
        ),
        Fault::Brownout => (
            "NO-GO",
            vec![],
            &[("connectivity/http-soak", "failed expect.status")],
        ),
        // Whoever answers there is not the one under test: nothing is known of that one.
        Fault::Canary => (
            "INCONCLUSIVE",
            vec![],
            &[("preflight/identity", "failed expect.json")],
        ),
        // Not critical: it explains failures, like the clock.
        Fault::Contract => (
            "GO",
            vec![],
            &[("preflight/config-contract", "failed expect.json")],
        ),
        Fault::RouteMissing => (
            "NO-GO",
            vec![],
            &[(
                "connectivity/http-routes[api-health]",
                "failed expect.status",
            )],
        ),
        Fault::Cors => (
            "NO-GO",
            vec![],
            &[("connectivity/http-routes-cors", "failed expect.headers")],
        ),
        Fault::SpaFallback => (
            "NO-GO",
            vec![],
            &[("connectivity/http-not-proxy-page", "failed expect.status")],
        ),
    };
    (word, ends(more, red))
}

fn connector(how: &str) -> (&'static str, Vec<(&'static str, String)>, Red) {
    let connector = vec![("connectivity/connector", how.to_owned())];
    ("NO-GO", connector, WITHOUT_DATABASE)
}

fn ends(more: Vec<(&str, String)>, red: Red) -> Ends {
    let red = LACKING
        .iter()
        .chain(red)
        .map(|(id, how)| ((*id).to_owned(), (*how).to_owned()));
    let more = more.into_iter().map(|(id, how)| (id.to_owned(), how));
    red.chain(more).collect()
}

/// What really turns red.
fn seen(args: &[&str]) -> (String, Ends) {
    let suites = concat!(env!("CARGO_MANIFEST_DIR"), "/suites");
    let run = ["run", "--suites", suites, "--report", "json=run.json"];
    seen_by(&Tool::bare().args(run.iter().chain(args)))
}

/// The longest budget of what fails here is that of a connector that says nothing, five seconds.
const LONGEST: Duration = Duration::from_secs(8);

fn seen_by(tool: &Tool) -> (String, Ends) {
    ends_of(tool, &tool.run(), LONGEST)
}

fn check(faults: &[Fault]) {
    for fault in faults {
        let (word, not_good) = expected(*fault);
        let set = format!("demo.fault={fault}");
        let seen = seen(&["--target", "demo", "--set", &set]);
        assert_eq!(seen, (word.to_owned(), not_good), "fault {fault}");
    }
}

/// The demo's target with one line changed.
fn target(line: &str, changed: &str) -> tempfile::NamedTempFile {
    let demo = include_str!("../suites/targets/demo.yaml");
    assert_eq!(demo.matches(line).count(), 1, "{line}");
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    std::fs::write(file.path(), demo.replace(line, changed)).unwrap();
    file
}

fn seen_at(target: &tempfile::NamedTempFile) -> (String, Ends) {
    seen(&["--target", target.path().to_str().unwrap()])
}

/// A name that nobody has (RFC 2606 §2): where there is no network either, it cannot be looked up at all.
#[test]
fn a_name_nobody_has_turns_its_origin_red() {
    let (word, red) = seen_at(&target(
        "host: \"${demo.tls_host}\"",
        "host: nobody.invalid",
    ));
    let red: Ends = red
        .into_iter()
        .filter(|(_, ends)| ends != "skipped ")
        .collect();
    let ids: Vec<&str> = red.keys().map(String::as_str).collect();
    let expected = [
        "connectivity/dns[api]",
        "connectivity/tcp[api]",
        "connectivity/tls-forbidden-host",
        "connectivity/tls[api]",
    ];
    assert_eq!((word.as_str(), &ids[..]), ("NO-GO", &expected[..]));
    for (id, ends) in &red {
        let is_dns = ["failed dns.", "blocked dns."]
            .iter()
            .any(|how| ends.starts_with(how));
        assert!(is_dns, "{id}: {ends}");
    }
}

/// What was declared otherwise than it is: the environment is whole, and what we think of it is not.
#[test]
fn what_was_declared_is_compared_with_what_is() {
    let cases: [(&str, &str, &str, Red); 4] = [
        (
            "forbidden_hosts: [\"*.retired.example\"]",
            "forbidden_hosts: [\"127.*\"]",
            "INCONCLUSIVE",
            &[("preflight/config-clean", "failed expect.unclean")],
        ),
        (
            "{ commit: \"${demo.commit}\" }",
            "{ commit: another }",
            "INCONCLUSIVE",
            &[("preflight/identity", "failed expect.json")],
        ),
        (
            "cache: { timeout_ms: 200 }",
            "cache: { timeout_ms: 300 }",
            "GO",
            &[("preflight/config-contract", "failed expect.json")],
        ),
        (
            "control_names: [localhost]",
            "control_names: [nobody.invalid]",
            "GO",
            &[("preflight/dns-control", "failed expect.resolved")],
        ),
    ];
    for (line, changed, word, red) in cases {
        let expected = (word.to_owned(), ends(vec![], red));
        assert_eq!(seen_at(&target(line, changed)), expected, "{changed}");
    }
}

/// What is wrong with what we were given is told before the target is blamed for it.
#[test]
fn a_slip_of_our_own_is_inconclusive() {
    let locked_out = [
        (
            "agents/login-then-profile",
            "failed expect.status".to_owned(),
        ),
        ("agents/execute", "blocked expect.status".to_owned()),
    ];
    let cases: [(&str, Red); 2] = [
        (
            "user=alice ",
            &[("preflight/config-clean", "failed expect.unclean")],
        ),
        (
            "password=changeme",
            &[("preflight/creds-usable", "failed expect.unusable")],
        ),
    ];
    for (set, red) in cases {
        let seen = seen(&["--target", "demo", "--set", set]);
        let expected = ends(locked_out.to_vec(), red);
        assert_eq!(seen, ("INCONCLUSIVE".to_owned(), expected), "{set}");
    }
    // Whom nobody reaches from here is no reason to blame the target, and none to stop.
    let seen = seen(&[
        "--target",
        "demo",
        "--set",
        "control_url=https://127.0.0.1:1/",
    ]);
    let red: Red = &[("preflight/egress-control", "failed tcp.refused")];
    assert_eq!(seen, ("GO".to_owned(), ends(vec![], red)));
}

/// Eight descriptors for each look and sixty-four besides: seventy are too few even for one look at a time.
#[test]
fn too_few_descriptors_are_told_before_they_run_out() {
    let suites = concat!(env!("CARGO_MANIFEST_DIR"), "/suites");
    let tool = Tool::bare().program("sh").args([
        "-c",
        "ulimit -n 70; exec \"$0\" \"$@\"",
        env!("CARGO_BIN_EXE_allclear"),
        "run",
        "--suites",
        suites,
        "--jobs",
        "1",
        "--report",
        "json=run.json",
    ]);
    let red: Red = &[("preflight/limits", "failed expect.enough")];
    let expected = ("INCONCLUSIVE".to_owned(), ends(vec![], red));
    assert_eq!(seen_by(&tool), expected);
}

/// What an environment lacks is skipped, and no obstacle.
#[test]
fn what_is_not_there_is_not_asked_for() {
    let lacks = [
        ("has_redis=false", "connectivity/http-ready-redis"),
        ("has_cors=false", "connectivity/http-routes-cors"),
        ("has_websocket=false", "connectivity/http-ready-websocket"),
    ];
    for (set, id) in lacks {
        let expected = ends(vec![(id, "skipped ".to_owned())], &[]);
        let seen = seen(&["--target", "demo", "--set", set]);
        assert_eq!(seen, ("GO".to_owned(), expected), "{set}");
    }
}

/// One that is ready only when it says so, in the one word that is meant.
#[test]
fn a_door_for_websockets_that_is_not_open_is_seen() {
    let id = "connectivity/http-ready-websocket";
    let cases = [
        (r#"{"websocket_readiness":{"websocket_ready":true}}"#, None),
        (
            r#"{"status":"ready","websocket_readiness":{"websocket_ready":false}}"#,
            Some("failed expect.json"),
        ),
        (
            r#"{"websocket_readiness":{"websocket_ready":"true"}}"#,
            Some("failed expect.json"),
        ),
        (r#"{"status":"ready"}"#, Some("failed expect.json")),
    ];
    for (body, how) in cases {
        let service = Canary::answering(move |asked| match asked.path.as_str() {
            "/health/ready" => Answer::json(200, body),
            _ => Answer::json(404, "{}"),
        });
        let api = format!("api={}", service.url());
        let only = ["--target", "demo", "--only", id, "--set", &api];
        let (_, seen) = seen(&only);
        assert_eq!(seen.get(id).map(String::as_str), how, "{body}");
        assert_eq!(service.paths(), ["/health/ready"]);
    }
}

/// Programs that are everywhere stand for the command line of a cloud.
#[test]
fn a_cloud_that_cannot_be_asked_is_told() {
    let id = "preflight/tools-available";
    let demo =
        "has_cloud: false\n  cloud_version: [gcloud, version]\n  cloud_login: [gcloud, auth, list]";
    let cases = [
        ("[echo, \"1.0\"]", "[echo, me]", None),
        (
            "[allclear-has-no-such-program]",
            "[echo, me]",
            Some("errored error.program"),
        ),
        ("[\"false\"]", "[echo, me]", Some("failed expect.exit_code")),
        (
            "[echo, \"1.0\"]",
            "[\"false\"]",
            Some("failed expect.exit_code"),
        ),
        (
            "[echo, \"1.0\"]",
            "[echo, \" \"]",
            Some("failed expect.stdout"),
        ),
    ];
    for (version, login, how) in cases {
        let cloud = format!("has_cloud: true\n  cloud_version: {version}\n  cloud_login: {login}");
        let target = target(demo, &cloud);
        let path = target.path().to_str().unwrap();
        let only = ["--target", path, "--only", id];
        let (_, seen) = seen(&[&only[..], &["--allow-commands"]].concat());
        assert_eq!(seen.get(id).map(String::as_str), how, "{cloud}");
    }
    // It explains what else is red, and alone is no obstacle.
    let target = target(
        demo,
        "has_cloud: true\n  cloud_version: [\"false\"]\n  cloud_login: [\"false\"]",
    );
    let path = target.path().to_str().unwrap();
    let failed = ends(vec![(id, "failed expect.exit_code".to_owned())], &[]);
    let seen_allowed = seen(&["--target", path, "--allow-commands"]);
    assert_eq!(seen_allowed, ("GO".to_owned(), failed));
    // And nothing is run that was not allowed.
    assert_eq!(seen_at(&target), ("GO".to_owned(), ends(vec![], &[])));
}

/// A few at a time: suites claim latencies, and a machine with two cores has to keep them.
#[test]
fn each_fault_turns_exactly_its_tests_red() {
    // The slow ones first, each on a thread of its own; they wait more than they work.
    let slow = [Fault::Silent, Fault::Delay, Fault::TlsSilent];
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
