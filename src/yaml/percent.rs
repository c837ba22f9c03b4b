//! Percentages as suites write them: `80%`, `99.95%`.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::quantity::{self, Quantity};
use super::words::shown;

/// A share, 0 % < p ≤ 100 %, kept exactly as millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(u32);

impl Percent {
    /// The whole, 100 %.
    pub const ALL: Self = Self(1_000_000);

    /// 1 to 1 000 000.
    pub const fn millionths(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 10_000, self.0 % 10_000);
        if rest == 0 {
            return write!(f, "{whole}%");
        }
        let decimals = format!("{rest:04}");
        write!(f, "{whole}.{}%", decimals.trim_end_matches('0'))
    }
}

/// Reads a percentage as millionths, 1 to 1 000 000; the error says what would be right.
///
/// A number with at most four decimals and its sign: 0 % < p ≤ 100 %.
pub fn parse_percent(text: &str) -> Result<u32, String> {
    let shown = shown(text);
    let Some((number, sign)) = quantity::number(text) else {
        return Err(if text.starts_with('-') {
            format!("`{shown}` is negative; a percentage is above 0% and at most 100%")
        } else {
            format!("`{shown}` is no percentage; write a number with its sign, such as `80%`")
        });
    };
    match sign {
        "%" => {}
        "" => return Err(no_sign(&number, &shown)),
        " %" => return Err(format!("leave out the space: write `{}%`", number.text)),
        _ => {
            return Err(format!(
                "`{shown}` is no percentage; write a number with its sign, such as `80%`"
            ));
        }
    }
    if number.decimals > 4 {
        return Err(format!("`{shown}` has more than four decimals"));
    }
    match number.times(10_000).map(u32::try_from) {
        Some(Ok(0)) => Err(format!(
            "`{shown}` would let everything through; a percentage is above 0%"
        )),
        Some(Ok(millionths @ 1..=1_000_000)) => Ok(millionths),
        _ => Err(format!(
            "`{shown}` can never be reached; a percentage is at most 100%"
        )),
    }
}

/// A number without a sign may be percent or a fraction: say both, choose none.
fn no_sign(number: &quantity::Decimal<'_>, shown: &str) -> String {
    let as_fraction = number
        .times(1_000_000)
        .and_then(|millionths| u32::try_from(millionths).ok())
        .filter(|millionths| number.decimals > 0 && (1..=1_000_000).contains(millionths));
    match as_fraction {
        Some(millionths) => format!(
            "`{shown}` lacks its sign: write `{}`, or `{shown}%` if that is meant",
            Percent(millionths)
        ),
        None => format!("`{shown}` lacks its sign: write `{shown}%`"),
    }
}

impl Quantity for Percent {
    const SERDE_NAME: &'static str = "stand-in:100%";
    const EXPECTED: &'static str = "a percentage such as `80%`";

    fn parse(text: &str) -> Result<Self, String> {
        parse_percent(text).map(Self)
    }
}

quantity::deserialized!(Percent);

impl JsonSchema for Percent {
    fn schema_name() -> Cow<'static, str> {
        "Percent".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A percentage with its sign, above 0% and at most 100%, with at most four decimals: 80%, 99.95%.",
            "pattern": r"^(\d+(\.\d{1,4})?%|.*\$\{.*)$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_exact() {
        for (text, millionths) in [
            ("80%", 800_000),
            ("100%", 1_000_000),
            ("99.95%", 999_500),
            ("0.0001%", 1),
            ("100.0000%", 1_000_000),
        ] {
            assert_eq!(parse_percent(text), Ok(millionths), "{text}");
        }
        for (millionths, text) in [
            (800_000, "80%"),
            (999_500, "99.95%"),
            (1, "0.0001%"),
            (1_000_000, "100%"),
        ] {
            assert_eq!(Percent(millionths).to_string(), text);
        }
    }

    #[test]
    fn what_is_no_percentage_is_told_what_would_be() {
        for (text, message) in [
            ("95", "`95` lacks its sign: write `95%`"),
            ("1", "`1` lacks its sign: write `1%`"),
            (
                "0.95",
                "`0.95` lacks its sign: write `95%`, or `0.95%` if that is meant",
            ),
            ("95.5", "`95.5` lacks its sign: write `95.5%`"),
            (
                "0%",
                "`0%` would let everything through; a percentage is above 0%",
            ),
            (
                "0.0000%",
                "`0.0000%` would let everything through; a percentage is above 0%",
            ),
            (
                "150%",
                "`150%` can never be reached; a percentage is at most 100%",
            ),
            (
                "100.0001%",
                "`100.0001%` can never be reached; a percentage is at most 100%",
            ),
            (
                "9999999999999999999999999999999999999999999%",
                "`9999999999999999999999999999999999999999999%` can never be reached; a percentage is at most 100%",
            ),
            ("99.99999%", "`99.99999%` has more than four decimals"),
            (
                "-5%",
                "`-5%` is negative; a percentage is above 0% and at most 100%",
            ),
            (
                "nan",
                "`nan` is no percentage; write a number with its sign, such as `80%`",
            ),
            (
                ".inf",
                "`.inf` is no percentage; write a number with its sign, such as `80%`",
            ),
            (
                "%",
                "`%` is no percentage; write a number with its sign, such as `80%`",
            ),
            (
                "",
                "`` is no percentage; write a number with its sign, such as `80%`",
            ),
            ("80 %", "leave out the space: write `80%`"),
            (
                "80%%",
                "`80%%` is no percentage; write a number with its sign, such as `80%`",
            ),
            (
                "5 percent",
                "`5 percent` is no percentage; write a number with its sign, such as `80%`",
            ),
        ] {
            assert_eq!(parse_percent(text), Err(message.to_owned()), "{text}");
        }
    }
}
