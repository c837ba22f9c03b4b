//! The TLS handshake (RFC 8446), and what its errors mean.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use nix::errno::Errno;
use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig, InvalidMessage, RootCertStore};
use rustls_native_certs::CertificateResult;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::connect::socket_halt;
use crate::model::{FaultKind, Origin, Phase, ProbeError, Stopped, TlsFault, Unable};
use crate::probe::look::{Halt, Look};

/// Shakes hands, as its own phase. The certificate must be valid for `host`, up to a trusted authority.
pub(in crate::probe) async fn handshake(
    look: &mut Look<'_>,
    config: Arc<ClientConfig>,
    host: &str,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, Stopped> {
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

/// What we trust and speak: the system's authorities, TLS 1.2 and 1.3, HTTP/1.1 when asked (RFC 7301).
pub(in crate::probe) fn system_config() -> Result<Arc<ClientConfig>, ProbeError> {
    let loaded = rustls_native_certs::load_native_certs();
    let named = ["SSL_CERT_FILE", "SSL_CERT_DIR"]
        .into_iter()
        .find_map(|name| Some((name, PathBuf::from(std::env::var_os(name)?))));
    trusted(loaded, named).map(config)
}

/// Without any authority of the system, Mozilla's are used; but where somebody named a place for them, it must have some.
fn trusted(
    loaded: CertificateResult,
    named: Option<(&str, PathBuf)>,
) -> Result<RootCertStore, ProbeError> {
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(loaded.certs);
    if added > 0 {
        return Ok(roots);
    }
    if let Some((name, path)) = named {
        let why = match loaded.errors.first() {
            Some(error) => error.to_string(),
            None => "no certificates there".to_owned(),
        };
        let place = path.display();
        return Err(ProbeError::new(
            Unable::File,
            format!("{name} names `{place}`: {why}"),
        ));
    }
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    Ok(roots)
}

/// A configuration that trusts these authorities.
pub(in crate::probe) fn config(roots: RootCertStore) -> Arc<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has cipher suites for the default versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    // A resumed session skips the certificate, and an expired one would go unseen.
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_named_place_without_authorities_is_an_error_and_not_a_fallback() {
        let nowhere = PathBuf::from("/nonexistent.pem");
        let loaded = || rustls_native_certs::load_certs_from_paths(Some(Path::new(&nowhere)), None);
        let error = trusted(loaded(), Some(("SSL_CERT_FILE", nowhere.clone()))).unwrap_err();
        assert_eq!(error.kind, Unable::File);
        assert!(
            error
                .message
                .contains("SSL_CERT_FILE names `/nonexistent.pem`")
        );
        assert!(!trusted(loaded(), None).unwrap().is_empty());
    }

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
