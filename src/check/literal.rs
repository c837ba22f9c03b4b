//! What a suite compares with: a value, and how it was written.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::words::{article, show, show_text};
use crate::model::{FactKind, Number, Value};
use crate::template::is_filled;
use crate::yaml::{
    Diagnostic, Diagnostics, Kind, Node, Resolved, Scalar, parse_duration, parse_size,
};

/// A value in a suite.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    /// Only known later; equals nothing.
    Pending,
    /// One value.
    Scalar {
        /// What it means where types are known.
        value: Value,
        /// The scalar's text, which is what text without types is compared with.
        written: Arc<str>,
        /// It came out of a variable: its text may then be a number or truth value.
        filled: bool,
    },
    /// A list.
    List(Vec<Literal>),
    /// A mapping.
    Map(Vec<(Arc<str>, Literal)>),
}

impl Literal {
    /// Reads a literal; a problem is told.
    pub(super) fn decode(node: &Node, kind: FactKind, problems: &mut Diagnostics) -> Option<Self> {
        let inside = match kind {
            FactKind::Number | FactKind::Size | FactKind::Duration => kind,
            _ => FactKind::Any,
        };
        match &node.resolved().kind {
            Kind::Pending => Some(Self::Pending),
            Kind::Scalar(_) if kind == FactKind::List => {
                let problem = Diagnostic::error(node.span, "a list never equals one value")
                    .help("that it has this item is written `{ contains: … }`");
                problems.push(problem);
                None
            }
            Kind::Scalar(scalar) => match scalar_value(scalar, kind) {
                Ok(value) => Some(Self::Scalar {
                    value,
                    written: scalar.text.clone(),
                    filled: scalar.filled,
                }),
                Err(message) => {
                    problems.push(Diagnostic::error(node.span, message));
                    None
                }
            },
            Kind::Sequence(items) => {
                let items: Vec<_> = items
                    .iter()
                    .map(|item| Self::decode(item, inside, problems))
                    .collect();
                Some(Self::List(items.into_iter().collect::<Option<_>>()?))
            }
            Kind::Mapping(entries) => {
                let entries: Vec<_> = entries
                    .iter()
                    .map(|entry| {
                        Self::decode(&entry.value, inside, problems)
                            .map(|value| (entry.key.clone(), value))
                    })
                    .collect();
                Some(Self::Map(entries.into_iter().collect::<Option<_>>()?))
            }
            // `resolved` ends at what an alias stands for.
            Kind::Alias(_) => None,
        }
    }

    /// Whether a value equals it. Types count, except that text without types is compared with the scalar as written.
    pub(super) fn equals(&self, actual: &Value) -> bool {
        match (self, actual) {
            (Self::Scalar { written, .. }, Value::Untyped(text)) => **written == **text,
            (
                Self::Scalar {
                    value,
                    written,
                    filled,
                },
                actual,
            ) => match (value, actual) {
                (Value::Number(wanted), Value::Number(actual)) => wanted == actual,
                (Value::Text(wanted), Value::Text(actual)) => wanted == actual,
                (Value::Bool(wanted), Value::Bool(actual)) => wanted == actual,
                (Value::Duration(wanted), Value::Duration(actual)) => wanted == actual,
                (Value::Null, Value::Null) => true,
                (Value::Text(text), Value::Duration(actual)) => {
                    parse_duration(text).as_ref() == Ok(actual)
                }
                (Value::Text(text), Value::Number(actual)) if *filled => {
                    Number::parse(text).as_ref() == Some(actual)
                }
                (Value::Text(_), Value::Bool(actual)) if *filled => {
                    **written == *actual.to_string()
                }
                _ => false,
            },
            (Self::List(wanted), Value::List(actual)) => {
                wanted.len() == actual.len()
                    && wanted
                        .iter()
                        .zip(actual)
                        .all(|(wanted, actual)| wanted.equals(actual))
            }
            (Self::Map(wanted), Value::Map(actual)) => {
                wanted.len() == actual.len() && self.each_entry(actual, Self::equals)
            }
            _ => false,
        }
    }

    /// Whether a value holds at least this: every entry of a mapping, every item of a list somewhere, scalars equal.
    pub(super) fn is_included_in(&self, actual: &Value) -> bool {
        match (self, actual) {
            (Self::Map(_), Value::Map(actual)) => self.each_entry(actual, Self::is_included_in),
            (Self::List(wanted), Value::List(actual)) => wanted
                .iter()
                .all(|wanted| actual.iter().any(|item| wanted.is_included_in(item))),
            _ => self.equals(actual),
        }
    }

    /// Whether each entry of this mapping is there and holds.
    fn each_entry(&self, actual: &[(String, Value)], holds: fn(&Self, &Value) -> bool) -> bool {
        let Self::Map(wanted) = self else {
            return false;
        };
        wanted.iter().all(|(key, wanted)| {
            actual
                .iter()
                .find(|(name, _)| *name == **key)
                .is_some_and(|(_, value)| holds(wanted, value))
        })
    }

    /// Whether something of it is only known later.
    pub(super) fn is_pending(&self) -> bool {
        match self {
            Self::Pending => true,
            Self::Scalar { .. } => false,
            Self::List(items) => items.iter().any(Self::is_pending),
            Self::Map(entries) => entries.iter().any(|(_, value)| value.is_pending()),
        }
    }

    /// The text of a scalar as written.
    pub(super) fn text(&self) -> Option<&Arc<str>> {
        match self {
            Self::Scalar { written, .. } => Some(written),
            _ => None,
        }
    }
}

/// Whether a node was written without a value: `status:`.
pub(super) fn is_blank(node: &Node) -> bool {
    !is_filled(node)
        && node
            .as_scalar()
            .is_some_and(|scalar| scalar.text.is_empty() && scalar.resolve() == Resolved::Null)
}

/// The text of a scalar for a message. What came out of a variable may be a secret, and is not shown.
pub(super) fn named(scalar: &Scalar) -> String {
    if scalar.filled {
        "the value of the variable".to_owned()
    } else {
        format!("`{}`", scalar.text)
    }
}

/// "`2xx` is no number", and what was meant.
fn no_number(scalar: &Scalar) -> String {
    let text = &*scalar.text;
    let is_quoted = text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty();
    let hint = match text.as_bytes() {
        _ if is_quoted => format!("; write {text}, without quotes"),
        [class @ b'1'..=b'5', b'x' | b'X', b'x' | b'X'] => {
            let class = char::from(*class);
            format!("; write {{ between: [{class}00, {class}99] }}")
        }
        _ => String::new(),
    };
    format!("{} is no number{hint}", named(scalar))
}

fn scalar_value(scalar: &Scalar, kind: FactKind) -> Result<Value, String> {
    match kind {
        FactKind::Duration => duration(scalar).map(Value::Duration),
        FactKind::Size => bytes(scalar).map(Value::Number),
        FactKind::Number => number(scalar)
            .map(Value::Number)
            .ok_or_else(|| no_number(scalar)),
        FactKind::Truth => match scalar.as_number_or_bool() {
            Resolved::Bool(truth) => Ok(Value::Bool(truth)),
            _ => Err(format!("{} is neither `true` nor `false`", named(scalar))),
        },
        _ => Ok(match scalar.resolve() {
            Resolved::Null => Value::Null,
            Resolved::Bool(bool) => Value::Bool(bool),
            Resolved::Int(int) => Value::int(int),
            Resolved::Float(float) => Value::Number(
                // The digits as written, not those of the nearest float.
                Number::parse(&scalar.text).unwrap_or(Number::Float(float)),
            ),
            Resolved::Unclear(unclear) => return Err(format!("{} {unclear}", named(scalar))),
            Resolved::Text => Value::Text(scalar.text.to_string()),
        }),
    }
}

fn duration(scalar: &Scalar) -> Result<Duration, String> {
    parse_duration(&scalar.text).map_err(|message| {
        if scalar.filled {
            format!("{} is no duration such as `10s`", named(scalar))
        } else {
            message
        }
    })
}

fn number(scalar: &Scalar) -> Option<Number> {
    match scalar.as_number_or_bool() {
        Resolved::Int(int) => Some(Number::Int(int)),
        Resolved::Float(float) => Some(Number::parse(&scalar.text).unwrap_or(Number::Float(float))),
        _ => None,
    }
}

/// A size with its unit, or a bare number of bytes.
fn bytes(scalar: &Scalar) -> Result<Number, String> {
    match number(scalar) {
        Some(number) => Ok(number),
        None => parse_size(&scalar.text)
            .map(|bytes| Number::Int(bytes.into()))
            .map_err(|message| {
                if scalar.filled {
                    format!("{} is no size such as `64KiB`", named(scalar))
                } else {
                    message
                }
            }),
    }
}

/// What `above`, `below` and their kin compare with.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bound {
    /// `None` when it is only known later.
    pub(super) limit: Option<Limit>,
    written: Arc<str>,
}

/// The value of a bound.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
pub(super) enum Limit {
    /// A number, or a size in bytes.
    Number(Number),
    /// A length of time.
    Duration(Duration),
}

impl Bound {
    /// Reads a bound; a problem is told.
    pub(super) fn decode(node: &Node, kind: FactKind, problems: &mut Diagnostics) -> Option<Self> {
        if node.resolved().kind == Kind::Pending {
            return Some(Self {
                limit: None,
                written: "…".into(),
            });
        }
        let limit = match node.as_scalar() {
            Some(scalar) => limit(scalar, kind),
            None => Err("expected one value: a number, a duration or a size".to_owned()),
        };
        match limit {
            Ok(limit) => Some(Self {
                limit: Some(limit),
                written: node.as_scalar()?.text.clone(),
            }),
            Err(message) => {
                problems.push(Diagnostic::error(node.span, message));
                None
            }
        }
    }

    /// How a value stands to it; or why that makes no sense.
    pub(super) fn compare(&self, actual: &Value) -> Result<std::cmp::Ordering, String> {
        let senseless = || {
            Err(format!(
                "{} cannot be compared with {}",
                article(actual),
                self
            ))
        };
        let order = match (&self.limit, actual) {
            (Some(Limit::Number(limit)), Value::Number(actual)) => actual.partial_cmp(limit),
            (Some(Limit::Number(limit)), Value::Untyped(text)) => match Number::parse(text) {
                Some(actual) => actual.partial_cmp(limit),
                None => return Err("the text is no number".to_owned()),
            },
            (Some(Limit::Duration(limit)), Value::Duration(actual)) => Some(actual.cmp(limit)),
            _ => return senseless(),
        };
        order.map_or_else(senseless, Ok)
    }
}

fn limit(scalar: &Scalar, kind: FactKind) -> Result<Limit, String> {
    match kind {
        FactKind::Duration => duration(scalar).map(Limit::Duration),
        FactKind::Size => bytes(scalar).map(Limit::Number),
        FactKind::Truth => Err("`true` and `false` have no order".to_owned()),
        FactKind::List => Err("a list has no order; how long it is is its `length`".to_owned()),
        _ => {
            if let Some(number) = number(scalar) {
                return Ok(Limit::Number(number));
            }
            if let Resolved::Unclear(unclear) = scalar.resolve() {
                return Err(format!("{} {unclear}", named(scalar)));
            }
            if kind == FactKind::Number {
                return Err(no_number(scalar));
            }
            if let Ok(duration) = parse_duration(&scalar.text) {
                return Ok(Limit::Duration(duration));
            }
            parse_size(&scalar.text)
                .map(|bytes| Limit::Number(Number::Int(bytes.into())))
                .map_err(|_| {
                    format!(
                        "{} is no number, no duration such as `10s` and no size such as `64KiB`",
                        named(scalar)
                    )
                })
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pending => f.write_str("…"),
            Self::Scalar {
                value: Value::Text(text),
                ..
            } => f.write_str(&show_text(text)),
            Self::Scalar { written, .. } => f.write_str(written),
            Self::List(items) => {
                let items: Vec<_> = items.iter().map(Self::to_string).collect();
                write!(f, "[{}]", items.join(", "))
            }
            Self::Map(entries) => {
                let entries: Vec<_> = entries
                    .iter()
                    .map(|(key, value)| format!("{}: {value}", show(&Value::Text(key.to_string()))))
                    .collect();
                write!(f, "{{{}}}", entries.join(", "))
            }
        }
    }
}
