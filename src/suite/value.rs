//! Values as reports show them.

use std::collections::BTreeMap;

use crate::model::Value;
pub(super) use crate::template::value_of;

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
