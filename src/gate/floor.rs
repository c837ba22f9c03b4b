//! A share of a set that must be good, in exact arithmetic.

use crate::model::Rate;

use super::ruling::State;
use super::standing::Standing;

/// How many of a set stand how; those that are out do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    pub(super) good: u64,
    pub(super) bad: u64,
    pub(super) open: u64,
}

impl Tally {
    /// The denominator.
    pub(super) const fn counted(self) -> u64 {
        self.good + self.bad + self.open
    }
}

impl FromIterator<Standing> for Tally {
    fn from_iter<I: IntoIterator<Item = Standing>>(standings: I) -> Self {
        let mut tally = Self::default();
        for standing in standings {
            match standing {
                Standing::Good => tally.good += 1,
                Standing::Bad => tally.bad += 1,
                Standing::Open => tally.open += 1,
                Standing::Out => {}
            }
        }
        tally
    }
}

/// At least `rate` of what counts must be good.
#[derive(Debug, Clone, Copy)]
pub(super) struct Floor {
    pub(super) rate: Rate,
    pub(super) tally: Tally,
}

impl Floor {
    /// Holds when enough is good, lost when even the open ones could not reach it, open otherwise; over an empty set open.
    pub(super) fn state(self) -> State {
        let Tally { good, open, .. } = self.tally;
        let counted = self.tally.counted();
        if self.rate.is_reached_by(good, counted) {
            State::Holds
        } else if counted == 0 || self.rate.is_reached_by(good + open, counted) {
            State::Open
        } else {
            State::Lost
        }
    }

    /// `4 of 5 good (80 %)`; `4 of 4 good` where all must be.
    pub(super) fn required(self) -> String {
        let counted = self.tally.counted();
        if counted == 0 {
            return format!("{} good", self.rate);
        }
        let needed = self.rate.needed_of(counted);
        if self.rate == Rate::ALL {
            return format!("{needed} of {counted} good");
        }
        format!("{needed} of {counted} good ({})", self.rate)
    }

    /// `3 of 5 good, 1 open`.
    pub(super) fn actual(self) -> String {
        let Tally { good, open, .. } = self.tally;
        match (self.tally.counted(), open) {
            (0, _) => "nothing counted".to_owned(),
            (counted, 0) => format!("{good} of {counted} good"),
            (counted, open) => format!("{good} of {counted} good, {open} open"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floor(millionths: u32, good: u64, bad: u64, open: u64) -> Floor {
        Floor {
            rate: Rate::from_millionths(millionths).unwrap(),
            tally: Tally { good, bad, open },
        }
    }

    #[test]
    fn a_floor_is_exact_at_its_edges() {
        for (floor, state) in [
            (floor(800_000, 4, 1, 0), State::Holds),
            (floor(800_000, 79, 20, 0), State::Lost),
            (floor(800_000, 79, 19, 1), State::Open),
            (floor(800_000, 80, 19, 0), State::Holds),
            (floor(800_000, 3, 1, 1), State::Open),
            (floor(800_000, 3, 2, 0), State::Lost),
            (floor(800_000, 0, 0, 0), State::Open),
            (floor(800_000, 0, 0, 9), State::Open),
            (floor(1_000_000, 999_999, 1, 0), State::Lost),
            (floor(1_000_000, 999_999, 0, 1), State::Open),
            (floor(1, 0, 5, 0), State::Lost),
            (floor(333_333, 1, 2, 0), State::Holds),
            (floor(333_334, 1, 2, 0), State::Lost),
        ] {
            assert_eq!(floor.state(), state, "{floor:?}");
        }
    }

    #[test]
    fn a_floor_says_what_it_wants_and_what_is_there() {
        let mixed = floor(800_000, 3, 1, 1);
        assert_eq!(mixed.required(), "4 of 5 good (80 %)");
        assert_eq!(mixed.actual(), "3 of 5 good, 1 open");
        assert_eq!(floor(1_000_000, 3, 1, 0).required(), "4 of 4 good");
        assert_eq!(floor(800_000, 0, 0, 0).actual(), "nothing counted");
    }
}
