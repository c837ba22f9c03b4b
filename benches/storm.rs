//! A storm of logins on PostgreSQL, against the same storm by a minimal program of sqlx.

use std::fs;
use std::process::Command;

use anyhow::{Result, ensure};
use futures_util::future::try_join_all;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;

use crate::child::{Cost, cost};
use crate::support::postgres::{Options, Postgres};
use crate::table::{Bound, Row};

/// The first argument of a process that is the floor.
pub(crate) const ROLE: &str = "--as-storm-floor";

const LOGINS: usize = 200;

/// The two take turns.
pub(crate) fn rows() -> Result<Vec<Row>> {
    // Four fifths of what is free are enough.
    let server = Postgres::start(&Options {
        max_connections: 300,
        ..Options::default()
    });
    let folder = TempDir::with_prefix("allclear-bench-")?;
    fs::write(
        folder.path().join("storm.yaml"),
        format!(
            "category: database\ntests:\n  - name: storm\n    timeout: 60s\n    \
             pool: {{ dsn: \"${{db}}\", storm: {{ connections: {LOGINS}, hold: 0s }} }}\n    \
             expect: {{ opened: {LOGINS}, codes: {{ empty: true }} }}\n"
        ),
    )?;
    fs::create_dir(folder.path().join("targets"))?;
    fs::write(
        folder.path().join("targets/here.yaml"),
        "vars: { db: \"postgres://\" }\n",
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
            .args(["--set", &format!("db={}", server.dsn())])
            .arg("--suites")
            .arg(folder.path())
            .arg("--runs")
            .arg(folder.path().join("runs"));
        of_ours.push(cost(&mut ours)?);
    }
    Ok(vec![crate::time(
        "a storm of 200 logins on PostgreSQL",
        Cost::of(&of_ours),
        Some(Cost::of(&of_floor)),
        Bound::Times(1.1),
    )])
}

/// Logs in so often at once, asks over each, and closes them all.
pub(crate) fn rage(arguments: &[String]) -> Result<()> {
    let [dsn] = arguments else {
        anyhow::bail!("wrong arguments");
    };
    let options: PgConnectOptions = dsn.parse()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let logins = (0..LOGINS).map(|_| async {
            let mut connection = options.connect().await?;
            let pid: i32 = sqlx::query_scalar("SELECT pg_backend_pid()")
                .fetch_one(&mut connection)
                .await?;
            ensure!(pid > 0, "{pid} is nobody");
            Ok(connection)
        });
        let held = try_join_all(logins).await?;
        try_join_all(held.into_iter().map(Connection::close)).await?;
        Ok(())
    })
}
