//! Every conversation there is, as far as anybody may come back to it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::conversation::{Conversation, Event};

/// So many are kept; then the oldest is forgotten, and goes on only for who still follows it.
const KEPT: usize = 2000;

/// The conversations, and what agents think right now.
#[derive(Debug, Default)]
pub(super) struct Conversations {
    begun: Mutex<VecDeque<Arc<Conversation>>>,
    thoughts: Mutex<Vec<Thought>>,
}

/// What an agent thinks for a user while it answers; see [`Fault::EventCrossed`](crate::demo::Fault::EventCrossed).
#[derive(Debug)]
struct Thought {
    user: String,
    session_id: String,
    event: Event,
}

impl Conversations {
    /// Begins one.
    pub(super) fn begin(&self, user: String) -> Arc<Conversation> {
        let conversation = Arc::new(Conversation::new(user));
        let mut begun = locked(&self.begun);
        if begun.len() == KEPT {
            begun.pop_front();
        }
        begun.push_back(Arc::clone(&conversation));
        conversation
    }

    /// The one that this token leads to, whoever asks.
    pub(super) fn find(&self, resume_token: &str) -> Option<Arc<Conversation>> {
        let begun = locked(&self.begun);
        let found = begun
            .iter()
            .rev()
            .find(|one| one.resume_token == resume_token);
        found.cloned()
    }

    /// Remembers what is thought until it is forgotten.
    pub(super) fn think(&self, conversation: &Conversation, event: Event) {
        locked(&self.thoughts).push(Thought {
            user: conversation.user.clone(),
            session_id: conversation.session_id.clone(),
            event,
        });
    }

    pub(super) fn forget(&self, conversation: &Conversation) {
        locked(&self.thoughts).retain(|thought| thought.session_id != conversation.session_id);
    }

    /// What is thought right now for anybody but this user.
    pub(super) fn thought_of_another(&self, user: &str) -> Option<Event> {
        let thoughts = locked(&self.thoughts);
        let other = thoughts.iter().find(|thought| thought.user != user)?;
        Some(other.event.clone())
    }
}

/// Never held while waiting; a panic while it was held has left nothing half done.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
