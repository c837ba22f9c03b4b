//! Every text in what was seen, in every form in which a marker can stand in it.

use std::borrow::Cow;

use super::encoded;
use crate::model::{Received, Value};

/// Longest name of an event that is shown.
const NAME: usize = 64;

/// How often what was decoded is decoded again.
const DEEPEST: usize = 3;

/// Every text of a value, keys too.
pub(super) fn each(value: &Value, look: &mut impl FnMut(&str)) {
    match value {
        Value::Text(text) | Value::Untyped(text) => forms(text, DEEPEST, look),
        Value::Number(number) => look(&number.to_string()),
        Value::List(items) => items.iter().for_each(|item| each(item, look)),
        Value::Map(entries) => {
            for (key, value) in entries {
                forms(key, DEEPEST, look);
                each(value, look);
            }
        }
        Value::Null | Value::Bool(_) | Value::Duration(_) => {}
    }
}

/// Every text of an event. What its JSON says is in its data, once that is unescaped.
pub(super) fn each_of_event(entry: &Value, look: &mut impl FnMut(&str)) {
    let Value::Map(entries) = entry else {
        return each(entry, look);
    };
    let has_data = entry.get("data").is_some();
    let is_binary = entry.get("bytes").is_some();
    for (name, value) in entries {
        match (&**name, value) {
            ("json", _) if has_data => {}
            ("data", Value::Text(hex)) if is_binary => {
                forms(&String::from_utf8_lossy(&bytes(hex)), DEEPEST, look);
            }
            _ => each(value, look),
        }
    }
}

/// Whether all of it was kept.
pub(super) fn is_whole(entry: &Value) -> bool {
    let (Some(Value::Number(bytes)), Some(hex)) = (entry.get("bytes"), entry.get("data")) else {
        return true;
    };
    let kept = hex.as_text().map_or(0, str::len) / 2;
    bytes.to_f64() <= kept as f64
}

/// `event 3 (progress, +0.120s)`. A name that has something to hide is left out.
pub(super) fn event(at: usize, entry: &Value, is_secret: impl Fn(&str) -> bool) -> String {
    let field = entry.get("event").and_then(Value::as_text);
    let name = field.or_else(|| entry.get("json")?.get("type")?.as_text());
    let hides = |name: &str| {
        let mut hides = false;
        forms(name, DEEPEST, &mut |form| hides |= is_secret(form));
        hides
    };
    let fits = |name: &&str| name.len() <= NAME && !name.is_empty() && !hides(name);
    let since = Received::at(entry).unwrap_or_default().as_secs_f64();
    match name.filter(fits) {
        Some(name) => format!("event {} ({name}, +{since:.3}s)", at + 1),
        None => format!("event {} (+{since:.3}s)", at + 1),
    }
}

/// The text as it is, and what comes of it when what is escaped or encoded in it is decoded, again and again. In time linear in
/// the text: nothing of it grows by being decoded, and how deep it goes is limited.
fn forms(text: &str, deep: usize, look: &mut impl FnMut(&str)) {
    look(text);
    let Some(deep) = deep.checked_sub(1) else {
        return;
    };
    for decode in [percent, json, encoded::decoded] {
        // One after another, so that no more of them than are looked at are in memory.
        if let Some(decoded) = decode(text) {
            forms(&decoded, deep, look);
        }
    }
}

/// Without `%xx` (RFC 3986 §2.1), and with spaces for `+` as forms have them; `None` when there is none of them.
fn percent(text: &str) -> Option<String> {
    if !text.contains(['%', '+']) {
        return None;
    }
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let from = text.as_bytes();
    let mut bytes = Vec::with_capacity(from.len());
    let mut at = 0;
    while let Some(byte) = from.get(at) {
        match (byte, digit(from.get(at + 1)), digit(from.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                // Two digits are at most 255.
                bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
                at += 3;
                continue;
            }
            (b'+', ..) => bytes.push(b' '),
            _ => bytes.push(*byte),
        }
        at += 1;
    }
    let decoded = String::from_utf8_lossy(&bytes);
    (decoded != text).then(|| decoded.into_owned())
}

/// Without the escapes of JSON (RFC 8259 §7); `None` when there are none.
fn json(text: &str) -> Option<String> {
    if !text.contains('\\') {
        return None;
    }
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        decoded.push_str(&rest[..at]);
        rest = &rest[at..];
        let (piece, length) = escape(rest);
        decoded.push_str(&piece);
        rest = &rest[length..];
    }
    decoded.push_str(rest);
    (decoded != text).then_some(decoded)
}

/// What an escape stands for, and how many bytes it takes. What is none stays.
fn escape(text: &str) -> (Cow<'static, str>, usize) {
    let plain = match text.as_bytes().get(1) {
        Some(b'"') => "\"",
        Some(b'\\') => "\\",
        Some(b'/') => "/",
        Some(b'b') => "\u{8}",
        Some(b'f') => "\u{c}",
        Some(b'n') => "\n",
        Some(b'r') => "\r",
        Some(b't') => "\t",
        Some(b'u') => return unicode(text).unwrap_or((Cow::Borrowed("\\"), 1)),
        _ => return (Cow::Borrowed("\\"), 1),
    };
    (Cow::Borrowed(plain), 2)
}

/// `\u00e4`, or two of them that are a pair of surrogates.
fn unicode(text: &str) -> Option<(Cow<'static, str>, usize)> {
    let unit = |at: usize| {
        let digits = text.get(at..)?.strip_prefix("\\u")?.get(..4)?;
        u16::from_str_radix(digits, 16).ok()
    };
    let first = unit(0)?;
    if let Some(Ok(c)) = char::decode_utf16([first]).next() {
        return Some((Cow::Owned(c.to_string()), 6));
    }
    let second = unit(6)?;
    let c = char::decode_utf16([first, second]).next()?.ok()?;
    Some((Cow::Owned(c.to_string()), 12))
}

/// Hexadecimal, as far as it is that.
fn bytes(hex: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or_default();
    let pair = |pair: &[u8]| u8::try_from(digit(pair[0]) * 16 + digit(pair[1])).unwrap_or_default();
    hex.as_bytes().chunks_exact(2).map(pair).collect()
}
