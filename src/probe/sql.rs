//! `sql`: what does the database answer, and has it the schema we need?

mod sqlite;
mod statement;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use schemars::JsonSchema;
use serde::Deserialize;

use super::database::{Dsn, later};
use super::look::Look;
use super::{Context, Invalid, Needs, Probe};
use crate::model::{KnownFact, Looked};

/// So many bytes of rows are read at most.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// Opens a database, runs statements in one transaction and rolls it back. Rows are typed as they are stored: integers and floats
/// are numbers, text is text, NULL is null, and a blob is its bytes in hexadecimal.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sql {
    /// `sqlite:app.db`, `sqlite:///var/lib/app.db?mode=ro`. The file must exist.
    dsn: String,
    /// One statement.
    query: Option<String>,
    /// Several statements, run in order; `rows` and `columns` are those of the last, `rows_affected` is their sum.
    statements: Option<Vec<String>>,
    /// What must be there; what is not becomes the fact `missing`.
    schema: Option<Wanted>,
    /// Where the migrations are recorded; the greatest value of the column becomes the fact `migration_head`.
    migration: Option<Migration>,
    /// `false` commits instead of rolling back, which needs `--allow-side-effects`.
    #[serde(default = "yes")]
    rollback: bool,
    /// A statement may give so many rows, or the look ends in `sql.too_large`.
    #[serde(default = "a_thousand")]
    max_rows: u32,
    #[serde(skip)]
    parsed: OnceLock<Dsn>,
}

/// Tables and columns.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// By table or view, the columns it must have.
    tables: BTreeMap<String, Vec<String>>,
}

/// Where migrations are recorded.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Migration {
    /// The table.
    table: String,
    /// The column with the version.
    column: String,
}

const fn yes() -> bool {
    true
}

const fn a_thousand() -> u32 {
    1000
}

impl Sql {
    fn parsed(&self) -> Result<&Dsn, Invalid> {
        if let Some(known) = self.parsed.get() {
            return Ok(known);
        }
        let parsed = Dsn::parse(&self.dsn)?;
        if let Dsn::Server(server) = &parsed {
            return Err(later(server.engine));
        }
        if self.query.is_some() && self.statements.is_some() {
            return Err(Invalid::new(
                "statements",
                "write either `query` or `statements`",
            ));
        }
        if self.max_rows > 100_000 {
            return Err(Invalid::new("max_rows", "at most 100000 rows are read"));
        }
        if let Some(query) = &self.query {
            statement::check(query).map_err(|why| Invalid::new("query", why))?;
        }
        for (at, text) in self.statements.iter().flatten().enumerate() {
            statement::check(text).map_err(|why| {
                Invalid::new("statements", format!("statement {}: {why}", at + 1))
            })?;
        }
        Ok(self.parsed.get_or_init(|| parsed))
    }

    /// What is run, in order.
    fn texts(&self) -> impl Iterator<Item = &str> {
        let statements = self.statements.iter().flatten();
        self.query.iter().chain(statements).map(String::as_str)
    }
}

impl Probe for Sql {
    const FACTS: &'static [KnownFact] = &[
        KnownFact::list("rows"),
        KnownFact::list("columns"),
        KnownFact::number("rows_affected"),
        KnownFact::text("server_version"),
        KnownFact::text("role"),
        KnownFact::text("database"),
        KnownFact::list("missing"),
        KnownFact::one("migration_head"),
        KnownFact::duration("connect_latency"),
    ];

    fn prepare(&self) -> Result<(), Invalid> {
        self.parsed().map(|_| ())
    }

    fn resources(&self) -> Vec<String> {
        match self.parsed() {
            Ok(dsn) => dsn.resources(),
            Err(_) => Vec::new(),
        }
    }

    fn request(&self) -> String {
        let what = match (self.texts().next(), self.texts().count()) {
            (Some(text), 1) => text.split_whitespace().collect::<Vec<_>>().join(" "),
            (Some(_), many) => format!("{many} statements"),
            (None, _) if self.schema.is_some() => "schema".to_owned(),
            (None, _) if self.migration.is_some() => "migration".to_owned(),
            (None, _) => "open".to_owned(),
        };
        match self.parsed() {
            Ok(dsn) => format!("{}: {what}", dsn.shown()),
            Err(_) => what,
        }
    }

    fn needs(&self) -> Needs {
        Needs {
            commands: false,
            side_effects: !self.rollback,
        }
    }

    async fn observe(&self, ctx: &Context) -> Looked {
        let dsn = self.parsed()?;
        let mut look = Look::begin(ctx);
        if let Dsn::Sqlite { file, is_read_only } = dsn {
            sqlite::look_at(&mut look, self, file, *is_read_only).await?;
        }
        Ok(look.finish())
    }
}

#[cfg(test)]
mod tests;
