//! `schema/suite.json`: what editors complete and underline with, for every file of a project.
//!
//! Suite files are the main case and the default; the other files are recognised by keys that suites do not have.

mod probes;
mod shapes;

use serde_json::{Map, Value, json};

pub(super) use self::probes::{Probe, Probes};

use super::vocabulary::{PROJECT, SESSIONS, SUITE, TABLES, TARGET, Table};

/// The schema of all YAML files of a project, as JSON (draft 2020-12).
pub fn suite_schema() -> String {
    let mut text = format!("{:#}", schema());
    text.push('\n');
    text
}

/// The same as a value.
fn schema() -> Value {
    let probes = Probes::read();
    let mut definitions = Map::new();
    for (_, table) in TABLES {
        definitions.insert(table.name.to_owned(), shapes::mapping(table, &probes));
    }
    definitions.insert("matcher".to_owned(), shapes::matcher());
    definitions.insert("ready".to_owned(), shapes::ready(&probes));
    definitions.extend(probes.definitions);
    let reference = |table: &Table| json!({ "$ref": format!("#/$defs/{}", table.name) });
    let any_of = |keys: &[&str]| {
        let required: Vec<Value> = keys
            .iter()
            .map(|key| json!({ "required": [key] }))
            .collect();
        json!({ "anyOf": required })
    };
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "allclear",
        "description": "Suites, targets, sessions.yaml and allclear.yaml of allclear.",
        "type": "object",
        "if": any_of(&["sessions"]),
        "then": reference(&SESSIONS),
        "else": {
            "if": any_of(&["categories", "target", "diagnosis"]),
            "then": reference(&PROJECT),
            "else": {
                "if": any_of(&["vars", "secrets", "budgets", "limits", "omit", "production", "embedded"]),
                "then": reference(&TARGET),
                "else": {
                    "if": any_of(&["gate"]),
                    "then": { "anyOf": [reference(&PROJECT), reference(&TARGET)] },
                    "else": reference(&SUITE),
                },
            },
        },
        "$defs": definitions,
    })
}

#[cfg(test)]
mod tests;
