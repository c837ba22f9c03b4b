//! The handshake of the client (RFC 6455 §4.1), and whether its answer is one.

use std::sync::Arc;

use hyper::header::{
    CONNECTION, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::broken::fault;
use crate::model::{
    FaultKind, HttpFault, Origin, Phase, ProbeError, Stopped, Unable, Value, WebSocketFault,
};
use crate::probe::exchange::{Answer, Prepared, Security, Switched, Upgrade, upgrade};
use crate::probe::look::{Halt, Look};
use crate::probe::request::{body, refusal};

/// Headers of the handshake itself, which nobody else writes.
pub(super) const OURS: &[HeaderName] = &[
    CONNECTION,
    UPGRADE,
    SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION,
    SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_EXTENSIONS,
];

/// Connects and shakes hands, and records `status`, `headers` and `subprotocol`.
pub(super) async fn open(
    look: &mut Look<'_>,
    prepared: &Prepared,
    offered: &[String],
    security: &Security,
) -> Result<Switched, Stopped> {
    let key = generate_key();
    let mut asking = prepared.clone();
    let headers = Arc::make_mut(&mut asking.headers);
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    let ours = |text: &str| {
        HeaderValue::from_str(text).map_err(|_| {
            let why = "the handshake holds a control character";
            ProbeError::new(Unable::Value, why)
        })
    };
    headers.insert(SEC_WEBSOCKET_KEY, ours(&key)?);
    if !offered.is_empty() {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, ours(&offered.join(", "))?);
    }
    let late = FaultKind::WebSocket(WebSocketFault::TimeoutUpgrade);
    match upgrade(look, &asking, security, late, of_the_handshake).await? {
        Upgrade::Switched(switched) => {
            see(look, 101, &switched.headers);
            let agreed = check(&switched.headers, &key, offered);
            match agreed {
                Ok(Some(subprotocol)) => look.fact("subprotocol", Value::Text(subprotocol)),
                Ok(None) => {}
                Err(halt) => return Err(look.stop(Phase::Upgrade, halt)),
            }
            Ok(switched)
        }
        Upgrade::Refused(answer) => Err(refused(look, *answer).await),
    }
}

/// From here on there are events, if only none.
fn see(look: &mut Look<'_>, status: u16, headers: &HeaderMap) {
    look.fact("status", Value::int(status));
    look.fact("headers", body::headers(headers));
    look.fact("events", Value::List(Vec::new()));
}

async fn refused(look: &mut Look<'_>, answer: Answer) -> Stopped {
    let status = answer.status.as_u16();
    see(look, status, &answer.headers);
    refusal::explain(look, answer).await;
    // Which status it is the code says.
    let message = "the answer to the handshake is not 101";
    let halt = Halt::fault(FaultKind::WebSocketRefused(status), message);
    look.stop(Phase::Upgrade, halt.by(Origin::HttpStatus(status)))
}

/// What broke a request is told as what broke the handshake.
fn of_the_handshake(halt: Halt) -> Halt {
    let Halt::Fault {
        kind,
        message,
        origin,
    } = halt
    else {
        return halt;
    };
    let told = match kind {
        FaultKind::Tcp(_) => WebSocketFault::Lost,
        FaultKind::Http(fault) => match fault {
            HttpFault::ResetFirstByte
            | HttpFault::ResetBody
            | HttpFault::ClosedFirstByte
            | HttpFault::ClosedBody => WebSocketFault::Lost,
            HttpFault::TimeoutFirstByte
            | HttpFault::TimeoutBody
            | HttpFault::TimeoutSend
            | HttpFault::TimeoutProxy => WebSocketFault::TimeoutUpgrade,
            HttpFault::Protocol
            | HttpFault::Encoding
            | HttpFault::TooLarge
            | HttpFault::Redirect => WebSocketFault::Handshake,
        },
        // A layer below, which has its own words.
        kind => {
            return Halt::Fault {
                kind,
                message,
                origin,
            };
        }
    };
    Halt::Fault {
        kind: FaultKind::WebSocket(told),
        message,
        origin,
    }
}

/// What RFC 6455 §4.1 wants of the answer; the subprotocol that was chosen.
fn check(headers: &HeaderMap, key: &str, offered: &[String]) -> Result<Option<String>, Halt> {
    let wrong = |words: &str| Err(fault(WebSocketFault::Handshake, words));
    if !has_word(headers, &UPGRADE, "websocket") {
        return wrong("the answer does not say `upgrade: websocket`");
    }
    if !has_word(headers, &CONNECTION, "upgrade") {
        return wrong("the answer does not say `connection: upgrade`");
    }
    let accept = headers.get(SEC_WEBSOCKET_ACCEPT).map(HeaderValue::as_bytes);
    if accept.map(<[u8]>::trim_ascii) != Some(derive_accept_key(key.as_bytes()).as_bytes()) {
        return wrong("`sec-websocket-accept` does not belong to our `sec-websocket-key`");
    }
    if headers.contains_key(SEC_WEBSOCKET_EXTENSIONS) {
        return wrong("the answer agrees to an extension, and none was offered");
    }
    let chosen: Vec<_> = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().collect();
    let wrong = |words: String| Err(fault(WebSocketFault::Subprotocol, words));
    match (chosen.as_slice(), offered) {
        ([], []) => Ok(None),
        ([], _) => wrong(format!("none of {} was chosen", offered.join(", "))),
        ([one], _) => {
            let one = String::from_utf8_lossy(one.as_bytes());
            let one = one.trim_ascii();
            if offered.iter().any(|known| known == one) {
                Ok(Some(one.to_owned()))
            } else {
                wrong(format!("`{one}` was chosen, which was not offered"))
            }
        }
        _ => wrong("more than one was chosen".to_owned()),
    }
}

/// Whether one of the words of a header, between commas, is this one in any case.
fn has_word(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    headers.get_all(name).iter().any(|value| {
        value
            .as_bytes()
            .split(|byte| *byte == b',')
            .any(|found| found.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
    })
}
