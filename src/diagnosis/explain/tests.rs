use super::asked::Asked;
use super::{Explained, Subject, explain, page};
use crate::diagnosis::Rules;
use crate::model::{FaultKind, KnownCode};
use crate::yaml::{Diagnostics, Sources};

fn names(query: &str) -> Vec<String> {
    names_in(query, Rules::embedded())
}

fn names_in(query: &str, rules: &Rules) -> Vec<String> {
    let name = |subject: &Subject<'_>| subject.name().to_owned();
    match explain(query, rules) {
        Explained::One(subject) => vec![name(&subject)],
        Explained::Several(subjects) => {
            assert!(subjects.len() > 1, "{query}");
            subjects.iter().map(name).collect()
        }
        Explained::Nothing(_) => Vec::new(),
    }
}

/// Our rules, and these before them.
fn with(rules: &str) -> Rules {
    let mut sources = Sources::default();
    let file = sources.add("own.yaml", format!("rules:\n{rules}"));
    let mut problems = Diagnostics::default();
    let rules = Rules::embedded().with(file, &sources, &mut problems);
    assert!(!problems.has_errors(), "{problems:?}");
    rules
}

fn rule(id: &str, when: &str) -> String {
    format!(
        "  - {{ id: {id}, layer: protocol, when: {{ {when} }}, class: application, confidence: medium, owner: app, \
         meaning: It is so., next: Look., confirm: Seen., falsify: Not seen. }}\n"
    )
}

fn about(query: &str, rules: &Rules) -> Vec<String> {
    match explain(query, rules) {
        Explained::One(Subject::Fault { rules, .. } | Subject::Judged { rules, .. }) => {
            rules.iter().map(|rule| rule.id.clone()).collect()
        }
        other => panic!("{query}: {other:?}"),
    }
}

#[test]
fn every_code_and_every_rule_is_explained_by_its_name() {
    let rules = Rules::embedded();
    for code in FaultKind::all_codes() {
        assert_eq!(names(code), [code]);
        assert_eq!(names(&code.to_uppercase()), [code]);
    }
    for known in KnownCode::all() {
        assert_eq!(names(known.shape()), [known.shape()]);
    }
    assert_eq!(names("expect.status"), ["expect.status"]);
    for rule in rules.all().iter().chain([rules.fallback()]) {
        assert_eq!(names(&rule.id), [&*rule.id]);
        assert_eq!(names(&rule.id.to_lowercase()), [&*rule.id]);
    }
}

#[test]
fn a_number_or_a_name_leads_to_the_code_that_is_told_with_it() {
    for (query, code) in [
        ("tls.alert.40", "tls.alert.40"),
        ("alert 40", "tls.alert.40"),
        ("handshake_failure", "tls.alert.40"),
        ("53300", "postgres.53300"),
        ("sqlstate 08p01", "postgres.08P01"),
        ("exit 3", "process.exit.3"),
        ("exit code: 3", "process.exit.3"),
        ("SIGKILL", "process.signal.9"),
        ("signal 9", "process.signal.9"),
        ("error -3", "dns.again"),
        ("EAI_AGAIN", "dns.again"),
        ("-3", "dns.again"),
        ("mysql 1040", "mysql.1040"),
        ("sqlite 5", "sqlite.5"),
        ("close 1011", "websocket.closed.1011"),
        ("SERVFAIL", "dns.servfail"),
    ] {
        assert_eq!(names(query), [code], "{query}");
    }
    assert!(names("ECONNREFUSED").contains(&"tcp.refused".to_owned()));
    assert!(names("errno 111").contains(&"tcp.refused".to_owned()));
    assert_eq!(Asked::read("of nothing").codes(), [""; 0]);
}

#[test]
fn rules_that_ask_for_the_number_or_a_range_or_a_pattern_with_it_are_about_it() {
    let own = [
        rule("X-1", "fault: \"tls.alert.*\", alert: [40, 112]"),
        rule("X-2", "fault: \"tls.alert.*\", alert: unknown_ca"),
        rule("X-3", "sqlstate: [\"53*\"]"),
        rule("X-4", "exit_code: { from: 2, to: 4 }"),
        rule("X-5", "fault: [process.exit.3, process.exit.4]"),
        rule("X-6", "status: [{ from: 500, to: 501 }, 599]"),
        rule("X-7", "errno: ECONNREFUSED"),
        rule("X-8", "sqlite: 5"),
    ];
    let rules = with(&own.concat());
    let own = |ids: Vec<String>| -> Vec<String> {
        ids.into_iter().filter(|id| id.starts_with("X-")).collect()
    };
    assert_eq!(own(about("tls.alert.40", &rules)), ["X-1"]);
    assert_eq!(own(about("alert unknown_ca", &rules)), ["X-2"]);
    assert_eq!(own(about("tls.alert", &rules)), ["X-1", "X-2"]);
    assert_eq!(own(about("53300", &rules)), ["X-3"]);
    let mut exits = own(about("exit 3", &rules));
    exits.sort();
    assert_eq!(exits, ["X-4", "X-5"]);
    assert_eq!(
        own(about("sqlite 261", &rules)),
        ["X-8"],
        "how it was busy is no matter"
    );
    for (query, ids) in [("501", "X-6"), ("http 599", "X-6"), ("ECONNREFUSED", "X-7")] {
        assert_eq!(own(names_in(query, &rules)), [ids], "{query}");
    }
    assert!(!names_in("502", &rules).contains(&"X-6".to_owned()));
}

#[test]
fn words_find_what_is_called_so_and_else_what_is_said() {
    let pg = names("pg");
    let is_postgres = |name: &String| name.to_lowercase().starts_with('p');
    assert!(!pg.is_empty() && pg.iter().any(is_postgres), "{pg:?}");
    assert!(names("refused").contains(&"tcp.refused".to_owned()));
    assert!(names("wrong name").contains(&"tls.wrong_name".to_owned()));
    let rules =
        with(&rule("X-1", "fault: tcp.refused").replace("It is so.", "The zebra is loose."));
    assert_eq!(names_in("zebra", &rules), ["X-1"]);
    assert_eq!(names_in("loose zebra", &rules), ["X-1"]);
    assert_eq!(names_in("ebra", &rules), [""; 0]);
}

#[test]
fn a_slip_is_told_with_the_nearest_word() {
    for (query, near) in [
        ("tcp.refusd", Some("tcp.refused")),
        ("ECONREFUSED", Some("ECONNREFUSED")),
        ("xyzzy-plugh-plover", None),
        ("", None),
        ("   ", None),
    ] {
        let Explained::Nothing(nearest) = explain(query, Rules::embedded()) else {
            panic!("{query}")
        };
        assert_eq!(nearest.as_deref(), near, "{query}");
    }
}

#[test]
fn an_errno_that_is_printed_is_one_before_it_is_a_status() {
    for (number, code) in [
        ("110", "tcp.timeout"),
        ("111", "tcp.refused"),
        ("104", "tcp.reset"),
        ("113", "tcp.unreachable"),
        ("ECONNREFUSED", "tcp.refused"),
        ("ECONNRESET", "tcp.reset"),
        ("101", "tcp.unreachable"),
    ] {
        let found = names(number);
        assert_eq!(found[0], code, "{number}: {found:?}");
        assert!(!found.contains(&"ASSERT-7".to_owned()) || number == "101");
    }
    let reset = names("ECONNRESET");
    for code in ["http.reset.first_byte", "http.reset.body", "redis.closed"] {
        assert!(reset.contains(&code.to_owned()), "{reset:?}");
    }
    assert!(names("503").contains(&"PRX-7".to_owned()));
    assert!(!names("404").contains(&"PRX-7".to_owned()));
}

#[test]
fn what_asks_for_nothing_else_says_what_it_means() {
    for (query, rule) in [
        ("tcp.refused", "TCP-1"),
        ("28P01", "PG-8"),
        ("53300", "PG-3"),
        ("exit 137", "PROC-7-KILL"),
        ("EAI_AGAIN", "DNS-2"),
    ] {
        match explain(query, Rules::embedded()) {
            Explained::One(one) => assert_eq!(one.plainly().map(|rule| &*rule.id), Some(rule)),
            other => panic!("{query}: {other:?}"),
        }
    }
}

#[test]
fn no_rule_of_one_number_says_what_all_of_a_family_mean() {
    for family in [
        "postgres",
        "mysql.N",
        "sqlite",
        "tls.alert.N",
        "process.exit",
    ] {
        match explain(family, Rules::embedded()) {
            Explained::One(one) => assert_eq!(one.plainly().map(|rule| &*rule.id), None),
            other => panic!("{family}: {other:?}"),
        }
    }
    let own = [
        rule(
            "X-1",
            "fault: [redis.noauth, redis.error], redis: [NOAUTH, ERR]",
        ),
        rule("X-2", "fault: \"websocket.refused.3*\""),
        rule("X-3", "redis: OOM"),
    ];
    let rules = with(&own.concat());
    let is_about = |query: &str, id: &str| about(query, &rules).iter().any(|rule| rule == id);
    // What is told without a word of its own has any.
    assert!(is_about("redis.noauth", "X-1") && is_about("redis.error", "X-1"));
    assert!(!is_about("redis.wrongpass", "X-1"));
    assert!(is_about("redis.oom", "X-3") && !is_about("redis.noauth", "X-3"));
    assert!(is_about("websocket.refused", "X-2") && !is_about("websocket.refused.401", "X-2"));
    // A class of SQLSTATEs stands for what it has in general.
    assert!(names("sqlstate 40").contains(&"PG-16".to_owned()));
    assert_eq!(names("sqlstate 401"), [""; 0]);
}

#[test]
fn rules_of_a_status_decide_what_was_expected_of_it() {
    let about = about("expect.status", Rules::embedded());
    for rule in ["HTTP-8", "PRX-7", "PRX-31", "ASSERT-7", "ASSERT-16"] {
        assert!(about.contains(&rule.to_owned()), "{rule}: {about:?}");
    }
    assert!(!about.contains(&"TCP-1".to_owned()));
}

#[test]
fn what_people_paste_is_found_and_signs_are_no_words() {
    for (query, name) in [
        ("FATAL: sorry, too many clients", "postgres.53300"),
        ("upstream connect error or disconnect/reset", "PRX-8"),
        (
            "x509: certificate signed by unknown authority",
            "tls.unknown_issuer",
        ),
        ("x509", "tls.bad_certificate"),
        ("SSL_ERROR_SYSCALL in connection", "tls.eof"),
    ] {
        assert!(names(query).contains(&name.to_owned()), "{query}");
    }
    assert_eq!(names("*"), [""; 0]);
    assert_eq!(names("."), [""; 0]);
    assert_eq!(names("* ."), [""; 0]);
    assert!(names("tcp.*").contains(&"tcp.refused".to_owned()));
}

#[test]
fn odd_queries_break_nothing() {
    let long = "x".repeat(100_000);
    for query in [
        "\0",
        "99999999999999999999",
        "tls.alert.999",
        "*",
        "tcp.*",
        "🦓 502",
        "-",
        "--",
        "' or 1=1",
        &long,
    ] {
        let _ = explain(query, Rules::embedded());
    }
}

#[test]
fn the_page_has_every_rule_once() {
    let rules = Rules::embedded();
    let page = page(rules);
    for rule in rules.all() {
        assert_eq!(
            page.matches(&format!("\n### {}\n", rule.id)).count(),
            1,
            "{}",
            rule.id
        );
    }
}
