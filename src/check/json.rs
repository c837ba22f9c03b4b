//! Between JSON and the model's values.

use crate::model::{Number, Value};

/// A JSON document as a value: what the `json` fact of a probe is.
pub fn to_value(json: serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::Null,
        Json::Bool(bool) => Value::Bool(bool),
        Json::Number(number) => Value::Number(match number.as_i128() {
            Some(int) => Number::Int(int),
            None => Number::Float(number.as_f64().unwrap_or(f64::NAN)),
        }),
        Json::String(text) => Value::Text(text),
        Json::Array(items) => Value::List(items.into_iter().map(to_value).collect()),
        Json::Object(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| (key, to_value(value)))
                .collect(),
        ),
    }
}

/// A value as JSON. What JSON has no number for (an integer beyond 64 bits, a decimal a float cannot hold) becomes text,
/// so that no digit is lost; a duration becomes seconds.
pub fn to_json(value: &Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match value {
        Value::Null => Json::Null,
        Value::Bool(bool) => Json::Bool(*bool),
        Value::Number(number) => json_number(number),
        Value::Text(text) | Value::Untyped(text) => Json::String(text.clone()),
        Value::Duration(duration) => Json::from(duration.as_secs_f64()),
        Value::List(items) => Json::Array(items.iter().map(to_json).collect()),
        Value::Map(entries) => Json::Object(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), to_json(value)))
                .collect(),
        ),
    }
}

fn json_number(number: &Number) -> serde_json::Value {
    let found = match number {
        Number::Int(int) => serde_json::Number::from_i128(*int),
        Number::Float(float) => serde_json::Number::from_f64(*float),
        Number::Decimal(text) => text
            .parse::<f64>()
            .ok()
            // A float is only taken when it is written with the same digits.
            .filter(|float| Number::parse(&float.to_string()).as_ref() == Some(number))
            .filter(|_| text.len() <= 15)
            .and_then(serde_json::Number::from_f64),
    };
    found.map_or_else(
        || serde_json::Value::String(number.to_string()),
        serde_json::Value::Number,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_survives_the_way_there_and_back() {
        let json = serde_json::json!({
            "z": [1, -2, 1.5, true, null, "200"],
            "a": { "big": u64::MAX, "nested": [] },
        });
        let value = to_value(json.clone());
        assert_eq!(to_json(&value), json);
        // The order seen is kept.
        assert!(matches!(&value, Value::Map(entries) if entries[0].0 == "z"));
    }

    #[test]
    fn numbers_json_does_not_have_keep_their_digits() {
        let decimal = |text: &str| to_json(&Value::Number(Number::Decimal(text.into())));
        assert_eq!(decimal("12.50"), serde_json::json!(12.5));
        assert_eq!(
            decimal("0.12345678901234567890"),
            serde_json::json!("0.12345678901234567890")
        );
        assert_eq!(
            to_json(&Value::int(i128::MAX)),
            serde_json::json!(i128::MAX.to_string())
        );
        assert_eq!(
            to_json(&Value::Number(Number::Float(f64::NAN))),
            serde_json::json!("NaN")
        );
    }
}
