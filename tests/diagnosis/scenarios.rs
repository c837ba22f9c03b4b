//! Many failures of one run: how few causes they have, and which.

use std::fmt::Write as _;
use std::net::SocketAddr;

use serde_json::Value;

use crate::support::postgres::{Options, Postgres, Stop};
use crate::support::{Answer, Canary, Haproxy, NameServer, Output, Refusing, Reply, Service, Tool};
use crate::told::test;

/// A run, and what it said.
#[track_caller]
pub(crate) fn run(tool: Tool) -> (Value, Output) {
    let tool = tool.args(["run", "--report", "json=out.json"]);
    let output = tool.run();
    assert!(matches!(output.status.code(), Some(1 | 3)), "{output}");
    (tool.json("out.json"), output)
}

pub(crate) fn causes(run: &Value) -> &[Value] {
    run["causes"].as_array().unwrap()
}

/// The causes in one line each, for who has to mend this.
pub(crate) fn shown(run: &Value) -> String {
    let mut text = String::new();
    for cause in causes(run) {
        let names = [
            "rule",
            "resource",
            "layer",
            "class",
            "leaning",
            "confidence",
        ];
        let said = names.map(|name| cause[name].as_str().unwrap_or("-"));
        let (failed, blocked) = (count(&cause["failed"]), count(&cause["blocked"]));
        let said = said.join(" ");
        let _ = writeln!(
            text,
            "{said}: {failed} failed, {blocked} blocked, {}",
            cause["standing"]
        );
    }
    text
}

fn count(list: &Value) -> usize {
    list.as_array().map_or(0, Vec::len)
}

/// Tests of one look each, all alike but for their names.
fn many(names: std::ops::Range<usize>, prefix: &str, keys: &str) -> String {
    let mut suite = String::new();
    for number in names {
        let _ = writeln!(suite, "  - name: {prefix}-{number}\n    {keys}");
    }
    suite
}

fn answers(name: &str, url: &str) -> String {
    format!("  - name: {name}\n    http: {{ url: \"{url}\" }}\n    expect: {{ status: 200 }}\n")
}

#[test]
fn a_database_that_is_down_behind_thirty_tests_is_one_cause() {
    let mut server = Postgres::start(&Options::default());
    let (dsn, port) = (server.dsn(), server.port());
    server.stop(Stop::Fast);
    let why = format!("{{\"detail\":\"connect ECONNREFUSED 127.0.0.1:{port}\"}}");
    let app = Canary::answering(move |_| Answer::json(500, &why));
    let sql = format!(
        "sql: {{ dsn: \"{dsn}\", query: SELECT 1 AS one }}\n    expect: {{ rows: [{{ one: 1 }}] }}"
    );
    let blocked = format!("requires: [c/login-0]\n    {sql}");
    let http = format!(
        "http: {{ url: \"{}/orders\" }}\n    expect: {{ status: 200 }}",
        app.url()
    );
    let suite = [
        many(0..10, "login", &sql),
        many(0..10, "orders", &http),
        many(0..10, "report", &blocked),
    ];
    let (run, output) = run(Tool::new().suite(&suite.concat()));
    let [cause] = causes(&run) else {
        panic!("{}{output}", shown(&run));
    };
    assert_eq!(
        cause["resource"],
        format!("sock:127.0.0.1:{port}"),
        "{}",
        shown(&run)
    );
    assert_eq!(
        (count(&cause["failed"]), count(&cause["blocked"])),
        (20, 10)
    );
    // That nobody listens is all that anybody saw.
    assert_eq!(
        (&cause["class"], &cause["leaning"]),
        (&"unknown".into(), &"infrastructure".into())
    );
    assert_eq!(cause["standing"], "down");
}

#[test]
fn a_name_and_a_mistake_of_the_application_are_two_causes() {
    let server = NameServer::saying(|asked| Reply::to(asked).code(3));
    let resolver = server.address();
    let app = Canary::answering(|_| {
        Answer::json(500, "{\"detail\":\"ZeroDivisionError: division by zero\"}")
    });
    let lost = format!(
        "http: {{ url: \"http://shop.test/\", resolver: \"{resolver}\" }}\n    expect: {{ status: 200 }}"
    );
    let broken = format!(
        "http: {{ url: \"{}\" }}\n    expect: {{ status: 200 }}",
        app.url()
    );
    let suite = [many(0..3, "shop", &lost), many(0..4, "orders", &broken)];
    let (run, output) = run(Tool::new().suite(&suite.concat()));
    let [orders, shop] = causes(&run) else {
        panic!("{}{output}", shown(&run));
    };
    let said = |cause: &Value| {
        let class = cause["class"].as_str().unwrap().to_owned();
        (class, count(&cause["failed"]))
    };
    assert_eq!(
        said(orders),
        ("application".to_owned(), 4),
        "{}",
        shown(&run)
    );
    assert_eq!(
        said(shop),
        ("configuration".to_owned(), 3),
        "{}",
        shown(&run)
    );
    assert_eq!(shop["resource"], format!("dns:shop.test@{resolver}"));
}

#[test]
fn what_was_not_run_may_hide_another_cause() {
    let refusing = Refusing::hold();
    let app = Canary::answering(|_| Answer::json(500, "{}"));
    let port = refusing.address().port();
    let suite = format!(
        "  - name: login\n    tcp: {{ host: 127.0.0.1, port: {port} }}\n    expect: {{ connected: true }}\n\
         {}    requires: [c/login]\n",
        answers("orders", &app.url())
    );
    let (run, output) = run(Tool::new().suite(&suite));
    assert_eq!(causes(&run).len(), 1, "{}", shown(&run));
    assert_eq!(run["diagnosis"]["hidden"], 1, "{}", run["diagnosis"]);
    output.stdout_has("at least 1 cause");
    // Once it is looked at, it is there.
    let suite = [
        format!(
            "  - name: login\n    tcp: {{ host: 127.0.0.1, port: {port} }}\n    expect: {{ connected: true }}\n"
        ),
        answers("orders", &app.url()),
    ];
    let (run, output) = self::run(Tool::new().suite(&suite.concat()));
    assert_eq!(causes(&run).len(), 2, "{}", shown(&run));
    assert_eq!(run["diagnosis"]["hidden"], 0);
    output.stdout_lacks("at least");
}

#[test]
fn an_application_that_lacks_what_a_look_finds_broken_is_one_cause_with_it() {
    let refusing = Refusing::hold();
    let at = refusing.address();
    let app = Canary::answering(|_| {
        Answer::json(
            503,
            "{\"status\":\"not_ready\",\"core_db\":\"disconnected\"}",
        )
    });
    let connects = |name: &str| {
        format!(
            "  - name: {name}\n    tcp: {{ host: {}, port: {} }}\n    expect: {{ connected: true }}\n",
            at.ip(),
            at.port()
        )
    };
    let looks = format!(
        "    on_fail:\n      owner: team orders\n      look: {{ name: the-pool, tcp: {{ host: {}, port: {} }} }}\n",
        at.ip(),
        at.port()
    );
    let suite = [
        connects("pool"),
        "    on_fail: { owner: team data, class: configuration, runbook: \"https://runbooks.example/pool\" }\n".to_owned(),
        answers("ready", &app.url()),
        looks,
        answers("orders", &app.url()),
    ];
    let tool = Tool::new().suite(&suite.concat());
    let tool = tool.args([
        "run",
        "--report",
        "json=out.json",
        "--report",
        "handoff=page.md",
        "--report",
        "console",
    ]);
    let output = tool.run().exits(1);
    let run = tool.json("out.json");
    let [cause] = causes(&run) else {
        panic!("{}{output}", shown(&run));
    };
    assert_eq!(cause["resource"], format!("sock:{at}"), "{}", shown(&run));
    assert_eq!(count(&cause["failed"]), 3);
    // Who wrote down whom to call when orders fail did not think of the pool.
    let advice = cause["advice"].as_array().unwrap();
    assert_eq!(advice.len(), 1, "{cause}");
    assert_eq!(advice[0]["owner"], "team data", "{cause}");
    assert_eq!(cause["owner"], "platform+app", "{cause}");
    assert_eq!(cause["leaning"], "infrastructure", "{cause}");
    let page = tool.read("page.md");
    for said in [
        "- Owner: team data, as the suite says; by the rule platform+app",
        "- Runbook: <https://runbooks.example/pool>",
        &format!("- `c/ready`: `the-pool · tcp {at}: tcp.refused (errno 111) in phase connect`"),
        "says it is configuration, which the evidence does not decide",
        "The host answers and nobody listens on the port",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    // A run that is told again says the same.
    let again = tool.then(["report", "last", "--report", "handoff=again.md"]);
    assert_eq!(tool.read("again.md"), page, "{again}");
}

/// A control beside tests of the target; both have names that only this server knows.
fn beside_a_control(names: SocketAddr, others: SocketAddr) -> Tool {
    let http = |host: &str, resolver: SocketAddr| {
        format!("http: {{ url: \"http://{host}/\", resolver: \"{resolver}\" }}")
    };
    let control = http("control.test", others);
    let target = http("api.test", names);
    Tool::new()
        .file(
            "suites/allclear.yaml",
            "target: here\ndefaults: { timeout: 2s }\n\
             categories: { preflight: { preflight: true }, c: { critical: true } }\n",
        )
        .file(
            "suites/00-preflight/control.yaml",
            &format!(
                "category: preflight\ntests:\n  - name: way-out\n    critical: true\n    tags: [control]\n    \
                 {control}\n    expect: {{ status: {{ between: [100, 599] }} }}\n"
            ),
        )
        .suite(&many(0..5, "api", &format!("{target}\n    expect: {{ status: 200 }}")))
}

#[test]
fn a_machine_without_a_way_out_blames_itself() {
    let nobody = Refusing::hold();
    let (run, output) = run(beside_a_control(nobody.address(), nobody.address()));
    let output = output.exits(3);
    for number in 0..5 {
        let api = &test(&run, &format!("c/api-{number}"))["diagnosis"];
        assert_eq!(api["class"], "test_defect", "{api}\n{output}");
        assert_eq!(api["confidence"], "high", "{api}");
        assert_eq!(api["adjusted"][0]["kind"], "unsound", "{api}");
    }
    let classes: Vec<&Value> = causes(&run).iter().map(|cause| &cause["class"]).collect();
    assert!(
        classes.iter().all(|class| **class == "test_defect"),
        "{}",
        shown(&run)
    );
}

#[test]
fn a_machine_with_a_way_out_does_not() {
    let (nobody, app) = (Refusing::hold(), Canary::healthy());
    let address = app.address().ip().to_string();
    let names = NameServer::saying(move |asked| Reply::to(asked).a(&asked.name, &address));
    let control = format!("control.test:{}", app.address().port());
    let tool = beside_a_control(nobody.address(), names.address());
    let path = "suites/00-preflight/control.yaml";
    let suite = tool.read(path).replace("control.test", &control);
    let (run, output) = run(tool.file(path, &suite));
    let [cause] = causes(&run) else {
        panic!("{}{output}", shown(&run));
    };
    assert_eq!(count(&cause["failed"]), 5);
    assert_ne!(cause["class"], "test_defect", "{}", shown(&run));
}

#[test]
fn what_comes_and_goes_is_not_said_to_be_down() {
    let (refusing, app) = (Refusing::hold(), Canary::healthy());
    let haproxy = Haproxy::start(&[Service::plain(format!(
        "balance roundrobin\nserver one {}\nserver two {}",
        app.address(),
        refusing.address()
    ))]);
    let url = format!("http://{}/", haproxy.address(0));
    let look = format!("http: {{ url: \"{url}\" }}\n    expect: {{ status: 200 }}");
    let (run, output) = run(Tool::new().suite(&many(0..10, "api", &look)));
    let [cause] = causes(&run) else {
        panic!("{}{output}", shown(&run));
    };
    // One after the other gets its turn; who came before the first failure or after the last is no witness.
    let told = &cause["standing"]["intermittent"];
    let (failed, of) = (told["failed"].as_u64(), told["of"].as_u64());
    assert_eq!(failed, Some(5), "{}", shown(&run));
    assert!((6..=10).contains(&of.unwrap()), "{}", shown(&run));
    assert_eq!(count(&cause["failed"]), 5);
    assert_ne!(cause["confidence"], "high", "{}", shown(&run));
}

#[test]
fn a_wrong_password_beside_a_right_one_is_still_a_wrong_password() {
    let server = Postgres::start(&Options::default());
    let login = |name: &str, dsn: &str| {
        format!(
            "  - name: {name}\n    sql: {{ dsn: \"{dsn}\", query: SELECT 1 AS one }}\n    expect: {{ rows: [{{ one: 1 }}] }}\n"
        )
    };
    let right = server.dsn();
    let wrong = right.replacen("kestrel", "buzzard", 1);
    let suite = [
        login("right", &right),
        login("wrong", &wrong),
        login("again", &right),
    ];
    let (run, output) = run(Tool::new().suite(&suite.concat()));
    let [cause] = causes(&run) else {
        panic!("{}{output}", shown(&run));
    };
    let said = [&cause["class"], &cause["confidence"], &cause["standing"]];
    assert_eq!(said, ["configuration", "high", "down"], "{}", shown(&run));
    assert_eq!(cause["layer"], "auth");
}
