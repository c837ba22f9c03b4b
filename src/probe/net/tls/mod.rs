//! TLS: what we trust and speak, the handshake, and what its errors mean.

mod handshake;
mod settings;

pub(in crate::probe) use handshake::{handshake, tls_error, tls_halt};
pub(in crate::probe) use settings::{ClientCertificate, Configs, TlsSettings};
