//! A thousand questions to PostgreSQL by one test, against a minimal loop of sqlx with a pool of as many sessions.

use std::fs;
use std::process::Command;

use anyhow::{Result, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use sqlx::postgres::PgPoolOptions;
use tempfile::TempDir;

use crate::child::{Cost, cost};
use crate::support::postgres::{Options, Postgres};
use crate::table::{Bound, Row};

/// The first argument of a process that is the floor.
pub(crate) const ROLE: &str = "--as-database-floor";

const QUESTIONS: usize = 1_000;

/// So many at once, and so many sessions.
const SESSIONS: u32 = 20;

/// The two take turns.
pub(crate) fn rows() -> Result<Vec<Row>> {
    let server = Postgres::start(&Options::default());
    let folder = TempDir::with_prefix("allclear-bench-")?;
    fs::write(
        folder.path().join("database.yaml"),
        format!(
            "category: database\ntests:\n  - name: asks\n    timeout: 30s\n    connections: reuse\n    \
             sql: {{ dsn: \"${{db}}\", query: SELECT 1 AS one }}\n    expect: {{ rows: [{{ one: 1 }}] }}\n    \
             repeat: {{ times: {QUESTIONS}, concurrency: {SESSIONS} }}\n"
        ),
    )?;
    fs::create_dir(folder.path().join("targets"))?;
    fs::write(
        folder.path().join("targets/here.yaml"),
        format!("vars: {{ db: \"{}\" }}\n", server.dsn()),
    )?;
    fs::write(
        folder.path().join("allclear.yaml"),
        "target: here\ncategories: { database: { critical: true } }\n",
    )?;
    let (mut of_ours, mut of_floor) = (Vec::new(), Vec::new());
    for _ in 0..11 {
        let mut floor = Command::new(std::env::current_exe()?);
        of_floor.push(cost(floor.args([ROLE, &server.dsn()]))?);
        let mut ours = crate::allclear("run");
        ours.arg("--quiet")
            .args(["--jobs", &SESSIONS.to_string()])
            .arg("--suites")
            .arg(folder.path())
            .arg("--runs")
            .arg(folder.path().join("runs"));
        of_ours.push(cost(&mut ours)?);
    }
    Ok(vec![crate::time(
        "1 000 questions to PostgreSQL by 20 sessions",
        Cost::of(&of_ours),
        Some(Cost::of(&of_floor)),
        Bound::Times(1.3),
    )])
}

/// Asks and judges.
pub(crate) fn ask(arguments: &[String]) -> Result<()> {
    let [dsn] = arguments else {
        anyhow::bail!("wrong arguments");
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let pool = PgPoolOptions::new()
            .max_connections(SESSIONS)
            .connect(dsn)
            .await?;
        let asking = stream::iter(0..QUESTIONS).map(|_| {
            let pool = pool.clone();
            async move {
                let one: i32 = sqlx::query_scalar("SELECT 1 AS one")
                    .fetch_one(&pool)
                    .await?;
                ensure!(one == 1, "{one} is not 1");
                Ok(())
            }
        });
        asking
            .buffer_unordered(SESSIONS as usize)
            .try_collect::<Vec<()>>()
            .await?;
        pool.close().await;
        Ok(())
    })
}
