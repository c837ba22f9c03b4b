//! YAML as values.

use crate::model::{Number, Value};
use crate::yaml::{Node, Resolved};

/// A node as a value: scalars by YAML's core schema.
pub fn value_of(node: &Node) -> Value {
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
