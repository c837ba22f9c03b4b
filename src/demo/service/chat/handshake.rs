//! How a WebSocket begins (RFC 6455 §4.2): who may open one, and what they are answered.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::body::Incoming;
use hyper::header::{
    CONNECTION, HeaderName, HeaderValue, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::{HeaderMap, Request, StatusCode};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use url::form_urlencoded;

use super::conversation::Conversation;
use super::room::{Room, SOMEBODY};
use super::socket;
use crate::demo::Fault;
use crate::demo::service::access::Access;
use crate::demo::service::reply::{Refusal, Reply};

/// The one subprotocol that is spoken.
const SUBPROTOCOL: &str = "chat.v1";

impl Room {
    /// Opens a WebSocket for who may have one. A token is taken from the header only: what stands in a URL stands in logs.
    pub(in crate::demo::service) async fn enter(
        self: &Arc<Self>,
        mut request: Request<Incoming>,
        access: &Access,
    ) -> Result<Reply, Refusal> {
        match self.fault {
            Fault::Ws401 => return Err(Refusal::Unauthorized("a bearer token is wanted")),
            Fault::Ws403 => return Err(Refusal::Forbidden("nobody may come in here")),
            Fault::Ws502 => return Err(Refusal::BadGateway),
            Fault::Ws503 => return Err(Refusal::Unavailable("no upstream".to_owned())),
            _ => {}
        }
        let headers = request.headers();
        let accept = accept(headers)?;
        self.check_origin(headers)?;
        let user = match (access.user(headers).await, self.fault) {
            (Err(Refusal::Unauthorized(_)), Fault::OpenWebsocket) => SOMEBODY.to_owned(),
            (user, _) => user?,
        };
        let (conversation, position) = self.wanted(request.uri().query(), user)?;
        let subprotocol = offers(headers, &SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL);
        let door = self
            .door()
            .ok_or_else(|| Refusal::Unavailable("too many are here already".to_owned()))?;

        let upgraded = hyper::upgrade::on(&mut request);
        let talk = socket::talk(Arc::clone(self), upgraded, conversation, position);
        self.tasks.spawn(async move {
            talk.await;
            drop(door);
        });
        Ok(switching(accept, subprotocol))
    }

    /// A browser says where its page comes from; whoever says nothing is no browser, and sends no token by itself.
    fn check_origin(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let page = format!("http://{}", self.web);
        match headers.get(ORIGIN) {
            Some(origin) if *origin != *page && self.fault != Fault::AnyOrigin => {
                Err(Refusal::Forbidden("only the page may open a WebSocket"))
            }
            _ => Ok(()),
        }
    }

    /// The conversation of `?resume=TOKEN&after=SEQ`, and where to go on in it; a new one where none is asked for.
    fn wanted(
        &self,
        query: Option<&str>,
        user: String,
    ) -> Result<(Arc<Conversation>, usize), Refusal> {
        let asked = |name: &str| {
            let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
            pairs.find_map(|(known, value)| (known == *name).then_some(value))
        };
        let Some(token) = asked("resume") else {
            return Ok((self.conversations.begin(user), 0));
        };
        let after = match asked("after") {
            None => 0,
            Some(after) => after
                .parse()
                .map_err(|_| Refusal::BadRequest("after is the number of an event"))?,
        };
        let conversation = self
            .resume(&token, &user)
            .ok_or(Refusal::Forbidden("no session of yours"))?;
        let position = self.place_after(&conversation, after);
        Ok((conversation, position))
    }
}

/// What the client's key has to be answered with, if this is a handshake at all (RFC 6455 §4.2.1).
fn accept(headers: &HeaderMap) -> Result<String, Refusal> {
    let is_asked = offers(headers, &UPGRADE, "websocket")
        && offers(headers, &CONNECTION, "upgrade")
        && offers(headers, &SEC_WEBSOCKET_VERSION, "13");
    if !is_asked {
        return Err(Refusal::UpgradeRequired);
    }
    let key = headers.get(SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes);
    let is_a_key = |key: &&[u8]| STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 16);
    let key = key.filter(is_a_key);
    let key = key.ok_or(Refusal::BadRequest("the key is 16 bytes in base64"))?;
    Ok(derive_accept_key(key))
}

/// Whether the comma-separated list of that header holds this word, in any case.
fn offers(headers: &HeaderMap, name: &HeaderName, wanted: &str) -> bool {
    let values = headers.get_all(name).into_iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|word| word.trim().eq_ignore_ascii_case(wanted))
}

fn switching(accept: String, has_subprotocol: bool) -> Reply {
    let mut reply = Reply::default();
    *reply.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = reply.headers_mut();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    if let Ok(accept) = HeaderValue::try_from(accept) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    if has_subprotocol {
        let chosen = HeaderValue::from_static(SUBPROTOCOL);
        headers.insert(SEC_WEBSOCKET_PROTOCOL, chosen);
    }
    reply
}
