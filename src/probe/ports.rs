//! `${port}`: ports of 127.0.0.1 for programs that a test starts.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::TcpSocket;
use uuid::Uuid;

/// So often a port is tried before there is taken to be none.
const TRIES: usize = 200;

/// Below are those of services that are installed.
const LOWEST: u16 = 10_000;

/// The ports that attempts of this run have. The lock is held for no longer than a look at a set.
#[derive(Debug, Default)]
pub struct Ports(Mutex<HashSet<u16>>);

/// A port that nobody else of this run has, until it is dropped.
#[derive(Debug)]
pub struct Port {
    number: u16,
    of: Arc<Ports>,
}

impl Port {
    /// Its number.
    pub fn number(&self) -> u16 {
        self.number
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.of.taken().remove(&self.number);
    }
}

impl Ports {
    /// A port at which nobody listens on this machine now. `None` where there is none.
    ///
    /// It is not one that the system gives to connections: of those, a connection to a port where nobody listens can get that
    /// very port at its own end, and so be connected to itself.
    pub fn choose(self: &Arc<Self>) -> Option<Port> {
        let range = beside(&ephemeral());
        let width = u128::from(range.end() - range.start()) + 1;
        (0..TRIES).find_map(|_| {
            let offset = Uuid::new_v4().as_u128() % width;
            let number = range.start() + u16::try_from(offset).ok()?;
            // To see whether it is free is to have it for a moment:
            // never one that is another's, whose program may want it just then.
            let port = self.reserve(number)?;
            is_free(number).then_some(port)
        })
    }

    fn reserve(self: &Arc<Self>, number: u16) -> Option<Port> {
        let of = Arc::clone(self);
        self.taken().insert(number).then(|| Port { number, of })
    }

    fn taken(&self) -> MutexGuard<'_, HashSet<u16>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a program could listen there, at an address of its own or at all of them.
///
/// We have it for a moment and do not listen: a program that is started in that moment takes a copy of the socket along until it
/// is itself, and nobody must be let in there, or we would be the stranger who has taken the port.
pub(super) fn is_free(port: u16) -> bool {
    let bound = |socket: std::io::Result<TcpSocket>, ip: IpAddr| {
        let socket = socket?;
        // As those who listen have it: what was closed a moment ago is in nobody's way.
        socket.set_reuseaddr(true)?;
        socket.bind(SocketAddr::new(ip, port))
    };
    let is_taken = |error: std::io::Error| error.raw_os_error() == Some(libc::EADDRINUSE);
    bound(TcpSocket::new_v4(), Ipv4Addr::LOCALHOST.into()).is_ok()
        && !bound(TcpSocket::new_v6(), Ipv6Addr::LOCALHOST.into()).is_err_and(is_taken)
}

/// The ports that connections get.
fn ephemeral() -> RangeInclusive<u16> {
    let told = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range");
    let read = |text: String| {
        let mut ends = text.split_ascii_whitespace().map(str::parse);
        Some(ends.next()?.ok()?..=ends.next()?.ok()?)
    };
    // RFC 6335 §6, as Darwin has it.
    told.ok().and_then(read).unwrap_or(49_152..=65_535)
}

/// The larger part of what connections leave; all of it where they leave little.
fn beside(ephemeral: &RangeInclusive<u16>) -> RangeInclusive<u16> {
    let below = ephemeral.start().saturating_sub(LOWEST);
    let above = u16::MAX - ephemeral.end();
    match below.max(above) {
        0..1000 => LOWEST..=u16::MAX,
        most if most == below => LOWEST..=ephemeral.start() - 1,
        _ => ephemeral.end() + 1..=u16::MAX,
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn no_two_that_are_alive_are_the_same() {
        let ports = Arc::new(Ports::default());
        let chosen: Vec<Port> = (0..50).map(|_| ports.choose().unwrap()).collect();
        let numbers: HashSet<u16> = chosen.iter().map(Port::number).collect();
        assert_eq!(numbers.len(), 50);
        assert!(chosen.iter().all(|port| is_free(port.number())));
        assert_eq!(ports.taken().len(), 50);
        assert!(ports.reserve(chosen[0].number()).is_none());
        drop(chosen);
        assert!(ports.taken().is_empty());
    }

    #[test]
    fn a_port_that_somebody_has_is_not_free() {
        for address in ["127.0.0.1:0", "0.0.0.0:0", "[::1]:0"] {
            let listener = TcpListener::bind(address).unwrap();
            assert!(!is_free(listener.local_addr().unwrap().port()), "{address}");
        }
    }

    #[test]
    fn they_are_not_those_of_connections() {
        assert_eq!(beside(&(32_768..=60_999)), 10_000..=32_767);
        assert_eq!(beside(&(10_500..=40_000)), 40_001..=65_535);
        assert_eq!(beside(&(49_152..=65_535)), 10_000..=49_151);
        assert_eq!(beside(&(1024..=65_535)), 10_000..=65_535);
        assert_eq!(beside(&(1024..=65_000)), 10_000..=65_535);
        let own = ephemeral();
        let port = Arc::new(Ports::default()).choose().unwrap();
        assert!(!own.contains(&port.number()) || own.len() > 50_000);
    }
}
