//! The connector: forwards TCP between the service and the database server, unless a fault sits in it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::Fault;
use super::tasks::Tasks;

/// How late [`Fault::Delay`] and [`Fault::Outage`] are; several times what the service waits.
const DELAY: Duration = Duration::from_secs(3);

/// What [`Fault::Impostor`] says.
const GREETING: &[u8] = b"220 mail.demo.example ESMTP ready\r\n";

/// The connector's ports, open or held.
#[derive(Debug)]
pub(super) struct Connector {
    /// Where whoever looks from outside is led.
    address: SocketAddr,
    /// Where the service is led.
    inside: SocketAddr,
    /// Held, never listening: the system refuses every connection, and gives the port to nobody else.
    _held: Option<TcpSocket>,
}

impl Connector {
    /// Opens a port of its own and forwards to `database`.
    pub(super) async fn start(
        fault: Fault,
        database: SocketAddr,
        tasks: &Tasks,
    ) -> io::Result<Self> {
        let held = match fault {
            Fault::Refuse | Fault::Outage => Some(hold_port()?),
            _ => None,
        };
        let refusing = held.as_ref().map(TcpSocket::local_addr).transpose()?;
        if let (Fault::Refuse, Some(address)) = (fault, refusing) {
            return Ok(Self {
                address,
                inside: address,
                _held: held,
            });
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let inside = listener.local_addr()?;
        let manner = Manner::of(fault);
        tasks.serve(listener, move |stream| async move {
            // A connection that breaks is the business of its two ends.
            let _ = manner.treat(stream, database).await;
        });
        Ok(Self {
            address: refusing.unwrap_or(inside),
            inside,
            _held: held,
        })
    }

    /// For those who look from outside.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// For the service.
    pub(super) fn inside(&self) -> SocketAddr {
        self.inside
    }
}

/// A port of 127.0.0.1 that is ours and refuses: bound, and not listening.
pub(super) fn hold_port() -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    Ok(socket)
}

/// What happens to a connection that was accepted.
#[derive(Debug, Clone, Copy)]
enum Manner {
    Forward { after: Duration },
    Reset,
    Silent,
    Impostor,
}

impl Manner {
    fn of(fault: Fault) -> Self {
        match fault {
            Fault::Delay | Fault::Outage => Self::Forward { after: DELAY },
            Fault::Reset => Self::Reset,
            Fault::Silent => Self::Silent,
            Fault::Impostor => Self::Impostor,
            // The other faults sit elsewhere.
            _ => Self::Forward {
                after: Duration::ZERO,
            },
        }
    }

    async fn treat(self, mut near: TcpStream, database: SocketAddr) -> io::Result<()> {
        match self {
            Self::Forward { after } => {
                if !after.is_zero() {
                    tokio::time::sleep(after).await;
                }
                let mut far = TcpStream::connect(database).await?;
                copy_bidirectional(&mut near, &mut far).await?;
                Ok(())
            }
            // Closing with a linger of zero sends RST instead of FIN.
            Self::Reset => near.set_zero_linger(),
            Self::Silent => swallow(&mut near).await,
            Self::Impostor => {
                near.write_all(GREETING).await?;
                swallow(&mut near).await
            }
        }
    }
}

/// Reads until the peer closes, and says nothing.
pub(super) async fn swallow(near: &mut TcpStream) -> io::Result<()> {
    let mut buffer = [0; 512];
    while near.read(&mut buffer).await? > 0 {}
    Ok(())
}
