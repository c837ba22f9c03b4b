//! Whose a listener is: an answer counts only when it comes from the program that was started.

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::probe::program::{Kin, Listener, Member, holder, listeners, sockets};

/// A connection to ourselves is there at once, or refused.
const AT_ONCE: Duration = Duration::from_millis(250);

/// Who listens where a program is to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Owner {
    /// These processes, all of them the program's, which listens at these ports.
    Own { pids: Vec<i32>, ports: Vec<u16> },
    /// Nobody.
    Nobody,
    /// Another process: its number, where we may know it.
    Stranger {
        socket: SocketAddr,
        pid: Option<i32>,
    },
    /// The system does not tell.
    Untold,
}

/// Which of those who listen are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// Somebody of the program.
    Anybody,
    /// All of the program's.
    All,
}

/// Who listens at these sockets; of a name with several addresses at any of them.
///
/// Mostly the program itself does, and nobody else is looked at then; unless all who do are asked for.
pub(super) fn owner(kin: Option<&Kin>, wanted: &[SocketAddr], asked_for: Asked) -> Owner {
    let (Some(kin), Some(all)) = (kin, listeners()) else {
        return Owner::Untold;
    };
    if asked_for == Asked::Anybody
        && let own @ Owner::Own { .. } = of_pids(&[kin.leader()], &all, wanted)
    {
        return own;
    }
    match of_pids(&pids(&kin.seen_now()), &all, wanted) {
        // Before anybody is blamed it is looked more closely.
        Owner::Stranger { .. } => of_pids(&pids(&kin.living()), &all, wanted),
        known => known,
    }
}

fn pids(members: &[Member]) -> Vec<i32> {
    members.iter().map(|member| member.pid).collect()
}

fn of_pids(pids: &[i32], all: &[Listener], wanted: &[SocketAddr]) -> Owner {
    let own = sockets(pids.iter().copied());
    let mut pids = BTreeSet::new();
    for socket in wanted {
        for listener in meant(all, *socket) {
            let Some(holders) = own.get(&listener.inode) else {
                let pid = holder(listener);
                return Owner::Stranger {
                    socket: *socket,
                    pid,
                };
            };
            pids.extend(holders);
        }
    }
    if pids.is_empty() {
        return Owner::Nobody;
    }
    let of_own = all
        .iter()
        .filter(|listener| own.contains_key(&listener.inode));
    let ports: BTreeSet<u16> = of_own.map(|listener| listener.address.port()).collect();
    Owner::Own {
        pids: pids.into_iter().collect(),
        ports: ports.into_iter().collect(),
    }
}

/// Whether the program listens at one of these ports; `false` also where the system does not tell.
pub(super) fn listens(kin: &Kin, ports: &[u16]) -> bool {
    let own = sockets(kin.living().iter().map(|member| member.pid));
    let all = listeners().unwrap_or_default();
    let mut of_own = all
        .iter()
        .filter(|listener| own.contains_key(&listener.inode));
    of_own.any(|listener| ports.contains(&listener.address.port()))
}

/// Somebody who accepts connections there already, before anything was started.
pub(super) fn taken(wanted: &[SocketAddr]) -> Option<(SocketAddr, Option<i32>)> {
    let socket = wanted.iter().find(|socket| accepts(**socket))?;
    let all = listeners().unwrap_or_default();
    let pid = meant(&all, *socket).into_iter().find_map(holder);
    Some((*socket, pid))
}

/// The listeners that a connection to this socket may come to.
fn meant(all: &[Listener], socket: SocketAddr) -> Vec<Listener> {
    let fitting = || {
        let with = |one: &Listener| Some((one.fits(socket)?, *one));
        all.iter().filter_map(with)
    };
    let best = fitting().map(|(fit, _)| fit).min();
    let meant = fitting().filter(|(fit, _)| Some(*fit) == best);
    meant.map(|(_, one)| one).collect()
}

fn accepts(socket: SocketAddr) -> bool {
    let Ok(stream) = TcpStream::connect_timeout(&socket, AT_ONCE) else {
        return false;
    };
    // Where nobody listens a connection can meet itself (RFC 9293 §3.5, simultaneous open).
    stream.local_addr().ok() != stream.peer_addr().ok()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use nix::unistd::Pid;

    use super::*;

    #[test]
    fn somebody_who_listens_before_the_start_is_noticed() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let socket = listener.local_addr().unwrap();
        let pid = cfg!(target_os = "linux").then(|| Pid::this().as_raw());
        assert_eq!(taken(&[socket]), Some((socket, pid)));
        drop(listener);
        assert_eq!(taken(&[socket]), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_listener_is_own_or_a_strangers() {
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let both = [
            SocketAddr::from(([127, 0, 0, 1], port)),
            SocketAddr::new("::1".parse().unwrap(), port),
        ];
        let us = Pid::this();
        let own = Kin::of(us, "nobody").unwrap();
        let Owner::Own { pids, ports } = owner(Some(&own), &both, Asked::All) else {
            panic!("it is our own");
        };
        assert_eq!(pids, [us.as_raw()]);
        assert!(ports.contains(&port) && listens(&own, &[port]));
        assert_eq!(owner(Some(&own), &both[1..], Asked::Anybody), Owner::Nobody);
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let other = Kin::of(Pid::from_raw(child.id().try_into().unwrap()), "nobody").unwrap();
        let stranger = Owner::Stranger {
            socket: both[0],
            pid: Some(us.as_raw()),
        };
        assert_eq!(owner(Some(&other), &both, Asked::Anybody), stranger);
        assert_eq!(owner(None, &both, Asked::Anybody), Owner::Untold);
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
