//! `tcp`: does something accept connections there, and does it speak?

use std::path::PathBuf;
use std::sync::OnceLock;

use regex::bytes::Regex;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::look::{Halt, Look};
use super::net::{self, Endpoint, Stream};
use super::{Context, Invalid, Probe};
use crate::model::{
    Excerpt, FaultKind, Keep, KnownFact, Looked, Observation, Phase, TcpFault, Value,
};
use crate::yaml::Size;

#[cfg(test)]
mod tests;

/// So much is read at most.
const MOST: usize = 1024 * 1024;

/// Opens a TCP connection or a unix socket, optionally speaks first, and reads. A connection alone proves little: a proxy on
/// the way may accept any; let it say something.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tcp {
    /// Host name or address; with `port`.
    host: Option<String>,
    /// Port, 1 to 65535.
    port: Option<u16>,
    /// The path of a unix socket on this machine, at most 107 bytes, instead of `host` and `port`. Relative paths begin where
    /// the program was started.
    unix: Option<PathBuf>,
    /// The address of a name server to ask for the host instead of the system: `10.0.0.2`, `10.0.0.2:5353`, `[fd00::2]:5353`. The
    /// host is then fully qualified.
    resolver: Option<String>,
    /// Text to send once connected.
    send: Option<String>,
    /// What to wait for; without it nothing is read. Without `send`, the first line that is read is the fact `banner`.
    read: Option<Read>,
    #[serde(skip)]
    pattern: OnceLock<Regex>,
    #[serde(skip)]
    endpoint: OnceLock<Endpoint>,
}

/// When enough was read. At most 1 MiB is.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Read {
    /// When this regular expression matches what was received so far.
    Until(String),
    /// When so many bytes came: `5B`, `1KiB`.
    Count(Size),
    /// `true`: when the peer closes.
    Close(bool),
}

impl Tcp {
    /// Where it leads, checked when first asked for.
    fn endpoint(&self) -> Result<&Endpoint, Invalid> {
        if let Some(known) = self.endpoint.get() {
            return Ok(known);
        }
        let checked = Endpoint::of_keys(
            self.host.as_deref(),
            self.port,
            self.unix.as_deref(),
            self.resolver.as_deref(),
        )?;
        Ok(self.endpoint.get_or_init(|| checked))
    }

    fn compiled(&self, pattern: &str) -> Result<&Regex, Invalid> {
        if let Some(known) = self.pattern.get() {
            return Ok(known);
        }
        let compiled = Regex::new(pattern).map_err(|error| {
            Invalid::new(
                "read",
                format!("the regular expression of `until`: {error}"),
            )
        })?;
        Ok(self.pattern.get_or_init(|| compiled))
    }

    /// Whether what came is enough.
    fn is_enough(&self, read: &Read, received: &[u8]) -> bool {
        match read {
            Read::Until(_) => self
                .pattern
                .get()
                .is_some_and(|pattern| pattern.is_match(received)),
            Read::Count(size) => received.len() as u64 >= size.0,
            Read::Close(_) => false,
        }
    }

    /// Reads until it is enough. What came is kept by the caller, also when this stops early.
    async fn receive(
        &self,
        read: &Read,
        stream: &mut Stream,
        received: &mut Vec<u8>,
    ) -> Result<(), Halt> {
        let most = match read {
            Read::Count(size) => usize::try_from(size.0).unwrap_or(MOST),
            Read::Until(_) | Read::Close(_) => MOST,
        };
        while !self.is_enough(read, received) {
            if received.len() >= most {
                return Err(Halt::fault(
                    FaultKind::Tcp(TcpFault::TooLarge),
                    "1 MiB came without what was waited for",
                ));
            }
            let room = (most - received.len()) as u64;
            let count = stream
                .take(room)
                .read_buf(received)
                .await
                .map_err(|error| net::socket_halt(&error, "reading"))?;
            if count == 0 {
                return match read {
                    Read::Close(_) => Ok(()),
                    Read::Until(_) | Read::Count(_) => Err(closed(received.len())),
                };
            }
        }
        Ok(())
    }
}

/// Before the first byte nobody may be behind the connection; after some, whoever is gave up.
fn closed(received: usize) -> Halt {
    match received {
        0 => Halt::fault(
            FaultKind::Tcp(TcpFault::Closed),
            "closed before the first byte",
        ),
        many => Halt::fault(
            FaultKind::Tcp(TcpFault::ClosedEarly),
            format!("closed after {many} bytes, without what was waited for"),
        ),
    }
}

/// What a peer says by itself, up to the end of its first line, as far as it was read.
fn banner(received: &str) -> &str {
    let line = received.split('\n').next().unwrap_or_default();
    line.strip_suffix('\r').unwrap_or(line)
}

impl Probe for Tcp {
    const FACTS: &'static [KnownFact] = &[
        KnownFact::truth("connected"),
        KnownFact::text("banner"),
        KnownFact::text("received"),
        KnownFact::text("remote_ip"),
        KnownFact::text("family"),
    ];

    fn prepare(&self) -> Result<(), Invalid> {
        self.endpoint()?;
        match &self.read {
            Some(Read::Until(pattern)) => self.compiled(pattern).map(|_| ()),
            Some(Read::Count(size)) if size.0 == 0 || size.0 > MOST as u64 => {
                Err(Invalid::new("read", "`count` is 1B to 1MiB"))
            }
            Some(Read::Close(false)) => Err(Invalid::new(
                "read",
                "`close` is `true` or absent: leave `read` out to read nothing",
            )),
            _ => Ok(()),
        }
    }

    fn resources(&self) -> Vec<String> {
        self.endpoint()
            .map_or_else(|_| Vec::new(), Endpoint::resources)
    }

    fn request(&self) -> String {
        self.endpoint()
            .map_or_else(|_| String::new(), Endpoint::to_string)
    }

    fn show(&self, _ctx: &Context, seen: &mut Observation) {
        let text = seen.facts.get("received").and_then(Value::as_text);
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            let text = text.to_owned();
            seen.evidence.push(Excerpt {
                label: "received".into(),
                text,
                keep: Keep::First(2048),
            });
        }
    }

    async fn observe(&self, ctx: &Context) -> Looked {
        self.prepare()?;
        let mut look = Look::begin(ctx);
        let mut stream = self.endpoint()?.open(&mut look).await?;
        look.fact("connected", Value::Bool(true));
        if let Some(text) = &self.send {
            let sending = async {
                stream
                    .write_all(text.as_bytes())
                    .await
                    .map_err(|error| net::socket_halt(&error, "sending"))
            };
            let late = FaultKind::Tcp(TcpFault::SendTimeout);
            look.phase(Phase::Send, late, sending).await?;
        }
        let Some(read) = &self.read else {
            return Ok(look.finish());
        };
        let mut received = Vec::new();
        let reading = self.receive(read, &mut stream, &mut received);
        let late = FaultKind::Tcp(TcpFault::ReadTimeout);
        let ended = look.timed(Phase::Read, late, reading).await;
        let text = String::from_utf8(received)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        if self.send.is_none() && !text.is_empty() {
            look.fact("banner", Value::Untyped(banner(&text).to_owned()));
        }
        look.fact("received", Value::Untyped(text));
        ended.map_err(|halt| look.stop(Phase::Read, halt))?;
        Ok(look.finish())
    }
}
