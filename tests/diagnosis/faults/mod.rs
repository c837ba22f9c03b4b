//! Faults, each brought about by servers of others or by tiny ones of ours, and looked at once.

mod answers;
mod certificates;
mod clouds;
mod exchange;
mod handshake;
mod haproxy;
mod mariadb;
mod misleading;
mod names;
mod nginx;
mod ourselves;
mod postgres;
mod processes;
mod redis;
mod sockets;
mod sqlite;
mod sse;
mod transport;
mod websocket;

use crate::told::Told;

/// Faults that have their servers in common: what was told of each.
pub(crate) type Group = fn() -> Vec<Told>;

/// All of them, those that take longest first.
pub(crate) const GROUPS: &[Group] = &[
    postgres::faults,
    mariadb::faults,
    redis::faults,
    processes::faults,
    certificates::faults,
    handshake::faults,
    nginx::faults,
    haproxy::faults,
    exchange::faults,
    names::faults,
    transport::faults,
    sockets::faults,
    answers::faults,
    clouds::faults,
    misleading::faults,
    websocket::faults,
    sse::faults,
    sqlite::faults,
    ourselves::faults,
];
