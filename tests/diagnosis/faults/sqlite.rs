//! A file of SQLite that is not there, is none, or is somebody else's for now.

use std::fs;
use std::path::Path;

use allclear::model::{Class, Layer};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use crate::expert::Answer::{self, Is, Rather};
use crate::row::{Row, look_at, row};
use crate::support::directory;
use crate::told::Told;

pub(super) fn faults() -> Vec<Told> {
    use Class::{Application, Configuration};
    let folder = directory();
    let file = |name: &str| folder.path().join(name);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let databases = ["empty.db", "locked.db", "read-only.db"].map(|name| {
        let options = SqliteConnectOptions::new().filename(file(name));
        runtime.block_on(made(options.create_if_missing(true)))
    });
    let [_, mut locked, _] = databases;
    let lock = sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut locked);
    runtime.block_on(lock).unwrap();
    fs::write(file("text.db"), [b'x'; 4096]).unwrap();
    let (app, written) = (Layer::Application, Layer::Configuration);
    let broken = |name: &str, path: &Path, keys: &str, code, layer, answer: Answer| -> Row {
        let probe = format!("sql: {{ dsn: \"sqlite:{}{keys} }}", path.display());
        row(&format!("sqlite-{name}"), probe, code, layer, answer)
    };
    let all = look_at(vec![
        broken(
            "missing",
            &file("elsewhere/app.db"),
            "\"",
            "sqlite.14",
            written,
            Is(Configuration),
        ),
        broken(
            "that-is-none",
            &file("text.db"),
            "\"",
            // The file is another one, or it is broken.
            "sqlite.26",
            Layer::Protocol,
            Rather(Configuration),
        ),
        broken(
            "locked",
            &file("locked.db"),
            "\", query: SELECT * FROM users",
            "sqlite.5",
            app,
            Is(Application),
        )
        .by_its_budget(),
        broken(
            "without-the-table",
            &file("empty.db"),
            "\", query: SELECT * FROM orders",
            "sqlite.1",
            app,
            Is(Application),
        ),
        broken(
            "read-only",
            &file("read-only.db"),
            "?mode=ro\", query: INSERT INTO users VALUES (1)",
            "sqlite.8",
            written,
            Is(Configuration),
        ),
    ]);
    runtime.block_on(locked.close()).unwrap();
    all
}

/// A file with a table, and a connection to it.
async fn made(options: SqliteConnectOptions) -> SqliteConnection {
    let mut connection = options.connect().await.unwrap();
    let create = sqlx::raw_sql("CREATE TABLE users (id INTEGER PRIMARY KEY)");
    create.execute(&mut connection).await.unwrap();
    connection
}
