//! When a line was written, as far as it says so.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde::Deserialize;
use serde_json::Value as Json;

/// A time begins in so many characters of its line, or it is something that the line is about.
const NEAR: usize = 64;

const SECOND: u32 = 1_000_000_000;

/// A moment as it was written: without a fraction a whole second is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// The first moment it may mean.
    pub(super) at: Timestamp,
    /// How long that lasts, in nanoseconds.
    lasts: u32,
}

impl Stamp {
    /// Whether it may be then, or later.
    pub(super) fn is_since(self, moment: Timestamp) -> bool {
        let last = i128::from(self.lasts.saturating_sub(1));
        self.at.as_nanosecond() + last >= moment.as_nanosecond()
    }
}

/// When a line was written: of a line of JSON the member that says so, else the first time near its beginning.
pub(super) fn of_line(line: &str) -> Option<Stamp> {
    let member = line.starts_with('{').then(|| member(line)).flatten();
    match member {
        Some(Said::At(stamp)) => Some(stamp),
        Some(Said::Counted) => None,
        None => near(line, NEAR),
    }
}

/// Whether a line says when it was written, but by a number alone.
pub(super) fn is_counted(line: &str) -> bool {
    line.starts_with('{') && matches!(member(line), Some(Said::Counted))
}

/// The time that a text begins with, spaces aside.
pub(super) fn of_text(text: &str) -> Option<Stamp> {
    at(text.trim_start().as_bytes())
}

/// What loggers call the time of a line. Others may have these names for something else: only a text that is a time counts.
#[derive(Deserialize)]
struct Members {
    timestamp: Option<Json>,
    #[serde(rename = "@timestamp")]
    at_timestamp: Option<Json>,
    time: Option<Json>,
    ts: Option<Json>,
    #[serde(rename = "eventTime")]
    event_time: Option<Json>,
}

/// What a line of JSON says of its time.
enum Said {
    At(Stamp),
    /// In seconds, or parts of them, since 1970: which of these nobody tells. Another time in the line is what it is about.
    Counted,
}

/// Less is a number of something else.
const COUNTED: f64 = 1e9;

fn member(line: &str) -> Option<Said> {
    let Members {
        timestamp,
        at_timestamp,
        time,
        ts,
        event_time,
    } = serde_json::from_str(line).ok()?;
    let all = [timestamp, at_timestamp, time, ts, event_time];
    let all = || all.iter().flatten();
    let at = all().find_map(|value| of_text(value.as_str()?));
    let is_counted = || all().any(|value| value.as_f64().is_some_and(|value| value >= COUNTED));
    at.map(Said::At)
        .or_else(|| is_counted().then_some(Said::Counted))
}

/// The first time that begins in so many characters.
fn near(line: &str, most: usize) -> Option<Stamp> {
    let end = line
        .char_indices()
        .nth(most)
        .map_or(line.len(), |(at, _)| at);
    let bytes = line.as_bytes();
    let is_digit = |place: usize| bytes[place].is_ascii_digit();
    let mut places =
        (0..end).filter(|place| is_digit(*place) && (*place == 0 || !is_digit(place - 1)));
    places.find_map(|place| at(&bytes[place..]))
}

/// A time at the beginning of a text, in one of the ways it is written in logs.
fn at(text: &[u8]) -> Option<Stamp> {
    numeric(text).or_else(|| of_access_log(text))
}

/// RFC 3339 (§5.6), and what is near it: `2026-11-21 10:00:00,123` as Python writes it, `2026/11/21 10:00:00` as nginx does.
/// Without an offset it is taken for UTC.
fn numeric(text: &[u8]) -> Option<Stamp> {
    let head = text.get(..19)?;
    let is_shaped = matches!(head[4], b'-' | b'/')
        && head[7] == head[4]
        && matches!(head[10], b'T' | b't' | b' ')
        && head[13] == b':'
        && head[16] == b':';
    if !is_shaped {
        return None;
    }
    let date = (
        number(&head[..4])?,
        number(&head[5..7])?,
        number(&head[8..10])?,
    );
    let time = (
        number(&head[11..13])?,
        number(&head[14..16])?,
        number(&head[17..])?,
    );
    let (nanos, lasts, rest) = fraction(&text[19..])?;
    stamp(date, time, (nanos, lasts), rest)
}

/// `21/Nov/2026:10:00:00 +0000`, as access logs have it.
fn of_access_log(text: &[u8]) -> Option<Stamp> {
    const MONTHS: &[u8] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let head = text.get(..20)?;
    let is_shaped = head[2] == b'/'
        && head[6] == b'/'
        && head[11] == b':'
        && head[14] == b':'
        && head[17] == b':';
    if !is_shaped {
        return None;
    }
    let month = MONTHS
        .chunks(3)
        .zip(1..)
        .find(|(name, _)| *name == &head[3..6])?
        .1;
    let date = (number(&head[7..11])?, month, number(&head[..2])?);
    let time = (
        number(&head[12..14])?,
        number(&head[15..17])?,
        number(&head[18..])?,
    );
    stamp(date, time, (0, SECOND), &text[20..])
}

fn stamp(
    (year, month, day): (i16, i16, i16),
    (hour, minute, second): (i16, i16, i16),
    (nanos, lasts): (i32, u32),
    rest: &[u8],
) -> Option<Stamp> {
    let small = |number: i16| i8::try_from(number).ok();
    // A leap second (RFC 3339 §5.7) is the end of the one before.
    let second = if second == 60 { 59 } else { second };
    let (month, day) = (small(month)?, small(day)?);
    let (hour, minute, second) = (small(hour)?, small(minute)?, small(second)?);
    let written = DateTime::new(year, month, day, hour, minute, second, nanos).ok()?;
    let at = offset(rest)?.to_timestamp(written).ok()?;
    Some(Stamp { at, lasts })
}

/// The nanoseconds behind a point or a comma, for how many of them they stand, and what follows.
fn fraction(rest: &[u8]) -> Option<(i32, u32, &[u8])> {
    let digits = match rest {
        [b'.' | b',', digits @ ..] => digits,
        [next, ..] if next.is_ascii_digit() => return None,
        _ => return Some((0, SECOND, rest)),
    };
    let length = digits
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    if length == 0 {
        return Some((0, SECOND, rest));
    }
    let (mut nanos, mut lasts) = (0, SECOND);
    for digit in &digits[..length.min(9)] {
        lasts /= 10;
        nanos += u32::from(digit - b'0') * lasts;
    }
    Some((i32::try_from(nanos).ok()?, lasts, &digits[length..]))
}

/// What a time is off UTC by what follows it. A zone by its name is none: several places call theirs `CST`.
fn offset(rest: &[u8]) -> Option<Offset> {
    let spaced = rest.strip_prefix(b" ").unwrap_or(rest);
    let is_close = spaced.len() == rest.len();
    let (sign, digits) = match spaced {
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ if is_zone(spaced) => return None,
        _ => return Some(Offset::UTC),
    };
    let behind = digits.get(2..).unwrap_or_default();
    let minutes = behind.strip_prefix(b":").unwrap_or(behind).get(..2);
    let hours = digits.get(..2).and_then(number);
    match (hours, minutes.and_then(number)) {
        (Some(hours), Some(minutes)) if minutes < 60 => {
            let seconds = i32::from(hours) * 3600 + i32::from(minutes) * 60;
            Offset::from_seconds(sign * seconds).ok()
        }
        // As PostgreSQL writes it (`-05`); what stands off by a space may be any number.
        (Some(hours), None) if is_close => {
            Offset::from_seconds(sign * i32::from(hours) * 3600).ok()
        }
        // ` - root - INFO`, as Python goes on.
        _ => Some(Offset::UTC),
    }
}

/// Whether the next word is the name of a zone other than UTC. Any other word may be a level: `INFO`, `WARN`.
fn is_zone(rest: &[u8]) -> bool {
    const ZONES: &str = "ACDT ACST AEDT AEST AKDT AKST AWST BRT BST CDT CEST CET CST EAT EDT EEST EET EST HKT HST IST JST KST MDT MSK \
                         MST NZDT NZST PDT PKT PST SAST SGT WAT WEST WET WIB";
    let length = rest
        .iter()
        .take_while(|byte| byte.is_ascii_uppercase())
        .count();
    ZONES
        .split(' ')
        .any(|zone| zone.as_bytes() == &rest[..length])
}

/// A number of up to four digits.
fn number(digits: &[u8]) -> Option<i16> {
    digits.iter().try_fold(0, |sum: i16, byte| {
        byte.is_ascii_digit()
            .then(|| sum * 10 + i16::from(byte - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn when(line: &str) -> Option<String> {
        of_line(line).map(|stamp| stamp.at.to_string())
    }

    #[test]
    fn lines_say_when_they_were_written_in_many_ways() {
        let ten = Some("2026-11-21T10:00:00Z".to_owned());
        for line in [
            "2026-11-21T10:00:00Z started",
            "2026-11-21t10:00:00z",
            "2026-11-21T12:00:00+02:00 INFO x",
            "2026-11-21 10:00:00 INFO x",
            "2026-11-21 10:00:00 UTC [71] LOG:  x",
            "2026/11/21 10:00:00 [error] 7#7: *1 connect() failed",
            "2026-11-21 05:00:00 -0500 x",
            "2026-11-21 05:00:00-05 [71] LOG:  x",
            "2026-11-21 10:00:00 - 12 items",
            "2026-11-21 10:00:00 -12 items",
            "level=info ts=2026-11-21T10:00:00Z msg=x",
            "[2026-11-21 10:00:00] x",
            "127.0.0.1 - - [21/Nov/2026:11:00:00 +0100] \"GET / HTTP/1.1\" 200",
            "INFO 2026-11-21 10:00:00 - root",
            r#"{"message":"until 2030-01-01T00:00:00Z","timestamp":"2026-11-21T10:00:00Z"}"#,
            r#"{"@timestamp":"2026-11-21T10:00:00Z"}"#,
            r#"{"time":"2026-11-21T10:00:00+00:00","msg":"x"}"#,
            r#"{"ts":"2026-11-21T10:00:00Z"}"#,
            r#"{"ts":7,"eventTime":"2026-11-21T10:00:00Z"}"#,
            r#"{"time":0.25,"at":"2026-11-21T10:00:00Z"}"#,
            // Not whole, and so no JSON.
            r#"{"timestamp":"2026-11-21T10:00:00Z","message":"x"#,
        ] {
            assert_eq!(when(line), ten, "{line}");
        }
        for (line, expected) in [
            (
                "2026-11-21 10:00:00,123 - root - INFO",
                "2026-11-21T10:00:00.123Z",
            ),
            (
                "2026-11-21T10:00:00.123456789123Z",
                "2026-11-21T10:00:00.123456789Z",
            ),
            ("2016-12-31T23:59:60Z leap", "2016-12-31T23:59:59Z"),
        ] {
            assert_eq!(when(line).as_deref(), Some(expected), "{line}");
        }
    }

    #[test]
    fn other_lines_do_not() {
        let far = format!("{}2026-11-21T10:00:00Z", "x".repeat(NEAR));
        for line in [
            "",
            "Traceback (most recent call last):",
            "2026-11-21",
            "2026-13-21T10:00:00Z",
            "2026-11-31T10:00:00Z",
            "2026-11-21T25:00:00Z",
            "12026-11-21T10:00:00Z",
            "2026-11-21T10:00:000",
            "2026-11-21 10:00:00 CET [71] LOG:  whose time?",
            "32/Nov/2026:10:00:00 +0000",
            "21/Foo/2026:10:00:00 +0000",
            r#"{"ts":1700000000.5,"msg":"seconds of whom?"}"#,
            r#"{"ts":1700000000.5,"msg":"expired 2020-01-01T00:00:00Z"}"#,
            "{",
            &far,
        ] {
            assert_eq!(when(line), None, "{line}");
        }
    }

    #[test]
    fn characters_are_counted_and_not_bytes() {
        assert!(when(&format!("{}2026-11-21T10:00:00Z", "€".repeat(NEAR - 1))).is_some());
        assert!(when(&format!("{}2026-11-21T10:00:00Z", "€".repeat(NEAR))).is_none());
    }

    #[test]
    fn a_second_lasts_until_the_next() {
        let since = "2026-11-21T10:00:00.4Z".parse().unwrap();
        for (line, is_since) in [
            ("2026-11-21T10:00:00Z", true),
            ("2026-11-21T10:00:00.4Z", true),
            ("2026-11-21T10:00:00.39Z", false),
            ("2026-11-21T10:00:00.3Z", false),
            ("2026-11-21T09:59:59Z", false),
            ("2026-11-21T10:00:01Z", true),
        ] {
            assert_eq!(of_line(line).unwrap().is_since(since), is_since, "{line}");
        }
    }
}
