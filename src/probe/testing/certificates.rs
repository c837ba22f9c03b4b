//! Certificates made for a test, and servers that show them.

use std::io::Write;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    IsCa, KeyIdMethod, KeyPair, RevokedCertParams, SerialNumber, date_time_ymd,
};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use tempfile::NamedTempFile;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::Server;

/// Somebody who signs certificates.
#[derive(Debug)]
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// What a server sends along: itself and those above, without the root.
    chain: Vec<CertificateDer<'static>>,
}

/// The serial number of every intermediate.
pub(crate) const INTERMEDIATE: u64 = 7;

/// A certificate with its chain, and its key.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

impl Clone for Identity {
    fn clone(&self) -> Self {
        Self {
            chain: self.chain.clone(),
            key: self.key.clone_key(),
        }
    }
}

/// Parameters for these names, with a common name.
pub(crate) fn params(common_name: &str, names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = params(name, &[]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

impl Authority {
    /// A root.
    pub(crate) fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let issuer = CertifiedIssuer::self_signed(authority_params(name), key).unwrap();
        let chain = Vec::new();
        Self { issuer, chain }
    }

    /// One that is signed by this one.
    pub(crate) fn intermediate(&self, name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = authority_params(name);
        params.serial_number = Some(INTERMEDIATE.into());
        let issuer = CertifiedIssuer::signed_by(params, key, &self.issuer).unwrap();
        let mut chain = vec![issuer.der().clone()];
        chain.extend(self.chain.iter().cloned());
        Self { issuer, chain }
    }

    /// Only this one.
    pub(crate) fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        roots
    }

    /// As a file for the key `ca`.
    pub(crate) fn file(&self) -> NamedTempFile {
        file("CERTIFICATE", &[self.issuer.der()])
    }

    /// A certificate for this name, with an ECDSA key on P-256.
    pub(crate) fn certificate(&self, name: &str) -> Identity {
        self.changed(name, |_| {})
    }

    /// One that is otherwise than usual.
    pub(crate) fn changed(
        &self,
        name: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Identity {
        let mut params = params(name, &[name]);
        change(&mut params);
        self.signed(&params, &KeyPair::generate().unwrap())
    }

    /// With these parameters and this key.
    pub(crate) fn signed(&self, params: &CertificateParams, key: &KeyPair) -> Identity {
        let certificate = params.signed_by(key, &self.issuer).unwrap();
        let mut chain = vec![certificate.der().clone()];
        chain.extend(self.chain.iter().cloned());
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        Identity { chain, key }
    }

    /// Its list of the certificates with these serial numbers, to be replaced when this year begins.
    pub(crate) fn list(&self, revoked: &[u64], until: i32) -> Vec<u8> {
        let revoked = revoked.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: date_time_ymd(2001, 1, 1),
            reason_code: None,
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2001, 1, 1),
            next_update: date_time_ymd(until, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer).unwrap().der().to_vec()
    }

    pub(crate) fn expired(&self, name: &str) -> Identity {
        self.changed(name, |params| {
            params.not_before = date_time_ymd(2000, 1, 1);
            params.not_after = date_time_ymd(2001, 1, 1);
        })
    }

    pub(crate) fn not_yet_valid(&self, name: &str) -> Identity {
        self.changed(name, |params| {
            params.not_before = date_time_ymd(2900, 1, 1);
            params.not_after = date_time_ymd(2901, 1, 1);
        })
    }
}

/// Signed by its own key, as an authority or not.
pub(crate) fn self_signed(name: &str, is_authority: bool) -> Identity {
    self_signed_from(params(name, &[name]), is_authority)
}

/// The same of these parameters.
pub(crate) fn self_signed_from(mut params: CertificateParams, is_authority: bool) -> Identity {
    if is_authority {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    let key = KeyPair::generate().unwrap();
    Identity {
        chain: vec![params.self_signed(&key).unwrap().der().clone()],
        key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
    }
}

impl Identity {
    /// As files for the keys `certificate` and `key`.
    pub(crate) fn files(&self) -> (NamedTempFile, NamedTempFile) {
        let chain: Vec<_> = self.chain.iter().map(AsRef::as_ref).collect();
        (
            file("CERTIFICATE", &chain),
            file("PRIVATE KEY", &[self.key.secret_der()]),
        )
    }
}

/// Lists as a file for the key `crl`.
pub(crate) fn lists(all: &[Vec<u8>]) -> NamedTempFile {
    let all: Vec<_> = all.iter().map(Vec::as_slice).collect();
    file("X509 CRL", &all)
}

fn file(label: &str, all: &[&[u8]]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    for der in all {
        let text = STANDARD.encode(der);
        writeln!(
            file,
            "-----BEGIN {label}-----\n{text}\n-----END {label}-----"
        )
        .unwrap();
    }
    file
}

/// How a server speaks TLS; by default both versions, no protocols, and it asks nobody.
#[derive(Debug, Default)]
pub(crate) struct Speaking<'a> {
    pub(crate) only: Option<&'static SupportedProtocolVersion>,
    pub(crate) alpn: &'a [&'a str],
    /// Whose certificates a client may have.
    pub(crate) clients_of: Option<&'a Authority>,
    /// Whether one without is served, too.
    pub(crate) serves_strangers: bool,
    /// Whether it keeps silent once the handshake is done.
    pub(crate) gives_no_tickets: bool,
}

/// Shows whatever it was given, with whatever key.
#[derive(Debug)]
struct Shows(Arc<CertifiedKey>);

impl ResolvesServerCert for Shows {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

impl Speaking<'_> {
    pub(crate) fn acceptor(&self, identity: Identity) -> TlsAcceptor {
        let provider = Arc::new(ring::default_provider());
        let versions = self
            .only
            .map_or_else(|| vec![&TLS13, &TLS12], |one| vec![one]);
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&versions)
            .unwrap();
        let builder = match self.clients_of {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let roots = Arc::new(authority.roots());
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
                let verifier = if self.serves_strangers {
                    verifier.allow_unauthenticated()
                } else {
                    verifier
                };
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let key = ring::sign::any_supported_type(&identity.key).unwrap();
        let shown = CertifiedKey::new(identity.chain, key);
        let mut config = builder.with_cert_resolver(Arc::new(Shows(Arc::new(shown))));
        config.alpn_protocols = self
            .alpn
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        if self.gives_no_tickets {
            config.send_tls13_tickets = 0;
        }
        TlsAcceptor::from(Arc::new(config))
    }

    /// A server that shakes hands and listens until the peer closes.
    pub(crate) async fn serve(&self, identity: Identity) -> Server {
        let acceptor = self.acceptor(identity);
        Server::start(move |stream| listen(acceptor.clone(), stream)).await
    }
}

/// Shakes hands and listens until the peer closes.
pub(crate) async fn listen(acceptor: TlsAcceptor, stream: TcpStream) {
    if let Ok(mut stream) = acceptor.accept(stream).await {
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    }
}
