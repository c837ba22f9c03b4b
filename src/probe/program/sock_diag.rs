//! Who accepts connections on this machine, as the kernel tells when it is asked for those alone (sock_diag(7)). `/proc/net/tcp`
//! says the same, and walks through the table of all connections for it: milliseconds, however few there are.

use std::net::SocketAddr;

use netlink_packet_core::{
    NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_sock_diag::SockDiagMessage;
use netlink_packet_sock_diag::constants::{AF_INET, AF_INET6, IPPROTO_TCP};
use netlink_packet_sock_diag::inet::{
    ExtensionFlags, InetRequest, InetResponseHeader, SocketId, StateFlags,
};
use netlink_sys::protocols::NETLINK_SOCK_DIAG;
use netlink_sys::{Socket, SocketAddr as Port};

use super::Listener;

/// All listeners; `None` where the system does not answer such questions, or not to us.
pub(super) fn listeners() -> Option<Vec<Listener>> {
    let mut all = of_family(AF_INET)?;
    all.extend(of_family(AF_INET6)?);
    Some(all)
}

fn of_family(family: u8) -> Option<Vec<Listener>> {
    let mut socket = Socket::new(NETLINK_SOCK_DIAG).ok()?;
    socket.bind_auto().ok()?;
    socket.connect(&Port::new(0, 0)).ok()?;
    // The kernel has written what it tells next before it returns from a call: nothing is ever waited for.
    socket.set_non_blocking(true).ok()?;
    let question = question(family);
    let sent = socket.send(&question, 0).ok()?;
    if sent != question.len() {
        return None;
    }
    let mut listeners = Vec::new();
    loop {
        let (answer, _) = socket.recv_from_full().ok()?;
        if told(&answer, &mut listeners)? == More::No {
            return Some(listeners);
        }
    }
}

fn question(family: u8) -> Vec<u8> {
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST | NLM_F_DUMP;
    let request = InetRequest {
        family,
        protocol: IPPROTO_TCP,
        extensions: ExtensionFlags::empty(),
        states: StateFlags::LISTEN,
        socket_id: if family == AF_INET {
            SocketId::new_v4()
        } else {
            SocketId::new_v6()
        },
    };
    let mut message = NetlinkMessage::new(header, SockDiagMessage::InetRequest(request).into());
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    bytes
}

/// Whether more will come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum More {
    Yes,
    No,
}

/// Takes what one datagram tells. `None`: it is an error, or the table changed meanwhile and somebody may be missing.
fn told(mut datagram: &[u8], listeners: &mut Vec<Listener>) -> Option<More> {
    while !datagram.is_empty() {
        let message = NetlinkMessage::<SockDiagMessage>::deserialize(datagram).ok()?;
        let length = usize::try_from(message.header.length).ok()?;
        if message.header.flags & NLM_F_DUMP_INTR != 0 || length == 0 {
            return None;
        }
        match message.payload {
            NetlinkPayload::InnerMessage(SockDiagMessage::InetResponse(one)) => {
                listeners.push(listener(&one.header));
            }
            NetlinkPayload::Done(_) => return Some(More::No),
            NetlinkPayload::Noop => {}
            _ => return None,
        }
        // Messages begin at each fourth byte (netlink(3), NLMSG_ALIGN).
        datagram = datagram
            .get(length.next_multiple_of(4)..)
            .unwrap_or_default();
    }
    Some(More::Yes)
}

fn listener(seen: &InetResponseHeader) -> Listener {
    let SocketId {
        source_address,
        source_port,
        ..
    } = seen.socket_id;
    Listener {
        address: SocketAddr::new(source_address, source_port),
        inode: seen.inode.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn it_tells_what_the_table_tells() {
        let sockets = ["127.0.0.1:0", "0.0.0.0:0", "[::1]:0", "[::]:0"];
        let sockets = sockets.map(|bound| TcpListener::bind(bound).unwrap());
        let (asked, read) = (
            listeners().unwrap(),
            super::super::listeners::read().unwrap(),
        );
        for socket in sockets {
            let address = socket.local_addr().unwrap();
            let at = |all: &[Listener]| all.iter().find(|one| one.address == address).copied();
            assert!(at(&asked).is_some(), "{address}");
            assert_eq!(at(&asked), at(&read), "{address}");
        }
    }

    #[test]
    fn a_connection_is_no_listener() {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let connection = std::net::TcpStream::connect(address).unwrap();
        let own = connection.local_addr().unwrap();
        let all = listeners().unwrap();
        assert!(all.iter().all(|one| one.address != own));
        assert_eq!(all.iter().filter(|one| one.address == address).count(), 1);
    }

    #[test]
    fn what_is_cut_is_no_answer() {
        let question = question(AF_INET);
        for length in 1..question.len() {
            assert_eq!(told(&question[..length], &mut Vec::new()), None, "{length}");
        }
    }
}
