//! What networked probes share: hosts, resolving, connecting, TLS — each a phase with its own faults.

mod connect;
mod host;
mod resolve;
mod tls;

pub(super) use connect::{open, socket_halt};
pub(super) use host::{authority, check_host, percent_decoded, resources};
pub(super) use resolve::Resolvers;
#[cfg(test)]
pub(super) use tls::config;
pub(super) use tls::{handshake, system_config, tls_error, tls_halt};
