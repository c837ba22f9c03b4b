//! The program against networks: servers as they are in production, and peers that do what they should not.
//!
//! For each fault its code, its phase and the time it took are looked at through the program's own report, and beside each
//! fault stands a look at a healthy twin that must pass.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking"
)]

mod bounds;
mod codes;
mod dns;
mod gateways;
mod http;
mod http2;
mod proxy;
mod secrets;
mod servers;
mod tcp;
mod tls;

#[expect(dead_code, unused_imports, reason = "each test binary uses its part")]
#[path = "../support/mod.rs"]
mod support;
