//! Who accepts connections on this machine: asked of the kernel, or read in `/proc/net/tcp` and `/proc/net/tcp6` (proc(5)).

use std::collections::HashMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::kin::pids;

/// A socket that accepts connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::probe) struct Listener {
    pub(in crate::probe) address: SocketAddr,
    pub(in crate::probe) inode: u64,
}

/// All listeners of this machine, as far as it tells; `None` where it does not.
pub(in crate::probe) fn listeners() -> Option<Vec<Listener>> {
    #[cfg(target_os = "linux")]
    if let Some(told) = super::sock_diag::listeners() {
        return Some(told);
    }
    read()
}

/// The same where nobody may ask.
pub(super) fn read() -> Option<Vec<Listener>> {
    let four = fs::read_to_string("/proc/self/net/tcp").ok()?;
    // Without IPv6 there is no such file.
    let six = fs::read_to_string("/proc/self/net/tcp6").unwrap_or_default();
    Some(four.lines().chain(six.lines()).filter_map(parse).collect())
}

impl Listener {
    /// How exactly it is meant by a connection to this address: the most exact one gets it. `None`: not at all.
    pub(in crate::probe) fn fits(&self, wanted: SocketAddr) -> Option<Fit> {
        if self.address.port() != wanted.port() {
            return None;
        }
        match (self.address.ip().to_canonical(), wanted.ip().to_canonical()) {
            (own, wanted) if own == wanted => Some(Fit::Exact),
            (IpAddr::V4(own), IpAddr::V4(_)) if own.is_unspecified() => Some(Fit::AnyOfFamily),
            (IpAddr::V6(own), IpAddr::V6(_)) if own.is_unspecified() => Some(Fit::AnyOfFamily),
            // Unless it says IPV6_V6ONLY, which nobody tells.
            (IpAddr::V6(own), IpAddr::V4(_)) if own.is_unspecified() => Some(Fit::AnyOfBoth),
            _ => None,
        }
    }
}

/// How exactly a listener is meant, the most exact first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::probe) enum Fit {
    /// It listens at this address.
    Exact,
    /// It listens at all addresses of this family.
    AnyOfFamily,
    /// It listens at all addresses of both.
    AnyOfBoth,
}

/// The sockets of these processes, each by its inode with those that have it.
pub(in crate::probe) fn sockets(pids: impl Iterator<Item = i32>) -> HashMap<u64, Vec<i32>> {
    let mut sockets: HashMap<u64, Vec<i32>> = HashMap::new();
    for pid in pids {
        for inode in inodes(pid) {
            let holders = sockets.entry(inode).or_default();
            if holders.last() != Some(&pid) {
                holders.push(pid);
            }
        }
    }
    sockets
}

/// Who has the listener, as far as we may see: the first that is found.
pub(in crate::probe) fn holder(listener: Listener) -> Option<i32> {
    pids().find(|pid| inodes(*pid).any(|inode| inode == listener.inode))
}

fn inodes(pid: i32) -> impl Iterator<Item = u64> {
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd"));
    let descriptors = descriptors.into_iter().flatten().flatten();
    descriptors.filter_map(|one| {
        let target = fs::read_link(one.path()).ok()?;
        let inode = target.to_str()?.strip_prefix("socket:[")?;
        inode.strip_suffix(']')?.parse().ok()
    })
}

/// `0: 0100007F:1F90 00000000:0000 0A …`: only those in state 0A, TCP_LISTEN.
fn parse(line: &str) -> Option<Listener> {
    let mut fields = line.split_ascii_whitespace();
    let address = fields.nth(1)?;
    if fields.nth(1)? != "0A" {
        return None;
    }
    let inode = fields.nth(5)?.parse().ok()?;
    let (ip, port) = address.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    Some(Listener {
        address: SocketAddr::new(ip_of(ip)?, port),
        inode,
    })
}

/// Each 32 bits as a number of this machine.
fn ip_of(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| {
        let number = u32::from_str_radix(hex.get(at * 8..at * 8 + 8)?, 16).ok()?;
        Some(number.to_ne_bytes())
    };
    match hex.len() {
        8 => Some(Ipv4Addr::from(word(0)?).into()),
        32 => {
            let mut bytes = [0; 16];
            for (at, four) in bytes.chunks_exact_mut(4).enumerate() {
                four.copy_from_slice(&word(at)?);
            }
            Some(Ipv6Addr::from(bytes).into())
        }
        _ => None,
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn our_own_listeners_are_found() {
        for bound in ["127.0.0.1:0", "0.0.0.0:0", "[::1]:0", "[::]:0"] {
            let socket = TcpListener::bind(bound).unwrap();
            let address = socket.local_addr().unwrap();
            let all = listeners().unwrap();
            let found: Vec<_> = all.iter().filter(|one| one.address == address).collect();
            let [found] = found[..] else {
                panic!("{bound}: {found:?}");
            };
            let us = i32::try_from(std::process::id()).unwrap();
            assert_eq!(sockets([us].into_iter())[&found.inode], [us], "{bound}");
            assert_eq!(holder(*found), Some(us), "{bound}");
            let loopback = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port());
            let fit = match bound {
                "127.0.0.1:0" => Some(Fit::Exact),
                "0.0.0.0:0" => Some(Fit::AnyOfFamily),
                "[::]:0" => Some(Fit::AnyOfBoth),
                _ => None,
            };
            assert_eq!(found.fits(loopback), fit, "{bound}");
        }
    }

    #[test]
    fn a_connection_is_no_listener() {
        let line =
            "   1: 0100007F:1F90 0100007F:A2B4 01 00000000:00000000 00:00000000 00000000 0 0 77 1";
        assert_eq!(parse(line), None);
        let line = line.replacen(" 01 ", " 0A ", 1);
        let address = "127.0.0.1:8080".parse().unwrap();
        assert_eq!(parse(&line), Some(Listener { address, inode: 77 }));
        assert_eq!(parse("  sl  local_address rem_address   st tx_queue"), None);
    }
}
