//! Asking for TLS in plain words: PostgreSQL's SSLRequest
//! (<https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL>).

use std::io;
use std::time::Duration;

use bytes::BytesMut;
use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::wire::first_line;
use crate::model::SqlState;
use crate::probe::net::Stream;

/// An error in plain words may have so many bytes.
const MOST: usize = 8 * 1024;

/// The rest of an error comes with its beginning, or is not waited for.
const PATIENCE: Duration = Duration::from_millis(100);

/// What a server answers.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::probe) enum Offer {
    /// `S`: TLS comes next.
    Tls,
    /// `N`: it speaks none.
    Plain,
    /// `E`: it refuses to talk. Before TLS anybody on the way can write this (CVE-2024-10977), so nothing of its text is kept,
    /// and of its codes only those that say the server has no room or is going, which whoever stands on the way can bring about
    /// anyhow: none of them is about who we are or what is there.
    Refused(Option<SqlState>),
    /// More than its turn: who speaks on wants his words to be taken for those under TLS (CVE-2021-23222).
    OutOfTurn(usize),
    /// This is not PostgreSQL; how it begins.
    Unknown(String),
    /// Nothing.
    Closed,
}

/// Sends the request and reads the answer.
pub(in crate::probe) async fn ask_for_tls(stream: &mut Stream) -> io::Result<Offer> {
    let mut request = BytesMut::new();
    frontend::ssl_request(&mut request);
    stream.write_all(&request).await?;
    let mut answer = BytesMut::with_capacity(1024);
    let came = stream.read_buf(&mut answer).await?;
    Ok(match answer.first() {
        None => Offer::Closed,
        Some(b'S' | b'N') if came > 1 => Offer::OutOfTurn(came - 1),
        Some(b'S') => Offer::Tls,
        Some(b'N') => Offer::Plain,
        Some(b'E') => {
            let code = timeout(PATIENCE, refusal(stream, answer)).await;
            Offer::Refused(code.unwrap_or(None))
        }
        Some(_) => Offer::Unknown(first_line(&answer)),
    })
}

/// The code of an error, if it is one that may be believed.
async fn refusal(stream: &mut Stream, mut answer: BytesMut) -> Option<SqlState> {
    let error = loop {
        let length = answer.get(1..5)?.try_into().map(u32::from_be_bytes).ok()?;
        // A server that cannot even start a process for us says `E` and plain text, which is no length.
        if length as usize > MOST {
            return None;
        }
        match Message::parse(&mut answer).ok()? {
            Some(Message::ErrorResponse(error)) => break error,
            None if matches!(stream.read_buf(&mut answer).await, Ok(1..)) => {}
            Some(_) | None => return None,
        }
    };
    let mut fields = error.fields();
    while let Some(field) = fields.next().ok()? {
        if field.type_() == b'C' {
            let state = std::str::from_utf8(field.value_bytes()).ok()?;
            let state: SqlState = state.parse().ok()?;
            // Insufficient resources, and operator intervention.
            let is_believed = matches!(&state.as_str()[..2], "53" | "57");
            return is_believed.then_some(state);
        }
    }
    None
}
