//! What is asked of PostgreSQL, in one transaction and one round trip: what it is, what it has, and what the test asks.

mod identity;

use std::time::Duration;

use postgres_protocol::escape::{escape_identifier, escape_literal};
use tokio::time::Instant;

use self::identity::{facts, identity, remembered, still};
use super::dialect::POSTGRES;
use super::seen::Seen;
use super::{About, MOST_BYTES, Sql, Wanted, name};
use crate::model::{FaultKind, Phase, SqlFault, Stopped, Value};
use crate::probe::database::postgres::{Asked, Remembered, Session};
use crate::probe::database::{Answer, Limits, Room};
use crate::probe::look::{Halt, Look};

/// `query_canceled`.
const CANCELED: &str = "57014";

/// The server's clock for a statement starts a little behind ours.
const AT_ONCE: Duration = Duration::from_millis(20);

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
    let mut talk = Talk::default();
    let deadline = look.ctx.deadline;
    let asking = talk.hold(keys, session, deadline);
    let late = FaultKind::Sql(SqlFault::TimeoutQuery);
    let ended = look.timed(Phase::Query, late, asking).await;
    talk.seen(keys).tell(look);
    ended.map_err(|halt| {
        let halt = if is_our_timeout(&halt, deadline) {
            look.too_late(late)
        } else {
            halt
        };
        look.stop(Phase::Query, halt)
    })
}

/// The server ends with the budget what it still does for us, and may be the first to say so.
fn is_our_timeout(halt: &Halt, deadline: Instant) -> bool {
    let Halt::Fault {
        kind: FaultKind::Postgres(state),
        ..
    } = halt
    else {
        return false;
    };
    state.as_str() == CANCELED && Instant::now() + AT_ONCE >= deadline
}

/// What a statement of ours is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Beginning or ending the transaction.
    Frame,
    /// Who and what answers.
    Identity,
    /// The same of a session that is as new, as far as it may be otherwise now.
    Still,
    /// What else the engine says of itself.
    About,
    /// How many connections there are.
    Room,
    Schema,
    /// Whether the migrations have their table and column.
    HeadIsThere,
    Head,
    /// The test's own.
    Own,
}

/// Statements and their answers, as far as they came.
#[derive(Debug, Default)]
struct Talk {
    parts: Vec<Part>,
    answers: Vec<Answer>,
    /// What the session said of itself before.
    known: Option<Remembered>,
}

impl Talk {
    async fn hold(
        &mut self,
        keys: &Sql,
        session: &mut Session,
        deadline: Instant,
    ) -> Result<(), Halt> {
        let mut round = Round::default();
        round.say(Part::Frame, "BEGIN");
        self.known.clone_from(&session.remembered);
        match &self.known {
            Some(_) => round.say(Part::Still, still(deadline)),
            None => round.say(Part::Identity, identity(deadline)),
        }
        if keys.ask.contains(&About::Connections) {
            round.say(Part::Room, Room::POSTGRES);
        }
        if keys.ask.contains(&About::Replication) {
            round.say(Part::About, REPLICATION);
        }
        if let Some(wanted) = &keys.schema {
            round.say(Part::Schema, schema(wanted)?);
        }
        if let Some(migration) = &keys.migration {
            let (relation, column) = (relation(&migration.table)?, column(&migration.column)?);
            let is_there = are_there(&[(relation.clone(), Some(column.clone()))]);
            round.say(Part::HeadIsThere, is_there);
            self.go(session, round).await?;
            round = Round::default();
            if self.has_head() {
                let column = escape_identifier(&column);
                let head = format!("SELECT pg_catalog.max({column}) FROM {relation}");
                round.say(Part::Head, head);
            }
        }
        let own = Limits {
            rows: keys.max_rows as usize,
            bytes: MOST_BYTES,
        };
        for text in keys.texts() {
            round.add(Part::Own, text.to_owned(), own);
        }
        if keys.rollback {
            round.say(Part::Frame, "ROLLBACK");
        }
        self.go(session, round).await
    }

    async fn go(&mut self, session: &mut Session, round: Round) -> Result<(), Halt> {
        self.parts.extend(round.0.iter().map(|(part, ..)| *part));
        let next = round.0.iter().skip(1).map(|(part, ..)| Some(*part));
        let before = round.0.iter().map(|(part, ..)| Some(*part));
        let around = [None].into_iter().chain(before).zip(next.chain([None]));
        let asked: Vec<_> = round
            .0
            .iter()
            .zip(around)
            .map(|((part, text, limits), (before, next))| Asked {
                text,
                limits: *limits,
                // What is known of the server is seen also when a statement of the test never ends.
                at_once: *part != Part::Own && next == Some(Part::Own),
                replaces: *part == Part::Own && before == Some(Part::Own),
                gives_rows: *part != Part::Frame,
            })
            .collect();
        let outcome = session.ask_all(&asked, &mut self.answers).await;
        if session.remembered.is_none() {
            let mut known = self.parts.iter().zip(&self.answers);
            let identity = known.find(|(part, _)| **part == Part::Identity);
            session.remembered = identity.map(|(_, answer)| remembered(answer));
        }
        outcome
    }

    fn has_head(&self) -> bool {
        let mut known = self.parts.iter().zip(&self.answers);
        known.any(|(part, answer)| *part == Part::HeadIsThere && is_complete(answer))
    }

    fn seen(mut self, keys: &Sql) -> Seen {
        let mut seen = Seen::default();
        for (part, answer) in self.parts.into_iter().zip(self.answers) {
            match part {
                Part::Frame | Part::HeadIsThere => {}
                Part::Identity | Part::About => seen.facts.extend(facts(&answer)),
                Part::Still => {
                    seen.facts.extend(facts(&answer));
                    let known = self.known.take();
                    seen.facts.extend(known.into_iter().flatten());
                }
                // What is no count is no fact either.
                Part::Room => {
                    if let Ok(room) = Room::of_postgres(&answer) {
                        seen.has(&room);
                    }
                }
                Part::Schema => {
                    let wanted = keys.schema.as_ref();
                    seen.missing = wanted.and_then(|wanted| missing(wanted, &answer));
                }
                Part::Head => seen.migration_head = first(&answer, "max").cloned(),
                Part::Own => {
                    let before = seen.rows_affected.unwrap_or(0);
                    seen.rows_affected = Some(before.saturating_add(answer.affected.unwrap_or(0)));
                    seen.result = Some(answer.rows.unwrap_or_default());
                }
            }
        }
        seen
    }
}

/// Statements that are sent together.
#[derive(Debug, Default)]
struct Round(Vec<(Part, String, Limits)>);

impl Round {
    fn say(&mut self, part: Part, text: impl Into<String>) {
        self.add(part, text.into(), OURS);
    }

    fn add(&mut self, part: Part, text: String, limits: Limits) {
        self.0.push((part, text, limits));
    }
}

/// A replica that has replayed all it received is as new as its primary only while it receives.
const REPLICATION: &str = "\
    SELECT CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN NULL \
    WHEN pg_catalog.pg_last_wal_receive_lsn() = pg_catalog.pg_last_wal_replay_lsn() \
    AND EXISTS (SELECT FROM pg_catalog.pg_stat_wal_receiver WHERE pid IS NOT NULL) THEN 0 \
    ELSE extract(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp()) \
    END::float8 AS replication_lag, \
    (SELECT count(*) FROM pg_catalog.pg_stat_replication WHERE state IS DISTINCT FROM 'backup') AS replicas";

/// A column of the first row.
fn first<'a>(answer: &'a Answer, column: &str) -> Option<&'a Value> {
    answer.rows.as_ref()?.all.first()?.get(column)
}

/// A table as a statement names it.
fn relation(text: &str) -> Result<String, Halt> {
    let parts = name::relation(text, &POSTGRES).map_err(slip)?;
    let quoted: Vec<_> = parts.iter().map(|part| escape_identifier(part)).collect();
    Ok(quoted.join("."))
}

fn column(text: &str) -> Result<String, Halt> {
    name::column(text, &POSTGRES).map_err(slip)
}

/// Names are checked when the test is loaded.
fn slip(why: String) -> Halt {
    Halt::unable(crate::model::Unable::Value, why)
}

/// Everything that is wanted, in the order in which it is asked for; a table without columns stands for itself.
fn places(wanted: &Wanted) -> impl Iterator<Item = (&String, Option<&String>)> {
    wanted.tables.iter().flat_map(|(table, columns)| {
        let itself = columns.is_empty().then_some((table, None));
        let columns = columns.iter().map(move |column| (table, Some(column)));
        itself.into_iter().chain(columns)
    })
}

fn schema(wanted: &Wanted) -> Result<String, Halt> {
    let places: Vec<_> = places(wanted)
        .map(|(table, of_it)| {
            Ok((
                relation(table)?,
                of_it.map(|text| column(text)).transpose()?,
            ))
        })
        .collect::<Result<_, Halt>>()?;
    Ok(are_there(&places))
}

/// For each of these, whether the table is there and whether the column is; found as a statement would find them, by the search
/// path. Who has no rights on them sees them, too.
fn are_there(places: &[(String, Option<String>)]) -> String {
    let places: Vec<_> = places
        .iter()
        .enumerate()
        .map(|(at, (relation, column))| {
            let column = column.as_ref().map(|name| escape_literal(name));
            let column = column.as_deref().unwrap_or("NULL");
            format!("({at}, {}, {column}::text)", escape_literal(relation))
        })
        .collect();
    // `VALUES` has no empty list.
    let places = if places.is_empty() {
        "SELECT 0, '', ''::text WHERE false".to_owned()
    } else {
        format!("VALUES {}", places.join(", "))
    };
    format!(
        "SELECT c.oid IS NOT NULL AS has_table, wanted.name IS NULL OR a.attname IS NOT NULL AS has_column \
         FROM ({places}) AS wanted (place, relation, name) \
         LEFT JOIN pg_catalog.pg_class c ON c.oid = pg_catalog.to_regclass(wanted.relation) \
         AND c.relkind IN ('r', 'p', 'v', 'm', 'f') \
         LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = wanted.name::pg_catalog.name \
         AND a.attnum > 0 AND NOT a.attisdropped ORDER BY wanted.place"
    )
}

/// What was asked for and is not there; of a table that is not there only the table.
fn missing(wanted: &Wanted, answer: &Answer) -> Option<Vec<String>> {
    let rows = &answer.rows.as_ref()?.all;
    if rows.len() != places(wanted).count() {
        return None;
    }
    let mut missing: Vec<String> = Vec::new();
    for ((table, column), row) in places(wanted).zip(rows) {
        if !holds(row, "has_table") {
            if missing.last() != Some(table) {
                missing.push(table.clone());
            }
        } else if let Some(column) = column
            && !holds(row, "has_column")
        {
            missing.push(format!("{table}.{column}"));
        }
    }
    Some(missing)
}

fn is_complete(answer: &Answer) -> bool {
    let mut rows = answer.rows.iter().flat_map(|rows| &rows.all);
    rows.all(|row| holds(row, "has_table") && holds(row, "has_column"))
}

fn holds(row: &Value, column: &str) -> bool {
    row.get(column) == Some(&Value::Bool(true))
}
