//! What a scalar without quotes means: the core schema of YAML 1.2 (§10.3.2), minus the spellings nobody agrees on.

use std::fmt;

use super::{Scalar, Style};

/// What a scalar stands for when nobody asks for a certain type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Resolved {
    /// Nothing, `~` or `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// A number with a fraction or an exponent; always finite.
    Float(f64),
    /// Looks like a number, but must not be taken for one. As text it is what is written.
    Unclear(Unclear),
    /// Anything else, and everything in quotes.
    Text,
}

/// Why something that looks like a number is not taken for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unclear {
    /// `010`: ten in YAML 1.2, eight in YAML 1.1, text to most people.
    LeadingZero,
    /// More digits than any system keeps.
    TooLarge,
    /// `.inf` or `.nan`: nothing can be compared with them.
    NotFinite,
}

impl fmt::Display for Unclear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LeadingZero => {
                "has a leading zero: leave it out, or write quotes around it if text is meant"
            }
            Self::TooLarge => "is larger than any number we can compare",
            Self::NotFinite => "is not a finite number, so nothing can be compared with it",
        })
    }
}

impl Scalar {
    /// What the scalar stands for. Filled text is text here; see [`Scalar::as_number_or_bool`].
    pub fn resolve(&self) -> Resolved {
        match self.style {
            Style::Plain => resolve(&self.text),
            Style::Text => Resolved::Text,
        }
    }

    /// The same for a place that wants a number or a truth value: there, text from a variable may count if it parses
    /// whole.
    pub fn as_number_or_bool(&self) -> Resolved {
        if self.filled {
            resolve(&self.text)
        } else {
            self.resolve()
        }
    }
}

/// What a text without quotes stands for.
pub(super) fn resolve(text: &str) -> Resolved {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Resolved::Null,
        "true" | "True" | "TRUE" => Resolved::Bool(true),
        "false" | "False" | "FALSE" => Resolved::Bool(false),
        ".nan" | ".NaN" | ".NAN" => Resolved::Unclear(Unclear::NotFinite),
        _ => number(text),
    }
}

fn number(text: &str) -> Resolved {
    // Most scalars are words; one look at the first byte tells.
    if !text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-' | '.')) {
        return Resolved::Text;
    }
    for (prefix, radix) in [("0o", 8), ("0x", 16)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            return if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
                Resolved::Text
            } else {
                i128::from_str_radix(digits, radix)
                    .map_or(Resolved::Unclear(Unclear::TooLarge), Resolved::Int)
            };
        }
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Resolved::Unclear(Unclear::NotFinite);
    }
    let whole = digits(unsigned);
    let rest = &unsigned[whole..];
    if whole > 0 && rest.is_empty() {
        if has_leading_zero(unsigned) {
            return Resolved::Unclear(Unclear::LeadingZero);
        }
        // A sign and digits: only too many of them can fail.
        return text
            .parse()
            .map_or(Resolved::Unclear(Unclear::TooLarge), Resolved::Int);
    }
    if !is_fraction_and_exponent(rest, whole) {
        return Resolved::Text;
    }
    if has_leading_zero(&unsigned[..whole]) {
        return Resolved::Unclear(Unclear::LeadingZero);
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Resolved::Float(number),
        Ok(_) => Resolved::Unclear(Unclear::TooLarge),
        Err(_) => Resolved::Text,
    }
}

/// `.digits?` and `e[+-]?digits`, each optional, with a digit before or after the point.
fn is_fraction_and_exponent(rest: &str, whole: usize) -> bool {
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => {
            let length = digits(fraction);
            if whole + length == 0 {
                return false;
            }
            &fraction[length..]
        }
        None if whole == 0 => return false,
        None => rest,
    };
    let Some(exponent) = rest.strip_prefix(['e', 'E']) else {
        return rest.is_empty();
    };
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    !exponent.is_empty() && digits(exponent) == exponent.len()
}

/// How many digits it starts with.
fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

fn has_leading_zero(digits: &str) -> bool {
    digits.len() > 1 && digits.starts_with('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_follow_the_core_schema() {
        let cases: &[(&str, Resolved)] = &[
            ("", Resolved::Null),
            ("~", Resolved::Null),
            ("null", Resolved::Null),
            ("nULL", Resolved::Text),
            ("true", Resolved::Bool(true)),
            ("FALSE", Resolved::Bool(false)),
            ("tRUE", Resolved::Text),
            ("yes", Resolved::Text),
            ("no", Resolved::Text),
            ("on", Resolved::Text),
            ("0", Resolved::Int(0)),
            ("-0", Resolved::Int(0)),
            ("+7", Resolved::Int(7)),
            ("-19", Resolved::Int(-19)),
            ("0o17", Resolved::Int(15)),
            ("0x1F", Resolved::Int(31)),
            ("0x", Resolved::Text),
            ("0xg", Resolved::Text),
            ("-0x1", Resolved::Text),
            ("010", Resolved::Unclear(Unclear::LeadingZero)),
            ("-007", Resolved::Unclear(Unclear::LeadingZero)),
            ("00", Resolved::Unclear(Unclear::LeadingZero)),
            ("01.5", Resolved::Unclear(Unclear::LeadingZero)),
            ("1_000", Resolved::Text),
            ("190:20:30", Resolved::Text),
            ("1.5", Resolved::Float(1.5)),
            ("1.", Resolved::Float(1.0)),
            (".5", Resolved::Float(0.5)),
            ("-.5e-3", Resolved::Float(-0.0005)),
            ("1e3", Resolved::Float(1000.0)),
            ("1e", Resolved::Text),
            ("e3", Resolved::Text),
            (".", Resolved::Text),
            ("-", Resolved::Text),
            ("+", Resolved::Text),
            ("..5", Resolved::Text),
            ("1.2.3", Resolved::Text),
            ("127.0.0.1", Resolved::Text),
            ("inf", Resolved::Text),
            ("nan", Resolved::Text),
            (".inf", Resolved::Unclear(Unclear::NotFinite)),
            ("-.INF", Resolved::Unclear(Unclear::NotFinite)),
            (".nan", Resolved::Unclear(Unclear::NotFinite)),
            ("1e999", Resolved::Unclear(Unclear::TooLarge)),
            (
                "999999999999999999999999999999999999999999",
                Resolved::Unclear(Unclear::TooLarge),
            ),
            (
                "0xffffffffffffffffffffffffffffffffffff",
                Resolved::Unclear(Unclear::TooLarge),
            ),
            ("10s", Resolved::Text),
            ("80%", Resolved::Text),
            ("2026-11-02", Resolved::Text),
        ];
        for (text, expected) in cases {
            assert_eq!(resolve(text), *expected, "{text}");
        }
    }

    #[test]
    fn quotes_make_text_and_filling_makes_numbers_possible() {
        let scalar = |style, filled| Scalar {
            text: "443".into(),
            style,
            filled,
        };
        assert_eq!(scalar(Style::Text, false).resolve(), Resolved::Text);
        assert_eq!(scalar(Style::Text, true).resolve(), Resolved::Text);
        assert_eq!(
            scalar(Style::Text, false).as_number_or_bool(),
            Resolved::Text
        );
        assert_eq!(
            scalar(Style::Text, true).as_number_or_bool(),
            Resolved::Int(443)
        );
        assert_eq!(scalar(Style::Plain, false).resolve(), Resolved::Int(443));
    }
}
