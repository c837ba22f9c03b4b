//! The SQLite file: its schema, its rows, and how it can be wrong.

use std::path::{Path, PathBuf};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, raw_sql};

use crate::demo::Fault;

/// Which environment the database says it belongs to.
pub(in crate::demo) const ENVIRONMENT: &str = "demo";

/// What has run in every database.
const OLD_SCHEMA: &str = "
    CREATE TABLE environment (name TEXT NOT NULL);
    CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE sessions (token TEXT PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id));
    CREATE TABLE threads (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id), title TEXT NOT NULL);
    CREATE TABLE schema_migrations (version TEXT PRIMARY KEY);
    INSERT INTO users (id, name) VALUES (1, 'alice'), (2, 'bob');
    INSERT INTO threads (id, user_id, title) VALUES (1, 1, 'Is everything fine?');
    INSERT INTO schema_migrations (version) VALUES ('0001_users'), ('0002_threads');
";

/// The last migration: the one [`Fault::Schema`] leaves out.
const LAST_MIGRATION: &str = "
    ALTER TABLE users ADD COLUMN email TEXT;
    UPDATE users SET email = name || '@demo.example';
    CREATE TABLE messages (id INTEGER PRIMARY KEY, thread_id INTEGER NOT NULL REFERENCES threads (id), body TEXT NOT NULL);
    INSERT INTO messages (id, thread_id, body) VALUES (1, 1, 'It looks so.');
    INSERT INTO schema_migrations (version) VALUES ('0003_messages');
";

/// A database file, made and filled.
#[derive(Debug)]
pub(in crate::demo) struct File {
    path: PathBuf,
}

impl File {
    /// Makes the file at `path`, belonging to the environment of that name.
    pub(in crate::demo) async fn create(
        path: PathBuf,
        environment: &str,
        fault: Fault,
    ) -> Result<Self, sqlx::Error> {
        let mut connection = options(&path).create_if_missing(true).connect().await?;
        raw_sql(OLD_SCHEMA).execute(&mut connection).await?;
        if fault != Fault::Schema {
            raw_sql(LAST_MIGRATION).execute(&mut connection).await?;
        }
        sqlx::query("INSERT INTO environment (name) VALUES (?)")
            .bind(environment)
            .execute(&mut connection)
            .await?;
        connection.close().await?;
        let file = Self { path };
        if fault == Fault::Corrupt {
            file.damage().await?;
        }
        Ok(file)
    }

    /// How to open it again; a file that is gone is an error, not made anew.
    pub(in crate::demo) fn options(&self) -> SqliteConnectOptions {
        options(&self.path)
    }

    /// Where it is, as `sqlite:///…`.
    pub(in crate::demo) fn dsn(&self) -> Option<String> {
        // The three characters that mean something else in a path of a DSN.
        let path = self.path.to_str()?;
        let path = path.replace('%', "%25").replace('?', "%3F");
        Some(format!("sqlite://{}", path.replace('#', "%23")))
    }

    /// Overwrites the sixteen bytes by which SQLite knows its files
    /// (<https://www.sqlite.org/fileformat.html#magic_header_string>).
    async fn damage(&self) -> std::io::Result<()> {
        use tokio::io::AsyncWriteExt;
        let mut file = tokio::fs::File::options()
            .write(true)
            .open(&self.path)
            .await?;
        file.write_all(b"no SQLite format").await?;
        file.sync_all().await
    }
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        // Tests read the file while the service writes: neither is to wait for the other.
        .journal_mode(SqliteJournalMode::Wal)
        // The file does not outlive this process, so nothing is lost by not waiting for the disk.
        .synchronous(SqliteSynchronous::Off)
}
