//! The program against databases: real PostgreSQL, MariaDB and Redis, as they are in production and in every way they
//! go wrong.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking"
)]

mod mysql;
mod pool;
mod postgres;
mod redis;
mod servers;
mod suite;

#[expect(dead_code, unused_imports, reason = "each test binary uses its part")]
#[path = "../support/mod.rs"]
mod support;
