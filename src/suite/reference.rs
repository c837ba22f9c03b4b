//! The generated part of `docs/suites.md`: every key there is.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::schema::{Probe, Probes};
use super::vocabulary::{Key, MATCHERS, Shape, TABLES, Table};

/// The reference of all keys as Markdown, from the same tables as the schema and the decoders.
pub fn reference() -> String {
    let mut text = String::from(
        "## Reference\n\nRequired keys are **bold**; what holds when a key is absent stands in parentheses.\n",
    );
    for (title, table) in TABLES {
        mapping(title, table, &mut text);
    }
    let probes = Probes::read();
    text.push_str("\n## Reference of probes\n");
    text.push_str("\nEvery probe also has the facts `latency`, `phases.*` and `fault`; what is expected of `events` are [rules](#events).\n");
    for known in &probes.all {
        probe(known, &probes.definitions, &mut text);
    }
    text.push_str("\n## Reference of matchers\n\n| key | meaning |\n|---|---|\n");
    for (name, _, example, about) in MATCHERS {
        row(
            &format!("`{name}`"),
            &format!("{about} `{example}`"),
            &mut text,
        );
    }
    text
}

fn row(key: &str, about: &str, text: &mut String) {
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "| {key} | {} |",
        about.replace('|', "\\|").replace('\n', " ")
    );
}

fn mapping(title: &str, table: &Table, text: &mut String) {
    let _ = write!(
        text,
        "\n### {title}\n\n{}\n\n| key | takes | meaning |\n|---|---|---|\n",
        table.about
    );
    for key in table.keys {
        let name = if key.is_required {
            format!("**`{}`**", key.name)
        } else {
            format!("`{}`", key.name)
        };
        row(&format!("{name} | {}", takes(key)), key.about, text);
    }
    let is_look = |key: &Key| matches!(key.shape, Shape::Expect | Shape::Fact);
    if table.keys.iter().any(is_look) {
        row(
            "one probe | a mapping",
            "What to look at; see the reference of probes.",
            text,
        );
    }
}

/// What stands under a key, in words.
fn takes(key: &Key) -> String {
    match key.shape {
        Shape::Text => "text".to_owned(),
        Shape::Name => "a name".to_owned(),
        Shape::Switch => "`true` or `false`".to_owned(),
        Shape::Count(..) | Shape::FilledCount(..) => "a whole number".to_owned(),
        Shape::Factor => "a number".to_owned(),
        Shape::Duration | Shape::Time => "a duration".to_owned(),
        Shape::Percent => "a percentage".to_owned(),
        Shape::Cap => "a count or a percentage".to_owned(),
        Shape::MinExecuted => "a percentage, or `{ tests: 20, percent: 90% }`".to_owned(),
        Shape::Word(words) => {
            let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
            words.join(", ")
        }
        Shape::Names => "a list of texts".to_owned(),
        Shape::Alone => "`true` or a list of categories".to_owned(),
        Shape::Code => "a code".to_owned(),
        Shape::Codes => "a list of codes".to_owned(),
        Shape::Mapping(_) | Shape::Claims => "a mapping".to_owned(),
        Shape::List(table) => format!("a list of {}s", table.name),
        Shape::OneOrList(table) => format!("a {0}, or a list of {0}s", table.name),
        Shape::Fact => "a fact and a path into it".to_owned(),
        Shape::Actors => "a whole number or a list of names".to_owned(),
        Shape::Uses => "a list of names and mappings".to_owned(),
        Shape::NameOr(_) => "a name or a mapping".to_owned(),
        Shape::Named(_) | Shape::Secret => "names, each with a mapping".to_owned(),
        Shape::NamedTimes => "names, each with a duration".to_owned(),
        Shape::Variables => "names, each with a value".to_owned(),
        Shape::Rows => "a list of rows".to_owned(),
        Shape::EventKey => "a JSONPath, `event`, or a list of them".to_owned(),
        Shape::EventNames => "a list of names of events".to_owned(),
        Shape::Orders => "a list of pairs of names".to_owned(),
        Shape::Matcher => "a matcher".to_owned(),
        Shape::NamedMatchers => "names, each with a matcher".to_owned(),
        Shape::Paths => "JSONPaths, each with a matcher".to_owned(),
        Shape::NamedPaths => "names, each with JSONPaths and matchers".to_owned(),
        Shape::AtMost => "`below` or `at_most` a duration".to_owned(),
        Shape::AtLeast => "`at_least` or `above` a duration".to_owned(),
        Shape::Expect => "facts and matchers".to_owned(),
        Shape::Capture => "names and facts".to_owned(),
    }
}

fn probe(probe: &Probe, definitions: &Map<String, Value>, text: &mut String) {
    let schema = resolved(&probe.mapping, definitions);
    let about = about_of(schema).unwrap_or(&probe.about);
    let _ = write!(
        text,
        "\n### `{}`\n\n{}\n\n",
        probe.name,
        about.replace('\n', " ")
    );
    let facts: Vec<_> = probe
        .facts
        .iter()
        .map(|fact| format!("`{}` ({})", fact.name, fact.kind.words()))
        .collect();
    let _ = write!(
        text,
        "Facts: {}.\n\n| key | takes | meaning |\n|---|---|---|\n",
        facts.join(", ")
    );
    keys("", schema, definitions, text);
}

/// The keys of a mapping and, behind a dot, those of the mappings in it.
fn keys(prefix: &str, holder: &Value, definitions: &Map<String, Value>, text: &mut String) {
    let required: Vec<&str> = holder["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for (name, schema) in holder["properties"].as_object().into_iter().flatten() {
        let inner = resolved(schema, definitions);
        let bold = if required.contains(&name.as_str()) {
            "**"
        } else {
            ""
        };
        // What an option of several is about stands beside its one key.
        let about = about_of(schema).or(about_of(inner)).or(about_of(holder));
        let mut about = about.unwrap_or_default().to_owned();
        if let Some(default) = schema.get("default").filter(|default| !is_bare(default)) {
            let default = match default {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let _ = write!(about, " ({default})");
        }
        row(
            &format!(
                "{bold}`{prefix}{name}`{bold} | {}",
                words(inner, definitions)
            ),
            &about,
            text,
        );
        let inside = format!("{prefix}{name}.");
        keys(&inside, inner, definitions, text);
        for option in inner["oneOf"].as_array().into_iter().flatten() {
            keys(&inside, option, definitions, text);
        }
        // Of a list of mappings, what stands in each.
        let inside = format!("{prefix}{name}[].");
        // Where a variable may stand for the list it is the first of two.
        let list = inner
            .get("items")
            .or_else(|| inner["anyOf"][0].get("items"));
        let item = list.map_or(&Value::Null, |item| resolved(item, definitions));
        keys(&inside, item, definitions, text);
        for option in item["oneOf"].as_array().into_iter().flatten() {
            keys(&inside, option, definitions, text);
        }
    }
}

/// A default that says nothing: an empty mapping, or a switch that is off.
fn is_bare(default: &Value) -> bool {
    match default {
        Value::Object(entries) => entries.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(truth) => !truth,
        Value::Null => true,
        Value::Number(_) | Value::String(_) => false,
    }
}

fn about_of(schema: &Value) -> Option<&str> {
    schema["description"].as_str()
}

fn resolved<'v>(schema: &'v Value, definitions: &'v Map<String, Value>) -> &'v Value {
    let target = schema["$ref"]
        .as_str()
        .and_then(|path| path.strip_prefix("#/$defs/"));
    target
        .and_then(|name| definitions.get(name))
        .unwrap_or(schema)
}

/// The type of a field in words.
fn words(schema: &Value, definitions: &Map<String, Value>) -> String {
    let schema = resolved(schema, definitions);
    if let Some(words) = schema["oneOf"]
        .as_array()
        .filter(|options| options.iter().any(|option| option.get("const").is_some()))
    {
        let words: Vec<_> = words
            .iter()
            .filter_map(|option| option["const"].as_str())
            .collect();
        return format!("`{}`", words.join("`, `"));
    }
    if let Some(options) = schema["anyOf"]
        .as_array()
        .filter(|options| !options.is_empty())
    {
        return words(&options[0], definitions);
    }
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<_> = words.iter().filter_map(Value::as_str).collect();
        return format!("`{}`", words.join("`, `"));
    }
    let text = match schema["type"].as_str() {
        Some("string") => "text",
        Some("integer") => "a whole number",
        Some("number") => "a number",
        Some("boolean") => "`true` or `false`",
        Some("array") => "a list",
        Some("object") => "a mapping",
        _ if schema.get("oneOf").is_some() => "one of",
        _ => "any YAML",
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::AnyProbe;

    #[test]
    fn every_key_fact_and_matcher_is_there_and_every_row_has_three_cells() {
        let text = reference();
        for (_, table) in TABLES {
            for key in table.keys {
                assert!(text.contains(&format!("`{}`", key.name)), "{}", key.name);
            }
        }
        for name in AnyProbe::NAMES {
            assert!(text.contains(&format!("### `{name}`")), "{name}");
        }
        assert!(
            text.contains("| **`url`** | text | An `http` or `https` URL."),
            "{text}"
        );
        assert!(
            text.contains("`script[].receive.within`"),
            "the entries of a list are not there"
        );
        assert!(
            text.contains("Facts: `connected` (true or false), "),
            "{text}"
        );
        for line in text.lines().filter(|line| line.starts_with('|')) {
            let cells = line.replace("\\|", "").matches('|').count();
            assert!(cells == 4 || cells == 3, "{line}");
            assert!(!line.contains("|  |"), "a cell is empty: {line}");
        }
    }
}
