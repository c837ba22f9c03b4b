//! The way to a server, and whether the password itself may be sent on it.

use super::server::Server;
use crate::model::{FaultKind, SqlFault};
use crate::probe::look::Halt;
use crate::probe::net::{Endpoint, Stream, Verification};

/// Who can read along, and who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Anybody can, and anybody may answer: TCP.
    Open,
    /// Nobody can: a socket of this machine.
    Socket,
    /// Nobody but who answers, whoever that is: TLS with a certificate that was not looked at.
    Tls,
    /// Nobody but whom we mean: TLS with a certificate that was looked at, or within a socket of this machine.
    VerifiedTls,
}

impl Way {
    /// The way that was come.
    pub(super) fn over(stream: &Stream, server: &Server) -> Self {
        let verification = server.tls_settings().map(|settings| settings.verification);
        match (stream, &server.endpoint, verification) {
            (Stream::Tcp(_), _, _) => Self::Open,
            (Stream::Unix(_), _, _) => Self::Socket,
            (Stream::Tls(_), Endpoint::Unix(_), _)
            | (Stream::Tls(_), _, Some(Verification::Chain | Verification::Full)) => {
                Self::VerifiedTls
            }
            (Stream::Tls(_), _, Some(Verification::Nothing) | None) => Self::Tls,
        }
    }

    /// Whether the password itself may be sent, in clear or for the owner of a key that came this way:
    /// only to whom it is meant for.
    pub(super) const fn takes_password(self) -> bool {
        matches!(self, Self::Socket | Self::VerifiedTls)
    }
}

/// The server wants the password itself where it may not be sent. `how` says in which way it wants it.
pub(super) fn untrusted(how: &str) -> Halt {
    let why = format!(
        "the server wants the password itself ({how}), which is sent only over a unix socket, or over TLS with \
         `sslmode=verify-ca` or `verify-full`: whoever answers here would have it"
    );
    Halt::fault(FaultKind::Sql(SqlFault::AuthServer), why)
}
