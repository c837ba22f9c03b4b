//! YAML as values, and values as reports show them.

use std::collections::BTreeMap;

use crate::model::{Number, Value};
use crate::yaml::{Node, Resolved};

/// A node as a value: scalars by YAML's core schema.
pub(super) fn value_of(node: &Node) -> Value {
    if let Some(scalar) = node.as_scalar() {
        return match scalar.resolve() {
            Resolved::Null => Value::Null,
            Resolved::Bool(truth) => Value::Bool(truth),
            Resolved::Int(int) => Value::Number(Number::Int(int)),
            Resolved::Float(float) => Number::parse(&scalar.text)
                .map_or(Value::Number(Number::Float(float)), Value::Number),
            Resolved::Text | Resolved::Unclear(_) => Value::Text(scalar.text.to_string()),
        };
    }
    if let Some(items) = node.as_sequence() {
        return Value::List(items.iter().map(value_of).collect());
    }
    let entries = node.as_mapping().unwrap_or_default();
    Value::Map(
        entries
            .iter()
            .map(|entry| (entry.key.to_string(), value_of(&entry.value)))
            .collect(),
    )
}

/// A value as reports show a variable.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) | Value::Untyped(text) => text.clone(),
        Value::Duration(duration) => format!("{duration:?}"),
        Value::List(items) => format!(
            "[{}]",
            items.iter().map(shown).collect::<Vec<_>>().join(", ")
        ),
        Value::Map(entries) => {
            let entries: BTreeMap<&str, String> = entries
                .iter()
                .map(|(key, value)| (key.as_str(), shown(value)))
                .collect();
            format!("{entries:?}")
        }
    }
}
