//! From an answer to facts.

use hyper::Version;
use hyper::header::{HeaderMap, HeaderName};

use super::hop::{Hop, attribute, is_json};
use super::text::text;
use crate::model::{Excerpt, Keep, Observation, Value};
use crate::probe::exchange::Answer;
use crate::probe::json;
use crate::probe::look::Look;

/// So much of a body is handed on to be shown. It is masked first and cut to [`SHOWN`] afterwards, so this is generous.
const HANDED_ON: usize = 64 * 1024;

/// So much of a body is shown.
const SHOWN: usize = 2048;

/// Records the head.
pub(in crate::probe) fn see_head(look: &mut Look<'_>, answer: &Answer) {
    look.fact("status", Value::int(answer.status.as_u16()));
    look.fact("headers", headers(&answer.headers));
    look.fact("version", Value::Text(version(answer.version).to_owned()));
}

/// Records who answered.
pub(in crate::probe) fn see_hop(
    look: &mut Look<'_>,
    status: u16,
    headers: &HeaderMap,
    body: &[u8],
    marker: Option<&HeaderName>,
) {
    let Hop { who, why } = attribute(status, headers, body, marker);
    look.fact("hop", Value::Text(who.to_owned()));
    // Whether a page can be the application's own: it is not where everything of its own is marked, and this is not.
    if let Some(name) = marker {
        look.fact("app_marker", Value::Bool(headers.contains_key(name)));
    }
    // That the application answered is what everybody takes for granted.
    if who != "app" {
        look.evidence("hop", format!("{who}: {why}"), Keep::First(SHOWN));
    }
}

/// Records the body. A body that was cut short is no JSON, even if its beginning parses.
pub(in crate::probe) fn see_body(
    look: &mut Look<'_>,
    headers: &HeaderMap,
    bytes: Vec<u8>,
    is_whole: bool,
) {
    look.fact("size", Value::int(bytes.len() as u64));
    let says_json = is_json(headers);
    let text = text(bytes, headers, says_json);
    let looks_like_json = text.trim_start().starts_with(['{', '[']);
    if is_whole
        && (says_json || looks_like_json)
        && let Some(json) = json::parse(&text)
    {
        look.fact("json", json);
    }
    look.fact("body", Value::Untyped(text));
}

/// Adds the beginning of the body to the evidence.
pub(in crate::probe) fn show(seen: &mut Observation) {
    let text = seen.facts.get("body").and_then(Value::as_text);
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        let text = text[..text.floor_char_boundary(HANDED_ON)].to_owned();
        seen.evidence.push(Excerpt {
            label: "body".into(),
            text,
            keep: Keep::First(SHOWN),
        });
    }
}

/// By lower-case name, each with its values in order; bytes that are not UTF-8 are replaced.
pub(in crate::probe) fn headers(headers: &HeaderMap) -> Value {
    let values = |name| {
        headers
            .get_all(name)
            .iter()
            .map(|value| Value::Untyped(String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect()
    };
    Value::Map(
        headers
            .keys()
            .map(|name| (name.as_str().to_owned(), Value::List(values(name))))
            .collect(),
    )
}

const fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "HTTP/0.9",
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2",
        Version::HTTP_3 => "HTTP/3",
        _ => "HTTP/1.1",
    }
}
