//! Matchers in words, and the smallest difference of structures.

use std::fmt;

use super::super::literal::Literal;
use super::super::words::{article, show};
use super::{Comparison, Matcher, Test};
use crate::model::{Number, Value};

/// Where a value first differs from what it should equal; `None` when there is nothing to say beyond the two values.
pub(super) fn difference(literal: &Literal, actual: &Value) -> Option<String> {
    How::Equal.first_difference(literal, actual, "")
}

/// What a value first lacks of what it should include.
pub(super) fn missing(literal: &Literal, actual: &Value) -> Option<String> {
    How::Include.first_difference(literal, actual, "")
}

/// How a value must meet a literal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Equal,
    Include,
}

impl How {
    fn holds(self, literal: &Literal, actual: &Value) -> bool {
        match self {
            Self::Equal => literal.equals(actual),
            Self::Include => literal.is_included_in(actual),
        }
    }

    fn first_difference(self, literal: &Literal, actual: &Value, path: &str) -> Option<String> {
        match (literal, actual) {
            (Literal::Map(wanted), Value::Map(entries)) => {
                for (key, literal) in wanted {
                    let path = below(path, key);
                    match actual.get(key) {
                        None => return Some(format!("`{path}` is missing")),
                        Some(value) if !self.holds(literal, value) => {
                            return self.first_difference(literal, value, &path);
                        }
                        Some(_) => {}
                    }
                }
                let is_known = |key: &str| wanted.iter().any(|(name, _)| **name == *key);
                entries
                    .iter()
                    .find(|(key, _)| self == Self::Equal && !is_known(key))
                    .map(|(key, _)| format!("`{}` is not expected", below(path, key)))
            }
            (Literal::List(wanted), Value::List(items)) => self.in_lists(wanted, items, path),
            _ if path.is_empty() => mistaken_type(literal, actual),
            _ => Some(format!("`{path}` is {}, not {literal}", show(actual))),
        }
    }

    fn in_lists(self, wanted: &[Literal], items: &[Value], path: &str) -> Option<String> {
        if self == Self::Include {
            let lacking = wanted
                .iter()
                .find(|literal| !items.iter().any(|item| self.holds(literal, item)))?;
            let place = if path.is_empty() {
                String::new()
            } else {
                format!("`{path}`: ")
            };
            return Some(format!("{place}no item is or includes {lacking}"));
        }
        if wanted.len() != items.len() {
            let whose = if path.is_empty() {
                "it".to_owned()
            } else {
                format!("`{path}`")
            };
            let s = if items.len() == 1 { "" } else { "s" };
            return Some(format!(
                "{whose} has {} item{s}, not {}",
                items.len(),
                wanted.len()
            ));
        }
        let (at, (literal, value)) = wanted
            .iter()
            .zip(items)
            .enumerate()
            .find(|(_, (literal, value))| !self.holds(literal, value))?;
        self.first_difference(literal, value, &format!("{path}[{at}]"))
    }
}

/// The path of an entry.
fn below(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// Same letters, other type; or where two long texts part.
fn mistaken_type(literal: &Literal, actual: &Value) -> Option<String> {
    let Literal::Scalar { value, written, .. } = literal else {
        return Some(format!("it is {}", article(actual)));
    };
    match (value, actual) {
        (Value::Text(wanted), Value::Text(actual)) if actual.len() > 60 => {
            let same = wanted
                .chars()
                .zip(actual.chars())
                .take_while(|(a, b)| a == b)
                .count();
            Some(format!("they differ at character {}", same + 1))
        }
        (Value::Text(_), Value::Number(number))
            if Number::parse(written).as_ref() == Some(number) =>
        {
            Some("it is a number, not text".to_owned())
        }
        (_, Value::Text(text)) if **text == **written && !matches!(value, Value::Text(_)) => {
            Some(format!("it is text, not {}", article(value)))
        }
        _ => None,
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        joined(f, &self.tests, " and ")
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pending(key) => write!(f, "{key} …"),
            Self::Equals(literal) => write!(f, "equals {literal}"),
            Self::In(literals) => {
                f.write_str("in [")?;
                joined(f, literals, ", ")?;
                f.write_str("]")
            }
            Self::Compare(comparison, bound) => write!(f, "{comparison} {bound}"),
            Self::Between(low, high) => write!(f, "between {low} and {high}"),
            Self::Contains(literal) => write!(f, "contains {literal}"),
            Self::StartsWith(text) => write!(f, "starts_with {text}"),
            Self::EndsWith(text) => write!(f, "ends_with {text}"),
            Self::Matches(regex) => write!(f, "matches {regex}"),
            Self::Exists(true) => f.write_str("exists"),
            Self::Exists(false) => f.write_str("exists: false"),
            Self::Empty(true) => f.write_str("empty"),
            Self::Empty(false) => f.write_str("empty: false"),
            Self::Length(matcher) => write!(f, "length {matcher}"),
            Self::ProbeWindow(matcher) => write!(f, "probe_window {matcher}"),
            Self::Type(name) => write!(f, "type {name}"),
            Self::Each(matcher) => write!(f, "each {matcher}"),
            Self::Any(matcher) => write!(f, "any {matcher}"),
            Self::Not(matcher) => write!(f, "not {matcher}"),
            Self::AllOf(matchers) => group(f, "all_of", matchers),
            Self::AnyOf(matchers) => group(f, "any_of", matchers),
            Self::NoneOf(matchers) => group(f, "none_of", matchers),
            Self::Includes(literal) => write!(f, "includes {literal}"),
            Self::Schema(schema) => write!(f, "schema {schema}"),
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Above => "above",
            Self::AtLeast => "at_least",
            Self::Below => "below",
            Self::AtMost => "at_most",
        })
    }
}

fn group(f: &mut fmt::Formatter<'_>, key: &str, matchers: &[Matcher]) -> fmt::Result {
    write!(f, "{key} (")?;
    joined(f, matchers, "; ")?;
    f.write_str(")")
}

fn joined<T: fmt::Display>(f: &mut fmt::Formatter<'_>, items: &[T], between: &str) -> fmt::Result {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            f.write_str(between)?;
        }
        item.fmt(f)?;
    }
    Ok(())
}
