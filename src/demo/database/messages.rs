//! What users said and were told, as the database keeps it.

use serde_json::json;
use sqlx::{Row, SqlitePool};

/// So many messages are told, the last ones.
const TOLD: i64 = 50;

/// Keeps a message in the user's first thread, which begins with it if there is none.
/// `said` is the user's name and a JSON string.
pub(super) async fn say(said: &str, pool: &SqlitePool) -> Result<Option<String>, sqlx::Error> {
    let Some((name, text)) = said.split_once(' ') else {
        return Ok(None);
    };
    let Ok(text) = serde_json::from_str::<String>(text) else {
        return Ok(None);
    };
    let begun = "INSERT INTO threads (user_id, title) SELECT id, 'Chat' FROM users
        WHERE name = ? AND NOT EXISTS (SELECT 1 FROM threads WHERE user_id = users.id)";
    sqlx::query(begun).bind(name).execute(pool).await?;
    let kept = "INSERT INTO messages (thread_id, body) SELECT min(threads.id), ? FROM threads
        JOIN users ON users.id = user_id WHERE users.name = ? GROUP BY users.id";
    let kept = sqlx::query(kept)
        .bind(text)
        .bind(name)
        .execute(pool)
        .await?;
    Ok((kept.rows_affected() == 1).then(String::new))
}

/// The last messages of a user, the oldest first, as one line of JSON.
pub(super) async fn history(name: &str, pool: &SqlitePool) -> Result<Option<String>, sqlx::Error> {
    let query =
        "SELECT messages.id, messages.body FROM messages JOIN threads ON threads.id = thread_id
        JOIN users ON users.id = user_id WHERE users.name = ? ORDER BY messages.id DESC LIMIT ?";
    let mut rows = sqlx::query(query)
        .bind(name)
        .bind(TOLD)
        .fetch_all(pool)
        .await?;
    rows.reverse();
    let told = rows
        .iter()
        .map(|row| json!({ "id": row.get::<i64, _>(0), "text": row.get::<String, _>(1) }));
    Ok(Some(told.collect::<serde_json::Value>().to_string()))
}

/// The threads of a user, as one line of JSON.
pub(super) async fn threads(name: &str, pool: &SqlitePool) -> Result<Option<String>, sqlx::Error> {
    let query = "SELECT threads.id, title FROM threads JOIN users ON users.id = user_id
        WHERE users.name = ? ORDER BY threads.id LIMIT ?";
    let rows = sqlx::query(query)
        .bind(name)
        .bind(TOLD)
        .fetch_all(pool)
        .await?;
    let told = rows
        .iter()
        .map(|row| json!({ "id": row.get::<i64, _>(0), "title": row.get::<String, _>(1) }));
    Ok(Some(told.collect::<serde_json::Value>().to_string()))
}
