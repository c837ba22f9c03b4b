//! What a probe can see and a check can compare.

use std::cmp::Ordering;
use std::fmt;
use std::time::Duration;

/// A value with the types that the seen systems have: JSON, SQL, text, durations.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// JSON null, SQL NULL. An *absent* fact is no value at all.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string in a system that has types: JSON, SQL.
    Text(String),
    /// Text from a system without types (a header, standard output). Compares with a scalar as it is written in the
    /// suite, and with numbers when it parses whole.
    Untyped(String),
    /// A length of time.
    Duration(Duration),
    /// An ordered list.
    List(Vec<Value>),
    /// A mapping, in the order it was seen.
    Map(Vec<(String, Value)>),
}

/// A number: exact where it was written exactly.
#[derive(Debug, Clone)]
pub enum Number {
    /// An integer.
    Int(i128),
    /// A binary floating-point number.
    Float(f64),
    /// A decimal of arbitrary precision as a database wrote it (`12.50`).
    Decimal(String),
}

impl Value {
    /// An integer value.
    pub fn int(number: impl Into<i128>) -> Self {
        Self::Number(Number::Int(number.into()))
    }

    /// What suites call the type of this value.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::Text(_) | Self::Untyped(_) => "string",
            Self::Duration(_) => "duration",
            Self::List(_) => "array",
            Self::Map(_) => "object",
        }
    }

    /// The text of a string of either kind.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Untyped(text) => Some(text),
            _ => None,
        }
    }

    /// The entry of a mapping, or `None`.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, value)| value),
            _ => None,
        }
    }
}

impl Number {
    /// Reads a number that is written whole: an integer, a decimal, or a float with an exponent.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(int) = text.parse::<i128>() {
            return Some(Self::Int(int));
        }
        let starts_well =
            text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'));
        let number = text
            .parse::<f64>()
            .ok()
            .filter(|n| starts_well && n.is_finite())?;
        Some(if decimal_parts(text).is_some() {
            Self::Decimal(text.to_owned())
        } else {
            Self::Float(number)
        })
    }

    /// The nearest binary floating-point number.
    pub fn to_f64(&self) -> f64 {
        match self {
            Self::Int(int) => *int as f64,
            Self::Float(float) => *float,
            Self::Decimal(text) => text.parse().unwrap_or(f64::NAN),
        }
    }

    /// Mantissa and number of decimal places, when the number is exact and fits.
    fn exact(&self) -> Option<(i128, u32)> {
        match self {
            Self::Int(int) => Some((*int, 0)),
            Self::Float(_) => None,
            Self::Decimal(text) => decimal_parts(text),
        }
    }
}

/// `"-12.50"` as `(-1250, 2)`.
fn decimal_parts(text: &str) -> Option<(i128, u32)> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{fraction}");
    if all.is_empty() || !all.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some((
        sign * all.parse::<i128>().ok()?,
        u32::try_from(fraction.len()).ok()?,
    ))
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl PartialOrd for Number {
    /// Exact numbers compare exactly (`1.10` equals `1.1`); a float compares as the nearest float of the other.
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        if let (Some((left, left_places)), Some((right, right_places))) =
            (self.exact(), other.exact())
        {
            let places = left_places.max(right_places);
            let scaled =
                |number: i128, from: u32| number.checked_mul(10_i128.checked_pow(places - from)?);
            if let (Some(left), Some(right)) =
                (scaled(left, left_places), scaled(right, right_places))
            {
                return Some(left.cmp(&right));
            }
        }
        self.to_f64().partial_cmp(&other.to_f64())
    }
}

impl fmt::Display for Value {
    /// As a suite would write it, on one line where its texts are: `{state: active, addresses: [10.0.0.3, ::1]}`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let between = |position: usize| if position == 0 { "" } else { ", " };
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(truth) => write!(f, "{truth}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Duration(duration) => write!(f, "{duration:.1?}"),
            Self::Text(text) | Self::Untyped(text) => f.write_str(text),
            Self::List(items) => {
                f.write_str("[")?;
                for (position, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", between(position))?;
                }
                f.write_str("]")
            }
            Self::Map(entries) => {
                f.write_str("{")?;
                for (position, (key, value)) in entries.iter().enumerate() {
                    write!(f, "{}{key}: {value}", between(position))?;
                }
                f.write_str("}")
            }
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(int) => write!(f, "{int}"),
            Self::Float(float) => write!(f, "{float}"),
            Self::Decimal(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_compare_by_value_and_not_by_writing() {
        let number = |text| Number::parse(text).unwrap();
        assert_eq!(number("1.10"), number("1.1"));
        assert_eq!(number("2.0"), number("2"));
        assert!(number("9007199254740993") > number("9007199254740992"));
        assert!(number("-0.5") < number("0"));
        assert_eq!(number("1e3"), number("1000"));
    }

    #[test]
    fn a_row_of_a_database_reads_as_it_would_be_written() {
        let row = Value::Map(vec![
            ("state".into(), Value::Text("active".to_owned())),
            (
                "since".into(),
                Value::List(vec![Value::Null, Value::int(93_u64)]),
            ),
            ("took".into(), Value::Duration(Duration::from_millis(1200))),
        ]);
        assert_eq!(
            row.to_string(),
            "{state: active, since: [null, 93], took: 1.2s}"
        );
    }

    #[test]
    fn words_are_no_numbers() {
        for text in ["", "nan", "inf", "-inf", "1x", "--1", "infinity", "0x10"] {
            assert!(Number::parse(text).is_none(), "{text}");
        }
    }
}
