//! What goes back to the client: JSON, a page, or a refusal.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

use super::store::StoreError;

/// A whole response.
pub(super) type Reply = Response<Full<Bytes>>;

/// Why a request is not answered as asked. Always JSON.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Not what the endpoint wants, with what it wants.
    BadRequest(&'static str),
    /// No token, or none of ours.
    Unauthorized(&'static str),
    NotFound,
    /// With the method that is allowed.
    MethodNotAllowed(&'static str),
    TooLarge,
    /// Something the service needs is not there.
    Unavailable(String),
    Internal,
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(format!("database: {error}"))
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        let (status, error) = match &refusal {
            Refusal::BadRequest(wanted) => (StatusCode::BAD_REQUEST, *wanted),
            Refusal::Unauthorized(why) => (StatusCode::UNAUTHORIZED, *why),
            Refusal::NotFound => (StatusCode::NOT_FOUND, "no such endpoint"),
            Refusal::MethodNotAllowed(_) => (StatusCode::METHOD_NOT_ALLOWED, "method not allowed"),
            Refusal::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "the body is too large"),
            Refusal::Unavailable(what) => (StatusCode::SERVICE_UNAVAILABLE, what.as_str()),
            Refusal::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal error"),
        };
        let mut reply = json(status, &json!({ "error": error }));
        // Both are asked for by RFC 9110: §15.5.2 and §15.5.6.
        match refusal {
            Refusal::Unauthorized(_) => {
                let challenge = HeaderValue::from_static("Bearer realm=\"demo\"");
                reply.headers_mut().insert(WWW_AUTHENTICATE, challenge);
            }
            Refusal::MethodNotAllowed(allowed) => {
                let allowed = HeaderValue::from_static(allowed);
                reply.headers_mut().insert(ALLOW, allowed);
            }
            _ => {}
        }
        reply
    }
}

/// A JSON document.
pub(super) fn json(status: StatusCode, document: &Value) -> Reply {
    whole(status, "application/json", document.to_string())
}

/// A page.
pub(super) fn html(text: String) -> Reply {
    whole(StatusCode::OK, "text/html; charset=utf-8", text)
}

fn whole(status: StatusCode, content_type: &'static str, text: String) -> Reply {
    let mut reply = Response::new(Full::from(text));
    *reply.status_mut() = status;
    let content_type = HeaderValue::from_static(content_type);
    reply.headers_mut().insert(CONTENT_TYPE, content_type);
    reply
}
