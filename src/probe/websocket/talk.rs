//! A conversation: what came, what was said, and how the connection ended.
//!
//! Whatever is waited for, the connection is read meanwhile, so that each event has the time at which it came.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context as Poller, Poll};
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::broken::fault;
use super::link::{Came, Link, Outgoing};
use super::script::{Closing, Dropping, Pinging, Receiving, Silence};
use crate::model::{Data, FaultKind, Origin, Received, Value, WebSocketFault};
use crate::probe::look::Halt;
use crate::probe::stream::{Event, Heard, Said};

/// So long the peer is waited for when we have closed, or owe it the answer to its close.
const CLOSING: Duration = Duration::from_secs(2);

/// So long before the end of a wait the peer is pinged: a tenth of it, no more than this, and no less than it needs to answer.
const LAST: Duration = Duration::from_secs(1);

/// A conversation.
#[derive(Debug)]
pub(super) struct Talk {
    /// `None` while nothing is connected.
    link: Option<Link>,
    heard: Heard,
    /// How long the peer took to answer the handshake.
    took: Duration,
    /// When we have ended the connection: nothing was listened to since.
    until: Option<Instant>,
    /// So many events were gone past by those who waited for one.
    passed: usize,
    /// How the connection ended, once it has.
    end: Option<End>,
    /// We have sent a close frame, and wait for the peer's.
    is_closing: bool,
    /// The ping that is to be answered.
    pinged: Bytes,
    /// So many were sent, so that none is like another.
    pings: u64,
    ponged: Option<Instant>,
    /// Something came since the last ping.
    is_alive: bool,
    round_trips: Vec<Duration>,
    reconnects: u32,
}

/// How a connection ended.
#[derive(Debug)]
enum End {
    /// The peer sent a close frame; `is_answered` when ours is on its way.
    Peer {
        code: u16,
        reason: String,
        is_answered: bool,
    },
    /// We sent a close frame; what the peer sent, if it did.
    Us(Option<(u16, String)>),
    /// We dropped it.
    Dropped,
    /// It broke.
    Lost {
        message: String,
        origin: Option<Origin>,
    },
}

impl Talk {
    /// Begins now, over this connection, which took so long to be agreed on.
    pub(super) fn begin(link: Link, took: Duration) -> Self {
        Self {
            link: Some(link),
            heard: Heard::since(Instant::now()),
            took,
            until: None,
            passed: 0,
            end: None,
            is_closing: false,
            pinged: Bytes::new(),
            pings: 0,
            ponged: None,
            is_alive: false,
            round_trips: Vec::new(),
            reconnects: 0,
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
        self.until = None;
        self.end = None;
        self.is_closing = false;
        self.reconnects += 1;
        self.heard.reopened(Instant::now());
    }

    /// Sends a message, and begins to count from its end.
    pub(super) async fn send(&mut self, what: Outgoing, ends: Instant) -> Result<(), Halt> {
        self.write(what, ends, true).await
    }

    /// Writes something whole.
    async fn write(&mut self, what: Outgoing, ends: Instant, is_message: bool) -> Result<(), Halt> {
        let mut what = Some(what);
        let writing = poll_fn(|poller| {
            if let Some(link) = self.link.as_mut().filter(|_| self.end.is_none()) {
                match link.poll_send(poller, &mut what) {
                    Poll::Ready(Ok(())) => {
                        if is_message {
                            self.heard.sent(Instant::now());
                        }
                        return Poll::Ready(self.turn(poller));
                    }
                    Poll::Ready(Err(halt)) => {
                        // What the peer said before it stopped reading tells more.
                        self.turn(poller)?;
                        self.lose(halt)?;
                    }
                    Poll::Pending => self.turn(poller)?,
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
                if let End::Peer { is_answered, .. } = end {
                    *is_answered |= matches!(link.poll_flush(poller), Poll::Ready(Ok(())));
                }
                break;
            }
            let Poll::Ready(came) = link.poll_next(poller) else {
                link.nudge(poller);
                break;
            };
            let now = Instant::now();
            self.is_alive = true;
            match came {
                Ok(Came::Event(data)) => self.hear(now, data)?,
                Ok(Came::Ping) => {}
                Ok(Came::Pong(payload)) => {
                    if payload == self.pinged {
                        self.ponged.get_or_insert(now);
                    }
                }
                Ok(Came::Close { code, reason }) if self.is_closing => {
                    self.end = Some(End::Us(Some((code, reason))));
                }
                Ok(Came::Close { code, reason }) => {
                    self.end = Some(End::Peer {
                        code,
                        reason,
                        is_answered: false,
                    });
                }
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

    /// Remembers that the connection was lost; what is worse is an error.
    fn lose(&mut self, halt: Halt) -> Result<(), Halt> {
        match halt {
            Halt::Fault {
                kind: FaultKind::WebSocket(WebSocketFault::Lost),
                message,
                origin,
            } => {
                self.end.get_or_insert(if self.is_closing {
                    End::Us(None)
                } else {
                    End::Lost { message, origin }
                });
                Ok(())
            }
            worse => Err(worse),
        }
    }

    /// Why nothing can be said or awaited any more.
    fn over(&self) -> Option<Halt> {
        Some(match self.end.as_ref()? {
            End::Peer { code, reason, .. } => {
                let reason = match reason.as_str() {
                    "" => String::new(),
                    reason => format!(" (`{reason}`)"),
                };
                let message =
                    format!("the peer closed with {code}{reason} before the script was through");
                Halt::fault(FaultKind::WebSocketClosed(*code), message).by(Origin::CloseCode(*code))
            }
            End::Lost { message, origin } => {
                let halt = fault(WebSocketFault::Lost, message.as_str());
                match origin {
                    Some(origin) => halt.by(*origin),
                    None => halt,
                }
            }
            // A script that goes on after that does not load.
            End::Us(_) | End::Dropped => fault(
                WebSocketFault::Lost,
                "we have ended the connection ourselves",
            ),
        })
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

    /// Reads while something else is waited for.
    pub(super) async fn along<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Halt> {
        let mut work = pin!(work);
        poll_fn(|poller| {
            self.turn(poller)?;
            work.as_mut().poll(poller).map(Ok)
        })
        .await
    }

    /// Waits for an event that matches, or several. A silence is looked into before it ends: is the peer still there?
    pub(super) async fn receive(
        &mut self,
        wanted: &Receiving,
        budget: Instant,
    ) -> Result<(), Halt> {
        let started = Instant::now();
        let ends = wanted
            .within
            .map_or(budget, |within| budget.min(started + within.get()));
        let whole = ends.saturating_duration_since(started);
        let mut left = wanted.times;
        let mut pass = |talk: &mut Self| talk.pass(wanted, &mut left);
        let lead = LAST.min(whole / 10).max((self.took * 3).min(whole / 2));
        let before = ends.checked_sub(lead).unwrap_or(ends);
        if self.listen(before, &mut pass).await?.is_some() {
            return Ok(());
        }
        if self.end.is_none() {
            self.ping()?;
            if self.listen(ends, &mut pass).await?.is_some() {
                return Ok(());
            }
        }
        if let Some(over) = self.over() {
            return Err(over);
        }
        let came = match wanted.times - left {
            0 => "nothing that matches came".to_owned(),
            some => format!("{some} of {} that match came", wanted.times),
        };
        Err(if self.is_alive {
            let words = format!("{came} within {whole:.1?}; the peer answers");
            fault(WebSocketFault::TimeoutEvent, words)
        } else if lead < self.took * 2 {
            let words = format!(
                "{came} within {whole:.1?}, too short a time for the peer to answer a ping"
            );
            fault(WebSocketFault::TimeoutEvent, words)
        } else {
            let words = format!("{came} within {whole:.1?}, and the peer does not answer pings");
            fault(WebSocketFault::TimeoutPong, words)
        })
    }

    /// Goes past events up to the last that is wanted.
    fn pass(&mut self, wanted: &Receiving, left: &mut u32) -> Option<()> {
        while let Some(event) = self.heard.events().get(self.passed) {
            self.passed += 1;
            if matches(wanted, event) {
                *left -= 1;
                if *left == 0 {
                    return Some(());
                }
            }
        }
        None
    }

    /// Listens while nothing may come.
    pub(super) async fn receive_none(
        &mut self,
        silence: Silence,
        budget: Instant,
    ) -> Result<(), Halt> {
        let started = Instant::now();
        let ends = started + silence.time.get();
        let passed = self.passed;
        let came = self
            .listen(ends.min(budget), |talk| {
                talk.heard.events().get(passed).map(|_| ())
            })
            .await?;
        if came.is_some() {
            let after = started.elapsed();
            let words = format!(
                "an event came after {after:.0?}, and nothing was to come for {:?}",
                silence.time.get()
            );
            return Err(fault(WebSocketFault::Unexpected, words));
        }
        match &self.end {
            Some(End::Lost { .. }) => self.over().map_or(Ok(()), Err),
            None if ends > budget => {
                let words = "the budget ended before the silence that was to be listened to";
                Err(fault(WebSocketFault::TimeoutEvent, words))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Hands over a ping like no other.
    fn ping(&mut self) -> Result<(), Halt> {
        self.prepare_ping();
        let message = Message::Ping(self.pinged.clone());
        match &mut self.link {
            Some(link) => match link.hand_over(message) {
                Ok(()) => Ok(()),
                Err(halt) => self.lose(halt),
            },
            None => Ok(()),
        }
    }

    fn prepare_ping(&mut self) {
        self.pings += 1;
        self.pinged = Bytes::from(format!("allclear {}", self.pings));
        self.ponged = None;
        self.is_alive = false;
    }

    /// Pings, one after the other.
    pub(super) async fn ping_all(&mut self, how: Pinging, budget: Instant) -> Result<(), Halt> {
        for number in 0..how.times {
            let started = Instant::now();
            let ends = how
                .within
                .map_or(budget, |within| budget.min(started + within.get()));
            self.prepare_ping();
            let message = Outgoing::Message(Message::Ping(self.pinged.clone()));
            self.write(message, ends, false).await?;
            let sent = Instant::now();
            let ponged = self.listen(ends, |talk| talk.ponged).await?;
            match (ponged, self.over()) {
                (Some(at), _) => self.round_trips.push(at.saturating_duration_since(sent)),
                (None, Some(over)) => return Err(over),
                (None, None) => {
                    let waited = started.elapsed();
                    let words = format!(
                        "ping {} of {} was not answered within {waited:.1?}",
                        number + 1,
                        how.times
                    );
                    return Err(fault(WebSocketFault::TimeoutPong, words));
                }
            }
            let next = how.every.map(|every| started + every.0);
            if let Some(next) = next.filter(|_| number + 1 < how.times) {
                self.along(sleep_until(next.min(budget))).await?;
            }
        }
        Ok(())
    }

    /// Closes, and waits a bounded time for the peer to close, too. Where the connection has ended already there is nothing to do.
    pub(super) async fn close(&mut self, closing: &Closing, budget: Instant) -> Result<(), Halt> {
        let ends = budget.min(Instant::now() + CLOSING);
        // A close that is here already came before ours.
        self.listen(Instant::now(), |_| None::<()>).await?;
        if self.end.is_none() {
            let frame = CloseFrame {
                code: closing.code.into(),
                reason: closing.reason.as_str().into(),
            };
            self.is_closing = true;
            let message = Outgoing::Message(Message::Close(Some(frame)));
            match self.write(message, ends, false).await {
                // It did not take it, or has ended the connection meanwhile: there is nobody to wait for.
                Err(Halt::Fault {
                    kind:
                        FaultKind::WebSocket(WebSocketFault::TimeoutSend | WebSocketFault::Lost)
                        | FaultKind::WebSocketClosed(_),
                    ..
                }) => {}
                Err(worse) => return Err(worse),
                Ok(()) => {
                    self.listen(ends, |_| None::<()>).await?;
                }
            }
            self.end.get_or_insert(End::Us(None));
        }
        self.settle(ends).await;
        self.hang_up();
        Ok(())
    }

    /// Ends the connection without a close frame.
    pub(super) async fn drop(&mut self, how: Dropping) {
        if let Some(link) = self.hang_up().filter(|_| self.end.is_none()) {
            self.end = Some(End::Dropped);
            match how {
                Dropping::Fin => link.fin().await,
                Dropping::Rst => link.reset(),
            }
        }
    }

    /// Listens no more.
    fn hang_up(&mut self) -> Option<Link> {
        self.until.get_or_insert_with(Instant::now);
        self.link.take()
    }

    /// Writes what we owe a peer that has closed.
    async fn settle(&mut self, ends: Instant) {
        let ends = ends.min(Instant::now() + CLOSING);
        let answering = poll_fn(|poller| {
            let turned = self.turn(poller);
            match self.end {
                Some(End::Peer {
                    is_answered: false, ..
                }) if turned.is_ok() => Poll::Pending,
                _ => Poll::Ready(()),
            }
        });
        let _ = timeout_at(ends, answering).await;
    }

    /// What is to be told of it all.
    pub(super) fn facts(self) -> Vec<(&'static str, Value)> {
        let ended = matches!(self.end, Some(End::Peer { .. } | End::Lost { .. }));
        let until = self.until.unwrap_or_else(Instant::now);
        let mut facts = self.heard.facts(until, ended);
        let (by, said, is_clean) = match self.end {
            Some(End::Peer {
                code,
                reason,
                is_answered,
            }) => ("peer", Some((code, reason)), is_answered),
            Some(End::Us(said)) => {
                let is_clean = said.is_some();
                ("us", said, is_clean)
            }
            Some(End::Dropped | End::Lost { .. }) | None => ("nobody", None, false),
        };
        if let Some((code, reason)) = said {
            facts.push(("close_code", Value::int(code)));
            facts.push(("close_reason", Value::Text(reason)));
        }
        facts.push(("closed_by", Value::Text(by.to_owned())));
        facts.push(("closed_cleanly", Value::Bool(is_clean)));
        facts.push(("reconnects", Value::int(self.reconnects)));
        facts.push(("pings", Value::int(self.round_trips.len() as u64)));
        let mut sorted = self.round_trips;
        sorted.sort_unstable();
        for (name, percent) in [("ping_p50", 50), ("ping_p95", 95), ("ping_max", 100)] {
            let rank = (sorted.len() * percent).div_ceil(100);
            if let Some(time) = rank.checked_sub(1).and_then(|at| sorted.get(at)) {
                facts.push((name, Value::Duration(*time)));
            }
        }
        facts
    }
}

/// Whether an event is what is waited for.
fn matches(wanted: &Receiving, event: &Received) -> bool {
    let Receiving {
        json, text, binary, ..
    } = wanted;
    match &event.data {
        Data::Binary(..) => json.is_none() && text.is_none(),
        Data::Text(said, document) => {
            binary.is_none()
                && text.as_ref().is_none_or(|rule| rule.holds(said))
                && json
                    .as_ref()
                    .is_none_or(|rules| document.as_ref().is_some_and(|json| rules.hold(json)))
        }
    }
}
