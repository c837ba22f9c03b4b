//! What passes over a wire: when the first byte of an answer came, and how much came before it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context as Poller, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::frames::Frames;
use crate::probe::net::{Stream, tls_error};

/// So many bytes may come before the answer has begun to be told: its head, and interim answers without end (RFC 9110 §15.2).
const MOST_BEFORE: u64 = 1024 * 1024;

/// So many bytes are read before others have their turn.
const MOST_IN_TURN: u64 = 64 * 1024;

/// What passed over the wire since the last request began.
#[derive(Debug)]
pub(super) struct Meter {
    epoch: Instant,
    /// Nanoseconds from the epoch to the first byte of the answer; 0 before it.
    first_byte: AtomicU64,
    /// Bytes that came while there was no answer yet.
    before: AtomicU64,
    is_answered: AtomicBool,
    /// The peer does not take what we write.
    is_stuck: AtomicBool,
    /// Of HTTP/2, bytes of the body that were written.
    body_sent: AtomicU64,
    /// Bytes read since others had their turn.
    in_turn: AtomicU64,
    /// What ended it; HTTP/2 hands on only a text.
    failure: OnceLock<Failure>,
}

#[derive(Debug)]
enum Failure {
    Errno(i32),
    Tls(rustls::Error),
}

impl Meter {
    pub(super) fn new() -> Self {
        Self {
            epoch: Instant::now(),
            first_byte: AtomicU64::new(0),
            before: AtomicU64::new(0),
            is_answered: AtomicBool::new(false),
            is_stuck: AtomicBool::new(false),
            body_sent: AtomicU64::new(0),
            in_turn: AtomicU64::new(0),
            failure: OnceLock::new(),
        }
    }

    /// A new request begins.
    pub(super) fn reset(&self) {
        self.first_byte.store(0, Ordering::Relaxed);
        self.before.store(0, Ordering::Relaxed);
        self.is_answered.store(false, Ordering::Relaxed);
        self.is_stuck.store(false, Ordering::Relaxed);
        self.body_sent.store(0, Ordering::Relaxed);
    }

    /// The head of the answer was read; what comes now is its body.
    pub(super) fn answered(&self) {
        self.is_answered.store(true, Ordering::Relaxed);
    }

    /// When the first byte of the answer came.
    pub(super) fn first_byte(&self) -> Option<Instant> {
        match self.first_byte.load(Ordering::Relaxed) {
            0 => None,
            nanos => Some(self.epoch + Duration::from_nanos(nanos)),
        }
    }

    pub(super) fn is_stuck(&self) -> bool {
        self.is_stuck.load(Ordering::Relaxed)
    }

    /// Of HTTP/2, how many bytes of the body were written.
    pub(super) fn body_sent(&self) -> u64 {
        self.body_sent.load(Ordering::Relaxed)
    }

    /// Whether more came before the answer than any answer needs.
    fn is_flooded(&self) -> bool {
        !self.is_answered.load(Ordering::Relaxed)
            && self.before.load(Ordering::Relaxed) > MOST_BEFORE
    }

    /// The typed error of the stream, when it broke.
    pub(super) fn failure(&self) -> Option<io::Error> {
        Some(match self.failure.get()? {
            Failure::Errno(errno) => io::Error::from_raw_os_error(*errno),
            Failure::Tls(error) => io::Error::new(io::ErrorKind::InvalidData, error.clone()),
        })
    }

    fn broke(&self, error: &io::Error) {
        let failure = match (error.raw_os_error(), tls_error(error)) {
            (Some(errno), _) => Failure::Errno(errno),
            (None, Some(error)) => Failure::Tls(error.clone()),
            (None, None) => return,
        };
        let _ = self.failure.set(failure);
    }

    fn bytes_came(&self, count: usize) {
        self.before.fetch_add(count as u64, Ordering::Relaxed);
        self.in_turn.fetch_add(count as u64, Ordering::Relaxed);
        if self.first_byte.load(Ordering::Relaxed) == 0 {
            let nanos = u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX);
            self.first_byte.store(nanos.max(1), Ordering::Relaxed);
        }
    }
}

/// A stream that tells its meter.
#[derive(Debug)]
pub(super) struct Metered {
    pub(super) stream: Stream,
    pub(super) meter: Arc<Meter>,
    /// Of HTTP/2, what is written.
    pub(super) frames: Option<Frames>,
}

impl Metered {
    fn written(&self, outcome: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Err(error)) = &outcome {
            self.meter.broke(error);
        }
        self.meter
            .is_stuck
            .store(outcome.is_pending(), Ordering::Relaxed);
        outcome
    }
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        poller: &mut Poller<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // A flood of interim answers is parsed within one turn: none of them may keep the deadline from being seen.
        if self.meter.is_flooded() {
            let message = "more than 1 MiB came before the answer";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, message)));
        }
        // So many frames fit into a read that the deadline must be looked at in between.
        if self.meter.in_turn.load(Ordering::Relaxed) >= MOST_IN_TURN {
            self.meter.in_turn.store(0, Ordering::Relaxed);
            poller.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(poller, buffer);
        let count = buffer.filled().len() - before;
        if count > 0 {
            self.meter.bytes_came(count);
        }
        match &outcome {
            Poll::Ready(Err(error)) => self.meter.broke(error),
            Poll::Ready(Ok(())) => {}
            Poll::Pending => self.meter.in_turn.store(0, Ordering::Relaxed),
        }
        outcome
    }
}

impl AsyncWrite for Metered {
    fn poll_write(
        mut self: Pin<&mut Self>,
        poller: &mut Poller<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(poller, bytes);
        if let (Poll::Ready(Ok(count)), Some(frames)) = (&outcome, &mut self.frames) {
            let of_body = frames.wrote(&bytes[..*count]);
            self.meter.body_sent.fetch_add(of_body, Ordering::Relaxed);
        }
        self.written(outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        poller: &mut Poller<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(poller, slices);
        if let (Poll::Ready(Ok(count)), Some(frames)) = (&outcome, &mut self.frames) {
            let of_body = frames.wrote_of(slices, *count);
            self.meter.body_sent.fetch_add(of_body, Ordering::Relaxed);
        }
        self.written(outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, poller: &mut Poller<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(poller)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, poller: &mut Poller<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(poller)
    }
}
