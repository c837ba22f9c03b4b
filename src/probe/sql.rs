//! `sql`: what does the database answer, and has it the schema we need?

mod dialect;
mod mysql;
mod name;
mod postgres;
mod seen;
mod server;
mod sqlite;
mod statement;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;

use schemars::JsonSchema;
use serde::Deserialize;

use self::dialect::{Dialect, SQLITE};
use self::statement::{is_constant, leaves_traces};
use super::database::{Dsn, Security, TlsMode};
use super::look::Look;
use super::net::ClientCertificate;
use super::{Context, Invalid, Needs, Probe};
use crate::model::{KnownFact, Looked};

/// So many bytes of rows are read at most.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// So many statements may stand in one look.
const MOST_STATEMENTS: usize = 1000;

/// Opens a database, runs statements in one transaction and rolls it back. Integers, floats and decimals are numbers, text is
/// text, NULL is null, a blob is its bytes in hexadecimal. Of PostgreSQL, booleans are true and false, `json` is what it holds,
/// an array is a list, and everything else (times in ISO and UTC, `uuid`, `interval`, enums) is text as the server writes it. Of
/// MySQL and MariaDB, booleans are the numbers 1 and 0, `BIT` and `YEAR` are numbers, `JSON` is what it holds, and everything
/// else (times in UTC, also `0000-00-00`, `ENUM`, `SET`) is text as the server writes it; what statements of theirs cannot be
/// rolled back is refused (`CREATE TABLE`), and what was not, because a table is of MyISAM, is `sql.not_rolled_back`. A file of
/// SQLite has values of the types they are stored with. The `role` of MySQL and MariaDB is `primary` where everybody's writes are
/// taken, also of one that follows another; a server that is `read_only` is a `replica` if it follows one, a `primary` under
/// maintenance if it follows none, and has no `role` where that does not show: to see it takes `REPLICATION CLIENT`, of MariaDB
/// `SLAVE MONITOR`, and the secondaries of a group do not show it at all.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sql {
    /// `postgres://user:password@db.example/app`, `postgres://user@/app?host=/cloudsql/PROJECT:REGION:INSTANCE`,
    /// `mysql://user:password@db.example/app`, `mysql://user@localhost/app?socket=/run/mysqld/mysqld.sock`, `sqlite:app.db`,
    /// `sqlite:///var/lib/app.db?mode=ro`. A file must exist. What is special in a name or password is percent-encoded.
    dsn: String,
    /// Whether TLS is spoken, and whom it believes; `sslmode` of the DSN says it otherwise. Without both it is `prefer`, with a
    /// `ca` `verify-full`, and over a unix socket `disable`. A server that wants the password itself (`password` of PostgreSQL;
    /// `mysql_clear_password`, `sha256_password`, and `caching_sha2_password` until somebody has logged in as this user) has it
    /// over a unix socket or TLS that is verified (`verify-ca`, `verify-full`), and otherwise the look ends in `sql.auth.server`.
    tls: Option<TlsMode>,
    /// A PEM file of authorities, trusted instead of the system's. Relative paths begin where the program was started.
    ca: Option<PathBuf>,
    /// Who we say we are, for servers that want to know.
    client_certificate: Option<ClientCertificate>,
    /// The address of a name server to ask for the host instead of the system: `10.0.0.2`, `10.0.0.2:5353`, `[fd00::2]:5353`. The
    /// host is then fully qualified.
    resolver: Option<String>,
    /// `true`: only knock. We connect, hear what the server says first and leave, without a login: the fact is `offers_tls`. That
    /// is the way to it, whoever may come in; PostgreSQL answers also while it starts up. (false)
    #[serde(default)]
    knock: bool,
    /// One statement.
    query: Option<String>,
    /// Several statements, run in order, at most 1000; `rows` and `columns` are those of the last, `rows_affected` is their sum.
    statements: Option<Vec<String>>,
    /// What must be there; what is not becomes the fact `missing`.
    schema: Option<Wanted>,
    /// Where the migrations are recorded; the greatest value of the column becomes the fact `migration_head`.
    migration: Option<Migration>,
    /// What else a server is asked about itself: `[connections, replication]`.
    #[serde(default)]
    ask: Vec<About>,
    /// `false` commits instead of rolling back, which needs `--allow-side-effects`.
    #[serde(default = "yes")]
    rollback: bool,
    /// A statement may give so many rows, or the look ends in `sql.too_large`.
    #[serde(default = "a_thousand")]
    max_rows: u32,
    #[serde(skip)]
    parsed: OnceLock<Dsn>,
    #[serde(skip)]
    leaves: OnceLock<Leaves>,
}

/// What is left in a session once everything was asked and rolled back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaves {
    /// Nothing.
    Nothing,
    /// Perhaps what the server takes away when it is told to.
    Little,
    /// What stays.
    Traces,
}

/// What a server can be asked about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum About {
    /// `max_connections`, `reserved_connections` (for superusers; 0 of MySQL, whose administrators have one beside the others),
    /// `used_connections` (ours included), `user_limit` and `database_limit` (where there are any), and `free_connections`, what
    /// of the narrowest of them nobody has.
    Connections,
    /// `replicas`, how many follow it; `replication_lag`, how far a replica is behind, and absent of a primary. Of MySQL both are
    /// absent without the right to know (`REPLICATION CLIENT` and `REPLICATION SLAVE`; of MariaDB `SLAVE MONITOR` and
    /// `REPLICATION MASTER ADMIN`), and the lag is whole seconds.
    Replication,
}

/// Tables and columns.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// By table or view, the columns it must have: `users`, `app.users`. Names are folded as the engine folds them: in PostgreSQL
    /// `Users` is `users`, and `"Users"` is not; in MySQL it depends on the server's files whether it is,
    /// and what is special is in backquotes.
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
        let security = Security {
            tls: self.tls,
            ca: self.ca.clone(),
            client_certificate: self.client_certificate.clone(),
            resolver: self.resolver.clone(),
        };
        let parsed = Dsn::parse(&self.dsn)?.with(security)?;
        if self.query.is_some() && self.statements.is_some() {
            return Err(Invalid::new(
                "statements",
                "write either `query` or `statements`",
            ));
        }
        self.check_knock(&parsed)?;
        if self.max_rows > 100_000 {
            return Err(Invalid::new("max_rows", "at most 100000 rows are read"));
        }
        let dialect = match &parsed {
            Dsn::Sqlite { .. } if !self.ask.is_empty() => {
                let why = "a file has neither connections nor replicas";
                return Err(Invalid::new("ask", why));
            }
            Dsn::Sqlite { .. } => &SQLITE,
            Dsn::Server(server) => {
                let dialect = dialect::of(server.engine);
                self.check_names(dialect)?;
                dialect
            }
        };
        self.check_statements(dialect)?;
        Ok(self.parsed.get_or_init(|| parsed))
    }

    /// Who knocks asks nothing, and a file has no door.
    fn check_knock(&self, dsn: &Dsn) -> Result<(), Invalid> {
        let wrong = |why: &str| Err(Invalid::new("knock", why));
        let asks = [
            ("query", self.query.is_some()),
            ("statements", self.statements.is_some()),
            ("schema", self.schema.is_some()),
            ("migration", self.migration.is_some()),
            ("ask", !self.ask.is_empty()),
        ];
        match (dsn, asks.iter().find(|(_, is_there)| *is_there)) {
            _ if !self.knock => Ok(()),
            (Dsn::Sqlite { .. }, _) => wrong("a file is opened without knocking; name a server"),
            (Dsn::Server(_), Some((key, _))) => {
                wrong(&format!("who only knocks asks nothing; take out `{key}`"))
            }
            (Dsn::Server(_), None) => Ok(()),
        }
    }

    fn check_statements(&self, dialect: &Dialect) -> Result<(), Invalid> {
        let check = |text: &str| {
            statement::check(text, dialect)?;
            if self.rollback {
                statement::is_taken_back(text, dialect)?;
            }
            Ok(())
        };
        if self.statements.iter().flatten().count() > MOST_STATEMENTS {
            let why = format!("at most {MOST_STATEMENTS} statements are run in a look");
            return Err(Invalid::new("statements", why));
        }
        if let Some(query) = &self.query {
            check(query).map_err(|why: String| Invalid::new("query", why))?;
        }
        for (at, text) in self.statements.iter().flatten().enumerate() {
            check(text).map_err(|why| {
                Invalid::new("statements", format!("statement {}: {why}", at + 1))
            })?;
        }
        Ok(())
    }

    fn check_names(&self, dialect: &Dialect) -> Result<(), Invalid> {
        for (table, columns) in self.schema.iter().flat_map(|wanted| &wanted.tables) {
            name::relation(table, dialect).map_err(|why| Invalid::new("schema", why))?;
            for column in columns {
                name::column(column, dialect).map_err(|why| Invalid::new("schema", why))?;
            }
        }
        if let Some(Migration { table, column }) = &self.migration {
            name::relation(table, dialect).map_err(|why| Invalid::new("migration", why))?;
            name::column(column, dialect).map_err(|why| Invalid::new("migration", why))?;
        }
        Ok(())
    }

    /// What is left in a session of this dialect. `schema` and `ask` read the catalogue alone, and meet nothing that a user made;
    /// `migration` reads a table of somebody's, which may be a view that runs functions.
    fn leaves(&self, dialect: &Dialect) -> Leaves {
        *self.leaves.get_or_init(|| {
            if !self.rollback || self.texts().any(|text| leaves_traces(text, dialect)) {
                Leaves::Traces
            } else if self.migration.is_none() && self.texts().all(is_constant) {
                Leaves::Nothing
            } else {
                Leaves::Little
            }
        })
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
        KnownFact::text("engine"),
        KnownFact::text("server_version"),
        KnownFact::text("role"),
        KnownFact::truth("read_only"),
        KnownFact::text("database"),
        KnownFact::text("user"),
        KnownFact::any("tls"),
        KnownFact::truth("offers_tls"),
        KnownFact::text("application_name"),
        KnownFact::list("missing"),
        KnownFact::one("migration_head"),
        KnownFact::duration("connect_latency"),
        KnownFact::number("max_connections"),
        KnownFact::number("reserved_connections"),
        KnownFact::number("used_connections"),
        KnownFact::number("free_connections"),
        KnownFact::number("user_limit"),
        KnownFact::number("database_limit"),
        KnownFact::duration("replication_lag"),
        KnownFact::number("replicas"),
        KnownFact::text("remote_ip"),
        KnownFact::text("family"),
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
            (None, _) if self.knock => "knock".to_owned(),
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

    fn counts(&self) -> &'static [&'static str] {
        match (&self.schema, &self.migration) {
            (Some(_), _) => &["missing"],
            (None, Some(_)) => &["migration_head"],
            (None, None) => &[],
        }
    }

    async fn observe(&self, ctx: &Context) -> Looked {
        let dsn = self.parsed()?;
        dsn.hide_in(&ctx.shared.mask, &self.dsn);
        let mut look = Look::begin(ctx);
        match dsn {
            Dsn::Sqlite { file, is_read_only } => {
                sqlite::look_at(&mut look, self, file, *is_read_only).await?;
            }
            Dsn::Server(server) => server::look_at(&mut look, self, server).await?,
        }
        Ok(look.finish())
    }
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
