//! What broke a WebSocket, by the typed signal below it.

use std::io;

use nix::errno::Errno;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::error::ProtocolError;

use crate::model::{FaultKind, Origin, WebSocketFault};
use crate::probe::look::Halt;
use crate::probe::net;

/// A fault of this layer.
pub(super) fn fault(fault: WebSocketFault, message: impl Into<String>) -> Halt {
    Halt::fault(FaultKind::WebSocket(fault), message)
}

/// What an error of the protocol's reader or writer means.
pub(super) fn halt_of(error: &Error) -> Halt {
    match error {
        Error::Io(error) => halt_of_io(error),
        Error::ConnectionClosed
        | Error::AlreadyClosed
        | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
            lost("the connection was closed without a close frame")
        }
        Error::Capacity(error) => fault(WebSocketFault::TooLarge, error.to_string()),
        Error::Utf8(_) => fault(WebSocketFault::Utf8, "text came that is no UTF-8"),
        Error::Protocol(error) => fault(WebSocketFault::Protocol, error.to_string()),
        other => fault(WebSocketFault::Protocol, other.to_string()),
    }
}

/// What an error of the stream means.
pub(super) fn halt_of_io(error: &io::Error) -> Halt {
    if let Some(cause) = net::tls_error(error) {
        return net::tls_halt(cause);
    }
    match error.raw_os_error() {
        Some(errno) => {
            let known = Errno::from_raw(errno);
            let words = if net::is_reset(known) {
                "the peer reset the connection".to_owned()
            } else {
                format!("the connection broke: {}", known.desc())
            };
            lost(words).by(Origin::Errno(errno))
        }
        None => lost("the connection was closed without a close frame"),
    }
}

fn lost(words: impl Into<String>) -> Halt {
    fault(WebSocketFault::Lost, words)
}
