//! What a test that is looking tells the loop before its task ends.

use tokio::sync::{mpsc, oneshot};

use crate::model::{AttemptEnded, LooksEnded, TestEnded};

/// Something that happened in a test whose task goes on.
#[derive(Debug)]
pub(super) enum Told {
    /// An attempt that is kept has ended.
    Attempt(AttemptEnded),
    /// It has ended, and is looked into now: answered once that is told to everybody, the journal first.
    Ended(Box<TestEnded>, oneshot::Sender<()>),
    /// What was looked at then.
    Looks(LooksEnded),
}

/// The way to the loop. When the run has left there is nobody to tell any more, and nothing to wait for.
#[derive(Debug, Clone)]
pub(super) struct Teller(pub(super) mpsc::Sender<Told>);

impl Teller {
    pub(super) async fn attempt(&self, attempt: AttemptEnded) {
        let _ = self.0.send(Told::Attempt(attempt)).await;
    }

    /// Returns when nothing that happens to us can take it back any more.
    pub(super) async fn ended(&self, ended: TestEnded) {
        let (told, is_told) = oneshot::channel();
        let _ = self.0.send(Told::Ended(Box::new(ended), told)).await;
        let _ = is_told.await;
    }

    pub(super) async fn looks(&self, looks: LooksEnded) {
        let _ = self.0.send(Told::Looks(looks)).await;
    }
}
