//! Named barriers, where the actors of a test wait for each other.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

/// The barriers of one round of actors: whoever comes to a name waits until all have come. A name may be used again; then it is
/// a barrier of its own.
#[derive(Debug)]
pub struct Barriers {
    /// How many there were in the beginning.
    actors: usize,
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

#[derive(Debug)]
struct State {
    /// Who is still there.
    parties: usize,
    /// Somebody has left: no barrier will ever be whole again.
    is_broken: bool,
    /// By name, how many have come, in all rounds of this name.
    arrived: HashMap<String, usize>,
}

/// Why nobody waits any longer: one of the others ended before it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken;

impl Barriers {
    /// For so many.
    pub fn new(parties: usize) -> Self {
        Self {
            actors: parties,
            state: Mutex::new(State {
                parties,
                is_broken: false,
                arrived: HashMap::new(),
            }),
            changed: watch::Sender::new(()),
        }
    }

    /// How many actors the test has.
    pub(super) fn actors(&self) -> usize {
        self.actors
    }

    /// Waits until everybody has come. Whoever stops waiting has still come.
    pub(super) async fn wait(&self, name: &str) -> Result<(), Broken> {
        let mut changed = self.changed.subscribe();
        let due = {
            let mut state = self.state();
            let parties = state.parties;
            debug_assert!(parties > 0, "who waits is one of them");
            let arrived = state.arrived.entry(name.to_owned()).or_default();
            let due = (*arrived / parties + 1) * parties;
            *arrived += 1;
            due
        };
        self.changed.send_replace(());
        loop {
            {
                let state = self.state();
                if state
                    .arrived
                    .get(name)
                    .is_some_and(|&arrived| arrived >= due)
                {
                    return Ok(());
                }
                if state.is_broken {
                    return Err(Broken);
                }
            }
            if changed.changed().await.is_err() {
                return Err(Broken);
            }
        }
    }

    /// Someone ends before all its barriers were whole: whoever waits for it, or will, need not.
    pub fn leave(&self) {
        self.state().is_broken = true;
        self.changed.send_replace(());
    }

    /// Locked for no longer than a look at a map.
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn everybody_goes_on_when_the_last_has_come() {
        let barriers = Barriers::new(3);
        let (mut first, mut second) = (pin!(barriers.wait("sent")), pin!(barriers.wait("sent")));
        assert_eq!(first.as_mut().now_or_never(), None);
        assert_eq!(second.as_mut().now_or_never(), None);
        assert_eq!(barriers.wait("other").now_or_never(), None);
        assert_eq!(barriers.wait("sent").now_or_never(), Some(Ok(())));
        assert_eq!(first.now_or_never(), Some(Ok(())));
        assert_eq!(second.now_or_never(), Some(Ok(())));
        // Again, it is another barrier.
        assert_eq!(barriers.wait("sent").now_or_never(), None);
    }

    #[test]
    #[should_panic = "who waits is one of them"]
    fn nobody_waits_where_nobody_is_awaited() {
        let _ = Barriers::new(0).wait("sent").now_or_never();
    }

    #[test]
    fn nobody_waits_for_one_that_has_left() {
        let barriers = Barriers::new(2);
        let mut waiting = pin!(barriers.wait("sent"));
        assert_eq!(waiting.as_mut().now_or_never(), None);
        barriers.leave();
        assert_eq!(waiting.now_or_never(), Some(Err(Broken)));
        assert_eq!(barriers.wait("later").now_or_never(), Some(Err(Broken)));
    }

    #[test]
    fn what_was_whole_before_somebody_left_stays_whole() {
        let barriers = Barriers::new(2);
        let mut waiting = pin!(barriers.wait("sent"));
        assert_eq!(waiting.as_mut().now_or_never(), None);
        assert_eq!(barriers.wait("sent").now_or_never(), Some(Ok(())));
        barriers.leave();
        assert_eq!(waiting.now_or_never(), Some(Ok(())));
    }
}
