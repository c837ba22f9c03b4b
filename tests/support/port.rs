//! A port for a server that has to open it itself.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

/// A port of 127.0.0.1 that nobody gets but a server that is given its number. Who only holds it and does not listen
/// gets no connection: before the server listens and after its end, whoever comes is refused.
pub(super) struct Port(TcpSocket);

impl Port {
    pub(super) fn hold() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        // Either lets a server that asks for the same have the port too; neither lets a port be chosen twice.
        socket.set_reuseaddr(true).unwrap();
        socket.set_reuseport(true).unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        Self(socket)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    pub(super) fn number(&self) -> u16 {
        self.address().port()
    }
}
