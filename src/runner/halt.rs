//! What the coordinator tells those who look: go on, begin nothing new, or let go.

use std::future::pending;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::model::NotRun;

/// How far the run's end has come for those who look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Halt {
    /// Go on.
    No,
    /// Finish the attempt, begin no other.
    Stopping(NotRun),
    /// The grace is over: let go of the attempt.
    Cut(NotRun),
}

/// The side of those who look.
#[derive(Debug, Clone)]
pub(super) struct Halting(watch::Receiver<Halt>);

impl Halting {
    pub(super) fn new(halt: &watch::Sender<Halt>) -> Self {
        Self(halt.subscribe())
    }

    /// Why nothing new may begin; `None` while it may.
    pub(super) fn reason(&self) -> Option<NotRun> {
        match *self.0.borrow() {
            Halt::No => None,
            Halt::Stopping(reason) | Halt::Cut(reason) => Some(reason),
        }
    }

    /// Ends when nothing new may begin.
    pub(super) async fn stopping(&self) {
        self.wait_for(|halt| *halt != Halt::No).await;
    }

    /// Ends when attempts must be let go.
    pub(super) async fn cut(&self) {
        self.wait_for(|halt| matches!(halt, Halt::Cut(_))).await;
    }

    /// Waits until then, unless the run stops before: then why.
    pub(super) async fn sleep_until(&self, then: Instant) -> Result<(), NotRun> {
        tokio::select! {
            biased;
            () = self.wait_for(|halt| *halt != Halt::No) => Err(self.reason().unwrap_or(NotRun::Interrupted)),
            () = sleep_until(then) => Ok(()),
        }
    }

    async fn wait_for(&self, is_so: impl Fn(&Halt) -> bool) {
        let mut halt = self.0.clone();
        if halt.wait_for(is_so).await.is_err() {
            // The coordinator is gone, and this task with it in a moment.
            pending::<()>().await;
        }
    }
}

/// `from + by`; a length of time no clock can hold is as good as a year.
pub(super) fn later(from: Instant, by: Duration) -> Instant {
    from.checked_add(by)
        .unwrap_or_else(|| from + Duration::from_hours(365 * 24))
}
