//! A value as text inside a larger scalar.

use crate::model::{Number, Value};
use crate::yaml::written_duration;

/// The text of a scalar value; `None` for null, lists and maps, which have no text of their own.
pub(super) fn text_of(value: &Value) -> Option<String> {
    Some(match value {
        Value::Bool(bool) => bool.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) | Value::Untyped(text) => text.clone(),
        Value::Duration(duration) => written_duration(*duration),
        Value::Null | Value::List(_) | Value::Map(_) => return None,
    })
}

/// A number as a plain YAML scalar that reads back as the same number.
pub(super) fn plain_number(number: &Number) -> String {
    match number {
        Number::Float(float) if float.is_nan() => ".nan".to_owned(),
        Number::Float(float) if float.is_infinite() => {
            if *float > 0.0 { ".inf" } else { "-.inf" }.to_owned()
        }
        Number::Float(float) => format!("{float:?}"),
        Number::Int(_) | Number::Decimal(_) => number.to_string(),
    }
}

/// A value as JSON. Decimals keep their digits.
pub(super) fn json_text(value: &Value) -> String {
    let mut json = String::new();
    write_json(&mut json, value);
    json
}

fn write_json(json: &mut String, value: &Value) {
    match value {
        Value::Null => json.push_str("null"),
        Value::Bool(bool) => json.push_str(if *bool { "true" } else { "false" }),
        Value::Number(Number::Float(float)) if !float.is_finite() => json.push_str("null"),
        Value::Number(Number::Decimal(text)) if !is_json_number(text) => {
            json.push_str(&quoted(text));
        }
        Value::Number(number) => json.push_str(&plain_number(number)),
        Value::Text(text) | Value::Untyped(text) => json.push_str(&quoted(text)),
        Value::Duration(duration) => json.push_str(&quoted(&written_duration(*duration))),
        Value::List(items) => {
            json.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    json.push(',');
                }
                write_json(json, item);
            }
            json.push(']');
        }
        Value::Map(entries) => {
            json.push('{');
            for (at, (key, value)) in entries.iter().enumerate() {
                if at > 0 {
                    json.push(',');
                }
                json.push_str(&quoted(key));
                json.push(':');
                write_json(json, value);
            }
            json.push('}');
        }
    }
}

/// `.5` and `+1` are decimals of ours and no numbers of JSON.
fn is_json_number(text: &str) -> bool {
    serde_json::from_str::<serde_json::Number>(text).is_ok()
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_types_and_digits() {
        let value = Value::Map(vec![
            ("a\"".to_owned(), Value::Text("x\n".to_owned())),
            (
                "n".to_owned(),
                Value::List(vec![
                    Value::int(1),
                    Value::Number(Number::Decimal("12.50".to_owned())),
                    Value::Number(Number::Decimal(".5".to_owned())),
                    Value::Null,
                    Value::Bool(true),
                ]),
            ),
        ]);
        assert_eq!(
            json_text(&value),
            r#"{"a\"":"x\n","n":[1,12.50,".5",null,true]}"#
        );
    }
}
