//! Values in words, as findings show them.

use crate::model::{Number, Value};
use crate::yaml::written_duration;

/// A value as a finding shows it: text as it is unless it could be taken for something else, structures as JSON.
///
/// It is not cut: the executor masks it first.
pub(super) fn show(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(bool) => bool.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) => show_text(text),
        Value::Untyped(text) if is_plain(text) => text.clone(),
        Value::Untyped(text) => quoted(text),
        Value::Duration(duration) => written_duration(*duration),
        Value::List(items) => {
            let items: Vec<_> = items.iter().map(inner).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Map(entries) => {
            let entries: Vec<_> = entries
                .iter()
                .map(|(key, value)| format!("{}: {}", quoted(key), inner(value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

/// Typed text: in quotes when it reads like a number, a truth value or null, so that `"200"` is not shown as 200.
pub(super) fn show_text(text: &str) -> String {
    let is_ambiguous = matches!(text, "null" | "true" | "false") || Number::parse(text).is_some();
    if is_ambiguous || !is_plain(text) {
        quoted(text)
    } else {
        text.to_owned()
    }
}

/// Inside a structure all text is quoted.
fn inner(value: &Value) -> String {
    match value {
        Value::Text(text) | Value::Untyped(text) => quoted(text),
        _ => show(value),
    }
}

/// One line that begins and ends with something visible.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.trim() == text && !text.contains(char::is_control)
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// `a number`, `an array`, `null`.
pub(super) fn article(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::List(_) | Value::Map(_) => format!("an {}", value.type_name()),
        Value::Text(_) | Value::Untyped(_) => "text".to_owned(),
        _ => format!("a {}", value.type_name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_looks_like_something_else_is_quoted() {
        let typed = |text: &str| show(&Value::Text(text.into()));
        let untyped = |text: &str| show(&Value::Untyped(text.into()));
        assert_eq!(typed("200"), "\"200\"");
        assert_eq!(untyped("200"), "200");
        assert_eq!(typed("true"), "\"true\"");
        assert_eq!(typed("healthy"), "healthy");
        assert_eq!(typed(""), "\"\"");
        assert_eq!(untyped("ok\n"), "\"ok\\n\"");
        assert_eq!(
            show(&Value::Map(vec![(
                "a".into(),
                Value::List(vec![Value::Text("b".into())])
            )])),
            r#"{"a": ["b"]}"#
        );
    }
}
