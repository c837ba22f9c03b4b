//! RESP over a stream of ours (<https://redis.io/docs/latest/develop/reference/protocol-spec/>): commands out, replies in.
//!
//! The parser is that of the `redis` crate: it goes on where it stopped when bytes come in drops, believes no announced length
//! and ends at a depth of 100. What it is given is bounded here, and so is what it keeps.

use std::io::{self, Read};

use nix::errno::Errno;
use redis::{Parser, Value as Reply};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::broken;
use crate::probe::look::Halt;
use crate::probe::net::Stream;

/// So many bytes of replies are read in one look at most; kept as values they take some twenty times as much in the worst case.
pub(super) const MOST_BYTES: usize = 1024 * 1024;

/// So much is read at once.
const CHUNK: usize = 16 * 1024;

/// So much of what came is kept for telling what it was.
const MOST_HEARD: usize = 128;

/// A connection that speaks RESP.
pub(super) struct Wire {
    stream: Stream,
    parser: Parser,
    /// What was read and not parsed yet.
    fed: Fed,
    /// The first bytes since something was sent.
    heard: Vec<u8>,
    /// Why sending failed. Who closed may have said why before: that is read first.
    unsent: Option<io::Error>,
    /// So many bytes may still come in this look.
    room: usize,
}

impl Wire {
    pub(super) fn over(stream: Stream) -> Self {
        Self {
            stream,
            parser: Parser::new(),
            fed: Fed::default(),
            heard: Vec::new(),
            unsent: None,
            room: MOST_BYTES,
        }
    }

    /// Another look begins. `false` when something came that nobody asked for: it would be taken for the next answer.
    pub(super) async fn begin(&mut self) -> bool {
        self.room = MOST_BYTES;
        // The parser takes all that comes, and may have more than it was asked for.
        let has_more = self.parser.parse_value(&mut self.fed);
        if !self.fed.0.is_empty() || !has_more.is_err_and(|error| error.is_timeout()) {
            return false;
        }
        tokio::select! {
            biased;
            _ = self.read() => false,
            () = std::future::ready(()) => true,
        }
    }

    pub(super) fn is_tls(&self) -> bool {
        matches!(self.stream, Stream::Tls(_))
    }

    /// Whether anything came since something was sent.
    pub(super) fn has_heard(&self) -> bool {
        !self.heard.is_empty()
    }

    /// Sends commands in their packed form. That it failed is told by [`Wire::reply`].
    pub(super) async fn send(&mut self, packed: &[u8]) {
        self.heard.clear();
        let sent = async {
            self.stream.write_all(packed).await?;
            self.stream.flush().await
        };
        self.unsent = sent.await.err();
    }

    /// The next reply. Messages that nobody asked for (`>`) are passed over.
    pub(super) async fn reply(&mut self) -> Result<Reply, Halt> {
        loop {
            match self.parser.parse_value(&mut self.fed) {
                Ok(Reply::Push { .. }) => continue,
                Ok(reply) => return Ok(reply),
                // All that came was taken, and the reply has more.
                Err(error) if error.is_timeout() => {}
                Err(_) => return Err(broken::no_resp(&self.heard)),
            }
            if self.room == 0 {
                return Err(broken::too_large());
            }
            match self.read().await {
                Ok(0) => return Err(broken::closed(self.unsent.as_ref(), &self.heard)),
                Ok(_) => {}
                Err(error) => {
                    let first = self.unsent.as_ref().filter(|_| is_reset(&error));
                    return Err(broken::off(first.unwrap_or(&error), &self.heard));
                }
            }
        }
    }

    async fn read(&mut self) -> io::Result<usize> {
        let Self {
            stream,
            fed: Fed(fed),
            heard,
            room,
            ..
        } = self;
        let before = fed.len();
        fed.reserve(CHUNK);
        let most = CHUNK.min(*room) as u64;
        let count = stream.take(most).read_buf(fed).await?;
        *room -= count;
        let kept = count.min(MOST_HEARD - heard.len());
        heard.extend_from_slice(&fed[before..before + kept]);
        Ok(count)
    }
}

fn is_reset(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error().map(Errno::from_raw),
        Some(Errno::ECONNRESET | Errno::EPIPE | Errno::ECONNABORTED)
    )
}

/// What was read, for a parser that wants to read by itself: at its end it would have to wait.
#[derive(Default)]
struct Fed(Vec<u8>);

impl Read for &mut Fed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = self.0.len().min(into.len());
        into[..count].copy_from_slice(&self.0[..count]);
        self.0.drain(..count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    #[tokio::test]
    async fn what_nobody_asked_for_is_no_answer_to_the_next_question() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ours = TcpStream::connect(listener.local_addr().unwrap());
        let (ours, theirs) = tokio::join!(ours, listener.accept());
        let (mut wire, mut theirs) = (Wire::over(Stream::Tcp(ours.unwrap())), theirs.unwrap().0);
        assert!(wire.begin().await);
        theirs.write_all(b"+PONG\r\n+STALE\r\n").await.unwrap();
        assert!(wire.reply().await.is_ok());
        assert!(!wire.begin().await, "another answer is there already");
    }
}
