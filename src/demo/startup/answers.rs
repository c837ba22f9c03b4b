//! What the service answers, from the moment its port is open.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::progress::Progress;
use crate::demo::Fault;

/// Which answer of a service that was ready [`Fault::StartFlap`] spoils: every third.
const FLAP: u64 = 3;

/// What it answers with.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) fault: Fault,
    pub(super) progress: Arc<Progress>,
    /// How often it was asked whether it is ready, and was.
    pub(super) asked: AtomicU64,
}

impl Answers {
    /// Answers on a connection until it ends; however it does, that is no news.
    pub(super) async fn converse(self: Arc<Self>, stream: TcpStream) {
        let answer = service_fn(move |request| {
            let answers = Arc::clone(&self);
            async move { Ok::<_, Infallible>(answers.answer(&request)) }
        });
        let _ = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), answer)
            .await;
    }

    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        match request.uri().path() {
            // Alive is who answers.
            "/health" => reply(StatusCode::OK, &json!({ "status": "healthy" })),
            "/health/startup" => reply(status(self.progress.is_ready()), &self.progress.shown()),
            "/health/ready" => {
                let is_ready = self.is_ready();
                let word = if is_ready { "ready" } else { "not_ready" };
                reply(status(is_ready), &json!({ "status": word }))
            }
            _ => reply(
                StatusCode::NOT_FOUND,
                &json!({ "error": "no such endpoint" }),
            ),
        }
    }

    fn is_ready(&self) -> bool {
        self.progress.is_ready()
            && !(self.fault == Fault::StartFlap
                && (self.asked.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(FLAP))
    }
}

fn status(is_ready: bool) -> StatusCode {
    if is_ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}

fn reply(status: StatusCode, document: &Value) -> Response<Full<Bytes>> {
    let mut reply = Response::new(Full::from(document.to_string()));
    *reply.status_mut() = status;
    let content_type = HeaderValue::from_static("application/json");
    reply.headers_mut().insert(CONTENT_TYPE, content_type);
    reply
}
