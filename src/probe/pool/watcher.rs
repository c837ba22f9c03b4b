//! Who watches from beside: the first to log in, over a connection of his own.

use std::fmt::Write as _;

use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout_at};

use super::door::Watch;
use super::room::{Limit, Room};
use crate::model::{FaultKind, Number, Phase, SqlFault, Stopped, Value};
use crate::probe::database::{Answer, Engine, Limits, Server, Session};
use crate::probe::look::{Halt, Look};
use crate::probe::net::{Endpoint, Resolving};

/// What is asked here has one short row.
pub(super) const ANSWER: Limits = Limits {
    rows: 4,
    bytes: 4096,
};

/// PostgreSQL tells all in one row. Who may not see the sessions of others sees that they are there and not what they are: those
/// with a database and a user are clients. Superusers have no limits of their own; less than zero is none.
const ROOM: &str = "\
    WITH clients AS (SELECT datid, usesysid FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend' \
    OR (backend_type IS NULL AND datid IS NOT NULL AND usesysid IS NOT NULL)), \
    me AS (SELECT oid, rolsuper, rolconnlimit FROM pg_catalog.pg_roles WHERE rolname = session_user), \
    here AS (SELECT oid, datconnlimit FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) \
    SELECT pg_catalog.current_setting('max_connections')::int8, \
    pg_catalog.current_setting('superuser_reserved_connections')::int8 \
    + coalesce(pg_catalog.current_setting('reserved_connections', true)::int8, 0), \
    (SELECT count(*) FROM clients), \
    CASE WHEN me.rolsuper THEN -1 ELSE me.rolconnlimit END, \
    (SELECT count(*) FROM clients WHERE usesysid = me.oid), \
    CASE WHEN me.rolsuper THEN -1 ELSE here.datconnlimit END, \
    (SELECT count(*) FROM clients WHERE datid = here.oid) \
    FROM me, here";

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
        room.tell(look);
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
    match engine {
        Engine::Postgres => {
            let answer = session.ask(ROOM, ANSWER).await?;
            let at = |column| number(&answer, column);
            Ok(Room {
                max: at(0)?,
                reserved: at(1)?,
                used: at(2)?.saturating_sub(1),
                user: limit(&answer, 3)?,
                database: limit(&answer, 5)?,
            })
        }
        Engine::MySql => {
            let text = "SELECT @@GLOBAL.max_connections, @@SESSION.max_user_connections, \
                (SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = SUBSTRING_INDEX(USER(), '@', 1))";
            let answer = session.ask(text, ANSWER).await?;
            let status = session
                .ask("SHOW GLOBAL STATUS LIKE 'Threads_connected'", ANSWER)
                .await?;
            let most = number(&answer, 1)?;
            Ok(Room {
                max: number(&answer, 0)?,
                // The one for administrators is beyond `max_connections`.
                reserved: 0,
                used: number(&status, 1)?.saturating_sub(1),
                user: (most > 0).then_some(Limit {
                    most,
                    used: number(&answer, 2)?.saturating_sub(1),
                }),
                database: None,
            })
        }
    }
}

/// A limit and how much of it is used; -1 is none.
fn limit(answer: &Answer, at: usize) -> Result<Option<Limit>, Halt> {
    let most = integer(answer, at)?;
    let Ok(most) = u64::try_from(most) else {
        return Ok(None);
    };
    let used = number(answer, at + 1)?.saturating_sub(1);
    Ok(Some(Limit { most, used }))
}

/// A count in the first row of an answer.
pub(super) fn number(answer: &Answer, at: usize) -> Result<u64, Halt> {
    let found = integer(answer, at)?;
    u64::try_from(found).map_err(|_| strange(&format!("{found} is no count")))
}

fn integer(answer: &Answer, at: usize) -> Result<i128, Halt> {
    let row = answer.rows.as_ref().and_then(|rows| rows.all.first());
    let value = match row {
        Some(Value::Map(columns)) => columns.get(at).map(|(_, value)| value),
        _ => None,
    };
    match value {
        Some(Value::Number(Number::Int(int))) => Ok(*int),
        // MariaDB's status is text, whatever it counts.
        Some(Value::Text(text)) => text
            .parse()
            .map_err(|_| strange("a text came where a number was asked for")),
        Some(_) => Err(strange("something else came where a number was asked for")),
        None => Err(strange("nothing came where a number was asked for")),
    }
}

fn strange(why: &str) -> Halt {
    Halt::fault(FaultKind::Sql(SqlFault::Protocol), why)
}
