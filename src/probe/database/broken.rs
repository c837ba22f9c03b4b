//! What a connection that broke says of the database behind it.

use std::io;

use nix::errno::Errno;

use crate::model::{FaultKind, Origin, SqlFault, TlsFault};
use crate::probe::look::Halt;
use crate::probe::net;

/// What an error of the stream means once a database is spoken to.
pub(in crate::probe) fn broken(error: &io::Error, when: &str) -> Halt {
    match net::tls_error(error) {
        // Under TLS 1.3 a server tells only now what it thinks of our certificate (RFC 8446 §4.4.2.4).
        Some(cause @ rustls::Error::AlertReceived(_)) => return net::tls_halt(cause),
        Some(cause) => {
            return Halt::fault(FaultKind::Tls(TlsFault::Protocol), cause.to_string());
        }
        None => {}
    }
    match error.raw_os_error().map(Errno::from_raw) {
        Some(errno @ (Errno::ECONNRESET | Errno::EPIPE | Errno::ECONNABORTED)) => {
            let why = format!("the connection was reset {when}, without a word of why");
            Halt::fault(FaultKind::Sql(SqlFault::Closed), why).by(Origin::Errno(errno as i32))
        }
        Some(_) => net::socket_halt(error, when),
        None => closed(when),
    }
}

/// A session that is over, or in the middle of an answer that nobody reads, was asked again.
pub(in crate::probe) fn cut_short() -> Halt {
    let why = "the session was cut short before, and is not asked again";
    Halt::fault(FaultKind::Sql(SqlFault::Closed), why)
}

/// The end of the connection came instead of an answer.
pub(in crate::probe) fn closed(when: &str) -> Halt {
    let why = format!("the connection was closed {when}, without a word of why");
    Halt::fault(FaultKind::Sql(SqlFault::Closed), why)
}
