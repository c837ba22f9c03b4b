//! From an answer to facts.

use hyper::Version;
use hyper::header::{CONTENT_TYPE, HeaderMap};

use crate::model::{Keep, Value};
use crate::probe::exchange::Answer;
use crate::probe::json;
use crate::probe::look::Look;

/// So much of a body is handed on to be shown. It is masked first and cut to [`SHOWN`] afterwards, so this is generous.
const HANDED_ON: usize = 64 * 1024;

/// So much of a body is shown.
const SHOWN: usize = 2048;

/// Records the head; whether it announces JSON (`application/json`, `application/problem+json`).
pub(super) fn see_head(look: &mut Look<'_>, answer: &Answer) -> bool {
    look.fact("status", Value::int(answer.status.as_u16()));
    look.fact("headers", headers(&answer.headers));
    look.fact("version", Value::Text(version(answer.version).to_owned()));
    let media_type = answer.headers.get(CONTENT_TYPE);
    media_type
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|essence| essence.trim().to_ascii_lowercase())
        .is_some_and(|essence| essence.ends_with("/json") || essence.ends_with("+json"))
}

/// Records the body. A body that was cut short is no JSON, even if its beginning parses.
pub(super) fn see_body(look: &mut Look<'_>, bytes: Vec<u8>, says_json: bool, is_whole: bool) {
    look.fact("size", Value::int(bytes.len() as u64));
    let text = String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    let looks_like_json = text.trim_start().starts_with(['{', '[']);
    if is_whole
        && (says_json || looks_like_json)
        && let Some(json) = json::parse(&text)
    {
        look.fact("json", json);
    }
    if !text.is_empty() {
        let handed_on = &text[..text.floor_char_boundary(HANDED_ON)];
        look.evidence("body", handed_on.to_owned(), Keep::First(SHOWN));
    }
    look.fact("body", Value::Untyped(text));
}

/// By lower-case name, each with its values in order; bytes that are not UTF-8 are replaced.
fn headers(headers: &HeaderMap) -> Value {
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
