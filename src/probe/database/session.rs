//! A session with a database server, whatever its protocol.

use super::rows::{Limits, Rows};
use super::server::{Engine, Server};
use super::{mysql, postgres};
use crate::model::Stopped;
use crate::probe::look::{Halt, Look};

/// A session with a database server: logged in, and able to answer. One that was cut short is of no use any more; dropping it
/// ends what it was asked in the server, too.
#[derive(Debug)]
pub(in crate::probe) enum Session {
    Postgres(Box<postgres::Session>),
    MySql(Box<mysql::Session>),
}

impl Session {
    /// Resolves, connects, agrees on TLS, and logs in: each a phase of the look with a fault of its own.
    pub(in crate::probe) async fn open(
        look: &mut Look<'_>,
        server: &Server,
    ) -> Result<Self, Stopped> {
        match server.engine {
            Engine::Postgres => postgres::Session::open(look, server)
                .await
                .map(Box::new)
                .map(Self::Postgres),
            Engine::MySql => mysql::Session::open(look, server)
                .await
                .map(Box::new)
                .map(Self::MySql),
        }
    }

    /// Runs one statement by itself, its rows bounded while they are read.
    pub(in crate::probe) async fn ask(
        &mut self,
        text: &str,
        limits: Limits,
    ) -> Result<Answer, Halt> {
        match self {
            Self::Postgres(session) => session.ask(text, limits).await,
            Self::MySql(session) => session.ask(text, limits).await,
        }
    }

    /// Whether it can be asked something new: nothing is open, and nothing came meanwhile.
    pub(in crate::probe) async fn is_usable(&mut self) -> bool {
        match self {
            Self::Postgres(session) => session.is_usable().await,
            Self::MySql(session) => session.is_usable(),
        }
    }

    /// Has the server take away what is left in the session; `false` when it cannot be asked that.
    pub(super) async fn tidy(&mut self) -> bool {
        match self {
            Self::Postgres(session) => session.tidy().await,
            // What leaves something there is not kept for others at all.
            Self::MySql(_) => true,
        }
    }

    /// Forgets what it said of itself: it may have been changed.
    pub(in crate::probe) fn forget(&mut self) {
        if let Self::Postgres(session) = self {
            session.remembered = None;
        }
    }

    /// Says goodbye, in little time.
    pub(in crate::probe) async fn close(self) {
        match self {
            Self::Postgres(session) => session.close().await,
            Self::MySql(session) => session.close().await,
        }
    }

    /// What the server said of itself while we logged in.
    pub(in crate::probe) fn server_version(&self) -> Option<&str> {
        match self {
            Self::Postgres(session) => session.server_version(),
            Self::MySql(session) => Some(session.server_version()),
        }
    }

    /// Who answers: `postgres`, `mysql`, `mariadb`.
    pub(in crate::probe) fn engine(&self) -> &'static str {
        match self {
            Self::Postgres(_) => Engine::Postgres.name(),
            Self::MySql(session) => session.flavour().name(),
        }
    }

    /// The version of TLS that is spoken: `TLSv1.3`.
    pub(in crate::probe) fn tls(&self) -> Option<&str> {
        match self {
            Self::Postgres(session) => session.tls(),
            Self::MySql(session) => session.tls(),
        }
    }
}

/// What a statement gave.
#[derive(Debug, Default)]
pub(in crate::probe) struct Answer {
    /// Its rows; absent of a statement that gives none.
    pub(in crate::probe) rows: Option<Rows>,
    /// How many rows it changed; absent where it changes none.
    pub(in crate::probe) affected: Option<u64>,
}
