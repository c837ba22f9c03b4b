//! The service's way to its database: one connection through the connector for each request.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use thiserror::Error;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Longer answers are not the database's.
const MAX_ANSWER_BYTES: u64 = 256;

/// Where the database is, as the service knows it.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) connector: SocketAddr,
    /// For connecting, asking and reading together.
    pub(super) timeout: Duration,
}

/// Why the database did not help.
#[derive(Debug, Error)]
pub(super) enum StoreError {
    #[error("no connection: {0}")]
    Connect(#[source] io::Error),
    #[error("the connection broke: {0}")]
    Broken(#[source] io::Error),
    #[error("no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    #[error("closed without an answer")]
    Closed,
    #[error("the database reports an error")]
    Reported,
    #[error("what answers is not the database")]
    Stranger,
}

impl Store {
    /// The name of the environment the database belongs to. Reads a table, so it also says that the file can be read.
    pub(super) async fn environment(&self) -> Result<String, StoreError> {
        self.ask("ENVIRONMENT").await?.ok_or(StoreError::Stranger)
    }

    /// How many users there are.
    pub(super) async fn users(&self) -> Result<u64, StoreError> {
        let count = self.ask("QUERY users").await?.ok_or(StoreError::Stranger)?;
        count.parse().map_err(|_| StoreError::Stranger)
    }

    /// A new session's token; `None` for a user that does not exist.
    pub(super) async fn open(&self, user: &str) -> Result<Option<String>, StoreError> {
        self.ask_about("OPEN", user).await
    }

    /// Whose session it is.
    pub(super) async fn whose(&self, token: &str) -> Result<Option<String>, StoreError> {
        self.ask_about("WHOSE", token).await
    }

    /// Ends a session.
    pub(super) async fn close(&self, token: &str) -> Result<(), StoreError> {
        self.ask_about("CLOSE", token).await.map(drop)
    }

    async fn ask_about(&self, verb: &str, subject: &str) -> Result<Option<String>, StoreError> {
        // A request is a line: what could begin another one, or none, is nobody's name and no token of ours.
        let is_word = (1..=64).contains(&subject.len())
            && subject.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_word {
            return Ok(None);
        }
        self.ask(&format!("{verb} {subject}")).await
    }

    async fn ask(&self, request: &str) -> Result<Option<String>, StoreError> {
        let asked = tokio::time::timeout(self.timeout, self.exchange(request));
        let answer = asked
            .await
            .map_err(|_| StoreError::Timeout(self.timeout))??;
        match answer.split_once(' ').unwrap_or((answer.as_str(), "")) {
            ("OK", found) => Ok(Some(found.to_owned())),
            ("NONE", "") => Ok(None),
            ("ERR", _) => Err(StoreError::Reported),
            _ => Err(StoreError::Stranger),
        }
    }

    async fn exchange(&self, request: &str) -> Result<String, StoreError> {
        let mut stream = TcpStream::connect(self.connector)
            .await
            .map_err(StoreError::Connect)?;
        stream
            .write_all(format!("{request}\n").as_bytes())
            .await
            .map_err(StoreError::Broken)?;
        let mut answer = String::new();
        BufReader::new(stream)
            .take(MAX_ANSWER_BYTES)
            .read_line(&mut answer)
            .await
            .map_err(StoreError::Broken)?;
        match answer.strip_suffix('\n') {
            Some(line) => Ok(line.to_owned()),
            None => Err(StoreError::Closed),
        }
    }
}
