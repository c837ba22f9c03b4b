//! `schema`: JSON Schema, draft 2020-12, as it stands in the suite. A file that is named instead has taken its place already.
//!
//! What the standard lets pass in silence is an error here: a keyword that does not exist (`requried`) would be a rule that
//! cannot be broken. Nothing is fetched, and patterns take time linear in the text.

mod unsaid;

use std::fmt;
use std::sync::Arc;

use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::Value as Json;

use super::super::json::to_json;
use super::judge::Judgement;
use crate::model::Value;
use crate::template::{is_filled, value_of};
use crate::yaml::{Diagnostic, Diagnostics, Kind, Node, did_you_mean};

/// What `$schema` may say.
const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Keywords below which one schema stands.
const ONE: &[&str] = &[
    "additionalProperties",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// Keywords below which a list of schemas stands.
const LISTED: &[&str] = &["allOf", "anyOf", "oneOf", "prefixItems"];

/// Keywords below which schemas stand by name.
const NAMED: &[&str] = &[
    "$defs",
    "dependentSchemas",
    "patternProperties",
    "properties",
];

/// The other keywords.
const OTHERS: &[&str] = &[
    "$anchor",
    "$comment",
    "$dynamicAnchor",
    "$dynamicRef",
    "$id",
    "$ref",
    "$schema",
    "const",
    "contentEncoding",
    "contentMediaType",
    "default",
    "dependentRequired",
    "deprecated",
    "description",
    "enum",
    "examples",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "maxContains",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minContains",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "pattern",
    "readOnly",
    "required",
    "title",
    "type",
    "uniqueItems",
    "writeOnly",
];

/// Longest text of what is wrong with a value, and longest schema that is shown as it is.
const LONGEST: usize = 512;
const SHORT: usize = 120;

/// So many places are told.
const TOLD: usize = 3;

/// A schema that is ready to be asked.
#[derive(Clone)]
pub(super) struct Schema {
    validator: Arc<Validator>,
    /// Its title, or all of it where it is short.
    shown: Arc<str>,
}

impl Schema {
    /// Reads a schema; whatever is wrong with it is told where it stands.
    pub(super) fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        let is_written = matches!(node.resolved().kind, Kind::Mapping(_)) && !is_filled(node);
        if !is_written || !is_known(node) {
            problems.push(Diagnostic::error(
                node.span,
                "`schema` takes a schema that is known at load: `schema: { type: object, required: [id] }`, or `schema: { file: event.json }`",
            ));
            return None;
        }
        let errors = problems.errors();
        keywords(node, problems);
        if problems.errors() > errors {
            return None;
        }
        let json = to_json(&value_of(node));
        let built = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_pattern_options(PatternOptions::regex())
            .should_validate_formats(true)
            .should_ignore_unknown_formats(false)
            .offline()
            .build(&json);
        match built {
            Ok(validator) => {
                if unsaid::is_met_by_everything(&json) {
                    let message = "everything meets this schema: it says nothing of a value";
                    problems.push(Diagnostic::error(node.span, message));
                } else {
                    unsaid::types(node, problems);
                }
                (problems.errors() == errors).then(|| Self {
                    validator: Arc::new(validator),
                    shown: shown(&json).into(),
                })
            }
            Err(error) => {
                let at = below(node, error.instance_path().as_str());
                let message = format!("this is no schema: {error}");
                problems.push(Diagnostic::error(
                    at.span,
                    bounded(message, "this is no schema"),
                ));
                None
            }
        }
    }

    pub(super) fn judge(&self, value: &Value) -> Judgement {
        let json = to_json(value);
        let mut errors = self.validator.iter_errors(&json);
        let told: Vec<String> = errors.by_ref().take(TOLD).map(|one| wrong(&one)).collect();
        if told.is_empty() {
            return Judgement::Holds;
        }
        let more = match errors.count() {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        Judgement::Fails(Some(format!("{}{more}", told.join("; "))))
    }
}

/// Where in a value something is wrong, and what would be right. The value itself is shown beside it.
fn wrong(error: &ValidationError<'_>) -> String {
    let at = error.instance_path().as_str();
    let whose = if at.is_empty() {
        String::new()
    } else {
        format!("`{at}`: ")
    };
    let what = error.masked_with("it").to_string();
    let instead = format!("`{}` does not hold", error.kind().keyword());
    bounded(format!("{whose}{what}"), &instead)
}

/// The text, or what stands for it where it is long: the beginning of a secret would not be recognised and masked.
fn bounded(text: String, instead: &str) -> String {
    if text.len() > LONGEST {
        instead.to_owned()
    } else {
        text
    }
}

fn shown(json: &Json) -> String {
    let title = json.get("title").and_then(Json::as_str);
    let text = title.map_or_else(|| json.to_string(), str::to_owned);
    if text.len() > SHORT {
        format!("({} bytes)", text.len())
    } else {
        text
    }
}

/// Whether nothing in it is only known later.
fn is_known(node: &Node) -> bool {
    match &node.resolved().kind {
        Kind::Pending => false,
        Kind::Sequence(items) => items.iter().all(is_known),
        Kind::Mapping(entries) => entries.iter().all(|entry| is_known(&entry.value)),
        Kind::Scalar(_) | Kind::Alias(_) => true,
    }
}

/// Tells of keywords that do not exist or that nothing can break, in this schema and in those within it.
fn keywords(node: &Node, problems: &mut Diagnostics) {
    // `true` and `false` are schemas, too; what is none is told by who reads it.
    let Some(entries) = node.as_mapping() else {
        return;
    };
    for entry in entries {
        let (key, value) = (&*entry.key, &entry.value);
        if let Some(why) = unsaid::idle(key, entries) {
            problems.push(Diagnostic::error(entry.key_span, why));
        }
        if ONE.contains(&key) {
            keywords(value, problems);
        } else if LISTED.contains(&key) {
            for item in value.as_sequence().unwrap_or_default() {
                keywords(item, problems);
            }
        } else if NAMED.contains(&key) {
            for named in value.as_mapping().unwrap_or_default() {
                keywords(&named.value, problems);
            }
        } else if key == "$schema" {
            let said = value.as_scalar().map(|scalar| &*scalar.text);
            if said.map(|said| said.trim_end_matches('#')) != Some(DRAFT) {
                let message = format!("only draft 2020-12 is read: `{DRAFT}`");
                problems.push(Diagnostic::error(value.span, message));
            }
        } else if !OTHERS.contains(&key) && !key.starts_with("x-") {
            let all = [ONE, LISTED, NAMED, OTHERS].concat();
            let hint = did_you_mean(key, all);
            let message = format!("`{key}` is no keyword of JSON Schema, draft 2020-12{hint}");
            problems.push(Diagnostic::error(entry.key_span, message));
        }
    }
}

/// The node at a JSON pointer (RFC 6901), as far as it is there.
fn below<'n>(node: &'n Node, pointer: &str) -> &'n Node {
    let mut at = node;
    for part in pointer.split('/').skip(1) {
        let key = part.replace("~1", "/").replace("~0", "~");
        let item = || at.as_sequence()?.get(key.parse::<usize>().ok()?);
        let Some(next) = at.get(&key).or_else(item) else {
            break;
        };
        at = next;
    }
    at
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Schema").field(&self.shown).finish()
    }
}

impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

#[cfg(test)]
mod tests;
