//! Signals: what was seen is reported, the rest is not run, and nothing is left behind.

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::{Answer, Asked, Canary, Tool};

/// A test that waits for an answer, with a clean-up, and one that comes after it.
const WAITING: &str = r#"
  - name: done
    http: { url: "${url}/done" }
    expect: { status: 200 }
  - name: waits
    timeout: 20s
    http: { url: "${url}/waits" }
    expect: { status: 200 }
    cleanup:
      - name: tidy
        http: { url: "${url}/tidy" }
        expect: { status: 200 }
  - name: next
    http: { url: "${url}/next" }
    expect: { status: 200 }
"#;

const ARGS: [&str; 5] = ["run", "-j", "1", "--report", "json=out.json"];

fn silent_on_waits(asked: &Asked) -> Answer {
    if asked.path == "/waits" {
        Answer::Silence
    } else {
        Answer::ok()
    }
}

fn statuses(run: &Value) -> Vec<(&str, &str)> {
    let tests = run["tests"].as_array().unwrap();
    tests
        .iter()
        .map(|test| {
            (
                test["id"].as_str().unwrap(),
                test["status"].as_str().unwrap(),
            )
        })
        .collect()
}

fn waiting(canary: &Canary) -> Tool {
    Tool::new()
        .var("url", canary.url())
        .suite(WAITING)
        .args(ARGS)
}

#[test]
fn one_signal_ends_the_run_in_order() {
    std::thread::scope(|scope| {
        for (signal, code) in [
            (Signal::SIGINT, 130),
            (Signal::SIGTERM, 143),
            (Signal::SIGHUP, 129),
        ] {
            scope.spawn(move || {
                let canary = Canary::answering(silent_on_waits);
                let tool = waiting(&canary);
                let running = tool.start();
                canary.wait_for(2);
                running.signal(signal);
                running
                    .end()
                    .exits(code)
                    .stdout_has("INCONCLUSIVE")
                    .stdout_has("interrupted");
                let run = tool.json("out.json");
                let expected = [
                    ("c/done", "passed"),
                    ("c/waits", "not_run"),
                    ("c/next", "not_run"),
                ];
                assert_eq!(statuses(&run), expected);
                assert_eq!(
                    canary.paths(),
                    ["/done", "/waits", "/tidy"],
                    "the clean-up ran"
                );
                let again = tool.then(["report", "last", "--report", "json"]).exits(0);
                assert_eq!(again.stdout, tool.read("out.json"));
            });
        }
    });
}

#[test]
fn a_second_signal_ends_also_what_is_stuck_in_a_report_that_nobody_reads() {
    let canary = Canary::answering(silent_on_waits);
    let tool = waiting(&canary).args(["run", "-j", "1", "--report", "json=pipe"]);
    let made = std::process::Command::new("mkfifo")
        .arg(tool.path("pipe"))
        .status()
        .unwrap();
    assert!(made.success());
    let running = tool.start();
    canary.wait_for(2);
    running.signal(Signal::SIGINT);
    running.signal(Signal::SIGTERM);
    running.end().exits(130);
}

#[test]
fn a_second_signal_leaves_at_once() {
    let canary = Canary::answering(|asked| match asked.path.as_str() {
        "/waits" | "/tidy" => Answer::Silence,
        _ => Answer::ok(),
    });
    let tool = waiting(&canary);
    let running = tool.start();
    canary.wait_for(2);
    running.signal(Signal::SIGINT);
    // Signals of one kind are merged when they come too close; the second is another kind.
    running.signal(Signal::SIGTERM);
    let began = std::time::Instant::now();
    let output = running.end();
    assert!(matches!(output.status.code(), Some(130 | 143)), "{output}");
    assert!(
        began.elapsed().as_secs() < 4,
        "it waited for the grace: {:?}",
        began.elapsed()
    );
    assert_eq!(statuses(&tool.json("out.json"))[2], ("c/next", "not_run"));
}

#[test]
fn a_killed_run_still_reports() {
    let canary = Canary::answering(silent_on_waits);
    let tool = waiting(&canary);
    let running = tool.start();
    canary.wait_for(2);
    running.signal(Signal::SIGKILL);
    running.end().ended_by(9);
    assert!(!tool.path("out.json").exists());
    let told = tool.then(["report", "last", "--report", "json"]).exits(0);
    let told = told.stderr_has("it was killed, or still runs");
    let run = told.json();
    assert_eq!(
        statuses(&run),
        [
            ("c/done", "passed"),
            ("c/waits", "not_run"),
            ("c/next", "not_run")
        ]
    );
    assert_eq!(
        run["tests"][1]["why"]["not_run"], "killed",
        "{}",
        run["tests"][1]["why"]
    );
    assert_eq!(run["verdict"]["word"], "INCONCLUSIVE");
    // What did not get its turn gets it again.
    tool.then([
        "run",
        "--rerun",
        "failed",
        "--deadline",
        "100ms",
        "--only",
        "c/next",
    ]);
}
