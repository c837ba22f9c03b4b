//! What an event must be so that nobody waits any longer. It is judged afterwards, by `check`, whatever came.

use std::borrow::Cow;
use std::cell::OnceCell;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error};

use crate::check::{JsonPath, Matcher, meets};
use crate::model::Value;
use crate::template::is_filled;
use crate::yaml::{Diagnostics, Kind, Node, Raw};

/// A matcher, decoded where it stands.
#[derive(Debug, Clone)]
pub(in crate::probe) struct Rule(Matcher);

impl Rule {
    /// Whether a text meets it.
    pub(in crate::probe) fn holds(&self, text: &str) -> bool {
        self.0.holds(&Value::Untyped(text.to_owned()))
    }
}

/// JSONPaths (RFC 9535), each with what stands there: all must hold.
#[derive(Debug, Clone)]
pub(in crate::probe) struct JsonRules(Vec<(JsonPath, Matcher)>);

impl JsonRules {
    /// Whether a document meets all of them. What is not there meets nothing but `exists: false`.
    pub(in crate::probe) fn hold(&self, json: &Value) -> bool {
        let converted = OnceCell::new();
        let mut rules = self.0.iter();
        rules.all(|(path, matcher)| meets(json, path, matcher, &converted))
    }
}

fn matcher(node: &Node) -> Result<Matcher, String> {
    let mut problems = Diagnostics::default();
    let read = Matcher::decode(node, &mut problems);
    let told = problems.iter().next().map(|problem| {
        let help = problem.help.first();
        let help = help.map_or_else(String::new, |help| format!("; {help}"));
        format!("{}{help}", problem.message)
    });
    match (read, told) {
        (Some(matcher), None) => Ok(matcher),
        (_, told) => Err(told.unwrap_or_else(|| "this is no matcher".to_owned())),
    }
}

fn json_rules(node: &Node) -> Result<JsonRules, String> {
    let entries = match &node.resolved().kind {
        _ if is_filled(node) || node.resolved().kind == Kind::Pending => {
            return Err(
                "this cannot come from a variable; only what is compared with can".to_owned(),
            );
        }
        Kind::Mapping(entries) if !entries.is_empty() => entries,
        _ => {
            return Err("expected JSONPaths and what they must be: `{ $.type: done }`".to_owned());
        }
    };
    let read = |entry: &crate::yaml::Entry| {
        let path = JsonPath::parse(&entry.key)?;
        let matcher = matcher(&entry.value).map_err(|why| format!("`{path}`: {why}"))?;
        Ok((path, matcher))
    };
    let rules: Result<Vec<_>, String> = entries.iter().map(read).collect();
    rules.map(JsonRules)
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Raw(node) = Raw::deserialize(deserializer)?;
        matcher(&node).map(Self).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for JsonRules {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Raw(node) = Raw::deserialize(deserializer)?;
        json_rules(&node).map_err(D::Error::custom)
    }
}

impl JsonSchema for Rule {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Rule".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "$ref": "#/$defs/matcher" })
    }
}

impl JsonSchema for JsonRules {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "JsonRules".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "minProperties": 1,
            "propertyNames": { "pattern": r"^\$" },
            "additionalProperties": { "$ref": "#/$defs/matcher" }
        })
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::probe::json;
    use crate::probe::testing::node;

    #[derive(Deserialize)]
    struct Wanted {
        json: Option<JsonRules>,
        data: Option<Rule>,
    }

    fn read(yaml: &str) -> Result<Wanted, String> {
        let mut problems = Diagnostics::default();
        let wanted = crate::yaml::decode(&node(yaml), &mut problems);
        wanted.ok_or_else(|| problems.iter().next().unwrap().message.clone())
    }

    #[test]
    fn all_paths_must_be_met() {
        let wanted = read(
            "{ json: { $.type: done, \"$.items[*]\": { empty: false } }, data: { starts_with: x } }",
        );
        let Wanted {
            json: Some(rules),
            data: Some(data),
        } = wanted.unwrap()
        else {
            panic!("both are written");
        };
        for (text, holds) in [
            ("{\"type\": \"done\", \"items\": [1]}", true),
            ("{\"type\": \"done\", \"items\": []}", false),
            ("{\"type\": \"begun\", \"items\": [1]}", false),
            ("{\"items\": [1]}", false),
            ("[]", false),
        ] {
            assert_eq!(rules.hold(&json::parse(text).unwrap()), holds, "{text}");
        }
        // Where nothing is there nothing can be denied.
        let denied = read("{ json: { \"$.choices[*].reason\": { not: null } } }");
        let rules = denied.unwrap().json.unwrap();
        for (text, holds) in [
            ("{\"choices\": [{ \"reason\": \"stop\" }]}", true),
            ("{\"choices\": []}", false),
            ("{\"type\": \"begun\"}", false),
        ] {
            assert_eq!(rules.hold(&json::parse(text).unwrap()), holds, "{text}");
        }
        assert!(data.holds("xyz") && !data.holds("abc"));
    }

    #[test]
    fn what_no_event_can_meet_is_told_at_load() {
        for (yaml, why) in [
            ("{ json: {} }", "expected JSONPaths"),
            ("{ json: done }", "expected JSONPaths"),
            ("{ json: { type: done } }", "begins with `$`"),
            (
                "{ json: { $.type: { startswith: x } } }",
                "did you mean `starts_with`",
            ),
            ("{ data: {} }", "an empty matcher expects nothing"),
        ] {
            let told = read(yaml).map(|_| ()).unwrap_err();
            assert!(told.contains(why), "{yaml}: {told}");
        }
    }
}
