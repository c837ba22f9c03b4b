//! What the actors of a test are known by in its other rounds, those before and those beside:
//! an answer may come late, and to somebody else.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use super::scope::Made;
use crate::check::isolation::{Kind, Marker};

/// Rounds that are remembered once they have ended.
const ROUNDS: usize = 16;

/// The rounds of a test that expects isolation. The lock is held for no longer than a look at it:
/// rounds that run beside each other share it.
#[derive(Debug, Default)]
pub(super) struct Earlier(Mutex<Rounds>);

#[derive(Debug, Default)]
struct Rounds {
    /// By number; of each actor that has begun what is made for it, and what it was known by when it ended.
    under_way: BTreeMap<u64, Vec<Actor>>,
    ended: VecDeque<Round>,
}

#[derive(Debug)]
struct Actor {
    at: usize,
    made: Arc<Made>,
    markers: Vec<Marker>,
}

#[derive(Debug)]
struct Round {
    number: u64,
    /// Of each actor, in their order.
    markers: Vec<Vec<Marker>>,
}

impl Earlier {
    /// An actor begins in a round: what will be made for it is known from then on.
    pub(super) fn begins(&self, number: u64, at: usize, made: Arc<Made>) {
        let actor = Actor {
            at,
            made,
            markers: Vec::new(),
        };
        self.with(|rounds| rounds.under_way.entry(number).or_default().push(actor));
    }

    /// An actor has taken its steps, and is known by this as well.
    pub(super) fn ends(&self, number: u64, at: usize, markers: &[Marker]) {
        self.with(|rounds| {
            let actors = rounds.under_way.get_mut(&number).into_iter().flatten();
            for actor in actors.filter(|actor| actor.at == at) {
                actor.markers = markers.to_vec();
            }
        });
    }

    /// What the actor at this position is known by in other rounds than this, each with the number of its round.
    pub(super) fn of(&self, actor: usize, but: u64) -> Vec<(u64, Marker)> {
        self.with(|rounds| {
            let ended = rounds.ended.iter().flat_map(|round| {
                let markers = round.markers.get(actor).into_iter().flatten();
                markers.map(|marker| (round.number, marker.clone()))
            });
            let beside = rounds
                .under_way
                .iter()
                .filter(|(number, _)| **number != but);
            let beside = beside.flat_map(|(number, actors)| {
                let such = actors.iter().filter(|one| one.at == actor);
                let markers =
                    such.flat_map(|one| made(&one.made).into_iter().chain(one.markers.clone()));
                markers.map(|marker| (*number, marker))
            });
            ended.chain(beside).collect()
        })
    }

    /// Remembers a round that has ended, and forgets the first of too many.
    pub(super) fn add(&self, number: u64, markers: Vec<Vec<Marker>>) {
        self.with(|rounds| {
            rounds.under_way.remove(&number);
            if rounds.ended.len() >= ROUNDS {
                rounds.ended.pop_front();
            }
            rounds.ended.push_back(Round { number, markers });
        });
    }

    fn with<R>(&self, look: impl FnOnce(&mut Rounds) -> R) -> R {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What was made so far.
pub(super) fn made(made: &Made) -> Vec<Marker> {
    let made = made.so_far().into_iter();
    made.map(|(name, text)| Marker {
        name: name.to_owned(),
        text,
        kind: Kind::Made,
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(earlier: &Earlier, actor: usize, but: u64) -> Vec<(u64, String)> {
        let of = earlier.of(actor, but).into_iter();
        of.map(|(round, marker)| (round, marker.name)).collect()
    }

    #[test]
    fn rounds_beside_each_other_know_what_is_made_at_once() {
        let earlier = Earlier::default();
        let first: Arc<Made> = Arc::default();
        earlier.begins(1, 0, first.clone());
        earlier.begins(2, 0, Arc::default());
        assert_eq!(told(&earlier, 0, 2), []);
        let nonce = first.nonce().to_owned();
        assert_eq!(earlier.of(0, 2)[0].1.text, nonce);
        // Nobody is a stranger to itself, nor is another actor taken for it.
        assert_eq!(told(&earlier, 0, 1), []);
        assert_eq!(told(&earlier, 1, 2), []);
        let token = Marker {
            name: "token".to_owned(),
            text: "one-7f3a91bc".to_owned(),
            kind: Kind::Secret,
        };
        earlier.ends(1, 0, std::slice::from_ref(&token));
        let both = [(1, "nonce".to_owned()), (1, "token".to_owned())];
        assert_eq!(told(&earlier, 0, 2), both);
        earlier.add(1, vec![vec![token]]);
        assert_eq!(told(&earlier, 0, 2), both[1..]);
    }

    #[test]
    fn so_many_rounds_are_remembered() {
        let earlier = Earlier::default();
        for number in 1..=20 {
            let marker = Marker {
                name: "nonce".to_owned(),
                text: number.to_string(),
                kind: Kind::Made,
            };
            earlier.add(number, vec![vec![marker]]);
        }
        let rounds: Vec<u64> = earlier
            .of(0, 99)
            .into_iter()
            .map(|(round, _)| round)
            .collect();
        assert_eq!(rounds, (5..=20).collect::<Vec<_>>());
    }
}
