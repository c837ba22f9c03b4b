//! A database session, and a pool of them.

use std::fmt;
use std::str::FromStr;

layer! {
    /// A database session, in what all engines share.
    SqlFault {
        /// The session was not opened within the budget.
        TimeoutStartup = "sql.timeout.startup", in [StartTls, Startup], by [], timeout;
        /// Credentials were not accepted or refused within the budget.
        TimeoutAuth = "sql.timeout.auth", in [Auth], by [], timeout;
        /// The query and its rows did not end within the budget.
        TimeoutQuery = "sql.timeout.query", in [Query], by [], timeout;
        /// The server, or whoever stands before it, ended the connection without a word of why.
        Closed = "sql.closed", in [StartTls, Startup, Auth, Query], by [Errno];
        /// The server wants to be convinced in a way we do not speak (GSSAPI, Kerberos, a plugin of its own).
        AuthUnsupported = "sql.auth.unsupported", in [Auth], by [];
        /// The server did not prove that it knows the password (RFC 5802 §3), or wants it in a form that may not be sent there.
        AuthServer = "sql.auth.server", in [Auth], by [];
        /// What was to be rolled back stays: a statement commits by itself, or a table is kept by an engine without transactions
        /// (MySQL's warning 1196).
        NotRolledBack = "sql.not_rolled_back", in [Query], by [MySql];
        /// The result passed the cap on rows or bytes.
        TooLarge = "sql.too_large", in [Query], by [];
        /// What came does not follow the protocol.
        Protocol = "sql.protocol", in [StartTls, Startup, Auth, Query], by [];
    }
}

layer! {
    /// A pool of connections.
    PoolFault {
        /// No connection of the pool became free in time. The network has no part in it.
        Timeout = "pool.timeout", in [Query], by [], timeout;
        /// More connections may be asked for than the server gives: the arithmetic alone says so.
        Capacity = "pool.capacity", in [Query, Local], by [];
        /// Connections that the pool closed were still there at the server five seconds later.
        Lingers = "pool.lingers", in [Query], by [];
    }
}

/// The five characters PostgreSQL says with every error: a class of two and three more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SqlState([u8; 5]);

impl SqlState {
    /// The five characters.
    pub fn as_str(&self) -> &str {
        // Only ASCII is let in.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Default for SqlState {
    /// `00000`: success.
    fn default() -> Self {
        Self(*b"00000")
    }
}

impl fmt::Display for SqlState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no SQLSTATE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an SQLSTATE has five characters, digits and capital letters")]
pub struct NoSqlState;

impl FromStr for SqlState {
    type Err = NoSqlState;

    fn from_str(text: &str) -> Result<Self, NoSqlState> {
        let five: [u8; 5] = text.as_bytes().try_into().map_err(|_| NoSqlState)?;
        let is_one = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
        if five.into_iter().all(is_one) {
            Ok(Self(five))
        } else {
            Err(NoSqlState)
        }
    }
}
