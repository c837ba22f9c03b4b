//! TLS: what we trust and speak, the handshake, and what its errors mean.

mod certificate;
mod certificates;
mod examine;
mod handshake;
mod heard;
mod revocation;
mod settings;
mod spoken;
mod verifier;

pub(in crate::probe) use certificate::{Certificate, covers};
pub(in crate::probe) use certificates::Certificates;
pub(in crate::probe) use examine::{Examined, examine};
pub(in crate::probe) use handshake::{handshake, server_name, shaking_halt, tls_error, tls_halt};
pub(super) use heard::Heard;
pub(in crate::probe) use settings::{
    ClientCertificate, Configs, MinVersion, TlsSettings, Verification,
};
pub(in crate::probe) use spoken::{end_point, spoken, version_name};
