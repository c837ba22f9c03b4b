//! The first bytes of a peer, kept: they tell plain text from TLS, and what it was.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::probe::net::Stream;
use crate::yaml::visible;

/// So many bytes are kept.
const MOST: usize = 128;

/// A stream that keeps the first bytes it reads.
#[derive(Debug)]
pub(in crate::probe) struct Heard {
    stream: Stream,
    first: Vec<u8>,
}

impl Heard {
    pub(super) fn new(stream: Stream) -> Self {
        let first = Vec::new();
        Self { stream, first }
    }

    /// The stream below.
    pub(in crate::probe) fn below(&mut self) -> &mut Stream {
        &mut self.stream
    }

    /// Whether something came, and it cannot begin a record of TLS (RFC 8446 §5.1).
    pub(super) fn is_plain(&self) -> bool {
        match self.first.as_slice() {
            [] => false,
            [kind] => !is_record(*kind),
            [kind, major, ..] => !is_record(*kind) || *major != 3,
        }
    }

    /// The first line of plain text, as far as it was kept.
    pub(super) fn first_line(&self) -> String {
        let end = self.first.iter().position(|b| matches!(b, b'\r' | b'\n'));
        let line = &self.first[..end.unwrap_or(self.first.len())];
        visible(&String::from_utf8_lossy(line)).into_owned()
    }
}

/// The five kinds of records there are.
fn is_record(kind: u8) -> bool {
    (20..=24).contains(&kind)
}

impl AsyncRead for Heard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        poller: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(poller, buffer);
        let room = MOST.saturating_sub(self.first.len());
        if room > 0 {
            let came = &buffer.filled()[before..];
            self.first.extend_from_slice(&came[..came.len().min(room)]);
        }
        outcome
    }
}

impl AsyncWrite for Heard {
    fn poll_write(
        mut self: Pin<&mut Self>,
        poller: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(poller, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        poller: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(poller, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, poller: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(poller)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, poller: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(poller)
    }
}
