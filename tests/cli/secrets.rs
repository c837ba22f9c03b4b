//! A secret never leaves the process except to the target: not in any form, in any output, by any way in.

use crate::support::{Answer, Canary, Hostile, Tool, is_kept, tell_all};

/// Characters that every encoding writes differently.
const SECRET: &str = "p4&ss<w>ör\"d/+ x\\y";

fn target(url: &str) -> String {
    format!(
        "vars:\n  url: \"{url}\"\n  pass: \"${{secret.pass}}\"\nsecrets: {{ pass: {{ env: PASS }} }}\n"
    )
}

/// A suite that brings the secret everywhere a request can hold it; the server repeats what it got.
const EVERYWHERE: &str = r#"
  - name: header
    http: { url: "${url}/echo", headers: { x-pass: "${secret.pass | base64}" } }
    expect: { status: 201 }
  - name: query
    http: { url: "${url}/echo", query: { pass: "${pass}" } }
    expect: { status: 201 }
  - name: path
    http: { url: "${url}/echo/${secret.pass | urlencode}" }
    expect: { status: 201, body: { contains: "${secret.pass}!" } }
  - name: body
    http: { method: POST, url: "${url}/echo", json: { pass: "${pass}" } }
    expect: { status: 201, json: { $.got: "not ${pass}" } }
  - name: form
    http: { method: POST, url: "${url}/echo", form: { pass: "${pass}" } }
    expect: { status: 201, headers: { x-other: "${pass}" } }
  - name: basic
    http: { url: "${url}/echo", auth: { basic: { user: me, password: "${pass}" } } }
    expect: { status: 201 }
  - name: command
    command: { argv: [sh, -c, "echo out $0; echo err $0 >&2; exit 1", "${pass}"] }
    expect: { exit_code: 0, stdout: "${pass}" }
"#;

#[test]
fn a_secret_is_kept_wherever_the_target_repeats_it() {
    let canary = Canary::answering(|asked| {
        let all = format!("{} {:?} {}", asked.path, asked.headers, asked.body);
        let body = serde_json::json!({ "got": SECRET, "asked": all });
        Answer::json(500, &body.to_string())
    });
    let tool = Tool::new()
        .suite(EVERYWHERE)
        .file("suites/targets/here.yaml", &target(&canary.url()))
        .env("PASS", SECRET);
    let output = tell_all(&tool, &["--allow-commands"]);
    assert!(
        canary
            .asked()
            .iter()
            .any(|asked| asked.body.contains("pass")),
        "{output}"
    );
    assert_eq!(tool.json("out.json")["counts"]["failed"], 7, "{output}");
    is_kept(&tool, &output, SECRET);
}

#[test]
fn a_captured_token_is_kept() {
    let canary = Canary::answering(|asked| match asked.path.as_str() {
        "/login" => Answer::json(200, &serde_json::json!({ "token": SECRET }).to_string()),
        _ => Answer::Reply(
            500,
            "text/plain",
            format!("no {SECRET} here: {:?}", asked.headers),
        ),
    });
    let suite = r#"
  - name: uses-it
    steps:
      - name: login
        http: { url: "${url}/login" }
        expect: { status: 200 }
        capture: { token: { json: $.token, secret: true } }
      - name: use
        http: { url: "${url}/use", query: { t: "${token}" }, headers: { x-token: "${token | urlencode}" } }
        expect: { status: 200, body: "${token}" }
    cleanup:
      - http: { url: "${url}/bye/${token | base64}" }
        expect: { status: 200 }
"#;
    let tool = Tool::new().var("url", canary.url()).suite(suite);
    let output = tell_all(&tool, &[]);
    assert_eq!(canary.asked().len(), 3, "{output}");
    is_kept(&tool, &output, SECRET);
}

#[test]
fn a_token_that_a_secret_signed_is_kept_and_one_that_was_tampered_with() {
    // RFC 7515 §A.1.
    let login = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let canary = Canary::answering(move |asked| match asked.path.as_str() {
        "/login" => Answer::json(200, &serde_json::json!({ "token": login }).to_string()),
        _ => Answer::Reply(500, "text/plain", format!("{:?}", asked.headers)),
    });
    let suite = r#"
  - name: uses-them
    steps:
      - http: { url: "${url}/login" }
        expect: { status: 200 }
        capture: { token: { json: $.token, secret: true } }
      - name: use
        http: { url: "${url}/use", headers: { x-signed: '${jwt(sub="alice", key=secret.pass)}', x-tampered: "${token | tampered}" } }
        expect: { status: 200 }
"#;
    let tool = Tool::new()
        .suite(suite)
        .file("suites/targets/here.yaml", &target(&canary.url()))
        .env("PASS", SECRET);
    let output = tell_all(&tool, &[]);
    let asked = canary.asked();
    let signed = asked[1].header("x-signed").unwrap().to_owned();
    let tampered = asked[1].header("x-tampered").unwrap().to_owned();
    assert_eq!(tampered.len(), login.len());
    for token in [&signed, &tampered] {
        assert_eq!(token.split('.').count(), 3, "{token}");
        assert_ne!(token, login);
        is_kept(&tool, &output, token);
    }
}

#[test]
fn the_userinfo_of_a_url_is_kept() {
    let canary =
        Canary::answering(|asked| Answer::Reply(500, "text/plain", format!("{:?}", asked.headers)));
    let secret = "hunter2-and-more";
    let url = canary
        .url()
        .replace("http://", &format!("http://someone:{secret}@"));
    let suite = "  - name: a\n    http: { url: \"${url}/a\" }\n    expect: { status: 200 }\n";
    let tool = Tool::new().var("url", &url).suite(suite);
    let output = tell_all(&tool, &[]);
    assert!(canary.asked()[0].header("authorization").is_some());
    is_kept(&tool, &output, secret);
    // On the command line, too.
    let tool = Tool::new().var("url", "http://127.0.0.1:1").suite(suite);
    let output = tell_all(&tool, &["--set", &format!("url={url}")]);
    is_kept(&tool, &output, secret);
    // And where it leads nowhere.
    let garbage = Hostile::garbage();
    let url = garbage
        .url()
        .replace("http://", &format!("http://someone:{secret}@"));
    let tool = Tool::new().var("url", &url).suite(suite);
    let output = tell_all(&tool, &[]);
    is_kept(&tool, &output, secret);
}

#[test]
fn a_secret_is_kept_when_nothing_can_be_probed() {
    let suite = r#"
  - name: a
    http: { url: "${pass}" }
    expect: { status: "${pass}" }
  - name: b
    tcp: { host: "${pass}", port: "${pass}" }
    expect: { connected: true }
  - name: c
    command: { argv: ["${pass}"] }
    expect: { exit_code: 0, stdout: { matches: "(${pass}" } }
"#;
    let tool = Tool::new()
        .suite(suite)
        .file("suites/targets/here.yaml", &target("http://127.0.0.1:1"))
        .env("PASS", SECRET);
    let output = tool.run().exits(2);
    is_kept(&tool, &output, SECRET);
    let output = tool.then(["check"]).exits(2);
    is_kept(&tool, &output, SECRET);
}
