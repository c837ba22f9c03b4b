//! Durations as suites write them: `500ms`, `10s`, `1m30s`, `30d`.

use std::borrow::Cow;
use std::time::Duration as Std;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::quantity::{self, Quantity};

/// A duration with its unit: one number and unit, or several in falling units. 0 to 366 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(pub Std);

/// A [`Duration`] longer than zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NonZeroDuration(Std);

impl NonZeroDuration {
    /// The duration, longer than zero.
    pub const fn get(self) -> Std {
        self.0
    }
}

/// Each unit with its nanoseconds, falling.
const UNITS: [(&str, u128); 6] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
];

/// Longer than any wait that makes sense, and far from what clocks overflow at.
const MAX: Std = Std::from_hours(366 * 24);

/// Reads a duration; the error says what would be right.
///
/// Whole numbers with a unit (`us`, `ms`, `s`, `m`, `h`, `d`), falling units (`1m30s`), at most 366 days. One number
/// alone may have a fraction (`1.5s`).
pub fn parse_duration(text: &str) -> Result<Std, String> {
    let mut rest = text;
    let mut nanos: u128 = 0;
    let mut parts = 0;
    // The unit before, as its place in the table.
    let mut before: Option<usize> = None;
    while !rest.is_empty() || parts == 0 {
        let Some((number, after)) = quantity::number(rest) else {
            return Err(no_number(text));
        };
        let length = after
            .find(|character: char| character.is_ascii_digit() || character == '.')
            .unwrap_or(after.len());
        let (unit, next) = after.split_at(length);
        let (place, scale) = unit_of(text, unit, number.text)?;
        if before.is_some_and(|before| before >= place) {
            return Err(format!(
                "units must fall, as in `1h30m`; found `{}`",
                shown(text)
            ));
        }
        let is_fraction = number.decimals > 0;
        if is_fraction && (parts > 0 || !next.is_empty()) {
            return Err(format!(
                "only a single number may have a fraction; found `{}`",
                shown(text)
            ));
        }
        let amount = number
            .times(scale)
            .ok_or_else(|| format!("`{}` is too precise or too large", shown(text)))?;
        nanos = nanos.saturating_add(amount);
        before = Some(place);
        parts += 1;
        rest = next;
    }
    let duration = u64::try_from(nanos).map_or(Std::MAX, Std::from_nanos);
    if duration > MAX {
        return Err(format!("`{}` is longer than 366 days", shown(text)));
    }
    Ok(duration)
}

/// The same for durations that must be longer than zero.
pub fn parse_nonzero_duration(text: &str) -> Result<Std, String> {
    match parse_duration(text)? {
        Std::ZERO => Err(format!(
            "`{}` is no time at all; it must be longer than zero",
            shown(text)
        )),
        duration => Ok(duration),
    }
}

fn no_number(text: &str) -> String {
    let shown = shown(text);
    match text.as_bytes() {
        [b'-', rest @ ..] if rest.first().is_some_and(u8::is_ascii_digit) => {
            format!("`{shown}` is negative; a duration cannot be")
        }
        _ => format!("`{shown}` is no duration; write a number and a unit, such as `10s`"),
    }
}

fn unit_of(text: &str, unit: &str, number: &str) -> Result<(usize, u128), String> {
    if let Some(place) = UNITS.iter().position(|(name, _)| *name == unit) {
        return Ok((place, UNITS[place].1));
    }
    let shown = shown(text);
    let trimmed = unit.trim();
    if unit.is_empty() {
        return Err(format!(
            "a unit is missing: write `{number}s` for seconds, or another of us, ms, s, m, h, d"
        ));
    }
    if trimmed != unit && UNITS.iter().any(|(name, _)| *name == trimmed) {
        return Err(format!("leave out the space: write `{number}{trimmed}`"));
    }
    if unit == ":" {
        return Err(format!(
            "`{shown}` is no duration; write minutes and seconds as `1m30s`"
        ));
    }
    let meant = match trimmed.to_ascii_lowercase().as_str() {
        "sec" | "secs" | "second" | "seconds" | "s" => Some("s"),
        "min" | "mins" | "minute" | "minutes" => Some("m"),
        "hr" | "hrs" | "hour" | "hours" | "h" => Some("h"),
        "day" | "days" | "d" => Some("d"),
        "msec" | "msecs" | "millis" | "milliseconds" | "ms" => Some("ms"),
        "µs" | "usec" | "micros" | "microseconds" | "us" => Some("us"),
        _ => None,
    };
    Err(match meant {
        Some(meant) => format!(
            "unknown unit `{}`; write `{number}{meant}`",
            super::words::shown(trimmed)
        ),
        None => format!(
            "unknown unit `{}`; units are us, ms, s, m, h, d",
            super::words::shown(trimmed)
        ),
    })
}

fn shown(text: &str) -> String {
    super::words::shown(text)
}

impl Quantity for Duration {
    const SERDE_NAME: &'static str = "stand-in:1s";
    const EXPECTED: &'static str = "a duration such as `10s`";

    fn parse(text: &str) -> Result<Self, String> {
        parse_duration(text).map(Self)
    }
}

impl Quantity for NonZeroDuration {
    const SERDE_NAME: &'static str = "stand-in:1s";
    const EXPECTED: &'static str = "a duration such as `10s`";

    fn parse(text: &str) -> Result<Self, String> {
        parse_nonzero_duration(text).map(Self)
    }
}

quantity::deserialized!(Duration, NonZeroDuration);

impl JsonSchema for Duration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A duration: one number and unit (us, ms, s, m, h, d), or several in falling units: 500ms, 10s, 1m30s, 30d.",
            "pattern": r"^(\d+(\.\d+)?(us|ms|s|m|h|d)|(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?(\d+us)?|.*\$\{.*)$",
            "minLength": 2,
        })
    }
}

impl JsonSchema for NonZeroDuration {
    fn schema_name() -> Cow<'static, str> {
        Duration::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Duration::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        for (text, nanos) in [
            ("0s", 0),
            ("1us", 1_000),
            ("500ms", 500_000_000),
            ("10s", 10_000_000_000),
            ("1.5s", 1_500_000_000),
            ("0.25ms", 250_000),
            ("1m30s", 90_000_000_000),
            ("1h0m1ms", 3_600_001_000_000),
            ("90s", 90_000_000_000),
            ("30d", 30 * 86_400_000_000_000),
            ("366d", 366 * 86_400_000_000_000),
        ] {
            assert_eq!(parse_duration(text), Ok(Std::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_told_what_would_be() {
        for (text, message) in [
            (
                "",
                "`` is no duration; write a number and a unit, such as `10s`",
            ),
            (
                "10",
                "a unit is missing: write `10s` for seconds, or another of us, ms, s, m, h, d",
            ),
            (
                "1.5",
                "a unit is missing: write `1.5s` for seconds, or another of us, ms, s, m, h, d",
            ),
            ("-5s", "`-5s` is negative; a duration cannot be"),
            (
                "+5s",
                "`+5s` is no duration; write a number and a unit, such as `10s`",
            ),
            (
                "nan",
                "`nan` is no duration; write a number and a unit, such as `10s`",
            ),
            (
                ".inf",
                "`.inf` is no duration; write a number and a unit, such as `10s`",
            ),
            (
                "s",
                "`s` is no duration; write a number and a unit, such as `10s`",
            ),
            (
                ".5s",
                "`.5s` is no duration; write a number and a unit, such as `10s`",
            ),
            (
                "5.s",
                "`5.s` is no duration; write a number and a unit, such as `10s`",
            ),
            ("10 s", "leave out the space: write `10s`"),
            ("10s ", "leave out the space: write `10s`"),
            (
                "1:30",
                "`1:30` is no duration; write minutes and seconds as `1m30s`",
            ),
            ("10sec", "unknown unit `sec`; write `10s`"),
            ("10S", "unknown unit `S`; write `10s`"),
            ("5M", "unknown unit `M`; units are us, ms, s, m, h, d"),
            ("3w", "unknown unit `w`; units are us, ms, s, m, h, d"),
            ("1e3s", "unknown unit `e`; units are us, ms, s, m, h, d"),
            ("30s1m", "units must fall, as in `1h30m`; found `30s1m`"),
            ("1s1s", "units must fall, as in `1h30m`; found `1s1s`"),
            (
                "1.5m30s",
                "only a single number may have a fraction; found `1.5m30s`",
            ),
            (
                "1m1.5s",
                "only a single number may have a fraction; found `1m1.5s`",
            ),
            (
                "1m30",
                "a unit is missing: write `30s` for seconds, or another of us, ms, s, m, h, d",
            ),
            (
                "0.0000000001s",
                "`0.0000000001s` is too precise or too large",
            ),
            ("367d", "`367d` is longer than 366 days"),
            (
                "99999999999999999999d",
                "`99999999999999999999d` is longer than 366 days",
            ),
            (
                "99999999999999999999999999999999999999999s",
                "`99999999999999999999999999999999999999999s` is too precise or too large",
            ),
        ] {
            assert_eq!(parse_duration(text), Err(message.to_owned()), "{text}");
        }
    }

    #[test]
    fn zero_is_refused_where_it_makes_no_sense() {
        assert_eq!(parse_nonzero_duration("1us"), Ok(Std::from_micros(1)));
        assert_eq!(
            parse_nonzero_duration("0s"),
            Err("`0s` is no time at all; it must be longer than zero".to_owned())
        );
    }
}
