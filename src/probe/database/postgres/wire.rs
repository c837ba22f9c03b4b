//! Messages over a stream, bounded: whatever a peer sends, so much is kept of it and no more.

use std::io;

use bytes::BytesMut;
use postgres_protocol::message::backend::{
    DATA_ROW_TAG, ERROR_RESPONSE_TAG, Header, Message, NOTICE_RESPONSE_TAG,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::said::Said;
use crate::model::{FaultKind, SqlFault};
use crate::probe::database::broken::{broken, closed};
use crate::probe::look::Halt;
use crate::probe::net::Stream;
use crate::yaml::visible;

/// A message other than a row may have so many bytes.
const MOST: usize = 1024 * 1024;

/// So much is read at once.
const CHUNK: usize = 16 * 1024;

/// A stream of messages.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) stream: Stream,
    incoming: BytesMut,
    /// What is to be sent next.
    pub(super) outgoing: BytesMut,
    /// A row may have so many bytes.
    pub(super) most_row: usize,
    /// What the server said of itself.
    pub(super) server_version: Option<String>,
    /// The server is going, it said.
    farewell: Option<Said>,
}

impl Wire {
    pub(super) fn new(stream: Stream) -> Self {
        Self {
            stream,
            incoming: BytesMut::new(),
            outgoing: BytesMut::new(),
            most_row: MOST,
            server_version: None,
            farewell: None,
        }
    }

    /// Sends what is to be sent.
    pub(super) async fn send(&mut self, when: &str) -> Result<(), Halt> {
        let sent = async {
            self.stream.write_all(&self.outgoing).await?;
            self.stream.flush().await
        }
        .await;
        self.outgoing.clear();
        match sent {
            Ok(()) => Ok(()),
            Err(error) => Err(self.last_words(broken(&error, when)).await),
        }
    }

    /// The next message that is an answer; what the server tells besides is kept or dropped.
    pub(super) async fn next(&mut self, when: &str) -> Result<Message, Halt> {
        loop {
            if let Some(message) = self.take()? {
                match message {
                    Message::NoticeResponse(notice) => {
                        self.farewell = Said::read(notice.fields())
                            .ok()
                            .filter(Said::is_farewell)
                            .or(self.farewell.take());
                    }
                    Message::ParameterStatus(status) => {
                        if let (Ok("server_version"), Ok(value)) = (status.name(), status.value()) {
                            self.server_version = Some(visible(value).into_owned());
                        }
                    }
                    Message::NotificationResponse(_) => {}
                    answer => return Ok(answer),
                }
                continue;
            }
            match self.fill().await {
                Ok(0) => return Err(self.ended(closed(when))),
                Ok(_) => {}
                Err(error) => return Err(self.ended(broken(&error, when))),
            }
        }
    }

    /// Whether nothing came that nobody asked for; whoever says something or closes is of no use any more.
    pub(super) async fn is_quiet(&mut self) -> bool {
        if !self.incoming.is_empty() || self.farewell.is_some() {
            return false;
        }
        let silence = tokio::select! {
            biased;
            _ = self.fill() => false,
            () = std::future::ready(()) => true,
        };
        silence && self.incoming.is_empty()
    }

    async fn fill(&mut self) -> io::Result<usize> {
        // A peer's word for the length of what comes is not taken: room is made as bytes come.
        self.incoming.reserve(CHUNK);
        self.stream.read_buf(&mut self.incoming).await
    }

    /// A message that is here as a whole.
    fn take(&mut self) -> Result<Option<Message>, Halt> {
        let header = match Header::parse(&self.incoming) {
            Ok(Some(header)) => header,
            Ok(None) => return Ok(None),
            Err(_) => return Err(self.nonsense()),
        };
        let length = usize::try_from(header.len()).unwrap_or(usize::MAX);
        let most = match header.tag() {
            DATA_ROW_TAG => self.most_row,
            _ => MOST,
        };
        if length > most {
            return Err(match header.tag() {
                DATA_ROW_TAG => Halt::fault(
                    FaultKind::Sql(SqlFault::TooLarge),
                    format!("a row of {length} bytes; at most {most} are read"),
                ),
                ERROR_RESPONSE_TAG | NOTICE_RESPONSE_TAG if length < 16 * MOST => Halt::fault(
                    FaultKind::Sql(SqlFault::Protocol),
                    format!("an error of {length} bytes; at most {most} are read"),
                ),
                _ => self.nonsense(),
            });
        }
        if self.incoming.len() <= length {
            return Ok(None);
        }
        let tag = header.tag();
        Message::parse(&mut self.incoming).map_err(|error| {
            let tag = char::from(tag);
            let why = format!(
                "a message `{}` that cannot be read: {error}",
                tag.escape_default()
            );
            Halt::fault(FaultKind::Sql(SqlFault::Protocol), why)
        })
    }

    /// What came is no message.
    fn nonsense(&self) -> Halt {
        let line = first_line(&self.incoming);
        let why = format!("what came is not PostgreSQL but begins with `{line}`");
        Halt::fault(FaultKind::Sql(SqlFault::Protocol), why)
    }

    /// Why the connection ended, if somebody said so.
    fn ended(&mut self, halt: Halt) -> Halt {
        match self.farewell.take() {
            Some(said) => said.halt(),
            None => halt,
        }
    }

    /// Who cannot be written to may have said why before.
    async fn last_words(&mut self, halt: Halt) -> Halt {
        loop {
            match self.take() {
                Ok(Some(Message::ErrorResponse(error))) => {
                    return Said::read(error.fields()).map_or(halt, Said::halt);
                }
                Ok(Some(Message::NoticeResponse(notice))) => {
                    self.farewell = Said::read(notice.fields()).ok().filter(Said::is_farewell);
                }
                Ok(Some(_)) => {}
                Ok(None) if matches!(self.fill().await, Ok(1..)) => {}
                Ok(None) | Err(_) => return self.ended(halt),
            }
        }
    }
}

/// How something begins, as it can stand in a message.
pub(super) fn first_line(bytes: &[u8]) -> String {
    let line = bytes.split(|b| matches!(b, b'\r' | b'\n')).next();
    let line = line.unwrap_or_default();
    let line = &line[..line.len().min(100)];
    visible(&String::from_utf8_lossy(line)).into_owned()
}
