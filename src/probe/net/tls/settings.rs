//! What we trust and speak: authorities, a client certificate, versions, protocols.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::errno::Errno;
use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};
use rustls_native_certs::{CertificateResult, ErrorKind};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::{Mutex, OnceCell};
use tokio::task::spawn_blocking;

use super::examine::Witness;
use super::revocation;
use super::verifier::Verifier;
use crate::model::{ProbeError, Unable};

/// What `ca` says where the system's authorities are meant: a variable has to say something.
const SYSTEM: &str = "system";

/// How TLS is to be spoken to one peer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(in crate::probe) struct TlsSettings {
    /// A PEM file of authorities, trusted instead of the system's; `system` is none.
    pub(in crate::probe) ca: Option<PathBuf>,
    /// A file of lists of revoked certificates.
    pub(in crate::probe) crl: Option<PathBuf>,
    /// Who we say we are.
    pub(in crate::probe) client_certificate: Option<ClientCertificate>,
    /// The lowest version that is spoken.
    pub(in crate::probe) min_version: MinVersion,
    /// The protocols offered, best first (ALPN, RFC 7301).
    pub(in crate::probe) alpn: Vec<String>,
    /// How much of a certificate is looked at.
    pub(in crate::probe) verification: Verification,
}

/// How much of a certificate is looked at. Databases speak TLS to keep others from listening, too, and not only to know the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(in crate::probe) enum Verification {
    /// Its chain, its validity and its name.
    #[default]
    Full,
    /// Its chain and its validity.
    Chain,
    /// Nothing: whoever answers is believed. That he has the key of what he shows is still proved.
    Nothing,
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

/// The configurations of a run, each made once: files are read once, however many ask. One that could not be made is tried anew
/// by the next who asks, and while one is made only those wait who asked for it.
#[derive(Debug, Default)]
pub(in crate::probe) struct Configs {
    system: OnceCell<Arc<RootCertStore>>,
    made: Mutex<HashMap<TlsSettings, Arc<OnceCell<Made>>>>,
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
        let cell = self
            .made
            .lock()
            .await
            .entry(settings.clone())
            .or_default()
            .clone();
        cell.get_or_try_init(|| Box::pin(self.make(settings)))
            .await
            .cloned()
    }

    async fn make(&self, settings: TlsSettings) -> Result<Made, ProbeError> {
        let system = match (&settings.ca, settings.verification) {
            // Who believes everybody needs no authorities, and nothing has to be read.
            (Some(_), _) | (None, Verification::Nothing) => None,
            (None, _) => Some(self.system.get_or_try_init(system).await?.clone()),
        };
        reading(move || {
            let named = match &settings.ca {
                Some(path) => certificates("ca", path)?,
                None => Vec::new(),
            };
            let roots = match (&settings.ca, system) {
                (Some(path), _) => Arc::new(authorities(path, &named)?),
                (None, Some(system)) => system,
                // Nobody asks them, but some there must be.
                (None, None) => Arc::new(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()),
            };
            configured(&settings, roots, named)
        })
        .await
    }

    /// With these authorities instead of the system's.
    #[cfg(test)]
    pub(in crate::probe) fn trust(&self, roots: RootCertStore) {
        let set = self.system.set(Arc::new(roots));
        assert!(set.is_ok(), "nothing was spoken yet");
    }
}

async fn system() -> Result<Arc<RootCertStore>, ProbeError> {
    reading(|| {
        let loaded = rustls_native_certs::load_native_certs();
        let named = ["SSL_CERT_FILE", "SSL_CERT_DIR"]
            .into_iter()
            .find_map(|name| Some((name, PathBuf::from(std::env::var_os(name)?))));
        let named = named.as_ref().map(|(name, path)| (*name, path.as_path()));
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

/// Where the system has no authorities, Mozilla's are used; but where it has some that cannot be read, or somebody named a place
/// for them, others would not be those that were meant.
fn trusted(
    loaded: CertificateResult,
    named: Option<(&str, &Path)>,
) -> Result<RootCertStore, ProbeError> {
    let mut roots = RootCertStore::empty();
    let (added, ignored) = roots.add_parsable_certificates(loaded.certs);
    if added > 0 {
        return Ok(roots);
    }
    let source = match named {
        Some((name, path)) => format!("{name} names `{}`", path.display()),
        None => "the authorities of the system".to_owned(),
    };
    match loaded.errors.first() {
        Some(error) => {
            let kind = match &error.kind {
                ErrorKind::Io { inner, .. } => kind_of(inner),
                _ => Unable::File,
            };
            Err(ProbeError::new(kind, format!("{source}: {error}")))
        }
        None if ignored > 0 => Err(unreadable(format!(
            "{source}: none of the {ignored} certificates there is an authority"
        ))),
        None if named.is_some() => Err(unreadable(format!("{source}: no certificates there"))),
        None => {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
            Ok(roots)
        }
    }
}

/// What keeps us from reading a file: the file, or how many may be open.
fn kind_of(error: &io::Error) -> Unable {
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EMFILE | Errno::ENFILE) => Unable::Limit,
        _ => Unable::File,
    }
}

pub(super) fn unreadable(message: String) -> ProbeError {
    ProbeError::new(Unable::File, message)
}

/// Reads a regular file. Of anything else, a pipe say, nobody knows when it ends.
pub(super) fn read(key: &str, path: &Path) -> Result<Vec<u8>, ProbeError> {
    let place = path.display();
    let failed = |error| ProbeError::new(kind_of(&error), format!("`{key}`: `{place}`: {error}"));
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(unreadable(format!("`{key}`: `{place}` is no regular file")));
    }
    fs::read(path).map_err(failed)
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
    let pem = read(key, path)?;
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
    let verification = settings.verification;
    let mut verifier = Verifier::new(roots.clone(), named, verification, provider.clone())?;
    if let Some(path) = &settings.crl {
        verifier.revoke(roots, provider.clone(), revocation::lists(path)?)?;
    }
    let verifier = Arc::new(verifier);
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
            let pem = read("key", &ours.key)?;
            let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| {
                let why = "holds no unencrypted private key in PEM form";
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
    use crate::probe::testing::certificates::Authority;

    #[test]
    fn a_named_place_without_authorities_is_an_error_and_not_a_fallback() {
        let nowhere = Path::new("/nonexistent.pem");
        let loaded = rustls_native_certs::load_certs_from_paths(Some(nowhere), None);
        let error = trusted(loaded, Some(("SSL_CERT_FILE", nowhere))).unwrap_err();
        assert_eq!(error.kind, Unable::File);
        assert!(
            error
                .message
                .contains("SSL_CERT_FILE names `/nonexistent.pem`")
        );
    }

    #[test]
    fn authorities_that_cannot_be_read_are_not_replaced_by_others() {
        let missing = Path::new("/nonexistent.pem");
        let loaded = || rustls_native_certs::load_certs_from_paths(Some(missing), None);
        let error = trusted(loaded(), None).unwrap_err();
        assert_eq!(error.kind, Unable::File);
        let told = "the authorities of the system: ";
        assert!(error.message.starts_with(told), "{error:?}");
        let mut full = loaded();
        full.errors[0].kind = ErrorKind::Io {
            inner: io::Error::from_raw_os_error(Errno::EMFILE as i32),
            path: missing.to_owned(),
        };
        assert_eq!(trusted(full, None).unwrap_err().kind, Unable::Limit);
        let mut garbage = CertificateResult::default();
        garbage.certs.push(vec![1].into());
        assert_eq!(trusted(garbage, None).unwrap_err().kind, Unable::File);
        let nothing = CertificateResult::default();
        assert!(!trusted(nothing, None).unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_file_that_is_there_later_is_read_then() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        let settings = TlsSettings {
            ca: Some(path.clone()),
            ..TlsSettings::default()
        };
        let configs = Configs::default();
        let error = configs.get(&settings).await.unwrap_err();
        assert_eq!(error.kind, Unable::File);
        let authority = Authority::new("late").file();
        fs::copy(authority.path(), &path).unwrap();
        let first = configs.get(&settings).await.unwrap();
        let second = configs.get(&settings).await.unwrap();
        assert!(Arc::ptr_eq(&first, &second));
    }

    #[tokio::test]
    async fn a_pipe_is_refused_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        let settings = TlsSettings {
            ca: Some(path),
            ..TlsSettings::default()
        };
        let error = Configs::default().get(&settings).await.unwrap_err();
        assert!(error.message.contains("is no regular file"), "{error:?}");
    }

    #[tokio::test]
    async fn who_asks_for_another_does_not_wait() {
        let configs = Configs::default();
        configs.trust(Authority::new("ours").roots());
        let slow = TlsSettings {
            ca: Some(PathBuf::from("slow.pem")),
            ..TlsSettings::default()
        };
        let cell = Arc::new(OnceCell::new());
        configs.made.lock().await.insert(slow, cell.clone());
        let never = cell.get_or_try_init(std::future::pending::<Result<Made, ProbeError>>);
        let settings = TlsSettings::default();
        tokio::select! {
            biased;
            _ = never => panic!("it hangs"),
            other = configs.get(&settings) => assert!(other.is_ok()),
        }
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
