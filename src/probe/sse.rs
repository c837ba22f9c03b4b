//! `sse`: which events does it stream, and when does each of them come?

mod answer;
mod listen;
mod parser;
mod until;

use std::sync::OnceLock;

use hyper::header::{ACCEPT, CACHE_CONTROL};
use tokio::time::Instant;

use self::until::Until;
use super::exchange::{Prepared, tls_for};
use super::look::Look;
use super::request::keys::request_keys;
use super::request::{curl, payload, prepare};
use super::stream::{self, MOST_OF_ONE};
use super::{Context, Invalid, Least, Probe};
use crate::model::{Excerpt, KnownFact, Looked, Observation};
use crate::yaml::{NonZeroDuration, Size};

/// So often a stream may be connected again.
const MOST_RECONNECTS: u8 = 100;

request_keys! {
    /// Asks for a stream of server-sent events and listens to it. It is read as the HTML standard says
    /// (<https://html.spec.whatwg.org/multipage/server-sent-events.html>). Any method may ask, with any body: agents answer a
    /// POST with a stream. The request is that of `http`, with `accept: text/event-stream` and `cache-control: no-cache` where
    /// nothing else is written; redirects are not followed. An answer with another status than 200 ends in `sse.refused.STATUS`,
    /// and one of another type than `text/event-stream` in `sse.no_stream`, with `status`, `headers`, `hop` and the beginning of
    /// its body as evidence. An event has the time at which its last byte came; its `event` is `message` where it has no such
    /// field, as browsers have it. One without data is none, nor is one that the end of the stream cut off. All events together
    /// may have 40 MiB, and there may be 100000 of them, or the look ends in `sse.too_large`; what is kept is counted: an event
    /// as 128 bytes more than it has, and each value and each name in its JSON as 32. Silence ends nothing before the time that
    /// is given. `beside`, of a step that expects `isolation`, is what was sent and is no part of an event: comments, fields that
    /// nobody knows or that stand without data, what was cut off; it counts as events do. A stream that breaks is `sse.lost`; one
    /// that ends before `until` was met is `sse.closed`.
    pub struct Sse {
        /// What to listen for; all that is written must hold of one and the same event. Without it the stream is listened to
        /// until it ends, and one that never ends ends in `sse.timeout.event`.
        until: Option<Box<Until>>,
        /// How long it may take until that has come (without `until`: until the stream has ended), from the start of the look;
        /// then it ends in `sse.timeout.event`, and where there is no answer yet in the timeout of the phase it is in.
        /// Without it the whole budget.
        within: Option<NonZeroDuration>,
        /// Go on listening so long after `until` was met. What comes is an event like any other, and no fault; when the stream
        /// ends, nothing more can come.
        quiet: Option<NonZeroDuration>,
        /// When the stream ends or breaks before `until` was met (without `until`, whenever it does), connect again so often at
        /// most, 1 to 100, with the id of the last event that had one as `last-event-id`, after the time that the server's
        /// `retry` says, or 3s. The request is sent again as it was. From the end of a stream to the next request nobody waits:
        /// `first_event`, `max_gap` and `since_send` leave that time aside. An answer with status 204 means that the server wants
        /// no more of them; what else goes wrong on the way ends the look.
        #[serde(default)]
        reconnects: u8,
        /// A line, and the data of one event, may have so many bytes, or the look ends in `sse.too_large`. At most 16MiB.
        #[serde(default = "one_mebibyte")]
        max_event: Size,
        #[serde(skip)]
        prepared: OnceLock<Prepared>,
    }
}

fn one_mebibyte() -> Size {
    Size(1024 * 1024)
}

impl Sse {
    /// The request, made when first asked for.
    fn prepared(&self) -> Result<&Prepared, Invalid> {
        if let Some(known) = self.prepared.get() {
            return Ok(known);
        }
        self.check()?;
        let ours = [(ACCEPT, "text/event-stream"), (CACHE_CONTROL, "no-cache")];
        let made = prepare::prepare(&self.keys(), &ours)?;
        Ok(self.prepared.get_or_init(|| made))
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.until.as_ref().is_some_and(|until| until.is_empty()) {
            let why = "nothing is waited for; write `json`, `event` or `data`";
            return Err(Invalid::new("until", why));
        }
        if self.quiet.is_some() && self.until.is_none() {
            let why = "it begins when `until` is met; without `until` the stream is listened to until it ends";
            return Err(Invalid::new("quiet", why));
        }
        if self.reconnects > MOST_RECONNECTS {
            let why = format!("at most {MOST_RECONNECTS} times");
            return Err(Invalid::new("reconnects", why));
        }
        match self.max_event.0 {
            0 => Err(Invalid::new("max_event", "no event has 0 bytes")),
            most if most > MOST_OF_ONE as u64 => {
                let why = "an event may have 16MiB";
                Err(Invalid::new("max_event", why))
            }
            _ => Ok(()),
        }
    }

    /// The request as a line for a shell.
    fn line(&self, prepared: &Prepared, cookies: &[String], ctx: &Context) -> Excerpt {
        let (keys, mask) = (self.keys(), &ctx.shared.mask);
        curl::line(&keys, prepared, cookies, &["--no-buffer"], mask)
    }
}

impl Probe for Sse {
    const FACTS: &'static [KnownFact] = &[
        KnownFact::number("status"),
        KnownFact::HEADERS,
        KnownFact::EVENTS,
        KnownFact::list("sends"),
        KnownFact::duration("first_event"),
        KnownFact::duration("max_gap"),
        KnownFact::duration("listened"),
        KnownFact::truth("ended"),
        KnownFact::number("reconnects"),
        KnownFact::text("last_event_id"),
        KnownFact::text("version"),
        KnownFact::list("beside"),
        KnownFact::text("hop"),
        KnownFact::text("proxy"),
        KnownFact::text("remote_ip"),
        KnownFact::text("family"),
    ];

    fn prepare(&self) -> Result<(), Invalid> {
        self.prepared().map(|_| ())
    }

    fn resources(&self) -> Vec<String> {
        self.prepared().map(Prepared::resources).unwrap_or_default()
    }

    fn request(&self) -> String {
        self.keys().asked()
    }

    fn show(&self, ctx: &Context, seen: &mut Observation) {
        let has_line = seen.evidence.iter().any(|one| one.label == curl::LABEL);
        if !has_line && let Ok(prepared) = self.prepared() {
            seen.evidence.insert(0, self.line(prepared, &[], ctx));
        }
        stream::show(seen);
    }

    fn least(&self) -> Option<Least> {
        self.quiet.map(|quiet| Least {
            field: "quiet",
            time: quiet.get(),
            why: "it is listened so long after `until` was met".to_owned(),
        })
    }

    fn allowed(&self) -> Option<Least> {
        self.within.map(|within| Least {
            field: "within",
            time: within.get(),
            why: "what is waited for may take".to_owned(),
        })
    }

    fn unheard(&self) -> Option<&'static str> {
        (self.until.is_some() && self.quiet.is_none())
            .then_some("write `quiet: 2s` beside `until`, and it is listened so long after that")
    }

    async fn observe(&self, ctx: &Context) -> Looked {
        let prepared = self.prepared()?;
        for secret in &prepared.secrets {
            ctx.shared.mask.add(secret);
        }
        let filled = payload::filled(&self.keys(), prepared).await?;
        let security = tls_for(ctx, &filled).await?;
        let hasty = self.within.map(|within| Context {
            deadline: ctx.deadline.min(Instant::now() + within.get()),
            ..ctx.clone()
        });
        let mut look = Look::begin(hasty.as_ref().unwrap_or(ctx));
        listen::listen(self, &mut look, &filled, &security, ctx.deadline).await?;
        Ok(look.finish())
    }
}

#[cfg(test)]
mod tests;
