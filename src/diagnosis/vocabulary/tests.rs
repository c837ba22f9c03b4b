use std::fs;
use std::path::Path;

use jsonschema::Validator;
use serde_json::Value;

use super::{REQUIRED, RULE, SIGNALS, reference, schema::schema};
use crate::diagnosis::Rules;
use crate::yaml::{Diagnostics, Node, Resolved, Sources, parse};

fn validator() -> Validator {
    jsonschema::draft202012::new(&schema()).unwrap()
}

/// What an editor sees of a file.
fn json(yaml: &str) -> Value {
    let mut sources = Sources::default();
    let file = sources.add("x.yaml", yaml);
    let mut problems = Diagnostics::default();
    let node = parse(&sources, file, &mut problems);
    of(&node.unwrap_or_else(|| panic!("{yaml}: {problems:?}")))
}

fn of(node: &Node) -> Value {
    if let Some(items) = node.as_sequence() {
        return items.iter().map(of).collect();
    }
    if let Some(entries) = node.as_mapping() {
        let entries = entries.iter();
        return entries
            .map(|entry| (entry.key.to_string(), of(&entry.value)))
            .collect();
    }
    let scalar = node.as_scalar().unwrap();
    match scalar.resolve() {
        Resolved::Null => Value::Null,
        Resolved::Bool(truth) => Value::Bool(truth),
        Resolved::Int(number) => Value::from(i64::try_from(number).unwrap()),
        Resolved::Float(number) => Value::from(number),
        Resolved::Text | Resolved::Unclear(_) => Value::from(&*scalar.text),
    }
}

fn wrong(yaml: &str) -> Vec<String> {
    let json = json(yaml);
    let validator = validator();
    let errors = validator.iter_errors(&json);
    errors
        .map(|error| format!("{error} at {}", error.instance_path()))
        .collect()
}

/// What the program says of a file.
fn said(yaml: &str) -> Vec<String> {
    let mut sources = Sources::default();
    let file = sources.add("rules.yaml", yaml);
    let mut problems = Diagnostics::default();
    let _ = Rules::embedded().with(file, &sources, &mut problems);
    problems.in_words(&sources)
}

/// The file of rules that `docs/rules.md` shows.
fn example() -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, from) = page.split_once("```yaml\n# rules.yaml\n").unwrap();
    from.split_once("```").unwrap().0.to_owned()
}

/// A rule with one key of `when`, or one of its own, written so.
fn with(key: &str, value: &str) -> String {
    let keys = [
        ("id", "X-1"),
        ("layer", "transport"),
        ("when", "{ fault: tcp.refused }"),
        ("class", "application"),
        ("confidence", "low"),
        ("owner", "app"),
        ("meaning", "It is so."),
    ];
    let others = keys.iter().filter(|(name, _)| *name != key);
    let others: Vec<String> = others
        .map(|(name, value)| format!("    {name}: {value}\n"))
        .collect();
    format!("rules:\n  - {key}: {value}\n{}", others.concat())
}

#[test]
fn our_rules_and_the_example_are_valid_and_mean_something() {
    assert_eq!(wrong(include_str!("../rules.yaml")), [""; 0]);
    let example = example();
    assert_eq!(wrong(&example), [""; 0]);
    assert_eq!(said(&example), [""; 0], "not even a lint");
}

#[test]
fn the_example_of_every_key_is_read_and_valid() {
    for key in RULE {
        let yaml = with(key.name, key.example);
        // That `when` is asked before some of ours is not the mistake of a key.
        let mut said = said(&yaml);
        said.retain(|said| !said.contains("asked before"));
        assert_eq!((said, wrong(&yaml)), (Vec::new(), Vec::new()), "{yaml}");
    }
    for key in SIGNALS {
        let when = match key.name {
            "body" | "untrusted" => format!(
                "{{ untrusted: true, body: {} }}",
                "'upstream connect error'"
            ),
            name => format!("{{ {name}: {} }}", key.example),
        };
        let yaml = with("when", &when);
        let said = said(&yaml);
        // That one is asked before many of ours is not its mistake.
        let said = said.iter().filter(|said| !said.contains("asked before"));
        assert_eq!((said.count(), wrong(&yaml)), (0, Vec::new()), "{yaml}");
    }
}

#[test]
fn what_the_program_refuses_the_schema_does() {
    let wrong_rules = [
        with("when", "{}"),
        with("when", "{ untrusted: true }"),
        with("when", "{ falt: tcp.refused }"),
        with("when", "{ fault: tcp.refusd }"),
        with("when", "{ fault: expect.status }"),
        with("when", "{ code: error.limt }"),
        with("when", "{ phase: conect }"),
        with("when", "{ probe: [] }"),
        with("when", "{ hop: ngnix }"),
        with("when", "{ errno: ECONREFUSED }"),
        with("when", "{ errno: 0 }"),
        with("when", "{ status: { from: 500 } }"),
        with("when", "{ sqlstate: '533000' }"),
        with("when", "{ redis: noauth }"),
        with("when", "{ body: x }"),
        with("when", "{ json: { checks: down } }"),
        with("when", "{ fact: {} }"),
        with("when", "{ finding: {} }"),
        with("when", "{ resource: { host: name } }"),
        with("when", "{ attempts: often }"),
        with("id", "UNKNOWN"),
        with("id", "a b"),
        with("layer", "transprot"),
        with("class", "infra"),
        with("class", "application/My App"),
        with("confidence", "hihg"),
        with("owner", "The App"),
        with("nested", "3"),
        with("commands", "{ a: b }"),
        with("note", "x"),
        with("confidence", "high")
            .replace("{ fault: tcp.refused }", "{ untrusted: true, body: x }"),
        with("confidence", "medium").replace("application", "unknown"),
        "rules: 3".to_owned(),
        "rule: []".to_owned(),
        "commands: { a: b }".to_owned(),
    ];
    for yaml in wrong_rules {
        assert!(!said(&yaml).is_empty(), "it is read:\n{yaml}");
        assert!(!wrong(&yaml).is_empty(), "it is valid:\n{yaml}");
    }
}

#[test]
fn one_that_takes_the_place_of_ours_may_leave_out_what_stays() {
    let mine = "rules: [{ id: TCP-1, owner: net }]";
    assert_eq!((said(mine), wrong(mine)), (Vec::new(), Vec::new()));
    for key in REQUIRED {
        let whole = with("id", "X-1");
        let without: Vec<&str> = whole
            .lines()
            .filter(|line| {
                !line
                    .trim_start_matches([' ', '-'])
                    .starts_with(&format!("{key}:"))
            })
            .collect();
        let without = without
            .join("\n")
            .replacen("    ", "  - ", usize::from(*key == "id"));
        assert!(!said(&without).is_empty(), "{without}");
        assert!(!wrong(&without).is_empty(), "{without}");
    }
}

#[test]
fn the_reference_has_every_key_and_every_row_its_cells() {
    let text = reference();
    for key in RULE.iter().chain(SIGNALS) {
        assert!(text.contains(&format!("`{}`", key.name)), "{}", key.name);
    }
    for line in text.lines().filter(|line| line.starts_with('|')) {
        let cells = line.replace("\\|", "").matches('|').count();
        assert!(cells == 5 || cells == 3, "{line}");
        assert!(!line.contains("|  |"), "a cell is empty: {line}");
    }
}
