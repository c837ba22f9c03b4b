//! MySQL and MariaDB: the exchange is ours, over a connection of `net`; the wire format is the library's where it can be trusted
//! with bytes of a stranger.

mod column;
mod greeting;
mod key;
mod kill;
mod login;
mod plugin;
mod query;
mod session;
mod wire;

pub(in crate::probe) use greeting::Flavour;
pub(in crate::probe) use session::{Session, knock};

#[cfg(test)]
mod tests;
