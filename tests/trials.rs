//! `allclear::libtest` from outside: this binary is the door itself when it is asked to, and else the tests of it.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking"
)]

#[expect(dead_code, unused_imports, reason = "each test binary uses its part")]
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::process::ExitCode;
use std::thread;

use libtest_mimic::{Arguments, Trial};
use support::{Canary, Output, Tool};

/// Set for the processes in which this binary is the door.
const DOOR: &str = "TRIALS_DOOR";

const TESTS: &[(&str, fn())] = &[
    ("a_list_starts_nothing", a_list_starts_nothing),
    (
        "a_false_when_is_listed_as_ignored",
        a_false_when_is_listed_as_ignored,
    ),
    (
        "filter_skip_and_exact_choose_what_is_run",
        filter_skip_and_exact_choose_what_is_run,
    ),
    (
        "a_required_test_is_run_and_its_trial_is_not",
        a_required_test_is_run_and_its_trial_is_not,
    ),
    ("a_trial_says_why_it_failed", a_trial_says_why_it_failed),
    (
        "a_trial_shows_what_it_looked_at_once_it_had_failed",
        a_trial_shows_what_it_looked_at_once_it_had_failed,
    ),
    (
        "suites_that_cannot_be_read_fail_the_harness",
        suites_that_cannot_be_read_fail_the_harness,
    ),
    (
        "with_a_fault_exactly_its_trials_fail",
        with_a_fault_exactly_its_trials_fail,
    ),
    (
        "thirty_processes_leave_nothing",
        thirty_processes_leave_nothing,
    ),
];

fn main() -> ExitCode {
    // Whoever the door starts has none of its environment.
    let is_service = std::env::args().nth(1).as_deref() == Some(allclear::demo::SERVICE_FLAG);
    if is_service || std::env::var_os(DOOR).is_some() {
        return allclear::libtest::main();
    }
    let trials = TESTS.iter().map(|(name, test)| {
        Trial::test(*name, || {
            test();
            Ok(())
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

/// The door, where a project is.
fn door(tool: Tool, args: &[&str]) -> Tool {
    tool.program(std::env::current_exe().unwrap())
        .env(DOOR, "1")
        .args(args)
}

/// Two tests of a server, of which the second requires the first, and one whose `when` is false.
fn three(canary: &Canary) -> Tool {
    Tool::new().var("url", canary.url()).suite(
        r#"
  - name: first
    http: { url: "${url}/first" }
    expect: { status: 200 }
  - name: second
    requires: [c/first]
    http: { url: "${url}/second" }
    expect: { status: 200 }
  - name: never
    when: not url
    http: { url: "${url}/never" }
    expect: { status: 200 }
"#,
    )
}

/// The names of the trials that ended so: `ok`, `FAILED`, `ignored`.
fn ended(output: &Output, how: &str) -> BTreeSet<String> {
    let lines = output.stdout.lines();
    lines
        .filter_map(|line| {
            let (name, end) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
            (end.trim() == how).then(|| name.trim().to_owned())
        })
        .collect()
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn a_list_starts_nothing() {
    let canary = Canary::healthy();
    let listed = door(three(&canary), &["--list"]).run().exits(0);
    listed
        .stdout_has("c/first: test")
        .stdout_has("c/second: test");
    assert!(canary.asked().is_empty());
    // The demo would need a directory for its database; a temporary directory that does not exist says if it is started.
    let suites = concat!(env!("CARGO_MANIFEST_DIR"), "/suites");
    let demo = Tool::bare().env("ALLCLEAR_SUITES", suites);
    let listed = door(demo.env("TMPDIR", "/nowhere"), &["--list"])
        .run()
        .exits(0);
    listed.stdout_has("connectivity/http-live: test");
}

fn a_false_when_is_listed_as_ignored() {
    let canary = Canary::healthy();
    let output = door(
        three(&canary),
        &["--list", "--ignored", "--format", "terse"],
    )
    .run()
    .exits(0);
    assert_eq!(output.stdout.trim(), "c/never: test");
    let output = door(three(&canary), &[]).run().exits(0);
    assert_eq!(ended(&output, "ignored"), names(&["c/never"]));
    assert_eq!(ended(&output, "ok"), names(&["c/first", "c/second"]));
    // Forced to run, it must not look like a pass.
    let output = door(three(&canary), &["--ignored"]).run().exits(101);
    assert_eq!(ended(&output, "FAILED"), names(&["c/never"]));
    assert!(!canary.paths().contains(&"/never".to_owned()));
}

fn filter_skip_and_exact_choose_what_is_run() {
    for (args, expected) in [
        (&["first"][..], &["/first"][..]),
        (&["--exact", "c/first"], &["/first"]),
        (&["--exact", "c/fir"], &[]),
        (&["--skip", "second"], &["/first"]),
        (&["--skip", "c/"], &[]),
    ] {
        let canary = Canary::healthy();
        door(three(&canary), args).run().exits(0);
        assert_eq!(canary.paths(), expected, "{args:?}");
    }
}

fn a_required_test_is_run_and_its_trial_is_not() {
    let canary = Canary::healthy();
    let output = door(three(&canary), &["--exact", "c/second"])
        .run()
        .exits(0);
    assert_eq!(ended(&output, "ok"), names(&["c/second"]));
    assert_eq!(canary.paths(), ["/first", "/second"]);
}

fn a_trial_says_why_it_failed() {
    let canary = Canary::answering(|_| support::Answer::json(503, "{}"));
    let output = door(three(&canary), &[]).run().exits(101);
    assert_eq!(ended(&output, "FAILED"), names(&["c/first", "c/second"]));
    let output = output.stdout_has("status equals 200, but was 503");
    output.stdout_has("blocked");
}

fn a_trial_shows_what_it_looked_at_once_it_had_failed() {
    let canary = Canary::answering(|asked| match asked.path.as_str() {
        "/why" => support::Answer::json(200, r#"{"pool":"exhausted"}"#),
        _ => support::Answer::json(503, "{}"),
    });
    let tool = Tool::new().var("url", canary.url()).suite(
        r#"
  - name: orders
    http: { url: "${url}/orders" }
    expect: { status: 200 }
    on_fail: { look: [{ name: why, http: { url: "${url}/why" } }] }
"#,
    );
    let output = door(tool, &[]).run().exits(101);
    assert_eq!(ended(&output, "FAILED"), names(&["c/orders"]));
    output.stdout_has("look why · http").stdout_has("exhausted");
}

fn suites_that_cannot_be_read_fail_the_harness() {
    let tool = Tool::new().suite("  - name: a\n    htp: { url: x }\n    expect: { status: 200 }");
    let output = door(tool, &["--list"]).run().exits(2);
    output
        .stderr_has("htp")
        .stderr_has("suites/10-c/c.yaml:4:5");
}

fn with_a_fault_exactly_its_trials_fail() {
    let output = shipped(&[])
        .env("ALLCLEAR_SET", "demo.fault=refuse")
        .run()
        .exits(101);
    let expected = [
        "agents/api-business[agents]",
        "agents/api-business[history]",
        "agents/api-business[profile]",
        "agents/api-business[threads]",
        "agents/chat-persist",
        "agents/execute",
        "agents/golden",
        "agents/isolation",
        "agents/login-then-profile",
        "agents/resume",
        "agents/stream",
        "agents/system",
        "agents/ws-auth-other-session",
        "agents/ws-auth[alg-none]",
        "agents/ws-auth[empty]",
        "agents/ws-auth[expired]",
        "agents/ws-auth[malformed]",
        "agents/ws-auth[none]",
        "agents/ws-auth[tampered]",
        "agents/ws-auth[wrong-aud]",
        "agents/ws-auth[wrong-key]",
        "agents/ws-made-token",
        "agents/ws-malformed",
        "agents/ws-origin",
        "agents/ws-ping",
        "agents/ws-upgrade",
        "connectivity/connector",
        "connectivity/http-auth",
        "connectivity/http-backend",
        "connectivity/http-infrastructure",
        "connectivity/http-ready",
        "startup/cold-burst",
        "startup/cold-serial",
        "startup/endpoint",
        "startup/no-flap",
        "startup/phases",
        "startup/restart-recovers",
        "startup/shutdown",
    ];
    assert_eq!(ended(&output, "FAILED"), names(&expected));
    output.stdout_has("tcp.refused in phase connect");
}

/// As nextest does it: a process for every trial, many at once.
fn thirty_processes_leave_nothing() {
    thread::scope(|scope| {
        for lane in 0..3 {
            scope.spawn(move || {
                for _ in 0..10 {
                    let name = ["agents/execute", "preflight/clock", "database/roundtrip"][lane];
                    let tool = shipped(&["--exact", name, "--nocapture"]);
                    let output = tool.run().exits(0);
                    assert_eq!(ended(&output, "ok"), names(&[name]), "{output}");
                    assert_eq!(tool.left_over(), Vec::<std::path::PathBuf>::new());
                    assert_eq!(processes_of(&tool), Vec::<String>::new());
                }
            });
        }
    });
}

fn shipped(args: &[&str]) -> Tool {
    let suites = concat!(env!("CARGO_MANIFEST_DIR"), "/suites");
    door(Tool::bare().env("ALLCLEAR_SUITES", suites), args)
}

/// Processes that still run in the tool's directory, and so hold its ports if there are any.
fn processes_of(tool: &Tool) -> Vec<String> {
    let directory = tool.path("");
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter(|entry| {
            fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(&directory))
        })
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}
