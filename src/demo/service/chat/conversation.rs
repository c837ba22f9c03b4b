//! One conversation: what was said in it, in order, for whoever follows it now or comes back later.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as Turn, Semaphore, watch};
use uuid::Uuid;

/// So many events are kept; who comes back later than that has missed some.
const KEPT: usize = 1000;

/// So many messages of one conversation wait for their answers; more are refused.
pub(super) const WAITING: usize = 8;

/// What belongs to one user and one chat.
#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) user: String,
    /// What others may know it by.
    pub(super) session_id: String,
    /// What brings its user back to it, and nobody else.
    pub(super) resume_token: String,
    /// One answer after the other.
    pub(super) turn: Turn<()>,
    pub(super) waiting: Arc<Semaphore>,
    /// How many connections have followed it: the last one holds it.
    holders: watch::Sender<u64>,
    said: Mutex<Said>,
    more: watch::Sender<()>,
}

/// The events, of which the first ones may be gone.
#[derive(Debug, Default)]
struct Said {
    gone: usize,
    kept: VecDeque<Event>,
    /// The number of the last event.
    seq: u64,
}

/// One event, as it is sent.
#[derive(Debug, Clone)]
pub(super) struct Event {
    /// From 1, in order; an event that is said twice keeps its number.
    pub(super) seq: u64,
    pub(super) name: &'static str,
    /// A JSON object.
    pub(super) text: Arc<str>,
    /// Whether the answer ends with it.
    pub(super) is_last: bool,
}

impl Conversation {
    pub(super) fn new(user: String) -> Self {
        Self {
            user,
            session_id: Uuid::new_v4().simple().to_string(),
            resume_token: Uuid::new_v4().simple().to_string(),
            turn: Turn::new(()),
            waiting: Arc::new(Semaphore::new(WAITING)),
            holders: watch::Sender::new(0),
            said: Mutex::default(),
            more: watch::Sender::new(()),
        }
    }

    /// Says the next event, which `write` is told the number of.
    pub(super) fn say(
        &self,
        name: &'static str,
        is_last: bool,
        write: impl FnOnce(u64) -> String,
    ) -> Event {
        let mut said = self.locked();
        said.seq += 1;
        let event = Event {
            seq: said.seq,
            name,
            text: write(said.seq).into(),
            is_last,
        };
        drop(said);
        self.repeat(event.clone());
        event
    }

    /// Says an event as it is.
    pub(super) fn repeat(&self, event: Event) {
        let mut said = self.locked();
        said.kept.push_back(event);
        if said.kept.len() > KEPT {
            said.kept.pop_front();
            said.gone += 1;
        }
        drop(said);
        self.more.send_replace(());
    }

    /// Whether everything that was asked is answered, and nothing was said after this number.
    pub(super) fn ended_by(&self, seq: u64) -> bool {
        let said = self.locked();
        let last = said.kept.back();
        last.is_some_and(|event| event.is_last && event.seq <= seq)
    }

    /// Where the events begin whose number is greater.
    pub(super) fn after(&self, seq: u64) -> usize {
        let said = self.locked();
        let at = said.kept.iter().position(|event| event.seq > seq);
        said.gone + at.unwrap_or(said.kept.len())
    }

    /// The event there, or the next that is still kept, and where to go on; waits for it.
    pub(super) async fn next(&self, position: usize) -> (Event, usize) {
        // Before the look, so that what is said after it is noticed.
        let mut more = self.more.subscribe();
        loop {
            if let Some(found) = self.locked().at(position) {
                return found;
            }
            // We hold the sender: it cannot be gone.
            let _ = more.changed().await;
        }
    }

    /// Takes the conversation from whoever holds it; the receiver learns who takes it next.
    pub(super) fn hold(&self) -> watch::Receiver<u64> {
        self.holders.send_modify(|holders| *holders += 1);
        self.holders.subscribe()
    }

    /// Never held while waiting; a panic while it was held has left nothing half done.
    fn locked(&self) -> std::sync::MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Said {
    fn at(&self, position: usize) -> Option<(Event, usize)> {
        let position = position.max(self.gone);
        let event = self.kept.get(position - self.gone)?;
        Some((event.clone(), position + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(conversation: &Conversation, events: u64) {
        for _ in 0..events {
            conversation.say("x", false, |seq| seq.to_string());
        }
    }

    #[tokio::test]
    async fn who_follows_gets_every_event_once_and_waits_for_the_next() {
        let conversation = Conversation::new("alice".to_owned());
        said(&conversation, 3);
        let mut position = conversation.after(1);
        for expected in [2, 3] {
            let (event, next) = conversation.next(position).await;
            assert_eq!(
                (event.seq, &*event.text),
                (expected, &*expected.to_string())
            );
            position = next;
        }
        let (next, ()) = tokio::join!(conversation.next(position), async {
            said(&conversation, 1);
        });
        assert_eq!(next.0.seq, 4);
    }

    #[tokio::test]
    async fn what_is_too_long_ago_is_gone_and_numbers_go_on() {
        let conversation = Conversation::new("alice".to_owned());
        said(&conversation, KEPT as u64 + 10);
        let (event, next) = conversation.next(0).await;
        assert_eq!((event.seq, next), (11, 11));
        let (event, _) = conversation.next(conversation.after(500)).await;
        assert_eq!(event.seq, 501);
    }
}
