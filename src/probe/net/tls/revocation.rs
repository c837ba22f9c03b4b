//! Lists of revoked certificates (CRL, RFC 5280 §5), as somebody gave them: nothing is fetched.
//!
//! A list that does not say whether a certificate is revoked is no fault of the peer: we do not know, and say so.

use std::path::Path;

use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::pem::PemObject;
use rustls::{CertRevocationListError, CertificateError};

use super::certificate::Certificate;
use super::settings::{read, unreadable};
use crate::model::{ProbeError, Unable};
use crate::probe::look::Halt;

/// What every DER structure here begins with: SEQUENCE.
const SEQUENCE: u8 = 0x30;

/// Reads a file of lists, any number in PEM form or one in DER form; whether they can be used is for the verifier to say.
pub(super) fn lists(path: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, ProbeError> {
    let place = path.display();
    let bytes = read("crl", path)?;
    if bytes.first() == Some(&SEQUENCE) {
        return Ok(vec![bytes.into()]);
    }
    let found: Vec<_> = CertificateRevocationListDer::pem_slice_iter(&bytes)
        .collect::<Result<_, _>>()
        .map_err(|error| unreadable(format!("`crl`: `{place}` is not PEM: {error}")))?;
    if found.is_empty() {
        let why = "holds no list of revoked certificates, in PEM form (`-----BEGIN X509 CRL-----`) or DER";
        return Err(unreadable(format!("`crl`: `{place}` {why}")));
    }
    Ok(found)
}

/// A list that cannot be used.
pub(super) fn unusable(why: &CertRevocationListError) -> Halt {
    unknown(&format!("a list cannot be believed: {why:?}"))
}

/// Why it is not known whether a certificate is revoked; `None` when the error is about something else.
pub(super) fn not_known(why: &CertificateError, shown: Option<&Certificate>) -> Option<Halt> {
    Some(match why {
        CertificateError::UnknownRevocationStatus => {
            let subject = shown.map_or("the server", |certificate| &certificate.subject);
            unknown(&format!(
                "of one of the authorities above the certificate of `{subject}` there is no list, so nobody knows what it took back"
            ))
        }
        CertificateError::ExpiredRevocationListContext { next_update, .. } => {
            let next = i64::try_from(next_update.as_secs()).map(jiff::Timestamp::from_second);
            match next {
                Ok(Ok(next)) => unknown(&format!("a list is out of date since {next}")),
                _ => unknown("a list is out of date"),
            }
        }
        CertificateError::ExpiredRevocationList => unknown("a list is out of date"),
        _ => return None,
    })
}

fn unknown(why: &str) -> Halt {
    Halt::unable(Unable::File, format!("`crl`: {why}"))
}
