//! Certificates as they should be, and in every way they go wrong.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertificateRevocationListParams,
    DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair,
    RevokedCertParams, SerialNumber, date_time_ymd,
};
use tempfile::TempDir;

/// The name the good ones are for, besides `localhost`, 127.0.0.1 and ::1. It is never looked up: name its address.
pub(crate) const HOST: &str = "shop.test";

/// The serial number of the one that was taken back.
const REVOKED: u64 = 404;

/// A root that is trusted, an intermediate below it, and what they and others sign. The files are gone when this is dropped.
pub(crate) struct Certificates {
    directory: TempDir,
    root: Authority,
    intermediate: Authority,
}

/// Files in PEM form.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    /// The certificate and what follows it in its chain.
    pub(crate) chain: PathBuf,
    pub(crate) key: PathBuf,
}

impl Pair {
    /// Both in one file, as HAProxy wants them.
    pub(crate) fn together(&self) -> PathBuf {
        let both = [&self.chain, &self.key].map(|path| fs::read_to_string(path).unwrap());
        let path = self.chain.with_extension("both.pem");
        fs::write(&path, both.concat()).unwrap();
        path
    }
}

struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn root(name: &str) -> Self {
        let (params, key) = (authority(name), key());
        Self {
            certificate: params.self_signed(&key).unwrap(),
            issuer: Issuer::new(params, key),
        }
    }

    fn below(name: &str, parent: &Self) -> Self {
        let (params, key) = (authority(name), key());
        Self {
            certificate: params.signed_by(&key, &parent.issuer).unwrap(),
            issuer: Issuer::new(params, key),
        }
    }
}

impl Certificates {
    pub(crate) fn make() -> Self {
        let directory = tempfile::Builder::new()
            .prefix("allclear-certificates-")
            .tempdir()
            .unwrap();
        let root = Authority::root("The root");
        let intermediate = Authority::below("The intermediate", &root);
        fs::write(directory.path().join("root.pem"), root.certificate.pem()).unwrap();
        Self {
            directory,
            root,
            intermediate,
        }
    }

    /// What has to be trusted for the good ones to be good.
    pub(crate) fn root(&self) -> PathBuf {
        self.path("root.pem")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Valid in every way.
    pub(crate) fn good(&self) -> Pair {
        self.signed("good", &server())
    }

    /// Was valid until 2020.
    pub(crate) fn expired(&self) -> Pair {
        let mut params = server();
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = date_time_ymd(2020, 1, 1);
        self.signed("expired", &params)
    }

    /// Good but for [what was taken back](Self::lists).
    pub(crate) fn revoked(&self) -> Pair {
        let mut params = server();
        params.serial_number = Some(REVOKED.into());
        self.signed("revoked", &params)
    }

    /// The lists of revoked certificates of our root, which took nothing back, and of the intermediate.
    pub(crate) fn lists(&self) -> PathBuf {
        let list = |authority: &Authority, revoked: &[u64]| {
            let revoked = revoked.iter().map(|serial| RevokedCertParams {
                serial_number: SerialNumber::from(*serial),
                revocation_time: date_time_ymd(2021, 1, 1),
                reason_code: None,
                invalidity_date: None,
            });
            let params = CertificateRevocationListParams {
                this_update: date_time_ymd(2021, 1, 1),
                next_update: date_time_ymd(2080, 1, 1),
                crl_number: SerialNumber::from(1),
                issuing_distribution_point: None,
                revoked_certs: revoked.collect(),
                key_identifier_method: KeyIdMethod::Sha256,
            };
            params.signed_by(&authority.issuer).unwrap().pem().unwrap()
        };
        let path = self.path("lists.pem");
        let both = [list(&self.root, &[]), list(&self.intermediate, &[REVOKED])];
        fs::write(&path, both.concat()).unwrap();
        path
    }

    /// Will be valid from 2090 on.
    pub(crate) fn not_yet_valid(&self) -> Pair {
        let mut params = server();
        params.not_before = date_time_ymd(2090, 1, 1);
        params.not_after = date_time_ymd(2095, 1, 1);
        self.signed("early", &params)
    }

    /// For another host.
    pub(crate) fn wrong_host(&self) -> Pair {
        let names = vec!["other.test".to_owned()];
        self.signed("wrong-host", &leaf(names, "Somebody else"))
    }

    /// For these names and no others, in a file of this name.
    pub(crate) fn for_names(&self, file: &str, names: &[&str]) -> Pair {
        let names = names.iter().map(|&name| name.to_owned()).collect();
        self.signed(file, &leaf(names, "The shop"))
    }

    /// Only for clients.
    pub(crate) fn wrong_purpose(&self) -> Pair {
        let mut params = server();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.signed("wrong-purpose", &params)
    }

    /// Signed by its own key.
    pub(crate) fn self_signed(&self) -> Pair {
        let key = key();
        let certificate = server().self_signed(&key).unwrap();
        self.write("self-signed", &[&certificate], &key)
    }

    /// Signed by its own key, which says that it is an authority: what `openssl req -x509` makes.
    pub(crate) fn self_signed_authority(&self) -> Pair {
        let (key, mut params) = (key(), server());
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        self.write("self-signed-authority", &[&certificate], &key)
    }

    /// By an authority nobody knows.
    pub(crate) fn unknown_authority(&self) -> Pair {
        let (stranger, key) = (Authority::root("A stranger"), key());
        let certificate = server().signed_by(&key, &stranger.issuer).unwrap();
        self.write(
            "unknown-authority",
            &[&certificate, &stranger.certificate],
            &key,
        )
    }

    /// By an authority that only calls itself like ours.
    pub(crate) fn forged(&self) -> Pair {
        let (forger, key) = (Authority::root("The root"), key());
        let certificate = server().signed_by(&key, &forger.issuer).unwrap();
        self.write("forged", &[&certificate], &key)
    }

    /// Good, but sent without the intermediate that signed it.
    pub(crate) fn missing_intermediate(&self) -> Pair {
        let key = key();
        let certificate = server().signed_by(&key, &self.intermediate.issuer).unwrap();
        self.write("missing-intermediate", &[&certificate], &key)
    }

    /// For a client.
    pub(crate) fn client(&self) -> Pair {
        let mut params = leaf(Vec::new(), "A client");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.signed("client", &params)
    }

    /// For a client, by an authority the server does not know.
    pub(crate) fn unknown_client(&self) -> Pair {
        let (stranger, key) = (Authority::root("A stranger"), key());
        let mut params = leaf(Vec::new(), "A client");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params.signed_by(&key, &stranger.issuer).unwrap();
        self.write("unknown-client", &[&certificate], &key)
    }

    fn signed(&self, name: &str, params: &CertificateParams) -> Pair {
        let key = key();
        let certificate = params.signed_by(&key, &self.intermediate.issuer).unwrap();
        self.write(name, &[&certificate, &self.intermediate.certificate], &key)
    }

    fn write(&self, name: &str, chain: &[&Certificate], key: &KeyPair) -> Pair {
        let write = |path: PathBuf, text: String| {
            fs::write(&path, text).unwrap();
            path
        };
        Pair {
            chain: write(
                self.path(&format!("{name}.pem")),
                chain.iter().map(|certificate| certificate.pem()).collect(),
            ),
            key: write(self.path(&format!("{name}.key")), key.serialize_pem()),
        }
    }
}

fn key() -> KeyPair {
    KeyPair::generate().unwrap()
}

fn authority(name: &str) -> CertificateParams {
    let mut params = leaf(Vec::new(), name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn server() -> CertificateParams {
    let names = [HOST, "localhost", "127.0.0.1", "::1"].map(str::to_owned);
    leaf(names.to_vec(), "The shop")
}

fn leaf(names: Vec<String>, subject: &str) -> CertificateParams {
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, subject);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2080, 1, 1);
    params
}

/// The same path, as it is written in a suite.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
