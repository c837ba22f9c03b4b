//! Listening to a stream, over reconnections, until what is waited for has come or its time is over.

use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use hyper::header::{HeaderName, HeaderValue};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::parser::{self, Broken, Parser};
use super::{Sse, answer};
use crate::model::{FaultKind, HttpFault, Origin, Phase, SseFault, Stopped, Value};
use crate::probe::exchange::{Answer, Flow, Prepared, Security, ask};
use crate::probe::look::{Halt, Look, add_beside};
use crate::probe::stream::{Event, Full, Heard, Said, room};

/// How long to wait before connecting again where the server does not say: the standard leaves it open ("a few seconds"), and
/// this is what most browsers take.
const RETRY: Duration = Duration::from_secs(3);

/// Which event was the last, for a server that can go on after it.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Asks and listens. Whichever way it ends, what came is recorded. The deadline of the look is that of what is waited for;
/// `budget` is when all must be over.
pub(super) async fn listen(
    sse: &Sse,
    look: &mut Look<'_>,
    prepared: &Prepared,
    security: &Security,
    budget: Instant,
) -> Result<(), Stopped> {
    // The answer may change the jar: what was sent is known only now.
    let cookies = prepared.cookie_names(look.ctx);
    if !cookies.is_empty() {
        look.show(sse.line(prepared, &cookies, look.ctx));
    }
    let answer = ask(look, prepared, security).await?;
    let mut listening =
        Listening::begin(sse, room(look.ctx), answer.asked(), answer.began(), budget);
    if look.ctx.is_searched {
        listening.parser = listening.parser.keeping_all();
    }
    let outcome = listening.run(look, prepared, security, answer).await;
    let beside = listening.beside();
    let facts = listening.facts();
    if let Err(End::Stopped(mut stopped)) = outcome {
        if let Stopped::Fault(seen) = &mut stopped {
            add_beside(seen, beside);
            for (name, value) in facts {
                seen.facts.insert(name, value);
            }
        }
        return Err(stopped);
    }
    look.beside(beside);
    for (name, value) in facts {
        look.fact(name, value);
    }
    match outcome {
        Err(End::Halted(phase, halt)) => Err(look.stop(phase, halt)),
        _ => Ok(()),
    }
}

/// Why it did not end well.
enum End {
    /// Something stopped us in this phase, whose time is recorded.
    Halted(Phase, Halt),
    /// No connection could be made again.
    Stopped(Stopped),
}

impl End {
    fn of(fault: SseFault, message: impl Into<String>) -> Self {
        Self::Halted(Phase::Event, Halt::fault(FaultKind::Sse(fault), message))
    }
}

impl From<(Phase, Halt)> for End {
    fn from((phase, halt): (Phase, Halt)) -> Self {
        Self::Halted(phase, halt)
    }
}

/// How one stream ended.
enum Over {
    /// There is no need to listen any longer.
    Enough,
    /// Its end was reached.
    Ended,
    /// It broke.
    Lost(Phase, Halt),
}

/// What the end of a time means.
#[derive(Clone, Copy)]
enum Limit {
    /// Of the look.
    Budget,
    /// Of `within`.
    Within,
    /// Of `quiet`, and so all is well.
    Quiet,
}

struct Listening<'s> {
    sse: &'s Sse,
    heard: Heard,
    parser: Parser,
    /// When all must be over.
    budget: Instant,
    /// When what is waited for had come.
    met: Option<Instant>,
    /// A stream is open that may say something yet.
    is_open: bool,
    /// A stream was open.
    has_opened: bool,
    reconnects: u8,
}

impl<'s> Listening<'s> {
    /// To the answer of a request that was sent at `asked`, whose first byte came at `began`.
    fn begin(sse: &'s Sse, room: usize, asked: Instant, began: Instant, budget: Instant) -> Self {
        // One time for all: whoever connects again has not asked for anything new.
        let mut heard = Heard::since(began, room);
        heard.sent(asked);
        heard.awaited();
        Self {
            sse,
            heard,
            parser: Parser::new(usize::try_from(sse.max_event.0).unwrap_or(usize::MAX)),
            budget,
            met: None,
            is_open: false,
            has_opened: false,
            reconnects: 0,
        }
    }

    /// What came that is no event, what was left unfinished included: it is in memory already.
    fn beside(&mut self) -> Vec<String> {
        self.parser.give_up();
        let mut beside = self.heard.take_beside();
        beside.extend(self.parser.take_beside());
        beside
    }

    /// The facts of what came. Nothing comes any more. Where no stream was open nothing was listened to.
    fn facts(self) -> Vec<(&'static str, Value)> {
        if !self.has_opened {
            return vec![("events", Value::List(Vec::new()))];
        }
        let mut facts = self.heard.facts(Instant::now(), !self.is_open);
        facts.push(("reconnects", Value::int(self.reconnects)));
        let last = self.parser.last_id();
        if !last.is_empty() {
            facts.push(("last_event_id", Value::Text(last.to_owned())));
        }
        facts
    }

    /// Listens to the stream of this answer, and to those that come after it.
    async fn run(
        &mut self,
        look: &mut Look<'_>,
        prepared: &Prepared,
        security: &Security,
        mut answer: Answer,
    ) -> Result<(), End> {
        loop {
            let mut flow = answer::open(look, answer).await?;
            self.is_open = true;
            self.has_opened = true;
            self.parser.begin_again();
            let begun = Instant::now();
            let heard = self.hear(look, &mut flow).await;
            let phase = match &heard {
                Ok(Over::Lost(phase, _)) => *phase,
                _ => Phase::Event,
            };
            look.passed(phase, begun.elapsed());
            let over = heard?;
            if matches!(over, Over::Enough) {
                return Ok(());
            }
            self.is_open = false;
            let interrupted = Instant::now();
            match over {
                Over::Ended => {
                    look.beside(flow.take_trailers());
                    flow.keep(look.ctx).await;
                }
                _ => drop(flow),
            }
            // Who was told what it waited for has no reason to come again.
            let comes_again = self.met.is_none() && self.reconnects < self.sse.reconnects;
            match over {
                Over::Lost(phase, halt) if !(comes_again && is_of_the_connection(&halt)) => {
                    return Err(End::Halted(phase, halt));
                }
                _ if comes_again => {}
                _ => return self.closed("the stream ended"),
            }
            self.pause(look).await?;
            self.reconnects += 1;
            let again = self.again(prepared)?;
            answer = ask(look, &again, security).await.map_err(End::Stopped)?;
            self.heard.reopened(interrupted, answer.asked());
            if answer.status == StatusCode::NO_CONTENT {
                return self.closed("the server wants no more connections (204)");
            }
        }
    }

    /// Nothing more can come.
    fn closed(&self, how: &str) -> Result<(), End> {
        if self.sse.until.is_none() || self.met.is_some() {
            return Ok(());
        }
        let count = self.heard.events().len();
        let why = format!("{how} before what was waited for had come; events that came: {count}");
        Err(End::of(SseFault::Closed, why))
    }

    /// Listens to one stream.
    async fn hear(&mut self, look: &Look<'_>, flow: &mut Flow) -> Result<Over, End> {
        loop {
            let (until, limit) = self.limit(look);
            let came = timeout_at(until, flow.next()).await;
            let now = Instant::now();
            // What is there at once is handed over without a look at the clock.
            if came.is_err() || now >= until {
                return self.time_is_up(limit);
            }
            let bytes = match came {
                Ok(Ok(Some(bytes))) => bytes,
                Ok(Ok(None)) | Err(_) => return Ok(Over::Ended),
                Ok(Err(halt)) => return Ok(lost(halt)),
            };
            self.take(&bytes, now)?;
            if self.met.is_some() && self.sse.quiet.is_none() {
                return Ok(Over::Enough);
            }
        }
    }

    /// Until when is listened, and what it means when that time has come.
    fn limit(&self, look: &Look<'_>) -> (Instant, Limit) {
        let Some(met) = self.met else {
            let until = look.ctx.deadline;
            let is_within = until < self.budget;
            let limit = if is_within {
                Limit::Within
            } else {
                Limit::Budget
            };
            return (until, limit);
        };
        let quiet = self.sse.quiet.map(|quiet| met + quiet.get());
        let quiet = quiet.filter(|end| *end <= self.budget);
        quiet.map_or((self.budget, Limit::Budget), |end| (end, Limit::Quiet))
    }

    fn time_is_up(&self, limit: Limit) -> Result<Over, End> {
        let awaited = match (&self.sse.until, self.met) {
            (None, _) => "the stream had ended",
            (Some(_), None) => "what was waited for had come",
            (Some(_), Some(_)) => "it was listened as long as `quiet` says",
        };
        let time = match (limit, self.sse.within) {
            (Limit::Quiet, _) => return Ok(Over::Enough),
            (Limit::Within, Some(within)) => format!("{:?} passed", within.get()),
            (Limit::Within, None) | (Limit::Budget, _) => "the budget ended".to_owned(),
        };
        let count = self.heard.events().len();
        let why = format!("{time} before {awaited}; events that came: {count}");
        Err(End::of(SseFault::TimeoutEvent, why))
    }

    /// Takes bytes that came then.
    fn take(&mut self, bytes: &[u8], now: Instant) -> Result<(), End> {
        let mut rest = bytes;
        loop {
            let next = self.parser.next(&mut rest);
            for came in self.parser.take_beside() {
                self.heard.add_beside(came).map_err(full)?;
            }
            let Some(event) = next.map_err(|broken| self.broken(broken))? else {
                return Ok(());
            };
            let parser::Event { name, id, data } = event;
            let event = Event {
                name: Some(name),
                id,
                data: Said::Text(data),
            };
            let added = self.heard.add(now, event);
            added.map_err(full)?;
            if self.met.is_none()
                && let Some(until) = &self.sse.until
                && let Some(last) = self.heard.events().last()
                && until.is_met_by(last)
            {
                self.met = Some(now);
            }
        }
    }

    fn broken(&self, broken: Broken) -> End {
        let count = self.heard.events().len();
        match broken {
            Broken::TooLarge => {
                let most = self.sse.max_event.0;
                let why = format!(
                    "after {count} events came a line, or the data of one event, that has more than `max_event`, {most} bytes"
                );
                End::of(SseFault::TooLarge, why)
            }
            Broken::Utf8 => {
                let why = format!("after {count} events came a line that is no UTF-8");
                End::of(SseFault::Utf8, why)
            }
        }
    }

    /// Waits before another connection is made, if there is time for one.
    async fn pause(&self, look: &mut Look<'_>) -> Result<(), End> {
        let pause = self.parser.retry().unwrap_or(RETRY);
        let begun = Instant::now();
        let (until, _) = self.limit(look);
        let end = begun.checked_add(pause).filter(|end| *end < until);
        let Some(end) = end else {
            let why = format!(
                "the stream ended, and before the next connection {pause:?} are to pass, longer than there is time for"
            );
            return Err(End::of(SseFault::TimeoutEvent, why));
        };
        sleep_until(end).await;
        look.passed(Phase::Event, begun.elapsed());
        Ok(())
    }

    /// The request once more, to go on after the last event.
    fn again(&self, prepared: &Prepared) -> Result<Prepared, End> {
        let mut again = prepared.clone();
        let last = self.parser.last_id();
        if !last.is_empty() {
            let value = HeaderValue::from_bytes(last.as_bytes()).map_err(|_| {
                let why =
                    "the id of the last event holds a control character, and cannot be sent back";
                End::of(SseFault::Id, why)
            })?;
            Arc::make_mut(&mut again.headers).insert(LAST_EVENT_ID, value);
        }
        Ok(again)
    }
}

fn full(full: Full) -> End {
    End::of(SseFault::TooLarge, full.why())
}

/// What broke a stream: a fault of its own where it was the connection, else what the layer below says.
fn lost(halt: Halt) -> Over {
    match halt {
        Halt::Fault {
            kind: FaultKind::Http(HttpFault::ResetBody | HttpFault::ClosedBody) | FaultKind::Tcp(_),
            message,
            origin,
        } => {
            let kind = FaultKind::Sse(SseFault::Lost);
            let origin = origin.filter(|origin| matches!(origin, Origin::Errno(_)));
            let halt = Halt::Fault {
                kind,
                message,
                origin,
            };
            Over::Lost(Phase::Event, halt)
        }
        halt => Over::Lost(Phase::Body, halt),
    }
}

/// Whether another connection may be better: not when what came makes no sense.
fn is_of_the_connection(halt: &Halt) -> bool {
    let Halt::Fault { kind, .. } = halt else {
        return false;
    };
    matches!(
        kind,
        FaultKind::Sse(SseFault::Lost) | FaultKind::Http2Reset(_) | FaultKind::Http2Goaway(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Received;
    use crate::probe::stream::MOST_BYTES;
    use crate::probe::testing::read;

    const SECOND: Duration = Duration::from_secs(1);

    fn events(facts: &[(&'static str, Value)]) -> Vec<Value> {
        let events = facts.iter().find(|(name, _)| *name == "events");
        match events {
            Some((_, Value::List(events))) => events.clone(),
            _ => panic!("{facts:?}"),
        }
    }

    #[test]
    fn an_event_has_the_time_of_its_last_byte() {
        let sse: Sse = read("{ url: \"http://a\", until: { event: done } }");
        let asked = Instant::now();
        let at = |seconds: u32| asked + SECOND * seconds;
        let mut listening = Listening::begin(&sse, MOST_BYTES, asked, at(1), at(60));
        listening.has_opened = true;
        let first = b"data: 1\n\nevent: done\ndata: 2\n";
        assert!(listening.take(first, at(3)).is_ok());
        assert_eq!(listening.met, None);
        assert!(listening.take(b"\n", at(8)).is_ok());
        assert_eq!(listening.met, Some(at(8)));
        let facts = listening.facts();
        let events = events(&facts);
        let times: Vec<_> = events.iter().map(Received::at).collect();
        assert_eq!(times, [Some(SECOND * 2), Some(SECOND * 7)]);
        let since: Vec<_> = events.iter().map(Received::since_send).collect();
        assert_eq!(since, [Some(SECOND * 3), Some(SECOND * 8)]);
        for (name, seconds) in [("first_event", 3), ("max_gap", 5)] {
            let measured = Value::Duration(SECOND * seconds);
            assert!(facts.contains(&(name, measured)), "{name}: {facts:?}");
        }
    }

    #[test]
    fn quiet_begins_when_what_was_waited_for_has_come() {
        let sse: Sse = read("{ url: \"http://a\", until: { event: done }, quiet: 5s }");
        let asked = Instant::now();
        let at = |seconds: u32| asked + SECOND * seconds;
        let ctx = crate::probe::Context {
            deadline: at(30),
            ..crate::probe::Context::for_tests(SECOND)
        };
        let look = Look::begin(&ctx);
        let mut listening = Listening::begin(&sse, MOST_BYTES, asked, at(1), at(60));
        for (event, came, until) in [
            ("data: 1\n\n", 2, 30),
            ("event: done\ndata: 2\n\n", 3, 8),
            // What comes then takes nothing away, and adds nothing.
            ("event: done\ndata: 3\n\n", 7, 8),
        ] {
            assert!(listening.take(event.as_bytes(), at(came)).is_ok());
            assert_eq!(listening.limit(&look).0, at(until), "{event}");
        }
        assert!(matches!(listening.limit(&look).1, Limit::Quiet));
        assert_eq!(listening.heard.events().len(), 3);
    }
}
