//! What suites can say, on real servers: steps, captures, clean-ups, sessions, matrices, `until`, `retry`, `repeat`,
//! `expect_failure`, commands and permissions.

use serde_json::Value;

use crate::support::{Answer, Asked, Canary, Output, Tool};

fn run(canary: &Canary, suite: &str, args: &[&str]) -> (Output, Value, Tool) {
    let mut all = vec!["run", "--report", "json=out.json"];
    all.extend(args);
    let tool = Tool::new().var("url", canary.url()).suite(suite).args(all);
    let output = tool.run();
    assert!(tool.path("out.json").exists(), "{output}");
    let json = tool.json("out.json");
    (output, json, tool)
}

fn ends(run: &Value) -> Vec<(&str, &str)> {
    let tests = run["tests"].as_array().unwrap();
    tests
        .iter()
        .map(|test| {
            (
                test["status"].as_str().unwrap(),
                test["code"].as_str().unwrap_or_default(),
            )
        })
        .collect()
}

/// A service with a login: the token is another one every time, and only a token that was given out and not given back
/// is good.
fn service(asked: &Asked) -> Answer {
    let token = asked.header("authorization").unwrap_or_default();
    match asked.path.as_str() {
        "/login" => Answer::json(200, &format!(r#"{{"token":"tok-{}-long"}}"#, asked.number)),
        _ if !token.starts_with("Bearer tok-") => Answer::json(401, "{}"),
        "/me" => Answer::json(200, r#"{"user":"alice"}"#),
        _ => Answer::ok(),
    }
}

#[test]
fn steps_share_what_they_capture_and_clean_up_after_every_attempt() {
    let canary = Canary::answering(service);
    let suite = r#"
  - name: profile
    steps:
      - name: login
        http: { method: POST, url: "${url}/login", json: { user: alice } }
        expect: { status: 200 }
        capture: { token: { json: $.token, secret: true } }
      - name: me
        http: { url: "${url}/me", headers: { authorization: "Bearer ${token}" } }
        expect: { status: 200, json: { $.user: bob } }
      - name: never
        http: { url: "${url}/never" }
        expect: { status: 200 }
    cleanup:
      - http: { method: POST, url: "${url}/logout", headers: { authorization: "Bearer ${token}" } }
    retry: { count: 1, delay: 1ms, if: [expect.json] }
"#;
    let (output, json, _) = run(&canary, suite, &[]);
    output.exits(1);
    assert_eq!(ends(&json), [("failed", "expect.json")]);
    assert_eq!(
        canary.paths(),
        ["/login", "/me", "/logout", "/login", "/me", "/logout"]
    );
    assert_eq!(
        canary.asked()[4].header("authorization"),
        Some("Bearer tok-4-long"),
        "each attempt captures anew"
    );
    let first = &canary.asked()[0];
    assert_eq!(
        (first.method.as_str(), first.body.as_str()),
        ("POST", r#"{"user":"alice"}"#)
    );
}

#[test]
fn a_session_is_made_once_and_given_back_once() {
    let canary = Canary::answering(service);
    let suite = r#"
  - name: a
    uses: [alice]
    http: { url: "${url}/me", headers: { authorization: "Bearer ${session.alice.token}" } }
    expect: { status: 200 }
  - name: b
    uses: [alice]
    http: { url: "${url}/b", headers: { authorization: "Bearer ${session.alice.token}" } }
    expect: { status: 200 }
"#;
    let sessions = r#"
sessions:
  alice:
    steps:
      - http: { method: POST, url: "${url}/login" }
        expect: { status: 200 }
        capture: { token: { json: $.token, secret: true } }
    cleanup:
      - http: { method: POST, url: "${url}/logout", headers: { authorization: "Bearer ${token}" } }
"#;
    let tool = Tool::new()
        .var("url", canary.url())
        .suite(suite)
        .file("suites/sessions.yaml", sessions);
    tool.run().exits(0);
    let paths = canary.paths();
    assert_eq!(
        (paths[0].as_str(), paths[3].as_str()),
        ("/login", "/logout")
    );
    assert_eq!(paths.len(), 4);
    // A session that fails blocks those who use it, and they blame it.
    let sick = Canary::answering(|_| Answer::json(500, "{}"));
    let set = format!("url={}", sick.url());
    let output = tool.then(["run", "--set", &set, "--report", "json=out.json"]);
    output.exits(1);
    let json = tool.json("out.json");
    assert_eq!(
        ends(&json),
        [("blocked", "expect.status"), ("blocked", "expect.status")]
    );
    assert_eq!(sick.paths(), ["/login"]);
}

#[test]
fn a_session_with_parameters_is_made_once_for_each_who_uses_it() {
    // Says who logged in, and lets only those in who are who they say they are.
    let canary = Canary::answering(|asked| match asked.path.as_str() {
        "/login" if asked.body.contains("mallory") => Answer::json(403, "{}"),
        "/login" => {
            let user = asked.body.split('"').nth(3).unwrap_or_default();
            Answer::json(200, &format!(r#"{{"token":"tok-{user}-long"}}"#))
        }
        path if asked.header("authorization")
            == Some(&format!("Bearer tok-{}-long", &path[1..])) =>
        {
            Answer::ok()
        }
        _ => Answer::json(401, "{}"),
    });
    let suite = r#"
  - name: a
    uses: [{ session: user, with: { name: alice } }]
    http: { url: "${url}/alice", headers: { authorization: "Bearer ${session.user.token}" } }
    expect: { status: 200 }
  - name: b
    matrix: [{ name: alice }, { name: bob }]
    uses: [{ session: user, with: { name: "${matrix.name}" } }]
    http: { url: "${url}/${matrix.name}", headers: { authorization: "Bearer ${session.user.token}" } }
    expect: { status: 200 }
  - name: c
    uses: [{ session: user, with: { name: mallory } }]
    http: { url: "${url}/mallory", headers: { authorization: "Bearer ${session.user.token}" } }
    expect: { status: 200 }
"#;
    let sessions = r#"
sessions:
  user:
    params: [name]
    steps:
      - http: { method: POST, url: "${url}/login", json: { user: "${name}" } }
        expect: { status: 200 }
        capture: { token: { json: $.token, secret: true } }
    cleanup:
      - http: { method: POST, url: "${url}/logout", json: { user: "${name}" }, headers: { authorization: "Bearer ${token}" } }
"#;
    let tool = Tool::new()
        .var("url", canary.url())
        .suite(suite)
        .file("suites/sessions.yaml", sessions);
    let listed = tool.then(["list", "--explain"]).exits(0);
    assert!(
        listed.stdout.contains("uses session user[name=bob]"),
        "{listed}"
    );
    let output = tool.then(["run", "--report", "json=out.json"]).exits(1);
    let json = tool.json("out.json");
    assert_eq!(
        ends(&json),
        [
            ("passed", ""),
            ("passed", ""),
            ("passed", ""),
            ("blocked", "expect.status")
        ]
    );
    let paths = canary.paths();
    let count = |wanted: &str| paths.iter().filter(|path| *path == wanted).count();
    assert_eq!((count("/login"), count("/logout")), (3, 2), "{paths:?}");
    let name = &json["tests"][3]["why"]["blocked"][0]["root"]["session"];
    assert_eq!(name, "user[name=mallory]");
    assert!(
        output
            .stdout
            .contains("session user[name=mallory] failed: expect.status"),
        "{output}"
    );
}

#[test]
fn a_row_of_a_matrix_is_a_test_of_its_own() {
    let canary = Canary::answering(|asked| match asked.path.as_str() {
        "/b" => Answer::json(500, "{}"),
        _ => Answer::ok(),
    });
    let suite = r#"
  - name: each
    matrix: [{ name: one, path: a }, { name: two, path: b }]
    http: { url: "${url}/${matrix.path}" }
    expect: { status: 200 }
  - name: after
    requires: ["c/each[one]"]
    http: { url: "${url}/c" }
    expect: { status: 200 }
"#;
    let (output, json, tool) = run(&canary, suite, &[]);
    output.exits(1).stdout_has("c/each[two]");
    assert_eq!(
        ends(&json),
        [("passed", ""), ("failed", "expect.status"), ("passed", "")]
    );
    tool.then(["run", "--only", "c/each"])
        .exits(1)
        .stdout_has("2 of 3 selected");
}

#[test]
fn until_waits_for_what_becomes_true() {
    let canary = Canary::answering(|asked| match asked.number {
        1..=3 => Answer::json(503, "{}"),
        _ => Answer::ok(),
    });
    let suite = r#"
  - name: soon
    http: { url: "${url}/x" }
    expect: { status: 200 }
    until: { within: 20s, every: 5ms }
"#;
    let (output, json, _) = run(&canary, suite, &[]);
    output.exits(0);
    assert_eq!(ends(&json), [("passed", "")]);
    assert_eq!(canary.asked().len(), 4);
    let never = Canary::answering(|_| Answer::json(503, "{}"));
    let (output, json, _) = run(&never, &suite.replace("20s", "200ms"), &[]);
    output.exits(1);
    assert_eq!(ends(&json), [("failed", "expect.status")]);
    assert!(never.asked().len() > 1);
}

#[test]
fn a_test_that_holds_only_when_tried_again_is_flaky() {
    // The first connection is closed without an answer.
    let canary = Canary::answering(|asked| match asked.number {
        1 => Answer::Raw(Vec::new()),
        _ => Answer::ok(),
    });
    let suite = r#"
  - name: shaky
    http: { url: "${url}/x" }
    expect: { status: 200 }
    retry: { count: 2, delay: 1ms, if: ["http.*"] }
"#;
    let (output, json, _) = run(&canary, suite, &[]);
    // Critical: flaky is not good enough for a GO.
    output.exits(3);
    assert_eq!(json["tests"][0]["status"], "flaky");
    assert_eq!(json["tests"][0]["attempts"].as_array().unwrap().len(), 2);
    // A finding is not tried again unless named.
    let sick = Canary::answering(|_| Answer::json(500, "{}"));
    let (output, _, _) = run(&sick, suite, &[]);
    output.exits(1);
    assert_eq!(sick.asked().len(), 1);
}

#[test]
fn a_sample_is_judged_as_a_whole() {
    let canary = Canary::answering(|asked| match asked.number {
        7 => Answer::json(500, "{}"),
        _ => Answer::ok(),
    });
    let suite = r#"
  - name: sample
    http: { url: "${url}/x" }
    expect: { status: 200 }
    repeat: { times: 10, concurrency: 3, REST }
"#;
    let with = |rest: &str| {
        let canary = Canary::answering(|asked| match asked.number {
            7 => Answer::json(500, "{}"),
            _ => Answer::ok(),
        });
        let (output, json, _) = run(&canary, &suite.replace(", REST", rest), &[]);
        assert!(canary.asked().len() <= 10);
        (
            output.status.code().unwrap(),
            json["tests"][0]["status"].as_str().unwrap().to_owned(),
            json["tests"][0]["code"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        )
    };
    drop(canary);
    let end = |code: i32, status: &str, why: &str| (code, status.to_owned(), why.to_owned());
    assert_eq!(with(""), end(1, "failed", "expect.status"));
    assert_eq!(with(", pass_rate: 90%"), end(0, "passed", ""));
    assert_eq!(
        with(", pass_rate: 95%"),
        end(1, "failed", "claim.pass_rate")
    );
    assert_eq!(
        with(", pass_rate: 90%, confidence: 95%"),
        end(3, "unproved", "claim.pass_rate")
    );
}

#[test]
fn a_reproduction_must_fail_with_its_own_code() {
    let canary = Canary::answering(|asked| match asked.path.as_str() {
        "/bug" => Answer::json(500, "{}"),
        _ => Answer::ok(),
    });
    let suite = |path: &str, code: &str| {
        format!(
            "  - name: good\n    http: {{ url: \"${{url}}/x\" }}\n    expect: {{ status: 200 }}\n  - name: bug\n    \
             http: {{ url: \"${{url}}/{path}\" }}\n    expect: {{ status: 200 }}\n    \
             expect_failure: {{ code: {code}, reason: known }}\n"
        )
    };
    let project = "target: here\ndefaults: { timeout: 5s }\ncategories: { c: {} }\ngate: { pass_rate: 100% }\n";
    let with = |path: &str, code: &str| {
        let tool = Tool::new()
            .var("url", canary.url())
            .suite(&suite(path, code))
            .file("suites/allclear.yaml", project);
        let output = tool.then(["run", "--report", "json=out.json"]);
        let json = tool.json("out.json");
        (
            output.status.code().unwrap(),
            json["tests"][1]["status"].as_str().unwrap().to_owned(),
        )
    };
    assert_eq!(with("bug", "expect.status"), (0, "expected_failure".into()));
    assert_eq!(with("bug", "tcp.refused"), (1, "failed".into()));
    assert_eq!(with("x", "expect.status"), (1, "unexpected_pass".into()));
}

#[test]
fn a_command_needs_permission() {
    let canary = Canary::healthy();
    let suite = r#"
  - name: says
    command: { argv: [sh, -c, "echo said; echo $WORD >&2; touch ran; exit 3"], env: { WORD: noise } }
    expect: { exit_code: 3, stdout: { starts_with: said }, stderr: { contains: noise } }
"#;
    let (output, json, tool) = run(&canary, suite, &[]);
    // The only test of a critical category is out: nobody knows.
    output.exits(3).stdout_has("needs --allow-commands");
    assert_eq!(ends(&json)[0].0, "skipped");
    assert!(!tool.path("ran").exists());
    tool.then(["run", "--allow-commands"]).exits(0);
    assert!(tool.path("ran").exists());
}

#[test]
fn side_effects_need_permission_and_a_production_target_its_name() {
    let canary = Canary::healthy();
    let suite = r#"
  - name: writes
    side_effects: true
    http: { method: POST, url: "${url}/write" }
    expect: { status: 200 }
"#;
    let target = format!("production: true\nvars: {{ url: \"{}\" }}\n", canary.url());
    let tool = Tool::new()
        .suite(suite)
        .file("suites/targets/here.yaml", &target);
    tool.then(["run"]).exits(3);
    tool.then(["run", "--allow-side-effects"])
        .exits(2)
        .stderr_has("--allow-side-effects=here");
    tool.then(["run", "--allow-side-effects=there"]).exits(2);
    assert!(canary.asked().is_empty());
    tool.then(["run", "--allow-side-effects=here"]).exits(0);
    assert_eq!(canary.paths(), ["/write"]);
}

#[test]
fn a_program_that_does_not_exist_is_our_trouble_and_not_the_targets() {
    let canary = Canary::healthy();
    let suite = "  - name: tool\n    command: { argv: [no-such-program-here] }\n    expect: { exit_code: 0 }\n";
    let (output, json, _) = run(&canary, suite, &["--allow-commands"]);
    output.exits(3);
    assert_eq!(ends(&json), [("errored", "error.program")]);
}
