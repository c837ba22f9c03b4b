//! An HTTP exchange over [`net`](super::net): what every probe that speaks HTTP shares.

mod aside;
mod ask;
mod broken;
mod connect;
mod connection;
mod connections;
mod cookies;
mod crew;
mod frames;
mod meter;
mod prepared;
mod proxy;
mod redirect;
mod room;
mod route;
mod tunnel;
mod unpack;
mod upgrade;
mod url;

pub(super) use ask::{Answer, Flow, ask};
pub(super) use connect::{Security, tls_for};
pub(super) use connections::Connections;
pub(super) use cookies::Jar;
pub(super) use prepared::{Prepared, default};
pub(super) use proxy::{EnvironmentProxies, Proxy, Via};
pub(super) use redirect::{is_redirect, redirected};
pub(super) use route::Spoken;
pub(super) use unpack::{Turns, unpack};
pub(super) use upgrade::{Switched, Upgrade, upgrade};
pub(super) use url::{Parsed, Scheme, parse, parse_as, without_userinfo};
