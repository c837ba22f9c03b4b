//! `schema/rules.schema.json`: what editors complete and underline with in a file of rules.

use serde_json::{Map, Value, json};

use super::{FILE, Key, REQUIRED, RULE, SIGNALS};
use crate::diagnosis::Rules;

/// The schema of a file of rules, as JSON (draft 2020-12).
pub fn rules_schema() -> String {
    let mut text = format!("{:#}", schema());
    text.push('\n');
    text
}

/// The same as a value.
pub(super) fn schema() -> Value {
    let mut file = mapping(FILE);
    file["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    file["title"] = json!("allclear rules");
    file["description"] =
        json!("A file of rules of allclear: what failures mean (`--rules`, `diagnosis.rules`).");
    file["required"] = json!(["rules"]);
    file["$defs"] = json!({ "rule": rule(), "when": when() });
    file
}

/// One that takes the place of ours may leave out what stays.
fn rule() -> Value {
    let ours: Vec<&str> = Rules::embedded()
        .all()
        .iter()
        .map(|rule| rule.id.as_str())
        .collect();
    let mut rule = mapping(RULE);
    rule["required"] = json!(["id"]);
    let of = |key: &str, value: Value| json!({ "properties": { key: value }, "required": [key] });
    let is_untrusted = of("when", of("untrusted", json!({ "const": true })));
    rule["allOf"] = json!([
        {
            "if": of("id", json!({ "enum": ours })),
            "else": { "required": REQUIRED },
        },
        {
            "if": is_untrusted,
            "then": { "properties": { "confidence": { "not": { "const": "high" } } } },
        },
        {
            "if": of("class", json!({ "pattern": "^unknown" })),
            "then": { "properties": { "confidence": { "const": "low" } } },
        },
    ]);
    rule
}

/// Something must be asked, and a body only of a proxy.
fn when() -> Value {
    let mut when = mapping(SIGNALS);
    when["anyOf"] = SIGNALS
        .iter()
        .filter(|key| key.name != "untrusted")
        .map(|key| json!({ "required": [key.name] }))
        .collect();
    when["if"] = json!({ "required": ["body"] });
    when["then"] = json!({ "anyOf": [
        { "required": ["hop"] },
        { "required": ["untrusted"] },
    ] });
    when
}

fn mapping(keys: &[Key]) -> Value {
    let property = |key: &Key| {
        let mut schema = key.shape.schema();
        schema["description"] = json!(key.about);
        (key.name.to_owned(), schema)
    };
    let properties: Map<String, Value> = keys.iter().map(property).collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}
