//! Everything of the environment that runs, so that it can be ended together.

use std::future::Future;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// After an `accept` that failed (out of descriptors): trying again at once would only burn the processor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// A set of tasks that end together.
#[derive(Debug, Clone, Default)]
pub(super) struct Tasks {
    ending: CancellationToken,
    tracker: TaskTracker,
}

impl Tasks {
    /// Runs `work` until it ends or all are told to end; then it is dropped where it waits.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let ending = self.ending.clone();
        self.tracker.spawn(async move {
            ending.run_until_cancelled_owned(work).await;
        });
    }

    /// Accepts connections and gives each to `talk` in a task of its own. The port is closed when all are told to end.
    pub(super) fn serve<Talk, Talking>(&self, listener: TcpListener, talk: Talk)
    where
        Talk: Fn(TcpStream) -> Talking + Send + 'static,
        Talking: Future<Output = ()> + Send + 'static,
    {
        let tasks = self.clone();
        self.spawn(async move {
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => tasks.spawn(talk(stream)),
                    Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
                }
            }
        });
    }

    /// Tells all to end, without waiting.
    pub(super) fn tell_to_end(&self) {
        self.ending.cancel();
    }

    /// Waits until the last is gone. Does not tell them.
    pub(super) async fn ended(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }

    /// How many still run.
    #[cfg(test)]
    pub(super) fn running(&self) -> usize {
        self.tracker.len()
    }
}
