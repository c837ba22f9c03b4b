//! A stream that remembers what the peer said when it closed.
//!
//! tungstenite takes a code it does not know for a violation of the protocol and hands on 1002 instead of it; among them is 1014,
//! bad gateway, which is in IANA's registry.

use std::io;
use std::pin::Pin;
use std::task::{Context as Poller, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::probe::net::Stream;

/// The opcode of a close frame (RFC 6455 §5.5.1).
const CLOSE: u8 = 8;

/// A control frame has so many bytes at most (RFC 6455 §5.5).
const MOST: usize = 125;

/// A stream of frames, seen from the client.
#[derive(Debug)]
pub(super) struct Watched {
    stream: Stream,
    frames: Frames,
    /// So many bytes came.
    came: u64,
}

impl Watched {
    /// Of which this came already.
    pub(super) fn new(stream: Stream, early: &[u8]) -> Self {
        let mut frames = Frames::default();
        frames.came(early);
        Self {
            stream,
            frames,
            came: 0,
        }
    }

    /// The code and the reason of the first close frame that came; `None` for one without.
    pub(super) fn close(&self) -> Option<(u16, String)> {
        let (code, reason) = self.frames.close.as_ref()?.split_first_chunk()?;
        let reason = String::from_utf8_lossy(reason).into_owned();
        Some((u16::from_be_bytes(*code), reason))
    }

    /// How many bytes came, of whatever.
    pub(super) const fn came(&self) -> u64 {
        self.came
    }

    /// The stream below.
    pub(super) fn below(&mut self) -> &mut Stream {
        &mut self.stream
    }
}

/// What is known of the frames that come (RFC 6455 §5.2).
#[derive(Debug, Default)]
struct Frames {
    /// Of the head that is not whole.
    head: Vec<u8>,
    /// Bytes of the payload that are still to come.
    left: u64,
    /// It is of the first close frame.
    is_close: bool,
    /// The payload of the first close frame, as far as it came.
    close: Option<Vec<u8>>,
}

impl Frames {
    fn came(&mut self, mut bytes: &[u8]) {
        while let Some((&first, rest)) = bytes.split_first() {
            if self.left > 0 {
                let fitting = usize::try_from(self.left).unwrap_or(usize::MAX);
                let (payload, rest) = bytes.split_at(fitting.min(bytes.len()));
                if let Some(close) = self.close.as_mut().filter(|_| self.is_close) {
                    let room = MOST.saturating_sub(close.len());
                    close.extend(payload.iter().take(room));
                }
                self.left -= payload.len() as u64;
                bytes = rest;
                continue;
            }
            self.head.push(first);
            bytes = rest;
            if let Some(length) = length(&self.head) {
                self.is_close = self.head[0] & 0x0f == CLOSE && self.close.is_none();
                if self.is_close {
                    self.close = Some(Vec::new());
                }
                self.left = length;
                self.head.clear();
            }
        }
    }
}

/// The length of the payload, once the head is whole.
fn length(head: &[u8]) -> Option<u64> {
    let second = *head.get(1)?;
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    let extended = match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    if head.len() < 2 + extended + mask {
        return None;
    }
    Some(match &head[2..2 + extended] {
        [] => u64::from(second & 0x7f),
        bytes => bytes
            .iter()
            .fold(0, |length, byte| length << 8 | u64::from(*byte)),
    })
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        poller: &mut Poller<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(poller, buffer);
        let came = &buffer.filled()[before..];
        self.frames.came(came);
        self.came += came.len() as u64;
        outcome
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        poller: &mut Poller<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(poller, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, poller: &mut Poller<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(poller)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, poller: &mut Poller<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(poller)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_close_frame_is_found_however_the_bytes_fall() {
        let mut wire = vec![0x81, 0x02, b'h', b'i'];
        wire.extend([0x82, 126, 0x01, 0x00]);
        wire.extend([0x88; 256]);
        wire.extend([0x82, 127, 0, 0, 0, 0, 0, 0, 0, 3, 0x88, 0x88, 0x88]);
        wire.extend([0x89, 0x00]);
        wire.extend([0x88, 0x05, 0x03, 0xf6, b'b', b'a', b'd']);
        wire.extend([0x88, 0x02, 0x03, 0xe8]);
        for size in [1, 2, 3, 7, wire.len()] {
            let mut frames = Frames::default();
            for part in wire.chunks(size) {
                frames.came(part);
            }
            assert_eq!(frames.close.unwrap(), b"\x03\xf6bad", "{size}");
        }
        // A masked head is four bytes longer.
        assert_eq!(length(&[0x88, 0x82, 1, 2, 3]), None);
        assert_eq!(length(&[0x88, 0x82, 1, 2, 3, 4]), Some(2));
    }
}
