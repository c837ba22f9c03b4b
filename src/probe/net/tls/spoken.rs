//! What was agreed on with a peer, as others need it.

use rustls::ProtocolVersion;
use sha2::{Digest, Sha256, Sha384, Sha512};
use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry as oid;
use x509_parser::prelude::FromDer;

use crate::probe::net::Stream;

/// The version of TLS that is spoken over a stream: `TLSv1.3`.
pub(in crate::probe) fn spoken(stream: &Stream) -> Option<String> {
    match stream {
        Stream::Tls(stream) => stream.get_ref().1.protocol_version().map(version_name),
        Stream::Tcp(_) | Stream::Unix(_) => None,
    }
}

/// `TLSv1.3`, as suites write it.
pub(in crate::probe) fn version_name(version: ProtocolVersion) -> String {
    match version {
        ProtocolVersion::TLSv1_2 => "TLSv1.2".to_owned(),
        ProtocolVersion::TLSv1_3 => "TLSv1.3".to_owned(),
        other => format!("{other:?}"),
    }
}

/// What a login can be bound to, so that nobody can pass it on (`tls-server-end-point`, RFC 5929 §4.1): the hash of the peer's
/// certificate. `None` for certificates whose signature says of no hash (Ed25519).
pub(in crate::probe) fn end_point(stream: &Stream) -> Option<Vec<u8>> {
    let Stream::Tls(stream) = stream else {
        return None;
    };
    let certificate = stream.get_ref().1.peer_certificates()?.first()?;
    let (_, read) = X509Certificate::from_der(certificate).ok()?;
    let algorithm = &read.signature_algorithm.algorithm;
    let is = |known: &[oid::Oid<'_>]| known.contains(algorithm);
    // What was hashed with MD5 or SHA-1 is hashed anew with SHA-256.
    if is(&[
        oid::OID_PKCS1_MD5WITHRSAENC,
        oid::OID_PKCS1_SHA1WITHRSA,
        oid::OID_PKCS1_SHA256WITHRSA,
        oid::OID_SIG_ECDSA_WITH_SHA256,
    ]) {
        Some(Sha256::digest(certificate).to_vec())
    } else if is(&[oid::OID_PKCS1_SHA384WITHRSA, oid::OID_SIG_ECDSA_WITH_SHA384]) {
        Some(Sha384::digest(certificate).to_vec())
    } else if is(&[oid::OID_PKCS1_SHA512WITHRSA, oid::OID_SIG_ECDSA_WITH_SHA512]) {
        Some(Sha512::digest(certificate).to_vec())
    } else {
        None
    }
}
