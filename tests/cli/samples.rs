//! Samples that are made together, after a pause, and compared; and what flaps: as the program tells of them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use crate::support::{Answer, Canary, Tool};

/// The suite for a connector that goes to sleep when nobody comes; a few hundred milliseconds where it would be a minute.
const FIRST_CONTACT: &str = r#"
  - name: warm
    http: { url: "${url}/" }
    expect: { status: 200 }
    repeat: { times: 6 }
  - name: after-idle
    http: { url: "${url}/" }
    expect: { status: 200 }
    repeat:
      times: 5
      idle: 250ms
      compare_with: { test: c/warm, measure: phases.first_byte, time: not_slower }
"#;

/// Who comes after so long is kept waiting.
const SLEEPS_AFTER: Duration = Duration::from_millis(150);
const WAKES_WITHIN: Duration = Duration::from_millis(100);

/// A service that wakes up slowly, or at once.
fn sleepy(wakes_within: Duration) -> Canary {
    let last = Mutex::new(Instant::now());
    let never = (Mutex::new(()), Condvar::new());
    Canary::answering(move |_| {
        let mut last = last.lock().unwrap();
        if last.elapsed() > SLEEPS_AFTER {
            let nobody = never.0.lock().unwrap();
            drop(never.1.wait_timeout(nobody, wakes_within).unwrap());
        }
        *last = Instant::now();
        Answer::ok()
    })
}

#[test]
fn the_first_contact_after_a_pause_is_compared_with_a_warm_one() {
    let canary = sleepy(WAKES_WITHIN);
    let tool = Tool::new().var("url", canary.url()).suite(FIRST_CONTACT);
    let tool = tool.args(["run", "--only", "c/after-idle", "--report", "json=out.json"]);
    let output = tool.run().exits(1);
    // What it is compared with was brought along.
    let output = output.stdout_has("after-idle  failed  claim.compare");
    let output = output.stdout_has("not worse than c/warm, nor slower in phases.first_byte");
    output.stdout_has("it is slower after a pause than warm: the first contact after idle");
    let run = tool.json("out.json");
    assert_eq!(run["tests"][0]["id"], "c/warm");
    assert_eq!(run["tests"][0]["pulled_in"], true);
    assert_eq!(
        run["tests"][1]["sample"]["findings"][1]["code"],
        "claim.compare"
    );
    assert_eq!(canary.asked().len(), 11);

    let canary = sleepy(Duration::ZERO);
    let tool = Tool::new().var("url", canary.url()).suite(
        &FIRST_CONTACT
            .replace(", measure: phases.first_byte, time: not_slower", "")
            .replace("250ms", "200ms"),
    );
    tool.run().exits(0).stdout_has(" GO   here");
}

#[test]
fn a_burst_that_is_worse_than_the_same_in_a_row_is_told_by_every_report() {
    let at_once = AtomicUsize::new(0);
    let canary = Canary::answering(move |asked| match asked.path.as_str() {
        "/burst" if !at_once.fetch_add(1, Ordering::Relaxed).is_multiple_of(4) => {
            Answer::json(503, "{}")
        }
        _ => Answer::ok(),
    });
    let tool = Tool::new().var("url", canary.url()).suite(
        r#"
  - name: serial
    http: { url: "${url}/serial" }
    expect: { status: 200 }
    repeat: { times: 12 }
  - name: burst
    http: { url: "${url}/burst" }
    expect: { status: 200 }
    repeat: { times: 12, concurrency: 4, barrier: true, pass_rate: 10%, compare_with: c/serial }
"#,
    );
    let reports = ["--report", "json=out.json", "--report", "junit=out.xml"];
    let tool = tool.args(["run"].into_iter().chain(reports));
    let seen = "serial 12/12, burst 3/12 (p = 0.0001";
    let words = "it holds alone and not beside others: capacity or contention";
    let output = tool.run().exits(1);
    let output = output.stdout_has("burst  failed  claim.compare");
    let output = output.stdout_has(seen).stdout_has(words);
    output.stdout_has("the starts of a round at most");
    let (json, junit) = (tool.json("out.json"), tool.read("out.xml"));
    assert!(junit.contains(seen) && junit.contains(words), "{junit}");
    let sample = &json["tests"][1]["sample"];
    assert!(sample["skew_ns"].as_u64().is_some(), "{sample}");
    assert_eq!(sample["findings"][1]["code"], "claim.compare");
    // What was recorded says the same, and what failed is run again with what it is compared with.
    let again = tool.then(["report", "last", "--report", "json=again.json"]);
    again.stdout_has(words);
    assert_eq!(tool.read("again.json"), tool.read("out.json"));
    let rerun = tool.then(["run", "--rerun", "failed", "--report", "json=rerun.json"]);
    rerun.exits(1);
    let rerun = tool.json("rerun.json");
    assert_eq!(rerun["tests"].as_array().unwrap().len(), 2);
    assert_eq!(rerun["tests"][1]["code"], "claim.compare");
}

#[test]
fn a_flap_is_told_as_a_flap() {
    let canary = Canary::answering(|asked| match asked.number % 2 {
        1 => Answer::ok(),
        _ => Answer::json(503, "{}"),
    });
    let tool = Tool::new().var("url", canary.url()).suite(
        r#"
  - name: back
    http: { url: "${url}/" }
    expect: { status: 200 }
    until: { within: 20s, every: 1ms, stable_for: 10s, max_flaps: 2 }
"#,
    );
    let tool = tool.args([
        "run",
        "--report",
        "json=out.json",
        "--report",
        "junit=out.xml",
    ]);
    let output = tool.run().exits(1);
    let output = output.stdout_has("back  failed  expect.flapping");
    let output = output.stdout_has("held and broke 3 times within ");
    let output = output
        .stdout_has("2 are allowed")
        .stdout_has("6 attempts, 3 flaps: ");
    output.stdout_has("status equals 200, but was 503");
    let (json, junit) = (tool.json("out.json"), tool.read("out.xml"));
    assert!(junit.contains(r#" expect.flapping" message="#), "{junit}");
    assert!(junit.contains("6 attempts, 3 flaps"), "{junit}");
    let attempts = json["tests"][0]["attempts"].as_array().unwrap();
    assert_eq!(attempts.last().unwrap()["flaps"], 3);
}

#[test]
fn a_list_explains_how_attempts_follow_each_other() {
    let rounds = "
  - name: burst
    http: { url: \"${url}/\" }
    expect: { status: 200 }
    repeat: { times: 20, concurrency: 10, barrier: true }
  - name: back
    http: { url: \"${url}/\" }
    expect: { status: 200 }
    until: { within: 20s, stable_for: 10s, max_flaps: 0 }
";
    let tool = Tool::new().var("url", "http://127.0.0.1:9");
    let tool = tool.suite(&format!("{}{rounds}", FIRST_CONTACT.trim_end()));
    let output = tool.then(["list", "--explain"]).exits(0);
    let output = output.stdout_has("5 times, one after the other, each after a pause of 250ms");
    let output =
        output.stdout_has("of 5 attempts: not worse than c/warm, nor slower in phases.first_byte");
    let output = output.stdout_has("20 times, in rounds of 10 that start at one moment, each");
    output.stdout_has("until it holds for 10s without a break, with no flap, every 1s");
}
