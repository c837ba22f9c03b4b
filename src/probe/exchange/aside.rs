//! What a server says outside the head and the body of its answer, where all that it says is searched.

use std::sync::{Arc, Mutex, PoisonError};

use hyper::Request;
use hyper::ext::{ReasonPhrase, on_informational};
use hyper::header::HeaderMap;
use hyper::http::response::Parts;

use crate::model::{FaultKind, HttpFault};
use crate::probe::Context;
use crate::probe::look::Halt;

/// Bytes of all informational answers to one request: there may be any number of them (RFC 9110 §15.2).
const MOST: usize = 256 * 1024;

/// What comes before an answer; nothing is kept where nothing is searched.
pub(super) struct Aside(Option<Arc<Mutex<Informed>>>);

#[derive(Default)]
struct Informed {
    lines: Vec<String>,
    bytes: usize,
}

impl Aside {
    /// Of the answer to this request. In HTTP/2 hyper passes over what comes before it.
    pub(super) fn of<B>(ctx: &Context, request: &mut Request<B>) -> Self {
        if !ctx.is_searched {
            return Self(None);
        }
        let informed = Arc::new(Mutex::new(Informed::default()));
        let telling = informed.clone();
        on_informational(request, move |came| {
            let mut informed = telling.lock().unwrap_or_else(PoisonError::into_inner);
            for line in fields(came.headers()) {
                informed.bytes += line.len();
                if informed.bytes <= MOST {
                    informed.lines.push(line);
                }
            }
        });
        Self(Some(informed))
    }

    /// The fields of what came before, and the words beside the status where they are not the usual ones, each a line. More than
    /// is kept is a fault: what was not searched is not isolated.
    pub(super) fn told(self, head: &Parts) -> Result<Vec<String>, Halt> {
        let Some(informed) = self.0 else {
            return Ok(Vec::new());
        };
        let mut informed = informed.lock().unwrap_or_else(PoisonError::into_inner);
        if informed.bytes > MOST {
            let why = format!("what came before the answer has more than {MOST} bytes");
            return Err(Halt::fault(FaultKind::Http(HttpFault::TooLarge), why));
        }
        let mut told = std::mem::take(&mut informed.lines);
        let reason = head.extensions.get::<ReasonPhrase>();
        told.extend(reason.map(|reason| String::from_utf8_lossy(reason.as_bytes()).into_owned()));
        Ok(told)
    }
}

/// Each field as a line: `name: value`.
pub(super) fn fields(headers: &HeaderMap) -> impl Iterator<Item = String> {
    headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
}
