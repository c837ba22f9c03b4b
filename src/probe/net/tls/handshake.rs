//! The TLS handshake (RFC 8446), and what its errors mean.

use std::io;
use std::sync::Arc;

use nix::errno::Errno;
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig, InvalidMessage};
use tokio_rustls::TlsConnector;

use super::super::connect::socket_halt;
use super::super::stream::Stream;
use crate::model::{FaultKind, Origin, Phase, ProbeError, Stopped, TlsFault, Unable};
use crate::probe::look::{Halt, Look};

/// Shakes hands, as its own phase. The certificate must be valid for `host`, up to a trusted authority.
pub(in crate::probe) async fn handshake(
    look: &mut Look<'_>,
    config: Arc<ClientConfig>,
    host: &str,
    stream: Stream,
) -> Result<Stream, Stopped> {
    let name = ServerName::try_from(host.to_owned()).map_err(|_| {
        ProbeError::new(
            Unable::Value,
            format!("`{host}` is no name a certificate can have"),
        )
    })?;
    let shaking = async {
        TlsConnector::from(config)
            .connect(name, stream)
            .await
            .map(|stream| Stream::Tls(Box::new(stream)))
            .map_err(|error| handshake_halt(&error))
    };
    look.phase(Phase::Tls, FaultKind::Tls(TlsFault::Timeout), shaking)
        .await
}

fn handshake_halt(error: &io::Error) -> Halt {
    if let Some(cause) = tls_error(error) {
        return tls_halt(cause);
    }
    let tls = |fault, words: &str| Halt::fault(FaultKind::Tls(fault), words);
    match error.raw_os_error().map(Errno::from_raw) {
        Some(errno @ (Errno::ECONNRESET | Errno::EPIPE | Errno::ECONNABORTED)) => {
            tls(TlsFault::Reset, "reset during the handshake").by(Origin::Errno(errno as i32))
        }
        Some(_) => socket_halt(error, "shaking hands"),
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            tls(TlsFault::Eof, "closed during the handshake")
        }
        None => tls(TlsFault::Protocol, &error.to_string()),
    }
}

/// The error of TLS inside an error of a stream.
pub(in crate::probe) fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// What an error of TLS means. `InvalidCertificate`: we rejected them. `AlertReceived`: they rejected us.
pub(in crate::probe) fn tls_halt(error: &rustls::Error) -> Halt {
    let fault = match error {
        rustls::Error::AlertReceived(alert) => {
            let number = u8::from(*alert);
            return Halt::fault(
                FaultKind::TlsAlert(number),
                format!("the peer sent the alert {number} ({alert:?})"),
            )
            .by(Origin::TlsAlert(number));
        }
        rustls::Error::InvalidCertificate(why) => certificate_fault(why),
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => TlsFault::Plaintext,
        _ => TlsFault::Protocol,
    };
    let message = match fault {
        TlsFault::Plaintext => "what came is not TLS; is this a port for plain text?".to_owned(),
        _ => error.to_string(),
    };
    Halt::fault(FaultKind::Tls(fault), message)
}

fn certificate_fault(why: &CertificateError) -> TlsFault {
    match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsFault::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            TlsFault::NotYetValid
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            TlsFault::WrongName
        }
        CertificateError::UnknownIssuer => TlsFault::UnknownIssuer,
        CertificateError::Revoked => TlsFault::Revoked,
        // How a self-signed certificate shows when it was made as an authority.
        CertificateError::Other(other)
            if matches!(
                other.0.downcast_ref::<webpki::Error>(),
                Some(webpki::Error::CaUsedAsEndEntity)
            ) =>
        {
            TlsFault::UnknownIssuer
        }
        _ => TlsFault::BadCertificate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_rejected_whom_is_kept() {
        let halt = tls_halt(&rustls::Error::AlertReceived(
            rustls::AlertDescription::HandshakeFailure,
        ));
        assert!(matches!(
            halt,
            Halt::Fault {
                kind: FaultKind::TlsAlert(40),
                origin: Some(Origin::TlsAlert(40)),
                ..
            }
        ));
    }
}
