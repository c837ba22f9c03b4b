//! What broke a WebSocket, by the typed signal below it.

use std::fmt::Display;
use std::io;

use nix::errno::Errno;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};

use crate::model::{FaultKind, Origin, Unable, WebSocketFault};
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
        Error::ConnectionClosed | Error::AlreadyClosed => lost(UNCLOSED),
        Error::Capacity(CapacityError::MessageTooLong { size, max_size }) => fault(
            WebSocketFault::TooLarge,
            format!(
                "a message has {size} bytes at least, more than `max_message`, {max_size} bytes"
            ),
        ),
        Error::Utf8(_) => fault(WebSocketFault::Utf8, "text came that is no UTF-8"),
        Error::Protocol(error) => halt_of_protocol(error),
        Error::WriteBufferFull(_) => fault(
            WebSocketFault::TimeoutSend,
            "the peer takes nothing, and there is no room for more that is to be sent",
        ),
        // The handshake and TLS are not the library's here.
        Error::Capacity(CapacityError::TooManyHeaders)
        | Error::Tls(_)
        | Error::AttackAttempt
        | Error::Url(_)
        | Error::Http(_)
        | Error::HttpFormat(_) => ours(error),
    }
}

/// How a connection ends that is not closed.
const UNCLOSED: &str = "the connection was closed without a close frame";

/// What the peer broke, in words of RFC 6455; what only a server or we ourselves can have done wrong says nothing of it.
fn halt_of_protocol(error: &ProtocolError) -> Halt {
    let words = match error {
        ProtocolError::ResetWithoutClosingHandshake => return lost(UNCLOSED),
        ProtocolError::NonZeroReservedBits => {
            "a frame has reserved bits set, and no extension was offered"
        }
        ProtocolError::MaskedFrameFromServer => "a frame is masked, as only a client's may be",
        ProtocolError::FragmentedControlFrame => "a control frame comes in pieces",
        ProtocolError::ControlFrameTooBig => "a control frame has more than 125 bytes",
        ProtocolError::UnknownControlFrameType(opcode)
        | ProtocolError::UnknownDataFrameType(opcode)
        | ProtocolError::InvalidOpcode(opcode) => {
            let words = format!("a frame has the opcode {opcode}, which nobody has a meaning for");
            return fault(WebSocketFault::Protocol, words);
        }
        ProtocolError::UnexpectedContinueFrame => "a frame continues what has not begun",
        ProtocolError::ExpectedFragment(_) => "a message begins before the last one has ended",
        ProtocolError::ReceivedAfterClosing => "something came after the close frame",
        ProtocolError::InvalidCloseSequence => "a close frame holds no whole code",
        ProtocolError::SendAfterClosing
        | ProtocolError::UnmaskedFrameFromClient
        | ProtocolError::WrongHttpMethod
        | ProtocolError::WrongHttpVersion
        | ProtocolError::MissingConnectionUpgradeHeader
        | ProtocolError::MissingUpgradeWebSocketHeader
        | ProtocolError::MissingSecWebSocketVersionHeader
        | ProtocolError::MissingSecWebSocketKey
        | ProtocolError::InvalidSecWebSocketKey
        | ProtocolError::SecWebSocketAcceptKeyMismatch
        | ProtocolError::SecWebSocketSubProtocolError(_)
        | ProtocolError::JunkAfterRequest
        | ProtocolError::CustomResponseSuccessful
        | ProtocolError::InvalidHeader(_)
        | ProtocolError::HandshakeIncomplete
        | ProtocolError::HttparseError(_) => return ours(error),
    };
    fault(WebSocketFault::Protocol, words)
}

/// A mistake of this side, which says nothing of the peer.
fn ours(error: &impl Display) -> Halt {
    let message = format!("what was to be sent cannot be sent: {error}");
    Halt::unable(Unable::Value, message)
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
        None => lost(UNCLOSED),
    }
}

fn lost(words: impl Into<String>) -> Halt {
    fault(WebSocketFault::Lost, words)
}

#[cfg(test)]
mod tests {
    use tokio_tungstenite::tungstenite::Message;

    use super::*;

    fn told(error: &Error) -> (String, String) {
        match halt_of(error) {
            Halt::Fault { kind, message, .. } => (kind.code().to_string(), message),
            Halt::Unable(error) => (error.kind.name().to_owned(), error.message),
        }
    }

    #[test]
    fn what_broke_it_is_told_in_words_of_ours() {
        let too_long = CapacityError::MessageTooLong {
            size: 5,
            max_size: 3,
        };
        for (error, code, words) in [
            (
                Error::Capacity(too_long),
                "websocket.too_large",
                "more than `max_message`, 3 bytes",
            ),
            (
                Error::Protocol(ProtocolError::InvalidOpcode(3)),
                "websocket.protocol",
                "the opcode 3",
            ),
            (
                Error::Protocol(ProtocolError::ResetWithoutClosingHandshake),
                "websocket.lost",
                "without a close frame",
            ),
            (
                Error::WriteBufferFull(Box::new(Message::text("x"))),
                "websocket.timeout.send",
                "the peer takes nothing",
            ),
            // What we did wrong is nobody else's fault.
            (
                Error::Protocol(ProtocolError::SendAfterClosing),
                "error.value",
                "cannot be sent",
            ),
            (
                Error::Capacity(CapacityError::TooManyHeaders),
                "error.value",
                "cannot be sent",
            ),
        ] {
            let (found, message) = told(&error);
            assert_eq!(found, code, "{error:?}");
            assert!(message.contains(words), "{error:?}: {message}");
        }
    }
}
