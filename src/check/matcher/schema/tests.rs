//! What a schema holds of, and what is told of one that is none.

use super::super::{Judgement, Matcher, Seen, judge};
use crate::check::to_value;
use crate::yaml::{Diagnostics, Sources, parse};
use serde_json::{Value as Json, json};

fn said(yaml: &str, value: Json) -> Judgement {
    judge(&matcher(yaml), Seen::One(&to_value(value)))
}

fn matcher(yaml: &str) -> Matcher {
    read(yaml).0.unwrap_or_else(|| panic!("{:?}", told(yaml)))
}

fn read(yaml: &str) -> (Option<Matcher>, Diagnostics, Sources) {
    let mut sources = Sources::default();
    let file = sources.add("x.yaml", yaml);
    let mut problems = Diagnostics::default();
    let node = parse(&sources, file, &mut problems).expect("a tree");
    (Matcher::decode(&node, &mut problems), problems, sources)
}

/// What is told of a matcher, with line and column.
fn told(yaml: &str) -> Vec<String> {
    let (read, problems, sources) = read(yaml);
    assert_eq!(read.is_none(), problems.has_errors());
    let told = problems.iter().map(|problem| {
        let at = sources.position(problem.span.expect("a place"));
        format!("{}:{} {}", at.line, at.column, problem.message)
    });
    told.collect()
}

const EVENT: &str = "schema:
  type: object
  required: [type, usage]
  properties:
    type: { enum: [done, failed] }
    usage: { $ref: '#/$defs/usage' }
  additionalProperties: false
  $defs:
    usage: { type: object, properties: { tokens: { type: integer, minimum: 1 } } }
";

#[test]
fn a_document_is_held_against_it() {
    let good = json!({ "type": "done", "usage": { "tokens": 3 } });
    assert_eq!(said(EVENT, good), Judgement::Holds);
    for (value, says) in [
        (
            json!({ "type": "done" }),
            "\"usage\" is a required property",
        ),
        (
            json!({ "type": "done", "usage": { "tokens": "3" } }),
            "`/usage/tokens`: it is not of type \"integer\"",
        ),
        (
            json!({ "type": "gone", "usage": {} }),
            "`/type`: it is not one of",
        ),
        (json!("done"), "it is not of type \"object\""),
        (
            json!({ "type": "done", "usage": {}, "more": 1 }),
            "'more' was unexpected",
        ),
    ] {
        let Judgement::Fails(Some(why)) = said(EVENT, value.clone()) else {
            panic!("{value} holds");
        };
        assert!(why.contains(says), "{value}: {why}");
    }
    // Several are told together, and of many how many.
    let many = said(
        "schema: { type: array, items: { type: integer } }",
        json!(["a", "b", "c", "d", "e"]),
    );
    let Judgement::Fails(Some(why)) = many else {
        panic!("{many:?}");
    };
    assert!(
        why.starts_with("`/0`: ") && why.ends_with("; and 2 more"),
        "{why}"
    );
}

#[test]
fn it_is_a_matcher_like_others() {
    assert_eq!(
        said("{ not: { schema: { type: string } } }", json!(1)),
        Judgement::Holds
    );
    assert_eq!(
        said(
            "{ each: { schema: { type: string, format: uuid } } }",
            json!(["a"])
        ),
        said(
            "{ each: { schema: { type: string, format: uuid } } }",
            json!(["b"])
        ),
    );
    let absent = judge(&matcher("schema: { type: string }"), Seen::Absent);
    assert!(matches!(absent, Judgement::Senseless(_)));
    let shown = matcher("schema: { type: string }").to_string();
    assert_eq!(shown, "schema {\"type\":\"string\"}");
    let titled = matcher("schema: { title: An event, type: string }").to_string();
    assert_eq!(titled, "schema An event");
}

#[test]
fn what_is_found_wrong_is_bounded() {
    let name = "n".repeat(10_000);
    let yaml = "schema: { type: object, properties: { id: true }, additionalProperties: false }";
    let said = said(yaml, json!({ name: 1 }));
    assert_eq!(
        said,
        Judgement::Fails(Some("`additionalProperties` does not hold".to_owned()))
    );
}

#[test]
fn a_schema_that_is_wrong_is_told_where_it_is() {
    for (yaml, says) in [
        (
            "schema: object",
            "1:9 `schema` takes a schema that is known at load",
        ),
        ("schema: {}", "1:9 everything meets this schema"),
        ("schema: { title: x }", "1:9 everything meets this schema"),
        (
            "schema:\n  type: object\n  requried: [id]",
            "3:3 `requried` is no keyword of JSON Schema, draft 2020-12; did you mean `required`?",
        ),
        (
            "schema: { properties: { a: { anyOf: [{ typ: string }] } } }",
            "1:40 `typ` is no keyword",
        ),
        ("schema: { type: strin }", "1:17 this is no schema: "),
        ("schema: { minimum: x }", "1:20 this is no schema: "),
        ("schema: { pattern: '(' }", "this is no schema: "),
        ("schema: { format: emial }", "this is no schema: "),
        (
            "schema: { $ref: 'https://example.com/other.json' }",
            "this is no schema: ",
        ),
        (
            "schema: { $ref: 'file:///etc/passwd' }",
            "this is no schema: ",
        ),
        ("schema: { $ref: '#/$defs/none' }", "this is no schema: "),
        (
            "schema: { $schema: 'http://json-schema.org/draft-07/schema#', type: object }",
            "1:20 only draft 2020-12 is read",
        ),
    ] {
        let told = told(yaml);
        assert!(
            told.len() == 1 && told[0].contains(says),
            "{yaml}: {told:?}"
        );
    }
    // What means nothing to the standard is marked as one's own.
    assert_eq!(told("schema: { x-note: mine, type: object }"), [""; 0]);
}

#[test]
fn a_schema_that_everything_meets_is_told_however_it_is_written() {
    for schema in [
        "{ x-note: mine }",
        "{ properties: {} }",
        "{ properties: { id: true, tags: { items: {} } } }",
        "{ required: [], minItems: 0, uniqueItems: false }",
        "{ allOf: [{ title: x }] }",
        "{ anyOf: [{ type: string }, true] }",
        "{ additionalProperties: true }",
        "{ contentMediaType: application/json }",
        "{ if: { type: string }, then: {} }",
        "{ contains: { type: string }, minContains: 0 }",
        "{ $ref: '#/$defs/x', $defs: { x: { description: nothing yet } } }",
        "{ properties: { child: { $ref: '#' } } }",
    ] {
        let told = told(&format!("schema: {schema}"));
        assert_eq!(told.len(), 1, "{schema}: {told:?}");
        assert!(told[0].contains("everything meets"), "{schema}: {told:?}");
    }
    for schema in [
        "{ $ref: '#/$defs/x', $defs: { x: { type: object } } }",
        "{ $ref: '#x', $defs: { x: { $anchor: x, type: object } } }",
        "{ oneOf: [true, { type: string }] }",
        "{ not: {} }",
        "{ if: { type: string }, else: false }",
        "{ type: array, contains: true }",
        "{ type: object, properties: { id: true } }",
    ] {
        assert_eq!(told(&format!("schema: {schema}")), [""; 0], "{schema}");
    }
}

#[test]
fn what_a_value_of_another_type_would_meet_is_told() {
    for (schema, says) in [
        ("{ required: [id] }", "1:11 whatever is no object meets"),
        ("{ items: { type: string } }", "whatever is no array meets"),
        (
            "{ type: object, properties: { id: { format: uuid } } }",
            "1:45 whatever is no string meets",
        ),
        (
            "{ type: array, items: { minimum: 1 } }",
            "whatever is no number meets",
        ),
        (
            "{ type: object, then: { required: [id] } }",
            "`then` says nothing without `if`",
        ),
        (
            "{ type: array, minContains: 2 }",
            "`minContains` says nothing without `contains`",
        ),
        (
            "{ type: string, contentSchema: { type: object } }",
            "`contentSchema` is a note",
        ),
    ] {
        let told = told(&format!("schema: {schema}"));
        assert!(
            told.len() == 1 && told[0].contains(says),
            "{schema}: {told:?}"
        );
    }
    // Parts of another leave it to that one.
    let parts = "{ type: object, allOf: [{ required: [id] }, { $ref: '#/$defs/named' }], $defs: { named: { required: [name] } } }";
    assert_eq!(told(&format!("schema: {parts}")), [""; 0]);
}

#[test]
fn a_schema_that_refers_to_itself_ends() {
    let tree = "schema: { type: object, properties: { child: { $ref: '#' } }, additionalProperties: false }";
    assert_eq!(
        said(tree, json!({ "child": { "child": {} } })),
        Judgement::Holds
    );
    assert!(matches!(
        said(tree, json!({ "child": { "other": {} } })),
        Judgement::Fails(_)
    ));
}
