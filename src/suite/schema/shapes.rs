//! From a table to the schema of its mapping.

use serde_json::{Map, Value, json};

use super::probes::Probes;
use crate::suite::vocabulary::{Key, LOOK, MATCHERS, SECRET, Shape, Table, Takes, USE};

/// A mapping with these keys; tests and steps also with exactly one probe.
pub(super) fn mapping(table: &Table, probes: &Probes) -> Value {
    let mut properties = Map::new();
    for key in table.keys {
        let mut schema = shape(key.shape);
        schema["description"] = json!(key.about);
        properties.insert(key.name.to_owned(), schema);
    }
    let required: Vec<&str> = table
        .keys
        .iter()
        .filter(|key| key.is_required)
        .map(|key| key.name)
        .collect();
    let mut schema = json!({
        "type": "object",
        "description": table.about,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    if has(table, "expect") || has(table, "fact") || is_only_shown(table) {
        look(&mut schema, table, probes);
    }
    if has(table, "strict") {
        let orders = ["strict", "subsequence", "any_order", "partial"];
        let pairs = orders.iter().enumerate().flat_map(|(at, one)| {
            let others = orders[at + 1..].iter();
            others.map(move |other| json!({ "required": [one, other] }))
        });
        schema["not"] = json!({ "anyOf": pairs.collect::<Vec<_>>() });
        schema["minProperties"] = json!(1);
    }
    if has(table, "retry") {
        let pairs = [["retry", "until"], ["retry", "repeat"], ["until", "repeat"]];
        schema["not"] = json!({ "anyOf": pairs.map(|pair| json!({ "required": pair })) });
    }
    schema
}

/// Nothing is expected of it.
fn is_only_shown(table: &Table) -> bool {
    table.name == LOOK.name
}

fn has(table: &Table, name: &str) -> bool {
    table.keys.iter().any(|key: &Key| key.name == name)
}

/// The probes, one of which must be there, and what can be expected of each.
fn look(schema: &mut Value, table: &Table, probes: &Probes) {
    let is_test = has(table, "steps");
    let mut one_of = Vec::new();
    let mut all_of = Vec::new();
    for probe in &probes.all {
        let name = probe.name;
        let mut mapping = probe.mapping.clone();
        mapping["description"] = json!(probe.about);
        schema["properties"][name] = mapping;
        one_of.push(json!({ "required": [name] }));
        if is_only_shown(table) {
            continue;
        }
        let mut then = if has(table, "fact") {
            let one = format!("#/$defs/capture_{name}/additionalProperties");
            json!({ "properties": { "fact": { "$ref": one } } })
        } else {
            json!({
                "properties": {
                    "expect": { "$ref": format!("#/$defs/expect_{name}") },
                    "capture": { "$ref": format!("#/$defs/capture_{name}") },
                },
            })
        };
        if is_test {
            then["required"] = json!(["expect"]);
        }
        all_of.push(json!({ "if": { "required": [name] }, "then": then }));
    }
    if is_test {
        one_of.push(json!({ "required": ["steps"] }));
        let misplaced =
            json!({ "anyOf": [{ "required": ["expect"] }, { "required": ["capture"] }] });
        all_of.push(json!({ "if": { "required": ["steps"] }, "then": { "not": misplaced } }));
    }
    schema["oneOf"] = json!(one_of);
    if !all_of.is_empty() {
        schema["allOf"] = json!(all_of);
    }
}

/// How to see that a program is ready: a probe but the one that starts programs, and what it must see.
pub(super) fn ready(probes: &Probes) -> Value {
    let told = |about: &str| {
        let mut time = shape(Shape::Time);
        time["description"] = json!(about);
        time
    };
    let mut properties = Map::new();
    let every = "From the end of a look to the next; without it a fortieth of the time since the start, from 5ms to 250ms.";
    properties.insert("every".to_owned(), told(every));
    properties.insert("timeout".to_owned(), told("Of one look, `2s` unless said."));
    properties.insert("expect".to_owned(), json!({ "type": "object" }));
    let mut one_of = Vec::new();
    let mut all_of = Vec::new();
    for probe in probes.all.iter().filter(|probe| probe.name != "process") {
        let name = probe.name;
        let mut mapping = probe.mapping.clone();
        mapping["description"] = json!(probe.about);
        properties.insert(name.to_owned(), mapping);
        one_of.push(json!({ "required": [name] }));
        let expect = json!({ "$ref": format!("#/$defs/expect_{name}") });
        all_of.push(json!({
            "if": { "required": [name] },
            "then": { "properties": { "expect": expect } },
        }));
    }
    json!({
        "type": "object",
        "description": "How to see that a program is ready.",
        "properties": properties,
        "required": ["expect"],
        "additionalProperties": false,
        "oneOf": one_of,
        "allOf": all_of,
    })
}

const DURATION: &str = r"^((\d+(us|ms|s|m|h|d))+|\d+\.\d+(us|ms|s|m|h|d)|.*\$\{.*)$";
const PERCENT: &str = r"^(\d+(\.\d{1,4})? ?%|.*\$\{.*)$";
const NAME: &str = "^[a-z0-9][a-z0-9.-]*$";
const VARIABLE: &str = "^[a-z_][a-z0-9_]*$";

/// Text that a variable fills.
pub(super) fn filled() -> Value {
    json!({ "type": "string", "pattern": r"\$\{" })
}

/// A variable that is a list: nothing may stand around it.
pub(super) fn filled_list() -> Value {
    json!({ "type": "string", "pattern": r"^\$\{[^{}]+\}$" })
}

fn reference(table: &Table) -> Value {
    json!({ "$ref": format!("#/$defs/{}", table.name) })
}

fn shape(shape: Shape) -> Value {
    let names = json!({ "type": "array", "items": { "type": ["string", "number"] } });
    let percent = json!({ "type": "string", "pattern": PERCENT, "examples": ["90%"] });
    match shape {
        Shape::Text => json!({ "type": ["string", "number", "boolean"] }),
        Shape::Name => json!({ "type": ["string", "number"], "pattern": NAME }),
        Shape::Switch => json!({ "type": "boolean" }),
        Shape::Count(low, high) => json!({ "type": "integer", "minimum": low, "maximum": high }),
        Shape::FilledCount(low, high) => {
            json!({ "anyOf": [{ "type": "integer", "minimum": low, "maximum": high }, filled()] })
        }
        Shape::Factor => {
            json!({ "anyOf": [{ "type": "number", "minimum": 1, "maximum": 100 }, filled()] })
        }
        Shape::Duration | Shape::Time => {
            json!({ "type": "string", "pattern": DURATION, "examples": ["10s", "1m30s"] })
        }
        Shape::Percent => percent,
        Shape::Cap => json!({ "anyOf": [{ "type": "integer", "minimum": 0 }, percent] }),
        Shape::MinExecuted => json!({ "anyOf": [percent, {
            "type": "object",
            "properties": {
                "tests": { "type": "integer", "minimum": 1 },
                "percent": percent,
            },
            "minProperties": 1,
            "additionalProperties": false,
        }] }),
        Shape::Word(words) => json!({ "enum": words }),
        Shape::Names => names,
        Shape::Alone => json!({ "anyOf": [{ "type": "boolean" }, names] }),
        Shape::Code => {
            json!({ "type": "string", "pattern": r"^[A-Za-z0-9._-]*\*?$", "minLength": 1 })
        }
        Shape::Codes => json!({ "type": "array", "items": { "type": "string" }, "minItems": 1 }),
        Shape::Mapping(table) => reference(table),
        Shape::List(table) => json!({ "type": "array", "items": reference(table), "minItems": 1 }),
        Shape::OneOrList(table) => {
            json!({ "anyOf": [reference(table), self::shape(Shape::List(table))] })
        }
        Shape::Actors => actors(),
        Shape::Uses => {
            json!({ "type": "array", "items": { "anyOf": [{ "type": "string" }, reference(&USE)] } })
        }
        Shape::NameOr(table) => json!({ "anyOf": [{ "type": "string" }, reference(table)] }),
        Shape::Named(table) => json!({
            "type": "object",
            "propertyNames": { "pattern": "^[a-z0-9_][a-z0-9._-]*$" },
            "additionalProperties": reference(table),
        }),
        Shape::NamedTimes => json!({
            "type": "object",
            "propertyNames": { "pattern": VARIABLE },
            "additionalProperties": self::shape(Shape::Time),
        }),
        Shape::Variables => json!({
            "type": "object",
            "propertyNames": { "pattern": VARIABLE },
            "additionalProperties": { "not": { "type": "null" } },
        }),
        Shape::Rows => rows(),
        Shape::EventKey => event_key(),
        Shape::EventNames => json!({ "anyOf": [filled_list(), list_of(&event_name())] }),
        Shape::Orders => {
            let mut pair = list_of(&event_name());
            pair["minItems"] = json!(2);
            pair["maxItems"] = json!(2);
            list_of(&pair)
        }
        Shape::Matcher => matcher_itself(),
        Shape::NamedMatchers => mapping_to(&matcher_itself()),
        Shape::Paths => paths(),
        Shape::NamedPaths => mapping_to(&paths()),
        Shape::AtMost => limits(["below", "at_most"]),
        Shape::AtLeast => limits(["above", "at_least"]),
        Shape::Expect | Shape::Fact => json!({ "type": "object", "minProperties": 1 }),
        Shape::Capture => json!({ "type": "object", "propertyNames": { "pattern": VARIABLE } }),
        Shape::Claims => claims(),
        Shape::Secret => {
            let mut secret = reference(&SECRET);
            secret["minProperties"] = json!(1);
            secret["maxProperties"] = json!(1);
            json!({
                "type": "object",
                "propertyNames": { "pattern": VARIABLE },
                "additionalProperties": secret,
            })
        }
    }
}

/// How many, or their names.
fn actors() -> Value {
    json!({ "anyOf": [
        { "type": "integer", "minimum": 1, "maximum": 1000 },
        {
            "type": "array",
            "items": { "type": ["string", "number"] },
            "minItems": 1,
            "maxItems": 1000,
            "uniqueItems": true,
        },
        filled(),
    ] })
}

/// Those of a matrix, each with its label.
fn rows() -> Value {
    json!({ "anyOf": [filled_list(), {
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "object",
            "properties": { "name": { "type": ["string", "number"], "description": "The row's label, in the id." } },
            "propertyNames": { "pattern": VARIABLE },
            "required": ["name"],
        },
    }] })
}

/// Where the name of an event stands.
fn event_key() -> Value {
    let spot = json!({ "type": "string", "pattern": r"^(\$|event$)" });
    json!({ "anyOf": [spot, list_of(&spot)] })
}

/// JSONPaths, each with a matcher.
fn paths() -> Value {
    let mut paths = mapping_to(&matcher_itself());
    paths["propertyNames"] = json!({ "pattern": r"^\$" });
    paths
}

fn matcher_itself() -> Value {
    json!({ "$ref": "#/$defs/matcher" })
}

/// The name of an event: compared as text.
fn event_name() -> Value {
    json!({ "type": ["string", "number", "boolean"] })
}

/// A list of these that has some.
fn list_of(items: &Value) -> Value {
    json!({ "type": "array", "items": items, "minItems": 1 })
}

/// Names of one's own, each with one of these; at least one.
fn mapping_to(values: &Value) -> Value {
    json!({ "type": "object", "additionalProperties": values, "minProperties": 1 })
}

/// Durations under these keys.
fn limits(keys: [&str; 2]) -> Value {
    let properties: Map<String, Value> = keys
        .iter()
        .map(|key| ((*key).to_owned(), shape(Shape::Duration)))
        .collect();
    json!({
        "type": "object",
        "properties": properties,
        "minProperties": 1,
        "additionalProperties": false,
    })
}

fn claims() -> Value {
    let limits = json!({
        "type": "object",
        "properties": { "max": { "type": "string", "pattern": DURATION, "description": "No attempt that held took longer." } },
        "patternProperties": { r"^p\d+(\.\d+)?$": { "type": "string", "pattern": DURATION } },
        "minProperties": 1,
        "additionalProperties": false,
    });
    let mut properties = Map::new();
    properties.insert("latency".to_owned(), limits.clone());
    properties.insert(
        "phases".to_owned(),
        json!({ "type": "object", "additionalProperties": limits }),
    );
    json!({
        "type": "object",
        "properties": properties,
        "patternProperties": { r"^phases\.[a-z_]+$": limits },
        "minProperties": 1,
        "additionalProperties": false,
    })
}

/// A value, or a mapping all of whose entries must hold.
pub(super) fn matcher() -> Value {
    let itself = matcher_itself();
    let mut properties = Map::new();
    for (name, takes, example, about) in MATCHERS {
        let several = |items: &Value| json!({ "type": "array", "items": items, "minItems": 1 });
        let mut schema = match takes {
            Takes::Any => json!({}),
            Takes::Matcher => json!({ "allOf": [itself] }),
            Takes::Matchers => several(&itself),
            Takes::Values => json!({ "anyOf": [several(&json!({})), filled()] }),
            Takes::Ends => {
                json!({ "anyOf": [{ "type": "array", "minItems": 2, "maxItems": 2 }, filled()] })
            }
            Takes::Bound | Takes::Text => json!({ "type": ["string", "number", "boolean"] }),
            Takes::Truth => json!({ "anyOf": [{ "type": "boolean" }, filled()] }),
            Takes::Mapping => json!({ "type": "object", "minProperties": 1 }),
            Takes::Type => json!({ "anyOf": [
                { "enum": ["null", "boolean", "number", "string", "duration", "array", "object"] },
                // `null` without quotes is YAML's null.
                { "type": "null" },
                filled(),
            ] }),
        };
        schema["description"] = json!(format!("{about} `{example}`"));
        properties.insert((*name).to_owned(), schema);
    }
    json!({
        "description": "A value, or a mapping all of whose entries must hold.",
        "if": { "type": "object" },
        "then": {
            "properties": properties,
            "minProperties": 1,
            "additionalProperties": false,
        },
        "else": { "type": ["string", "number", "boolean", "null", "array"] },
    })
}
