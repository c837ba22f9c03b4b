//! What browsers ask before they ask: preflights of the Fetch standard (<https://fetch.spec.whatwg.org/#cors-preflight-fetch>).

use std::net::SocketAddr;

use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderValue, ORIGIN, VARY,
};
use hyper::{HeaderMap, Method};

use super::reply::{Reply, nothing};

/// Whether this is a preflight, and no other `OPTIONS`.
pub(super) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    *method == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// Allows the page, and nobody else, to ask with these methods and a token.
pub(super) fn answer(headers: &HeaderMap, page: SocketAddr, methods: &'static str) -> Reply {
    let mut reply = nothing();
    let page = format!("http://{page}");
    let is_page = headers.get(ORIGIN).is_some_and(|origin| *origin == *page);
    if let (true, Ok(page)) = (is_page, HeaderValue::try_from(page)) {
        let allowed = reply.headers_mut();
        allowed.insert(ACCESS_CONTROL_ALLOW_ORIGIN, page);
        let methods = HeaderValue::from_static(methods);
        allowed.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
        let headers = HeaderValue::from_static("authorization, content-type");
        allowed.insert(ACCESS_CONTROL_ALLOW_HEADERS, headers);
        allowed.insert(VARY, HeaderValue::from_static("origin"));
    }
    reply
}
