//! Certificates of our own, new at every start, and how they can be wrong.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use thiserror::Error;
use tokio_rustls::TlsAcceptor;

use super::Fault;

/// Why a certificate of our own could not be used.
#[derive(Debug, Error)]
pub enum CertificateError {
    /// It could not be made.
    #[error("{0}")]
    Make(#[from] rcgen::Error),
    /// It could not be served.
    #[error("{0}")]
    Serve(#[from] rustls::Error),
}

/// The name the TLS port is certified for.
pub(super) const NAME: &str = "localhost";

/// The name it was certified for once, and must not be any more.
pub(super) const RETIRED_NAME: &str = "127.0.0.1";

const DAY: Duration = Duration::from_hours(24);

/// An authority of our own.
pub(super) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    /// A new one; nobody else has its key.
    pub(super) fn create() -> Result<Self, CertificateError> {
        Self::called("allclear demo authority")
    }

    fn called(name: &str) -> Result<Self, CertificateError> {
        let mut about = CertificateParams::new(Vec::new())?;
        about.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        about.distinguished_name.push(DnType::CommonName, name);
        let issuer = CertifiedIssuer::self_signed(about, KeyPair::generate()?)?;
        Ok(Self { issuer })
    }

    /// Writes its certificate, for who is to trust it.
    pub(super) fn write(&self, path: &Path) -> std::io::Result<()> {
        std::fs::write(path, self.issuer.pem())
    }

    /// How a server speaks TLS that this authority certifies, wrongly where that is the fault.
    pub(super) fn acceptor(&self, fault: Fault) -> Result<TlsAcceptor, CertificateError> {
        let names = match fault {
            Fault::TlsOtherName => vec!["other.demo.example"],
            Fault::TlsRetiredName => vec![NAME, RETIRED_NAME],
            _ => vec![NAME],
        };
        let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
        let mut about = CertificateParams::new(names)?;
        let now = SystemTime::now();
        about.not_before = (now - 90 * DAY).into();
        about.not_after = match fault {
            Fault::TlsExpired => (now - DAY).into(),
            Fault::TlsExpiring => (now + 10 * DAY).into(),
            _ => (now + 90 * DAY).into(),
        };
        about
            .distinguished_name
            .push(DnType::CommonName, "allclear demo service");
        let key = KeyPair::generate()?;
        let certificate = match fault {
            Fault::TlsUnknownIssuer => {
                about.signed_by(&key, &Self::called("an authority nobody knows")?.issuer)?
            }
            _ => about.signed_by(&key, &self.issuer)?,
        };
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}
