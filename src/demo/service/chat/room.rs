//! Where people talk to agents: who may come in, and how many.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::conversation::Conversation;
use super::conversations::Conversations;
use super::flow;
use super::message::{Mistake, Said};
use crate::demo::Fault;
use crate::demo::service::agents::Agents;
use crate::demo::service::store::Store;
use crate::demo::tasks::Tasks;

/// So many WebSockets at once.
const DOORS: usize = 1000;

/// Who talks where nobody was asked for a token.
pub(super) const SOMEBODY: &str = "somebody";

/// The room.
#[derive(Debug)]
pub(in crate::demo::service) struct Room {
    pub(super) fault: Fault,
    /// Where the page comes from, which may open WebSockets from there.
    pub(super) web: SocketAddr,
    pub(super) agents: Arc<Agents>,
    pub(super) store: Arc<Store>,
    pub(super) conversations: Conversations,
    pub(super) tasks: Tasks,
    doors: Arc<Semaphore>,
}

impl Room {
    pub(in crate::demo::service) fn new(
        fault: Fault,
        web: SocketAddr,
        agents: Arc<Agents>,
        store: Arc<Store>,
        tasks: Tasks,
    ) -> Self {
        Self {
            fault,
            web,
            agents,
            store,
            conversations: Conversations::default(),
            tasks,
            doors: Arc::new(Semaphore::new(DOORS)),
        }
    }

    /// Whether another WebSocket would be taken.
    pub(in crate::demo::service) fn is_open(&self) -> bool {
        self.doors.available_permits() > 0
    }

    /// A place for one WebSocket until the permit is dropped.
    pub(super) fn door(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.doors).try_acquire_owned().ok()
    }

    /// Answers what was said, after what was said before it in the same conversation.
    pub(super) fn take(
        self: &Arc<Self>,
        conversation: &Arc<Conversation>,
        said: Said,
    ) -> Result<(), Mistake> {
        let waiting = Arc::clone(&conversation.waiting);
        let waiting = waiting.try_acquire_owned().map_err(|_| Mistake::Busy)?;
        let (room, conversation) = (Arc::clone(self), Arc::clone(conversation));
        self.tasks.spawn(async move {
            let _turn = conversation.turn.lock().await;
            flow::answer(&room, &conversation, said).await;
            drop(waiting);
        });
        Ok(())
    }

    /// The conversation this token leads back to, if it is this user's.
    pub(super) fn resume(&self, token: &str, user: &str) -> Option<Arc<Conversation>> {
        let found = self.conversations.find(token)?;
        let is_theirs = found.user == user || self.fault == Fault::OpenWebsocket;
        is_theirs.then_some(found)
    }

    /// Where the conversation goes on for who has seen everything up to this event.
    pub(super) fn place_after(&self, conversation: &Conversation, seq: u64) -> usize {
        let missed = usize::from(self.fault == Fault::ResumeGap);
        conversation.after(seq) + missed
    }
}
