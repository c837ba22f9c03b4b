//! How many connections a server gives, and how many of them are left.

use super::Answer;
use super::count::{integer, number};
use crate::model::Value;
use crate::probe::look::Halt;

/// How many connections a server gives, and how many are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::probe) struct Room {
    /// `max_connections`.
    pub(in crate::probe) max: u64,
    /// How many of them are kept from us.
    pub(in crate::probe) reserved: u64,
    /// By whomever.
    pub(in crate::probe) used: u64,
    /// What our user may have.
    pub(in crate::probe) user: Option<Limit>,
    /// What our database may have.
    pub(in crate::probe) database: Option<Limit>,
}

/// A limit beneath that of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::probe) struct Limit {
    pub(in crate::probe) most: u64,
    /// By whomever.
    pub(in crate::probe) used: u64,
}

impl Room {
    /// PostgreSQL tells all in one row. Who may not see the sessions of others sees that they are there and not what they are:
    /// those with a database and a user are clients; the slots of replication are others (since PostgreSQL 12). Superusers have
    /// no limits of their own; less than zero is none.
    pub(in crate::probe) const POSTGRES: &str = "\
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

    /// MySQL tells its limits and who our user is...
    pub(in crate::probe) const MYSQL: &str = "SELECT @@GLOBAL.max_connections, @@SESSION.max_user_connections, \
        (SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = SUBSTRING_INDEX(USER(), '@', 1))";

    /// ... and elsewhere how many there are.
    pub(in crate::probe) const MYSQL_USED: &str = "SHOW GLOBAL STATUS LIKE 'Threads_connected'";

    /// The answer to [`POSTGRES`](Self::POSTGRES).
    pub(in crate::probe) fn of_postgres(answer: &Answer) -> Result<Self, Halt> {
        let at = |column| number(answer, column);
        Ok(Self {
            max: at(0)?,
            reserved: at(1)?,
            used: at(2)?,
            user: limit(answer, 3)?,
            database: limit(answer, 5)?,
        })
    }

    /// The answers to [`MYSQL`](Self::MYSQL) and [`MYSQL_USED`](Self::MYSQL_USED).
    pub(in crate::probe) fn of_mysql(limits: &Answer, used: &Answer) -> Result<Self, Halt> {
        let most = number(limits, 1)?;
        Ok(Self {
            max: number(limits, 0)?,
            // The one for administrators is beyond `max_connections`.
            reserved: 0,
            used: number(used, 1)?,
            user: (most > 0).then_some(Limit {
                most,
                used: number(limits, 2)?,
            }),
            database: None,
        })
    }

    /// What is declared of a server that is not asked.
    pub(in crate::probe) const fn declared(max: u64, reserved: u64) -> Self {
        Self {
            max,
            reserved,
            used: 0,
            user: None,
            database: None,
        }
    }

    /// Without the connection that asked.
    pub(in crate::probe) fn without_one(mut self) -> Self {
        let limits = self.user.iter_mut().chain(&mut self.database);
        let counts = limits.map(|limit| &mut limit.used).chain([&mut self.used]);
        counts.for_each(|used| *used = used.saturating_sub(1));
        self
    }

    /// What it gives to us and those like us.
    pub(in crate::probe) fn available(&self) -> u64 {
        let narrower = [self.user, self.database].into_iter().flatten();
        narrower
            .map(|limit| limit.most)
            .fold(self.max.saturating_sub(self.reserved), u64::min)
    }

    /// What of that nobody has.
    pub(in crate::probe) fn free(&self) -> u64 {
        let left = self.max.saturating_sub(self.reserved);
        let narrower = [self.user, self.database].into_iter().flatten();
        narrower
            .map(|limit| limit.most.saturating_sub(limit.used))
            .fold(left.saturating_sub(self.used), u64::min)
    }

    /// What is told of it.
    pub(in crate::probe) fn facts(&self) -> impl Iterator<Item = (&'static str, Value)> {
        let limits = [("user_limit", self.user), ("database_limit", self.database)];
        let limits = limits
            .into_iter()
            .filter_map(|(name, limit)| Some((name, limit?.most)));
        [
            ("max_connections", self.max),
            ("reserved_connections", self.reserved),
            ("free_connections", self.free()),
        ]
        .into_iter()
        .chain(limits)
        .map(|(name, number)| (name, Value::int(number)))
    }
}

/// A limit and how much of it is used; -1 is none.
fn limit(answer: &Answer, at: usize) -> Result<Option<Limit>, Halt> {
    let most = integer(answer, at)?;
    let Ok(most) = u64::try_from(most) else {
        return Ok(None);
    };
    let used = number(answer, at + 1)?;
    Ok(Some(Limit { most, used }))
}
