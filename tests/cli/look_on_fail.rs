//! What `on_fail` looks at, through the program: shown where the failure is, and nothing else is another.

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::postgres::Options;
use crate::support::{Answer, Canary, NameServer, Postgres, Refusing, Reply, Tool};

const ORDERS: &str = r#"
  - name: orders
    http: { url: "${url}/orders" }
    expect: { status: 200 }
    capture: { id: { json: $.id } }
    on_fail:
      hint: a full pool shows in `sessions`
      look:
        - { name: at-the-ns, dns: { name: db.example, server: "${ns}" } }
        - { name: same-socket, tcp: { host: "${pg_host}", port: "${pg_port}" } }
        - name: sessions
          sql: { dsn: "${dsn}", query: "SELECT state, count(*) AS open FROM pg_stat_activity WHERE state = 'active' GROUP BY 1" }
        - { name: order, http: { url: "${url}/orders/${id}" } }
        - { name: not-allowed, command: { argv: [touch, made] } }
        - { name: nobody, dns: { name: nobody.example, server: "${ns}" } }
"#;

fn ordering(status: u16) -> (Tool, Canary, NameServer, Postgres) {
    let canary = Canary::answering(move |_| Answer::json(status, r#"{"id":"o-7"}"#));
    let names = NameServer::saying(|asked| match asked.name.as_str() {
        "db.example." => Reply::to(asked).a("db.example", "127.0.0.7"),
        _ => Reply::to(asked).code(3),
    });
    let postgres = Postgres::start(&Options::default());
    let tool = Tool::new()
        .var("url", canary.url())
        .var("ns", names.address().to_string())
        .var("pg_host", "127.0.0.1")
        .var("pg_port", postgres.port().to_string())
        .var("dsn", postgres.dsn())
        .suite(ORDERS);
    (tool, canary, names, postgres)
}

#[test]
fn a_failing_test_shows_what_it_looked_at_and_is_judged_as_before() {
    let (tool, canary, _names, _postgres) = ordering(503);
    let reports = [
        "run",
        "--report",
        "json=out.json",
        "--report",
        "junit=out.xml",
    ];
    tool.then(reports)
        .exits(1)
        .stdout_has("c/orders  failed  expect.status")
        .stdout_has("look at-the-ns · dns")
        .stdout_has("addresses: [127.0.0.7]")
        .stdout_has("look same-socket · tcp")
        .stdout_has("connected: true")
        .stdout_has("look sessions · sql")
        .stdout_has("rows: [{state: active, open: 1}]")
        .stdout_has("look order · http")
        .stdout_has("could not look: it needs --allow-commands (error.guard)")
        .stdout_has("dns.nxdomain");
    assert_eq!(canary.paths(), ["/orders", "/orders/o-7"]);
    assert!(!tool.path("made").exists());

    let test = tool.json("out.json")["tests"][0].clone();
    assert_eq!(
        (&test["status"], &test["code"]),
        (&"failed".into(), &"expect.status".into())
    );
    let attempt = &test["attempts"][0];
    assert_eq!(attempt["code"], "expect.status");
    let steps = attempt["steps"].as_array().unwrap();
    assert_eq!((steps.len(), &steps[0]["diagnostic"]), (7, &Value::Null));
    let outcomes: Vec<&Value> = steps[1..].iter().map(|step| &step["outcome"]).collect();
    assert_eq!(
        outcomes,
        ["held", "held", "held", "held", "unable", "not_held"]
    );
    assert!(
        steps[1..]
            .iter()
            .all(|step| step["diagnostic"] == true && step["findings"] == Value::Array(Vec::new()))
    );

    let junit = tool.read("out.xml");
    assert!(junit.contains("look sessions · sql"), "{junit}");
    assert!(
        junit.contains("failures=\"1\"") && junit.contains("errors=\"0\""),
        "{junit}"
    );
    tool.then(["report"])
        .exits(0)
        .stdout_has("look sessions · sql");
    tool.then(["list", "--explain"]).stdout_has(
        "when it fails also looks: at-the-ns, same-socket, sessions, order, not-allowed, nobody",
    );
}

#[test]
fn a_test_that_holds_looks_at_nothing_else() {
    let (tool, canary, _names, _postgres) = ordering(200);
    tool.then(["run"]).exits(0).stdout_lacks("look ");
    assert_eq!(canary.paths(), ["/orders"]);
}

#[test]
fn killed_while_it_looks_it_has_kept_what_the_test_came_to() {
    let (refusing, silent) = (Refusing::hold(), Canary::answering(|_| Answer::Silence));
    let tool = Tool::new()
        .var("url", silent.url())
        .var("port", refusing.address().port().to_string())
        .suite(
            r#"
  - name: down
    tcp: { host: 127.0.0.1, port: "${port}" }
    expect: { connected: true }
    on_fail:
      look:
        - { name: first, tcp: { host: 127.0.0.1, port: "${port}" } }
        - { name: silent, http: { url: "${url}/silent" } }
"#,
        );
    let running = tool.start();
    silent.wait_for(1);
    running.signal(Signal::SIGKILL);
    running.end().ended_by(9);
    let told = tool.then(["report", "last", "--report", "json"]).exits(0);
    let run = told.stderr_has("it was killed, or still runs").json();
    let test = &run["tests"][0];
    assert_eq!(
        (&test["status"], &test["code"]),
        (&"failed".into(), &"tcp.refused".into()),
        "{test}"
    );
    let steps = test["attempts"][0]["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 1, "what it looked at was not there yet");
    assert_eq!(run["verdict"]["word"], "NO-GO");
    assert_eq!(run["causes"][0]["rule"], "TCP-1", "{run}");
}
