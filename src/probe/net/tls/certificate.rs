//! What a certificate says (RFC 5280): for facts and for whoever has to renew it. Whether it is valid is webpki's to say.

use std::fmt;
use std::net::IpAddr;

use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::ParsedCertificate;
use x509_parser::certificate::X509Certificate;
use x509_parser::error::X509Error;
use x509_parser::extensions::GeneralName;
use x509_parser::objects::{oid_registry, oid2sn};
use x509_parser::oid_registry::Oid;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::time::ASN1Time;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::probe::hex::hex;

/// What a certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::probe) struct Certificate {
    /// `CN=web, O=Example`, in the order of the certificate.
    pub(in crate::probe) subject: String,
    pub(in crate::probe) issuer: String,
    /// Names, addresses, URIs and mail addresses it is for (SAN), as written.
    pub(in crate::probe) names: Vec<String>,
    /// Lower-case hexadecimal digits.
    pub(in crate::probe) serial: String,
    pub(in crate::probe) not_before: Moment,
    pub(in crate::probe) not_after: Moment,
    /// `ECDSA P-256`, `RSA 2048`, `Ed25519`.
    pub(in crate::probe) key: String,
    /// `ecdsa-with-SHA256`, `sha256WithRSAEncryption`.
    pub(in crate::probe) signature_algorithm: String,
    /// Whether it is signed by its own key.
    pub(in crate::probe) is_self_signed: bool,
}

/// A second of the calendar, in UTC. A certificate may name years that other libraries have no room for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::probe) struct Moment {
    /// Seconds since 1970.
    pub(in crate::probe) unix: i64,
    text: String,
}

impl From<ASN1Time> for Moment {
    fn from(time: ASN1Time) -> Self {
        let unix = time.timestamp();
        let at = time.to_datetime();
        let (hour, minute, second) = at.to_hms();
        let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
        let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
        Self { unix, text }
    }
}

impl fmt::Display for Moment {
    /// RFC 3339.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Certificate {
    /// Four lines: subject, issuer, validity, names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "subject: {}", self.subject)?;
        writeln!(f, "issuer: {}", self.issuer)?;
        writeln!(f, "valid: {} to {}", self.not_before, self.not_after)?;
        write!(f, "names: {}", self.names.join(", "))
    }
}

impl Certificate {
    /// Reads the DER form; `None` when it cannot be read.
    pub(in crate::probe) fn read(der: &CertificateDer<'_>) -> Option<Self> {
        let (_, read) = X509Certificate::from_der(der).ok()?;
        Some(Self {
            subject: read.subject().to_string(),
            issuer: read.issuer().to_string(),
            names: names(&read),
            serial: serial(read.raw_serial()),
            not_before: read.validity().not_before.into(),
            not_after: read.validity().not_after.into(),
            key: key(read.public_key()),
            signature_algorithm: named(&read.signature_algorithm.algorithm),
            is_self_signed: is_self_signed(&read),
        })
    }

    /// A name it covers that is next to the one asked for: the same parent, the parent itself, or a wildcard of another
    /// depth. Then it is the right certificate under the wrong name, and not the wrong certificate.
    pub(in crate::probe) fn sibling_of(&self, asked: &str) -> Option<&str> {
        let asked = asked.trim_end_matches('.').to_ascii_lowercase();
        if asked.parse::<IpAddr>().is_ok() {
            return None;
        }
        let names = self.names.iter().map(String::as_str);
        names.into_iter().find(|name| is_sibling(&asked, name))
    }
}

/// Whether a certificate is for this name (RFC 6125 §6.4).
pub(in crate::probe) fn covers(der: &CertificateDer<'_>, name: &ServerName<'_>) -> bool {
    ParsedCertificate::try_from(der).is_ok_and(|parsed| verify_server_name(&parsed, name).is_ok())
}

fn is_sibling(asked: &str, name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let (is_wildcard, base) = match name.strip_prefix("*.") {
        Some(base) => (true, base),
        None => (false, name.as_str()),
    };
    // Everybody under a top-level domain would be a sibling.
    let may_be_shared = |parent: &str| parent.contains('.');
    let parent = |name: &str| name.split_once('.').map(|(_, parent)| parent.to_owned());
    let is_below = |name: &str, base: &str| {
        name.strip_suffix(base)
            .is_some_and(|labels| labels.ends_with('.'))
    };
    if !may_be_shared(base) {
        return false;
    }
    if is_wildcard {
        return asked == base || is_below(asked, base) || is_below(base, asked);
    }
    let asked_parent = parent(asked);
    asked_parent.as_deref() == Some(base)
        || parent(base).as_deref() == Some(asked)
        || asked_parent.is_some_and(|shared| {
            may_be_shared(&shared) && parent(base).as_deref() == Some(shared.as_str())
        })
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else {
        return Vec::new();
    };
    let names = extension.value.general_names.iter();
    names
        .filter_map(|name| match name {
            GeneralName::DNSName(name) | GeneralName::URI(name) | GeneralName::RFC822Name(name) => {
                Some((*name).to_owned())
            }
            GeneralName::IPAddress(bytes) => address(bytes).map(|ip| ip.to_string()),
            _ => None,
        })
        .collect()
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    let v6 = <[u8; 16]>::try_from(bytes).map(IpAddr::from);
    v4.or(v6).ok()
}

fn serial(bytes: &[u8]) -> String {
    // The leading zero of a positive INTEGER is of the encoding (X.690 §8.3).
    let digits = match bytes {
        [0, rest @ ..] if !rest.is_empty() => rest,
        all => all,
    };
    hex(digits)
}

fn key(info: &SubjectPublicKeyInfo<'_>) -> String {
    match info.parsed() {
        Ok(PublicKey::RSA(rsa)) => format!("RSA {}", rsa.key_size()),
        Ok(PublicKey::EC(point)) => {
            let curve = info.algorithm.parameters.as_ref();
            let curve = curve.and_then(|any| any.as_oid().ok());
            match curve.map(|oid| oid.to_id_string()).as_deref() {
                Some("1.2.840.10045.3.1.7") => "ECDSA P-256".to_owned(),
                Some("1.3.132.0.34") => "ECDSA P-384".to_owned(),
                Some("1.3.132.0.35") => "ECDSA P-521".to_owned(),
                _ => format!("ECDSA {}", point.key_size()),
            }
        }
        _ => named(&info.algorithm.algorithm),
    }
}

/// What people call it, or its numbers.
fn named(oid: &Oid<'_>) -> String {
    match oid.to_id_string().as_str() {
        "1.3.101.112" => "Ed25519".to_owned(), // RFC 8410 §3
        "1.3.101.113" => "Ed448".to_owned(),
        numbers => oid2sn(oid, oid_registry()).unwrap_or(numbers).to_owned(),
    }
}

/// By its own key. Where the signature is of a kind we cannot check, the names decide.
fn is_self_signed(certificate: &X509Certificate<'_>) -> bool {
    certificate.subject().as_raw() == certificate.issuer().as_raw()
        && !matches!(
            certificate.verify_signature(None),
            Err(X509Error::SignatureVerificationError)
        )
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::pem::PemObject;

    use super::*;
    use crate::probe::testing::certificates::{Authority, params, self_signed};

    /// Made with openssl: RSA, serial 1, no names, valid to the last day there is.
    const RSA: &str = include_str!("certificate/rsa.pem");

    fn identity(names: &[&str]) -> Certificate {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let identity = Authority::new("ours").signed(&params("web", names), &key);
        Certificate::read(&identity.chain[0]).unwrap()
    }

    #[test]
    fn kinds_of_keys_and_signatures_are_named() {
        let rsa = CertificateDer::from_pem_slice(RSA.as_bytes()).unwrap();
        let rsa = Certificate::read(&rsa).unwrap();
        assert_eq!(rsa.key, "RSA 2048");
        assert_eq!(rsa.signature_algorithm, "sha256WithRSAEncryption");
        assert!(rsa.not_after.to_string().starts_with("9999-12-31T"));
        assert_eq!((rsa.serial.as_str(), rsa.names.len()), ("01", 0));
        assert!(rsa.is_self_signed);
        assert_eq!(identity(&[]).key, "Ed25519");
    }

    #[test]
    fn an_authority_of_the_same_name_did_not_sign_it() {
        let own = Certificate::read(&self_signed("web", false).chain[0]).unwrap();
        assert!(own.is_self_signed);
        let same_name = Authority::new("web").certificate("web");
        let same_name = Certificate::read(&same_name.chain[0]).unwrap();
        assert_eq!(same_name.subject, same_name.issuer);
        assert!(!same_name.is_self_signed);
    }

    #[test]
    fn what_is_no_certificate_is_not_read() {
        for der in [&[][..], b"x", &[0x30, 0x80]] {
            assert_eq!(Certificate::read(&der.to_vec().into()), None);
        }
    }

    #[test]
    fn siblings_share_a_parent_that_is_more_than_a_top_level_domain() {
        for (asked, name, is_sibling) in [
            ("api.web.example", "www.web.example", true),
            ("api.web.example", "WEB.example", true),
            ("web.example", "www.web.example", true),
            ("a.b.web.example", "*.web.example", true),
            ("web.example", "*.web.example", true),
            ("api.web.example.", "*.staging.web.example", false),
            ("web.example", "*.api.web.example", true),
            ("web.example", "other.example", false),
            ("web.example", "*.example", false),
            ("web", "db", false),
            ("notweb.example", "*.web.example", false),
            ("10.0.0.1", "10.0.0.2", false),
        ] {
            let found = identity(&[name]).sibling_of(asked).is_some();
            assert_eq!(found, is_sibling, "{asked} {name}");
        }
    }
}
