//! What a schema leaves unsaid: one that everything meets, or everything of another type than it was written for.
//! The standard passes both in silence.

use std::collections::HashMap;

use serde_json::Value as Json;

use crate::yaml::{Diagnostic, Diagnostics, Entry, Node};

/// By type, the keywords that whatever has another type meets.
const OF_TYPES: &[(&str, &[&str])] = &[
    (
        "object",
        &[
            "additionalProperties",
            "dependentRequired",
            "dependentSchemas",
            "maxProperties",
            "minProperties",
            "patternProperties",
            "properties",
            "propertyNames",
            "required",
            "unevaluatedProperties",
        ],
    ),
    (
        "array",
        &[
            "contains",
            "items",
            "maxItems",
            "minItems",
            "prefixItems",
            "unevaluatedItems",
            "uniqueItems",
        ],
    ),
    ("string", &["format", "maxLength", "minLength", "pattern"]),
    (
        "number",
        &[
            "exclusiveMaximum",
            "exclusiveMinimum",
            "maximum",
            "minimum",
            "multipleOf",
        ],
    ),
];

/// Beside one of these a schema speaks of values of other types, too, or leaves that to another.
const OF_ANY: &[&str] = &[
    "$dynamicRef",
    "$ref",
    "allOf",
    "anyOf",
    "const",
    "enum",
    "if",
    "not",
    "oneOf",
    "type",
];

/// Keywords that do nothing without another beside them.
const WITHOUT: &[(&str, &str)] = &[
    ("else", "if"),
    ("maxContains", "contains"),
    ("minContains", "contains"),
    ("then", "if"),
];

/// Why nothing can break a keyword where it stands, if so.
pub(super) fn idle(key: &str, beside: &[Entry]) -> Option<String> {
    if key == "contentSchema" {
        let why = "`contentSchema` is a note in draft 2020-12, which nothing is held against";
        return Some(why.to_owned());
    }
    let (_, other) = WITHOUT.iter().find(|(known, _)| *known == key)?;
    let is_there = beside.iter().any(|entry| &*entry.key == *other);
    (!is_there).then(|| format!("`{key}` says nothing without `{other}`"))
}

/// Tells of schemas of members and items that say what such a value is to be like, and not that it is to be one.
///
/// Those below `allOf` and its like, and in `$defs`, may leave that to the one that they are a part of.
pub(super) fn types(node: &Node, problems: &mut Diagnostics) {
    let Some(entries) = node.as_mapping() else {
        return;
    };
    let speaks_of_any = entries.iter().any(|entry| OF_ANY.contains(&&*entry.key));
    let of_one = entries.iter().find_map(|entry| {
        let mut types = OF_TYPES.iter();
        let (kind, _) = types.find(|(_, keys)| keys.contains(&&*entry.key))?;
        Some((entry, kind))
    });
    if let (false, Some((entry, kind))) = (speaks_of_any, of_one) {
        let message = format!("whatever is no {kind} meets this schema: it says no `type`");
        let problem = Diagnostic::error(entry.key_span, message);
        problems.push(problem.help(format!("write `type: {kind}` beside it")));
    }
    for entry in entries {
        let value = &entry.value;
        match &*entry.key {
            "additionalProperties"
            | "contains"
            | "items"
            | "unevaluatedItems"
            | "unevaluatedProperties" => types(value, problems),
            "prefixItems" => {
                for item in value.as_sequence().unwrap_or_default() {
                    types(item, problems);
                }
            }
            "patternProperties" | "properties" => {
                for member in value.as_mapping().unwrap_or_default() {
                    types(&member.value, problems);
                }
            }
            _ => {}
        }
    }
}

/// Whether everything meets a schema: nothing in it can be broken. It is one that the standard accepts.
pub(super) fn is_met_by_everything(schema: &Json) -> bool {
    let mut asking = Asking {
        root: schema,
        known: HashMap::new(),
    };
    !asking.can_break(schema)
}

struct Asking<'s> {
    root: &'s Json,
    /// What a reference leads to; while that is asked, nothing.
    known: HashMap<&'s str, bool>,
}

impl<'s> Asking<'s> {
    fn can_break(&mut self, schema: &'s Json) -> bool {
        let Some(members) = schema.as_object() else {
            return schema == &Json::Bool(false);
        };
        members
            .iter()
            .any(|(key, value)| self.keyword(key, value, schema))
    }

    /// Whether some value breaks a keyword of this schema.
    fn keyword(&mut self, key: &str, value: &'s Json, schema: &'s Json) -> bool {
        let is_zero = |value: &Json| value.as_f64() == Some(0.0);
        match key {
            "$ref" => value.as_str().is_none_or(|to| self.reference(to)),
            "additionalProperties"
            | "items"
            | "propertyNames"
            | "unevaluatedItems"
            | "unevaluatedProperties" => self.can_break(value),
            "allOf" | "prefixItems" => self.any(value.as_array().into_iter().flatten()),
            "anyOf" => {
                let mut each = value.as_array().into_iter().flatten();
                each.all(|one| self.can_break(one))
            }
            // Two that everything meets are one too many.
            "oneOf" => value
                .as_array()
                .is_none_or(|each| each.len() > 1 || self.any(each)),
            "dependentSchemas" | "patternProperties" | "properties" => {
                self.any(value.as_object().into_iter().flat_map(|all| all.values()))
            }
            "if" => self.any(["then", "else"].iter().filter_map(|key| schema.get(key))),
            "contains" => {
                !schema.get("minContains").is_some_and(is_zero)
                    || schema.get("maxContains").is_some()
            }
            "required" => value.as_array().is_some_and(|names| !names.is_empty()),
            "dependentRequired" => {
                let mut lists = value.as_object().into_iter().flat_map(|all| all.values());
                lists.any(|list| list.as_array().is_some_and(|names| !names.is_empty()))
            }
            "minItems" | "minLength" | "minProperties" => !is_zero(value),
            "uniqueItems" => value == &Json::Bool(true),
            "$dynamicRef" | "const" | "enum" | "exclusiveMaximum" | "exclusiveMinimum"
            | "format" | "maxItems" | "maxLength" | "maxProperties" | "maximum" | "minimum"
            | "multipleOf" | "not" | "pattern" | "type" => true,
            _ => false,
        }
    }

    fn any(&mut self, schemas: impl IntoIterator<Item = &'s Json>) -> bool {
        schemas.into_iter().any(|one| self.can_break(one))
    }

    fn reference(&mut self, to: &'s str) -> bool {
        if let Some(known) = self.known.get(to) {
            return *known;
        }
        // What is called by an anchor or an id is not looked for.
        let Some(there) = to.strip_prefix('#').and_then(|at| self.root.pointer(at)) else {
            return true;
        };
        self.known.insert(to, false);
        let can_break = self.can_break(there);
        self.known.insert(to, can_break);
        can_break
    }
}
