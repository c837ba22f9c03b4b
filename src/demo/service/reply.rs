//! What goes back to the client: JSON, a page, a stream of events, or a refusal.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use http_body_util::Full;
use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue, LOCATION, SEC_WEBSOCKET_VERSION,
    UPGRADE, WWW_AUTHENTICATE,
};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::store::StoreError;

/// A response.
pub(super) type Reply = Response<Body>;

/// What it holds.
#[derive(Debug)]
pub(super) enum Body {
    /// All of it.
    Whole(Full<Bytes>),
    /// What comes, until nobody is left to send it.
    Stream(mpsc::Receiver<Bytes>),
}

impl Default for Body {
    fn default() -> Self {
        Self::Whole(Full::default())
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut *self {
            Self::Whole(whole) => Pin::new(whole).poll_frame(context),
            Self::Stream(stream) => {
                let next = stream.poll_recv(context);
                next.map(|next| next.map(|bytes| Ok(Frame::data(bytes))))
            }
        }
    }

    // From the whole the length of the answer is known.
    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(whole) => whole.size_hint(),
            Self::Stream(_) => SizeHint::default(),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(whole) => whole.is_end_stream(),
            Self::Stream(_) => false,
        }
    }
}

/// Why a request is not answered as asked. Always JSON.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Not what the endpoint wants, with what it wants.
    BadRequest(&'static str),
    /// No token, or none of ours.
    Unauthorized(&'static str),
    /// Whoever asks, it is not theirs.
    Forbidden(&'static str),
    /// A WebSocket is wanted there.
    UpgradeRequired,
    NotFound,
    /// With the method that is allowed.
    MethodNotAllowed(&'static str),
    TooLarge,
    /// Something the service needs is not there.
    Unavailable(String),
    /// What a proxy says whose service is gone.
    BadGateway,
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
            Refusal::Forbidden(why) => (StatusCode::FORBIDDEN, *why),
            Refusal::UpgradeRequired => (StatusCode::UPGRADE_REQUIRED, "a WebSocket is wanted"),
            Refusal::NotFound => (StatusCode::NOT_FOUND, "no such endpoint"),
            Refusal::MethodNotAllowed(_) => (StatusCode::METHOD_NOT_ALLOWED, "method not allowed"),
            Refusal::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "the body is too large"),
            Refusal::Unavailable(what) => (StatusCode::SERVICE_UNAVAILABLE, what.as_str()),
            Refusal::BadGateway => (StatusCode::BAD_GATEWAY, "bad gateway"),
            Refusal::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal error"),
        };
        let mut reply = json(status, &json!({ "error": error }));
        // Asked for by RFC 9110 §15.5.2, §15.5.22 and §15.5.6, and by RFC 6455 §4.2.2.
        match refusal {
            Refusal::Unauthorized(_) => {
                let challenge = HeaderValue::from_static("Bearer realm=\"demo\"");
                reply.headers_mut().insert(WWW_AUTHENTICATE, challenge);
            }
            Refusal::UpgradeRequired => {
                let headers = reply.headers_mut();
                headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
                headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
                headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
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

/// A stream of server-sent events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).
pub(super) fn events(stream: mpsc::Receiver<Bytes>) -> Reply {
    let mut reply = Response::new(Body::Stream(stream));
    let headers = reply.headers_mut();
    let content_type = HeaderValue::from_static("text/event-stream");
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

/// Nothing, and that is all right.
pub(super) fn nothing() -> Reply {
    let mut reply = Reply::default();
    *reply.status_mut() = StatusCode::NO_CONTENT;
    reply
}

/// Look there (RFC 9110 §15.4.3).
pub(super) fn found(location: HeaderValue) -> Reply {
    let mut reply = Reply::default();
    *reply.status_mut() = StatusCode::FOUND;
    reply.headers_mut().insert(LOCATION, location);
    reply
}

fn whole(status: StatusCode, content_type: &'static str, text: String) -> Reply {
    let mut reply = Response::new(Body::Whole(Full::from(text)));
    *reply.status_mut() = status;
    let content_type = HeaderValue::from_static(content_type);
    reply.headers_mut().insert(CONTENT_TYPE, content_type);
    reply
}
