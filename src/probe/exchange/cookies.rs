//! Cookies between the steps of one attempt (RFC 6265).
//!
//! There is no list of public suffixes here: within one attempt all servers are the ones a test names.

mod date;
mod jar;

use hyper::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};

use super::prepared::Prepared;
use crate::probe::Context;
pub(in crate::probe) use jar::Jar;

/// The cookies a request carries. A `cookie` header that was written stands for itself: nothing is added to it.
pub(super) fn of(ctx: &Context, prepared: &Prepared) -> Option<HeaderValue> {
    if prepared.headers.contains_key(COOKIE) {
        return None;
    }
    let path = prepared.path.path();
    let text = ctx.attempt.cookies.header(&prepared.target, path)?;
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Keeps what an answer sets.
pub(super) fn keep(ctx: &Context, prepared: &Prepared, headers: &HeaderMap) {
    for value in headers.get_all(SET_COOKIE) {
        if let Ok(text) = std::str::from_utf8(value.as_bytes()) {
            let path = prepared.path.path();
            ctx.attempt.cookies.keep(&prepared.target, path, text);
        }
    }
}
