//! A file of SQLite.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use futures_util::TryStreamExt;
use nix::errno::Errno;
use sqlx::sqlite::{Sqlite, SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{
    AssertSqlSafe, Column, ConnectOptions, Decode, Either, Executor, Row, SqlSafeStr, Statement,
    TypeInfo, ValueRef,
};
use tokio::time::Instant;

use super::seen::Seen;
use super::{MOST_BYTES, Migration, Sql};
use crate::model::{FaultKind, Number, Origin, Phase, SqlFault, Stopped, Unable, Value};
use crate::probe::database::{Limits, Rows};
use crate::probe::hex::hex;
use crate::probe::look::{Halt, Look};

/// SQLite counts the milliseconds it waits for a lock in 32 bits.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// SQLITE_CANTOPEN.
const CANNOT_OPEN: i32 = 14;
/// SQLITE_INTERRUPT: only we interrupt, and only at the deadline.
const INTERRUPTED: i32 = 9;

/// Opens the file, asks, and rolls back.
pub(super) async fn look_at(
    look: &mut Look<'_>,
    keys: &Sql,
    file: &Path,
    is_read_only: bool,
) -> Result<(), Stopped> {
    let started = Instant::now();
    let opening = open(file, is_read_only, look.ctx.deadline);
    let late = FaultKind::Sql(SqlFault::TimeoutStartup);
    let mut connection = look.phase(Phase::Startup, late, opening).await?;
    look.fact("connect_latency", Value::Duration(started.elapsed()));
    look.fact("engine", Value::Text("sqlite".to_owned()));
    let role = if is_read_only { "replica" } else { "primary" };
    look.fact("role", Value::Text(role.to_owned()));
    look.fact("read_only", Value::Bool(is_read_only));
    let name = file.file_name().unwrap_or(file.as_os_str());
    let name = name.to_string_lossy().into_owned();
    look.fact("database", Value::Text(name));
    let mut seen = Seen::default();
    let asking = ask(&mut connection, keys, &mut seen);
    let late = FaultKind::Sql(SqlFault::TimeoutQuery);
    let ended = look.timed(Phase::Query, late, asking).await;
    seen.tell(look);
    ended.map_err(|halt| look.stop(Phase::Query, halt))
}

/// Opens an existing file and reads its header: SQLite itself would not touch it before the first query.
async fn open(
    file: &Path,
    is_read_only: bool,
    deadline: Instant,
) -> Result<SqliteConnection, Halt> {
    let left = deadline.saturating_duration_since(Instant::now());
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(false)
        .read_only(is_read_only)
        // Less than there is, so that a locked database says that it is locked.
        .busy_timeout(left.min(LONGEST_WAIT).mul_f64(0.75))
        .disable_statement_logging();
    let mut connection = options.connect().await.map_err(|error| {
        // SQLite does not say why it cannot open a file; the system does. A pipe must not make us wait.
        let limit = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NONBLOCK)
            .open(file)
            .err()
            .and_then(|error| error.raw_os_error())
            .map(Errno::from_raw);
        match limit {
            Some(Errno::EMFILE | Errno::ENFILE) => Halt::unable(
                Unable::Limit,
                "no file descriptors left to open the database",
            ),
            errno => halt_of(&error, errno),
        }
    })?;
    let deadline = deadline.into_std();
    // The query runs on a thread of its own, which must end with the look also when nobody waits for it any more.
    connection
        .lock_handle()
        .await
        .map_err(|error| halt_of(&error, None))?
        .set_progress_handler(1000, move || std::time::Instant::now() < deadline);
    sqlx::query("PRAGMA schema_version")
        .execute(&mut connection)
        .await
        .map_err(|error| halt_of(&error, None))?;
    Ok(connection)
}

async fn ask(connection: &mut SqliteConnection, keys: &Sql, seen: &mut Seen) -> Result<(), Halt> {
    let failed = |error: sqlx::Error| halt_of(&error, None);
    let version: String = sqlx::query_scalar("SELECT sqlite_version()")
        .fetch_one(&mut *connection)
        .await
        .map_err(failed)?;
    seen.facts.push(("server_version", Value::Text(version)));
    execute(connection, "BEGIN").await?;
    if let Some(wanted) = &keys.schema {
        let mut missing = Vec::new();
        for (table, columns) in &wanted.tables {
            let known = columns_of(connection, table).await?;
            if known.is_empty() {
                missing.push(table.clone());
                continue;
            }
            missing.extend(
                columns
                    .iter()
                    .filter(|column| !has(&known, column))
                    .map(|column| format!("{table}.{column}")),
            );
        }
        seen.missing = Some(missing);
    }
    if let Some(migration) = &keys.migration {
        seen.migration_head = head(connection, migration).await?;
    }
    let before = total_changes(connection).await?;
    for text in keys.texts() {
        run(connection, text, keys.max_rows, seen).await?;
    }
    if keys.texts().next().is_some() {
        let changed = total_changes(connection).await? - before;
        seen.rows_affected = Some(changed.unsigned_abs());
    }
    execute(
        connection,
        if keys.rollback { "ROLLBACK" } else { "COMMIT" },
    )
    .await
}

async fn execute(connection: &mut SqliteConnection, text: &'static str) -> Result<(), Halt> {
    let done = sqlx::query(text).execute(connection).await;
    done.map(|_| ()).map_err(|error| halt_of(&error, None))
}

/// Rows changed since the connection was opened. The count of a single statement is left over from the one before when that
/// statement changes nothing.
async fn total_changes(connection: &mut SqliteConnection) -> Result<i64, Halt> {
    sqlx::query_scalar("SELECT total_changes()")
        .fetch_one(connection)
        .await
        .map_err(|error| halt_of(&error, None))
}

/// The columns of a table or view; none when it does not exist.
async fn columns_of(connection: &mut SqliteConnection, table: &str) -> Result<Vec<String>, Halt> {
    sqlx::query_scalar("SELECT name FROM pragma_table_info(?)")
        .bind(table)
        .fetch_all(connection)
        .await
        .map_err(|error| halt_of(&error, None))
}

/// Names of SQLite are compared without regard to case (of ASCII).
fn has(columns: &[String], wanted: &str) -> bool {
    columns
        .iter()
        .any(|column| column.eq_ignore_ascii_case(wanted))
}

/// The greatest value of the column; absent without such a table or column.
async fn head(
    connection: &mut SqliteConnection,
    migration: &Migration,
) -> Result<Option<Value>, Halt> {
    let Migration { table, column } = migration;
    // Asked for first, because SQLite takes an unknown quoted name for text.
    if !has(&columns_of(connection, table).await?, column) {
        return Ok(None);
    }
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let text = format!("SELECT MAX({}) FROM {}", quoted(column), quoted(table));
    let row = sqlx::query(AssertSqlSafe(text))
        .fetch_one(connection)
        .await
        .map_err(|error| halt_of(&error, None))?;
    value(&row, 0).map(Some)
}

/// Runs one statement; its rows replace those of the one before.
async fn run(
    connection: &mut SqliteConnection,
    text: &str,
    max_rows: u32,
    seen: &mut Seen,
) -> Result<(), Halt> {
    let failed = |error: sqlx::Error| halt_of(&error, None);
    let prepared = connection
        .prepare(AssertSqlSafe(text.to_owned()).into_sql_str())
        .await
        .map_err(failed)?;
    let columns: Vec<String> = prepared
        .columns()
        .iter()
        .map(|column| column.name().to_owned())
        .collect();
    let limits = Limits {
        rows: max_rows as usize,
        bytes: MOST_BYTES,
    };
    let width = columns.len();
    let result = seen.result.insert(Rows::of(columns));
    let mut stream = sqlx::raw_sql(prepared.into_sql()).fetch_many(&mut *connection);
    while let Some(next) = stream.try_next().await.map_err(failed)? {
        if let Either::Right(row) = next {
            let values: Vec<_> = (0..width)
                .map(|at| value(&row, at))
                .collect::<Result<_, _>>()?;
            result.push(values, limits)?;
        }
    }
    Ok(())
}

/// A value by the type it is stored with, whatever its column says.
fn value(row: &SqliteRow, at: usize) -> Result<Value, Halt> {
    let broken = |error: String| Halt::fault(FaultKind::Sql(SqlFault::Protocol), error);
    let raw = row.try_get_raw(at).map_err(|error| halt_of(&error, None))?;
    if raw.is_null() {
        return Ok(Value::Null);
    }
    let type_info = raw.type_info().into_owned();
    match type_info.name() {
        "INTEGER" => <i64 as Decode<Sqlite>>::decode(raw).map(Value::int),
        "REAL" => {
            <f64 as Decode<Sqlite>>::decode(raw).map(|number| Value::Number(Number::Float(number)))
        }
        "TEXT" => <Vec<u8> as Decode<Sqlite>>::decode(raw)
            .map(|bytes| Value::Text(String::from_utf8_lossy(&bytes).into_owned())),
        _ => <Vec<u8> as Decode<Sqlite>>::decode(raw).map(|bytes| Value::Text(hex(&bytes))),
    }
    .map_err(|error| broken(error.to_string()))
}

fn halt_of(error: &sqlx::Error, errno: Option<Errno>) -> Halt {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .and_then(|code| code.parse::<i32>().ok());
    match (code, error) {
        (Some(INTERRUPTED), _) => Halt::fault(
            FaultKind::Sql(SqlFault::TimeoutQuery),
            "interrupted when the budget ended",
        ),
        (Some(code), sqlx::Error::Database(error)) => {
            let why = match errno {
                Some(errno) if code & 0xff == CANNOT_OPEN => format!(" ({})", errno.desc()),
                _ => String::new(),
            };
            let message = format!("{}{why}", error.message());
            Halt::fault(FaultKind::Sqlite(code), message).by(Origin::Sqlite(code))
        }
        (_, sqlx::Error::WorkerCrashed) => {
            Halt::unable(Unable::Panic, "the thread of the database ended")
        }
        _ => Halt::fault(FaultKind::Sql(SqlFault::Protocol), error.to_string()),
    }
}
