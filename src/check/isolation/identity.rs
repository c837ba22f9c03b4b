//! Which texts tell one actor from all others, and where such a text has to stand so that it is not there by chance.

use uuid::Uuid;

use super::Kind;

/// Characters of what was captured. A shorter one is found in texts that are about something else.
const TELLING: usize = 8;

/// Different characters of what was captured.
const VARIED: usize = 5;

/// Characters of what nobody else has a part of in a word of theirs.
const LONG: usize = 16;

/// Different characters of a secret that nobody made up.
const RANDOM: usize = 10;

/// Where a marker is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Wherever it stands: `msg_NONCE_x`.
    Anywhere,
    /// Where no digit goes on with a digit it ends with: `order-4711` is not in `order-47110`.
    Numbers,
    /// In whole words: `actor1` is not in `actor10`.
    Words,
}

impl Reach {
    pub(super) fn of(text: &str, kind: Kind) -> Self {
        let length = text.chars().count();
        match kind {
            Kind::Made => Self::Anywhere,
            _ if has_uuid(text) => Self::Anywhere,
            Kind::Secret if length >= LONG && variety(text) >= RANDOM => Self::Anywhere,
            Kind::Secret if length >= TELLING => Self::Numbers,
            Kind::Capture if length >= LONG => Self::Numbers,
            Kind::Name | Kind::Secret | Kind::Capture => Self::Words,
        }
    }
}

/// Whether what was captured is somebody's alone: long, of many characters, and neither words nor a moment. `administrator` and
/// `moderator` are two actors' roles, and stand in sentences that are about nobody.
pub(super) fn identifies(text: &str) -> bool {
    let is_long = text.chars().count() >= TELLING && variety(text) >= VARIED;
    is_long && !text.contains(char::is_whitespace) && !is_moment(text) && !is_words(text)
}

/// Different characters, whatever their case.
fn variety(text: &str) -> usize {
    let mut known: Vec<char> = Vec::new();
    for c in text.chars().map(|c| c.to_ascii_lowercase()) {
        if known.len() >= RANDOM {
            break;
        }
        if !known.contains(&c) {
            known.push(c);
        }
    }
    known.len()
}

/// Nothing in it but letters as words have them: no digit, no `@`, and no capitals amid small letters time and again.
fn is_words(text: &str) -> bool {
    let has_mark = text.contains(|c: char| c.is_ascii_digit() || c == '@');
    let letters: Vec<char> = text.chars().collect();
    let is_hump = |pair: &&[char]| pair[0].is_lowercase() && pair[1].is_uppercase();
    !has_mark && letters.windows(2).filter(is_hump).count() < 2
}

/// A date, a time of day, a length of time, or seconds or milliseconds since 1970: others do something in the same moment.
fn is_moment(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_digit() || "TtZz:.-+".contains(c);
    if !text.chars().all(is_part) {
        return false;
    }
    // Of this century.
    let is_since = |value: u64| {
        let seconds = 946_684_800..4_102_444_800;
        seconds.contains(&value) || seconds.contains(&(value / 1000))
    };
    match text.parse::<u64>() {
        Ok(value) => is_since(value),
        // With a mark in it: `2026-11-21`, `09:57:51`, `12.345678`.
        Err(_) => text.parse::<f64>().is_ok() || text.contains(':') || is_date(text),
    }
}

fn is_date(text: &str) -> bool {
    let shape = |c: char| if c.is_ascii_digit() { '0' } else { c };
    let shape: String = text.chars().map(shape).collect();
    ["0000-00-00", "00000000T"]
        .iter()
        .any(|date| shape.starts_with(date))
}

fn has_uuid(text: &str) -> bool {
    const LENGTH: usize = 36;
    let mut windows = text.as_bytes().windows(LENGTH);
    windows.any(|window| window[8] == b'-' && Uuid::try_parse_ascii(window).is_ok())
}

/// A text that is a UUID (RFC 9562) in some other ways of writing it: without dashes, and as its sixteen bytes.
pub(super) fn other_writings(text: &str) -> Vec<Vec<u8>> {
    let mut others = Vec::new();
    if let Some(uuid) = has_uuid(text).then(|| Uuid::try_parse(text).ok()).flatten() {
        others.push(uuid.simple().to_string().into_bytes());
        others.push(uuid.as_bytes().to_vec());
    }
    if text.contains(' ') {
        // As forms have it (WHATWG URL).
        others.push(text.replace(' ', "+").into_bytes());
    }
    others
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_everybodys_texts_identifies_nobody() {
        for text in [
            "admin",
            "administrator",
            "premium-plan",
            "ReadOnly",
            "Basic plan 2",
            "aaaaaaaa",
            "10000001",
            "u_1234",
            "2026-11-21",
            "2026-11-21T09:57:51.123Z",
            "20261121T095751Z",
            "09:57:51.123",
            "1795254000",
            "1795254000123",
            "12.345678",
        ] {
            assert!(!identifies(text), "{text}");
        }
        for text in [
            "c_5f3a9b17",
            "alice@example.org",
            "48293107",
            "/sessions/17/x",
            "aXkPqLmWzR",
            "0c9e3f5a-7d1b-4b8e-9a55-3f1c2d4e5f60",
        ] {
            assert!(identifies(text), "{text}");
        }
    }

    #[test]
    fn the_longer_and_stranger_the_further_it_reaches() {
        let uuid = "0c9e3f5a-7d1b-4b8e-9a55-3f1c2d4e5f60";
        for (text, kind, reach) in [
            ("n0nce", Kind::Made, Reach::Anywhere),
            ("actor1", Kind::Name, Reach::Words),
            (uuid, Kind::Name, Reach::Anywhere),
            ("hunter2", Kind::Secret, Reach::Words),
            ("hunter2-1", Kind::Secret, Reach::Numbers),
            ("eyJhbGciOiJIUzI1NiJ9", Kind::Secret, Reach::Anywhere),
            ("order-47", Kind::Capture, Reach::Words),
            ("chat-0000000000047", Kind::Capture, Reach::Numbers),
            (&format!("session-{uuid}-2"), Kind::Capture, Reach::Anywhere),
        ] {
            assert_eq!(Reach::of(text, kind), reach, "{text}");
        }
        let others = other_writings(&uuid.to_uppercase());
        assert_eq!(others[0], b"0c9e3f5a7d1b4b8e9a553f1c2d4e5f60");
        assert_eq!(others[1].len(), 16);
    }
}
