//! Judges what a server shows as every connection does, and keeps what it rejected: only so can it be described.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};

use super::settings::Verification;
use crate::model::{ProbeError, Unable};

/// The rules of the web (RFC 5280, RFC 6125), by webpki. The same for all connections; nothing is copied for one that is
/// accepted.
#[derive(Debug)]
pub(super) struct Verifier {
    webpki: Arc<WebPkiServerVerifier>,
    /// The same, and besides whether one of the chain is revoked.
    revoking: Option<Arc<WebPkiServerVerifier>>,
    /// Certificates that somebody named, one by one.
    named: Vec<CertificateDer<'static>>,
    verification: Verification,
}

/// What was presented and not accepted. Travels inside the error of rustls; an error without it is about the signature of the
/// handshake, and not about the certificate.
#[derive(Debug)]
pub(super) struct Rejected {
    pub(super) why: CertificateError,
    /// The server's certificate, then what it sent along.
    pub(super) chain: Vec<CertificateDer<'static>>,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.why.fmt(f)
    }
}

impl std::error::Error for Rejected {}

impl Rejected {
    /// What a verifier rejected, inside an error of rustls.
    pub(super) fn inside(error: &CertificateError) -> Option<&Self> {
        match error {
            CertificateError::Other(OtherError(other)) => other.downcast_ref(),
            _ => None,
        }
    }

    fn wrapped(error: Error, chain: impl FnOnce() -> Vec<CertificateDer<'static>>) -> Error {
        match error {
            Error::InvalidCertificate(why) => {
                let chain = chain();
                let rejected = OtherError(Arc::new(Self { why, chain }));
                Error::InvalidCertificate(CertificateError::Other(rejected))
            }
            other => other,
        }
    }
}

/// A chain that outlives its handshake.
pub(super) fn kept(
    end_entity: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
) -> Vec<CertificateDer<'static>> {
    let all = std::iter::once(end_entity).chain(intermediates);
    all.map(|der| der.clone().into_owned()).collect()
}

impl Verifier {
    /// Trusts these authorities; a certificate that somebody `named` may also be the server's own.
    pub(super) fn new(
        roots: Arc<RootCertStore>,
        named: Vec<CertificateDer<'static>>,
        verification: Verification,
        provider: Arc<rustls::crypto::CryptoProvider>,
    ) -> Result<Self, ProbeError> {
        let webpki = WebPkiServerVerifier::builder_with_provider(roots, provider)
            .build()
            .map_err(|error| {
                ProbeError::new(Unable::File, format!("no authority is trusted: {error}"))
            })?;
        Ok(Self {
            webpki,
            revoking: None,
            named,
            verification,
        })
    }

    /// Accepts only what these lists say is not revoked: each certificate below the authority that is trusted has to be of
    /// somebody whose list is there, and up to date.
    pub(super) fn revoke(
        &mut self,
        roots: Arc<RootCertStore>,
        provider: Arc<rustls::crypto::CryptoProvider>,
        lists: Vec<CertificateRevocationListDer<'static>>,
    ) -> Result<(), ProbeError> {
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider)
            .with_crls(lists)
            .enforce_revocation_expiration()
            .build()
            .map_err(|error| {
                let message = format!("`crl`: a list of revoked certificates: {error}");
                ProbeError::new(Unable::File, message)
            })?;
        self.revoking = Some(verifier);
        Ok(())
    }

    /// The name is looked at last: who has no other fault is somebody the authorities know.
    fn unnamed(&self, error: Error) -> Result<ServerCertVerified, Error> {
        let is_other_name = matches!(
            error,
            Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
            )
        );
        if is_other_name && self.verification == Verification::Chain {
            return Ok(ServerCertVerified::assertion());
        }
        Err(error)
    }

    /// `openssl req -x509` makes certificates that sign themselves *as an authority*, and people serve them. webpki never takes
    /// one for a server's; OpenSSL and Go do, once they were told to trust exactly it. Its validity was checked by then.
    fn is_named(&self, error: &Error, end_entity: &CertificateDer<'_>) -> bool {
        let Error::InvalidCertificate(why) = error else {
            return false;
        };
        is_authority_as_server(why) && self.named.iter().any(|der| **der == **end_entity)
    }
}

/// Whether the only fault is that it may sign others.
pub(super) fn is_authority_as_server(why: &CertificateError) -> bool {
    let CertificateError::Other(OtherError(other)) = why else {
        return false;
    };
    matches!(
        other.downcast_ref::<webpki::Error>(),
        Some(webpki::Error::CaUsedAsEndEntity)
    )
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.verification == Verification::Nothing {
            return Ok(ServerCertVerified::assertion());
        }
        let by = |webpki: &WebPkiServerVerifier| {
            webpki
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
                .or_else(|error| self.unnamed(error))
        };
        by(&self.webpki)
            // What is wrong without any list is told first: a list that is missing must not hide it.
            .and_then(|accepted| self.revoking.as_deref().map_or(Ok(accepted), by))
            .or_else(|error| {
                if !self.is_named(&error, end_entity) {
                    return Err(error);
                }
                let named = ParsedCertificate::try_from(end_entity)?;
                verify_server_name(&named, server_name)
                    .or_else(|error| self.unnamed(error).map(|_| ()))?;
                Ok(ServerCertVerified::assertion())
            })
            .map_err(|error| Rejected::wrapped(error, || kept(end_entity, intermediates)))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}
