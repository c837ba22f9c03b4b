//! What is done beside the looks: ending in a server what nobody waits for any more.

use std::future::Future;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

/// Tasks that no look waits for; the run does, at its end. Each bounds itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Errands(TaskTracker);

impl Errands {
    /// Goes on beside everything else. `None` where there is no runtime to do it.
    pub(super) fn send(
        &self,
        errand: impl Future<Output = ()> + Send + 'static,
    ) -> Option<JoinHandle<()>> {
        let runtime = Handle::try_current().ok()?;
        Some(self.0.spawn_on(errand, &runtime))
    }

    /// Ends when all that were sent until then are done.
    pub(super) async fn done(&self) {
        self.0.close();
        self.0.wait().await;
    }
}
