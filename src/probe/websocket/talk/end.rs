//! How a connection ends, and what is to be told of it.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::{Link, Talk};
use crate::model::{FaultKind, Origin, Value, WebSocketFault};
use crate::probe::look::Halt;
use crate::probe::percentile::percentile;
use crate::probe::websocket::broken::fault;
use crate::probe::websocket::link::Outgoing;
use crate::probe::websocket::script::{Closing, Dropping};

/// So long the peer is waited for when we have closed, or owe it the answer to its close.
const CLOSING: Duration = Duration::from_secs(2);

/// What became of our answer to the close of the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// It is to be written.
    Owed,
    Written,
    /// It cannot be written any more.
    Refused,
}

/// How a connection ended.
#[derive(Debug)]
pub(super) enum End {
    /// The peer sent a close frame.
    Peer {
        code: u16,
        reason: String,
        answer: Answer,
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

/// Whether a peer that closes with this code has done its work: normal, going away, or without a code (RFC 6455 §7.4.1).
pub(super) const fn is_good(code: u16) -> bool {
    matches!(code, 1000 | 1001 | 1005)
}

impl Talk {
    /// Why nothing can be said or awaited any more.
    pub(super) fn over(&self) -> Option<Halt> {
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

    /// Closes, and waits a bounded time for the peer to close, too.
    /// Where the connection has ended already there is nothing to do.
    pub(in crate::probe::websocket) async fn close(
        &mut self,
        closing: &Closing,
        budget: Instant,
    ) -> Result<(), Halt> {
        let ends = budget.min(Instant::now() + CLOSING);
        // A close that is here already came before ours.
        self.listen(Instant::now(), |_| None::<()>).await?;
        if self.end.is_none() {
            let frame = CloseFrame {
                code: closing.code.into(),
                reason: closing.reason.as_str().into(),
            };
            self.closing = Some(closing.code);
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
            self.end_by(End::Us(None));
        }
        self.settle(ends).await;
        self.hang_up();
        Ok(())
    }

    /// Ends the connection without a close frame.
    pub(in crate::probe::websocket) async fn drop(&mut self, how: Dropping) {
        if let Some(link) = self.hang_up().filter(|_| self.end.is_none()) {
            self.end_by(End::Dropped);
            match how {
                Dropping::Fin => link.fin().await,
                Dropping::Rst => link.reset(),
            }
        }
    }

    /// The connection has ended, unless it had already.
    pub(super) fn end_by(&mut self, end: End) {
        self.until.get_or_insert_with(Instant::now);
        self.end.get_or_insert(end);
    }

    /// Listens no more.
    fn hang_up(&mut self) -> Option<Link> {
        self.until.get_or_insert_with(Instant::now);
        self.link.take()
    }

    /// Writes what we owe a peer that has closed.
    pub(super) async fn settle(&mut self, ends: Instant) {
        let ends = ends.min(Instant::now() + CLOSING);
        let answering = poll_fn(|poller| {
            let turned = self.turn(poller);
            match self.end {
                Some(End::Peer {
                    answer: Answer::Owed,
                    ..
                }) if turned.is_ok() => Poll::Pending,
                _ => Poll::Ready(()),
            }
        });
        let _ = timeout_at(ends, answering).await;
    }

    /// What is to be told of it all.
    pub(in crate::probe::websocket) fn facts(self) -> Vec<(&'static str, Value)> {
        let ended = matches!(self.end, Some(End::Peer { code, .. }) if is_good(code));
        let until = self.until.unwrap_or_else(Instant::now);
        let mut facts = self.heard.facts(until, ended);
        let (by, said, is_clean) = match self.end {
            Some(End::Peer {
                code,
                reason,
                answer,
            }) => ("peer", Some((code, reason)), answer == Answer::Written),
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
            if let Some(time) = percentile(&sorted, sorted.len(), percent) {
                facts.push((name, Value::Duration(time)));
            }
        }
        facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::stream::{Event, MOST_BYTES, Said};

    fn fact(facts: &[(&'static str, Value)], name: &str) -> Option<Value> {
        let fact = facts.iter().find(|(known, _)| *known == name);
        fact.map(|(_, value)| value.clone())
    }

    #[tokio::test(start_paused = true)]
    async fn once_it_has_ended_nothing_is_listened_to() {
        let second = Duration::from_secs(1);
        let mut talk = Talk::unconnected(second, MOST_BYTES);
        tokio::time::advance(second).await;
        let event = Event {
            data: Said::Text("hi".to_owned()),
            ..Event::default()
        };
        talk.heard.add(Instant::now(), event).unwrap();
        tokio::time::advance(second).await;
        talk.drop(Dropping::Fin).await;
        tokio::time::advance(second * 60).await;
        let facts = talk.facts();
        assert_eq!(fact(&facts, "listened"), Some(Value::Duration(second * 2)));
        assert_eq!(fact(&facts, "ended"), Some(Value::Bool(false)));
        // Nor when it was the peer.
        let mut talk = Talk::unconnected(second, MOST_BYTES);
        talk.end_by(End::Peer {
            code: 1000,
            reason: String::new(),
            answer: Answer::Written,
        });
        tokio::time::advance(second * 60).await;
        // What we do then changes nothing.
        talk.end_by(End::Dropped);
        let facts = talk.facts();
        assert_eq!(
            fact(&facts, "listened"),
            Some(Value::Duration(Duration::ZERO))
        );
        assert_eq!(fact(&facts, "ended"), Some(Value::Bool(true)));
    }
}
