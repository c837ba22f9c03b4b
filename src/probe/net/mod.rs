//! What networked probes share: hosts, resolving, connecting, TLS — each a phase with its own faults.

mod address;
mod connect;
pub(super) mod dns;
mod endpoint;
mod host;
mod resolve;
mod stream;
mod tls;

pub(super) use address::{ip_text, socket_text, v4_text};
pub(super) use connect::{Opened, is_reset, open, see_remote, socket_halt};
pub(super) use endpoint::Endpoint;
pub use host::authority_of;
pub(super) use host::{
    authority, check_host, check_port, found_at, percent_decoded, resources, tls_resource,
};
pub(super) use resolve::{Family, Resolvers, Resolving};
pub(super) use stream::Stream;
use tls::Heard;
pub(super) use tls::{
    Certificate, Certificates, ClientCertificate, Configs, Examined, MinVersion, TlsSettings,
    Verification, covers, end_point, examine, handshake, server_name, shaking_halt, spoken,
    tls_error, tls_halt, version_name,
};
