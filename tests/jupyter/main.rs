//! The program against a server nobody here wrote that streams: Jupyter Server, its kernels over REST and WebSocket.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking"
)]

mod server;
mod suite;

#[expect(dead_code, unused_imports, reason = "each test binary uses its part")]
#[path = "../support/mod.rs"]
mod support;
