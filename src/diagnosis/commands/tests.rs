use super::*;
use crate::diagnosis::examples::Short;
use crate::model::{Excerpt, Keep, TestRecord};

fn line(template: &str, resource: &str) -> String {
    let variables = [
        ("project".to_owned(), "my-project".to_owned()),
        ("region".to_owned(), "a b".to_owned()),
        ("hidden".to_owned(), "***".to_owned()),
    ];
    let filling = Filling {
        resource,
        step: None,
        variables: &variables,
    };
    filled(template, &filling).text
}

#[test]
fn what_is_known_is_filled_in_and_what_is_missing_is_told() {
    let at = "sock:db.internal:5432";
    assert_eq!(
        line("ss -ltn \"sport = :${port}\"", at),
        "ss -ltn \"sport = :5432\""
    );
    assert_eq!(
        line("x --project=${PROJECT} ${region} ${hidden} ${gone-by}", at),
        "x --project=my-project REGION HIDDEN GONE_BY"
    );
    assert_eq!(line("dig ${host}", "runner"), "dig HOST");
    assert_eq!(
        line("curl '${origin}/'", "origin:https://[::1]:443"),
        "curl 'https://[::1]:443/'"
    );
    assert_eq!(line("nc ${host} ${port}", "sock:[::1]:53"), "nc ::1 53");
    assert_eq!(
        line("ls \"${name}\"", "unix:/run/db.sock"),
        "ls \"/run/db.sock\""
    );
    assert_eq!(line("echo ${", at), "echo ${");
}

#[test]
fn a_hostile_host_does_not_reach_the_line() {
    for hostile in [
        "$(reboot)",
        "a;reboot",
        "`reboot`",
        "a\"; reboot; \"",
        "a'; reboot; '",
        "-oProxyCommand=reboot",
        "a\nreboot",
        "a\rreboot",
        "a\u{1b}[2Jb",
        "a\u{202e}b",
        "a b",
        "a|b",
        "a&b",
        "a>b",
        "a*",
        "~root",
        "!!",
        "a\\b",
        "{a,b}",
        "=ls",
        "%1",
        "a#b",
        "",
        "a\u{a0}b",
    ] {
        let told = line("dig ${host}", &format!("dns:{hostile}"));
        assert_eq!(told, "dig HOST", "{hostile:?}");
    }
}

/// A look with these lines in its record.
fn look(resource: &str, curl: Option<&str>, request: &str) -> TestRecord {
    let mut test = Short::parse(&format!(
        "{{ probe: http, status: 500, resources: [\"{resource}\"] }}"
    ))
    .record();
    let attempt = std::sync::Arc::make_mut(&mut test.attempts[0]);
    let step = &mut attempt.steps[0];
    request.clone_into(&mut step.request);
    step.observation.evidence.extend(curl.map(|text| Excerpt {
        label: "curl".into(),
        text: text.to_owned(),
        keep: Keep::First(16 * 1024),
    }));
    test
}

fn asked(curl: Option<&str>, request: &str) -> String {
    let resource = "origin:https://api.example:443";
    let test = look(resource, curl, request);
    let filling = Filling {
        resource,
        step: test.attempts[0].steps.first(),
        variables: &[],
    };
    filled("curl -i ${request}", &filling).text
}

#[test]
fn the_request_that_failed_is_asked_again() {
    let line = "curl --header 'authorization: Bearer ***' 'https://api.example/v1/orders?limit=2'";
    let told = asked(Some(line), "GET https://api.example/v1/orders?limit=2");
    assert_eq!(told, line.replacen("curl", "curl -i", 1));
    assert_eq!(
        asked(None, "GET wss://api.example/live?room=7 (2 steps)"),
        "curl -i 'https://api.example/live?room=7'"
    );
    assert_eq!(asked(None, ""), "curl -i \"https://api.example:443/\"");
}

#[test]
fn a_request_that_is_not_whole_is_not_asked_again() {
    let long = format!("curl --data-raw {} https://api.example/", "x".repeat(3000));
    for line in [
        "curl --data-raw '{\"a\":…",
        "curl --data-raw 'a\nb' https://api.example/",
        "curl --data-raw '\u{202e}' https://api.example/",
        "reboot; curl https://api.example/",
        &long,
    ] {
        let told = asked(Some(line), "GET https://api.example/x");
        assert_eq!(told, "curl -i 'https://api.example/x'", "{line}");
        let told = asked(Some(line), "GET https://api.example/'$(reboot)'");
        assert_eq!(told, "curl -i \"https://api.example:443/\"", "{line}");
    }
}

/// The lines of a rule for a look, where the target has these variables.
fn told(rule: &str, resource: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let rules = Rules::embedded();
    let test = look(resource, None, "");
    let variables: Vec<(String, String)> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let filling = Filling {
        resource,
        step: test.attempts[0].steps.first(),
        variables: &variables,
    };
    commands(rules.rule(rule).unwrap(), rules, &filling)
}

#[test]
fn a_platform_is_asked_where_the_target_has_one() {
    let api = "origin:https://api.example:443";
    let asks = |lines: &[String], program: &str| lines.iter().any(|one| one.starts_with(program));
    let nowhere = told("HTTP-2", api, &[]);
    assert!(!asks(&nowhere, "gcloud"), "{nowhere:?}");
    let in_part = told("HTTP-2", api, &[("project", "p"), ("region", "***")]);
    assert!(!asks(&in_part, "gcloud"), "{in_part:?}");
    let run = [("project", "p"), ("region", "r"), ("run_service", "s")];
    let there = told("HTTP-2", api, &run);
    assert!(asks(&there, "gcloud"), "{there:?}");
    // Whoever runs the program has it.
    let own = told("CMD-3", "proc:/usr/bin/gcloud", &[]);
    assert!(asks(&own, "gcloud") && !asks(&own, "aws"), "{own:?}");
}

#[test]
fn every_rule_that_has_commands_has_one_for_a_target_without_a_platform() {
    let rules = Rules::embedded();
    for rule in rules.all().iter().filter(|rule| !rule.commands.is_empty()) {
        let lines = told(&rule.id, "origin:https://api.example:443", &[]);
        assert!(!lines.is_empty(), "{}", rule.id);
        let is_of_a_platform = |line: &String| platform(line).is_some();
        assert!(!lines.iter().any(is_of_a_platform), "{lines:?}");
    }
}

#[test]
fn what_asks_a_platform_says_what_it_is_asked_for() {
    let rules = Rules::embedded();
    let named = rules.commands().map(|(_, line)| line.to_owned());
    let written = rules.all().iter().flat_map(|rule| rule.commands.clone());
    for line in named.chain(written).filter(|line| platform(line).is_some()) {
        assert!(line.contains("${"), "{line}");
    }
}

#[test]
fn what_changes_something_is_not_asked_again() {
    for method in ["POST", "DELETE", "PATCH"] {
        let line = format!("curl --request {method} https://api.example/v1/orders/7");
        let request = format!("{method} https://api.example/v1/orders/7");
        assert_eq!(
            asked(Some(&line), &request),
            format!(
                "curl -i \"https://api.example:443/\" # the {method} that failed stands with the evidence"
            )
        );
    }
}

/// The lines of a rule for a look at a database.
fn of_database(rule: &str, engine: &str, facts: &str) -> Vec<String> {
    let rules = Rules::embedded();
    let resource = format!("dsn:{engine}:db.internal:5432/app");
    let test = Short::parse(&format!(
        "{{ probe: sql, fault: sql.timeout.startup, facts: {facts}, resources: [\"sock:db.internal:5432\", \"{resource}\"] }}"
    ))
    .record();
    let variables = [("user".to_owned(), "smoke".to_owned())];
    let filling = Filling {
        resource: &resource,
        step: test.attempts[0].steps.first(),
        variables: &variables,
    };
    commands(rules.rule(rule).unwrap(), rules, &filling)
}

#[test]
fn only_the_database_that_was_asked_is_asked_with_its_tools() {
    let starts = |lines: &[String], program: &str| lines.iter().any(|one| one.starts_with(program));
    let mysql = of_database("TIME-5", "mysql", "{}");
    assert!(
        starts(&mysql, "mysql -h") && !starts(&mysql, "p"),
        "{mysql:?}"
    );
    let postgres = of_database("TIME-5", "postgres", "{}");
    assert!(
        starts(&postgres, "psql -h") && !starts(&postgres, "mysql"),
        "{postgres:?}"
    );
    let slow = told("TIME-1", "origin:https://api.example:443", &[]);
    assert!(!starts(&slow, "psql"), "{slow:?}");
}

#[test]
fn where_no_database_was_asked_the_rule_says_which_it_is_about() {
    let rules = Rules::embedded();
    let tools = ["psql -l", "mysql -e", "sqlite3 x", "redis-cli PING"];
    let asked = |id: &str| {
        let mut rule = rules.rule(id).unwrap().clone();
        rule.commands = tools.iter().map(ToString::to_string).collect();
        let filling = Filling {
            resource: "sock:db.internal:3306",
            step: None,
            variables: &[],
        };
        commands(&rule, rules, &filling)
    };
    // `mysql.*` ends as `sql.*` does, and is no other's.
    assert_eq!(asked("MY-14"), tools[1..2]);
    assert_eq!(asked("PG-3"), tools[..1]);
    assert_eq!(asked("LITE-1"), tools[2..3]);
    assert_eq!(asked("REDIS-20"), tools[3..]);
    assert_eq!(asked("SQL-1"), tools[..3]);
    assert_eq!(asked("TCP-1"), ["allclear explain TCP-1"]);
}

#[test]
fn who_logs_in_is_told_where_the_session_or_its_dsn_says_it() {
    let lines = of_database("TIME-5", "postgres", "{}");
    let whole = "pg_isready -h \"db.internal\" -p 5432 -d \"app\" -t 5";
    assert_eq!(lines.first().map(String::as_str), Some(whole));
    let lines = of_database("TIME-5", "postgres", "{ user: orders, database: main }");
    let whole = "pg_isready -h \"db.internal\" -p 5432 -U \"orders\" -d \"main\" -t 5";
    assert_eq!(lines.first().map(String::as_str), Some(whole));
}

#[test]
fn an_address_is_no_name_that_tls_is_asked_for() {
    let connect = "openssl -connect \"${host}:${port}\" ${sni}";
    assert_eq!(
        line(connect, "sock:127.0.0.1:443"),
        "openssl -connect \"127.0.0.1:443\" -noservername"
    );
    assert_eq!(
        line(connect, "sock:api.example:443"),
        "openssl -connect \"api.example:443\" -servername \"api.example\""
    );
    assert_eq!(line("x ${sni}", "runner"), "x SNI");
}

#[test]
fn a_unit_or_an_admin_port_that_nobody_named_is_not_asked() {
    let rules = Rules::embedded();
    for rule in rules.all() {
        let lines = told(&rule.id, "origin:https://api.example:443", &[]);
        let is_open = |one: &String| one.contains("\"UNIT\"") || one.contains("ENVOY_ADMIN");
        assert!(!lines.iter().any(is_open), "{lines:?}");
    }
    let named = told("REDIS-2", "dsn:redis:r:6379", &[("unit", "redis-main")]);
    let asks = |one: &String| one.starts_with("journalctl -u \"redis-main\"");
    assert!(named.iter().any(asks), "{named:?}");
}
