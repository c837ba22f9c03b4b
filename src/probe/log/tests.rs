//! Against real files, programs and servers.

mod files;
mod programs;
mod servers;

use super::*;
use crate::model::Value;
use crate::probe::testing::{brief_look, code, look, problem, read, stopped, unable};

/// What an application says that could not start.
const APP: &str = "\
2026-11-21T09:59:58Z INFO before
2026-11-21T10:00:00Z INFO starting
2026-11-21T10:00:01Z ERROR could not start
Traceback (most recent call last):
ModuleNotFoundError: No module named 'asyncpg'
2026-11-21T10:00:02Z WARN Container called exit(3).
";

/// These patterns, and perhaps more keys.
fn keys(more: &str) -> String {
    format!(
        r"patterns: {{ container_exit: 'Container called exit\(', missing_module: 'ModuleNotFoundError|ImportError', quiet: xyz }}{more}"
    )
}

fn fact<'o>(seen: &'o Observation, name: &str) -> Option<&'o Value> {
    seen.facts.get(name)
}

fn counts(seen: &Observation) -> Vec<(&str, &Value)> {
    match fact(seen, "counts") {
        Some(Value::Map(entries)) => entries
            .iter()
            .map(|(name, value)| (&**name, value))
            .collect(),
        other => panic!("no counts: {other:?}"),
    }
}

fn count(seen: &Observation, name: &str) -> Option<Value> {
    fact(seen, "counts")?.get(name).cloned()
}

fn lines(seen: &Observation) -> Option<Value> {
    fact(seen, "lines").cloned()
}

fn evidence<'o>(seen: &'o Observation, label: &str) -> Option<&'o str> {
    let mut all = seen.evidence.iter();
    all.find(|one| one.label == label).map(|one| &*one.text)
}

#[test]
fn slips_are_told() {
    for (yaml, why) in [
        ("patterns: { a: b }", "nothing is read; write one of"),
        ("{ file: a, url: \"http://b\" }", "`file` is there already"),
        ("{ file: a, command: [b] }", "`file` is there already"),
        (
            "{ file: a, env: { B: c } }",
            "belongs to `command`, and the log is a `file`",
        ),
        (
            "{ command: [a], headers: { b: c } }",
            "belongs to `url`, and the log is a `command`",
        ),
        ("command: tail -f x", "as a list: `[tail, -f, x]`"),
        ("command: []", "the program to run"),
        ("{ file: a, patterns: { b: '(' } }", "unclosed group"),
        ("{ file: a, patterns: { \"b.c\": d } }", "is no name"),
        ("{ file: a, time: '\\d+' }", "there is no group"),
        ("{ file: a, time: '(' }", "unclosed group"),
        (
            "{ file: a, since: yesterday }",
            "`yesterday` is no time with an offset",
        ),
        (
            "{ file: a, since: \"2026-11-21T10:00:00\" }",
            "no time with an offset",
        ),
        ("{ url: \"http://a\", max_size: 2GiB }", "at most 1GiB"),
        ("{ url: \"ftp://a\" }", "ftp"),
    ] {
        let told = problem("log", yaml);
        assert!(told.contains(why), "{yaml}: {told}");
    }
}

#[test]
fn only_a_program_needs_to_be_allowed() {
    assert!(read::<Log>("command: [cat, x]").needs().commands);
    assert!(!read::<Log>("file: x").needs().commands);
    assert_eq!(read::<Log>("file: /var/x").request(), "read /var/x");
    assert_eq!(read::<Log>("file: /var/x").resources(), ["file:/var/x"]);
    let log: Log = read("url: \"http://me:hunter22@web/log\"");
    assert_eq!(log.request(), "GET http://web/log");
}
