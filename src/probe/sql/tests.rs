//! Against real files of SQLite.

use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tempfile::TempDir;

use super::*;
use crate::model::{Observation, Value};
use crate::probe::testing::{brief_look, code, look, problem, read, stopped};

/// A directory with `app.db`, made by these statements.
async fn database(statements: &str) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("app.db");
    let mut connection = SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(true)
        .connect()
        .await
        .unwrap();
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned()))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    (directory, file)
}

const USERS: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, score REAL, photo BLOB); \
                     INSERT INTO users VALUES (1, 'a@x', 1.5, x'00ff'), (2, NULL, NULL, NULL); \
                     CREATE TABLE versions (v TEXT); INSERT INTO versions VALUES ('0002'), ('0010');";

fn sql(file: &Path, keys: &str) -> Sql {
    read(&format!("{{ dsn: \"sqlite:{}\"{keys} }}", file.display()))
}

fn fact<'o>(seen: &'o Observation, name: &str) -> &'o Value {
    seen.facts
        .get(name)
        .unwrap_or_else(|| panic!("{name} is absent"))
}

fn texts(words: &[&str]) -> Value {
    Value::List(
        words
            .iter()
            .map(|word| Value::Text((*word).to_owned()))
            .collect(),
    )
}

#[tokio::test]
async fn rows_keep_the_types_they_are_stored_with() {
    let (_directory, file) = database(USERS).await;
    let seen = look(&sql(&file, ", query: SELECT * FROM users ORDER BY id"))
        .await
        .unwrap();
    let Value::List(rows) = fact(&seen, "rows") else {
        panic!("rows are a list");
    };
    assert_eq!(rows[0].get("id"), Some(&Value::int(1)));
    assert_eq!(rows[0].get("email"), Some(&Value::Text("a@x".to_owned())));
    assert_eq!(
        rows[0].get("score"),
        Some(&Value::Number(crate::model::Number::Float(1.5)))
    );
    assert_eq!(rows[0].get("photo"), Some(&Value::Text("00ff".to_owned())));
    assert_eq!(rows[1].get("email"), Some(&Value::Null));
    assert_eq!(
        fact(&seen, "columns"),
        &texts(&["id", "email", "score", "photo"])
    );
    assert_eq!(fact(&seen, "rows_affected"), &Value::int(0));
    assert_eq!(fact(&seen, "role"), &Value::Text("primary".to_owned()));
    assert_eq!(fact(&seen, "database"), &Value::Text("app.db".to_owned()));
    assert!(
        fact(&seen, "server_version")
            .as_text()
            .unwrap()
            .starts_with("3.")
    );
}

#[tokio::test]
async fn what_is_missing_of_a_schema_is_named() {
    let (_directory, file) = database(USERS).await;
    let keys = ", schema: { tables: { users: [id, EMAIL, phone], orders: [id] } }, migration: { table: versions, column: v }";
    let seen = look(&sql(&file, keys)).await.unwrap();
    assert_eq!(fact(&seen, "missing"), &texts(&["orders", "users.phone"]));
    assert_eq!(
        fact(&seen, "migration_head"),
        &Value::Text("0010".to_owned())
    );
    assert_eq!(seen.facts.get("rows"), None);
    let seen = look(&sql(
        &file,
        ", migration: { table: versions, column: nope }",
    ))
    .await
    .unwrap();
    assert_eq!(seen.facts.get("migration_head"), None);
}

#[tokio::test]
async fn what_is_written_is_rolled_back_unless_it_is_to_stay() {
    let (_directory, file) = database(USERS).await;
    let writes =
        ", statements: [INSERT INTO users (email) VALUES ('n'), SELECT count(*) AS n FROM users]";
    let count = async |keys: &str| {
        let seen = look(&sql(&file, keys)).await.unwrap();
        let Value::List(rows) = fact(&seen, "rows") else {
            panic!("rows are a list");
        };
        (
            rows[0].get("n").unwrap().clone(),
            fact(&seen, "rows_affected").clone(),
        )
    };
    let only_count = ", query: SELECT count(*) AS n FROM users";
    assert_eq!(count(writes).await, (Value::int(3), Value::int(1)));
    assert_eq!(count(only_count).await.0, Value::int(2));
    let kept = format!("{writes}, rollback: false");
    assert!(sql(&file, &kept).needs().side_effects && !sql(&file, writes).needs().side_effects);
    assert_eq!(count(&kept).await, (Value::int(3), Value::int(1)));
    assert_eq!(count(only_count).await.0, Value::int(3));
}

#[tokio::test]
async fn each_error_of_the_engine_has_its_code() {
    let (directory, file) = database(USERS).await;
    let garbage = directory.path().join("garbage.db");
    std::fs::write(
        &garbage,
        "this is no database, however long one looks at it".repeat(40),
    )
    .unwrap();
    let missing = directory.path().join("missing.db");
    for (probe, expected) in [
        (sql(&missing, ""), "sqlite.14"),
        (sql(&garbage, ""), "sqlite.26"),
        (sql(&file, ", query: SELECT nope FROM users"), "sqlite.1"),
        (
            sql(&file, ", query: INSERT INTO users (id) VALUES (1)"),
            "sqlite.1555",
        ),
        (
            read(&format!(
                "{{ dsn: \"sqlite:{}?mode=ro\", query: DELETE FROM users }}",
                file.display()
            )),
            "sqlite.8",
        ),
    ] {
        assert_eq!(code(look(&probe).await), expected);
    }
    assert!(
        !missing.exists(),
        "a database that is not there is not made"
    );
}

#[tokio::test]
async fn a_locked_database_says_so_within_the_budget() {
    let (_directory, file) = database(USERS).await;
    let mut other = SqliteConnectOptions::new()
        .filename(&file)
        .connect()
        .await
        .unwrap();
    sqlx::query("BEGIN EXCLUSIVE")
        .execute(&mut other)
        .await
        .unwrap();
    let budget = std::time::Duration::from_secs(1);
    let probe = sql(&file, ", query: SELECT 1 FROM users");
    let (code, seen) = stopped(probe.observe(&Context::for_tests(budget)).await);
    assert_eq!(code.as_str(), "sqlite.5");
    assert!(seen.latency < budget, "{:?}", seen.latency);
}

const ENDLESS: &str = ", query: \"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n\"";

#[tokio::test]
async fn an_endless_query_is_interrupted_and_leaves_the_file_alone() {
    let (_directory, file) = database(USERS).await;
    let endless = ENDLESS.replace("max(i) FROM n", "max(i) FROM n, users");
    let (code, seen) = stopped(brief_look(&sql(&file, &endless)).await);
    assert_eq!(code.as_str(), "sql.timeout.query");
    assert!(seen.facts.get("server_version").is_some());
    // Its read lock is gone only when its thread has ended; this waits for that, and fails if it never happens.
    let mut other = SqliteConnectOptions::new()
        .filename(&file)
        .connect()
        .await
        .unwrap();
    sqlx::query("BEGIN EXCLUSIVE")
        .execute(&mut other)
        .await
        .unwrap();
}

#[tokio::test]
async fn too_many_rows_and_too_many_bytes_are_cut() {
    let (_directory, file) = database(USERS).await;
    let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)";
    let (code, seen) = stopped(
        look(&sql(
            &file,
            &format!(", max_rows: 5, query: \"{many} SELECT i FROM n\""),
        ))
        .await,
    );
    assert_eq!(code.as_str(), "sql.too_large");
    assert!(matches!(fact(&seen, "rows"), Value::List(rows) if rows.len() == 5));
    let wide = format!(", query: \"{many} SELECT hex(zeroblob(1000000)) AS x FROM n\"");
    assert_eq!(
        stopped(look(&sql(&file, &wide)).await).0.as_str(),
        "sql.too_large"
    );
}

#[test]
fn slips_are_told() {
    let many = vec!["SELECT 1"; 1001].join(", ");
    let many = format!("{{ dsn: \"sqlite:a\", statements: [{many}] }}");
    for (yaml, message) in [
        (
            "{ dsn: \"postgres://db/app\", query: SELECT 1 }",
            "names no user",
        ),
        ("{ dsn: \"sqlite:a\\n\" }", "line break"),
        (
            "{ dsn: \"sqlite:a\", query: SELECT 1; SELECT 2 }",
            "two statements",
        ),
        ("{ dsn: \"sqlite:a\", query: a, statements: [b] }", "either"),
        (
            "{ dsn: \"sqlite:a\", statements: [SELECT 1, COMMIT] }",
            "statement 2: `COMMIT`",
        ),
        (&many, "at most 1000 statements"),
        ("{ dsn: \"sqlite:a\", knock: true }", "without knocking"),
        (
            "{ dsn: \"postgres://u@h/d\", knock: true, ask: [connections] }",
            "take out `ask`",
        ),
        ("{ dsn: \"sqlite:a\", querry: x }", "did you mean `query`"),
    ] {
        let told = problem("sql", yaml);
        assert!(told.contains(message), "{yaml}: {told}");
    }
}

#[test]
fn what_mysql_cannot_roll_back_is_told_before_it_is_asked() {
    for (keys, expected) in [
        ("query: CREATE TABLE t (id int)", "`CREATE` stays"),
        (
            "statements: [SELECT 1, TRUNCATE t]",
            "statement 2: `TRUNCATE`",
        ),
        ("query: \"SELECT 1 INTO OUTFILE '/tmp/x'\"", "writes a file"),
        ("query: COMMIT", "would end the transaction"),
        ("query: SELECT 1; SELECT 2", "two statements"),
        ("schema: { tables: { 'a b': [] } }", "is no name"),
    ] {
        let told = problem("sql", &format!("{{ dsn: \"mysql://u:p@h/d\", {keys} }}"));
        assert!(told.contains(expected), "{keys}: {told}");
    }
    let kept: Sql =
        read("{ dsn: \"mysql://u:p@h/d\", rollback: false, query: CREATE TABLE t (id int) }");
    assert!(kept.needs().side_effects);
}

#[test]
fn what_is_read_of_a_table_may_leave_something() {
    let leaves = |keys: &str| {
        let keys: Sql = read(&format!("{{ dsn: \"postgres://app@db/app\"{keys} }}"));
        keys.leaves(&dialect::POSTGRES)
    };
    let schema = "schema: { tables: { users: [id] } }";
    for (keys, left) in [
        ("", Leaves::Nothing),
        (", query: SELECT 1", Leaves::Nothing),
        (&format!(", {schema}"), Leaves::Nothing),
        (", ask: [connections, replication]", Leaves::Nothing),
        (", query: SELECT v FROM versions", Leaves::Little),
        (
            ", migration: { table: versions, column: v }",
            Leaves::Little,
        ),
        (
            ", migration: { table: versions, column: v }, query: SELECT 1",
            Leaves::Little,
        ),
        (", rollback: false, query: SELECT 1", Leaves::Traces),
    ] {
        assert_eq!(leaves(keys), left, "{keys}");
    }
}
