mod mistakes;
mod only;
mod timing;

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::check::{Expectations, Vocabulary, evaluate, to_value};
use crate::model::{
    Data, Fault, FaultKind, Finding, KnownFact, Observation, Phase, Received, State, TcpFault,
    Value,
};
use crate::template::{Lookup, Scope, Secrecy, fill_early};
use crate::yaml::{Diagnostics, Sources, parse};

const STREAM: Vocabulary = Vocabulary {
    probe: "stream",
    facts: &[
        KnownFact::EVENTS,
        KnownFact::list("sends"),
        KnownFact::duration("listened"),
        KnownFact::truth("ended"),
    ],
};

/// The rules of an agent, as a suite has them.
const AGENT: &str = "partial:
  before: [[agent_started, agent_thinking], [agent_started, \"*\"]]
  pairs: [{ first: tool_executing, then: tool_completed, by: $.tool_id }]
  once: [agent_started, agent_completed]
  last: agent_completed
counts: { agent_thinking: { at_least: 1 }, tool_executing: { at_least: 1 } }
forbidden: [error, agent_failed]
each: { agent_completed: { $.answer: { type: string, empty: false } } }
";

fn read(rules: &str) -> Result<Expectations, Vec<String>> {
    let yaml = format!("events:\n  {}\n", rules.trim_end().replace('\n', "\n  "));
    let mut sources = Sources::default();
    let file = sources.add("t.yaml", yaml);
    let mut problems = Diagnostics::default();
    let node = parse(&sources, file, &mut problems).expect("a tree");
    let decoded = Expectations::decode(&node, STREAM, &sources, &mut problems);
    let told = problems.iter().map(|problem| {
        let at = problem.span.map(|span| sources.position(span));
        let at = at.map_or_else(String::new, |at| format!("{}:{} ", at.line - 1, at.column));
        format!("{at}{}", problem.message)
    });
    let told: Vec<_> = told.collect();
    decoded.filter(|_| told.is_empty()).ok_or(told)
}

fn rules(rules: &str) -> Expectations {
    read(rules).unwrap_or_else(|problems| panic!("{rules}: {problems:#?}"))
}

/// Events of these documents, ten milliseconds apart, after a send at 0.
fn stream(documents: &[Json]) -> Observation {
    let received = documents.iter().enumerate().map(|(at, document)| {
        let at = Duration::from_millis(10 * (at as u64 + 1));
        received(at, document).into_value()
    });
    Observation::default()
        .with("events", Value::List(received.collect()))
        .with("listened", Value::Duration(Duration::from_mins(1)))
        .with("ended", Value::Bool(false))
}

fn received(at: Duration, document: &Json) -> Received {
    let (text, json) = match document {
        Json::String(text) => (text.clone(), None),
        document => (document.to_string(), Some(to_value(document.clone()))),
    };
    Received {
        at,
        since_send: Some(at),
        event: None,
        id: None,
        data: Data::Text(text, json),
    }
}

/// `a b:1` as events `{type: a}` and `{type: b, id: 1}`.
fn named(names: &str) -> Observation {
    let document = |word: &str| match word.split_once(':') {
        Some((name, id)) => json!({ "type": name, "id": id }),
        None => json!({ "type": word }),
    };
    let documents: Vec<_> = names.split_whitespace().map(document).collect();
    stream(&documents)
}

/// What does not hold, by its path; what was not reached with a `?`.
fn broken(rules: &Expectations, seen: &Observation) -> Vec<String> {
    let findings = evaluate(rules, seen);
    let texts: Vec<_> = findings
        .iter()
        .map(|one| format!("{} {}", one.path, one.expected))
        .collect();
    assert_eq!(texts, rules.texts());
    let path = |one: &Finding| {
        let path = one.path.trim_start_matches("events ").to_owned();
        match one.state {
            State::NotHeld => Some(path),
            State::NotReached => Some(format!("{path}?")),
            State::Held | State::Undecided { .. } => None,
        }
    };
    findings.iter().filter_map(path).collect()
}

/// The first finding that does not hold.
fn finding(yaml: &str, seen: &Observation) -> Finding {
    let findings = evaluate(&rules(yaml), seen);
    let first = findings.into_iter().find(|one| one.state == State::NotHeld);
    first.unwrap_or_else(|| panic!("{yaml} holds"))
}

fn agent() -> Vec<Json> {
    vec![
        json!({ "type": "agent_started", "run": "r-1" }),
        json!({ "type": "agent_thinking", "seq": 1 }),
        json!({ "type": "tool_executing", "tool_id": "t-1" }),
        json!({ "type": "tool_completed", "tool_id": "t-1" }),
        json!({ "type": "agent_completed", "answer": "42" }),
    ]
}

#[test]
fn an_agent_that_is_right_holds_in_every_rule() {
    assert_eq!(broken(&rules(AGENT), &stream(&agent())), [""; 0]);
    assert_eq!(
        rules(AGENT).texts(),
        [
            "fault none",
            "events key $.type names every event, and at least one comes",
            "events partial.before agent_started before agent_thinking",
            "events partial.before agent_started before every other",
            "events partial.pairs tool_executing then tool_completed, one to one by $.tool_id",
            "events partial.once agent_started, agent_completed",
            "events partial.last agent_completed",
            "events counts.agent_thinking at_least 1",
            "events counts.tool_executing at_least 1",
            "events forbidden error, agent_failed",
            "events each.agent_completed $.answer type string and empty: false",
        ]
    );
    let places: Vec<_> = evaluate(&rules(AGENT), &stream(&agent()))
        .iter()
        .filter_map(|one| Some(one.place.as_ref()?.to_string()))
        .collect();
    assert_eq!(
        places[..4],
        ["t.yaml:1:1", "t.yaml:3:14", "t.yaml:3:47", "t.yaml:4:13"]
    );
}

/// A change of a stream that was right.
type Change = fn(&mut Vec<Json>);

/// Each with the rules it breaks.
const CHANGES: &[(&str, Change, &[&str])] = &[
    ("no start", |e| drop(e.remove(0)), &["partial.once"]),
    (
        "no thought",
        |e| drop(e.remove(1)),
        &["counts.agent_thinking"],
    ),
    (
        "no tool",
        |e| drop(e.drain(2..4)),
        &["counts.tool_executing"],
    ),
    (
        "no tool's start",
        |e| drop(e.remove(2)),
        &["partial.pairs", "counts.tool_executing"],
    ),
    ("no tool's end", |e| drop(e.remove(3)), &["partial.pairs"]),
    (
        "no end",
        |e| drop(e.pop()),
        &["partial.once", "partial.last"],
    ),
    (
        "two starts",
        |e| e.insert(1, e[0].clone()),
        &["partial.once"],
    ),
    ("two thoughts", |e| e.insert(1, e[1].clone()), &[]),
    (
        "two tools' starts",
        |e| e.insert(2, e[2].clone()),
        &["partial.pairs"],
    ),
    (
        "two tools' ends",
        |e| e.insert(3, e[3].clone()),
        &["partial.pairs"],
    ),
    ("two ends", |e| e.push(e[4].clone()), &["partial.once"]),
    (
        "the tool turned round",
        |e| e.swap(2, 3),
        &["partial.pairs"],
    ),
    (
        "the thought first",
        |e| e.swap(0, 1),
        &["partial.before", "partial.before"],
    ),
    ("the end early", |e| e.swap(3, 4), &["partial.last"]),
    (
        "a tool without its id",
        |e| e[2] = json!({ "type": "tool_executing" }),
        &["partial.pairs"],
    ),
    (
        "a tool whose id is null",
        |e| e[3]["tool_id"] = Json::Null,
        &["partial.pairs"],
    ),
    (
        "another tool's end",
        |e| e[3]["tool_id"] = "t-2".into(),
        &["partial.pairs"],
    ),
    (
        "an id of another type",
        |e| {
            e[2]["tool_id"] = 1.into();
            e[3]["tool_id"] = "1".into();
        },
        &["partial.pairs"],
    ),
    (
        "an empty answer",
        |e| e[4]["answer"] = "".into(),
        &["each.agent_completed $.answer"],
    ),
    (
        "no answer",
        |e| e[4] = json!({ "type": "agent_completed" }),
        &["each.agent_completed $.answer"],
    ),
    (
        "no JSON",
        |e| e[1] = "thinking".into(),
        &["key", "counts.agent_thinking"],
    ),
    (
        "no name",
        |e| e[1] = json!({ "kind": "agent_thinking" }),
        &["key", "counts.agent_thinking"],
    ),
];

#[test]
fn what_is_wrong_breaks_its_rules_and_no_other() {
    let mut wrong = Vec::new();
    let one = |name: &str| json!({ "type": name });
    let agent_rules = rules(AGENT);
    for (what, change, wanted) in CHANGES {
        let mut events = agent();
        change(&mut events);
        let told = broken(&agent_rules, &stream(&events));
        if told != *wanted {
            wrong.push((what, told));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    for name in ["error", "agent_failed"] {
        let mut events = agent();
        events.insert(1, one(name));
        assert_eq!(broken(&agent_rules, &stream(&events)), ["forbidden"]);
    }
}

#[test]
fn silence_proves_nothing() {
    let silence = stream(&[]);
    let told = broken(&rules(AGENT), &silence);
    assert_eq!(told[0], "key");
    // Not one rule holds.
    assert_eq!(told.len() + 1, rules(AGENT).texts().len());
    for yaml in [
        "forbidden: [error]",
        "counts: { a: { at_most: 3 } }",
        "count: { at_most: 10 }",
        "count: { below: 1 }",
        "quiet: { at_least: 1s }",
        "key: $.type",
        "each: { '*': { $.a: { exists: false } } }",
        "first: { below: 5s }",
        "total: { below: 5s }",
        "gap: { below: 5s }",
        "count: { at_least: 1 }",
        "strict: [a]",
    ] {
        let findings = evaluate(&rules(yaml), &silence);
        assert!(
            findings[1..].iter().all(|one| one.state != State::Held),
            "{yaml}: {findings:#?}"
        );
        assert!(
            findings[1..].iter().any(|one| one.state == State::NotHeld),
            "{yaml}"
        );
    }
    // Unless 0 is said.
    for yaml in [
        "count: 0",
        "{ count: { between: [0, 10] }, forbidden: [error] }",
        "{ count: { at_least: 0 }, key: $.type }",
        "{ count: 0, quiet: { at_least: 30s } }",
    ] {
        assert_eq!(broken(&rules(yaml), &silence), [""; 0], "{yaml}");
    }
    assert_eq!(broken(&rules("count: 0"), &named("a")), ["count"]);
}

#[test]
fn an_event_without_a_name_breaks_the_key() {
    let told = finding(
        "forbidden: [error]",
        &stream(&[
            json!({ "event": "error", "id": 1 }),
            json!({ "event": "done" }),
        ]),
    );
    assert_eq!(told.path, "events key");
    assert_eq!(told.actual.as_deref(), Some("no $.type in any of 2 events"));
    let detail = told.detail.unwrap();
    assert!(detail.starts_with("they have $.event, $.id\n"), "{detail}");
    // What is forbidden by name has not stayed away where nobody has a name.
    assert_eq!(
        broken(
            &rules("forbidden: [error]"),
            &stream(&[json!({ "event": "error" })])
        ),
        ["key", "forbidden?"]
    );
    let mixed = stream(&[
        json!({ "type": "a" }),
        "rubbish".into(),
        json!([1]),
        json!({ "type": "" }),
    ]);
    let told = finding("forbidden: [error]", &mixed);
    assert_eq!(told.actual.as_deref(), Some("no $.type in 3 of 4 events"));
    assert!(
        told.detail
            .unwrap()
            .starts_with("1 of them is no JSON; they have $.type\n")
    );
    assert_eq!(
        broken(&rules("{ forbidden: [error], unnamed: 3 }"), &mixed),
        [""; 0]
    );
    assert_eq!(
        broken(&rules("{ forbidden: [error], unnamed: 2 }"), &mixed),
        ["key"]
    );
    // A name that nobody has is no name, however many may be without one.
    let nameless = stream(&["a".into(), "b".into()]);
    assert_eq!(
        broken(&rules("{ forbidden: [error], unnamed: 9 }"), &nameless),
        ["key", "forbidden?"]
    );
    // An event without a name is another event.
    assert_eq!(
        broken(&rules("{ unnamed: 3, partial: { last: a } }"), &mixed),
        ["partial.last"]
    );
    assert_eq!(broken(&rules("count: { at_least: 4 }"), &mixed), [""; 0]);
}

#[test]
fn names_may_be_numbers_and_stand_anywhere() {
    let numbers = stream(&[json!({ "op": [1] }), json!({ "op": [true] })]);
    assert_eq!(
        broken(&rules("{ key: '$.op[0]', strict: [1, true] }"), &numbers),
        [""; 0]
    );
    let mut entries = Vec::new();
    for name in ["token", "done"] {
        let event = Received {
            event: Some(name.to_owned()),
            ..received(Duration::ZERO, &"text".into())
        };
        entries.push(event.into_value());
    }
    let sse = Observation::default().with("events", Value::List(entries));
    assert_eq!(
        broken(&rules("{ key: event, strict: [token, done] }"), &sse),
        [""; 0]
    );
    assert_eq!(
        broken(&rules("{ key: event, strict: [token] }"), &named("token")),
        ["key", "strict"]
    );
}

#[test]
fn orders() {
    // Rules, a stream that keeps them, and one that does not.
    for (yaml, good, bad) in [
        ("strict: [a, b, a]", "a b a", "a b a a"),
        ("strict: [a, b]", "a b", "b a"),
        ("strict: [a, b]", "a b", "a"),
        ("{ strict: [a, b], ignore: [h] }", "h a h b h", "a c b"),
        ("subsequence: [a, c]", "x a b c c", "c a"),
        ("subsequence: [a, a]", "a b a", "a"),
        ("subsequence: [a]", "b a", "b"),
        ("any_order: [b, a, b]", "a x b y b", "a b"),
        ("any_order: [b, a]", "a b", "a b b"),
        (
            "partial: { once: [a, b], before: [['*', b]] }",
            "x a b",
            "a b x",
        ),
        ("partial: { once: [a], before: [[a, '*']] }", "a b", "b a"),
        (
            "{ partial: { before: [[a, b]] }, counts: { a: { at_least: 1 }, b: { at_least: 1 } } }",
            "a a b b",
            "a b a",
        ),
        // Of what never comes there is nothing to order.
        (
            "{ partial: { before: [[a, b]] }, counts: { a: { at_least: 0 }, b: { at_least: 0 } } }",
            "c",
            "b a",
        ),
        ("partial: { last: b }", "b a b", "b a"),
        ("partial: { last: b }", "b", "a"),
        ("{ partial: { last: b }, ignore: [h] }", "b h", "b a h"),
        (
            "{ partial: { pairs: [{ first: a, then: b }] }, counts: { a: { at_least: 1 } } }",
            "a a b b",
            "a b b a",
        ),
        (
            "{ partial: { pairs: [{ first: a, then: b }] }, counts: { a: { at_least: 1 } } }",
            "a b a b",
            "a b a",
        ),
        (
            "{ partial: { pairs: [{ first: a, then: b, by: $.id }] }, counts: { a: { at_least: 1 } } }",
            "a:1 a:2 b:2 b:1",
            "a:1 b:2 a:2 b:1",
        ),
        ("counts: { a: 2 }", "a b a", "a"),
        ("counts: { a: { between: [1, 2] } }", "a b a", "a a a"),
        ("{ count: 2, ignore: [h] }", "a h b", "a b c"),
        ("forbidden: [error]", "a", "a error"),
        (
            "each: { '*': { $.id: { in: ['1', '2'] } } }",
            "a:1 b:2",
            "a:1 b:3",
        ),
    ] {
        let rules = rules(yaml);
        assert_eq!(broken(&rules, &named(good)), [""; 0], "{yaml}: {good}");
        assert_ne!(broken(&rules, &named(bad)), [""; 0], "{yaml}: {bad}");
    }
}

#[test]
fn what_was_not_seen_is_not_reached() {
    let fault = Fault {
        kind: FaultKind::Tcp(TcpFault::Refused),
        phase: Phase::Connect,
        message: "nobody listens".into(),
        origin: None,
    };
    let refused = Observation {
        fault: Some(fault),
        ..Observation::default()
    };
    let agent_rules = rules(AGENT);
    let findings = evaluate(&agent_rules, &refused);
    assert_eq!(findings.len(), agent_rules.texts().len());
    assert_eq!(findings[0].state, State::NotHeld);
    assert!(
        findings[1..]
            .iter()
            .all(|one| one.state == State::NotReached)
    );
    // A stream that was refused is none, and its fault says so.
    let closed = refused.clone().with("events", Value::List(Vec::new()));
    let findings = evaluate(&agent_rules, &closed);
    assert!(
        findings[1..]
            .iter()
            .all(|one| one.state == State::NotReached)
    );
    let absent = evaluate(&agent_rules, &Observation::default());
    assert!(absent[1..].iter().all(|one| one.state == State::NotHeld));
    assert_eq!(absent[1].detail.as_deref(), Some("it is absent"));
    // What came before the fault is judged.
    let cut = Observation {
        fault: refused.fault.clone(),
        ..stream(&agent()[..3])
    };
    let told: Vec<_> = evaluate(&agent_rules, &cut)
        .into_iter()
        .filter(|one| one.state == State::NotHeld)
        .map(|one| one.path)
        .collect();
    assert_eq!(
        told,
        [
            "fault",
            "events partial.pairs",
            "events partial.once",
            "events partial.last"
        ]
    );
}

#[test]
fn a_list_shows_what_came_and_where_it_broke() {
    let mut events = agent();
    events[4]["answer"] = "a".repeat(1204).into();
    events.remove(3);
    events.push(events[3].clone());
    events.insert(1, "{half".into());
    let told = finding(AGENT, &stream(&events));
    assert_eq!(told.path, "events key");
    assert_eq!(
        told.detail.unwrap().lines().collect::<Vec<_>>(),
        [
            "1 of them is no JSON",
            "1  +0.010s  agent_started    run: r-1",
            "2  +0.020s  -                {half                 <- no name",
            "3  +0.030s  agent_thinking   seq: 1",
            "4  +0.040s  tool_executing   tool_id: t-1          <- no tool_completed for t-1",
            "5  +0.050s  agent_completed  answer: (1204 bytes)",
            "6  +0.060s  agent_completed  answer: (1204 bytes)  <- agent_completed came 2 times",
        ]
    );
}

#[test]
fn a_strict_list_is_shown_as_a_difference() {
    let told = finding("strict: [a, b, c, d]", &named("a c x d e"));
    assert_eq!(told.actual.as_deref(), Some("5 events"));
    assert_eq!(
        told.detail.unwrap().lines().collect::<Vec<_>>(),
        [
            "event 2 is c, where b was to come",
            "  1  +0.010s  a",
            "-             b",
            "  2  +0.020s  c",
            "+ 3  +0.030s  x",
            "  4  +0.040s  d",
            "+ 5  +0.050s  e",
        ]
    );
}

#[test]
fn only_the_first_that_is_broken_shows_the_list() {
    let findings = evaluate(&rules("counts: { a: 2, b: 2 }"), &named("a b"));
    let details: Vec<_> = findings
        .iter()
        .filter_map(|one| one.detail.as_deref())
        .collect();
    assert_eq!(details.len(), 1, "{details:?}");
    assert!(details[0].contains("1  +0.010s  a"));
}

#[test]
fn a_long_list_is_bounded_and_shows_what_is_broken() {
    let mut words = vec!["chunk"; 20_000];
    words[7_000] = "error";
    words[9_000] = "error";
    let told = finding("forbidden: [error]", &named(&words.join(" ")));
    assert_eq!(
        told.actual.as_deref(),
        Some("error 2 times, first as event 7001")
    );
    let detail = told.detail.unwrap();
    assert!(detail.lines().count() <= 40, "{detail}");
    for line in [" 7001   +70.010s  error", " 9001   +90.010s  error"] {
        assert!(detail.contains(line), "{detail}");
    }
    assert!(detail.ends_with("in all 19998 chunk, 2 error"), "{detail}");
    let many = finding("forbidden: [chunk]", &named(&words.join(" ")));
    assert!(many.detail.unwrap().lines().count() <= 40);
    // Names and values of any length.
    let long =
        json!({ "type": "t".repeat(100_000), "x": "y".repeat(100_000), "z".repeat(100_000): 1 });
    let told = finding("count: 5", &stream(&vec![long; 40]));
    assert!(told.detail.unwrap().len() < 8 * 1024);
    let told = finding(
        "partial: { last: done }",
        &stream(&[json!({ "type": "t".repeat(100_000) })]),
    );
    assert!(format!("{told:?}").len() < 1024);
}

#[test]
fn each_rule_looks_at_each_event_once() {
    let yaml = "partial:
  before: [[started, '*'], [started, call]]
  pairs: [{ first: call, then: result, by: $.id }]
  once: [started, done]
  last: done
counts: { call: { at_least: 1 } }
forbidden: [error]
each: { result: { $.id: { type: string } } }
count: { at_least: 5 }
";
    let looks = |pairs: usize| {
        let mut text = String::from("started");
        for id in 0..pairs {
            text.extend([" call:", &id.to_string()]);
        }
        for id in 0..pairs {
            text.extend([" result:", &id.to_string()]);
        }
        let seen = named(&(text + " done"));
        let mut sources = Sources::default();
        let file = sources.add(
            "t.yaml",
            format!("events:\n  {}", yaml.replace('\n', "\n  ")),
        );
        let mut problems = Diagnostics::default();
        let node = parse(&sources, file, &mut problems).unwrap();
        let entry = &node.as_mapping().unwrap()[0];
        let rules = super::decode(entry, &sources, &mut problems).unwrap();
        let stream = super::stream::Stream::of(&seen, &rules).unwrap();
        for rule in &rules.all {
            let outcome = rules.outcome(rule, &stream, &seen);
            assert_eq!(outcome.state, State::Held, "{}", rule.path());
        }
        (stream.looks.get(), rules.all.len() * stream.events.len())
    };
    let (few, _) = looks(500);
    let (many, most) = looks(10_000);
    assert!(many <= most, "{many} looks");
    assert!(many <= few * 21, "{few} looks, then {many}");
}

struct Names;

impl Scope for Names {
    fn lookup(&self, name: &str) -> Lookup {
        match name {
            "late" => Lookup::Late,
            "name" => Lookup::Known(Value::Text("a".into()), Secrecy::Public),
            "names" => Lookup::Known(
                Value::List(vec![Value::Text("a".into()), Value::Text("b".into())]),
                Secrecy::Public,
            ),
            "rules" => Lookup::Known(
                Value::Map(vec![("count".into(), Value::int(1))]),
                Secrecy::Public,
            ),
            _ => Lookup::Unknown,
        }
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

fn filled(yaml: &str) -> Result<Expectations, Vec<String>> {
    let mut sources = Sources::default();
    let file = sources.add("t.yaml", format!("events: {yaml}\n"));
    let mut problems = Diagnostics::default();
    let node = parse(&sources, file, &mut problems).expect("a tree");
    let early = fill_early(&node, &Names, &sources, &mut problems);
    let decoded = Expectations::decode(&early.node, STREAM, &sources, &mut problems);
    let told: Vec<_> = problems
        .iter()
        .map(|problem| problem.message.clone())
        .collect();
    decoded.filter(|_| told.is_empty()).ok_or(told)
}

#[test]
fn names_and_limits_may_come_from_variables_and_structure_may_not() {
    let rules = filled("{ strict: \"${names}\" }").unwrap();
    assert_eq!(broken(&rules, &named("a b")), [""; 0]);
    let rules = filled("{ partial: { once: [\"${name}\"] }, counts: { b: \"${late}\" } }").unwrap();
    assert_eq!(
        rules.texts()[2..],
        ["events partial.once a", "events counts.b equals …"]
    );
    // What was never filled never holds.
    assert_eq!(broken(&rules, &named("a b")), ["counts.b"]);
    for yaml in [
        "{ strict: [a, \"${late}\"] }",
        "{ strict: \"${late}\" }",
        "{ forbidden: [\"${late}\"] }",
        "{ partial: { last: \"${late}\" } }",
        "{ partial: { before: [[\"${late}\", b]], once: [a] } }",
        "{ first: { below: \"${late}\" } }",
    ] {
        let rules = filled(yaml).unwrap_or_else(|told| panic!("{yaml}: {told:?}"));
        let rules_texts = rules.texts().join("; ");
        assert!(rules_texts.contains('…'), "{rules_texts}");
        assert_ne!(broken(&rules, &named("a b")), [""; 0], "{yaml}");
    }
    for yaml in [
        "\"${rules}\"",
        "{ partial: \"${rules}\" }",
        "{ counts: \"${late}\" }",
        "{ first: \"${late}\" }",
        "{ key: \"${late}\", count: 1 }",
    ] {
        assert_eq!(filled(yaml).expect_err(yaml).len(), 1, "{yaml}");
    }
}

proptest! {
    /// Whatever keeps to the partial order holds, whatever it is.
    #[test]
    fn every_order_that_is_allowed_holds(seed in prop::collection::vec(any::<u32>(), 12)) {
        // Three tools and two thoughts, merged in any way that keeps each tool's end behind its start.
        let mut lanes: Vec<Vec<Json>> = (0..3)
            .map(|tool| vec![
                json!({ "type": "tool_completed", "tool_id": tool }),
                json!({ "type": "tool_executing", "tool_id": tool }),
            ])
            .collect();
        lanes.extend((0..2).map(|seq| vec![json!({ "type": "agent_thinking", "seq": seq })]));
        let mut events = vec![agent()[0].clone()];
        for pick in seed {
            lanes.retain(|lane| !lane.is_empty());
            if lanes.is_empty() { break }
            let at = pick as usize % lanes.len();
            events.extend(lanes[at].pop());
        }
        for mut lane in lanes {
            while let Some(event) = lane.pop() { events.push(event) }
        }
        events.push(agent()[4].clone());
        let told = broken(&rules(AGENT), &stream(&events));
        prop_assert!(told.is_empty(), "{:?} of {:?}", told, events);
    }

    /// A strict list holds of itself, and of nothing that differs from it.
    #[test]
    fn a_strict_list_holds_of_itself_alone(
        wanted in prop::collection::vec(0_u8..4, 1..12),
        came in prop::collection::vec(0_u8..4, 1..12),
    ) {
        let text = |letters: &[u8], between: &str| {
            let names: Vec<_> = letters.iter().map(|letter| format!("n{letter}")).collect();
            names.join(between)
        };
        let rules = rules(&format!("strict: [{}]", text(&wanted, ", ")));
        let seen = named(&text(&came, " "));
        prop_assert_eq!(broken(&rules, &seen).is_empty(), wanted == came);
        // The difference is whole: what came is there, and what was to come.
        let finding = evaluate(&rules, &seen).remove(2);
        if let Some(detail) = finding.detail.filter(|_| wanted != came) {
            let lines: Vec<_> = detail.lines().skip(1).collect();
            let of = |sign: char| lines.iter().filter(|line| line.starts_with(sign)).count();
            prop_assert_eq!(of(' ') + of('+'), came.len());
            prop_assert_eq!(of(' ') + of('-'), wanted.len());
        }
    }
}
