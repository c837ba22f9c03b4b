//! Where the reader is sent: to what broke, and not to who told of it or to who sent the request on.

use serde_json::Value;

use crate::scenarios::{causes, run, shown};
use crate::support::{Act, Answer, Canary, NameServer, Refusing, Reply, Tool};

/// What is to be run next, of the only cause.
#[track_caller]
fn commands(run: &Value) -> Vec<&str> {
    let [cause] = causes(run) else {
        panic!("{}", shown(run));
    };
    let commands = cause["commands"].as_array().unwrap();
    commands.iter().map(|one| one.as_str().unwrap()).collect()
}

fn asks(name: &str, url: &str, keys: &str) -> String {
    format!(
        "  - name: {name}\n    http: {{ url: \"{url}\"{keys} }}\n    expect: {{ status: 200 }}\n"
    )
}

/// One that sends everybody on to another.
fn redirecting(to: &str) -> Canary {
    let answer = format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
    Canary::answering(move |_| Answer::Raw(answer.clone().into_bytes()))
}

#[test]
fn what_a_body_names_is_asked_and_not_who_names_it() {
    for (status, detail, asked) in [
        (
            503,
            "Connection to db:5432 refused. Check that it runs",
            "nc -vz -w 5 \"db\" 5432",
        ),
        (
            500,
            r#"connection to server at \"db.internal\" (10.0.0.5), port 5432 failed: Connection refused\n\tIs the server running"#,
            "nc -vz -w 5 \"db.internal\" 5432",
        ),
        (
            502,
            "dial tcp: lookup billing.internal on 10.0.0.53:53: server misbehaving",
            "dig +cd \"billing.internal\"",
        ),
        // It does not say where that is, so nobody is asked in its place.
        (
            503,
            "[Errno 111] Connection refused",
            "nc -vz -w 5 \"HOST\" PORT",
        ),
    ] {
        let body = format!("{{\"detail\":\"{detail}\"}}");
        let app = Canary::answering(move |_| Answer::json(status, &body));
        let suite = asks("orders", &format!("{}/orders", app.url()), "");
        let (run, output) = run(Tool::new().suite(&suite));
        let commands = commands(&run);
        assert_eq!(commands.first(), Some(&asked), "{commands:?}\n{output}");
        let port = app.address().port().to_string();
        assert!(!commands.concat().contains(&port), "{commands:?}");
    }
}

#[test]
fn a_bare_name_in_a_body_is_the_database_that_failed_itself() {
    let refusing = Refusing::hold();
    let port = refusing.address().port();
    let why = format!("{{\"detail\":\"Connection to localhost:{port} refused.\"}}");
    let app = Canary::answering(move |_| Answer::json(503, &why));
    let suite = format!(
        "  - name: login\n    tcp: {{ host: localhost, port: {port} }}\n    expect: {{ connected: true }}\n{}",
        asks("orders", &app.url(), "")
    );
    let (run, output) = run(Tool::new().suite(&suite));
    let [cause] = causes(&run) else {
        panic!("{}{output}", shown(&run));
    };
    assert_eq!(cause["resource"], format!("sock:localhost:{port}"));
    assert_eq!(cause["failed"].as_array().unwrap().len(), 2);
}

#[test]
fn the_request_that_failed_is_asked_again_with_its_secret_left_out() {
    let app =
        Canary::answering(|_| Answer::json(500, "{\"detail\":\"TypeError: x is not a function\"}"));
    let url = format!("{}/orders?limit=2", app.url());
    let keys = ", auth: { bearer: kestrel-kestrel }";
    let (run, output) = run(Tool::new().suite(&asks("orders", &url, keys)));
    let commands = commands(&run);
    let line = commands[0];
    assert!(line.starts_with("curl -sS -i --max-time 10 "), "{line}");
    assert!(
        line.contains(" --header 'authorization: Bearer ***' "),
        "{line}"
    );
    assert!(line.ends_with(&format!("'{url}'")), "{line}");
    assert!(!output.to_string().contains("kestrel"), "{output}");
}

#[test]
fn a_platform_is_asked_only_where_the_target_has_one() {
    let app = Canary::answering(|_| Answer::json(404, "{\"detail\":\"Not Found\"}"));
    let tool = || Tool::new().suite(&asks("orders", &app.url(), ""));
    let (nowhere, _) = run(tool());
    let asks_google = |run: &Value| commands(run).iter().any(|one| one.starts_with("gcloud "));
    assert!(!asks_google(&nowhere), "{:?}", commands(&nowhere));
    assert!(!commands(&nowhere).is_empty());
    let there = tool()
        .var("project", "shop")
        .var("region", "europe-west3")
        .var("run_service", "api");
    let (there, _) = run(there);
    assert!(asks_google(&there), "{:?}", commands(&there));
}

#[test]
fn what_broke_behind_a_redirect_is_not_who_redirected() {
    let refusing = Refusing::hold();
    let port = refusing.address().port();
    let to = format!("http://localhost:{port}/there");
    let front = redirecting(&to);
    let suite = asks("led", &front.url(), ", redirects: 3");
    let (run, output) = run(Tool::new().suite(&suite));
    let [cause] = causes(&run) else {
        panic!("{}{output}", shown(&run));
    };
    assert_eq!(cause["code"], "tcp.refused", "{output}");
    assert_eq!(cause["resource"], format!("sock:localhost:{port}"));
    let commands = commands(&run);
    assert_eq!(commands[0], format!("nc -vz -w 5 \"localhost\" {port}"));
    // Who led there is told.
    output.stdout_has(&format!("redirected to {to}"));
}

#[test]
fn who_is_led_there_and_who_goes_there_met_the_same() {
    let app = Canary::answering(|_| Answer::json(503, "{\"detail\":\"not now\"}"));
    let (refusing, front) = (
        Refusing::hold(),
        redirecting(&format!("{}/there", app.url())),
    );
    let down = redirecting(&format!("http://{}/", refusing.address()));
    let suite = [
        asks("led", &front.url(), ", redirects: 1"),
        asks("led-to-nobody", &down.url(), ", redirects: 1"),
        format!(
            "  - name: nobody\n    tcp: {{ host: 127.0.0.1, port: {} }}\n    expect: {{ connected: true }}\n",
            refusing.address().port()
        ),
    ];
    let (run, output) = run(Tool::new().suite(&suite.concat()));
    let mut at: Vec<(&str, usize)> = causes(&run)
        .iter()
        .map(|cause| {
            let failed = cause["failed"].as_array().unwrap().len();
            (cause["resource"].as_str().unwrap(), failed)
        })
        .collect();
    at.sort_unstable();
    let origin = format!("origin:{}", app.url());
    let socket = format!("sock:{}", refusing.address());
    assert_eq!(at, [(&*origin, 1), (&*socket, 2)], "{output}");
}

#[test]
fn a_look_that_is_led_elsewhere_has_looked_there() {
    let refusing = Refusing::hold();
    let there = refusing.address();
    let front = redirecting(&format!("http://{there}/"));
    let app = Canary::answering(|_| {
        Answer::json(
            503,
            "{\"status\":\"not_ready\",\"core_db\":\"disconnected\"}",
        )
    });
    let suite = [
        asks("ready", &app.url(), ""),
        format!(
            "    on_fail:\n      look: {{ name: led, http: {{ url: \"{}\", redirects: 3 }} }}\n",
            front.url()
        ),
        format!(
            "  - name: nobody\n    tcp: {{ host: {}, port: {} }}\n    expect: {{ connected: true }}\n",
            there.ip(),
            there.port()
        ),
    ];
    let (run, output) = run(Tool::new().suite(&suite.concat()));
    let [cause] = causes(&run) else {
        panic!("{}{output}", shown(&run));
    };
    assert_eq!(cause["resource"], format!("sock:{there}"), "{output}");
}

#[test]
fn paths_of_one_address_are_not_one_that_comes_and_goes() {
    let app = Canary::answering(|asked| match asked.path.as_str() {
        "/ok" => Answer::json(200, "{}"),
        _ => Answer::json(404, "{\"detail\":\"not found\"}"),
    });
    let suite = [
        asks("lost", &format!("{}/404", app.url()), ""),
        asks("ok", &format!("{}/ok", app.url()), ""),
    ];
    let (run, output) = run(Tool::new().suite(&suite.concat()));
    let [cause] = causes(&run) else {
        panic!("{}{output}", shown(&run));
    };
    assert_eq!(cause["standing"], "down", "{output}");
    output
        .stdout_lacks("now and then")
        .stdout_lacks("it is not down");
}

#[test]
fn addresses_that_a_test_gives_are_what_is_asked() {
    let refusing = Refusing::hold();
    let there = refusing.address();
    let url = format!("http://shop.test:{}/", there.port());
    let keys = format!(", resolve: [{}]", there.ip());
    let (run, output) = run(Tool::new().suite(&asks("given", &url, &keys)));
    let [cause] = causes(&run) else {
        panic!("{}{output}", shown(&run));
    };
    assert_eq!(cause["resource"], format!("sock:{there}"), "{output}");
    let asks = format!("nc -vz -w 5 \"{}\" {}", there.ip(), there.port());
    assert_eq!(commands(&run)[0], asks);
}

#[test]
fn two_addresses_of_one_url_are_two_places() {
    let old = Canary::healthy();
    let port = old.address().port();
    let new = Canary::at(("127.0.0.2".parse().unwrap(), port), |_| {
        Answer::json(500, "{\"detail\":\"ZeroDivisionError: division by zero\"}")
    });
    let url = format!("http://shop.test:{port}/orders");
    let at = |canary: &Canary| format!(", resolve: [{}]", canary.address().ip());
    let suite = [asks("old", &url, &at(&old)), asks("new", &url, &at(&new))];
    let (run, output) = run(Tool::new().suite(&suite.concat()));
    let [cause] = causes(&run) else {
        panic!("{}{output}", shown(&run));
    };
    let resource = format!("origin:http://shop.test:{port}@127.0.0.2");
    assert_eq!(cause["resource"], resource, "{output}");
    // That the old one answers says nothing of the new one.
    assert_eq!(cause["standing"], "down", "{output}");
}

#[test]
fn what_one_name_server_says_is_not_what_another_does_or_the_system() {
    let app = Canary::healthy();
    let broken = || NameServer::start(|asked| vec![Act::Say(Reply::to(asked).code(2).bytes())]);
    let (one, other) = (broken(), broken());
    let url = format!("http://localhost:{}/", app.address().port());
    let by = |server: &NameServer| format!(", resolver: \"{}\"", server.address());
    let suite = [
        asks("one", &url, &by(&one)),
        asks("other", &url, &by(&other)),
        asks("system", &url, ""),
    ];
    let (run, output) = run(Tool::new().suite(&suite.concat()));
    let causes = causes(&run);
    let mut resources: Vec<&str> = causes
        .iter()
        .filter_map(|cause| cause["resource"].as_str())
        .collect();
    resources.sort_unstable();
    let mut asked = [&one, &other].map(|server| format!("dns:localhost@{}", server.address()));
    asked.sort_unstable();
    assert_eq!(resources, asked, "{output}");
    // That the system finds it says nothing of either.
    assert!(
        causes.iter().all(|cause| cause["standing"] == "down"),
        "{output}"
    );
}

#[test]
fn credentials_that_were_not_sent_along_are_not_said_to_be_wrong() {
    let there = Canary::answering(|asked| match asked.header("authorization") {
        Some(_) => Answer::ok(),
        None => Answer::json(401, "{\"detail\":\"who are you\"}"),
    });
    let front = redirecting(&format!("{}/orders", there.url()));
    let keys = ", redirects: 1, auth: { bearer: kestrel-kestrel }";
    let (run, output) = run(Tool::new().suite(&asks("led", &front.url(), keys)));
    let [cause] = causes(&run) else {
        panic!("{}{output}", shown(&run));
    };
    assert_eq!(cause["resource"], format!("origin:{}", there.url()));
    assert_eq!(cause["class"], "unknown", "{output}");
    assert_ne!(cause["detail"], "credentials", "{output}");
}
