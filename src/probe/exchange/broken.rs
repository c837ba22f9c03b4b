//! What broke an exchange, by the typed signal below it.

use std::error::Error;
use std::io;

use nix::errno::Errno;

use super::meter::Meter;
use crate::model::{FaultKind, HttpFault, Origin, Unable};
use crate::probe::look::Halt;
use crate::probe::net;

/// Of the two errors a broken connection leaves, the one that says more.
pub(super) fn telling<'e>(
    error: &'e hyper::Error,
    cause: Option<&'e hyper::Error>,
) -> &'e hyper::Error {
    match cause {
        Some(cause) if error.is_canceled() || error.is_closed() => cause,
        _ => error,
    }
}

/// What broke an exchange, by the typed signal below it. `has_begun`: bytes of the answer had come. `wire`
/// remembers what HTTP/2 forgets: the typed error of the stream.
pub(super) fn halt_of(error: &hyper::Error, has_begun: bool, wire: Option<&Meter>) -> Halt {
    // Who speaks before it is asked makes hyper give up the request, and say why below that.
    if let Some(why) = error.source().and_then(|cause| cause.downcast_ref()) {
        return halt_of(why, has_begun, wire);
    }
    let (reset, closed) = if has_begun {
        (HttpFault::ResetBody, HttpFault::ClosedBody)
    } else {
        (HttpFault::ResetFirstByte, HttpFault::ClosedFirstByte)
    };
    let http = |fault, words: &str| Halt::fault(FaultKind::Http(fault), words);
    let closed = || {
        http(
            closed,
            if has_begun {
                "closed in the middle of the answer"
            } else {
                "closed before the first byte of the answer"
            },
        )
    };
    let h2 = cause_of::<h2::Error>(error);
    if let Some(halt) = h2.and_then(h2_halt) {
        return halt;
    }
    if let Some(cause) = h2.and_then(h2::Error::get_io).or_else(|| cause_of(error)) {
        let is_typed = cause.raw_os_error().is_some() || net::tls_error(cause).is_some();
        let of_wire = wire.filter(|_| !is_typed).and_then(Meter::failure);
        let cause = of_wire.as_ref().unwrap_or(cause);
        if let Some(cause) = net::tls_error(cause) {
            return net::tls_halt(cause);
        }
        return match (cause.raw_os_error().map(Errno::from_raw), cause.kind()) {
            (Some(errno), _) if net::is_reset(errno) => {
                http(reset, "the peer reset the connection").by(Origin::Errno(errno as i32))
            }
            (Some(_), _) => net::socket_halt(cause, "exchanging"),
            // HTTP/2 calls a connection that ended a broken pipe.
            (None, io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe) => closed(),
            (None, _) => http(HttpFault::Protocol, &cause.to_string()),
        };
    }
    if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
        return closed();
    }
    if error.is_user() {
        return Halt::unable(
            Unable::Value,
            format!("the request cannot be sent: {error}"),
        );
    }
    if error.is_parse_too_large() {
        let message =
            "the head of the answer is too large: at most 256 KiB and 100 headers are read";
        return http(HttpFault::Protocol, message);
    }
    http(
        HttpFault::Protocol,
        &format!("what came is not HTTP: {error}"),
    )
}

/// What a peer said in HTTP/2 (RFC 9113 §7), or that it broke the protocol.
fn h2_halt(error: &h2::Error) -> Option<Halt> {
    let reason = error.reason()?;
    let number = u32::from(reason);
    let halt = if !error.is_remote() {
        let message = format!("what came breaks HTTP/2: {}", reason.description());
        return Some(Halt::fault(FaultKind::Http(HttpFault::Protocol), message));
    } else if error.is_go_away() {
        let message = format!("the server closed the connection with {reason:?}");
        Halt::fault(FaultKind::Http2Goaway(number), message)
    } else {
        let message = format!("the server reset the stream with {reason:?}");
        Halt::fault(FaultKind::Http2Reset(number), message)
    };
    Some(halt.by(Origin::Http2(number)))
}

fn cause_of<'e, E: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e E> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref() {
            return Some(found);
        }
        next = cause.source();
    }
    None
}
