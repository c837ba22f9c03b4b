//! What the actors of a test were known by in rounds before: an answer may come late, and to somebody else.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::check::isolation::Marker;

/// Rounds that are remembered.
const ROUNDS: usize = 16;

/// The last rounds that have ended, of a test that expects isolation. The lock is held for no longer than a look at it: rounds that run
/// beside each other share it.
#[derive(Debug, Default)]
pub(super) struct Earlier(Mutex<VecDeque<Round>>);

#[derive(Debug)]
struct Round {
    number: u64,
    /// Of each actor, in their order.
    markers: Vec<Vec<Marker>>,
}

impl Earlier {
    /// What the actor at this position was known by, each with the number of the round.
    pub(super) fn of(&self, actor: usize) -> Vec<(u64, Marker)> {
        let rounds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let markers = rounds.iter().flat_map(|round| {
            let markers = round.markers.get(actor).into_iter().flatten();
            markers.map(|marker| (round.number, marker.clone()))
        });
        markers.collect()
    }

    /// Remembers a round that has ended, and forgets the first of too many.
    pub(super) fn add(&self, number: u64, markers: Vec<Vec<Marker>>) {
        let mut rounds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if rounds.len() >= ROUNDS {
            rounds.pop_front();
        }
        rounds.push_back(Round { number, markers });
    }
}
