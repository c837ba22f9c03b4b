//! An open connection: frames in, frames out, as far as they go now. Nothing here waits.

use std::pin::Pin;
use std::task::{Context as Poller, Poll, ready};

use futures_util::{Sink, Stream as _};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::broken::{fault, halt_of, halt_of_io};
use super::watched::Watched;
use crate::model::WebSocketFault;
use crate::probe::exchange::Switched;
use crate::probe::look::Halt;
use crate::probe::stream::Said;

/// So much is read at once. The usual 128 KiB, of which most sessions need nothing, would be the largest part of an idle one.
const READ: usize = 4 * 1024;

/// A message of ours has so many bytes at most.
pub(super) const MOST_SENT: usize = 16 * 1024 * 1024;

/// Room for answers to pings, beside a message of ours. A peer that pings and never reads gets no more.
const ANSWERS: usize = 64 * 1024;

/// A close frame without a code stands for this one (RFC 6455 §7.1.5).
const NO_CODE: u16 = 1005;

/// An open connection.
#[derive(Debug)]
pub(super) struct Link {
    socket: WebSocketStream<Watched>,
    /// Bytes that are no frame of ours, and how many of them are written.
    raw: Option<(Vec<u8>, usize)>,
    /// Something was handed over that may not be written yet.
    is_unwritten: bool,
}

/// What came.
#[derive(Debug)]
pub(super) enum Came {
    Event(Said),
    Ping(Bytes),
    Pong(Bytes),
    /// A close frame.
    Close {
        code: u16,
        reason: String,
    },
}

/// What is to be sent.
#[derive(Debug)]
pub(super) enum Outgoing {
    Message(Message),
    /// On the wire as it is.
    Raw(Vec<u8>),
}

impl Link {
    /// Speaks frames over a connection that has switched. A message may have so many bytes.
    pub(super) async fn new(switched: Switched, most: usize) -> Self {
        let Switched { stream, early, .. } = switched;
        let watched = Watched::new(stream, &early);
        let config = WebSocketConfig::default()
            .read_buffer_size(READ)
            .write_buffer_size(0)
            .max_write_buffer_size(MOST_SENT + ANSWERS)
            .max_message_size(Some(most))
            .max_frame_size(Some(most));
        let early = early.to_vec();
        let socket =
            WebSocketStream::from_partially_read(watched, early, Role::Client, Some(config)).await;
        Self {
            socket,
            raw: None,
            is_unwritten: false,
        }
    }

    /// The next that came. Pings are answered on the way.
    pub(super) fn poll_next(&mut self, poller: &mut Poller<'_>) -> Poll<Result<Came, Halt>> {
        // An answer to a ping must not fall into the middle of what is no frame.
        if self.raw.as_ref().is_some_and(|(_, written)| *written > 0) {
            return Poll::Pending;
        }
        loop {
            let came = ready!(Pin::new(&mut self.socket).poll_next(poller));
            let message = match came {
                Some(Ok(message)) => message,
                Some(Err(error)) => return Poll::Ready(Err(halt_of(&error))),
                None => {
                    let ended = tokio_tungstenite::tungstenite::Error::ConnectionClosed;
                    return Poll::Ready(Err(halt_of(&ended)));
                }
            };
            return Poll::Ready(Ok(match message {
                Message::Text(text) => Came::Event(Said::Text(text.as_str().to_owned())),
                Message::Binary(bytes) => Came::Event(Said::Binary(bytes.to_vec())),
                Message::Ping(payload) => {
                    self.is_unwritten = true;
                    Came::Ping(payload)
                }
                Message::Pong(payload) => Came::Pong(payload),
                Message::Close(_) => return Poll::Ready(self.closed()),
                // Only ever written.
                Message::Frame(_) => continue,
            }));
        }
    }

    /// How many bytes came, of whatever: also in the middle of a message, where no pong may stand (RFC 6455 §5.4).
    pub(super) fn came(&self) -> u64 {
        self.socket.get_ref().came()
    }

    fn closed(&mut self) -> Result<Came, Halt> {
        self.is_unwritten = true;
        match self.socket.get_ref().close() {
            None => Ok(Came::Close {
                code: NO_CODE,
                reason: String::new(),
            }),
            Some((code, reason)) if may_be_sent(code) => Ok(Came::Close { code, reason }),
            Some((code, _)) => {
                let message = format!("a close frame has the code {code}, which is never sent");
                Err(fault(WebSocketFault::Protocol, message))
            }
        }
    }

    /// Writes what was handed over, as far as it is taken.
    pub(super) fn poll_flush(&mut self, poller: &mut Poller<'_>) -> Poll<Result<(), Halt>> {
        let flushed = ready!(Pin::new(&mut self.socket).poll_flush(poller));
        self.is_unwritten = false;
        Poll::Ready(flushed.map_err(|error| halt_of(&error)))
    }

    /// Writes what is left of answers to pings. That it cannot be written is told by who reads.
    pub(super) fn nudge(&mut self, poller: &mut Poller<'_>) {
        if self.is_unwritten {
            let _ = self.poll_flush(poller);
        }
    }

    /// Writes a message whole; it is taken when it begins to be written.
    pub(super) fn poll_send(
        &mut self,
        poller: &mut Poller<'_>,
        what: &mut Option<Outgoing>,
    ) -> Poll<Result<(), Halt>> {
        if self.raw.is_none() {
            ready!(self.poll_flush(poller))?;
            match what.take() {
                Some(Outgoing::Message(message)) => self.hand_over(message)?,
                Some(Outgoing::Raw(bytes)) => self.raw = Some((bytes, 0)),
                None => {}
            }
        }
        ready!(self.poll_raw(poller))?;
        self.poll_flush(poller)
    }

    /// Hands over a message, to be written by whoever polls next.
    pub(super) fn hand_over(&mut self, message: Message) -> Result<(), Halt> {
        self.is_unwritten = true;
        let taken = Pin::new(&mut self.socket).start_send(message);
        taken.map_err(|error| halt_of(&error))
    }

    fn poll_raw(&mut self, poller: &mut Poller<'_>) -> Poll<Result<(), Halt>> {
        let stream = self.socket.get_mut();
        if let Some((bytes, written)) = &mut self.raw {
            while *written < bytes.len() {
                let stream = Pin::new(&mut *stream);
                match ready!(stream.poll_write(poller, &bytes[*written..])) {
                    Ok(count) => *written += count,
                    Err(error) => return Poll::Ready(Err(halt_of_io(&error))),
                }
            }
            self.raw = None;
        }
        Poll::Ready(Ok(()))
    }

    /// Ends the connection without a close frame: FIN.
    pub(super) async fn fin(mut self) {
        if let Some(tcp) = self.socket.get_mut().below().tcp() {
            let _ = tcp.shutdown().await;
        }
    }

    /// Ends the connection without a close frame: RST.
    pub(super) fn reset(mut self) {
        if let Some(tcp) = self.socket.get_mut().below().tcp() {
            let _ = tcp.set_zero_linger();
        }
    }
}

/// Whether a code may stand in a close frame (RFC 6455 §7.4; 1012 to 1014 from IANA's registry).
/// Those that nobody has a meaning for yet may.
pub(super) const fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=4999) && !matches!(code, 1004..=1006 | 1015)
}
