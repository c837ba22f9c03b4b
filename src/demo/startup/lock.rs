//! What [`Fault::StartAlone`] has for its database: something of which there is one for all.
//!
//! [`Fault::StartAlone`]: crate::demo::Fault::StartAlone

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::failure::Failure;

/// How long a start waits for its turn: enough for a few, and not for ten.
const PATIENCE: Duration = Duration::from_millis(500);

/// How often it asks.
const EVERY: Duration = Duration::from_millis(10);

/// Takes it, for as long as the file is kept; refused where other starts have it for too long.
pub(super) async fn take(directory: Option<&Path>) -> Result<File, Failure> {
    let Some(directory) = directory else {
        return Err(Failure::startup(
            "configuration error: --directory is missing",
        ));
    };
    let path = directory.join("starting.lock");
    let opened = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path);
    let file = opened.map_err(|error| Failure::startup(format!("{}: {error}", path.display())))?;
    let began = Instant::now();
    while file.try_lock().is_err() {
        if began.elapsed() >= PATIENCE {
            let why = "database: sorry, too many clients already";
            return Err(Failure::startup(why));
        }
        sleep(EVERY).await;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_has_it_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let first = take(Some(directory.path())).await.unwrap();
        assert!(take(Some(directory.path())).await.is_err());
        let waiting = tokio::spawn({
            let path = directory.path().to_owned();
            async move { take(Some(&path)).await.is_ok() }
        });
        drop(first);
        assert!(waiting.await.unwrap());
        assert!(take(None).await.is_err());
    }
}
