//! The program against a service nobody here wrote the server of: uvicorn starts it, PostgreSQL is what it needs.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking"
)]

mod suite;

#[expect(dead_code, unused_imports, reason = "each test binary uses its part")]
#[path = "../support/mod.rs"]
mod support;
