//! What is asked of MySQL and MariaDB: what it is, what it has, and what the test asks.

use std::time::Duration;

use tokio::time::Instant;

use super::dialect::MYSQL;
use super::seen::Seen;
use super::{About, MOST_BYTES, Migration, Sql, Wanted, name, statement};
use crate::model::{FaultKind, Origin, Phase, SqlFault, Stopped, Unable, Value};
use crate::probe::database::mysql::{Flavour, Session};
use crate::probe::database::{Answer, Limits, Room, Rows};
use crate::probe::hex::hex;
use crate::probe::look::{Halt, Look};

/// ER_UNKNOWN_SYSTEM_VARIABLE.
const UNKNOWN_VARIABLE: u16 = 1193;
/// ER_SP_DOES_NOT_EXIST: the savepoint went with its transaction.
const NO_SAVEPOINT: u16 = 1305;
/// ER_SPECIFIC_ACCESS_DENIED_ERROR.
const NOT_ALLOWED: u16 = 1227;
/// ER_PARSE_ERROR.
const NOT_UNDERSTOOD: u16 = 1064;
/// ER_WARNING_NOT_COMPLETE_ROLLBACK.
const NOT_ROLLED_BACK: i128 = 1196;

/// What we ask for ourselves is bounded by the keys of the test.
const OURS: Limits = Limits {
    rows: 100_000,
    bytes: MOST_BYTES,
};

/// Asks, and rolls back what is to be rolled back; otherwise the transaction stays open.
pub(super) async fn look_at(
    look: &mut Look<'_>,
    keys: &Sql,
    session: &mut Session,
) -> Result<(), Stopped> {
    let mut seen = Seen::default();
    let left = look.ctx.deadline.saturating_duration_since(Instant::now());
    let late = FaultKind::Sql(SqlFault::TimeoutQuery);
    let asking = async {
        session.limit(left).await?;
        about(session, keys, &mut seen).await?;
        if let Some(wanted) = &keys.schema {
            seen.missing = Some(missing(session, wanted).await?);
        }
        if let Some(migration) = &keys.migration {
            seen.migration_head = head(session, migration).await?;
        }
        own(session, keys, &mut seen).await
    };
    let ended = look.timed(Phase::Query, late, asking).await;
    seen.tell(look);
    ended.map_err(|halt| look.stop(Phase::Query, halt))
}

/// Who and what answers, as of now.
async fn about(session: &mut Session, keys: &Sql, seen: &mut Seen) -> Result<(), Halt> {
    let more = match session.flavour() {
        Flavour::MySql => {
            ", @@global.super_read_only AS super_read_only, @@global.innodb_read_only AS innodb_read_only, \
             @@session.transaction_read_only AS transaction_read_only"
        }
        Flavour::MariaDb => {
            ", @@global.innodb_read_only AS innodb_read_only, @@session.tx_read_only AS transaction_read_only"
        }
    };
    let identity = |more: &str| {
        format!(
            "SELECT DATABASE() AS `database`, CURRENT_USER() AS `user`, \
             @@global.max_connections AS max_connections, @@global.read_only AS read_only{more}"
        )
    };
    let known = match refused(
        session.ask(&identity(more), OURS).await,
        &[UNKNOWN_VARIABLE],
    )? {
        Some(known) => known,
        // Old versions have less to say.
        None => session.ask(&identity(""), OURS).await?,
    };
    if first(&known, "max_connections").is_none() {
        let why = "the server answered what it is without a row of what it is";
        return Err(Halt::fault(FaultKind::Sql(SqlFault::Protocol), why));
    }
    let channels = channels(session).await?;
    let on = |name| first(&known, name).is_some_and(is_on);
    let writing = if on("innodb_read_only") {
        Writing::Never
    } else if on("super_read_only") {
        Writing::Nobody
    } else if on("read_only") {
        Writing::Administrators
    } else {
        Writing::Everybody
    };
    let role = role(writing, channels.as_deref());
    let role = role.map(|role| ("role", Value::Text(role.to_owned())));
    seen.facts.extend(role);
    // The server may take writes, and give this session only transactions that read.
    let is_read_only = writing != Writing::Everybody || on("transaction_read_only");
    seen.facts.push(("read_only", Value::Bool(is_read_only)));
    for name in ["database", "user"] {
        let value = first(&known, name).cloned();
        seen.facts.extend(value.map(|value| (name, value)));
    }
    if keys.ask.contains(&About::Connections) {
        connections(session, seen).await?;
    }
    if keys.ask.contains(&About::Replication) {
        let lag = channels.and_then(|channels| lag(&channels));
        let lag = lag.map(|lag| ("replication_lag", Value::Duration(lag)));
        let replicas = replicas(session).await?;
        let replicas = replicas.map(|rows| ("replicas", Value::int(rows as u64)));
        seen.facts.extend(lag.into_iter().chain(replicas));
    }
    Ok(())
}

/// Who may write, as the server says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writing {
    Everybody,
    /// `read_only`: for replicas, and where somebody works on it.
    Administrators,
    /// `super_read_only`: the same; also of the secondaries of a group, who follow without a channel that is shown.
    Nobody,
    /// `innodb_read_only`, which stays until a restart: of the readers of Aurora, who follow without any channel.
    Never,
}

/// Whoever may write finds a primary, whomever it follows: both sources of a circle are. One that only reads is a replica if it
/// follows somebody, which is not known of a server that does not show whom.
fn role(writing: Writing, channels: Option<&[Value]>) -> Option<&'static str> {
    match (writing, channels) {
        (Writing::Everybody, _) | (Writing::Administrators, Some([])) => Some("primary"),
        (Writing::Never, _) | (Writing::Administrators | Writing::Nobody, Some([_, ..])) => {
            Some("replica")
        }
        (Writing::Nobody, Some([])) | (Writing::Administrators | Writing::Nobody, None) => None,
    }
}

/// Written as a number, or as a word.
fn is_on(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.to_f64() != 0.0,
        Value::Text(word) => !matches!(word.as_str(), "OFF" | "0" | ""),
        _ => false,
    }
}

/// What it says of those it replicates from, one each; `None` of whoever may not know.
async fn channels(session: &mut Session) -> Result<Option<Vec<Value>>, Halt> {
    let texts = match session.flavour() {
        Flavour::MySql => ["SHOW REPLICA STATUS", "SHOW SLAVE STATUS"],
        Flavour::MariaDb => ["SHOW ALL SLAVES STATUS", "SHOW SLAVE STATUS"],
    };
    Ok(either(session, texts).await?.map(|rows| rows.all))
}

/// How many replicas are connected.
async fn replicas(session: &mut Session) -> Result<Option<usize>, Halt> {
    let texts = ["SHOW REPLICAS", "SHOW SLAVE HOSTS"];
    Ok(either(session, texts).await?.map(|rows| rows.all.len()))
}

/// What the first gives, or where it is not understood the second, by its older name; `None` where it is not allowed.
async fn either(session: &mut Session, texts: [&str; 2]) -> Result<Option<Rows>, Halt> {
    for text in texts {
        let asked = session.ask(text, OURS).await;
        let is_refused = matches!(
            &asked,
            Err(Halt::Fault {
                kind: FaultKind::MySql(NOT_ALLOWED),
                ..
            })
        );
        match refused(asked, &[NOT_ALLOWED, NOT_UNDERSTOOD])? {
            Some(answer) => return Ok(answer.rows),
            None if is_refused => return Ok(None),
            None => {}
        }
    }
    Ok(None)
}

/// The furthest behind of all channels; `None` while one does not know.
fn lag(channels: &[Value]) -> Option<Duration> {
    let behind = channels.iter().map(|channel| {
        let names = ["Seconds_Behind_Source", "Seconds_Behind_Master"];
        match names.iter().find_map(|name| channel.get(name)) {
            Some(Value::Number(seconds)) => {
                Duration::try_from_secs_f64(seconds.to_f64().max(0.0)).ok()
            }
            _ => None,
        }
    });
    let behind: Option<Vec<_>> = behind.collect();
    behind?.into_iter().max()
}

async fn connections(session: &mut Session, seen: &mut Seen) -> Result<(), Halt> {
    let limits = session.ask(Room::MYSQL, OURS).await?;
    let used = session.ask(Room::MYSQL_USED, OURS).await?;
    let room = Room::of_mysql(&limits, &used)?;
    seen.has(&room);
    Ok(())
}

/// Runs the test's own statements in a transaction.
async fn own(session: &mut Session, keys: &Sql, seen: &mut Seen) -> Result<(), Halt> {
    let limits = Limits {
        rows: keys.max_rows as usize,
        bytes: MOST_BYTES,
    };
    if keys.texts().next().is_none() {
        return Ok(());
    }
    session.ask("START TRANSACTION", OURS).await?;
    // A procedure may end our transaction and begin another, and nothing else can: only what is gone with ours tells.
    let is_marked = keys.rollback && keys.texts().any(|text| statement::calls(text, &MYSQL));
    if is_marked {
        session.ask("SAVEPOINT allclear_mark", OURS).await?;
    }
    for text in keys.texts() {
        let answer = match session.ask(text, limits).await {
            Ok(answer) => answer,
            Err(halt) => return Err(failed(session, keys, is_marked, halt).await),
        };
        let before = seen.rows_affected.unwrap_or(0);
        // What a stranger says may be any number.
        seen.rows_affected = Some(before.saturating_add(answer.affected.unwrap_or(0)));
        seen.result = Some(answer.rows.unwrap_or_default());
        if keys.rollback && !session.is_in_transaction() {
            return Err(left_behind(
                "a statement committed by itself what was to be rolled back",
            ));
        }
    }
    if keys.rollback {
        rollback(session, is_marked).await?;
    }
    Ok(())
}

/// What went wrong; and whether what was done before it stays.
async fn failed(session: &mut Session, keys: &Sql, is_marked: bool, halt: Halt) -> Halt {
    let Halt::Fault {
        kind: kind @ FaultKind::MySql(_),
        message,
        origin,
    } = halt
    else {
        return halt;
    };
    if !keys.rollback {
        return Halt::Fault {
            kind,
            message,
            origin,
        };
    }
    let stays = match rollback(session, is_marked).await {
        Err(Halt::Fault {
            kind: FaultKind::Sql(SqlFault::NotRolledBack),
            message,
            ..
        }) => format!("; {message}"),
        _ => String::new(),
    };
    Halt::Fault {
        kind,
        message: format!("{message}{stays}"),
        origin,
    }
}

/// Rolls back. An engine without transactions keeps what it has, and says so in a warning only.
async fn rollback(session: &mut Session, is_marked: bool) -> Result<(), Halt> {
    if is_marked {
        let back = session
            .ask("ROLLBACK TO SAVEPOINT allclear_mark", OURS)
            .await;
        if refused(back, &[NO_SAVEPOINT])?.is_none() {
            session.ask("ROLLBACK", OURS).await?;
            let why =
                "a procedure committed what was to be rolled back, and began another transaction";
            return Err(left_behind(why).by(Origin::MySql(NO_SAVEPOINT)));
        }
    }
    session.ask("ROLLBACK", OURS).await?;
    if session.warnings() == 0 {
        return Ok(());
    }
    let warnings = session.ask("SHOW WARNINGS", OURS).await?;
    let mut warnings = warnings.rows.into_iter().flat_map(|rows| rows.all);
    if warnings.any(|row| row.get("Code") == Some(&Value::int(NOT_ROLLED_BACK))) {
        let why = "a table whose engine has no transactions (MyISAM, Aria, MEMORY) keeps what was written";
        return Err(left_behind(why).by(Origin::MySql(1196)));
    }
    Ok(())
}

fn left_behind(why: &str) -> Halt {
    Halt::fault(FaultKind::Sql(SqlFault::NotRolledBack), why)
}

/// `None` when it was refused with one of these numbers.
fn refused(asked: Result<Answer, Halt>, numbers: &[u16]) -> Result<Option<Answer>, Halt> {
    match asked {
        Ok(answer) => Ok(Some(answer)),
        Err(Halt::Fault {
            kind: FaultKind::MySql(number),
            ..
        }) if numbers.contains(&number) => Ok(None),
        Err(halt) => Err(halt),
    }
}

/// A column of the first row.
fn first<'a>(answer: &'a Answer, column: &str) -> Option<&'a Value> {
    answer.rows.as_ref()?.all.first()?.get(column)
}

/// A table: its database, if it is named, and its name.
struct Table {
    database: Option<String>,
    name: String,
}

impl Table {
    fn read(text: &str) -> Result<Self, Halt> {
        let mut parts = name::relation(text, &MYSQL).map_err(slip)?;
        let name = parts.pop().unwrap_or_default();
        Ok(Self {
            database: parts.pop(),
            name,
        })
    }

    /// As a statement names it.
    fn quoted(&self) -> String {
        match &self.database {
            Some(database) => format!("{}.{}", quoted(database), quoted(&self.name)),
            None => quoted(&self.name),
        }
    }
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A text in which nothing means something.
fn literal(text: &str) -> String {
    if text.is_empty() {
        return "''".to_owned();
    }
    format!("_utf8mb4 0x{}", hex(text.as_bytes()))
}

/// Names are checked when the test is loaded.
fn slip(why: String) -> Halt {
    Halt::unable(Unable::Value, why)
}

/// The columns of a table or view, as far as this user may see them; none when it does not exist. Whether `Users` is `users` is
/// for the server to say: it depends on its files.
async fn columns_of(session: &mut Session, table: &Table) -> Result<Vec<String>, Halt> {
    let database = match &table.database {
        Some(database) => literal(database),
        None => "DATABASE()".to_owned(),
    };
    let text = format!(
        "SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS \
         WHERE TABLE_SCHEMA = {database} AND TABLE_NAME = {}",
        literal(&table.name)
    );
    let answer = session.ask(&text, OURS).await?;
    let rows = answer.rows.into_iter().flat_map(|rows| rows.all);
    let names = rows.filter_map(|row| row.get("name")?.as_text().map(str::to_owned));
    Ok(names.collect())
}

/// Names of columns are compared without regard to case.
fn has(columns: &[String], wanted: &str) -> bool {
    let wanted = wanted.to_lowercase();
    columns.iter().any(|column| column.to_lowercase() == wanted)
}

/// What was asked for and is not there; of a table that is not there only the table.
async fn missing(session: &mut Session, wanted: &Wanted) -> Result<Vec<String>, Halt> {
    let mut missing = Vec::new();
    for (table, columns) in &wanted.tables {
        let known = columns_of(session, &Table::read(table)?).await?;
        if known.is_empty() {
            missing.push(table.clone());
            continue;
        }
        for column in columns {
            if !has(&known, &name::column(column, &MYSQL).map_err(slip)?) {
                missing.push(format!("{table}.{column}"));
            }
        }
    }
    Ok(missing)
}

/// The greatest value of the column; absent without such a table or column.
async fn head(session: &mut Session, migration: &Migration) -> Result<Option<Value>, Halt> {
    let table = Table::read(&migration.table)?;
    let column = name::column(&migration.column, &MYSQL).map_err(slip)?;
    if !has(&columns_of(session, &table).await?, &column) {
        return Ok(None);
    }
    let text = format!(
        "SELECT MAX({}) AS head FROM {}",
        quoted(&column),
        table.quoted()
    );
    let answer = session.ask(&text, OURS).await?;
    Ok(first(&answer, "head").cloned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_told_as_far_as_it_shows() {
        let follows = [Value::Null];
        let table = [
            (Writing::Everybody, None, Some("primary")),
            (Writing::Everybody, Some(&[][..]), Some("primary")),
            (Writing::Everybody, Some(&follows[..]), Some("primary")),
            (Writing::Administrators, None, None),
            (Writing::Administrators, Some(&[]), Some("primary")),
            (Writing::Administrators, Some(&follows), Some("replica")),
            (Writing::Nobody, None, None),
            (Writing::Nobody, Some(&[]), None),
            (Writing::Nobody, Some(&follows), Some("replica")),
            (Writing::Never, None, Some("replica")),
            (Writing::Never, Some(&[]), Some("replica")),
        ];
        for (writing, channels, told) in table {
            assert_eq!(role(writing, channels), told, "{writing:?} {channels:?}");
        }
    }
}
