//! The service's way to its database: one connection through the connector for each request.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use thiserror::Error;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// Longer answers are not the database's. The longest is the history of a user.
const MAX_ANSWER_BYTES: u64 = 1024 * 1024;

/// So many requests at once; the others wait for their turn, and their time begins then.
const AT_ONCE: usize = 16;

/// Where the database is, as the service knows it.
#[derive(Debug)]
pub(super) struct Store {
    connector: SocketAddr,
    /// For connecting, asking and reading together.
    timeout: Duration,
    turns: Semaphore,
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
    pub(super) fn new(connector: SocketAddr, timeout: Duration) -> Self {
        Self {
            connector,
            timeout,
            turns: Semaphore::new(AT_ONCE),
        }
    }

    /// The name of the environment the database belongs to. Reads a table, so it also says that the file can be read.
    pub(super) async fn environment(&self) -> Result<String, StoreError> {
        self.ask("ENVIRONMENT").await?.ok_or(StoreError::Stranger)
    }

    /// How many users there are.
    pub(super) async fn users(&self) -> Result<u64, StoreError> {
        let count = self.ask("QUERY users").await?.ok_or(StoreError::Stranger)?;
        count.parse().map_err(|_| StoreError::Stranger)
    }

    /// The user of that name, if there is one.
    pub(super) async fn user(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.ask_about("USER", name).await
    }

    /// The id of a new session; `None` for a user that does not exist.
    pub(super) async fn open(&self, user: &str) -> Result<Option<String>, StoreError> {
        self.ask_about("OPEN", user).await
    }

    /// Whose session it is.
    pub(super) async fn whose(&self, id: &str) -> Result<Option<String>, StoreError> {
        self.ask_about("WHOSE", id).await
    }

    /// Ends a session.
    pub(super) async fn close(&self, id: &str) -> Result<(), StoreError> {
        self.ask_about("CLOSE", id).await.map(drop)
    }

    /// Keeps what was said.
    pub(super) async fn say(&self, user: &str, text: &str) -> Result<(), StoreError> {
        // JSON escapes what would end the line.
        let said = Value::from(text).to_string();
        if !is_word(user) {
            return Err(StoreError::Stranger);
        }
        self.ask(&format!("SAY {user} {said}")).await.map(drop)
    }

    /// What a user said and was told, the last of it.
    pub(super) async fn history(&self, user: &str) -> Result<Value, StoreError> {
        self.list("HISTORY", user).await
    }

    /// What a user talked about.
    pub(super) async fn threads(&self, user: &str) -> Result<Value, StoreError> {
        self.list("THREADS", user).await
    }

    async fn list(&self, verb: &str, user: &str) -> Result<Value, StoreError> {
        let list = self.ask_about(verb, user).await?;
        let list = list.unwrap_or_else(|| "[]".to_owned());
        serde_json::from_str(&list).map_err(|_| StoreError::Stranger)
    }

    async fn ask_about(&self, verb: &str, subject: &str) -> Result<Option<String>, StoreError> {
        if !is_word(subject) {
            return Ok(None);
        }
        self.ask(&format!("{verb} {subject}")).await
    }

    async fn ask(&self, request: &str) -> Result<Option<String>, StoreError> {
        let _turn = self.turns.acquire().await;
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

/// A request is a line: what could begin another one, or none, is nobody's name and no session of ours.
fn is_word(subject: &str) -> bool {
    (1..=64).contains(&subject.len()) && subject.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
