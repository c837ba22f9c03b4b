//! A script from its first entry to its last.

use serde_json::Value as Json;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_tungstenite::tungstenite::Message;

use super::link::{Link, MOST_SENT, Outgoing};
use super::script::{Closing, Entry, Reconnecting, Sending};
use super::talk::Talk;
use super::{WebSocket, broken, handshake, order};
use crate::check::to_json;
use crate::model::{Phase, ProbeError, Stopped, Unable, Value, WebSocketFault};
use crate::probe::exchange::{Security, Switched};
use crate::probe::look::{Halt, Look, add_beside, just_before};
use crate::probe::pairs::Pairs;
use crate::probe::stream::room;
use crate::probe::{Context, Invalid, json};

/// How a connection is closed when the script does not say it.
const NORMAL: Closing = Closing {
    code: 1000,
    reason: String::new(),
};

/// A script under way.
struct Performance<'p, 'l, 'c> {
    probe: &'p WebSocket,
    security: &'p Security,
    look: &'l mut Look<'c>,
    talk: Talk,
    /// When everything must be over, a moment before the deadline: who stops is to say why.
    ends: Instant,
    /// Since when no other phase has its time.
    since: Instant,
}

/// Why a script stopped.
enum Ended {
    /// In the phase `event`.
    Halt(Halt),
    /// Before the connection was open again.
    Stopped(Stopped),
}

impl From<Halt> for Ended {
    fn from(halt: Halt) -> Self {
        Self::Halt(halt)
    }
}

/// Plays the script of a probe over a connection that is open, and records what came of it.
pub(super) async fn perform(
    probe: &WebSocket,
    security: &Security,
    look: &mut Look<'_>,
    switched: Switched,
) -> Result<(), Stopped> {
    let took = switched.took;
    let link = Link::new(switched, probe.most()).await;
    let ends = just_before(look.ctx.deadline);
    let room = room(look.ctx);
    let is_searched = look.ctx.is_searched;
    let mut performance = Performance {
        probe,
        security,
        look,
        talk: Talk::begin(link, took, room).searched(is_searched),
        ends,
        since: Instant::now(),
    };
    let played = performance.play().await;
    let Performance {
        look,
        mut talk,
        since,
        ..
    } = performance;
    let beside = talk.take_beside();
    let facts = talk.facts();
    match played {
        Err(Ended::Stopped(Stopped::Fault(mut seen))) => {
            add_beside(&mut seen, beside);
            for (name, value) in facts {
                seen.facts.insert(name, value);
            }
            Err(Stopped::Fault(seen))
        }
        Err(Ended::Stopped(unable)) => Err(unable),
        other => {
            look.passed(Phase::Event, since.elapsed());
            look.beside(beside);
            for (name, value) in facts {
                look.fact(name, value);
            }
            match other {
                Err(Ended::Halt(halt)) => Err(look.stop(Phase::Event, halt)),
                _ => Ok(()),
            }
        }
    }
}

impl Performance<'_, '_, '_> {
    async fn play(&mut self) -> Result<(), Ended> {
        for entry in self.probe.script() {
            self.enact(entry).await?;
        }
        Ok(self.talk.close(&NORMAL, self.ends).await?)
    }

    async fn enact(&mut self, entry: &Entry) -> Result<(), Ended> {
        let ends = self.ends;
        match entry {
            Entry::Send(sending) => {
                let what = self.outgoing(sending)?;
                self.talk.send(what, ends).await?;
            }
            Entry::Receive(wanted) => self.talk.receive(wanted, ends).await?,
            Entry::ReceiveNone(silence) => self.talk.receive_none(*silence, ends).await?,
            Entry::Ping(how) => self.talk.ping_all(*how, ends).await?,
            Entry::WaitFor(name) => self.wait_for(name).await?,
            Entry::Drop(how) => self.talk.drop(*how).await,
            Entry::Reconnect(how) => Box::pin(self.reconnect(how)).await?,
            Entry::Close(closing) => self.talk.close(closing, ends).await?,
        }
        Ok(())
    }

    fn outgoing(&self, sending: &Sending) -> Result<Outgoing, Halt> {
        let message = if let Some(text) = &sending.text {
            Message::text(text.clone())
        } else if let Some(document) = &sending.json {
            let mut json = json::from_yaml(&document.0).map_err(ours)?;
            if let Some(Pairs(with)) = &sending.with {
                let mut members = order::object(json).map_err(ours)?;
                for (name, path) in with {
                    members.insert(name.clone(), to_json(&self.told(path)?));
                }
                json = Json::Object(members);
            }
            Message::text(json.to_string())
        } else if let Some(binary) = &sending.binary {
            Message::binary(order::from_base64(binary).map_err(ours)?)
        } else {
            let raw = sending.raw.as_deref().unwrap_or_default();
            return order::from_hex(raw).map(Outgoing::Raw).map_err(ours);
        };
        if message.len() > MOST_SENT {
            return Err(ours(order::too_long()));
        }
        Ok(Outgoing::Message(message))
    }

    /// What the last event has there, of those that have something there. That none has is what the peer did not say.
    fn told(&self, path: &str) -> Result<Value, Halt> {
        let parsed = order::path(path).map_err(ours)?;
        self.talk
            .heard()
            .last_with(|json| {
                let found = parsed.find(json, &std::cell::OnceCell::new())?;
                Some(found.into_owned())
            })
            .ok_or_else(|| missing(format!("no event has `{path}`, which was to be sent next")))
    }

    async fn wait_for(&mut self, name: &str) -> Result<(), Ended> {
        let unable = |why: String| Ended::Halt(Halt::unable(Unable::Barrier, why));
        let Some(barriers) = self.look.ctx.barriers.clone() else {
            return Err(unable(format!(
                "nobody else comes to the barrier `{name}`: the test has no `actors`"
            )));
        };
        let waiting = self.talk.along(barriers.wait(name));
        match timeout_at(self.ends, waiting).await {
            Ok(came) => came?.map_err(|_| {
                unable(format!(
                    "another actor ended before it came to the barrier `{name}`"
                ))
            }),
            Err(_) => Err(unable(format!(
                "the budget ended before all others came to the barrier `{name}`"
            ))),
        }
    }

    async fn reconnect(&mut self, how: &Reconnecting) -> Result<(), Ended> {
        if !self.talk.is_over(self.ends).await {
            let words = "the peer was to close before the connection is opened again, and did not";
            return Err(broken::fault(WebSocketFault::TimeoutEvent, words).into());
        }
        let query = self.filled(how.query.as_ref())?;
        let headers = self.filled(how.headers.as_ref())?;
        let prepared = self.probe.asking(&query, &headers);
        // That it can be asked with other values was seen before.
        let prepared = prepared.map_err(|Invalid { message, .. }| {
            missing(format!("what an event has cannot be sent: {message}"))
        })?;
        if let Some(after) = how.after {
            let wakes = Instant::now() + after.0;
            sleep_until(wakes.min(self.ends)).await;
        }
        self.look.passed(Phase::Event, self.since.elapsed());
        let offered = &self.probe.subprotocols;
        // Whichever phase takes too long says so itself.
        let budget = self.look.ctx.deadline;
        let hasty = Context {
            deadline: how
                .within
                .map_or(budget, |within| budget.min(Instant::now() + within.get())),
            ..self.look.ctx.clone()
        };
        let mut part = self.look.lend(&hasty);
        let opened = handshake::open(&mut part, &prepared, offered, self.security).await;
        self.look.resume(part);
        self.since = Instant::now();
        let switched = opened.map_err(Ended::Stopped)?;
        let took = switched.took;
        let link = Link::new(switched, self.probe.most()).await;
        self.talk.go_on(link, took);
        Ok(())
    }

    /// Names with what their paths find.
    fn filled(&self, paths: Option<&Pairs>) -> Result<Pairs, Halt> {
        let pairs = paths.iter().flat_map(|Pairs(pairs)| pairs);
        let filled: Result<Vec<_>, Halt> = pairs
            .map(|(name, path)| Ok((name.clone(), text_of(path, self.told(path)?)?)))
            .collect();
        Ok(Pairs(filled?))
    }
}

/// A mistake of the script.
fn ours(why: String) -> Halt {
    Halt::unable(Unable::Value, why)
}

/// The peer has not said what was to be sent next.
fn missing(why: impl Into<String>) -> Halt {
    broken::fault(WebSocketFault::Missing, why)
}

/// One value as text.
fn text_of(path: &str, value: Value) -> Result<String, Halt> {
    match value {
        Value::Text(text) | Value::Untyped(text) => Ok(text),
        Value::Bool(truth) => Ok(truth.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        other => Err(missing(format!(
            "the last event that has `{path}` has {} there, which is no one value",
            other.type_name()
        ))),
    }
}

impl From<ProbeError> for Ended {
    fn from(error: ProbeError) -> Self {
        Self::Halt(Halt::Unable(error))
    }
}
