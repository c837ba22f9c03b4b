//! The cache: a port that speaks as much of the Redis protocol (RESP, inline commands) as the service asks of it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::Fault;
use super::connector::hold_port;
use super::tasks::Tasks;

/// Longer lines are no command.
const MAX_LINE_BYTES: u64 = 256;

/// The cache's port, open or held.
#[derive(Debug)]
pub(super) struct Cache {
    address: SocketAddr,
    /// Held, never listening: see [`Fault::CacheDown`].
    _held: Option<TcpSocket>,
}

impl Cache {
    /// Opens a port of its own and answers there.
    pub(super) async fn start(fault: Fault, tasks: &Tasks) -> io::Result<Self> {
        if fault == Fault::CacheDown {
            let held = hold_port()?;
            return Ok(Self {
                address: held.local_addr()?,
                _held: Some(held),
            });
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        tasks.serve(listener, |stream| async move {
            // A connection that breaks is the business of who asked.
            let _ = converse(stream).await;
        });
        Ok(Self {
            address,
            _held: None,
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn converse(stream: TcpStream) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        (&mut stream)
            .take(MAX_LINE_BYTES)
            .read_line(&mut line)
            .await?;
        let Some(command) = line.strip_suffix('\n') else {
            return Ok(());
        };
        let answer: &[u8] = if command.trim_end().eq_ignore_ascii_case("PING") {
            b"+PONG\r\n"
        } else {
            b"-ERR unknown command\r\n"
        };
        stream.get_mut().write_all(answer).await?;
    }
}
