use super::*;

use crate::check::to_value;
use crate::model::KnownFact;
use crate::yaml::parse;

const ALL: Vocabulary = Vocabulary {
    probe: "http",
    facts: &[
        KnownFact::number("status"),
        KnownFact::HEADERS,
        KnownFact::text("body"),
        KnownFact::JSON,
        KnownFact::list("rows"),
    ],
};

fn read(yaml: &str) -> Result<Captures, Vec<String>> {
    let mut sources = Sources::default();
    let file = sources.add("t.yaml", yaml);
    let mut problems = Diagnostics::default();
    let node = parse(&sources, file, &mut problems).expect("a tree");
    let decoded = Captures::decode(&node, ALL, &sources, &mut problems);
    decoded.ok_or_else(|| problems.iter().map(|p| p.message.clone()).collect())
}

fn seen() -> Observation {
    let text = |text: &str| Value::Untyped(text.to_owned());
    Observation::default()
        .with("status", Value::int(302))
        .with("body", text("id=42; name=x"))
        .with(
            "headers",
            Value::Map(vec![(
                "location".into(),
                Value::List(vec![text("/a"), text("/b?t=1")]),
            )]),
        )
        .with(
            "json",
            to_value(serde_json::json!({ "t": "abc", "n": null, "ids": [1, 2] })),
        )
        .with("rows", to_value(serde_json::json!([{ "id": 7 }])))
}

fn take(capture: &str) -> Result<Value, (String, String)> {
    let captures = read(&format!("x: {capture}")).unwrap_or_else(|p| panic!("{capture}: {p:?}"));
    let (mut captured, findings) = captures.take(&seen());
    match captured.pop() {
        Some(captured) => {
            assert!(findings.is_empty());
            assert_eq!(captured.name, "x");
            Ok(captured.value)
        }
        None => Err((
            findings[0].code.to_string(),
            findings[0].detail.clone().unwrap(),
        )),
    }
}

#[test]
fn values_are_taken_from_where_they_stand() {
    let text = |text: &str| Ok(Value::Untyped(text.to_owned()));
    assert_eq!(take("{ json: $.t }"), Ok(Value::Text("abc".into())));
    assert_eq!(
        take("{ json: '$.ids[*]' }"),
        Ok(Value::List(vec![Value::int(1), Value::int(2)]))
    );
    assert_eq!(take("{ headers: Location }"), text("/a"));
    assert_eq!(
        take("{ headers: location, matches: 't=(\\d+)' }"),
        text("1")
    );
    for path in ["[0, id]", "[last, id]", "[-1, id]"] {
        assert_eq!(take(&format!("{{ rows: {path} }}")), Ok(Value::int(7)));
    }
    assert_eq!(take("{ body: true, matches: 'id=(\\d+)' }"), text("42"));
    assert_eq!(take("{ status: true }"), Ok(Value::int(302)));
    assert_eq!(take("{ status: true, matches: '(.)..' }"), text("3"));
    assert_eq!(
        take("{ latency: true }"),
        Ok(Value::Duration(std::time::Duration::ZERO))
    );
}

#[test]
fn finding_nothing_does_not_hold() {
    for (capture, why) in [
        ("{ json: $.missing }", "nothing is there"),
        ("{ json: $..missing }", "nothing is there"),
        ("{ json: $.n }", "it is null"),
        ("{ headers: x-none }", "nothing is there"),
        ("{ rows: [1, id] }", "there is no item 1 among 1"),
        ("{ rows: [-2, id] }", "there is no item -2 among 1"),
        ("{ rows: [last, last] }", "there is no `last`"),
        ("{ rows: [0, nam] }", "there is no `nam`"),
        ("{ rows: [0, id, 0] }", "there is no item 0 in a number"),
        (
            "{ body: true, matches: 'nr=(.)' }",
            "it does not match nr=(.)",
        ),
        ("{ phases.tls: true }", "nothing is there"),
    ] {
        assert_eq!(
            take(capture),
            Err(("capture.x".to_owned(), why.to_owned())),
            "{capture}"
        );
    }
}

#[test]
fn mistakes_are_told_at_load() {
    for (yaml, part) in [
        ("Token: { json: $.t }", "is no name"),
        ("uuid: { json: $.t }", "a meaning of its own"),
        ("x: $.t", "expected a fact and a path"),
        ("x: { secret: true }", "comes from no fact"),
        ("x: { json: $.t, body: true }", "already comes from another"),
        ("x: { jsn: $.t }", "did you mean `json`?"),
        ("x: { json: t }", "begins with `$`"),
        ("x: { json: $.t, matches: abc }", "has no group"),
        ("x: { json: $.t, matches: '(' }", "does not parse"),
        ("x: { json: $.t, secret: maybe }", "takes `true` or `false`"),
        ("x: { fault: true }", "does not see `fault`"),
        ("x: { body: }", "`body` is empty"),
        ("x: { rows: [1.5] }", "expected `true`"),
        ("[x]", "`capture` takes names"),
    ] {
        let problems = read(yaml).expect_err(yaml);
        assert!(
            problems.iter().any(|p| p.contains(part)),
            "{yaml}: {problems:?}"
        );
    }
}

#[test]
fn names_tell_which_are_secret() {
    let captures = read("a: { json: $.t, secret: true }\nb: { body: true }\n").unwrap();
    assert_eq!(captures.names(), [("a", true), ("b", false)]);
    assert!(captures.take(&seen()).0[0].secret);
}

#[test]
fn a_secret_that_is_too_long_to_mask_is_not_captured() {
    let captures = read("t: { body: true, secret: true }\n").unwrap();
    let of_length = |length: usize| {
        let seen = Observation::default().with("body", Value::Untyped("x".repeat(length)));
        captures.take(&seen)
    };
    assert_eq!(of_length(MASKABLE).0.len(), 1);
    let (captured, findings) = of_length(MASKABLE + 1);
    assert!(captured.is_empty());
    assert_eq!(findings[0].code.as_str(), "capture.t");
}
