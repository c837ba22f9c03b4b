//! What probes of databases share: DSNs, sessions, rows.

mod broken;
mod count;
mod dsn;
mod knock;
pub(super) mod mysql;
pub(super) mod postgres;
mod room;
mod rows;
mod server;
mod session;
mod sessions;
mod way;

pub(super) use count::number;
pub(super) use dsn::{Dsn, Security};
pub(super) use knock::knock;
pub(super) use room::{Limit, Room};
pub(super) use rows::{Limits, Rows};
pub(super) use server::{Engine, Server, TlsMode};
pub(super) use session::{Answer, Session};
pub(super) use sessions::Sessions;
