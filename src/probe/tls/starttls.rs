//! Agreeing on TLS in plain words, before the handshake.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::model::{FaultKind, TlsFault};
use crate::probe::database::postgres::{Offer, ask_for_tls, refusal};
use crate::probe::look::Halt;
use crate::probe::net::{self, Stream};
use crate::yaml::visible;

/// A whole reply of SMTP may have so many bytes; RFC 5321 §4.5.3.1.5 gives 512 to a line.
const MOST: usize = 16 * 1024;

/// How TLS is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum StartTls {
    /// PostgreSQL's SSLRequest.
    Postgres,
    /// EHLO and STARTTLS (RFC 3207).
    Smtp,
}

impl StartTls {
    /// The port where it is usually asked for.
    pub(super) fn usual_port(self) -> u16 {
        match self {
            Self::Postgres => 5432,
            Self::Smtp => 587,
        }
    }
}

/// Agrees on TLS. Nothing of the peer is left unread: what came beside its last word is not of the handshake, and would be
/// taken for it (CVE-2011-0411, CVE-2021-23222).
pub(super) async fn agree(dialect: StartTls, stream: &mut Stream) -> Result<(), Halt> {
    match dialect {
        StartTls::Postgres => postgres(stream).await,
        StartTls::Smtp => {
            let local = stream.local_ip();
            let unread = Vec::new();
            smtp(&mut Talk { stream, unread }, local).await
        }
    }
}

fn tls(fault: TlsFault, why: impl Into<String>) -> Halt {
    Halt::fault(FaultKind::Tls(fault), why)
}

async fn postgres(stream: &mut Stream) -> Result<(), Halt> {
    let when = "before TLS was agreed on";
    let offer = ask_for_tls(stream).await;
    match offer.map_err(|error| net::shaking_halt(&error, when))? {
        Offer::Tls => Ok(()),
        Offer::Plain => Err(tls(
            TlsFault::NotOffered,
            "the server answered `N`: it does not speak TLS",
        )),
        Offer::Refused(state) => Err(refusal(state)),
        Offer::OutOfTurn(many) => Err(out_of_turn(many)),
        Offer::Unknown(line) => Err(tls(
            TlsFault::Protocol,
            format!("what came is not PostgreSQL but begins with `{line}`"),
        )),
        Offer::Closed => Err(tls(TlsFault::Eof, format!("closed {when}"))),
    }
}

fn out_of_turn(many: usize) -> Halt {
    let why = format!("{many} bytes came after the server's answer, out of turn");
    tls(TlsFault::Protocol, why)
}

async fn smtp(talk: &mut Talk<'_>, local: Option<IpAddr>) -> Result<(), Halt> {
    let greeting = talk.reply().await?;
    greeting.must_be(220, "it greeted with", TlsFault::Unavailable)?;
    talk.turn_ends()?;
    // Without a name of our own, the address stands for it (RFC 5321 §4.1.3).
    let ourselves = match local {
        Some(IpAddr::V6(address)) => format!("[IPv6:{address}]"),
        Some(IpAddr::V4(address)) => format!("[{address}]"),
        None => "[127.0.0.1]".to_owned(),
    };
    talk.say(format!("EHLO {ourselves}\r\n").as_bytes()).await?;
    let offers = talk.reply().await?;
    offers.must_be(250, "to EHLO it answered", TlsFault::Unavailable)?;
    talk.turn_ends()?;
    // The first line is a greeting, and not a keyword (RFC 5321 §4.1.1.1).
    let mut keywords = offers.lines.iter().skip(1);
    if !keywords.any(|line| line.trim().eq_ignore_ascii_case("STARTTLS")) {
        let why = "STARTTLS is not among what the server offers after EHLO";
        return Err(tls(TlsFault::NotOffered, why));
    }
    talk.say(b"STARTTLS\r\n").await?;
    let ready = talk.reply().await?;
    ready.must_be(220, "to STARTTLS it answered", TlsFault::NotOffered)?;
    talk.turn_ends()
}

/// A reply of SMTP: its code, and its lines without it.
struct Reply {
    code: u16,
    lines: Vec<String>,
}

impl Reply {
    /// 4xx and 5xx are a no (RFC 5321 §4.2.1), and what a no means depends on the question; any other code is not of this
    /// conversation.
    fn must_be(&self, code: u16, what: &str, no: TlsFault) -> Result<(), Halt> {
        if self.code == code {
            return Ok(());
        }
        let fault = match self.code {
            400..600 => no,
            _ => TlsFault::Protocol,
        };
        let first = self.lines.first().map_or("", String::as_str);
        let text = format!("{} {first}", self.code);
        let why = format!("{what} `{}` instead of {code}", shortened(&text));
        Err(tls(fault, why))
    }
}

/// A conversation in turns.
struct Talk<'s> {
    stream: &'s mut Stream,
    /// What came and was not taken yet.
    unread: Vec<u8>,
}

impl Talk<'_> {
    async fn say(&mut self, bytes: &[u8]) -> Result<(), Halt> {
        let sent = self.stream.write_all(bytes).await;
        sent.map_err(|error| net::shaking_halt(&error, "before TLS was agreed on"))
    }

    /// Whoever speaks on after his turn wants his words to be taken for the next ones.
    fn turn_ends(&self) -> Result<(), Halt> {
        match self.unread.len() {
            0 => Ok(()),
            many => Err(out_of_turn(many)),
        }
    }

    async fn more(&mut self) -> Result<(), Halt> {
        let mut chunk = [0; 1024];
        let read = self.stream.read(&mut chunk).await;
        match read {
            Ok(0) => Err(tls(TlsFault::Eof, "closed before TLS was agreed on")),
            Ok(count) => {
                self.unread.extend_from_slice(&chunk[..count]);
                Ok(())
            }
            Err(error) => Err(net::shaking_halt(&error, "before TLS was agreed on")),
        }
    }

    async fn line(&mut self, most: usize) -> Result<String, Halt> {
        let mut searched = 0;
        loop {
            let found = self.unread[searched..].iter().position(|b| *b == b'\n');
            let end = found.map(|at| searched + at + 1);
            if end.unwrap_or(self.unread.len()) > most {
                let why = format!("a reply of more than {} KiB", MOST / 1024);
                return Err(tls(TlsFault::Protocol, why));
            }
            if let Some(end) = end {
                let line: Vec<u8> = self.unread.drain(..end).collect();
                let line = String::from_utf8_lossy(&line).into_owned();
                return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
            }
            searched = self.unread.len();
            self.more().await?;
        }
    }

    /// `250-first`, `250-second`, `250 last` (RFC 5321 §4.2).
    async fn reply(&mut self) -> Result<Reply, Halt> {
        let mut room = MOST;
        let mut lines = Vec::new();
        loop {
            let line = self.line(room).await?;
            room = room.saturating_sub(line.len() + 1);
            let Some((code, is_last, text)) = parted(&line) else {
                let why = format!("it said `{}`, which is not SMTP", shortened(&line));
                return Err(tls(TlsFault::Protocol, why));
            };
            lines.push(text.to_owned());
            if is_last {
                return Ok(Reply { code, lines });
            }
        }
    }
}

/// Code, whether it is the last line, and text.
fn parted(line: &str) -> Option<(u16, bool, &str)> {
    let code = line.get(..3)?;
    if !code.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (is_last, text) = match line.as_bytes().get(3) {
        None => (true, ""),
        Some(b' ') => (true, &line[4..]),
        Some(b'-') => (false, &line[4..]),
        Some(_) => return None,
    };
    Some((code.parse().ok()?, is_last, text))
}

/// What a peer said, as it can stand in a message.
fn shortened(text: &str) -> String {
    let cut: String = text.chars().take(100).collect();
    visible(&cut).into_owned()
}
