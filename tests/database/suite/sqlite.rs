//! A file of SQLite: what only a server can be asked is left out, as the demo's target does.

use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tempfile::TempDir;

use super::mutant::{Mutant, SCHEMA};

const OMITTED: &str = "\
omit:
  - { id: database/path, reason: no network leads to a file }
  - { id: database/bad-password, reason: a file has no passwords }
  - { id: database/reconnect, reason: a file has no sessions to end }
  - { id: database/headroom, reason: a file has no connections to run out of }
  - { id: database/capacity, reason: a file gives connections to whoever comes }
  - { id: database/storm, reason: nobody is refused by a file }
  - { id: database/pool, reason: a file closes no connections }
  - { id: database/redis-*, reason: there is no cache }
";

fn mutant(name: &'static str, dsn: &str) -> Mutant {
    Mutant::of(dsn)
        .named(name)
        .with("db_engine: postgres", "db_engine: sqlite")
        .with("db_names: [app_staging]", "db_names: [app.db]")
        .with("db_tls_modes: [verify-full]", "db_tls_modes: [none]")
        .with("db_version: \"16.\"", "db_version: \"3.\"")
        .with("\nomit:\n", format!("\n{OMITTED}"))
}

fn dsn(file: &Path) -> String {
    format!("sqlite:{}", file.display())
}

/// A file with the schema, and a connection to it.
async fn file() -> (TempDir, PathBuf, SqliteConnection) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("app.db");
    let options = SqliteConnectOptions::new().filename(&file);
    let mut connection = options.create_if_missing(true).connect().await.unwrap();
    for statement in SCHEMA {
        run(&mut connection, statement).await;
    }
    (directory, file, connection)
}

async fn run(connection: &mut SqliteConnection, statement: &'static str) {
    sqlx::raw_sql(statement).execute(connection).await.unwrap();
}

#[test]
fn a_file_is_whole_or_told_to_be_broken() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (directory, file, mut connection) = runtime.block_on(file());
    mutant("healthy", &dsn(&file)).ends("GO", &[]);
    let read_only = format!("{}?mode=ro", dsn(&file));
    mutant("read-only", &read_only).ends(
        "NO-GO",
        // A temporary table is not of the file.
        &[("database/identity", "failed expect.role")],
    );
    runtime.block_on(run(&mut connection, "BEGIN EXCLUSIVE"));
    mutant("busy", &dsn(&file))
        .in_brief()
        .is_locked_out("sqlite.5", &[]);
    runtime.block_on(run(&mut connection, "COMMIT"));
    mutant("not busy any more", &dsn(&file)).ends("GO", &[]);
    runtime.block_on(connection.close()).unwrap();

    let missing = directory.path().join("elsewhere/app.db");
    mutant("missing", &dsn(&missing)).is_locked_out("sqlite.14", &[]);
    std::fs::write(&file, [b'x'; 4096]).unwrap();
    mutant("no database", &dsn(&file)).is_locked_out("sqlite.26", &[]);
}
