use super::*;

use std::sync::Arc;
use std::time::Duration;

use crate::check::to_value;
use crate::model::{
    Fault, FaultKind, KnownFact, Phase, PhaseTime, TcpFault, TlsFault, Value, WebSocketFault,
};
use crate::template::{Lookup, Scope, Secrecy, Template, fill_early};
use crate::yaml::{Sources, parse};

const HTTP: Vocabulary = Vocabulary {
    probe: "http",
    facts: &[
        KnownFact::number("status"),
        KnownFact::HEADERS,
        KnownFact::text("body"),
        KnownFact::JSON,
        KnownFact::size("size"),
    ],
};

/// What is found without words must be what is found with them.
fn evaluate(expectations: &Expectations, seen: &Observation) -> Vec<Finding> {
    let findings = super::evaluate(expectations, seen);
    let all_held = findings.iter().all(|finding| finding.state == State::Held);
    let has_rules = expectations
        .others
        .iter()
        .any(|one| matches!(one, Expectation::Events(_)));
    let is_plain = seen.fault.is_none() && expectations.fault == ExpectedFault::None && !has_rules;
    assert_eq!(
        all_hold(expectations, seen),
        all_held && is_plain,
        "{findings:#?}"
    );
    findings
}

fn read(yaml: &str) -> Result<Expectations, Vec<String>> {
    let mut sources = Sources::default();
    let file = sources.add("t.yaml", yaml);
    let mut problems = Diagnostics::default();
    let node = parse(&sources, file, &mut problems).expect("a tree");
    let decoded = Expectations::decode(&node, HTTP, &sources, &mut problems);
    decoded
        .filter(|_| problems.is_empty())
        .ok_or_else(|| problems.iter().map(|p| p.message.clone()).collect())
}

fn expectations(yaml: &str) -> Expectations {
    read(yaml).unwrap_or_else(|problems| panic!("{yaml}: {problems:?}"))
}

fn seen() -> Observation {
    let text = |text: &str| Value::Untyped(text.to_owned());
    let headers = Value::Map(vec![
        (
            "content-type".into(),
            Value::List(vec![text("application/json")]),
        ),
        (
            "set-cookie".into(),
            Value::List(vec![text("a=1"), text("b=2")]),
        ),
    ]);
    let json = serde_json::json!({ "status": "healthy", "n": null, "items": [{ "ok": true }] });
    Observation {
        latency: Duration::from_millis(124),
        phases: vec![PhaseTime {
            phase: Phase::Tls,
            took: Duration::from_millis(20),
        }],
        ..Observation::default()
    }
    .with("status", Value::int(200))
    .with("headers", headers)
    .with("json", to_value(json))
}

fn stopped(kind: FaultKind) -> Observation {
    Observation {
        latency: Duration::from_millis(3),
        fault: Some(Fault {
            kind,
            phase: Phase::Connect,
            message: "nobody listens".into(),
            origin: None,
        }),
        ..Observation::default()
    }
}

fn states(yaml: &str, seen: &Observation) -> Vec<(String, State)> {
    evaluate(&expectations(yaml), seen)
        .into_iter()
        .map(|finding| (finding.code.to_string(), finding.state))
        .collect()
}

fn held(yaml: &str) -> bool {
    let findings = evaluate(&expectations(yaml), &seen());
    findings.iter().all(|finding| finding.state == State::Held)
}

#[test]
fn an_answer_that_is_right_holds_in_all_its_facts() {
    let yaml = "status: 200\nheaders: { Content-Type: { starts_with: application/json } }\njson: { $.status: healthy, '$.items[*].ok': { each: true } }\nlatency: { below: 5s }\nphases.tls: { below: 1s }\nphases: { tls: { above: 1ms } }\n";
    let findings = evaluate(&expectations(yaml), &seen());
    assert!(
        findings.iter().all(|f| f.state == State::Held),
        "{findings:#?}"
    );
    let texts: Vec<_> = findings
        .iter()
        .map(|f| format!("{} {}", f.path, f.expected))
        .collect();
    assert_eq!(texts, expectations(yaml).texts());
    assert_eq!(
        texts,
        [
            "fault none",
            "status equals 200",
            "headers content-type starts_with application/json",
            "json $.status equals healthy",
            "json $.items[*].ok each equals true",
            "latency below 5s",
            "phases.tls below 1s",
            "phases.tls above 1ms",
        ]
    );
    assert_eq!(findings[1].actual.as_deref(), Some("200"));
    assert_eq!(findings[5].actual.as_deref(), Some("124ms"));
    assert_eq!(
        findings[3].place.as_ref().unwrap().to_string(),
        "t.yaml:3:9"
    );
}

#[test]
fn absent_is_not_null() {
    assert!(held("json: { $.n: null }"));
    assert!(!held("json: { $.missing: null }"));
    assert!(held("json: { $.missing: { exists: false } }"));
    assert!(!held("json: { $.missing: { not: 5 } }"));
    assert!(held("headers: { x-none: { exists: false } }"));
    assert!(!held("headers: { x-none: '' }"));
    assert!(held("body: { exists: false }"));
    assert!(!held("phases.connect: { below: 1s }"));
    let finding = &evaluate(&expectations("json: { $.missing: 1 }"), &seen())[1];
    assert_eq!(
        (finding.actual.as_deref(), finding.detail.as_deref()),
        (None, Some("it is absent"))
    );
}

#[test]
fn what_is_no_json_lacks_nothing() {
    let mut page = seen();
    page.facts.retain(|name, _| name != "json");
    for yaml in [
        "json: { $.error: { exists: false } }",
        "json: { '$.items[*].error': { exists: false } }",
        "json: { $.status: { not: down } }",
    ] {
        let finding = &evaluate(&expectations(yaml), &page)[1];
        assert_eq!(finding.state, State::NotHeld, "{yaml}");
        assert_eq!(finding.detail.as_deref(), Some("what came is no JSON"));
    }
}

#[test]
fn any_value_of_a_repeated_header_may_match() {
    assert!(held("headers: { set-cookie: b=2 }"));
    assert!(!held("headers: { set-cookie: { not: b=2 } }"));
}

#[test]
fn an_unexpected_fault_fails_once_and_first() {
    let fault = FaultKind::Tcp(TcpFault::Refused);
    let yaml =
        "status: 200\nlatency: { below: 1us }\nfault: none\njson: { $.a: { exists: false } }\n";
    assert_eq!(
        states(yaml, &stopped(fault)),
        [
            ("tcp.refused".to_owned(), State::NotHeld),
            ("expect.status".to_owned(), State::NotReached),
            ("expect.latency".to_owned(), State::NotHeld),
            ("expect.json".to_owned(), State::NotReached),
        ]
    );
    let finding = &evaluate(&Expectations::no_fault(), &stopped(fault))[0];
    assert_eq!(
        finding.actual.as_deref(),
        Some("tcp.refused: nobody listens")
    );
    assert_eq!(
        (finding.path.as_str(), finding.expected.as_str()),
        ("fault", "none")
    );
}

#[test]
fn an_expected_fault_must_happen_and_hides_nothing() {
    let expired = stopped(FaultKind::Tls(TlsFault::Expired)).with("status", Value::int(1));
    for fault in ["tls.expired", "tls.*", "[tcp.refused, tls.expired]", "'*'"] {
        let yaml = format!("latency: {{ below: 1s }}\nfault: {fault}\n");
        let findings = evaluate(&expectations(&yaml), &expired);
        assert!(findings.iter().all(|f| f.state == State::Held), "{fault}");
        // In the order written.
        assert_eq!(findings[1].path, "fault");
    }
    // What the fault kept us from seeing does not hold by being out of sight.
    assert_eq!(
        states(
            "fault: tls.expired\nstatus: 1\njson: { $.a: 1 }\n",
            &expired
        ),
        [
            ("expect.fault".to_owned(), State::Held),
            ("expect.status".to_owned(), State::Held),
            ("expect.json".to_owned(), State::NotHeld),
        ]
    );
    assert_eq!(
        states("fault: http.timeout.first_byte\nsize: 1B\n", &expired),
        [
            ("tls.expired".to_owned(), State::NotHeld),
            ("expect.size".to_owned(), State::NotReached),
        ]
    );
    assert_eq!(
        states("fault: tcp.refused\nstatus: 200\n", &seen()),
        [
            ("expect.fault".to_owned(), State::NotHeld),
            ("expect.status".to_owned(), State::Held),
        ]
    );
}

#[test]
fn a_fault_after_what_was_expected_is_not_what_is_wrong() {
    let mut late = stopped(FaultKind::WebSocket(WebSocketFault::TimeoutEvent));
    if let Some(fault) = &mut late.fault {
        fault.phase = Phase::Event;
    }
    let judged = |expected: &str| {
        let expectations = expectations(&format!("fault: {expected}\nsize: 1B\n"));
        evaluate(&expectations, &late)
    };
    for expected in [
        "websocket.refused.401",
        "[websocket.refused.401, websocket.closed.1008]",
        "websocket.refused.*",
    ] {
        let found = judged(expected);
        assert_eq!(found[0].code.as_str(), "expect.fault", "{expected}");
        let actual = found[0].actual.as_deref();
        assert_eq!(actual, Some("none: the handshake was accepted"));
        let detail = found[0].detail.as_deref().unwrap();
        assert!(detail.contains("websocket.timeout.event in phase event"));
        assert_eq!(found[1].state, State::NotReached);
    }
    // It may yet have come, or nothing was said of what is before it.
    for expected in [
        "websocket.closed.1008",
        "websocket.c*",
        "tls.alert.48",
        "[dns.nxdomain, tcp.refused, websocket.closed.1008]",
    ] {
        let found = judged(expected);
        assert_eq!(
            found[0].code.as_str(),
            "websocket.timeout.event",
            "{expected}"
        );
    }
    assert_eq!(judged("none")[0].code.as_str(), "websocket.timeout.event");
}

#[test]
fn mistakes_are_told_at_load() {
    for (yaml, part) in [
        (
            "stauts: 200",
            "`http` does not see `stauts`; did you mean `status`?",
        ),
        ("{status:200}", "a space is missing"),
        ("status: []", "an empty list matches nothing"),
        ("status: [200, 201]", "one value never equals a list"),
        ("status:", "`status` is empty"),
        ("latency: { below: 5 }", "a unit is missing"),
        ("latency: 5", "a unit is missing"),
        (
            "phases.tsl: { below: 5s }",
            "there is no phase `tsl`; did you mean `tls`?",
        ),
        ("phases: { tls: { below: 5 } }", "a unit is missing"),
        (
            "fault: tls.expird",
            "no fault has the code `tls.expird`; did you mean `tls.expired`?",
        ),
        ("fault: tlx.*", "no fault has the code `tlx.*`"),
        ("fault: '*.expired'", "is no code"),
        ("fault: [none, tls.expired]", "cannot both be expected"),
        ("fault: []", "`fault` takes"),
        ("json: { status: 1 }", "begins with `$`"),
        ("json: { '$[': 1 }", "is no JSONPath"),
        ("json: healthy", "`json` takes JSONPaths"),
        ("headers: { 'a b': 1 }", "is no name of a header"),
        ("headers: {}", "`headers` expects nothing"),
        ("{}", "`expect` expects nothing"),
        ("200", "`expect` takes facts"),
    ] {
        let problems = read(yaml).expect_err(yaml);
        assert!(
            problems.iter().any(|p| p.contains(part)),
            "{yaml}: {problems:?}"
        );
    }
    for fault in [
        "sqlite.14",
        "sqlite.*",
        "sqlite.1*",
        "process.signal.9",
        "tls.alert.40",
        "http.timeout.*",
    ] {
        expectations(&format!("fault: {fault}"));
    }
    assert!(read("fault: sqlite.x*").is_err());
    assert_eq!(
        read("stauts: 1\nlatency: 5\njson: { a: 1 }\n")
            .unwrap_err()
            .len(),
        3
    );
}

/// One variable, late or known.
struct One(Lookup);

impl Scope for One {
    fn lookup(&self, name: &str) -> Lookup {
        match name {
            "x" => self.0.clone(),
            _ => Lookup::Unknown,
        }
    }

    fn names(&self) -> Vec<String> {
        vec!["x".into()]
    }
}

/// Decodes with `x` late, then fills `x` and judges.
fn late(yaml: &str, x: Value) -> Result<Vec<Finding>, String> {
    let mut sources = Sources::default();
    let file = sources.add("t.yaml", yaml);
    let mut problems = Diagnostics::default();
    let node = parse(&sources, file, &mut problems).expect("a tree");
    let scope: Arc<dyn Scope> = Arc::new(One(Lookup::Late));
    let early = fill_early(&node, &scope, &sources, &mut problems);
    assert!(early.late);
    let stand_in = Expectations::decode(&early.node, HTTP, &sources, &mut problems)
        .unwrap_or_else(|| panic!("{problems:?}"));
    // What is not filled can never hold.
    let unfilled = evaluate(&stand_in, &seen());
    assert!(unfilled.iter().any(|finding| finding.state != State::Held));

    let template = Template {
        node,
        early: scope,
        sources: Arc::new(sources),
    };
    let filled = template
        .fill(&One(Lookup::Known(x, Secrecy::Public)))
        .map_err(|error| error.0)?;
    let decoded = Expectations::decode_late(&filled, HTTP).map_err(|error| error.0)?;
    Ok(evaluate(&decoded, &seen()))
}

#[test]
fn late_values_are_compared_when_they_are_known() {
    let holds = |yaml: &str, x: Value| {
        late(yaml, x)
            .unwrap()
            .iter()
            .all(|finding| finding.state == State::Held)
    };
    assert!(holds("status: ${x}", Value::int(200)));
    assert!(!holds("status: ${x}", Value::int(201)));
    // Text of a variable may be a number where one is seen.
    assert!(holds("status: ${x}", Value::Untyped("200".into())));
    assert!(holds(
        "status: { between: [1, \"${x}\"] }",
        Value::Untyped("300".into())
    ));
    assert!(holds(
        "json: { $.status: '${x}thy' }",
        Value::Text("heal".into())
    ));
    assert!(holds(
        "latency: { below: \"${x}\" }",
        Value::Text("5s".into())
    ));
    let error = late(
        "latency: { below: \"${x}\" }",
        Value::Text("hunter2222".into()),
    )
    .unwrap_err();
    assert_eq!(
        error,
        "the value of the variable is no duration such as `10s` (t.yaml:1:19)"
    );
}

#[test]
fn a_captured_structure_is_a_value_and_never_a_matcher() {
    let evil = to_value(serde_json::json!({ "exists": true }));
    let findings = late("json: { $.status: '${x}' }", evil.clone()).unwrap();
    assert_eq!(findings[1].state, State::NotHeld);
    let findings = late("status: { not: \"${x}\" }", evil).unwrap();
    assert_eq!(findings[1].expected, "not equals {exists: true}");
    let items = to_value(serde_json::json!([{ "ok": true }]));
    assert_eq!(
        late("json: { $.items: '${x}' }", items).unwrap()[1].state,
        State::Held
    );
}

#[test]
fn very_long_values_are_described_and_not_cut() {
    let secret = "s3cret".repeat(20_000);
    let seen = seen().with("body", Value::Untyped(secret.clone()));
    for yaml in ["body: x", "body: { contains: s3cret }"] {
        let actual = evaluate(&expectations(yaml), &seen)[1].actual.clone();
        assert_eq!(actual.as_deref(), Some("(120000 bytes)"));
    }
}

const STREAM: Vocabulary = Vocabulary {
    probe: "stream",
    facts: &[KnownFact::EVENTS, KnownFact::number("status")],
};

#[test]
fn isolation_is_last_and_needs_something_to_come() {
    let of = |yaml: &str, vocabulary| {
        let mut sources = Sources::default();
        let file = sources.add("t.yaml", yaml);
        let mut problems = Diagnostics::default();
        let node = parse(&sources, file, &mut problems).expect("a tree");
        let decoded = Expectations::decode(&node, vocabulary, &sources, &mut problems);
        decoded.ok_or_else(|| {
            problems
                .iter()
                .map(|p| p.message.clone())
                .collect::<Vec<_>>()
        })
    };
    let isolated = of("isolation: true\nevents: { count: 1 }\n", STREAM).unwrap();
    assert_eq!(
        isolated.texts(),
        ["fault none", "events count equals 1", "isolation"]
    );
    assert_eq!(isolated.isolation().unwrap().to_string(), "t.yaml:1:1");
    // It is judged over all actors.
    assert_eq!(evaluate(&isolated, &seen()).len(), 2);
    let answer = of("status: 200\nisolation: true\n", HTTP).unwrap();
    assert!(answer.isolation().is_some());
    assert!(of("status: 200\n", HTTP).unwrap().isolation().is_none());
    for (yaml, vocabulary, part) in [
        ("isolation: true", STREAM, "needs `events` beside it"),
        (
            "{ isolation: true, status: 101 }",
            STREAM,
            "needs `events` beside it",
        ),
        ("isolation: true", HTTP, "a page of errors is isolated, too"),
        (
            "{ isolation: true, fault: none }",
            HTTP,
            "a page of errors is isolated, too",
        ),
        (
            "{ isolation: false, status: 200 }",
            HTTP,
            "`isolation` takes `true`",
        ),
        (
            "{ isolation: yes, status: 200 }",
            HTTP,
            "`isolation` takes `true`",
        ),
        (
            "{ isolation: , status: 200 }",
            HTTP,
            "`isolation` takes `true`",
        ),
        (
            "{ isolaton: true, status: 200 }",
            HTTP,
            "did you mean `isolation`?",
        ),
    ] {
        let told = of(yaml, vocabulary).expect_err(yaml);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains(part), "{yaml}: {told:?}");
    }
}

#[test]
fn a_fault_stands_where_it_is_written_among_rules() {
    let mut sources = Sources::default();
    let file = sources.add(
        "t.yaml",
        "events: { strict: [a], count: 1 }\nfault: none\nstatus: 101\n",
    );
    let mut problems = Diagnostics::default();
    let node = parse(&sources, file, &mut problems).expect("a tree");
    let decoded = Expectations::decode(&node, STREAM, &sources, &mut problems).unwrap();
    let texts = decoded.texts();
    assert_eq!(texts[3..], ["fault none", "status equals 101"]);
    let findings = evaluate(&decoded, &seen());
    let paths: Vec<_> = findings.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "events key",
            "events strict",
            "events count",
            "fault",
            "status"
        ]
    );
}

const LOG: Vocabulary = Vocabulary {
    probe: "log",
    facts: &[KnownFact::counts("counts", "patterns")],
};

fn counted(yaml: &str) -> Result<Expectations, Vec<String>> {
    let mut sources = Sources::default();
    let file = sources.add("t.yaml", yaml);
    let mut problems = Diagnostics::default();
    let node = parse(&sources, file, &mut problems).expect("a tree");
    let decoded = Expectations::decode(&node, LOG, &sources, &mut problems);
    decoded.ok_or_else(|| problems.iter().map(|p| p.message.clone()).collect())
}

#[test]
fn each_number_by_name_is_a_finding_of_its_own() {
    let expected = counted("counts: { crashes: 0, starts: { at_least: 2 }, gone: 0 }").unwrap();
    let texts = expected.texts();
    assert_eq!(
        texts[1..],
        [
            "counts.crashes equals 0",
            "counts.starts at_least 2",
            "counts.gone equals 0"
        ]
    );
    let counts = [("crashes", 1), ("starts", 3)];
    let counts = counts.map(|(name, count)| (name.to_owned(), Value::int(count)));
    let seen = Observation::default().with("counts", Value::Map(counts.into()));
    let told: Vec<_> = evaluate(&expected, &seen)
        .into_iter()
        .map(|one| (one.code.to_string(), one.path, one.actual, one.state))
        .collect();
    let finding = |name: &str, actual: Option<&str>, state| {
        let path = format!("counts.{name}");
        let actual = actual.map(str::to_owned);
        (format!("expect.{path}"), path, actual, state)
    };
    // What was not counted is not 0.
    let all = [
        finding("crashes", Some("1"), State::NotHeld),
        finding("starts", Some("3"), State::Held),
        finding("gone", None, State::NotHeld),
    ];
    assert_eq!(told[1..], all);
}

#[test]
fn slips_about_numbers_by_name_are_told() {
    for (yaml, why) in [
        ("counts: 0", "`counts` takes names and what their numbers"),
        ("counts: {}", "`counts`"),
        ("counts: { a: none }", "none"),
        ("counts: { a: }", "nothing to compare with"),
    ] {
        let told = counted(yaml).unwrap_err();
        assert!(told[0].contains(why), "{yaml}: {told:?}");
    }
}

#[test]
fn a_probe_says_why_a_fact_is_as_it_is() {
    let expected = crate::check::testing::expectations("{ status: 200 }");
    let why = "it was told to";
    let of = |seen: Observation| {
        let findings = evaluate(
            &expected,
            &seen.with("status.why", Value::Text(why.to_owned())),
        );
        findings.into_iter().find_map(|one| one.detail)
    };
    let seen = |status: u64| Observation::default().with("status", Value::int(status));
    assert_eq!(of(Observation::default()).as_deref(), Some(why));
    assert_eq!(of(seen(503)).as_deref(), Some(why));
    assert_eq!(of(seen(200)), None);
}
