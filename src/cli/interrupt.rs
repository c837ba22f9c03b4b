//! Being asked to stop, also while the run is stuck in a write that nobody reads.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::exit;
use super::failure::Failure;
use crate::runner::Cancel;

/// So long may leaving take once it was asked for twice.
const LEAVING: Duration = Duration::from_secs(3);

/// A switch that signals press, as [`Cancel::on_signals`] says.
///
/// They are heard on a thread of their own. Whoever runs, or writes its reports, may wait for ever for the reader of a pipe, and
/// must still end when asked for the second time.
pub(super) fn on_signals() -> Result<Cancel, Failure> {
    let (tell, told) = mpsc::sync_channel(1);
    let failed =
        |error| Failure::fault(&anyhow::Error::new(error).context("could not listen for signals"));
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || listen(&tell))
        .map_err(failed)?;
    match told.recv() {
        Ok(cancel) => cancel.map_err(failed),
        Err(gone) => Err(Failure::fault(&anyhow::Error::new(gone))),
    }
}

fn listen(tell: &mpsc::SyncSender<std::io::Result<Cancel>>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = tell.send(Err(error));
            return;
        }
    };
    runtime.block_on(async {
        match Cancel::on_signals() {
            Err(error) => {
                let _ = tell.send(Err(error));
            }
            Ok(cancel) => {
                let _ = tell.send(Ok(cancel.clone()));
                cancel.leaving().await;
                tokio::time::sleep(LEAVING).await;
                let code = cancel.interrupted().map_or(exit::FAULT, exit::interrupted);
                std::process::exit(code.into());
            }
        }
    });
}
