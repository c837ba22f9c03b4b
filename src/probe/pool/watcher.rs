//! Who watches from beside: the first to log in, over a connection of his own.

use std::fmt::Write as _;

use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout_at};

use super::door::Watch;
use crate::model::{FaultKind, Phase, SqlFault, Stopped, Value};
use crate::probe::database::{Answer, Engine, Limits, Room, Server, Session, number};
use crate::probe::look::{Halt, Look};
use crate::probe::net::{Endpoint, Resolving};

/// What is asked here has one short row.
pub(super) const ANSWER: Limits = Limits {
    rows: 4,
    bytes: 4096,
};

/// Who watches.
#[derive(Debug)]
pub(super) struct Watcher {
    session: Session,
    engine: Engine,
    /// When he is to answer last: before the budget ends, so that what was seen until then is still told.
    ends: Instant,
    /// What he read when he came.
    pub(super) room: Room,
    /// The address that answered him.
    address: Option<std::net::IpAddr>,
}

impl Watcher {
    /// Logs in and reads how much room there is. Both are phases of the look, and what stops them stops it.
    pub(super) async fn open(
        look: &mut Look<'_>,
        server: &Server,
        ends: Instant,
    ) -> Result<Self, Stopped> {
        let mut session = Session::open(look, server).await?;
        if let Some(version) = session.server_version() {
            let version = version.to_owned();
            look.fact("server_version", Value::Text(version));
        }
        let late = FaultKind::Sql(SqlFault::TimeoutQuery);
        let reading = read(&mut session, server.engine);
        let room = look.phase(Phase::Query, late, reading).await?;
        for (name, value) in room.facts() {
            look.fact(name, value);
        }
        let address = look.seen("remote_ip").and_then(Value::as_text);
        Ok(Self {
            address: address.and_then(|text| text.parse().ok()),
            session,
            engine: server.engine,
            ends,
            room,
        })
    }

    /// The same server, by the address that answered: a name may have several, and the next look-up another order.
    pub(super) fn same_address(&self, server: &Server) -> Server {
        let mut same = server.clone();
        if let (Endpoint::Socket { resolving, .. }, Some(address)) =
            (&mut same.endpoint, self.address)
        {
            *resolving = Resolving::Given(vec![address]);
        }
        same
    }

    pub(super) async fn close(self) {
        self.session.close().await;
    }

    async fn ask(&mut self, text: &str) -> Result<Answer, Halt> {
        let asking = self.session.ask(text, ANSWER);
        timeout_at(self.ends, asking).await.unwrap_or_else(late)
    }
}

impl Watch for Watcher {
    async fn present(&mut self, numbers: &[u64]) -> Result<u64, Halt> {
        if numbers.is_empty() {
            return Ok(0);
        }
        let mut text = String::from(match self.engine {
            Engine::Postgres => "SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE pid IN (",
            Engine::MySql => "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID IN (",
        });
        for (at, number) in numbers.iter().enumerate() {
            // Writing to a string cannot fail.
            let _ = write!(text, "{}{number}", if at == 0 { "" } else { "," });
        }
        text.push(')');
        number(&self.ask(&text).await?, 0)
    }

    async fn room(&mut self) -> Result<Room, Halt> {
        let reading = read(&mut self.session, self.engine);
        timeout_at(self.ends, reading).await.unwrap_or_else(late)
    }

    async fn end(&mut self, number: u64) -> Result<(), Halt> {
        let text = match self.engine {
            Engine::Postgres => format!("SELECT pg_catalog.pg_terminate_backend({number})"),
            Engine::MySql => format!("KILL {number}"),
        };
        self.ask(&text).await.map(|_| ())
    }
}

fn late<T>(_: Elapsed) -> Result<T, Halt> {
    let why = "the budget ended while the watcher was asked";
    Err(Halt::fault(FaultKind::Sql(SqlFault::TimeoutQuery), why))
}

/// How much room there is, without the watcher himself.
async fn read(session: &mut Session, engine: Engine) -> Result<Room, Halt> {
    let room = match engine {
        Engine::Postgres => Room::of_postgres(&session.ask(Room::POSTGRES, ANSWER).await?)?,
        Engine::MySql => {
            let limits = session.ask(Room::MYSQL, ANSWER).await?;
            Room::of_mysql(&limits, &session.ask(Room::MYSQL_USED, ANSWER).await?)?
        }
    };
    Ok(room.without_one())
}
