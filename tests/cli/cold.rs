//! Cold starts of a real service: which instance answers stands in a file that a command rewrites.

use std::fs;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::{Answer, Canary, Tool};

/// A service whose instance is known by what stands in the file `instance` of the project, and which is down where there is none.
fn service(tool: &Tool) -> Canary {
    let instance = tool.path("instance");
    fs::write(&instance, "first").unwrap();
    Canary::answering(move |_| match fs::read_to_string(&instance) {
        Ok(id) => Answer::json(
            200,
            &format!(r#"{{"status":"ready","instance_id":"{}"}}"#, id.trim()),
        ),
        Err(_) => Answer::json(503, "{}"),
    })
}

/// The test, with what forces the start and what else it says.
fn suite(force: &str, more: &str) -> String {
    format!(
        r#"
  - name: start
    force_cold: {{ command: {{ argv: [sh, -c, "{force}"] }}, expect: {{ exit_code: 0 }} }}
    proof_of_cold: {{ http: {{ url: "${{url}}/health" }}, fact: {{ json: $.instance_id }} }}
    http: {{ url: "${{url}}/start" }}
    expect: {{ status: 200, json: {{ $.status: ready }} }}
    {more}
"#
    )
}

/// Another instance.
const RESTART: &str = "cat /proc/sys/kernel/random/uuid > instance";

const ALLOWED: [&str; 5] = [
    "run",
    "--allow-commands",
    "--allow-side-effects",
    "--report",
    "json=out.json",
];

fn started(force: &str, more: &str) -> (Tool, Canary) {
    let tool = Tool::new();
    let canary = service(&tool);
    let tool = tool.var("url", canary.url()).suite(&suite(force, more));
    (tool, canary)
}

fn test(tool: &Tool) -> Value {
    tool.json("out.json")["tests"][0].clone()
}

#[test]
fn a_start_is_cold_when_another_instance_answers() {
    let more = "cleanup: [{ command: { argv: [sh, -c, \"echo clean >> cleaned\"] } }]\n    \
                repeat: { times: 3 }";
    let (tool, canary) = started(RESTART, more);
    tool.then(ALLOWED).exits(0);
    assert_eq!(
        canary.paths(),
        ["/health", "/health", "/start", "/health"].repeat(3),
        "before, and again; the start; after"
    );
    assert_eq!(tool.read("cleaned"), "clean\n".repeat(3));
    let test = test(&tool);
    assert_eq!(test["sample"]["held"], 3);
    let steps = test["attempts"][0]["steps"].as_array().unwrap();
    let of = |step: &Value| {
        let is_cold = step["cold"] == true;
        let name = step["name"].as_str().unwrap_or_default().to_owned();
        (is_cold, name)
    };
    let cold = |name: &str| (true, name.to_owned());
    assert_eq!(
        steps.iter().map(of).collect::<Vec<_>>(),
        [
            cold("proof_of_cold, before"),
            cold("force_cold"),
            (false, String::new()),
            cold("proof_of_cold, after"),
            (false, "step 1".to_owned()),
        ]
    );
    let read = |at: usize| &steps[at]["observation"]["facts"]["proof_of_cold"];
    assert_eq!(read(0), "first");
    assert!(read(3).is_string() && read(3) != "first", "{steps:#?}");
    // A recorded run says the same.
    tool.then(["report"]).exits(0);
}

#[test]
fn a_start_is_not_cold_when_the_same_instance_answers() {
    let (tool, _canary) = started("true", "");
    let output = tool.then(ALLOWED);
    output.exits(3).stdout_has("error.not_cold").stdout_has(
        "json $.instance_id was `first` before `force_cold`, and is `first` after the steps, too",
    );
    let test = test(&tool);
    assert_eq!(
        (&test["status"], &test["code"]),
        (&"errored".into(), &"error.not_cold".into())
    );
}

#[test]
fn an_instance_that_comes_back_is_not_cold() {
    // Two that take turns.
    let turn = "test $(cat instance) = first && echo second > instance || echo first > instance";
    let (tool, _canary) = started(turn, "repeat: { times: 3 }");
    tool.then(ALLOWED)
        .exits(3)
        .stdout_has("an instance that came back is warm");
}

#[test]
fn what_does_not_come_up_again_has_failed() {
    let (tool, _canary) = started("rm instance", "");
    tool.then(ALLOWED).exits(1).stdout_has("expect.status");
}

#[test]
fn what_cannot_be_forced_is_told_with_what_was_found() {
    let (tool, canary) = started("exit 4", "");
    tool.then(ALLOWED)
        .exits(3)
        .stdout_has("error.not_forced")
        .stdout_has("expect.exit_code")
        .stdout_has("exit_code equals 0, but was 4");
    assert_eq!(canary.paths(), ["/health", "/health"]);
}

#[test]
fn forcing_needs_permission_and_a_production_target_its_name() {
    let (tool, canary) = started(RESTART, "");
    tool.then(["run"])
        .exits(3)
        .stdout_has("needs --allow-commands");
    tool.then(["run", "--allow-commands"])
        .exits(3)
        .stdout_has("needs --allow-side-effects");
    let by_http = suite(RESTART, "").replace(
        &format!("command: {{ argv: [sh, -c, \"{RESTART}\"] }}, expect: {{ exit_code: 0 }}"),
        "http: { url: \"${url}/restart\" }, expect: { status: 200 }",
    );
    assert!(by_http.contains("/restart"));
    // A request that only reads, and forces something all the same.
    let tool = tool.suite(&by_http);
    tool.then(["run"])
        .exits(3)
        .stdout_has("needs --allow-side-effects");
    let target = format!("production: true\nvars: {{ url: \"{}\" }}\n", canary.url());
    let tool = tool
        .file("suites/targets/here.yaml", &target)
        .suite(&suite(RESTART, ""));
    tool.then(ALLOWED)
        .exits(2)
        .stderr_has("--allow-side-effects=here");
    assert!(canary.asked().is_empty());
    assert_eq!(tool.read("instance"), "first");
    tool.then(["run", "--allow-commands", "--allow-side-effects=here"])
        .exits(0);
    assert_ne!(tool.read("instance"), "first");
}

#[test]
fn a_list_says_how_starts_are_forced_and_a_check_what_is_not_proved() {
    let (tool, _canary) = started(RESTART, "");
    tool.then(["list", "--explain"])
        .exits(0)
        .stdout_has("each from a cold start, forced in 1 step, proved by json $.instance_id");
    let unproved = suite(RESTART, "")
        .lines()
        .filter(|line| !line.contains("proof_of_cold"))
        .collect::<Vec<_>>()
        .join("\n");
    let tool = tool.suite(&unproved);
    tool.then(["list", "--explain"])
        .exits(0)
        .stdout_has("forced in 1 step, not proved");
    tool.then(["check"])
        .exits(0)
        .stderr_has("nothing proves that these starts are cold");
}

#[test]
fn an_interrupt_while_a_start_is_forced_leaves_nothing_behind() {
    let canary = Canary::answering(|asked| match asked.path.as_str() {
        "/restart" => Answer::Held,
        _ => Answer::json(200, r#"{"status":"ready","instance_id":"first"}"#),
    });
    let tool = Tool::new().var("url", canary.url()).suite(
        r#"
  - name: start
    force_cold: { http: { method: POST, url: "${url}/restart" }, expect: { status: 200 } }
    proof_of_cold: { http: { url: "${url}/health" }, fact: { json: $.instance_id } }
    http: { url: "${url}/start" }
    expect: { status: 200, json: { $.status: ready } }
    cleanup: [{ http: { method: DELETE, url: "${url}/forced" } }]
    repeat: { times: 50 }
"#,
    );
    let tool = tool.args(["run", "--allow-side-effects"]);
    let running = tool.start();
    canary.wait_for(3);
    running.signal(Signal::SIGINT);
    canary.release();
    running.end().exits(130);
    let paths = canary.paths();
    assert_eq!(paths[..3], ["/health", "/health", "/restart"]);
    assert_eq!(
        paths.last().map(String::as_str),
        Some("/forced"),
        "{paths:?}"
    );
    assert!(paths.len() < 50, "it did not go on to the end: {paths:?}");
}
