//! The public key a server offers for passwords that must not be read on the way (PKCS #1, RFC 8017).

use mysql_common::crypto::rsa::{GetRandom, Pkcs1OaepPadding, PublicKey};
use mysql_common::num_bigint::BigUint;
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey as Parsed;
use x509_parser::x509::SubjectPublicKeyInfo;

/// Bytes of a modulus: MySQL makes keys of 2048 bits, and takes those an administrator made.
const SIZES: std::ops::RangeInclusive<usize> = 128..=1024;

/// What OAEP with SHA-1 needs beside the message (RFC 8017 §7.1.1).
const PADDING: usize = 42;

/// Encrypts for the owner of this key, by RSAES-OAEP with SHA-1 as MySQL since 8.0.5 has it. The error is a fragment for people.
pub(super) fn encrypted(message: &[u8], pem: &[u8]) -> Result<Vec<u8>, String> {
    let (modulus, exponent) =
        parse(pem).ok_or("what the server offered is no public key of RSA in PEM")?;
    let size = modulus.to_bytes_be().len();
    // The arithmetic below counts on whole bytes.
    if !SIZES.contains(&size) || modulus.bits() % 8 != 0 || exponent.bits() > 32 {
        return Err(format!(
            "the server's key of {} bits is none to be used",
            modulus.bits()
        ));
    }
    if message.len() + PADDING > size {
        return Err(format!(
            "the password is too long for the server's key: {} bytes at most",
            size - PADDING - 1
        ));
    }
    PublicKey::new(modulus, exponent)
        .encrypt_block(message, Pkcs1OaepPadding::new(GetRandom))
        .map_err(|error| error.to_string())
}

/// Modulus and exponent. Read strictly: the library's own reader trusts every length it finds.
fn parse(pem: &[u8]) -> Option<(BigUint, BigUint)> {
    let der = SubjectPublicKeyInfoDer::from_pem_slice(pem).ok()?;
    let (_, info) = SubjectPublicKeyInfo::from_der(der.as_ref()).ok()?;
    match info.parsed().ok()? {
        Parsed::RSA(key) => Some((
            BigUint::from_bytes_be(key.modulus),
            BigUint::from_bytes_be(key.exponent),
        )),
        _ => None,
    }
}
