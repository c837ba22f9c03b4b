//! What stopped an exchange: the first word of an error, or what became of the connection.

use std::io;

use redis::ServerError;

use crate::model::{FaultKind, Origin, RedisFault, RedisPrefix, TlsFault};
use crate::probe::look::Halt;
use crate::probe::net;
use crate::yaml::visible;

/// So many characters of what a server says are told.
const MOST_TOLD: usize = 300;

/// How a server begins to say that it has all the clients it takes. It has no word for that, and its source has this text since
/// 2.6 (a cluster adds "+ cluster connections").
const FULL: &str = "max number of clients";

/// What an error means, by its first word.
pub(in crate::probe) fn refused(error: &ServerError) -> Halt {
    halt(error, cut(&words(error)))
}

/// The same after a password was sent. A server that does not know the command repeats the arguments, quoted and cut.
pub(super) fn refused_to_let_in(error: &ServerError, password: &str) -> Halt {
    let said = words(error).replace(password, "***");
    let safe = said.split(['\'', '`', '"']).next().unwrap_or_default();
    halt(error, cut(safe.trim_end()))
}

fn halt(error: &ServerError, message: String) -> Halt {
    let prefix = prefix(error);
    let fault = if is_full(error) {
        RedisFault::MaxClients
    } else {
        RedisFault::of(prefix)
    };
    Halt::fault(FaultKind::Redis(fault), message).by(Origin::Redis(prefix))
}

/// The first word; `ERR` stands for those that are no word.
pub(super) fn prefix(error: &ServerError) -> RedisPrefix {
    error.code().parse().unwrap_or_default()
}

fn is_full(error: &ServerError) -> bool {
    prefix(error) == RedisPrefix::default()
        && error
            .details()
            .is_some_and(|details| details.starts_with(FULL))
}

/// Whether it only says that it does not know the command, or not so, and not that it is full.
pub(super) fn is_plain(error: &ServerError) -> bool {
    prefix(error) == RedisPrefix::default() && !is_full(error)
}

/// As the server says it.
fn words(error: &ServerError) -> String {
    match error.details() {
        Some(details) => format!("{} {details}", error.code()),
        None => error.code().to_owned(),
    }
}

fn cut(said: &str) -> String {
    let shown = visible(said);
    match shown.char_indices().nth(MOST_TOLD) {
        Some((at, _)) => format!("{}…", &shown[..at]),
        None => shown.into_owned(),
    }
}

/// What came is no reply.
pub(super) fn no_resp(heard: &[u8]) -> Halt {
    let message = match heard {
        // An alert of TLS, in any of its versions (RFC 8446 §5.1).
        [21, 3, ..] => "what came is no RESP but an alert of TLS; write `rediss:`".to_owned(),
        [] => "what came is no RESP".to_owned(),
        _ => {
            let end = heard.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            let line = &heard[..end.unwrap_or(heard.len())];
            let line = cut(&String::from_utf8_lossy(line));
            format!("what came is no RESP; it begins with `{line}`")
        }
    };
    Halt::fault(FaultKind::Redis(RedisFault::Protocol), message)
}

pub(super) fn too_large() -> Halt {
    let message = "more than 1 MiB of replies";
    Halt::fault(FaultKind::Redis(RedisFault::TooLarge), message)
}

/// The peer closed. `unsent` is why it could not be sent to before.
pub(super) fn closed(unsent: Option<&io::Error>, heard: &[u8]) -> Halt {
    match unsent {
        Some(error) => off(error, heard),
        None => gone(heard, "closed"),
    }
}

/// The connection broke.
pub(super) fn off(error: &io::Error, heard: &[u8]) -> Halt {
    if let Some(cause) = net::tls_error(error) {
        return match cause {
            rustls::Error::AlertReceived(_) => net::tls_halt(cause),
            _ => Halt::fault(FaultKind::Tls(TlsFault::Protocol), cause.to_string()),
        };
    }
    let Some(errno) = error.raw_os_error() else {
        return gone(heard, "closed");
    };
    // Our own limits are none of the server's faults.
    if let unable @ Halt::Unable(_) = net::socket_halt(error, "exchanging") {
        return unable;
    }
    let how = nix::errno::Errno::from_raw(errno).desc().to_lowercase();
    gone(heard, &how).by(Origin::Errno(errno))
}

fn gone(heard: &[u8], how: &str) -> Halt {
    let message = match heard.len() {
        0 => format!("{how} without an answer"),
        count => format!("{how} in the middle of an answer, after {count} bytes or more"),
    };
    Halt::fault(FaultKind::Redis(RedisFault::Closed), message)
}
