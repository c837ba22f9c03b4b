//! Connections that go wrong, whatever is spoken over them.

use std::io::{self, Write};
use std::net::Shutdown;

use super::{Hostile, flood, listen_to, reset, wait_for_end};

impl Hostile {
    /// Accepts, reads, and never says a word.
    pub(crate) fn hanging() -> Self {
        Self::start(|stream| wait_for_end(stream))
    }

    /// Accepts, waits for the first byte, and resets the connection.
    pub(crate) fn resetting() -> Self {
        Self::start(|stream| {
            // What is left unread makes the close a reset.
            let _ = stream.peek(&mut [0]);
        })
    }

    /// Accepts and resets at once.
    pub(crate) fn resetting_at_once() -> Self {
        Self::start(reset)
    }

    /// Reads what comes first, and closes without a word.
    pub(crate) fn closing() -> Self {
        Self::start(|stream| listen_to(stream))
    }

    /// Says at once that nothing will be said, and goes on reading.
    pub(crate) fn half_closed() -> Self {
        Self::start(|stream| {
            let _ = stream.shutdown(Shutdown::Write);
            wait_for_end(stream);
        })
    }

    /// Says this to everybody, and waits until the peer leaves.
    pub(crate) fn saying(words: impl Into<Vec<u8>>) -> Self {
        let words = words.into();
        Self::start(move |mut stream| {
            let _ = stream.write_all(&words);
            wait_for_end(stream);
        })
    }

    /// Says this to everybody, and closes.
    pub(crate) fn saying_and_closing(words: impl Into<Vec<u8>>) -> Self {
        let words = words.into();
        Self::start(move |mut stream| {
            let _ = stream.write_all(&words);
            let _ = stream.shutdown(Shutdown::Write);
            wait_for_end(stream);
        })
    }

    /// Says a letter, again and again.
    pub(crate) fn flooding() -> Self {
        Self::start(|stream| flood(stream, &b"a".repeat(64 * 1024)))
    }

    /// Repeats what it hears.
    pub(crate) fn echoing() -> Self {
        Self::start(|mut stream| {
            let _ = io::copy(&mut &*stream, &mut stream);
        })
    }
}
