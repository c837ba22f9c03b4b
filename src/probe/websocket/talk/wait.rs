//! Waiting for events, for silence, and for answers to pings.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::Talk;
use super::end::{End, is_good};
use crate::model::{Data, Received, WebSocketFault};
use crate::probe::look::Halt;
use crate::probe::websocket::broken::fault;
use crate::probe::websocket::link::Outgoing;
use crate::probe::websocket::script::{Pinging, Receiving, Silence};

/// How long before the end of a wait the peer is pinged: a tenth of it, and no less and no more than this.
const LEAST: Duration = Duration::from_millis(250);
const MOST: Duration = Duration::from_secs(1);

impl Talk {
    /// Waits for an event that matches, or several. A silence is looked into before it ends: is the peer still there?
    pub(in crate::probe::websocket) async fn receive(
        &mut self,
        wanted: &Receiving,
        budget: Instant,
    ) -> Result<(), Halt> {
        self.has_spoken = false;
        self.heard.awaited();
        let started = Instant::now();
        let ends = wanted
            .within
            .map_or(budget, |within| budget.min(started + within.get()));
        let whole = ends.saturating_duration_since(started);
        let mut left = wanted.times;
        let mut pass = |talk: &mut Self| talk.pass(wanted, &mut left);
        let lead = lead(whole, self.took);
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
        Err(if self.came() > self.came {
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
    pub(in crate::probe::websocket) async fn receive_none(
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
            // An end by an error is no silence.
            Some(End::Peer { code, .. }) if !is_good(*code) => self.over().map_or(Ok(()), Err),
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
        self.came = self.came();
    }

    /// Pings, one after the other.
    pub(in crate::probe::websocket) async fn ping_all(
        &mut self,
        how: Pinging,
        budget: Instant,
    ) -> Result<(), Halt> {
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
}

/// How long before the end of a wait the peer is pinged; longer where the handshake has shown that it needs longer, but half of
/// the time is waited for what is wanted alone.
fn lead(whole: Duration, took: Duration) -> Duration {
    let usual = (whole / 10).clamp(LEAST, MOST);
    usual.max(took * 3).min(whole / 2)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_has_time_to_answer_the_last_ping() {
        for (whole, took, expected) in [
            (60_000, 50, 1000),
            (5000, 50, 500),
            (1000, 50, 250),
            (5000, 400, 1200),
            (200, 50, 100),
        ] {
            let ms = Duration::from_millis;
            assert_eq!(lead(ms(whole), ms(took)), ms(expected), "{whole} {took}");
        }
    }
}
