//! The seven phases of a start, in order.

use std::future::pending;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::arguments::Arguments;
use super::config::Config;
use super::connect::connect;
use super::failure::Failure;
use super::left_behind;
use super::lock;
use super::progress::Progress;
use super::say::say;
use crate::demo::Fault;

/// Their names, and how long each works besides what it waits for.
pub(super) const PHASES: [(&str, Duration); 7] = [
    ("init", Duration::from_millis(1)),
    ("dependencies", Duration::from_millis(4)),
    ("database", Duration::from_millis(1)),
    ("cache", Duration::from_millis(2)),
    ("services", Duration::from_millis(3)),
    ("websocket", Duration::from_millis(2)),
    ("finalize", Duration::from_millis(1)),
];

/// What the dependencies of [`Fault::StartSlow`] take.
const SLOW: Duration = Duration::from_millis(2400);

/// How long the only start at a time of [`Fault::StartAlone`] has what there is one of.
const ALONE: Duration = Duration::from_millis(100);

/// Runs them, tells of them, and ends with the first that fails.
pub(super) async fn run(arguments: &Arguments, progress: &Progress) -> Result<(), Failure> {
    let mut config = None;
    // Kept until the start is over.
    let mut only = None;
    for (at, (name, work)) in PHASES.iter().enumerate() {
        let number = at + 1;
        say(&format!("phase {number}/7 {name}: begin"));
        progress.begins(at);
        let began = Instant::now();
        match *name {
            "init" => {
                let variable = |name: &str| std::env::var(name).ok();
                config = Some(Config::read(arguments.fault, variable)?);
            }
            "dependencies" if arguments.fault == Fault::StartSlow => sleep(SLOW).await,
            "database" => {
                if arguments.fault == Fault::StartAlone {
                    only = Some(lock::take(arguments.directory.as_deref()).await?);
                }
                database(arguments.fault, config.as_ref()).await?;
            }
            "services" => services(arguments.fault).await?,
            _ => {}
        }
        sleep(*work).await;
        let took = began.elapsed();
        progress.is_done(at, took);
        say(&format!("phase {number}/7 {name}: done in {took:.0?}"));
    }
    drop(only);
    Ok(())
}

async fn database(fault: Fault, config: Option<&Config>) -> Result<(), Failure> {
    let found = match (fault, config) {
        (Fault::StartHang3, _) => pending().await,
        (Fault::StartExit3, Some(config)) => {
            let database = &config.database;
            Err(format!(
                "database {database}: Connection refused (os error 111)"
            ))
        }
        (_, Some(config)) => connect(&config.database).await,
        (_, None) => Err("database: there is no configuration".to_owned()),
    };
    match found {
        // Who is told so goes on, and serves nobody.
        Err(why) if fault == Fault::StartDegraded => {
            say(&format!("{why}; going on without it"));
            Ok(())
        }
        found => found.map_err(Failure::startup),
    }
}

async fn services(fault: Fault) -> Result<(), Failure> {
    match fault {
        Fault::StartAlone => sleep(ALONE).await,
        Fault::StartOrphan => {
            let left = left_behind::leave();
            left.map_err(|error| Failure::startup(format!("a worker: {error}")))?;
        }
        _ => {}
    }
    Ok(())
}
