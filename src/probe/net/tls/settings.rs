//! What we trust and speak: authorities, a client certificate, versions, protocols.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};
use rustls_native_certs::CertificateResult;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::{Mutex, OnceCell};
use tokio::task::spawn_blocking;

use super::examine::Witness;
use super::verifier::Verifier;
use crate::model::{ProbeError, Unable};

/// What `ca` says where the system's authorities are meant: a variable has to say something.
const SYSTEM: &str = "system";

/// How TLS is to be spoken to one peer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(in crate::probe) struct TlsSettings {
    /// A PEM file of authorities, trusted instead of the system's; `system` is none.
    pub(in crate::probe) ca: Option<PathBuf>,
    /// Who we say we are.
    pub(in crate::probe) client_certificate: Option<ClientCertificate>,
    /// The lowest version that is spoken.
    pub(in crate::probe) min_version: MinVersion,
    /// The protocols offered, best first (ALPN, RFC 7301).
    pub(in crate::probe) alpn: Vec<String>,
}

/// A certificate of our own and its key, for servers that want to know who asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::probe) struct ClientCertificate {
    /// A PEM file: the certificate, then its intermediates. Relative paths begin where the program was started.
    pub(in crate::probe) certificate: PathBuf,
    /// A PEM file with the private key (PKCS #8, PKCS #1 or SEC 1), unencrypted.
    pub(in crate::probe) key: PathBuf,
}

/// The lowest version of TLS that is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, JsonSchema)]
pub(in crate::probe) enum MinVersion {
    /// RFC 5246.
    #[default]
    #[serde(rename = "TLSv1.2")]
    Tls12,
    /// RFC 8446.
    #[serde(rename = "TLSv1.3")]
    Tls13,
}

/// The configurations of a run, each made once. The lock is held while one is made: files are read once, however many ask.
#[derive(Debug, Default)]
pub(in crate::probe) struct Configs {
    system: OnceCell<Result<Arc<RootCertStore>, ProbeError>>,
    made: Mutex<HashMap<TlsSettings, Result<Made, ProbeError>>>,
}

/// A configuration, and who judges certificates in it.
#[derive(Debug, Clone)]
struct Made {
    config: Arc<ClientConfig>,
    verifier: Arc<Verifier>,
}

impl Configs {
    /// The configuration for these settings; the system's authorities are read when they are first needed.
    pub(in crate::probe) async fn get(
        &self,
        settings: &TlsSettings,
    ) -> Result<Arc<ClientConfig>, ProbeError> {
        self.made(settings).await.map(|made| made.config)
    }

    /// The same for one handshake that is to be examined.
    pub(in crate::probe) async fn witnessed(
        &self,
        settings: &TlsSettings,
    ) -> Result<(ClientConfig, Arc<Witness>), ProbeError> {
        let Made { config, verifier } = self.made(settings).await?;
        let witness = Arc::new(Witness::new(verifier, &config));
        Ok(((*config).clone(), witness))
    }

    async fn made(&self, settings: &TlsSettings) -> Result<Made, ProbeError> {
        let mut settings = settings.clone();
        settings.ca.take_if(|ca| ca.as_os_str() == SYSTEM);
        let mut made = self.made.lock().await;
        if let Some(known) = made.get(&settings) {
            return known.clone();
        }
        let config = self.make(settings.clone()).await;
        made.insert(settings, config.clone());
        config
    }

    async fn make(&self, settings: TlsSettings) -> Result<Made, ProbeError> {
        let system = match settings.ca {
            Some(_) => None,
            None => Some(self.system.get_or_init(system).await.clone()?),
        };
        reading(move || {
            let named = match &settings.ca {
                Some(path) => certificates("ca", path)?,
                None => Vec::new(),
            };
            let roots = match (&settings.ca, system) {
                (Some(path), _) => Arc::new(authorities(path, &named)?),
                (None, Some(system)) => system,
                (None, None) => Arc::new(RootCertStore::empty()),
            };
            configured(&settings, roots, named)
        })
        .await
    }

    /// With these authorities instead of the system's.
    #[cfg(test)]
    pub(in crate::probe) fn trust(&self, roots: RootCertStore) {
        let set = self.system.set(Ok(Arc::new(roots)));
        assert!(set.is_ok(), "nothing was spoken yet");
    }
}

async fn system() -> Result<Arc<RootCertStore>, ProbeError> {
    reading(|| {
        let loaded = rustls_native_certs::load_native_certs();
        let named = ["SSL_CERT_FILE", "SSL_CERT_DIR"]
            .into_iter()
            .find_map(|name| Some((name, PathBuf::from(std::env::var_os(name)?))));
        trusted(loaded, named).map(Arc::new)
    })
    .await
}

async fn reading<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, ProbeError> + Send + 'static,
) -> Result<T, ProbeError> {
    spawn_blocking(read).await.unwrap_or_else(|_| {
        let message = "reading certificates panicked";
        Err(ProbeError::new(Unable::Panic, message))
    })
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
        return Err(unreadable(format!("{name} names `{place}`: {why}")));
    }
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    Ok(roots)
}

fn unreadable(message: String) -> ProbeError {
    ProbeError::new(Unable::File, message)
}

fn authorities(
    path: &Path,
    named: &[CertificateDer<'static>],
) -> Result<RootCertStore, ProbeError> {
    let mut roots = RootCertStore::empty();
    for certificate in named.iter().cloned() {
        let place = path.display();
        roots
            .add(certificate)
            .map_err(|error| unreadable(format!("`ca`: `{place}` holds no authority: {error}")))?;
    }
    Ok(roots)
}

fn certificates(key: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, ProbeError> {
    let place = path.display();
    let pem = fs::read(path).map_err(|error| unreadable(format!("`{key}`: `{place}`: {error}")))?;
    let found: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|error| unreadable(format!("`{key}`: `{place}` is not PEM: {error}")))?;
    if found.is_empty() {
        let why = "holds no certificate in PEM form (`-----BEGIN CERTIFICATE-----`)";
        return Err(unreadable(format!("`{key}`: `{place}` {why}")));
    }
    Ok(found)
}

fn configured(
    settings: &TlsSettings,
    roots: Arc<RootCertStore>,
    named: Vec<CertificateDer<'static>>,
) -> Result<Made, ProbeError> {
    let versions: &[&SupportedProtocolVersion] = match settings.min_version {
        MinVersion::Tls12 => &[&version::TLS13, &version::TLS12],
        MinVersion::Tls13 => &[&version::TLS13],
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Arc::new(Verifier::new(roots, named, provider.clone())?);
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .expect("ring has cipher suites for both versions")
        .dangerous() // so that what it rejects can be described; it judges as rustls does by itself
        .with_custom_certificate_verifier(verifier.clone());
    let mut config = match &settings.client_certificate {
        None => builder.with_no_client_auth(),
        Some(ours) => {
            let chain = certificates("certificate", &ours.certificate)?;
            let place = ours.key.display();
            // What is wrong with a key file is told without a line of it.
            let key = PrivateKeyDer::from_pem_file(&ours.key).map_err(|_| {
                let why = "cannot be read as an unencrypted private key in PEM form";
                unreadable(format!("`key`: `{place}` {why}"))
            })?;
            builder.with_client_auth_cert(chain, key).map_err(|error| {
                unreadable(format!(
                    "`client_certificate` with the key `{place}`: {error}"
                ))
            })?
        }
    };
    // A resumed session skips the certificate, and an expired one would go unseen.
    config.resumption = Resumption::disabled();
    config.alpn_protocols = settings
        .alpn
        .iter()
        .map(|name| name.clone().into_bytes())
        .collect();
    let config = Arc::new(config);
    Ok(Made { config, verifier })
}

#[cfg(test)]
mod tests {
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

    #[tokio::test]
    async fn the_authorities_of_the_system_can_be_named() {
        let configs = Configs::default();
        let named = TlsSettings {
            ca: Some(PathBuf::from("system")),
            ..TlsSettings::default()
        };
        // Otherwise it would be a file of this name, and there is none.
        let named = configs.get(&named).await.unwrap();
        let unnamed = configs.get(&TlsSettings::default()).await.unwrap();
        assert!(Arc::ptr_eq(&named, &unnamed));
    }

    #[tokio::test]
    async fn a_file_without_certificates_is_told_and_none_of_its_lines() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "hunter2").unwrap();
        let settings = TlsSettings {
            ca: Some(file.path().to_owned()),
            ..TlsSettings::default()
        };
        let error = Configs::default().get(&settings).await.unwrap_err();
        assert_eq!(error.kind, Unable::File);
        assert!(error.message.contains("holds no certificate"), "{error:?}");
        assert!(!error.message.contains("hunter2"));
    }
}
