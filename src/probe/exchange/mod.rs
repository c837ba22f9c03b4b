//! An HTTP exchange over [`net`](super::net): what every probe that speaks HTTP shares.

mod ask;
mod connection;
mod connections;
mod prepared;
mod url;

pub(super) use ask::{Answer, ask, tls_for};
pub(super) use connections::Connections;
pub(super) use prepared::{Prepared, default};
pub(super) use url::{parse, without_userinfo};
