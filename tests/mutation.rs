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
use support::{Answer, Canary, Ends, Tool, at_work, ends_of};

/// What turns red whenever the service cannot reach its database.
const WITHOUT_DATABASE: Red = &[
    ("connectivity/http-ready", "failed expect.status"),
    ("connectivity/http-infrastructure", "failed expect.json"),
    ("connectivity/http-backend", "failed expect.json"),
    ("connectivity/http-auth", "failed expect.json"),
    ("startup/endpoint", "failed expect.status"),
    ("agents/system", "failed expect.json"),
    ("agents/login-then-profile", "failed expect.status"),
];

/// Instances that are not good, and how they end.
type Red = &'static [(&'static str, &'static str)];

/// What the demo lacks, and nobody is the worse for.
const LACKING: Red = &[
    ("preflight/tools-available", "skipped "),
    ("database/clickhouse", "skipped "),
    ("agents/ws-hold", "skipped "),
];

/// What requires that a WebSocket opens, besides the test that opens one.
const BEHIND_THE_HANDSHAKE: &[&str] = &[
    "agents/ws-ping",
    "agents/ws-malformed",
    "agents/ws-auth[none]",
    "agents/ws-auth[empty]",
    "agents/ws-auth[malformed]",
    "agents/ws-made-token",
    "agents/ws-auth[expired]",
    "agents/ws-auth[wrong-aud]",
    "agents/ws-auth[alg-none]",
    "agents/ws-auth[wrong-key]",
    "agents/ws-auth[tampered]",
    "agents/ws-auth-other-session",
    "agents/ws-origin",
    "agents/golden",
    "agents/isolation",
    "agents/resume",
    "agents/chat-persist",
];

/// What needs a user who is logged in, besides all that is done over a WebSocket.
const BEHIND_THE_LOGIN: &[&str] = &[
    "agents/execute",
    "agents/stream",
    "agents/ws-upgrade",
    "agents/api-business[profile]",
    "agents/api-business[agents]",
    "agents/api-business[threads]",
    "agents/api-business[history]",
];

/// What requires that a message is answered rightly.
const BEHIND_THE_ANSWER: &[&str] = &[
    "agents/resume",
    "agents/chat-persist",
    "agents/ws-auth-other-session",
];

/// What the API tells nobody.
const TOLD_TO_NOBODY: &[&str] = &[
    "agents/api-business-unauth[profile]",
    "agents/api-business-unauth[agents]",
    "agents/api-business-unauth[threads]",
    "agents/api-business-unauth[history]",
];

/// All of them, ended like this.
fn all(ids: &[&'static str], how: &str) -> Vec<(&'static str, String)> {
    ids.iter().map(|id| (*id, how.to_owned())).collect()
}

/// What nobody who cannot log in is let do, whatever keeps them from that.
fn without_session(code: &str) -> Vec<(&'static str, String)> {
    let how = format!("blocked {code}");
    [all(BEHIND_THE_LOGIN, &how), all(BEHIND_THE_HANDSHAKE, &how)].concat()
}

/// What a handshake turns red that is refused.
fn without_handshake(code: &str) -> (&'static str, Vec<(&'static str, String)>, Red) {
    let mut red = all(BEHIND_THE_HANDSHAKE, &format!("blocked {code}"));
    red.push(("agents/ws-upgrade", format!("failed {code}")));
    ("NO-GO", red, &[])
}

/// What an answer turns red that is wrong: `code` over a WebSocket, and `more` besides.
fn without_answer(code: &str, more: Red) -> (&'static str, Vec<(&'static str, String)>, Red) {
    let mut red = all(BEHIND_THE_ANSWER, &format!("blocked {code}"));
    red.push(("agents/golden", format!("failed {code}")));
    ("NO-GO", red, more)
}

/// What a service turns red that does not come up: it ends, or never says that it is ready.
fn without_start(code: &str) -> Vec<(&'static str, String)> {
    let once = ["startup/phases", "startup/no-flap", "startup/shutdown"];
    let samples = ["startup/cold-serial", "startup/cold-burst"];
    [
        all(&once, &format!("failed {code}")),
        all(&samples, "failed claim.pass_rate"),
        all(&["startup/restart-recovers"], &format!("blocked {code}")),
    ]
    .concat()
}

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
    "agents/system",
    "agents/api-unauth",
    "agents/auth-validate",
    "agents/login-then-profile",
    "agents/oauth-init",
    "agents/api-business-unauth[profile]",
    "agents/api-business-unauth[agents]",
    "agents/api-business-unauth[threads]",
    "agents/api-business-unauth[history]",
];

#[expect(clippy::too_many_lines, reason = "a table")]
/// The verdict, and every instance that is not good, under this fault.
fn expected(fault: Fault) -> (&'static str, Ends) {
    let (word, more, red): (&str, Vec<(&str, String)>, Red) = match fault {
        Fault::None => ("GO", vec![], &[]),
        Fault::Outage | Fault::Refuse => connector("failed tcp.refused"),
        Fault::Delay => connector("failed expect.latency"),
        Fault::Reset => connector("failed tcp.reset"),
        Fault::Silent => connector("failed tcp.timeout.read"),
        Fault::Impostor => connector("failed expect.received"),
        Fault::Corrupt => {
            let mut red = without_login("sqlite.26");
            red.push(("database/login", "failed sqlite.26".to_owned()));
            red.extend(without_session("expect.status"));
            ("NO-GO", red, WITHOUT_DATABASE)
        }
        Fault::Schema => (
            "NO-GO",
            vec![],
            &[
                ("database/schema", "failed expect.missing"),
                ("agents/api-business[history]", "failed expect.status"),
                ("agents/chat-persist", "failed expect.status"),
            ],
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
            let mut red = without_life("tcp.refused");
            red.extend(all(WITHOUT_SERVICE, "failed tcp.refused"));
            red.extend(without_session("tcp.refused"));
            (
                "NO-GO",
                red,
                &[("connectivity/tls-forbidden-host", "blocked tcp.refused")],
            )
        }
        Fault::Html => (
            "NO-GO",
            [
                without_life("expect.headers"),
                without_session("capture.token"),
                all(TOLD_TO_NOBODY, "failed expect.status"),
            ]
            .concat(),
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
                ("agents/system", "failed expect.json"),
                ("agents/oauth-init", "failed expect.status"),
                ("agents/api-unauth", "failed expect.status"),
                ("agents/auth-validate", "failed expect.status"),
                ("agents/login-then-profile", "failed capture.token"),
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
            without_session("expect.status"),
            &[
                ("connectivity/http-backend", "failed expect.json"),
                ("connectivity/http-auth", "failed expect.json"),
                ("startup/endpoint", "failed expect.status"),
                ("agents/system", "failed expect.json"),
                ("agents/login-then-profile", "failed expect.status"),
            ],
        ),
        Fault::Error500 => (
            "NO-GO",
            without_session("expect.status"),
            &[("agents/login-then-profile", "failed expect.status")],
        ),
        Fault::OpenAuth => (
            "NO-GO",
            all(TOLD_TO_NOBODY, "failed expect.status"),
            &[
                ("agents/api-unauth", "failed expect.status"),
                ("agents/auth-validate", "failed expect.status"),
            ],
        ),
        Fault::Crossed => (
            "NO-GO",
            vec![],
            &[
                ("agents/login-then-profile", "failed expect.json"),
                ("agents/api-business[profile]", "failed expect.json"),
            ],
        ),
        Fault::Fallback => without_answer(
            "expect.events",
            &[
                ("connectivity/http-backend", "failed expect.json"),
                ("agents/health", "failed expect.json"),
                ("agents/system", "failed expect.json"),
                ("agents/execute", "failed expect.status"),
                ("agents/api-business[agents]", "failed expect.json"),
                ("agents/stream", "failed expect.events"),
                ("agents/isolation", "failed expect.events"),
                ("agents/ws-malformed", "failed expect.events"),
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
                ("agents/system", "failed expect.json"),
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
        Fault::EventMissing | Fault::EventDuplicated | Fault::EventOrder => without_answer(
            "expect.events",
            &[
                ("agents/stream", "failed expect.events"),
                ("agents/isolation", "failed expect.events"),
            ],
        ),
        // Nobody's, but their own: isolation has no opinion on time.
        Fault::EventLate => without_answer(
            "expect.events",
            &[("agents/stream", "failed expect.events")],
        ),
        Fault::EventCrossed => (
            "NO-GO",
            vec![],
            &[("agents/isolation", "failed expect.isolation")],
        ),
        Fault::Ws1011 => without_answer(
            "websocket.closed.1011",
            &[("agents/isolation", "failed websocket.closed.1011")],
        ),
        Fault::Ws1001 => without_answer(
            "websocket.closed.1001",
            &[("agents/isolation", "failed websocket.closed.1001")],
        ),
        Fault::Ws401 => without_handshake("websocket.refused.401"),
        Fault::Ws403 => without_handshake("websocket.refused.403"),
        Fault::Ws502 => without_handshake("websocket.refused.502"),
        Fault::Ws503 => without_handshake("websocket.refused.503"),
        Fault::WsSilent => without_handshake("websocket.timeout.pong"),
        Fault::WsInvalidJson => without_answer(
            "websocket.timeout.event",
            &[
                ("agents/isolation", "failed websocket.timeout.event"),
                ("agents/ws-malformed", "failed websocket.timeout.event"),
            ],
        ),
        Fault::WsEndless => without_answer(
            "websocket.timeout.event",
            &[
                ("agents/isolation", "failed websocket.timeout.event"),
                ("agents/stream", "failed sse.timeout.event"),
            ],
        ),
        // Not critical: who writes messages can write them rightly.
        Fault::WsFragile => (
            "GO",
            vec![],
            &[("agents/ws-malformed", "failed websocket.closed.1011")],
        ),
        // Not critical; and whether others may come back there is then not asked, which is.
        Fault::ResumeGap => (
            "NO-GO",
            vec![],
            &[
                ("agents/resume", "failed expect.events"),
                ("agents/ws-auth-other-session", "blocked expect.events"),
            ],
        ),
        // Not critical: who has WebSockets does without.
        Fault::SseCut => ("GO", vec![], &[("agents/stream", "failed sse.closed")]),
        Fault::OpenWebsocket => (
            "NO-GO",
            all(
                &[
                    "agents/ws-auth[none]",
                    "agents/ws-auth[empty]",
                    "agents/ws-auth[malformed]",
                    "agents/ws-auth[expired]",
                    "agents/ws-auth[wrong-aud]",
                    "agents/ws-auth[alg-none]",
                    "agents/ws-auth[wrong-key]",
                    "agents/ws-auth[tampered]",
                    "agents/ws-auth-other-session",
                ],
                "failed expect.fault",
            ),
            &[],
        ),
        Fault::AnyOrigin => (
            "NO-GO",
            vec![],
            &[("agents/ws-origin", "failed expect.fault")],
        ),
        Fault::TokenUnsigned => (
            "NO-GO",
            vec![],
            &[("agents/ws-auth[alg-none]", "failed expect.fault")],
        ),
        Fault::TokenTampered => (
            "NO-GO",
            vec![],
            &[
                ("agents/ws-auth[wrong-key]", "failed expect.fault"),
                ("agents/ws-auth[tampered]", "failed expect.fault"),
            ],
        ),
        Fault::TokenExpired => (
            "NO-GO",
            vec![],
            &[("agents/ws-auth[expired]", "failed expect.fault")],
        ),
        Fault::TokenAudience => (
            "NO-GO",
            vec![],
            &[("agents/ws-auth[wrong-aud]", "failed expect.fault")],
        ),
        // Not critical: there is another way to log in.
        Fault::OauthRedirect => (
            "GO",
            vec![],
            &[("agents/oauth-init", "failed expect.headers")],
        ),
        Fault::StartSlow => (
            "NO-GO",
            vec![],
            &[
                ("startup/phases", "failed expect.over_budget"),
                ("startup/cold-serial", "failed claim.phases.ready.p90"),
                ("startup/restart-recovers", "blocked expect.over_budget"),
            ],
        ),
        Fault::StartExit3 => ("NO-GO", without_start("process.exit.3"), &[]),
        Fault::StartHang3 => (
            "NO-GO",
            without_start("process.timeout.ready"),
            // Without its database it hangs as well.
            &[("startup/fail-fast", "failed process.timeout.exit")],
        ),
        Fault::StartImport => (
            "NO-GO",
            without_start("process.exit.1"),
            &[
                ("startup/fail-fast", "failed expect.exit_code"),
                ("startup/bad-config[line-break]", "failed expect.log"),
                ("startup/bad-config[no-secret]", "failed expect.log"),
            ],
        ),
        Fault::StartFlap => (
            "NO-GO",
            vec![],
            &[("startup/no-flap", "failed expect.flaps")],
        ),
        // Not critical, here and below: it comes up, and serves.
        Fault::StartIgnoreTerm => (
            "GO",
            vec![],
            &[("startup/shutdown", "failed process.timeout.stop")],
        ),
        Fault::StartOrphan => (
            "GO",
            vec![],
            &[("startup/shutdown", "failed expect.children_left")],
        ),
        Fault::StartAlone => (
            "NO-GO",
            vec![],
            &[("startup/cold-burst", "failed claim.pass_rate")],
        ),
        Fault::StartNoRestart => (
            "GO",
            vec![],
            &[("startup/restart-recovers", "failed process.timeout.recover")],
        ),
        Fault::StartLenient => (
            "GO",
            vec![],
            &[
                ("startup/bad-config[line-break]", "failed expect.log"),
                (
                    "startup/bad-config[no-secret]",
                    "failed process.timeout.exit",
                ),
            ],
        ),
        Fault::StartDegraded => (
            "GO",
            vec![],
            &[("startup/fail-fast", "failed process.timeout.exit")],
        ),
    };
    (word, ends(more, red))
}

fn connector(how: &str) -> (&'static str, Vec<(&'static str, String)>, Red) {
    let mut red = without_session("expect.status");
    // As in the incident: whatever is wrong with the connector, what is seen of it is exit code 3.
    red.extend(without_start("process.exit.3"));
    red.push(("connectivity/connector", how.to_owned()));
    ("NO-GO", red, WITHOUT_DATABASE)
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

/// The longest of what fails here: starts that are late until nothing can be proved any more, ten of two or three seconds each.
const LONGEST: Duration = Duration::from_secs(40);

fn seen_by(tool: &Tool) -> (String, Ends) {
    let output = tool.run();
    // What it starts works where it was started itself, and is gone with it, whatever it was like.
    let left = at_work(&tool.path(""));
    assert!(left.is_empty(), "{left:?} is still there\n{output}");
    ends_of(tool, &output, LONGEST)
}

fn check(faults: &[Fault]) {
    for fault in faults {
        let (word, not_good) = expected(*fault);
        let set = format!("demo.fault={fault}");
        let target = match fault {
            Fault::StartHang3 => written(&DEMO.replace("\n  start: 5s\n", "\n  start: 2s\n")),
            _ if touches_starts(*fault) => written(DEMO),
            _ => target("embedded: demo", "embedded: demo"),
        };
        let target = target.path().to_str().unwrap();
        let mut args = vec!["--target", target, "--set", &set];
        // Ten of these are enough to see that not nine in ten are ready in time.
        if STARTS_LATE.contains(fault) {
            args.extend(["--set", "start_times=10"]);
        }
        let seen = seen(&args);
        assert_eq!(seen, (word.to_owned(), not_good), "fault {fault}");
    }
}

/// Under these a start takes a second or more, however it ends.
const STARTS_LATE: [Fault; 4] = [
    Fault::Silent,
    Fault::Delay,
    Fault::StartSlow,
    Fault::StartHang3,
];

/// Whether it breaks the startup service, or what that needs.
fn touches_starts(fault: Fault) -> bool {
    let is_of_the_way = [
        Fault::None,
        Fault::Outage,
        Fault::Refuse,
        Fault::Delay,
        Fault::Reset,
        Fault::Silent,
        Fault::Impostor,
    ]
    .contains(&fault);
    is_of_the_way || fault.name().starts_with("start-")
}

/// A hundred starts for each fault that has nothing to do with starts would only take time.
const WITHOUT_STARTS: &str = "
omit:
  - { id: startup/phases, reason: the fault is elsewhere }
  - { id: startup/cold-*, reason: the fault is elsewhere }
  - { id: startup/fail-fast, reason: the fault is elsewhere }
  - { id: startup/bad-config, reason: the fault is elsewhere }
  - { id: startup/no-flap, reason: the fault is elsewhere }
  - { id: startup/shutdown, reason: the fault is elsewhere }
  - { id: startup/restart-recovers, reason: the fault is elsewhere }
";

const DEMO: &str = include_str!("../suites/targets/demo.yaml");

/// The demo's target with one line changed, and without starts.
fn target(line: &str, changed: &str) -> tempfile::NamedTempFile {
    for once in [line, "\nomit:\n"] {
        assert_eq!(DEMO.matches(once).count(), 1, "{once}");
    }
    let changed = DEMO.replace(line, changed);
    written(&changed.replace("\nomit:\n", WITHOUT_STARTS))
}

fn written(target: &str) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    std::fs::write(file.path(), target).unwrap();
    file
}

fn seen_at(target: &tempfile::NamedTempFile) -> (String, Ends) {
    seen(&["--target", target.path().to_str().unwrap()])
}

fn seen_without_starts(args: &[&str]) -> (String, Ends) {
    let target = target("embedded: demo", "embedded: demo");
    seen(&[&["--target", target.path().to_str().unwrap()], args].concat())
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
            "cache: { timeout_ms: 400 }",
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
    let mut locked_out = without_session("expect.status");
    locked_out.push((
        "agents/login-then-profile",
        "failed expect.status".to_owned(),
    ));
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
        let seen = seen_without_starts(&["--set", set]);
        let expected = ends(locked_out.clone(), red);
        assert_eq!(seen, ("INCONCLUSIVE".to_owned(), expected), "{set}");
    }
    // Whom nobody reaches from here is no reason to blame the target, and none to stop.
    let seen = seen_without_starts(&["--set", "control_url=https://127.0.0.1:1/"]);
    let red: Red = &[("preflight/egress-control", "failed tcp.refused")];
    assert_eq!(seen, ("GO".to_owned(), ends(vec![], red)));
}

/// Eight descriptors for each look and sixty-four besides: seventy are too few even for one look at a time.
#[test]
fn too_few_descriptors_are_told_before_they_run_out() {
    let suites = concat!(env!("CARGO_MANIFEST_DIR"), "/suites");
    let target = target("embedded: demo", "embedded: demo");
    let tool = Tool::bare().program("sh").args([
        "-c",
        "ulimit -n 70; exec \"$0\" \"$@\"",
        env!("CARGO_BIN_EXE_allclear"),
        "run",
        "--suites",
        suites,
        "--target",
        target.path().to_str().unwrap(),
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
        ("has_oauth=false", "agents/oauth-init"),
        ("has_sse=false", "agents/stream"),
    ];
    for (set, id) in lacks {
        let expected = ends(vec![(id, "skipped ".to_owned())], &[]);
        let seen = seen_without_starts(&["--set", set]);
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

/// What takes minutes is asked for; here it takes moments.
#[test]
fn a_websocket_is_held_for_as_long_as_is_asked() {
    let target = target("ws_hold_every: 10s", "ws_hold_every: 20ms");
    let target = target.path().to_str().unwrap();
    let id = "agents/ws-hold";
    let only = ["--target", target, "--only", id, "--set", "ws_hold=true"];
    for (fault, how) in [
        (Fault::None, None),
        (Fault::WsSilent, Some("blocked websocket.timeout.pong")),
    ] {
        let fault = format!("demo.fault={fault}");
        let (_, seen) = seen(&[&only[..], &["--set", &fault]].concat());
        assert_eq!(seen.get(id).map(String::as_str), how, "{fault}");
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
fn check_in_lanes(lanes: &[&[Fault]]) {
    thread::scope(|scope| {
        let lanes = lanes.iter().map(|faults| scope.spawn(|| check(faults)));
        // All are started before the first is waited for.
        for lane in lanes.collect::<Vec<_>>() {
            if let Err(panic) = lane.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
}

#[test]
fn each_fault_turns_exactly_its_tests_red() {
    // The slow ones on threads of their own; they wait more than they work.
    let slow = [
        Fault::TlsSilent,
        Fault::WsInvalidJson,
        Fault::WsEndless,
        Fault::WsSilent,
    ];
    let rest: Vec<Fault> = Fault::ALL
        .iter()
        .copied()
        .filter(|fault| !slow.contains(fault) && !touches_starts(*fault))
        .collect();
    let half = rest.len().div_ceil(2);
    check_in_lanes(&[&slow[..2], &slow[2..], &rest[..half], &rest[half..]]);
}

/// Both samples are there, and one says of the other what it is a question of.
#[test]
fn a_burst_that_fails_where_single_starts_do_not_is_a_question_of_capacity() {
    let suites = concat!(env!("CARGO_MANIFEST_DIR"), "/suites");
    let tool = Tool::bare().args([
        "run",
        "--suites",
        suites,
        "--only",
        "startup/cold-burst",
        "--set",
        "demo.fault=start-alone",
    ]);
    let output = tool.run().exits(1);
    assert!(at_work(&tool.path("")).is_empty(), "{output}");
    output.stdout_has("it holds alone and not beside others: capacity or contention");
}

/// Those that break a start, or what it needs, and do so soon; and none.
fn of_starts() -> Vec<Fault> {
    let all = Fault::ALL.iter().copied();
    all.filter(|fault| touches_starts(*fault) && !STARTS_LATE.contains(fault))
        .collect()
}

#[test]
fn each_fault_of_a_start_turns_exactly_its_tests_red() {
    let faults = of_starts();
    let (first, _) = faults.split_at(faults.len() / 2);
    let (one, other) = first.split_at(first.len() / 2);
    check_in_lanes(&[one, other]);
}

#[test]
fn each_further_fault_of_a_start_turns_exactly_its_tests_red() {
    let faults = of_starts();
    let (_, rest) = faults.split_at(faults.len() / 2);
    let (one, other) = rest.split_at(rest.len() / 2);
    check_in_lanes(&[one, other]);
}

#[test]
fn each_fault_that_makes_starts_late_turns_exactly_its_tests_red() {
    check_in_lanes(&[&STARTS_LATE[..2], &STARTS_LATE[2..]]);
}
