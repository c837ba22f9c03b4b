//! Values at places of a document.

use super::items::{any, scalar, span};
use crate::diagnosis::seen::Seen;
use crate::model::{Number, Value};
use crate::yaml::{Diagnostic, Diagnostics, Kind, Node, Resolved};

/// Every path must have one of its values.
#[derive(Debug, Clone)]
pub(in crate::diagnosis) struct Places(Vec<(Path, Vec<Value>)>);

/// `$.checks.database` or `$.errors[0].code`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Path {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Name(String),
    Index(usize),
}

impl Places {
    /// Reads `{$.path: value}`, or a list of values where any will do.
    pub(super) fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        let Kind::Mapping(entries) = &node.resolved().kind else {
            problems.push(Diagnostic::error(
                span(node),
                "`json` is a mapping from paths to values: `$.database: down`",
            ));
            return None;
        };
        let mut places = Vec::new();
        for entry in entries {
            let path = Path::parse(&entry.key);
            if path.is_none() {
                problems.push(Diagnostic::error(
                    entry.key_span,
                    format!(
                        "`{}` is no path: names and positions, as in `$.errors[0].code`",
                        entry.key
                    ),
                ));
            }
            let values = any(&entry.value, problems, value);
            places.push((path?, values?));
        }
        (!places.is_empty()).then_some(Self(places))
    }

    pub(super) fn hold(&self, seen: &Seen<'_>) -> bool {
        let Some(document) = seen.fact("json") else {
            return false;
        };
        self.0.iter().all(|(path, values)| {
            path.find(document)
                .is_some_and(|found| values.iter().any(|value| same(value, found)))
        })
    }

    /// `$.database is "down"`.
    pub(super) fn evidence(&self, seen: &Seen<'_>) -> Option<String> {
        let document = seen.fact("json")?;
        let told = self.0.iter().filter_map(|(path, _)| {
            Some(format!("{} is {}", path.text, shown(path.find(document)?)))
        });
        Some(told.collect::<Vec<_>>().join(", "))
    }
}

impl Path {
    fn parse(text: &str) -> Option<Self> {
        let mut rest = text.strip_prefix('$')?;
        let mut parts = Vec::new();
        while !rest.is_empty() {
            if let Some(name) = rest.strip_prefix('.') {
                let end = name.find(['.', '[']).unwrap_or(name.len());
                if end == 0 || name[..end].contains([']', '*', '?', '\'', '"']) {
                    return None;
                }
                parts.push(Part::Name(name[..end].to_owned()));
                rest = &name[end..];
            } else {
                let (index, after) = rest.strip_prefix('[')?.split_once(']')?;
                parts.push(Part::Index(index.parse().ok()?));
                rest = after;
            }
        }
        (!parts.is_empty()).then(|| Self {
            text: text.to_owned(),
            parts,
        })
    }

    fn find<'v>(&self, document: &'v Value) -> Option<&'v Value> {
        self.parts
            .iter()
            .try_fold(document, |value, part| match (part, value) {
                (Part::Name(name), value) => value.get(name),
                (Part::Index(index), Value::List(items)) => items.get(*index),
                (Part::Index(_), _) => None,
            })
    }
}

fn value(node: &Node, problems: &mut Diagnostics) -> Option<Value> {
    let scalar = scalar(node, "text, a number, a truth value or null", problems)?;
    Some(match scalar.resolve() {
        Resolved::Null => Value::Null,
        Resolved::Bool(truth) => Value::Bool(truth),
        Resolved::Int(number) => Value::int(number),
        Resolved::Float(number) => Value::Number(Number::Float(number)),
        Resolved::Text | Resolved::Unclear(_) => Value::Text(scalar.text.to_string()),
    })
}

fn same(wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::Text(wanted), found) => found.as_text() == Some(wanted),
        (wanted, found) => wanted == found,
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) | Value::Untyped(text) => {
            format!("\"{}\"", crate::diagnosis::short::short(text))
        }
        Value::Duration(_) | Value::List(_) | Value::Map(_) => format!("an {}", value.type_name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_names_and_positions() {
        let document = Value::Map(vec![(
            "errors".to_owned(),
            Value::List(vec![Value::Map(vec![("code".to_owned(), Value::int(7))])]),
        )]);
        let path = |text| Path::parse(text).unwrap();
        assert_eq!(
            path("$.errors[0].code").find(&document),
            Some(&Value::int(7))
        );
        assert_eq!(path("$.errors[1].code").find(&document), None);
        assert_eq!(path("$.errors.code").find(&document), None);
        for wrong in [
            "", "$", "errors", "$errors", "$.", "$..code", "$[x]", "$.a[*]", "$['a']",
        ] {
            assert_eq!(Path::parse(wrong), None, "{wrong}");
        }
    }
}
