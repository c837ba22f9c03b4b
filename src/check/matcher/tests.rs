use super::*;

use std::time::Duration;

use proptest::prelude::*;

use crate::check::to_value;
use crate::model::{FactKind, Number, Value};
use crate::yaml::{Diagnostics, Sources, parse};

fn read(yaml: &str, kind: FactKind) -> Result<Matcher, Vec<String>> {
    let mut sources = Sources::default();
    let file = sources.add("t.yaml", format!("m: {yaml}\n"));
    let mut problems = Diagnostics::default();
    let node = parse(&sources, file, &mut problems);
    let matcher =
        node.and_then(|node| Matcher::decode_for(node.get("m").expect("m"), kind, &mut problems));
    let messages: Vec<_> = problems.iter().map(|p| p.message.clone()).collect();
    matcher.filter(|_| messages.is_empty()).ok_or(messages)
}

pub(super) fn matcher(yaml: &str) -> Matcher {
    read(yaml, FactKind::Any).unwrap_or_else(|problems| panic!("{yaml}: {problems:?}"))
}

fn json(text: &str) -> Value {
    to_value(serde_json::from_str(text).expect(text))
}

fn untyped(text: &str) -> Value {
    Value::Untyped(text.to_owned())
}

/// `Ok` holds, `Err` with `Fails` or `Senseless` and its words.
fn outcome(yaml: &str, value: &Value) -> Judgement {
    judge(&matcher(yaml), Seen::One(value))
}

fn is_senseless(judgement: &Judgement) -> bool {
    matches!(judgement, Judgement::Senseless(_))
}

#[test]
fn each_matcher_holds_and_does_not_hold() {
    // Matcher, a JSON value it holds for, one it does not hold for.
    for (yaml, good, bad) in [
        ("200", "200", "\"200\""),
        ("healthy", "\"healthy\"", "\"Healthy\""),
        ("\"200\"", "\"200\"", "200"),
        ("true", "true", "\"true\""),
        ("null", "null", "false"),
        ("1.10", "1.1", "1.11"),
        ("0x10", "16", "\"0x10\""),
        ("{ equals: 5 }", "5", "6"),
        ("{ equals: [1, a] }", "[1, \"a\"]", "[\"a\", 1]"),
        ("{ equals: {} }", "{}", "{\"a\": 1}"),
        (
            "[{ one: 1 }]",
            "[{\"one\": 1}]",
            "[{\"one\": 1, \"two\": 2}]",
        ),
        ("{ not: 5 }", "6", "5"),
        ("{ not: { above: 5 } }", "5", "6"),
        ("{ in: [200, 204] }", "204", "201"),
        ("{ above: 5 }", "5.1", "5"),
        ("{ at_least: 5 }", "5", "4.999"),
        ("{ below: 5 }", "4", "5"),
        ("{ at_most: 5 }", "5", "6"),
        ("{ between: [1, 5] }", "5", "5.5"),
        ("{ between: [1, 5] }", "1", "0"),
        ("{ contains: ell }", "\"hello\"", "\"help\""),
        ("{ contains: 2 }", "[1, 2]", "[1, \"2\"]"),
        ("{ starts_with: he }", "\"hello\"", "\"oh he\""),
        ("{ ends_with: lo }", "\"hello\"", "\"low\""),
        ("{ matches: '^h.+o$' }", "\"hello\"", "\"hell\""),
        ("{ exists: true }", "null", "absent"),
        ("{ exists: false }", "absent", "null"),
        ("{ empty: true }", "[]", "[1]"),
        ("{ empty: false }", "\"a\"", "\"\""),
        ("{ length: 2 }", "[1, 2]", "[1]"),
        ("{ length: { above: 2 } }", "\"äöü\"", "\"ab\""),
        (
            "{ probe_window: { at_least: 65s, at_most: 4m } }",
            r#"{"httpGet": {}, "initialDelaySeconds": 5, "failureThreshold": 6, "periodSeconds": 10}"#,
            r#"{"httpGet": {}, "initialDelaySeconds": 4, "failureThreshold": 6, "periodSeconds": 10}"#,
        ),
        // What is not written there is 0, 3 and 10.
        (
            "{ probe_window: 30s }",
            r#"{"grpc": {"port": 1}}"#,
            r#"{"grpc": {"port": 1}, "failureThreshold": 2}"#,
        ),
        ("{ type: array }", "[]", "{}"),
        ("{ each: { above: 1 } }", "[2, 3]", "[2, 1]"),
        ("{ any: { above: 1 } }", "[0, 2]", "[0, 1]"),
        ("{ any: 1 }", "[1]", "[]"),
        ("{ all_of: [{ above: 1 }, { below: 3 }] }", "2", "3"),
        ("{ any_of: [1, { above: 5 }] }", "1", "2"),
        ("{ none_of: [1, 2] }", "3", "2"),
        ("{ any_of: [{ exists: false }, null] }", "absent", "1"),
        (
            "{ includes: { a: 1 } }",
            "{\"a\": 1, \"b\": 2}",
            "{\"a\": 2}",
        ),
        (
            "{ includes: [{ a: 1 }] }",
            "[3, {\"a\": 1, \"b\": 2}]",
            "[3]",
        ),
        ("{ at_least: 1, below: 3 }", "1", "3"),
    ] {
        let matcher = matcher(yaml);
        let judged = |text: &str| match text {
            "absent" => judge(&matcher, Seen::Absent),
            text => judge(&matcher, Seen::One(&json(text))),
        };
        assert_eq!(judged(good), Judgement::Holds, "{yaml} on {good}");
        assert_ne!(judged(bad), Judgement::Holds, "{yaml} on {bad}");
    }
}

#[test]
fn only_exists_false_holds_of_what_is_absent() {
    for yaml in [
        "null",
        "\"\"",
        "{ not: 5 }",
        "{ none_of: [1] }",
        "{ exists: true }",
        "{ empty: true }",
        "{ length: 0 }",
        "{ not: { not: 5 } }",
        "{ each: 1 }",
        "{ includes: { a: null } }",
        "{ all_of: [{ not: 1 }] }",
        "{ type: 'null' }",
        "{ not: { any_of: [5] } }",
    ] {
        assert_ne!(
            judge(&matcher(yaml), Seen::Absent),
            Judgement::Holds,
            "{yaml}"
        );
    }
}

#[test]
fn a_question_that_does_not_fit_never_holds_not_even_negated() {
    for (question, value) in [
        ("above: 5", "\"abc\""),
        ("below: 5", "\"4\""),
        ("below: 5s", "4"),
        ("between: [1, 2]", "null"),
        ("contains: a", "5"),
        ("starts_with: a", "[\"a\"]"),
        ("matches: a", "true"),
        ("empty: true", "0"),
        ("length: 1", "1"),
        ("each: 1", "1"),
        ("each: 1", "[]"),
        ("any: { above: 1 }", "[\"x\"]"),
    ] {
        let value = json(value);
        assert!(
            is_senseless(&outcome(&format!("{{ {question} }}"), &value)),
            "{question}"
        );
        for negated in [
            format!("{{ not: {{ {question} }} }}"),
            format!("{{ none_of: [{{ {question} }}] }}"),
            format!("{{ not: {{ any_of: [{{ {question} }}, nothing] }} }}"),
            format!("{{ not: {{ all_of: [{{ {question} }}, nothing] }} }}"),
        ] {
            assert_ne!(outcome(&negated, &value), Judgement::Holds, "{negated}");
        }
    }
}

#[test]
fn text_without_types_compares_as_written_and_as_numbers_when_whole() {
    for (yaml, text, holds) in [
        ("200", "200", true),
        ("1.10", "1.10", true),
        ("1.10", "1.1", false),
        ("true", "true", true),
        ("\"007\"", "007", true),
        ("{ above: 5 }", "5.5", true),
        ("{ above: 5 }", "5.5 ms", false),
        ("{ above: 5 }", "", false),
        ("{ in: [1, 2] }", "2", true),
        ("PONG", "PONG", true),
        ("\"\"", "", true),
    ] {
        assert_eq!(
            matcher(yaml).holds(&untyped(text)),
            holds,
            "{yaml} on {text}"
        );
    }
    let replies = Value::List(vec![untyped("PONG"), untyped("1")]);
    assert!(matcher("[PONG, 1]").holds(&replies));
}

#[test]
fn durations_compare_with_durations() {
    let duration = |yaml: &str| read(yaml, FactKind::Duration);
    let seen = Value::Duration(Duration::from_millis(1500));
    assert!(duration("{ below: 2s }").unwrap().holds(&seen));
    assert!(!duration("{ below: 1500ms }").unwrap().holds(&seen));
    assert!(
        duration("{ at_most: 1.5s, above: 1s }")
            .unwrap()
            .holds(&seen)
    );
    assert!(duration("1s500ms").unwrap().holds(&seen));
    assert!(duration("{ not: { in: [1s, 2s] } }").unwrap().holds(&seen));
    // Not known at load to be a duration.
    assert!(matcher("{ below: 2s }").holds(&seen));
    assert!(matcher("1500ms").holds(&seen));
    assert!(is_senseless(&outcome("{ below: 2 }", &seen)));
    for yaml in [
        "5",
        "{ below: 5 }",
        "{ in: [5] }",
        "fast",
        "{ not: { above: 1 } }",
        "true",
        "{ between: [1, 2] }",
    ] {
        assert!(duration(yaml).is_err(), "{yaml}");
    }
    let size = read("{ below: 64KiB }", FactKind::Size).unwrap();
    assert!(size.holds(&Value::int(65_535)) && !size.holds(&Value::int(65_536)));
}

#[test]
fn of_a_repeated_header_one_value_meets_all_and_none_what_is_denied() {
    let values = [untyped("a=1; Secure"), untyped("b=2")];
    for (yaml, holds) in [
        ("b=2", true),
        ("c=3", false),
        ("{ contains: Secure }", true),
        ("{ starts_with: b, ends_with: Secure }", false),
        ("{ starts_with: a, ends_with: Secure }", true),
        ("{ not: b=2 }", false),
        ("{ not: { contains: HttpOnly } }", true),
        ("{ none_of: [c, { contains: Secure }] }", false),
        ("{ any_of: [{ not: b=2 }] }", false),
        ("{ each: { contains: '=' } }", true),
        ("{ each: { contains: Secure } }", false),
        ("{ exists: true }", true),
        ("{ exists: false }", false),
    ] {
        let judged = judge(&matcher(yaml), Seen::Several(&values));
        assert_eq!(judged == Judgement::Holds, holds, "{yaml}: {judged:?}");
    }
}

#[test]
fn nodes_exist_when_there_are_some() {
    let (none, some) = (json("[]"), json("[1]"));
    let judged = |yaml: &str, value| judge(&matcher(yaml), Seen::Nodes(value)) == Judgement::Holds;
    assert!(judged("{ exists: false }", &none) && judged("{ exists: true }", &some));
    assert!(!judged("{ exists: true }", &none) && !judged("{ exists: false }", &some));
    assert!(judged("{ empty: true }", &none) && judged("{ length: 0 }", &none));
    assert!(!judged("{ each: 1 }", &none) && judged("{ each: 1 }", &some));
}

#[test]
fn of_no_nodes_nothing_is_denied() {
    let (none, some) = (json("[]"), json("[1]"));
    let judged = |yaml: &str, value| judge(&matcher(yaml), Seen::Nodes(value)) == Judgement::Holds;
    for yaml in [
        "{ not: { contains: 5 } }",
        "{ not: { any: 5 } }",
        "{ none_of: [{ any: 5 }, { length: 7 }] }",
        "{ all_of: [{ not: { contains: 5 } }] }",
    ] {
        assert!(!judged(yaml, &none) && judged(yaml, &some), "{yaml}");
    }
    assert!(judged(
        "{ any_of: [{ empty: true }, { not: { contains: 5 } }] }",
        &none
    ));
}

#[test]
fn what_could_never_hold_or_never_fail_is_an_error() {
    for (yaml, part) in [
        ("{ in: [] }", "`in` is empty"),
        ("[]", "matches nothing"),
        ("{}", "expects nothing"),
        ("{ all_of: [] }", "`all_of` is empty"),
        ("{ none_of: [] }", "`none_of` is empty"),
        ("{ between: [5, 1] }", "nothing lies between 5 and 1"),
        ("{ between: [5] }", "takes two values"),
        ("{ above: 5, below: 5 }", "nothing lies between 5 and 5"),
        (
            "{ at_least: 10s, at_most: 5s }",
            "nothing lies between 10s and 5s",
        ),
        ("{ above: 5, below: 10s }", "can be compared with both"),
        ("{ above: 5, between: [1, 2] }", "nothing lies between"),
        ("{ contains: '' }", "always holds"),
        ("{ starts_with: '' }", "always holds"),
        ("{ includes: {} }", "always holds"),
        (
            "{ exists: false, equals: 5 }",
            "leave `exists: false` alone",
        ),
        ("{ not: { exists: true } }", "write `exists: true`"),
        ("{ exists: yes }", "takes `true` or `false`"),
        ("{ type: text }", "is no type"),
        ("{ above: abc }", "`abc` is no number"),
        ("{ above: [1] }", "expected one value"),
        ("{ length: long }", "is no number"),
        (
            "{ belw: 5 }",
            "unknown matcher `belw`; did you mean `below`?",
        ),
        ("{below:5s}", "a space is missing"),
        ("{ below: }", "`below` is empty"),
        ("", "nothing to compare with"),
        ("010", "leading zero"),
        ("{ name: x }", "unknown matcher `name`"),
        ("{ matches: '(' }", "does not parse: unclosed group"),
        ("{ matches: '(a)\\1' }", "backreferences are not supported"),
        ("{ matches: '(?=a)' }", "look-around"),
        ("{ matches: '(a{1000}){1000}' }", "too large"),
    ] {
        let problems = read(yaml, FactKind::Any).expect_err(yaml);
        assert!(
            problems.iter().any(|p| p.contains(part)),
            "{yaml}: {problems:?}"
        );
    }
    let problems = read("[200, 204]", FactKind::One).expect_err("a list");
    assert_eq!(problems, ["one value never equals a list"]);
}

#[test]
fn what_a_fact_of_this_kind_never_equals_is_a_slip() {
    for (yaml, kind, message) in [
        ("ready", FactKind::List, "a list never equals one value"),
        ("{ in: [a, b] }", FactKind::List, "a list never equals one"),
        ("{ above: 3 }", FactKind::List, "a list has no order"),
        ("[a, b]", FactKind::Truth, "one value never equals a list"),
        ("1", FactKind::Truth, "`1` is neither `true` nor `false`"),
        (
            "yes",
            FactKind::Truth,
            "`yes` is neither `true` nor `false`",
        ),
        ("{ at_least: true }", FactKind::Truth, "have no order"),
    ] {
        let problems = read(yaml, kind).expect_err(yaml);
        let is_told = problems.iter().any(|problem| problem.contains(message));
        assert!(is_told, "{yaml}: {problems:?}");
    }
    for (yaml, kind) in [
        ("[ready]", FactKind::List),
        ("{ contains: ready }", FactKind::List),
        ("{ in: [[a], [b]] }", FactKind::List),
        ("{ length: { above: 3 } }", FactKind::List),
        ("false", FactKind::Truth),
        ("{ exists: false }", FactKind::Truth),
        ("{ not: true }", FactKind::Truth),
    ] {
        read(yaml, kind).unwrap_or_else(|problems| panic!("{yaml}: {problems:?}"));
    }
}

#[test]
fn all_mistakes_of_a_matcher_are_told_at_once() {
    let problems = read("{ belw: 1, above: x, matches: '(' }", FactKind::Any).unwrap_err();
    assert_eq!(problems.len(), 3, "{problems:?}");
}

#[test]
fn failures_name_the_smallest_difference() {
    let seen = json(r#"{"user": {"name": "al", "tags": ["a", "b"]}, "n": 1}"#);
    for (yaml, detail) in [
        (
            "{ equals: { user: { name: al, tags: [a, c] }, n: 1 } }",
            "`user.tags[1]` is b, not c",
        ),
        (
            "{ equals: { user: { name: al, tags: [a] }, n: 1 } }",
            "`user.tags` has 2 items, not 1",
        ),
        (
            "{ equals: { user: { name: al, tags: [a, b] } } }",
            "`n` is not expected",
        ),
        ("{ equals: { user: { nam: al } } }", "`user.nam` is missing"),
        (
            "{ includes: { user: { name: bo } } }",
            "`user.name` is al, not bo",
        ),
        (
            "{ includes: { user: { tags: [z] } } }",
            "`user.tags`: no item is or includes z",
        ),
    ] {
        let Judgement::Fails(Some(found)) = outcome(yaml, &seen) else {
            panic!("{yaml} holds");
        };
        assert_eq!(found, detail, "{yaml}");
    }
    let why = |yaml, value: &Value| match outcome(yaml, value) {
        Judgement::Fails(Some(why)) | Judgement::Senseless(why) => why,
        other => panic!("{yaml}: {other:?}"),
    };
    assert_eq!(why("200", &json("\"200\"")), "it is text, not a number");
    assert_eq!(why("\"200\"", &json("200")), "it is a number, not text");
    assert_eq!(
        why("{ above: 5 }", &json("true")),
        "a boolean cannot be compared with 5"
    );
    assert_eq!(
        why("{ each: { above: 1 } }", &json("[2, 1]")),
        "item 1 does not"
    );
    assert_eq!(why("{ length: 3 }", &json("[2, 1]")), "its length is 2");
    let window = |probe: &str| why("{ probe_window: { at_least: 1m } }", &json(probe));
    assert_eq!(window(r#"{"exec": {}}"#), "it gives up after 30s");
    for odd in ["{}", "[]", "30", r#""30s""#, r#"{"periodSeconds": 90}"#] {
        assert!(window(odd).starts_with("it is no probe: "), "{odd}");
    }
    for odd in ["-1", "1.5", "\"90\"", "null", "1000000000000000000000"] {
        let probe = format!(r#"{{"exec": {{}}, "periodSeconds": {odd}}}"#);
        let why = window(&probe);
        assert_eq!(why, "its `periodSeconds` is no whole number of seconds");
    }
    let long = "x".repeat(100);
    let other = format!("{}y", &long[..99]);
    assert_eq!(
        why(&long, &Value::Text(other)),
        "they differ at character 100"
    );
}

#[test]
fn matchers_read_as_they_are_written() {
    for (yaml, words) in [
        ("200", "equals 200"),
        ("\"200\"", "equals \"200\""),
        ("healthy", "equals healthy"),
        ("{ at_least: 30d }", "at_least 30d"),
        ("{ in: [TLSv1.2, TLSv1.3] }", "in [TLSv1.2, TLSv1.3]"),
        ("{ above: 1, below: 5s }", ""),
        ("{ not: { contains: x } }", "not contains x"),
        (
            "{ any_of: [1, { above: 5 }] }",
            "any_of (equals 1; above 5)",
        ),
        ("{ between: [1, 5] }", "between 1 and 5"),
    ] {
        if let Ok(matcher) = read(yaml, FactKind::Any) {
            assert_eq!(matcher.to_string(), words, "{yaml}");
        } else {
            assert!(words.is_empty(), "{yaml}");
        }
    }
}

#[test]
fn a_regular_expression_takes_linear_time() {
    let matcher = matcher("{ matches: '^(a+)+$' }");
    let text = format!("{}b", "a".repeat(1_000_000));
    assert!(!matcher.holds(&Value::Text(text)));
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::int),
        any::<f64>().prop_map(|n| Value::Number(Number::Float(n))),
        "[0-9.]{0,50}".prop_map(|text| Value::Number(Number::Decimal(text))),
        ".{0,8}".prop_map(Value::Text),
        "[0-9.a]{0,4}".prop_map(Value::Untyped),
        any::<u32>().prop_map(|ms| Value::Duration(Duration::from_millis(ms.into()))),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
            prop::collection::vec(("[ab]", inner), 0..4).prop_map(Value::Map),
        ]
    })
}

proptest! {
    #[test]
    fn no_value_makes_a_matcher_panic_and_no_negation_agrees(value in values(), at in 0..17_usize) {
        let question = [
            "equals: 5", "equals: [1, { a: x }]", "in: [a, 1, 5s]", "above: 1", "below: 10s", "between: [0, 9]",
            "contains: a", "starts_with: a", "matches: '[a-z]'", "empty: true", "length: { above: 1 }",
            "type: number", "probe_window: { above: 1s }", "each: { above: 0 }", "any: { not: a }", "includes: { a: 1 }", "exists: true",
        ][at];
        let asked = outcome(&format!("{{ {question} }}"), &value);
        prop_assume!(!question.starts_with("exists"));
        let denied = outcome(&format!("{{ not: {{ {question} }} }}"), &value);
        prop_assert!(asked != Judgement::Holds || denied != Judgement::Holds);
    }

    #[test]
    fn no_yaml_makes_the_decoder_panic(yaml in "[\\[\\]{}:,'a-z0-9_ .-]{0,40}") {
        let _ = read(&yaml, FactKind::Any);
        let _ = read(&yaml, FactKind::Duration);
    }
}
