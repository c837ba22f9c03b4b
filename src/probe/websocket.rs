//! `websocket`: a conversation over a WebSocket, from the handshake to the close frame.

mod broken;
mod handshake;
mod link;
mod order;
mod perform;
mod script;
mod talk;
#[cfg(test)]
mod tests;
mod watched;

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::sync::OnceLock;

use hyper::header::{HeaderName, ORIGIN};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;

use self::script::Entry;
use super::exchange::{Prepared, Scheme, Spoken, parse_as, tls_for, without_userinfo};
use super::look::Look;
use super::net::ClientCertificate;
use super::pairs::Pairs;
use super::request::keys::{Auth, Keys};
use super::request::prepare;
use super::stream::{self, MOST_OF_ONE};
use super::{Context, Invalid, Least, Probe};
use crate::model::{KnownFact, Looked, Observation, ProbeError, Unable};
use crate::yaml::{Size, visible};

/// Opens a WebSocket (RFC 6455), plays a script over it, and records everything that comes, each event with its time. The
/// handshake is a request of HTTP/1.1 like one of `http`, with the cookies of the attempt; extensions are not offered, so nothing
/// is compressed. An answer other than 101 ends the look in `websocket.refused.STATUS`, with `status`, `headers`, `hop` (as
/// `http` has it) and what the body says.
///
/// The connection is read from its first moment to its last, whatever the script does meanwhile: `at` of an event is counted from
/// the open connection, `since_send` from the end of the last `send` before it, and silence never ends a look before its time.
/// Pings are answered. Fragments are put together. A message may have `max_message`, all together 40 MiB and 100000 events, or
/// the look ends in `websocket.too_large`; what is kept is counted: an event as 128 bytes more than it has, and each value and
/// each name in its JSON as 32.
///
/// A script is an order to look, and a look ends where it cannot go on: what was waited for does not come
/// (`websocket.timeout.event`), something comes where nothing was to come (`websocket.unexpected`), the peer has closed
/// (`websocket.closed.CODE`) or vanished (`websocket.lost`) while there is still something to be said or awaited. Nor can it send
/// what no event has (`websocket.missing`). A peer that closes when nothing is awaited any more, or during a `receive_none`, is
/// no fault. A `receive` that stays in vain pings the peer before its time is up, by a tenth of it, from 250 ms to one second, or
/// by more where the handshake has shown that it needs more: a peer that does not answer ends the look in
/// `websocket.timeout.pong` instead. Events that no `receive` has gone past count as come, also for `receive_none`.
///
/// At the end of the script the connection is closed with `1000`, and the peer waited for two seconds at most; one that does not
/// close is `closed_cleanly: false` and no fault. `closed_by` is `peer`, `us`, or `nobody` where no close frame came or went;
/// `close_code` and `close_reason` are the peer's, 1005 where it gave none. `ended` says whether the peer ended the stream, and
/// by no error: 1000, 1001 or 1005. `pings` counts those of the script that were answered. `sends` lists what was sent: `at`,
/// from the open connection, and `awaited`, whether a `receive` came before the next `send`. `first_event` is the longest time
/// from a `send` to the first event after it, whatever that is and where one came (the rule `first` of `events` is stricter),
/// `max_gap` the longest silence between events after a `send`; in these and in `since_send` the time between two connections is
/// left aside, the handshake that ends it included. `beside`, of a step that expects `isolation`, is what the peer's pings and
/// pongs say, and what its handshake says beside its headers; it counts as events do.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebSocket {
    /// A `ws` or `wss` URL. A user and password in it become basic authentication.
    url: String,
    /// Headers; one of ours (`host`, `user-agent`, `accept`) is replaced. Those of the handshake itself cannot be written.
    #[serde(default)]
    headers: Pairs,
    /// Added to the query of the URL, form-encoded.
    query: Option<Pairs>,
    /// Credentials.
    auth: Option<Box<Auth>>,
    /// Subprotocols to offer, the best first (`sec-websocket-protocol`). One of them must be chosen.
    #[serde(default)]
    subprotocols: Vec<String>,
    /// From which site the page is that opens the connection, as a browser says it: the header `origin`.
    origin: Option<String>,
    /// What is said and awaited, one after the other. Without it the connection is opened and closed.
    script: Option<Vec<Entry>>,
    /// A message may have so many bytes, 1B to 16MiB, or the look ends in `websocket.too_large`.
    #[serde(default = "one_mebibyte")]
    max_message: Size,
    /// The URL of an `http` or `https` proxy, instead of the environment's; `none` for no proxy at all. A user and password in it
    /// become its basic authentication. It has to open a tunnel, also for `ws`.
    proxy: Option<String>,
    /// Addresses to connect to instead of looking up the host of the URL, to test a new balancer before the switch. The host is
    /// asked for, and must be certified, all the same.
    resolve: Option<Vec<IpAddr>>,
    /// The address of a name server to ask for the host instead of the system: `10.0.0.2`, `10.0.0.2:5353`, `[fd00::2]:5353`. The
    /// host is then fully qualified.
    resolver: Option<String>,
    /// A PEM file of authorities, trusted instead of the system's. Relative paths begin where the program was started. `system`
    /// says what holds without it, for a variable that has to say something.
    ca: Option<Box<Path>>,
    /// A file of lists of revoked certificates (CRL), as `http` has it. Relative paths begin where the program was started.
    crl: Option<Box<Path>>,
    /// Who we say we are, for servers that want to know.
    client_certificate: Option<Box<ClientCertificate>>,
    #[serde(skip)]
    prepared: OnceLock<Prepared>,
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.request())
    }
}

fn one_mebibyte() -> Size {
    Size(1024 * 1024)
}

impl WebSocket {
    /// What is said and awaited.
    fn script(&self) -> &[Entry] {
        self.script.as_deref().unwrap_or_default()
    }

    /// How many bytes a message may have.
    fn most(&self) -> usize {
        usize::try_from(self.max_message.0).map_or(MOST_OF_ONE, |most| most.min(MOST_OF_ONE))
    }

    /// A script whose own waits are longer than the budget says nothing of the peer. Of one that is late it is known only now.
    fn has_time(&self, ctx: &Context) -> Result<(), ProbeError> {
        let left = ctx.deadline.saturating_duration_since(Instant::now());
        match self.least() {
            Some(Least { time, why, .. }) if time > left => {
                let message = format!(
                    "{time:?} are needed at least ({why}), and the budget leaves {left:.0?}"
                );
                Err(ProbeError::new(Unable::Value, message))
            }
            _ => Ok(()),
        }
    }

    /// The handshake, made when first asked for.
    fn prepared(&self) -> Result<&Prepared, Invalid> {
        if let Some(known) = self.prepared.get() {
            return Ok(known);
        }
        if self.max_message.0 == 0 || self.max_message.0 > MOST_OF_ONE as u64 {
            return Err(Invalid::new("max_message", "a message has 1B to 16MiB"));
        }
        subprotocols(&self.subprotocols)?;
        order::check(self.script())?;
        let nothing = Pairs::default();
        let made = self.asking(&nothing, &nothing)?;
        for (at, entry) in self.script().iter().enumerate() {
            if let Entry::Reconnect(how) = entry {
                let (query, headers) = how.samples();
                self.asking(&query, &headers).map_err(|invalid| {
                    Invalid::new(format!("script.{at}.reconnect"), invalid.message)
                })?;
            }
        }
        Ok(self.prepared.get_or_init(|| made))
    }

    /// The handshake, with more in its query, and with these headers instead of those that are written.
    fn asking(&self, query: &Pairs, headers: &Pairs) -> Result<Prepared, Invalid> {
        /// Nothing has parts here.
        static BOUNDARY: OnceLock<Box<str>> = OnceLock::new();
        let headers = self.headers(headers)?;
        let query = replaced(self.query.as_ref(), query);
        let url = parse_as(Scheme::WebSocket, &self.url, Some(&query))?;
        if !url.target.is_tls {
            let why = "the URL is `ws`, where TLS is not spoken; write `wss`";
            for (field, is_given) in [
                ("ca", self.ca.is_some()),
                ("crl", self.crl.is_some()),
                ("client_certificate", self.client_certificate.is_some()),
            ] {
                if is_given {
                    return Err(Invalid::new(field, why));
                }
            }
        }
        let keys = Keys {
            url: &self.url,
            method: "GET",
            headers: &headers,
            query: None,
            json: None,
            form: None,
            multipart: None,
            file: None,
            body: None,
            auth: self.auth.as_deref(),
            version: None,
            proxy: self.proxy.as_deref(),
            resolve: self.resolve.as_deref(),
            resolver: self.resolver.as_deref(),
            ca: self.ca.as_deref(),
            crl: self.crl.as_deref(),
            client_certificate: self.client_certificate.as_deref(),
            boundary: &BOUNDARY,
        };
        let mut prepared = prepare::prepare_to(url, &keys, &[])?;
        prepared.speak(Spoken::Switched);
        Ok(prepared)
    }

    /// All headers that are written.
    fn headers(&self, others: &Pairs) -> Result<Pairs, Invalid> {
        let mut headers = replaced(Some(&self.headers), others);
        for (name, _) in &headers.0 {
            let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
                continue;
            };
            if handshake::OURS.contains(&name) {
                let why = format!("`{name}` is the handshake's own; leave it out");
                return Err(Invalid::new("headers", why));
            }
            if name == ORIGIN && self.origin.is_some() {
                let why = "the header `origin` is set as well; use one of them";
                return Err(Invalid::new("origin", why));
            }
        }
        if let Some(origin) = &self.origin {
            headers.0.push(("origin".to_owned(), origin.clone()));
        }
        Ok(headers)
    }
}

/// These pairs, and others in the place of those that have their names.
fn replaced(pairs: Option<&Pairs>, others: &Pairs) -> Pairs {
    let is_other = |name: &str| {
        others
            .0
            .iter()
            .any(|(other, _)| other.eq_ignore_ascii_case(name))
    };
    let kept = pairs.into_iter().flat_map(|Pairs(pairs)| pairs);
    let mut all: Vec<_> = kept.filter(|(name, _)| !is_other(name)).cloned().collect();
    all.extend(others.0.iter().cloned());
    Pairs(all)
}

/// Each is a token of its own (RFC 6455 §4.1, RFC 9110 §5.6.2).
fn subprotocols(names: &[String]) -> Result<(), Invalid> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    for (at, name) in names.iter().enumerate() {
        let wrong = |why: String| Err(Invalid::new(format!("subprotocols.{at}"), why));
        if name.is_empty() || !name.bytes().all(is_token) {
            return wrong(format!("`{}` is no name of a subprotocol", visible(name)));
        }
        if names[..at].contains(name) {
            return wrong(format!("`{name}` is offered twice"));
        }
    }
    Ok(())
}

impl Probe for WebSocket {
    const FACTS: &'static [KnownFact] = &[
        KnownFact::number("status"),
        KnownFact::HEADERS,
        KnownFact::text("subprotocol"),
        KnownFact::EVENTS,
        KnownFact::list("sends"),
        KnownFact::duration("listened"),
        KnownFact::truth("ended"),
        KnownFact::duration("first_event"),
        KnownFact::duration("max_gap"),
        KnownFact::number("close_code"),
        KnownFact::text("close_reason"),
        KnownFact::text("closed_by"),
        KnownFact::truth("closed_cleanly"),
        KnownFact::number("pings"),
        KnownFact::duration("ping_p50"),
        KnownFact::duration("ping_p95"),
        KnownFact::duration("ping_max"),
        KnownFact::number("reconnects"),
        KnownFact::list("beside"),
        KnownFact::text("hop"),
        KnownFact::text("proxy"),
        KnownFact::text("remote_ip"),
        KnownFact::text("family"),
    ];

    fn prepare(&self) -> Result<(), Invalid> {
        self.prepared().map(|_| ())
    }

    fn shape(&self) -> Result<(), Invalid> {
        self.script.as_deref().map_or(Ok(()), order::shape)
    }

    fn resources(&self) -> Vec<String> {
        self.prepared().map(Prepared::resources).unwrap_or_default()
    }

    fn request(&self) -> String {
        let url = without_userinfo(&self.url);
        match self.script().len() {
            0 => format!("GET {url}"),
            1 => format!("GET {url} (1 step)"),
            many => format!("GET {url} ({many} steps)"),
        }
    }

    fn show(&self, _ctx: &Context, seen: &mut Observation) {
        stream::show(seen);
    }

    fn least(&self) -> Option<Least> {
        order::least(self.script())
    }

    fn allowed(&self) -> Option<Least> {
        order::longest(self.script())
    }

    fn unheard(&self) -> Option<&'static str> {
        (!order::listens_on(self.script()))
            .then_some("end the script with `receive_none: { for: 2s }`")
    }

    fn waits(&self) -> Option<Cow<'static, str>> {
        order::barrier(self.script())
    }

    async fn observe(&self, ctx: &Context) -> Looked {
        self.shape()?;
        let prepared = self.prepared()?;
        for secret in &prepared.secrets {
            ctx.shared.mask.add(secret);
        }
        self.has_time(ctx)?;
        let security = tls_for(ctx, prepared).await?;
        let mut look = Look::begin(ctx);
        let opening = handshake::open(&mut look, prepared, &self.subprotocols, &security);
        let switched = Box::pin(opening).await?;
        Box::pin(perform::perform(self, &security, &mut look, switched)).await?;
        Ok(look.finish())
    }
}
