//! The probes' own schemas, made fit for files in which `${…}` may stand where a number is asked for.

use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use super::shapes::{filled, filled_list};
use crate::model::{FactKind, KnownFact, Phase};
use crate::probe::AnyProbe;

/// All probes, and what they share.
pub(in crate::suite) struct Probes {
    pub(in crate::suite) all: Vec<Probe>,
    pub(in crate::suite) definitions: Map<String, Value>,
}

/// One of them.
pub(in crate::suite) struct Probe {
    pub(in crate::suite) name: &'static str,
    pub(in crate::suite) about: String,
    /// The schema of its mapping: a reference into the definitions.
    pub(in crate::suite) mapping: Value,
    pub(in crate::suite) facts: &'static [KnownFact],
}

impl Probes {
    pub(in crate::suite) fn read() -> Self {
        let mut generator = SchemaGenerator::default();
        let schemas = AnyProbe::schemas(&mut generator);
        let mut definitions = generator.take_definitions(true);
        for definition in definitions.values_mut() {
            fit(definition);
        }
        let mut all = Vec::new();
        for (name, schema) in schemas {
            let facts = AnyProbe::vocabulary(name).map_or(&[][..], |vocabulary| vocabulary.facts);
            definitions.insert(format!("expect_{name}"), expect(facts));
            definitions.insert(format!("capture_{name}"), capture(facts));
            let mut mapping = schema.to_value();
            fit(&mut mapping);
            all.push(Probe {
                name,
                about: AnyProbe::about(name).unwrap_or_default(),
                mapping,
                facts,
            });
        }
        Self { all, definitions }
    }
}

/// What can be expected of these facts and those that every probe has.
fn expect(facts: &[KnownFact]) -> Value {
    let matcher = json!({ "$ref": "#/$defs/matcher" });
    let named = |about: &str, names: &Value| {
        json!({
            "type": "object",
            "description": about,
            "propertyNames": names,
            "additionalProperties": matcher,
            "minProperties": 1,
        })
    };
    let mut properties = Map::new();
    for fact in facts {
        let schema = match fact.kind {
            FactKind::Headers => named(
                "Headers and what they must be; names without case.",
                &json!({}),
            ),
            FactKind::Json => named(
                "JSONPaths (RFC 9535) and what they must find: `$.status`.",
                &json!({ "pattern": r"^\$" }),
            ),
            FactKind::Counts { .. } => named(
                "Names and what their numbers must be: `{ crashes: 0 }`.",
                &json!({}),
            ),
            FactKind::Events => json!({ "$ref": "#/$defs/events" }),
            _ => matcher.clone(),
        };
        properties.insert(fact.name.to_owned(), schema);
    }
    properties.insert(
        "isolation".to_owned(),
        json!({ "const": true, "description": "Only of a test with `actors`: nothing of one actor may come to another, and each must have seen something of its own." }),
    );
    properties.insert(
        "latency".to_owned(),
        json!({ "allOf": [matcher], "description": "How long the look took: `{ below: 5s }`." }),
    );
    let phases: Vec<&str> = Phase::ALL.iter().map(|phase| phase.name()).collect();
    properties.insert(
        "phases".to_owned(),
        named(
            "Phases and how long they may take: `{ tls: { below: 1s } }`.",
            &json!({ "enum": phases }),
        ),
    );
    for phase in phases {
        properties.insert(format!("phases.{phase}"), matcher.clone());
    }
    properties.insert(
        "fault".to_owned(),
        json!({
            "description": "`none`, or what must get in the way: `tcp.refused`, `tls.*`, a list of such.",
            "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" }, "minItems": 1 }],
        }),
    );
    json!({
        "type": "object",
        "description": "What must hold of what was seen.",
        "properties": properties,
        "minProperties": 1,
        "additionalProperties": false,
    })
}

/// Names, each with one fact and a path into it.
fn capture(facts: &[KnownFact]) -> Value {
    let path = json!({
        "description": "`true` for the whole fact, a JSONPath for `json`, a name for `headers`, else positions (`last`, or negative: from the end) and keys: `[0, id]`.",
        "anyOf": [{ "const": true }, { "type": ["string", "integer"] }, { "type": "array", "items": { "type": ["string", "integer"] } }],
    });
    let mut properties = Map::new();
    let own = facts.iter().map(|fact| fact.name);
    for name in own.chain(["latency", "phases", "fault"]) {
        properties.insert(name.to_owned(), path.clone());
    }
    properties.insert(
        "matches".to_owned(),
        json!({ "type": "string", "description": "A regular expression; its first group is kept." }),
    );
    properties.insert(
        "secret".to_owned(),
        json!({ "type": "boolean", "description": "Masked wherever it would be shown." }),
    );
    json!({
        "type": "object",
        "description": "Names for later steps.",
        "propertyNames": { "pattern": "^[a-z_][a-z0-9_]*$" },
        "additionalProperties": {
            "type": "object",
            "properties": properties,
            "minProperties": 1,
            "additionalProperties": false,
        },
    })
}

/// Numbers, truth values, words and lists may come from a variable; nothing may be null; no key is unknown.
fn fit(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    object.remove("format");
    without_null(object);
    for key in ["properties", "patternProperties", "$defs"] {
        let inner = object.get_mut(key).and_then(Value::as_object_mut);
        inner.into_iter().flat_map(Map::values_mut).for_each(fit);
    }
    for key in ["items", "additionalProperties", "not"] {
        object.get_mut(key).into_iter().for_each(fit);
    }
    let are_words =
        |options: &Vec<Value>| options.iter().all(|option| option.get("const").is_some());
    for key in ["anyOf", "oneOf", "allOf", "prefixItems"] {
        let Some(options) = object.get_mut(key).and_then(Value::as_array_mut) else {
            continue;
        };
        if key == "oneOf" && are_words(options) {
            options.push(filled());
        } else {
            options.iter_mut().for_each(fit);
        }
    }
    if object.contains_key("properties") && !object.contains_key("additionalProperties") {
        object.insert("additionalProperties".to_owned(), json!(false));
    }
    let by = match object.get("type").and_then(Value::as_str) {
        Some("integer" | "number" | "boolean") => Some(filled()),
        Some("string") if object.contains_key("enum") => Some(filled()),
        Some("array") => Some(filled_list()),
        // Names of one's own: all of them may come from a variable.
        Some("object") if !object.contains_key("properties") => Some(filled()),
        _ => None,
    };
    if let Some(filled) = by
        && !object.contains_key("const")
    {
        let about = object.remove("description");
        let mut inner = std::mem::take(object);
        let default = inner.remove("default");
        object.insert("anyOf".to_owned(), json!([inner, filled]));
        object.extend(about.map(|about| ("description".to_owned(), about)));
        object.extend(default.map(|default| ("default".to_owned(), default)));
    }
}

/// `Option` reads as "or null" to schemars; in our files an empty value is an error.
fn without_null(object: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|one| one != "null");
        if let [only] = &types[..] {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    let options = object.get("anyOf").and_then(Value::as_array);
    if let Some([one, null]) = options.map(Vec::as_slice)
        && null.get("type").is_some_and(|one| one == "null")
        && let Some(one) = one.as_object().cloned()
    {
        object.remove("anyOf");
        for (key, value) in one {
            object.entry(key).or_insert(value);
        }
    }
    if object.get("default") == Some(&Value::Null) {
        object.remove("default");
    }
}
