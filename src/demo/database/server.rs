//! The line protocol: one request a line, one answer a line, until the client closes.
//!
//! ```text
//! PING              PONG
//! ENVIRONMENT       OK demo
//! QUERY users       OK 2              rows of users, threads or messages
//! USER alice        OK alice | NONE   whether there is such a user
//! OPEN alice        OK ID | NONE      a new session
//! WHOSE ID          OK alice | NONE
//! CLOSE ID          OK
//! SAY alice "TEXT"  OK | NONE         keeps what was said, a JSON string
//! HISTORY alice     OK [{"id":1,"text":"TEXT"}]
//! THREADS alice     OK [{"id":1,"title":"TEXT"}]
//! anything else     ERR unknown request
//! ```
//!
//! `ERR database CODE` says that SQLite gave that result code.
//! Who is called `actor1` and so on is a user as soon as somebody asks.

use std::net::{Ipv4Addr, SocketAddr};

use sqlx::SqlitePool;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

use super::messages;
use crate::demo::tasks::Tasks;

/// Longer requests are not answered: the connection is closed.
const MAX_REQUEST_BYTES: u64 = 32 * 1024;

/// Opens a port and answers from `pool`.
pub(in crate::demo) async fn start(pool: SqlitePool, tasks: &Tasks) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tasks.serve(listener, move |stream| {
        let pool = pool.clone();
        async move {
            // A client that goes away is the end of its connection, and no news.
            let _ = converse(stream, &pool).await;
        }
    });
    Ok(address)
}

async fn converse(stream: TcpStream, pool: &SqlitePool) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut request = Vec::new();
    loop {
        request.clear();
        (&mut stream)
            .take(MAX_REQUEST_BYTES)
            .read_until(b'\n', &mut request)
            .await?;
        let Some(line) = request.strip_suffix(b"\n") else {
            return Ok(());
        };
        let answer = match std::str::from_utf8(line) {
            Ok(line) => answer(line.trim_end_matches('\r'), pool).await,
            Err(_) => UNKNOWN.to_owned(),
        };
        stream.write_all(format!("{answer}\n").as_bytes()).await?;
        stream.flush().await?;
    }
}

const UNKNOWN: &str = "ERR unknown request";

async fn answer(request: &str, pool: &SqlitePool) -> String {
    let (verb, subject) = request.split_once(' ').unwrap_or((request, ""));
    let found = match (verb, subject) {
        ("PING", "") => return "PONG".to_owned(),
        ("ENVIRONMENT", "") => one("SELECT name FROM environment", None, pool).await,
        ("QUERY", "users") => count("SELECT count(*) FROM users", pool).await,
        ("QUERY", "threads") => count("SELECT count(*) FROM threads", pool).await,
        ("QUERY", "messages") => count("SELECT count(*) FROM messages", pool).await,
        ("USER", name) => user(name, pool).await,
        ("OPEN", name) => open(name, pool).await,
        ("WHOSE", id) => one(WHOSE, Some(id), pool).await,
        ("CLOSE", id) => close(id, pool).await,
        ("SAY", said) => messages::say(said, pool).await,
        ("HISTORY", name) => messages::history(name, pool).await,
        ("THREADS", name) => messages::threads(name, pool).await,
        _ => return UNKNOWN.to_owned(),
    };
    match found {
        Ok(Some(found)) => format!("OK {found}").trim_end().to_owned(),
        Ok(None) => "NONE".to_owned(),
        Err(error) => match error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code)
        {
            Some(code) => format!("ERR database {code}"),
            None => "ERR database".to_owned(),
        },
    }
}

const WHOSE: &str = "SELECT users.name FROM sessions JOIN users ON users.id = sessions.user_id WHERE sessions.token = ?";

async fn one(
    query: &'static str,
    bound: Option<&str>,
    pool: &SqlitePool,
) -> Result<Option<String>, sqlx::Error> {
    let mut query = sqlx::query_scalar(query);
    if let Some(value) = bound {
        query = query.bind(value);
    }
    query.fetch_optional(pool).await
}

async fn count(query: &'static str, pool: &SqlitePool) -> Result<Option<String>, sqlx::Error> {
    let count: i64 = sqlx::query_scalar(query).fetch_one(pool).await?;
    Ok(Some(count.to_string()))
}

async fn user(name: &str, pool: &SqlitePool) -> Result<Option<String>, sqlx::Error> {
    if is_actor(name) {
        sqlx::query("INSERT OR IGNORE INTO users (name) VALUES (?)")
            .bind(name)
            .execute(pool)
            .await?;
    }
    one("SELECT name FROM users WHERE name = ?", Some(name), pool).await
}

/// `actor1` to `actor9999`: those who come in numbers.
fn is_actor(name: &str) -> bool {
    name.strip_prefix("actor").is_some_and(|number| {
        let is_short = (1..=4).contains(&number.len()) && !number.starts_with('0');
        is_short && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

async fn open(name: &str, pool: &SqlitePool) -> Result<Option<String>, sqlx::Error> {
    if user(name, pool).await?.is_none() {
        return Ok(None);
    }
    let id = Uuid::new_v4().simple().to_string();
    let opened =
        sqlx::query("INSERT INTO sessions (token, user_id) SELECT ?, id FROM users WHERE name = ?")
            .bind(&id)
            .bind(name)
            .execute(pool)
            .await?;
    Ok((opened.rows_affected() == 1).then_some(id))
}

async fn close(id: &str, pool: &SqlitePool) -> Result<Option<String>, sqlx::Error> {
    sqlx::query("DELETE FROM sessions WHERE token = ?")
        .bind(id)
        .execute(pool)
        .await?;
    Ok(Some(String::new()))
}
