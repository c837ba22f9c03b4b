//! What it is compared with: the least that a client made with reqwest can do and still ask, judge one JSON value and
//! report, case by case. It reads no suite, keeps no record, and says nothing about a failure but that there was one.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use reqwest::Client;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::{JOBS, Load, Run};

/// The first argument of a process that is the floor.
pub(crate) const ROLE: &str = "--as-floor";

/// The process that puts this load on a target.
pub(crate) fn command(load: &Load, run: &Run) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    let pool = if load.is_fresh { "fresh" } else { "reuse" };
    let url = format!("http://{}{}", run.target.address, load.path);
    command
        .args([ROLE, &url, &load.checks.to_string(), pool])
        .arg(run.junit());
    Ok(command)
}

/// Asks, judges, reports.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let [url, checks, pool, junit] = arguments else {
        anyhow::bail!("wrong arguments");
    };
    let url: Arc<str> = url.as_str().into();
    let idle = if pool == "fresh" { 0 } else { JOBS };
    // One thread: for small requests it is faster than several.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let cases = runtime.block_on(ask(&url, checks.parse()?, idle))?;
    fs::write(junit, report(&cases))?;
    ensure!(cases.iter().all(|case| case.held), "a check did not hold");
    Ok(())
}

struct Case {
    number: usize,
    held: bool,
    took: Duration,
}

async fn ask(url: &Arc<str>, checks: usize, idle: usize) -> Result<Vec<Case>> {
    let client = Client::builder()
        .no_proxy()
        .pool_max_idle_per_host(idle)
        .build()?;
    let next = Arc::new(AtomicUsize::new(0));
    let mut lanes = JoinSet::new();
    for _ in 0..JOBS.min(checks) {
        let (client, url, next) = (client.clone(), url.clone(), next.clone());
        lanes.spawn(async move {
            let mut cases = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= checks {
                    return cases;
                }
                let started = Instant::now();
                let held = is_healthy(&client, &format!("{url}i={number}"))
                    .await
                    .unwrap_or(false);
                cases.push(Case {
                    number,
                    held,
                    took: started.elapsed(),
                });
            }
        });
    }
    let mut cases: Vec<Case> = lanes.join_all().await.into_iter().flatten().collect();
    cases.sort_unstable_by_key(|case| case.number);
    Ok(cases)
}

async fn is_healthy(client: &Client, url: &str) -> Result<bool> {
    let answer = client.get(url).send().await?;
    let status = answer.status();
    let body: Value = serde_json::from_slice(&answer.bytes().await?)?;
    Ok(status == 200 && body.get("status").context("no status")? == "healthy")
}

fn report(cases: &[Case]) -> String {
    let failures = cases.iter().filter(|case| !case.held).count();
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites><testsuite name=\"floor\" tests=\"{}\" failures=\"{failures}\">\n",
        cases.len(),
    );
    for Case { number, held, took } in cases {
        let failure = if *held { "" } else { "<failure/>" };
        let seconds = took.as_secs_f64();
        // Writing to a string cannot fail.
        let _ = writeln!(
            xml,
            "<testcase classname=\"floor\" name=\"c{number}\" time=\"{seconds:.6}\">{failure}</testcase>"
        );
    }
    xml.push_str("</testsuite></testsuites>\n");
    xml
}
