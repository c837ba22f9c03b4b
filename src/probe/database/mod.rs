//! What probes of databases share: DSNs, sessions, rows.

mod dsn;
mod rows;
mod server;

pub(super) use dsn::Dsn;
pub(super) use rows::{Limits, Rows};
pub(super) use server::{Engine, Server};
