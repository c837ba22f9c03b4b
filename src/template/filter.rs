//! The filters.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::tampered::tampered;
use super::text::{json_text, text_of};
use crate::model::Value;
use crate::yaml::did_you_mean;

const NAMES: &[&str] = &["default", "urlencode", "base64", "json", "tampered"];

/// One filter of a hole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Filter {
    /// `default("x")`: for a name nobody has, and for one that is right but has no value.
    Default(String),
    /// `urlencode`: all but the unreserved characters of RFC 3986 §2.3.
    Urlencode,
    /// `base64`: RFC 4648 §4, with padding.
    Base64,
    /// `json`: a JSON text.
    Json,
    /// `tampered`: a token with another signature.
    Tampered,
}

impl Filter {
    /// A filter by its name.
    pub(super) fn new(name: &str, argument: Option<String>) -> Result<Self, String> {
        let plain = match (name, argument) {
            ("default", Some(text)) => return Ok(Self::Default(text)),
            ("default", None) => return Err("write `default(\"…\")`".to_owned()),
            ("urlencode", argument) => (Self::Urlencode, argument),
            ("base64", argument) => (Self::Base64, argument),
            ("json", argument) => (Self::Json, argument),
            ("tampered", argument) => (Self::Tampered, argument),
            ("", _) => return Err(format!("expected a filter: {}", NAMES.join(", "))),
            _ => {
                let hint = did_you_mean(name, NAMES.iter().copied());
                return Err(format!(
                    "there is no filter `{name}`: there are {}{hint}",
                    NAMES.join(", ")
                ));
            }
        };
        match plain {
            (filter, None) => Ok(filter),
            (_, Some(_)) => Err(format!("`{name}` takes no text")),
        }
    }

    /// The value, filtered; `None` is a name without a value.
    fn apply(&self, value: Option<Value>) -> Result<Value, String> {
        let value = match (self, value) {
            (Self::Default(text), None) => return Ok(Value::Text(text.clone())),
            (_, None) => return Err("has no value".to_owned()),
            (_, Some(value)) => value,
        };
        Ok(match self {
            Self::Default(_) => value,
            Self::Urlencode => Value::Text(urlencode(&text(&value)?)),
            Self::Base64 => Value::Text(STANDARD.encode(text(&value)?)),
            Self::Json => Value::Text(json_text(&value)),
            Self::Tampered => Value::Text(tampered(&text(&value)?)?),
        })
    }
}

/// Applies filters to a value; `None` is a name without a value.
pub(super) fn apply(value: Option<Value>, filters: &[Filter]) -> Result<Value, String> {
    let filtered = filters
        .iter()
        .try_fold(value, |value, filter| filter.apply(value).map(Some))?;
    filtered.ok_or_else(|| "has no value".to_owned())
}

fn text(value: &Value) -> Result<String, String> {
    text_of(value).ok_or_else(|| format!("is {} and has no text; use `json`", article(value)))
}

/// `an array`, `null`: for a message.
pub(super) fn article(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::List(_) | Value::Map(_) => format!("an {}", value.type_name()),
        _ => format!("a {}", value.type_name()),
    }
}

fn urlencode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Number;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn each_filter_does_what_it_says() {
        let list = Value::List(vec![Value::int(1), text("a\"b")]);
        for (value, filters, wanted) in [
            (
                Some(text("a b/ü?")),
                vec![Filter::Urlencode],
                "a%20b%2F%C3%BC%3F",
            ),
            (
                Some(text("user:pass")),
                vec![Filter::Base64],
                "dXNlcjpwYXNz",
            ),
            (Some(Value::int(7)), vec![Filter::Base64], "Nw=="),
            (Some(list), vec![Filter::Json], r#"[1,"a\"b"]"#),
            (None, vec![Filter::Default("x".into())], "x"),
            (
                None,
                vec![Filter::Default("a b".into()), Filter::Urlencode],
                "a%20b",
            ),
            (Some(text("y")), vec![Filter::Default("x".into())], "y"),
            (
                Some(text("{{ value }} ${value}")),
                vec![Filter::Json],
                "\"{{ value }} ${value}\"",
            ),
        ] {
            assert_eq!(apply(value, &filters), Ok(text(wanted)), "{filters:?}");
        }
    }

    #[test]
    fn a_value_that_is_not_changed_keeps_its_type() {
        let decimal = Value::Number(Number::Decimal("1.10".to_owned()));
        let kept = apply(Some(decimal), &[Filter::Default("x".into())]);
        assert!(matches!(kept, Ok(Value::Number(Number::Decimal(text))) if text == "1.10"));
        let null = apply(Some(Value::Null), &[Filter::Default("x".into())]);
        assert_eq!(null, Ok(Value::Null));
    }

    #[test]
    fn structures_have_no_text() {
        let message = apply(Some(Value::List(vec![])), &[Filter::Urlencode]).unwrap_err();
        assert_eq!(message, "is an array and has no text; use `json`");
        assert_eq!(apply(None, &[Filter::Json]), Err("has no value".to_owned()));
    }
}
