//! A conversation: what came, what was said, and how the connection ended.
//!
//! Whatever is waited for, the connection is read meanwhile, so that each event has the time at which it came.

mod end;
mod wait;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context as Poller, Poll};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::Bytes;

use self::end::{Answer, End, is_good};
use super::broken::fault;
use super::link::{Came, Link, Outgoing};
use crate::model::{FaultKind, WebSocketFault};
use crate::probe::hex::hex;
use crate::probe::look::Halt;
use crate::probe::stream::{Event, Heard, Said};

/// A conversation.
#[derive(Debug)]
pub(super) struct Talk {
    /// `None` while nothing is connected.
    link: Option<Link>,
    heard: Heard,
    /// How long the peer took to answer the handshake.
    took: Duration,
    /// When the connection ended: nothing was listened to since.
    until: Option<Instant>,
    /// So many events were gone past by those who waited for one.
    passed: usize,
    /// We have said something since one was waited for.
    has_spoken: bool,
    /// How the connection ended, once it has.
    end: Option<End>,
    /// The code of the close frame that we have sent: the peer's is waited for.
    closing: Option<u16>,
    /// The ping that is to be answered.
    pinged: Bytes,
    /// So many were sent, so that none is like another.
    pings: u64,
    ponged: Option<Instant>,
    /// So many bytes had come when the last ping was sent.
    came: u64,
    round_trips: Vec<Duration>,
    reconnects: u32,
    /// What comes beside the events is kept, too.
    is_searched: bool,
}

impl Talk {
    /// Begins now, over this connection, which took so long to be agreed on.
    pub(super) fn begin(link: Link, took: Duration, room: usize) -> Self {
        Self {
            link: Some(link),
            ..Self::unconnected(took, room)
        }
    }

    fn unconnected(took: Duration, room: usize) -> Self {
        Self {
            link: None,
            heard: Heard::since(Instant::now(), room),
            took,
            until: None,
            passed: 0,
            has_spoken: false,
            end: None,
            closing: None,
            pinged: Bytes::new(),
            pings: 0,
            ponged: None,
            came: 0,
            round_trips: Vec::new(),
            reconnects: 0,
            is_searched: false,
        }
    }

    /// Keeps what comes beside the events, if it is searched.
    pub(super) fn searched(self, is_searched: bool) -> Self {
        Self {
            is_searched,
            ..self
        }
    }

    /// What came so far.
    pub(super) const fn heard(&self) -> &Heard {
        &self.heard
    }

    /// Whether a new connection may take the place of the old one, which has ended.
    pub(super) async fn is_over(&mut self, ends: Instant) -> bool {
        self.settle(ends).await;
        self.end.is_some()
    }

    /// Goes on over a new connection.
    pub(super) fn go_on(&mut self, link: Link, took: Duration) {
        self.link = Some(link);
        self.took = took;
        self.end = None;
        self.closing = None;
        // What came over the old one is no answer of the new one.
        self.passed = self.heard.events().len();
        self.reconnects += 1;
        if let Some(interrupted) = self.until.take() {
            self.heard.reopened(interrupted, Instant::now());
        }
    }

    /// Sends a message, and begins to count from its end.
    pub(super) async fn send(&mut self, what: Outgoing, ends: Instant) -> Result<(), Halt> {
        self.write(what, ends, true).await
    }

    /// Writes something whole.
    async fn write(&mut self, what: Outgoing, ends: Instant, is_message: bool) -> Result<(), Halt> {
        let mut what = Some(what);
        let writing = poll_fn(|poller| {
            // What is here already came before it.
            self.turn(poller)?;
            if let Some(link) = self.link.as_mut().filter(|_| self.end.is_none()) {
                match link.poll_send(poller, &mut what) {
                    Poll::Ready(Ok(())) => {
                        if is_message {
                            self.heard.sent(Instant::now());
                            // No answer to the first thing we say came before it. To the second some may have.
                            if !std::mem::replace(&mut self.has_spoken, true) {
                                self.passed = self.heard.events().len();
                            }
                        }
                        return Poll::Ready(self.turn(poller));
                    }
                    Poll::Ready(Err(halt)) => {
                        // What the peer said before it stopped reading tells more.
                        self.turn(poller)?;
                        self.lose(halt)?;
                    }
                    Poll::Pending => {}
                }
            }
            match self.over() {
                Some(over) => Poll::Ready(Err(over)),
                None => Poll::Pending,
            }
        });
        let written = timeout_at(ends, writing).await;
        written.unwrap_or_else(|_| {
            let words = "the peer did not take what was to be sent within the budget";
            Err(fault(WebSocketFault::TimeoutSend, words))
        })
    }

    /// Reads what has come. Whatever breaks more than the connection is an error.
    fn turn(&mut self, poller: &mut Poller<'_>) -> Result<(), Halt> {
        while let Some(link) = &mut self.link {
            if let Some(end) = &mut self.end {
                if let End::Peer { answer, .. } = end
                    && *answer == Answer::Owed
                    && let Poll::Ready(written) = link.poll_flush(poller)
                {
                    *answer = written.map_or(Answer::Refused, |()| Answer::Written);
                }
                break;
            }
            let Poll::Ready(came) = link.poll_next(poller) else {
                link.nudge(poller);
                break;
            };
            let now = Instant::now();
            match came {
                Ok(Came::Event(data)) => self.hear(now, data)?,
                Ok(Came::Ping(payload)) => self.pass_by(&payload)?,
                Ok(Came::Pong(payload)) => {
                    if payload == self.pinged {
                        self.ponged.get_or_insert(now);
                    } else {
                        self.pass_by(&payload)?;
                    }
                }
                Ok(Came::Close { code, reason }) => self.end_by(match self.closing {
                    Some(ours) if code == ours || is_good(code) => End::Us(Some((code, reason))),
                    // It is no answer to ours: the two have crossed.
                    Some(_) => End::Peer {
                        code,
                        reason,
                        answer: Answer::Refused,
                    },
                    None => End::Peer {
                        code,
                        reason,
                        answer: Answer::Owed,
                    },
                }),
                Err(halt) => self.lose(halt)?,
            }
        }
        Ok(())
    }

    fn hear(&mut self, at: Instant, data: Said) -> Result<(), Halt> {
        let event = Event {
            data,
            ..Event::default()
        };
        let added = self.heard.add(at, event);
        added.map_err(|full| fault(WebSocketFault::TooLarge, full.why()))
    }

    /// What a control frame says is no event.
    fn pass_by(&mut self, payload: &[u8]) -> Result<(), Halt> {
        if !self.is_searched || payload.is_empty() {
            return Ok(());
        }
        let said = str::from_utf8(payload).map_or_else(|_| hex(payload), str::to_owned);
        let added = self.heard.add_beside(said);
        added.map_err(|full| fault(WebSocketFault::TooLarge, full.why()))
    }

    /// What came that is no event.
    pub(super) fn take_beside(&mut self) -> Vec<String> {
        self.heard.take_beside()
    }

    /// Remembers that the connection was lost; what is worse is an error.
    fn lose(&mut self, halt: Halt) -> Result<(), Halt> {
        match halt {
            Halt::Fault {
                kind: FaultKind::WebSocket(WebSocketFault::Lost),
                message,
                origin,
            } => {
                self.end_by(if self.closing.is_some() {
                    End::Us(None)
                } else {
                    End::Lost { message, origin }
                });
                Ok(())
            }
            worse => Err(worse),
        }
    }

    /// Reads until `done` finds something, the connection ends, or time is up: then nothing is found.
    async fn listen<T>(
        &mut self,
        until: Instant,
        mut done: impl FnMut(&mut Self) -> Option<T>,
    ) -> Result<Option<T>, Halt> {
        let listening = poll_fn(|poller| {
            self.turn(poller)?;
            let found = done(self);
            if found.is_some() || self.end.is_some() {
                return Poll::Ready(Ok(found));
            }
            Poll::Pending
        });
        timeout_at(until, listening).await.unwrap_or(Ok(None))
    }

    /// How many bytes came over this connection.
    fn came(&self) -> u64 {
        self.link.as_ref().map_or(0, Link::came)
    }

    /// Reads while something else is waited for.
    pub(super) async fn along<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Halt> {
        let mut work = pin!(work);
        poll_fn(|poller| {
            self.turn(poller)?;
            work.as_mut().poll(poller).map(Ok)
        })
        .await
    }
}
