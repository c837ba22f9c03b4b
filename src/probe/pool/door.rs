//! Where connections come from, and who watches from beside: a server, and in the tests of pool and storm a script.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::model::{Fault, PhaseTime, ProbeError, Stopped};
use crate::probe::database::Room;
use crate::probe::look::{Halt, Look};

/// How often the watcher is asked whether something is gone.
const POLL: Duration = Duration::from_millis(50);

/// Where connections come from.
pub(super) trait Door: Sync {
    type Connection: Send;

    /// Logs in and asks a first question, bounded in time by the door itself.
    fn open(&self) -> impl Future<Output = Login<Self::Connection>> + Send;

    /// Asks a connection once more; why it does not answer. One that does not is never used again.
    fn ask_again(
        &self,
        connection: &mut Self::Connection,
    ) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// Says goodbye, bounded in time.
    fn close(&self, connection: Self::Connection) -> impl Future<Output = ()> + Send;

    /// By what the server tells it from others.
    fn number(connection: &Self::Connection) -> u64;
}

/// Who watches from beside, over a connection of his own.
pub(super) trait Watch: Send {
    /// How many of these connections the server has.
    fn present(&mut self, numbers: &[u64]) -> impl Future<Output = Result<u64, Halt>> + Send;

    /// How much room there is now, without himself.
    fn room(&mut self) -> impl Future<Output = Result<Room, Halt>> + Send;

    /// Has the server end a connection.
    fn end(&mut self, number: u64) -> impl Future<Output = Result<(), Halt>> + Send;
}

/// One login and how it ended.
#[derive(Debug)]
pub(super) struct Login<C> {
    /// From the start of its socket until it was logged in, or failed.
    pub(super) took: Duration,
    /// Those it went through, the first question included.
    pub(super) phases: Vec<PhaseTime>,
    pub(super) end: Result<C, Refusal>,
}

/// Why there is no connection.
#[derive(Debug, Clone)]
pub(super) enum Refusal {
    /// The world stopped us.
    Fault(Fault),
    /// We could not even try.
    Unable(ProbeError),
}

impl Refusal {
    /// As the end of the whole look.
    pub(super) fn stop(self, look: &mut Look<'_>) -> Stopped {
        match self {
            Self::Unable(error) => Stopped::Unable(error),
            Self::Fault(Fault {
                kind,
                phase,
                message,
                origin,
            }) => look.stop(
                phase,
                Halt::Fault {
                    kind,
                    message,
                    origin,
                },
            ),
        }
    }
}

/// Waits until the server has no more than `most` of these connections; how long that took, or `None` when it has more of
/// them at `until`.
pub(super) async fn falls_to(
    watcher: &mut impl Watch,
    numbers: &[u64],
    most: u64,
    until: Instant,
) -> Result<Option<Duration>, Halt> {
    let started = Instant::now();
    loop {
        if watcher.present(numbers).await? <= most {
            return Ok(Some(started.elapsed()));
        }
        if Instant::now() >= until {
            return Ok(None);
        }
        sleep(POLL.min(until.saturating_duration_since(Instant::now()))).await;
    }
}
