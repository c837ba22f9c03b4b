use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::Value;

use super::{schema, suite_schema};
use crate::model::Number;
use crate::suite::value::value_of;
use crate::yaml::{Diagnostics, Sources, parse};

fn validator() -> Validator {
    jsonschema::draft202012::new(&schema()).unwrap()
}

/// What an editor sees of a file.
fn json(yaml: &str) -> Value {
    let mut sources = Sources::default();
    let file = sources.add("x.yaml", yaml);
    let mut problems = Diagnostics::default();
    let node =
        parse(&sources, file, &mut problems).unwrap_or_else(|| panic!("{yaml}: {problems:?}"));
    of(&value_of(&node))
}

fn of(value: &crate::model::Value) -> Value {
    use crate::model::Value as Ours;
    match value {
        Ours::Null => Value::Null,
        Ours::Bool(truth) => Value::Bool(*truth),
        Ours::Number(Number::Int(int)) => Value::from(i64::try_from(*int).unwrap()),
        Ours::Number(number) => Value::from(number.to_f64()),
        Ours::Text(text) | Ours::Untyped(text) => Value::from(text.as_str()),
        Ours::Duration(_) => unreachable!("YAML has none"),
        Ours::List(items) => items.iter().map(of).collect(),
        Ours::Map(entries) => entries
            .iter()
            .map(|(key, value)| (key.clone(), of(value)))
            .collect(),
    }
}

fn problems(validator: &Validator, yaml: &str) -> Vec<String> {
    let json = json(yaml);
    let errors = validator.iter_errors(&json);
    errors
        .map(|error| format!("{} at {}", error, error.instance_path()))
        .collect()
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            found.push(path);
        }
    }
}

#[test]
fn every_shipped_file_is_valid() {
    let validator = validator();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    files(&root.join("suites"), &mut found);
    files(&root.join("src/suite/starter"), &mut found);
    assert!(found.len() > 12);
    for path in found {
        let told = problems(&validator, &fs::read_to_string(&path).unwrap());
        assert!(told.is_empty(), "{}: {told:#?}", path.display());
    }
}

fn test(rest: &str) -> String {
    format!("category: a\ntests:\n  - {{ name: x, {rest} }}\n")
}

#[test]
fn what_loads_is_valid() {
    let validator = validator();
    for valid in [
        test("tcp: { host: h, port: \"${port}\" }, expect: { connected: \"${yes}\" }"),
        test("tcp: { host: h, port: 1, read: { count: 5B } }, expect: { received: { matches: \"^a\" } }"),
        test("http: { url: u, method: \"${m}\", json: [1, null, { a: b }] }, expect: { status: 200, headers: { location: { exists: false } }, json: { $.a: [1], \"$.b[*]\": { each: { type: string } } } }"),
        test("http: { url: u }, expect: { fault: [tls.expired, tls.*], phases.tls: { below: 1s }, phases: { connect: { at_most: 1s } } }"),
        test("http: { url: u }, expect: { status: 1 }, timeout: 1m30s, repeat: { times: 10, pass_rate: 99.9%, confidence: 95%, claims: { latency: { p95: 2s, p99.9: 3s }, phases.tls: { max: 1s } } }"),
        test("http: { url: u }, expect: { status: 1 }, retry: { count: 2, backoff: 1.5, if: [tcp.*] }, alone: [a], when: a and b, matrix: [{ name: 1, x: y }]"),
        test("http: { url: u }, expect: { status: 1 }, timeout: \"${budget.x}\", until: { within: \"${budget.y}\" }, on_fail: { class: application }"),
        test("steps: [{ name: a, http: { url: u }, expect: { status: 200 }, capture: { token: { json: $.t, secret: true } } }, { tcp: { host: h, port: 1 } }], cleanup: [{ http: { url: u } }]"),
        "sessions: { a: { timeout: 5s, steps: [{ http: { url: u }, expect: { status: 200 } }] } }\n".to_owned(),
        test("http: { url: u }, expect: { status: 1 }, actors: 200"),
        test("http: { url: u }, expect: { status: 1 }, actors: [alice, bob]"),
        "sessions: { a: { params: [name], timeout: 5s, steps: [{ http: { url: u }, expect: { status: 200 } }] } }\n".to_owned(),
        test("http: { url: u }, expect: { status: 1 }, uses: [a, { session: b, with: { name: \"${matrix.x}\", n: 1 } }]"),
        test("sse: { url: u }, expect: { isolation: true, events: { key: $.type, unnamed: 1, ignore: [h], subsequence: [a, 1], counts: { a: { at_least: 1 }, b: 2 }, count: { at_least: 5 }, forbidden: \"${never}\", each: { a: { $.x: { type: string } }, \"*\": { $.y: 1 } }, first: { below: 5s }, gap: { at_most: 30s }, total: { below: \"${budget.x}\" }, quiet: { at_least: 2s } } }"),
        test("sse: { url: u }, expect: { events: { partial: { before: [[a, b], [a, \"*\"]], pairs: [{ first: a, then: b, by: $.id }, { first: a, then: c }], once: [a, b], last: b } } }, capture: { id: { events: [last, json, id] } }"),
        "vars: { a: 1, b: [x], c: { d: e } }\nsecrets: { p: { env: P }, q: { command: [a, b] } }\nbudgets: { x: 75s }\nlimits: { jobs: 4 }\ngate: { max_skipped: 30% }\nomit: [{ id: a/*, reason: r }]\n".to_owned(),
        "categories: { a: { critical: true }, b: { pass_rate: 50%, flaky: pass }, c: {} }\ngate: { min_executed: { tests: 3 }, max_flaky: 0 }\n".to_owned(),
        "gate: { pass_rate: 80% }\n".to_owned(),
    ] {
        let told = problems(&validator, &valid);
        assert!(told.is_empty(), "{valid}: {told:#?}");
    }
}

#[test]
fn what_does_not_load_is_invalid() {
    let validator = validator();
    for invalid in [
        // At the top.
        "category: a\n".to_owned(),
        "tests: []\n".to_owned(),
        "category: a\ntests: []\n".to_owned(),
        "category: A b\ntests: [{ name: x, tcp: { host: h, port: 1 }, expect: { connected: true } }]\n".to_owned(),
        "category: a\nversion: 1\ntests: [{ name: x, tcp: { host: h, port: 1 }, expect: { connected: true } }]\n".to_owned(),
        // In a test.
        test("critcal: true, tcp: { host: h, port: 1 }, expect: { connected: true }"),
        test("expect: { connected: true }"),
        test("tcp: { host: h, port: 1 }"),
        test("tcp: { host: h, port: 1 }, expect: {}"),
        test("tcp: { host: h, port: 1 }, http: { url: u }, expect: { latency: { below: 1s } }"),
        test("tcp: { host: h, port: 1 }, steps: [{ http: { url: u }, expect: { status: 200 } }]"),
        test("steps: [{ http: { url: u }, expect: { status: 200 } }], expect: { status: 200 }"),
        test("gopher: { host: h }, expect: { connected: true }"),
        test("tcp: { host: h, port: 1 }, expect: { connected: true }, critical: yes"),
        test("tcp: { host: h, port: 1 }, expect: { connected: true }, timeout: 10"),
        test("tcp: { host: h, port: 1 }, expect: { connected: true }, timeout: 10 s"),
        test("tcp: { host: h, port: 1 }, expect: { connected: true }, retry: { count: 0 }"),
        test("tcp: { host: h, port: 1 }, expect: { connected: true }, retry: { count: 1 }, until: { within: 1s }"),
        test("tcp: { host: h, port: 1 }, expect: { connected: true }, repeat: { times: 5, pass_rate: 0.9 }"),
        test("tcp: { host: h, port: 1 }, expect: { connected: true }, on_fail: { class: app }"),
        test("tcp: { host: h, port: 1 }, expect: { connected: true }, connections: kept"),
        // In a probe.
        test("tcp: { host: h, prt: 1 }, expect: { connected: true }"),
        test("tls: { port: 443 }, expect: { connected: true }"),
        test("tcp: { host: h, port: 70000 }, expect: { connected: true }"),
        test("tcp: { host: h, port: many }, expect: { connected: true }"),
        test("tcp: { host: h, port: null }, expect: { connected: true }"),
        test("tcp: { host: h, port: 1, read: { count: 5 } }, expect: { connected: true }"),
        test("command: { argv: ls -l }, expect: { exit_code: 0 }"),
        // In expectations.
        test("tcp: { host: h, port: 1 }, expect: { conected: true }"),
        test("tcp: { host: h, port: 1 }, expect: { status: 200 }"),
        test("http: { url: u }, expect: { status: { abov: 1 } }"),
        test("http: { url: u }, expect: { status: { in: [] } }"),
        test("http: { url: u }, expect: { status: {} }"),
        test("http: { url: u }, expect: { json: { status: ok } }"),
        test("http: { url: u }, expect: { phases: { tsl: { below: 1s } } }"),
        test("http: { url: u }, expect: { status: { any_of: [{ abov: 1 }] } }"),
        test("http: { url: u }, expect: { status: 200 }, capture: { Token: { json: $.t } }"),
        test("http: { url: u }, expect: { status: 200 }, capture: { token: { jsn: $.t } }"),
        // In rules of events.
        test("sse: { url: u }, expect: { events: 5 }"),
        test("sse: { url: u }, expect: { events: {} }"),
        test("sse: { url: u }, expect: { events: { strikt: [a] } }"),
        test("sse: { url: u }, expect: { events: { strict: [a], any_order: [a] } }"),
        test("sse: { url: u }, expect: { events: { strict: [] } }"),
        test("sse: { url: u }, expect: { events: { once: [a] } }"),
        test("sse: { url: u }, expect: { events: { partial: { before: [[a]] } } }"),
        test("sse: { url: u }, expect: { events: { partial: { pairs: [{ first: a }] } } }"),
        test("sse: { url: u }, expect: { events: { first: 5s } }"),
        test("sse: { url: u }, expect: { events: { gap: { at_least: 1s } } }"),
        test("sse: { url: u }, expect: { events: { quiet: { below: 1s } } }"),
        test("sse: { url: u }, expect: { events: { each: { a: { answer: 1 } } } }"),
        test("sse: { url: u }, expect: { events: { counts: { a: { abov: 1 } } } }"),
        test("http: { url: u }, expect: { status: 200, isolation: false }"),
        // In the other files.
        "sessions: { a: { stps: [] } }\n".to_owned(),
        test("http: { url: u }, expect: { status: 1 }, actors: 0"),
        test("http: { url: u }, expect: { status: 1 }, actors: [a, a]"),
        test("http: { url: u }, expect: { status: 1 }, uses: [{ with: { name: a } }]"),
        test("http: { url: u }, expect: { status: 1 }, uses: [{ session: b, wit: { name: a } }]"),
        "vars: { A: 1 }\n".to_owned(),
        "vars: { a: }\n".to_owned(),
        "secrets: { p: hunter22 }\n".to_owned(),
        "secrets: { p: { env: A, file: b } }\n".to_owned(),
        "limits: { jobs: 0 }\n".to_owned(),
        "omit: [{ id: a }]\n".to_owned(),
        "categories: { a: { critcal: true } }\n".to_owned(),
        "gate: { pass_rate: 95 }\n".to_owned(),
        "gate: { max_flaky: -1 }\n".to_owned(),
    ] {
        assert!(!problems(&validator, &invalid).is_empty(), "{invalid}");
    }
}

#[test]
fn every_mapping_says_what_may_stand_in_it() {
    fn walk(value: &Value, at: &str, open: &mut Vec<String>) {
        match value {
            Value::Object(object) => {
                let is_property_list = at.ends_with("/properties");
                if !is_property_list
                    && object.get("type").is_some_and(|one| one == "object")
                    && object.contains_key("properties")
                    && object.get("additionalProperties").is_none()
                {
                    open.push(at.to_owned());
                }
                for (key, value) in object {
                    walk(value, &format!("{at}/{key}"), open);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, at, open)),
            _ => {}
        }
    }
    let mut open = Vec::new();
    walk(&schema()["$defs"], "", &mut open);
    // Rows of a matrix have keys of their own.
    open.retain(|at| !at.contains("/matrix/"));
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn it_is_written_the_same_every_time() {
    assert_eq!(suite_schema(), suite_schema());
    assert!(suite_schema().ends_with("}\n"));
}
