//! Ending in the server what nobody waits for any more
//! (<https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS>).

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use bytes::BytesMut;
use postgres_protocol::message::frontend;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use crate::probe::errands::Errands;
use crate::probe::net::Stream;

/// A look that is over waits no longer than this. The server's `statement_timeout` is there beside it.
const PATIENCE: Duration = Duration::from_millis(100);

/// What a server needs to know to cancel what a session asked.
#[derive(Debug)]
pub(super) struct Cancel {
    pub(super) place: Place,
    pub(super) process: i32,
    pub(super) secret: i32,
    pub(super) errands: Errands,
}

/// Where a session was opened: other servers may stand behind the same name.
#[derive(Debug, Clone)]
pub(super) enum Place {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl Place {
    /// Of a stream without TLS.
    pub(super) fn of(stream: &Stream) -> Option<Self> {
        match stream {
            Stream::Tcp(stream) => stream.peer_addr().ok().map(Self::Tcp),
            Stream::Unix(stream) => {
                let address = stream.peer_addr().ok()?;
                address
                    .as_pathname()
                    .map(|path| Self::Unix(path.to_owned()))
            }
            Stream::Tls(_) => None,
        }
    }
}

impl Cancel {
    /// Sends the request. In plain words, as libpq always did: the secret is worth nothing once the session is gone, and that is
    /// now.
    pub(super) async fn send(self) {
        let _ = timeout(PATIENCE, self.sent()).await;
    }

    /// Sends it beside whatever else is going on, where nobody can wait.
    pub(super) fn send_beside(self) {
        let errands = self.errands.clone();
        let _ = errands.send(self.send());
    }

    async fn sent(&self) -> io::Result<()> {
        match &self.place {
            Place::Tcp(address) => self.say(TcpStream::connect(address).await?).await,
            Place::Unix(path) => self.say(UnixStream::connect(path).await?).await,
        }
    }

    /// The server never answers; what is written gets there also when we have left.
    async fn say(&self, mut stream: impl AsyncWrite + Unpin) -> io::Result<()> {
        let mut request = BytesMut::new();
        frontend::cancel_request(self.process, self.secret, &mut request);
        stream.write_all(&request).await?;
        stream.shutdown().await
    }
}
