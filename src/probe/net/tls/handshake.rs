//! The TLS handshake (RFC 8446), and what its errors mean.

use std::io;
use std::sync::Arc;

use nix::errno::Errno;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, InvalidMessage};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::super::connect::{is_reset, socket_halt};
use super::super::stream::Stream;
use super::certificate::Certificate;
use super::heard::Heard;
use super::revocation;
use super::verifier::{Rejected, is_authority_as_server};
use crate::model::{FaultKind, Keep, Origin, Phase, ProbeError, Stopped, TlsFault, Unable, Value};
use crate::probe::look::{Halt, Look};

/// Shakes hands, as its own phase. The certificate must be valid for `host`, up to a trusted authority; one that is not
/// becomes evidence.
pub(in crate::probe) async fn handshake(
    look: &mut Look<'_>,
    config: Arc<ClientConfig>,
    host: &str,
    stream: Stream,
) -> Result<Stream, Stopped> {
    let name = server_name(host).map_err(|why| ProbeError::new(Unable::Value, why))?;
    let mut rejected = None;
    let shaking = async {
        shake(config, name, stream).await.map_err(|broken| {
            rejected = broken.certificate();
            broken.halt()
        })
    };
    let late = FaultKind::Tls(TlsFault::Timeout);
    let shaken = look.timed(Phase::Tls, late, shaking).await;
    if let Some(certificate) = rejected {
        look.evidence("certificate", certificate.to_string(), Keep::First(2048));
        let wrong_name = FaultKind::Tls(TlsFault::WrongName);
        if matches!(&shaken, Err(Halt::Fault { kind, .. }) if *kind == wrong_name) {
            see_names(look, &certificate, host);
        }
    }
    match shaken {
        Ok(stream) => Ok(Stream::Tls(Box::new(stream))),
        Err(halt) => Err(look.stop(Phase::Tls, halt)),
    }
}

/// Whose the certificate is instead: a neighbour's, as where a host is written wrongly, or a stranger's, as where a load balancer
/// presents what it has.
fn see_names(look: &mut Look<'_>, certificate: &Certificate, host: &str) {
    if let Some(sibling) = certificate.sibling_of(host) {
        look.fact("covers_sibling", Value::Text(sibling.to_owned()));
    }
    let names = certificate.names.iter().cloned().map(Value::Text).collect();
    look.fact("san", Value::List(names));
}

/// The name that is asked for (SNI, RFC 6066 §3) and that the certificate must have. An address is not asked for.
pub(in crate::probe) fn server_name(host: &str) -> Result<ServerName<'static>, String> {
    ServerName::try_from(host.to_owned())
        .map_err(|_| format!("`{host}` is no name a certificate can have"))
}

/// Shakes hands.
pub(super) async fn connect(
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    stream: Stream,
) -> Result<TlsStream<Heard>, Halt> {
    let shaking = shake(config, name, stream).await;
    shaking.map_err(|broken| broken.halt())
}

async fn shake(
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    stream: Stream,
) -> Result<TlsStream<Heard>, Broken> {
    TlsConnector::from(config)
        .connect(name, Heard::new(stream))
        .into_fallible()
        .await
        .map_err(|(error, heard)| Broken { error, heard })
}

/// A handshake that did not come to its end.
struct Broken {
    error: io::Error,
    heard: Heard,
}

impl Broken {
    /// The certificate, when that is what we did not accept.
    fn certificate(&self) -> Option<Certificate> {
        match tls_error(&self.error)? {
            rustls::Error::InvalidCertificate(why) => {
                Certificate::read(Rejected::inside(why)?.chain.first()?)
            }
            _ => None,
        }
    }

    /// Whatever became of the connection: who speaks plain text does not speak TLS.
    fn halt(&self) -> Halt {
        if self.heard.is_plain() {
            let line = self.heard.first_line();
            let why = format!(
                "what came is not TLS but begins with `{line}`; is this a port for plain text?"
            );
            return Halt::fault(FaultKind::Tls(TlsFault::Plaintext), why);
        }
        shaking_halt(&self.error, "during the handshake")
    }
}

/// What an error of a stream means while hands are shaken.
pub(in crate::probe) fn shaking_halt(error: &io::Error, when: &str) -> Halt {
    if let Some(cause) = tls_error(error) {
        return tls_halt(cause);
    }
    let tls = |fault, words: String| Halt::fault(FaultKind::Tls(fault), words);
    match error.raw_os_error().map(Errno::from_raw) {
        Some(errno) if is_reset(errno) => {
            tls(TlsFault::Reset, format!("reset {when}")).by(Origin::Errno(errno as i32))
        }
        Some(_) => socket_halt(error, "shaking hands"),
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            tls(TlsFault::Eof, format!("closed {when}"))
        }
        None => tls(TlsFault::Protocol, error.to_string()),
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
        rustls::Error::InvalidCertificate(why) => return certificate_halt(why),
        rustls::Error::InvalidCertRevocationList(why) => return revocation::unusable(why),
        rustls::Error::PeerIncompatible(_) => TlsFault::Incompatible,
        rustls::Error::NoApplicationProtocol => TlsFault::NoAlpn,
        rustls::Error::NoCertificatesPresented => TlsFault::BadCertificate,
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            let why = "what came is not TLS, on a connection that spoke it";
            return Halt::fault(FaultKind::Tls(TlsFault::Protocol), why);
        }
        _ => TlsFault::Protocol,
    };
    Halt::fault(FaultKind::Tls(fault), error.to_string())
}

fn certificate_halt(why: &CertificateError) -> Halt {
    let (why, chain) = match Rejected::inside(why) {
        Some(rejected) => (&rejected.why, rejected.chain.as_slice()),
        None => (why, [].as_slice()),
    };
    let read = chain.first().and_then(Certificate::read);
    if let Some(unknown) = revocation::not_known(why, read.as_ref()) {
        return unknown;
    }
    let fault = certificate_fault(why, read.as_ref());
    let words = match read {
        Some(certificate) => words(fault, why, &certificate, chain),
        None if fault == TlsFault::BadSignature => {
            "the handshake is not signed by the key of the certificate".to_owned()
        }
        None => why.to_string(),
    };
    Halt::fault(FaultKind::Tls(fault), words)
}

fn certificate_fault(why: &CertificateError, read: Option<&Certificate>) -> TlsFault {
    let is_self_signed = read.is_some_and(|certificate| certificate.is_self_signed);
    match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsFault::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            TlsFault::NotYetValid
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            TlsFault::WrongName
        }
        // A trusted authority of the same name with another key makes its signature look wrong.
        CertificateError::UnknownIssuer | CertificateError::BadSignature if is_self_signed => {
            TlsFault::SelfSigned
        }
        CertificateError::UnknownIssuer => TlsFault::UnknownIssuer,
        CertificateError::Revoked => TlsFault::Revoked,
        CertificateError::BadSignature => TlsFault::BadSignature,
        // How a self-signed certificate shows when it was made as an authority.
        _ if is_self_signed && is_authority_as_server(why) => TlsFault::SelfSigned,
        _ => TlsFault::BadCertificate,
    }
}

/// What is wrong, with what the certificate says of it.
fn words(
    fault: TlsFault,
    why: &CertificateError,
    certificate: &Certificate,
    chain: &[CertificateDer<'_>],
) -> String {
    let Certificate {
        subject, issuer, ..
    } = certificate;
    match fault {
        TlsFault::Expired => expired(certificate, chain),
        TlsFault::NotYetValid => {
            let from = &certificate.not_before;
            format!("the certificate of `{subject}` is valid from {from}; is the clock right?")
        }
        TlsFault::WrongName => wrong_name(why, certificate),
        TlsFault::SelfSigned => {
            format!("the certificate of `{subject}` is signed by its own key, and not trusted")
        }
        TlsFault::UnknownIssuer if chain.len() == 1 => format!(
            "`{issuer}`, who signed the certificate, is not trusted; no intermediate was sent"
        ),
        TlsFault::UnknownIssuer => {
            let last = chain.last().and_then(Certificate::read);
            let top = last.map_or_else(|| issuer.clone(), |certificate| certificate.issuer);
            format!("the chain leads to `{top}`, which is not trusted")
        }
        TlsFault::BadSignature => format!(
            "the certificate of `{subject}` is not signed by the key of `{issuer}` that is trusted or was sent along"
        ),
        _ => format!("the certificate of `{subject}`: {why}"),
    }
}

fn wrong_name(why: &CertificateError, certificate: &Certificate) -> String {
    /// So many names are told; a certificate of a content network has hundreds.
    const MOST: usize = 5;
    let names = &certificate.names;
    let told = names[..names.len().min(MOST)].join(", ");
    let more = match names.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    match why {
        CertificateError::NotValidForNameContext { expected, .. } => {
            let asked = expected.to_str();
            format!("the certificate is not for `{asked}`; it is for {told}{more}")
        }
        _ => format!("the certificate is for {told}{more}"),
    }
}

/// An intermediate expires, too.
fn expired(certificate: &Certificate, chain: &[CertificateDer<'_>]) -> String {
    let now = jiff::Timestamp::now().as_second();
    let others = chain.iter().skip(1).filter_map(Certificate::read);
    let mut all = std::iter::once(certificate.clone()).chain(others);
    match all.find(|one| one.not_after.unix < now) {
        Some(Certificate {
            subject, not_after, ..
        }) => format!("the certificate of `{subject}` expired at {not_after}"),
        None => format!("the certificate of `{}` expired", certificate.subject),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_a_list_of_revoked_certificates_has_its_code() {
        for (why, expected) in [
            (CertificateError::Revoked, TlsFault::Revoked),
            (CertificateError::BadEncoding, TlsFault::BadCertificate),
            (CertificateError::InvalidPurpose, TlsFault::BadCertificate),
        ] {
            let halt = tls_halt(&rustls::Error::InvalidCertificate(why));
            assert!(
                matches!(halt, Halt::Fault { kind: FaultKind::Tls(fault), .. } if fault == expected)
            );
        }
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
