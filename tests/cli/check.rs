//! `allclear check`: everything that is wrong, at once, and nothing is started.

use crate::support::{Canary, Tool};

#[test]
fn every_mistake_of_every_file_is_told_at_once() {
    let canary = Canary::healthy();
    let tool = Tool::new()
        .var("url", canary.url())
        .suite("  - name: a\n    http: { url: \"${url}/a\" }\n    expect: { stauts: 200 }\n  - name: a\n    http: { ulr: x }\n    expect: { status: 200 }\n")
        .file("suites/20-c/d.yaml", "category: c\ntests:\n  - name: x\n    http: { url: \"${nobody}\" }\n    expect: { status: 200, latency: { below: 5 } }\n");
    let output = tool.args(["check"]).run().exits(2);
    let output = output
        .stderr_has("did you mean `status`?")
        .stderr_has("did you mean `url`?");
    let output = output
        .stderr_has("suites/20-c/d.yaml:4")
        .stderr_has("nobody");
    output
        .stderr_has("suites/20-c/d.yaml:5")
        .stderr_has("nothing was probed");
    assert!(canary.asked().is_empty());
}

#[test]
fn what_can_be_used_is_counted() {
    let canary = Canary::healthy();
    let tool = Tool::new().var("url", canary.url()).suite(
        r#"
  - name: a
    http: { url: "${url}/a" }
    expect: { status: 200, json: { $.status: healthy } }
  - name: b
    command: { argv: ["true"] }
    expect: { exit_code: 0 }
"#,
    );
    let output = tool.args(["check"]).run().exits(0);
    output.stdout_has("target here: 2 tests in 1 category, 1 of them needs --allow-commands");
    assert!(canary.asked().is_empty());
}

#[test]
fn lints_are_errors_when_strict() {
    // A critical test that looks at nothing but a status.
    let tool = Tool::new().suite(
        "  - name: a\n    http: { url: \"http://127.0.0.1:1/\" }\n    expect: { status: 200 }\n",
    );
    tool.then(["check"])
        .exits(0)
        .stdout_has("1 lint")
        .stderr_has("suites/10-c/c.yaml:");
    tool.then(["check", "--strict"]).exits(2);
}

#[test]
fn the_shipped_suites_have_nothing_to_complain_about() {
    let suites = concat!(env!("CARGO_MANIFEST_DIR"), "/suites");
    let tool = Tool::bare().args(["check", "--strict", "--suites", suites]);
    let output = tool.run().exits(0);
    assert_eq!(output.stderr, "");
    // `staging` names secrets that nobody has here: they are told, and only a run needs them.
    let tool = Tool::bare().args(["check", "--suites", suites, "--target", "staging"]);
    tool.run()
        .exits(0)
        .stderr_has("STAGING_PASSWORD is not set");
    let run = ["run", "--suites", suites, "--target", "staging"];
    tool.then(run)
        .exits(2)
        .stderr_has("STAGING_PASSWORD is not set");
}
