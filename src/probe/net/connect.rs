//! Opening a TCP connection to whichever address answers first (RFC 8305, without its resolving in parallel).

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use nix::errno::Errno;
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::address::ip_text;
use super::resolve::Resolving;
use super::stream::Stream;
use crate::model::{DnsFault, FaultKind, Origin, Phase, Stopped, TcpFault, Unable, Value};
use crate::probe::look::{Halt, Look};

/// How long an address may be silent before the next one is tried beside it (RFC 8305 §5).
const STAGGER: Duration = Duration::from_millis(250);

/// An open connection.
#[derive(Debug)]
pub(in crate::probe) struct Opened {
    pub(in crate::probe) stream: Stream,
    /// The address that answered first.
    pub(in crate::probe) remote: SocketAddr,
}

/// Resolves and connects, each its own phase, and records `remote_ip` and `family`.
pub(in crate::probe) async fn open(
    look: &mut Look<'_>,
    host: &str,
    port: u16,
    resolving: &Resolving,
) -> Result<Opened, Stopped> {
    let resolvers = &look.ctx.shared.resolvers;
    let resolve = resolvers.resolve(host, port, resolving, look.ctx.deadline);
    let addresses = look
        .phase(Phase::Resolve, FaultKind::Dns(DnsFault::Timeout), resolve)
        .await?;
    let late = FaultKind::Tcp(TcpFault::Timeout);
    let (stream, remote) = match addresses.as_slice() {
        [only] => {
            look.phase(Phase::Connect, late, one(*only, TcpStream::connect))
                .await?
        }
        several => {
            let connecting = Box::pin(race(interleaved(several), TcpStream::connect));
            look.phase(Phase::Connect, late, connecting).await?
        }
    };
    // Small messages must not wait for the acknowledgement of earlier ones: that wait would be counted as the peer's.
    let _ = stream.set_nodelay(true);
    see_remote(look, remote);
    let stream = Stream::Tcp(stream);
    Ok(Opened { stream, remote })
}

/// Records who answered: `remote_ip` and `family`.
pub(in crate::probe) fn see_remote(look: &mut Look<'_>, remote: SocketAddr) {
    let family = if remote.is_ipv4() { "ipv4" } else { "ipv6" };
    look.fact("remote_ip", Value::Text(ip_text(remote.ip())));
    look.fact("family", Value::Text(family.to_owned()));
}

/// Takes turns between the families, beginning with the one the system prefers.
fn interleaved(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let prefers_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (preferred, other): (Vec<_>, Vec<_>) = addresses
        .iter()
        .partition(|address| address.is_ipv6() == prefers_v6);
    let mut others = other.into_iter();
    let mut turns = Vec::with_capacity(addresses.len());
    for address in preferred {
        turns.push(address);
        turns.extend(others.next());
    }
    turns.extend(others);
    turns
}

/// The only connection there may be.
async fn one<S, F>(
    address: SocketAddr,
    connect: impl FnOnce(SocketAddr) -> F,
) -> Result<(S, SocketAddr), Halt>
where
    F: Future<Output = io::Result<S>>,
{
    match connect(address).await {
        Ok(stream) => Ok((stream, address)),
        Err(error) => Err(connecting_halt(&error, address)),
    }
}

fn connecting_halt(error: &io::Error, address: SocketAddr) -> Halt {
    socket_halt(error, &format!("connecting to {address}"))
}

/// The first connection that opens; when none does, the failure that says most.
async fn race<S, F>(
    addresses: Vec<SocketAddr>,
    connect: impl Fn(SocketAddr) -> F,
) -> Result<(S, SocketAddr), Halt>
where
    F: Future<Output = io::Result<S>>,
{
    let attempt = |address| {
        let connecting = connect(address);
        async move { (connecting.await, address) }
    };
    let mut waiting = addresses.into_iter();
    let mut running = FuturesUnordered::new();
    let mut worst: Option<Halt> = None;
    running.extend(waiting.next().map(attempt));
    loop {
        let may_start_more = waiting.len() > 0;
        tokio::select! {
            Some((outcome, address)) = running.next() => match outcome {
                Ok(stream) => return Ok((stream, address)),
                Err(error) => {
                    let halt = connecting_halt(&error, address);
                    if worst.as_ref().is_none_or(|known| weight(&halt) > weight(known)) {
                        worst = Some(halt);
                    }
                    running.extend(waiting.next().map(attempt));
                }
            },
            () = sleep(STAGGER), if may_start_more => running.extend(waiting.next().map(attempt)),
            else => {
                return Err(worst.unwrap_or_else(|| {
                    Halt::fault(FaultKind::Dns(DnsFault::Nodata), "no address to connect to")
                }));
            }
        }
    }
}

/// How much a failure says about the target: an answer more than silence, and silence more than a limit of ours, which one
/// family may have (no IPv6 here) while the other reached the host.
fn weight(halt: &Halt) -> u8 {
    match halt {
        Halt::Fault {
            kind: FaultKind::Tcp(fault),
            ..
        } => match fault {
            TcpFault::Refused | TcpFault::Reset => 5,
            TcpFault::Denied => 4,
            TcpFault::Timeout => 3,
            TcpFault::Unreachable => 2,
            _ => 1,
        },
        Halt::Fault { .. } => 1,
        Halt::Unable(_) => 0,
    }
}

/// What an error of a socket means, by its errno.
pub(in crate::probe) fn socket_halt(error: &io::Error, doing: &str) -> Halt {
    let Some(errno) = error.raw_os_error() else {
        let fault = match error.kind() {
            io::ErrorKind::UnexpectedEof => TcpFault::Closed,
            _ => TcpFault::Other,
        };
        return Halt::fault(FaultKind::Tcp(fault), format!("{doing}: {error}"));
    };
    let known = Errno::from_raw(errno);
    let message = format!("{doing}: {}", known.desc());
    let fault = match known {
        Errno::EMFILE
        | Errno::ENFILE
        | Errno::EADDRNOTAVAIL
        | Errno::EADDRINUSE
        | Errno::ENOBUFS
        | Errno::ENOMEM => {
            return Halt::unable(Unable::Limit, format!("{message} ({known:?})"));
        }
        Errno::ECONNREFUSED => TcpFault::Refused,
        reset if is_reset(reset) => TcpFault::Reset,
        Errno::EHOSTUNREACH | Errno::ENETUNREACH | Errno::EHOSTDOWN | Errno::ENETDOWN => {
            TcpFault::Unreachable
        }
        Errno::ETIMEDOUT => TcpFault::Timeout,
        Errno::EACCES | Errno::EPERM => TcpFault::Denied,
        Errno::ENOENT => TcpFault::NoSocket,
        _ => TcpFault::Other,
    };
    Halt::fault(FaultKind::Tcp(fault), message).by(Origin::Errno(errno))
}

/// Whether the peer reset the connection: what it sent is RST, and what we see of it depends on what we were doing.
pub(in crate::probe) fn is_reset(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::ECONNRESET | Errno::ECONNABORTED | Errno::EPIPE
    )
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::time::Instant;

    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn errno(errno: Errno) -> io::Error {
        io::Error::from_raw_os_error(errno as i32)
    }

    #[test]
    fn families_take_turns() {
        let mixed = addresses(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "2.2.2.2:1"]);
        let turns = addresses(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "2.2.2.2:1", "[::3]:1"]);
        assert_eq!(interleaved(&mixed), turns);
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_address_is_passed_after_a_quarter_of_a_second() {
        let started = Instant::now();
        let (stream, address) = race(addresses(&["[::1]:1", "1.1.1.1:1"]), async |to| {
            if to.is_ipv6() {
                pending::<()>().await;
            }
            Ok("open")
        })
        .await
        .unwrap();
        assert_eq!((stream, address.is_ipv4()), ("open", true));
        assert_eq!(started.elapsed(), STAGGER);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_address_hands_over_at_once_and_a_refusal_says_more_than_our_limits() {
        let started = Instant::now();
        let halt = race::<(), _>(addresses(&["[::1]:1", "1.1.1.1:1"]), async |to| {
            Err(errno(if to.is_ipv6() {
                Errno::EADDRNOTAVAIL
            } else {
                Errno::ECONNREFUSED
            }))
        })
        .await
        .unwrap_err();
        assert_eq!(started.elapsed(), Duration::ZERO);
        assert!(matches!(
            halt,
            Halt::Fault {
                kind: FaultKind::Tcp(TcpFault::Refused),
                origin: Some(Origin::Errno(111)),
                ..
            }
        ));
    }

    #[test]
    fn our_own_limits_are_no_fault_of_the_target() {
        for limit in [
            Errno::EMFILE,
            Errno::ENFILE,
            Errno::EADDRNOTAVAIL,
            Errno::ENOBUFS,
        ] {
            let halt = socket_halt(&errno(limit), "connecting");
            assert!(matches!(halt, Halt::Unable(error) if error.kind == Unable::Limit));
        }
        for (cause, fault) in [
            (Errno::EHOSTUNREACH, TcpFault::Unreachable),
            (Errno::ETIMEDOUT, TcpFault::Timeout),
            (Errno::EPIPE, TcpFault::Reset),
            (Errno::EPERM, TcpFault::Denied),
            (Errno::EIO, TcpFault::Other),
        ] {
            let halt = socket_halt(&errno(cause), "connecting");
            assert!(
                matches!(halt, Halt::Fault { kind: FaultKind::Tcp(seen), .. } if seen == fault)
            );
        }
    }
}
