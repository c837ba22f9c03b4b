//! One thing broken, two at once, one hidden behind another, and nothing but ourselves.

use std::sync::Arc;
use std::time::Duration;

use super::building::{Says, Told, all, id, says};
use crate::diagnosis::{Rules, diagnose};
use crate::model::{Class, Confidence, Layer, Modifier, Phase, Standing, Status, Value};

const DB: &[&str] = &[
    "dns:db.internal",
    "sock:db.internal:5432",
    "dsn:postgres:db.internal:5432/app",
];
const WEB: &[&str] = &[
    "dns:web.example",
    "sock:web.example:80",
    "origin:http://web.example:80",
];

fn refused() -> Says {
    let at = "sock:db.internal:5432";
    says(
        "TCP-1",
        Layer::Transport,
        at,
        Class::Infrastructure,
        Confidence::Low,
    )
}

fn exception() -> Says {
    let at = "origin:http://web.example:80";
    says(
        "HTTP-7",
        Layer::Application,
        at,
        Class::Application,
        Confidence::High,
    )
}

fn many(mut told: Told, stem: &str, count: usize, add: impl Fn(Told, &str) -> Told) -> Told {
    for number in 0..count {
        told = add(told, &format!("{stem}-{number}"));
    }
    told
}

fn database_down() -> Told {
    let told = Told::new().fail(
        "database/tcp",
        "tcp.refused",
        Phase::Connect,
        &DB[..2],
        &refused(),
    );
    many(told, "database/query", 29, |told, name| {
        told.fail(name, "tcp.refused", Phase::Connect, DB, &refused())
    })
}

#[test]
fn a_database_behind_thirty_tests_is_one_cause() {
    let diagnosis = database_down().diagnosis();
    assert_eq!(
        all(&diagnosis),
        ["sock:db.internal:5432 transport TCP-1 x30 +0 infrastructure low"]
    );
    let cause = &diagnosis.causes[0];
    assert_eq!(cause.standing, Standing::Down);
    assert!(!cause.unexplained);
    // Refused alone says that somebody is there, and not who is at fault.
    assert_eq!(diagnosis.split().unknown, 1);
    assert_eq!(cause.why.len(), 1);
    assert!(
        cause.why[0]
            .text
            .contains("and 29 more failed at sock:db.internal:5432")
    );
    assert_eq!(cause.evidence.len(), 10);
}

#[test]
fn a_name_and_an_application_are_two_causes() {
    let lost = says(
        "DNS-3",
        Layer::Dns,
        "dns:db.internal",
        Class::Configuration,
        Confidence::Medium,
    );
    let told = many(Told::new(), "database/query", 3, |told, name| {
        told.fail(name, "dns.nxdomain", Phase::Resolve, DB, &lost)
    });
    let told = many(told, "api/call", 2, |told, name| {
        told.answered(name, 500, WEB, &exception())
    });
    let diagnosis = told.diagnosis();
    assert_eq!(
        all(&diagnosis),
        [
            "dns:db.internal dns DNS-3 x3 +0 configuration medium",
            "origin:http://web.example:80 application HTTP-7 x2 +0 application high",
        ]
    );
    assert_eq!(
        (
            diagnosis.split().configuration,
            diagnosis.split().application
        ),
        (1, 1)
    );
    let rejected = diagnosis.causes[1].rejected.as_ref().unwrap();
    assert_eq!(
        rejected.text,
        "not the network: sock:web.example:80 was reached"
    );
    let evidence = rejected.evidence.as_ref().unwrap();
    assert_eq!(
        (&evidence.test, &*evidence.text),
        (&id("api/call-0"), "connect 2.0ms")
    );
}

#[test]
fn what_could_not_be_run_is_behind_its_cause_and_may_hide_another() {
    let told = Told::new().fail(
        "database/tcp",
        "tcp.refused",
        Phase::Connect,
        &DB[..2],
        &refused(),
    );
    let told = many(told, "agents/talk", 3, |told, name| {
        told.blocked(name, &["database/tcp"])
    });
    let diagnosis = told.diagnosis();
    assert_eq!(
        all(&diagnosis),
        ["sock:db.internal:5432 transport TCP-1 x1 +3 infrastructure low"]
    );
    assert_eq!(diagnosis.hidden, 3);
    let why: Vec<&str> = diagnosis.causes[0]
        .why
        .iter()
        .map(|line| &*line.text)
        .collect();
    assert_eq!(
        why,
        [
            "agents/talk-0 and 2 more were not run: database/tcp failed",
            "database/tcp failed at sock:db.internal:5432, transport",
        ]
    );
}

#[test]
fn what_was_not_run_is_told_with_the_failure_that_blocked_it() {
    let fails = |told: Told, name: &str| {
        told.fail(name, "tcp.refused", Phase::Connect, &DB[..2], &refused())
    };
    let told = many(Told::new(), "database/tcp", 3, fails);
    let told = many(told, "agents/talk", 2, |told, name| {
        told.blocked(name, &["database/tcp-1"])
    });
    let first = |told: &Told| {
        let diagnosis = told.diagnosis();
        assert_eq!(diagnosis.causes.len(), 1);
        let cause = &diagnosis.causes[0];
        assert_ne!(cause.lead(), Some(&id("database/tcp-1")));
        let line = &cause.why[0];
        (line.text.clone(), line.evidence.clone().unwrap().test)
    };
    let (text, cited) = first(&told);
    assert_eq!(
        text,
        "agents/talk-0 and 1 more were not run: database/tcp-1 failed"
    );
    assert_eq!(cited, id("database/tcp-1"));
    let told = told.blocked("agents/late", &["database/tcp-2"]);
    let (text, cited) = first(&told);
    assert_eq!(
        text,
        "agents/talk-0 and 2 more were not run: database/tcp-1 and 1 more failed"
    );
    assert_eq!(cited, id("database/tcp-1"));
}

#[test]
fn a_session_that_failed_is_the_cause_of_what_it_blocked() {
    let denied = says(
        "HTTP-1",
        Layer::Auth,
        "origin:http://web.example:80",
        Class::Configuration,
        Confidence::Medium,
    );
    let mut told = Told::new()
        .answered("session/user[name=alice]", 401, WEB, &denied)
        .blocked("agents/talk", &["session:user[name=alice]"]);
    // A session is no instance.
    told.record.tests.remove(0);
    let diagnosis = told.diagnosis();
    assert_eq!(
        all(&diagnosis),
        ["origin:http://web.example:80 auth HTTP-1 x1 +1 configuration medium"]
    );
}

#[test]
fn a_single_weak_failure_is_listed_and_not_said_to_be_a_cause() {
    let told = Told::new().fail(
        "database/tcp",
        "tcp.refused",
        Phase::Connect,
        &DB[..2],
        &refused(),
    );
    assert!(told.diagnosis().causes[0].unexplained);
    let sure = Told::new().answered("api/call", 500, WEB, &exception());
    assert!(!sure.diagnosis().causes[0].unexplained);
}

#[test]
fn who_gets_through_shows_that_it_is_not_down() {
    let told = database_down();
    let told = many(told, "database/late", 10, |told, name| told.pass(name, DB));
    // Afterwards is not at the same time.
    let diagnosis = told.diagnosis();
    assert_eq!(diagnosis.causes[0].standing, Standing::Down);
    assert_eq!(
        diagnosis.causes[0].refuting[0].text,
        "got through afterwards"
    );
    let mut told = Told::new();
    for number in 0..10 {
        let name = format!("database/q-{number}");
        let lossy = says(
            "TCP-3",
            Layer::Transport,
            "sock:db.internal:5432",
            Class::Infrastructure,
            Confidence::High,
        );
        told = if number % 3 == 0 {
            told.fail(&name, "tcp.timeout", Phase::Connect, DB, &lossy)
        } else {
            told.pass(&name, DB)
        };
    }
    let diagnosis = told.diagnosis();
    let cause = &diagnosis.causes[0];
    assert_eq!(cause.standing, Standing::Intermittent { failed: 4, of: 10 });
    assert_eq!(cause.blame.confidence, Confidence::Medium);
    assert_eq!(
        diagnosis.failures[0].adjusted[0].kind,
        Modifier::Intermittent
    );
    assert_eq!(cause.refuting.len(), 1);
}

#[test]
fn who_gets_through_the_same_proxy_is_heard_whatever_name_server_it_has() {
    let at = "origin:http://web.example:80";
    let gone = says(
        "PRX-4",
        Layer::Proxy,
        at,
        Class::Infrastructure,
        Confidence::High,
    );
    let asked = WEB.iter().map(|one| format!("{one}@10.0.0.2:53"));
    let asked: Vec<String> = asked.collect();
    let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
    let mut told = Told::new();
    for number in 0..10 {
        let name = format!("api/call-{number}");
        told = if number % 3 == 0 {
            told.answered(&name, 503, &asked, &gone)
        } else {
            told.pass(&name, &asked)
        };
        told = told.step(|step| {
            "GET /".clone_into(&mut step.request);
            step.resources = asked.iter().map(ToString::to_string).collect();
            let proxy = Value::Text("squid.example:3128".to_owned());
            step.observation.facts.insert("proxy", proxy);
        });
    }
    let diagnosis = told.diagnosis();
    assert_eq!(
        diagnosis.causes[0].standing,
        Standing::Intermittent { failed: 4, of: 10 }
    );
}

#[test]
fn a_failure_further_on_shows_as_well_that_something_was_there() {
    let told = database_down();
    let late = says(
        "TIME-7",
        Layer::Application,
        "dsn:postgres:db.internal:5432/app",
        Class::Application,
        Confidence::Medium,
    );
    let told = told
        .fail(
            "database/slow",
            "sql.timeout.query",
            Phase::Query,
            DB,
            &late,
        )
        .at(500, 900);
    let diagnosis = told.diagnosis();
    assert_eq!(diagnosis.causes.len(), 2, "{:?}", all(&diagnosis));
    assert_eq!(
        diagnosis.causes[0].standing,
        Standing::Intermittent { failed: 30, of: 31 }
    );
}

#[test]
fn one_request_of_an_application_says_nothing_about_another() {
    let told = Told::new().answered("api/call", 500, WEB, &exception());
    let told = many(told, "api/other", 10, |told, name| told.pass(name, WEB));
    let diagnosis = told.diagnosis();
    assert_eq!(diagnosis.causes[0].standing, Standing::Down);
    let same = told
        .pass("api/again", WEB)
        .at(0, 50)
        .step(|step| step.request = "GET api/call".to_owned());
    assert_eq!(
        same.diagnosis().causes[0].standing,
        Standing::Intermittent { failed: 1, of: 2 }
    );
}

#[test]
fn one_test_that_looks_often_refutes_itself() {
    let at = says(
        "TCP-3",
        Layer::Transport,
        "sock:db.internal:5432",
        Class::Infrastructure,
        Confidence::Medium,
    );
    let told = Told::new()
        .fail("database/often", "tcp.timeout", Phase::Connect, DB, &at)
        .sampled(97, 3, Duration::from_millis(10));
    let cause = told.diagnosis().causes.remove(0);
    assert_eq!(
        cause.standing,
        Standing::Intermittent { failed: 3, of: 100 }
    );
    assert_eq!(cause.blame.confidence, Confidence::Low);
    assert!(cause.unexplained);
}

#[test]
fn who_fails_in_a_crowd_and_passes_alone_wants_room() {
    let lossy = says(
        "TCP-3",
        Layer::Transport,
        "sock:db.internal:5432",
        Class::Infrastructure,
        Confidence::Low,
    );
    let told = many(Told::new(), "database/crowd", 12, |told, name| {
        told.fail(name, "tcp.timeout", Phase::Connect, DB, &lossy)
            .at(1_000, 2_000)
    });
    let mut told = told;
    for number in 0..12 {
        let from = 1_000 + number * 80;
        let name = format!("database/alone-{number}");
        // Ends before the crowd of the next one; the first twelve are all there at once.
        told = told.pass(&name, DB).at(from, from + 10);
    }
    // As told, those who passed had the whole crowd beside them: it was not the crowd.
    let cause = told.diagnosis().causes.remove(0);
    assert_eq!(cause.blame.detail.as_deref(), None);
    let mut apart = Told::new();
    for number in 0..12_u64 {
        let from = number * 1_000;
        let name = format!("database/alone-{number}");
        apart = apart.pass(&name, DB).at(from + 500, from + 510);
        let name = format!("database/crowd-{number}");
        apart = apart
            .fail(&name, "tcp.timeout", Phase::Connect, DB, &lossy)
            .at(from / 4_000 * 4_000, from / 4_000 * 4_000 + 100);
    }
    let cause = apart.diagnosis().causes.remove(0);
    assert_eq!(cause.blame.detail.as_deref(), Some("capacity"));
    assert_eq!(cause.blame.confidence, Confidence::Medium);
    assert!(matches!(
        cause.standing,
        Standing::Intermittent { failed: 12, .. }
    ));
}

#[test]
fn what_nobody_answers_behind_a_proxy_is_a_consequence_of_it() {
    let at = "origin:http://web.example:80";
    let gone = says(
        "PRX-4",
        Layer::Proxy,
        at,
        Class::Infrastructure,
        Confidence::High,
    );
    let late = says(
        "TIME-5",
        Layer::Performance,
        at,
        Class::Unknown,
        Confidence::Low,
    );
    let told = many(Told::new(), "api/call", 3, |told, name| {
        told.answered(name, 503, WEB, &gone)
    });
    let told = told.fail(
        "api/slow",
        "http.timeout.first_byte",
        Phase::FirstByte,
        WEB,
        &late,
    );
    let diagnosis = told.diagnosis();
    assert_eq!(
        all(&diagnosis),
        [format!("{at} proxy PRX-4 x4 +0 infrastructure high")]
    );
    let slow = diagnosis.of(&id("api/slow")).unwrap();
    assert_eq!(slow.adjusted[0].kind, Modifier::Consequence);
    assert!(diagnosis.causes[0].why[0].text.contains("a consequence of"));
}

#[test]
fn who_speaks_for_a_cause_is_not_who_was_planned_first() {
    let at = "origin:http://web.example:80";
    let (proxy, late) = (Layer::Proxy, Layer::Performance);
    let gone = says("PRX-4", proxy, at, Class::Infrastructure, Confidence::High);
    let slow = says("TIME-5", late, at, Class::Unknown, Confidence::Low);
    let told = Told::new().fail(
        "api/slow",
        "http.timeout.first_byte",
        Phase::FirstByte,
        WEB,
        &slow,
    );
    let told = many(told, "api/call", 3, |told, name| {
        told.answered(name, 503, WEB, &gone)
    });
    let diagnosis = told.diagnosis();
    let cause = &diagnosis.causes[0];
    assert_eq!((diagnosis.causes.len(), &*cause.rule), (1, "PRX-4"));
    assert_eq!(cause.failed[0], id("api/slow"));
    assert_eq!(cause.lead(), Some(&id("api/call-0")));
    let lead = diagnosis.of(cause.lead().unwrap()).unwrap();
    assert_eq!((&lead.rule, &lead.code), (&cause.rule, &cause.code));
}

#[test]
fn an_application_that_names_what_is_down_is_behind_it() {
    let unsure = says(
        "HTTP-8",
        Layer::Application,
        "origin:http://web.example:80",
        Class::Unknown,
        Confidence::Low,
    );
    let body =
        r#"{"core_db": "connection to server at \"db.internal\" (10.0.0.5), port 5432 failed"}"#;
    let told = database_down()
        .answered("api/ready", 503, WEB, &unsure)
        .says_body(body);
    let diagnosis = told.diagnosis();
    assert_eq!(diagnosis.causes.len(), 1, "{:?}", all(&diagnosis));
    let why = diagnosis.causes[0].why.iter().map(|one| one.text.as_str());
    let named: Vec<&str> = why
        .filter(|text| text.contains("what answered names it"))
        .collect();
    assert!(
        named
            .iter()
            .any(|text| text.starts_with("api/ready ended with")),
        "{named:?}"
    );
    // Another port of it is another thing, and whoever is sure of its own is not overruled by a text.
    let other = body.replace("5432", "6432");
    let told = database_down()
        .answered("api/ready", 503, WEB, &unsure)
        .says_body(&other);
    assert_eq!(told.diagnosis().causes.len(), 2);
    let told = database_down()
        .answered("api/ready", 500, WEB, &exception())
        .says_body(body);
    assert_eq!(told.diagnosis().causes.len(), 2);
}

#[test]
fn what_cannot_be_separated_is_reported_twice() {
    let at = "origin:http://web.example:80";
    let gone = says(
        "PRX-1",
        Layer::Proxy,
        at,
        Class::Infrastructure,
        Confidence::Medium,
    );
    let late = says(
        "PRX-2",
        Layer::Proxy,
        at,
        Class::Application,
        Confidence::Medium,
    );
    let same = |told: Told| told.step(|step| step.request = "GET /".to_owned());
    let two = |alike: fn(Told) -> Told| {
        let told = many(Told::new(), "api/a", 2, |told, name| {
            alike(told.answered(name, 502, WEB, &gone))
        });
        let told = many(told, "api/b", 2, |told, name| {
            alike(told.answered(name, 504, WEB, &late))
        });
        told.at(0, 50)
    };
    // Two requests that fail in two ways are two things.
    let apart = two(|told| told).diagnosis();
    assert_eq!(apart.causes.len(), 2);
    assert!(apart.causes.iter().all(|one| one.tied_with.is_empty()));
    // Four of one follow each other, and so overlap only as far as their times do.
    let told = two(same);
    let diagnosis = told.diagnosis();
    assert_eq!(diagnosis.causes.len(), 2);
    assert_eq!(diagnosis.causes[0].tied_with, [1]);
    assert_eq!(diagnosis.causes[1].tied_with, [0]);
    let more = same(told.answered("api/a-9", 502, WEB, &gone));
    assert!(
        more.diagnosis()
            .causes
            .iter()
            .all(|cause| cause.tied_with.is_empty())
    );
}

#[test]
fn one_outage_with_two_faces_is_one_cause_with_the_words_of_most() {
    let silent = says(
        "TCP-3",
        Layer::Transport,
        "sock:db.internal:5432",
        Class::Infrastructure,
        Confidence::Medium,
    );
    let told = database_down().fail(
        "database/silent",
        "tcp.timeout",
        Phase::Connect,
        DB,
        &silent,
    );
    let diagnosis = told.diagnosis();
    // One that waited in vain makes nobody surer than the thirty who were refused.
    assert_eq!(
        all(&diagnosis),
        ["sock:db.internal:5432 transport TCP-1 x31 +0 infrastructure low"]
    );
}

#[test]
fn nothing_failed_and_nothing_is_said() {
    let diagnosis = Told::new().pass("a/b", WEB).diagnosis();
    assert!(diagnosis.causes.is_empty() && diagnosis.failures.is_empty());
    assert_eq!(diagnosis.hidden, 0);
}

#[test]
fn who_expects_a_fault_and_meets_it_did_not_get_through() {
    let mut told = database_down();
    for number in 0..5 {
        told = told
            .fail(
                &format!("security/closed-{number}"),
                "tcp.refused",
                Phase::Connect,
                &DB[..2],
                &refused(),
            )
            .at(100, 200)
            .last(|test| test.status = Status::Passed)
            .step(|step| step.outcome = crate::model::Outcome::Held);
        told.failures.pop();
    }
    assert_eq!(told.diagnosis().causes[0].standing, Standing::Down);
}

#[test]
fn where_nothing_failed_nothing_is_explained_and_no_rule_is_read() {
    let run = Told::new().pass("database/login", DB).pass("web/live", WEB);
    let ours = diagnose(&run.record, Some(Rules::embedded()));
    assert_eq!(diagnose(&run.record, None), ours);
    assert!(ours.is_made() && ours.causes.is_empty() && ours.failures.is_empty());
}

#[test]
fn what_an_application_answers_is_not_behind_a_proxy_that_did_not_reach_it() {
    let origin = "origin:http://web.example:80";
    let page = says(
        "PRX-1",
        Layer::Proxy,
        origin,
        Class::Infrastructure,
        Confidence::Low,
    );
    let told = Told::new()
        .answered("web/one", 502, WEB, &page)
        .answered("web/two", 502, WEB, &page)
        .answered("web/three", 500, WEB, &exception());
    let diagnosis = told.diagnosis();
    let explained: Vec<_> = diagnosis
        .causes
        .iter()
        .map(|one| one.failed.len())
        .collect();
    assert_eq!(explained, [2, 1], "{:?}", all(&diagnosis));
}

#[test]
fn what_stands_in_the_way_of_a_go_is_told_first() {
    let told = Told::new()
        .fail("database/a", "tcp.refused", Phase::Connect, DB, &refused())
        .fail("database/b", "tcp.refused", Phase::Connect, DB, &refused())
        .answered("web/one", 500, WEB, &exception())
        .last(|test| Arc::make_mut(&mut test.header).critical = true);
    let diagnosis = told.diagnosis();
    let explained: Vec<_> = diagnosis
        .causes
        .iter()
        .map(|one| one.failed.len())
        .collect();
    assert_eq!(explained, [1, 2], "{:?}", all(&diagnosis));
}
