//! The tasks that are alive, and what each of them does: known also when it panics.

use std::collections::HashMap;
use std::future::Future;

use tokio::task::{Id, JoinError, JoinSet};

use crate::model::{SessionRecord, TestEnded};
use crate::runner::session::Opened;

/// What a task does, by position in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    /// Runs a test.
    Test(usize),
    /// Opens a session.
    Open(usize),
    /// Runs the clean-ups of a session.
    Close(usize),
}

/// What a task has done.
pub(super) enum Done {
    /// Run a test.
    Test(TestEnded),
    /// Opened this session, or tried to.
    Opened(usize, Opened),
    /// Run the clean-ups of this session.
    Closed(usize, SessionRecord),
}

/// Dropped, they end where they are.
#[derive(Default)]
pub(super) struct Tasks {
    set: JoinSet<Done>,
    doing: HashMap<Id, Doing>,
    abandoned: JoinSet<Done>,
}

impl Tasks {
    /// How many are alive.
    pub(super) fn len(&self) -> usize {
        self.set.len()
    }

    /// Whether none is.
    pub(super) fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    /// Starts one.
    pub(super) fn start(
        &mut self,
        doing: Doing,
        task: impl Future<Output = Done> + Send + 'static,
    ) {
        let id = self.set.spawn(task).id();
        self.doing.insert(id, doing);
    }

    /// Waits for the next end. What panicked also says what it did. `None` when none is alive.
    pub(super) async fn next(&mut self) -> Option<Result<Done, (Doing, JoinError)>> {
        loop {
            match self.set.join_next_with_id().await? {
                Ok((id, done)) => {
                    self.doing.remove(&id);
                    return Some(Ok(done));
                }
                Err(error) => {
                    if let Some(doing) = self.doing.remove(&error.id()) {
                        return Some(Err((doing, error)));
                    }
                }
            }
        }
    }

    /// Ends all of them where they are, and says what they did.
    pub(super) fn abandon(&mut self) -> Vec<Doing> {
        self.set.abort_all();
        self.abandoned = std::mem::take(&mut self.set);
        std::mem::take(&mut self.doing).into_values().collect()
    }

    /// Waits until nothing is left of those that were ended where they were.
    pub(super) async fn gone(&mut self) {
        while self.abandoned.join_next().await.is_some() {}
    }
}
