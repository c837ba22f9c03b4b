//! When to poll again, and when it has held for long enough: `until`, of a test or of a step. Without a clock.

use std::time::Duration;

use tokio::time::Instant;

use super::halt::later;
use crate::plan::Until;

/// Even `every: 0s` leaves others a moment.
const SHORTEST_GAP: Duration = Duration::from_millis(1);

/// The polls of one `until`.
#[derive(Debug)]
pub(super) struct Polling {
    every: Duration,
    stable_for: Duration,
    ends: Instant,
    /// The end of the first poll since which every poll held.
    holds_since: Option<Instant>,
    proven: Duration,
    begun: Instant,
    /// Of the last poll.
    ended: Instant,
    /// What the last poll that said something saw.
    was_up: bool,
    flaps: u64,
    max_flaps: Option<u64>,
    longest: Duration,
}

/// What a poll says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Poll {
    /// It held.
    Held,
    /// It did not.
    NotHeld,
    /// It proves no stability, and is no evidence of a break: it could not look, or ran out of what was left of `within`.
    Nothing,
}

/// What comes after a poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// It has held for long enough.
    Done,
    /// Poll again then.
    At(Instant),
    /// `within` is over before the next poll.
    GiveUp,
    /// It broke once more than it may.
    Flapping,
}

impl Polling {
    /// Begins now.
    pub(super) fn begin(until: &Until, now: Instant) -> Self {
        Self {
            every: until.every.max(SHORTEST_GAP),
            stable_for: until.stable_for,
            ends: later(now, until.within),
            holds_since: None,
            proven: Duration::ZERO,
            begun: now,
            ended: now,
            was_up: false,
            flaps: 0,
            max_flaps: until.max_flaps,
            longest: Duration::ZERO,
        }
    }

    /// When `within` is over: no poll may take longer.
    pub(super) fn ends(&self) -> Instant {
        self.ends
    }

    /// Takes the outcome of a poll.
    ///
    /// What is proved is the time from the end of the first poll of a row that held to the start of the last one: at
    /// both moments, and as often as we looked between, it was so.
    pub(super) fn after(&mut self, started: Instant, ended: Instant, poll: Poll) -> Next {
        self.ended = ended;
        if poll == Poll::Held {
            self.was_up = true;
            let since = *self.holds_since.get_or_insert(ended);
            self.proven = started.saturating_duration_since(since);
            self.longest = self.longest.max(self.proven);
            if self.proven >= self.stable_for {
                return Next::Done;
            }
        } else {
            self.holds_since = None;
            if poll == Poll::NotHeld {
                self.proven = Duration::ZERO;
            }
        }
        if poll == Poll::NotHeld && std::mem::replace(&mut self.was_up, false) {
            self.flaps += 1;
            if self.max_flaps.is_some_and(|most| self.flaps > most) {
                return Next::Flapping;
            }
        }
        let next = later(ended, self.every);
        if next < self.ends {
            Next::At(next)
        } else {
            Next::GiveUp
        }
    }

    /// Whether that it was not stable is a matter of flaps: more than may be, or it broke and did not come back.
    pub(super) fn is_flapping(&self) -> bool {
        self.flaps > self.max_flaps.unwrap_or(0) || self.flaps > 0 && !self.was_up
    }

    /// How often it held and then did not; `None` when never.
    pub(super) fn flaps(&self) -> Option<u64> {
        (self.flaps > 0).then_some(self.flaps)
    }

    /// How often it may, where that is said.
    pub(super) fn max_flaps(&self) -> Option<u64> {
        self.max_flaps
    }

    /// The longest that it is proved to have held in a row.
    pub(super) fn longest(&self) -> Duration {
        self.longest
    }

    /// From the beginning to the end of the last poll.
    pub(super) fn watched(&self) -> Duration {
        self.ended.saturating_duration_since(self.begun)
    }

    /// Whether it held when a poll last said something.
    pub(super) fn was_up(&self) -> bool {
        self.was_up
    }

    /// For how long it is proved to have held, up to the last poll that said something.
    pub(super) fn proven(&self) -> Duration {
        self.proven
    }

    /// For how long it must.
    pub(super) fn stable_for(&self) -> Duration {
        self.stable_for
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polling(within: u64, every: u64, stable_for: u64) -> (Polling, impl Fn(u64) -> Instant) {
        let now = Instant::now();
        let until = Until {
            within: Duration::from_secs(within),
            every: Duration::from_secs(every),
            stable_for: Duration::from_secs(stable_for),
            max_flaps: None,
        };
        let at = move |seconds| now + Duration::from_secs(seconds);
        (Polling::begin(&until, now), at)
    }

    #[test]
    fn the_first_poll_that_holds_is_enough_without_stability() {
        let (mut polling, at) = polling(10, 1, 0);
        assert_eq!(polling.after(at(0), at(2), Poll::NotHeld), Next::At(at(3)));
        assert_eq!(polling.after(at(3), at(4), Poll::Held), Next::Done);
    }

    #[test]
    fn a_break_begins_the_row_anew() {
        let (mut polling, at) = polling(60, 1, 3);
        assert_eq!(polling.after(at(0), at(0), Poll::Held), Next::At(at(1)));
        assert_eq!(polling.after(at(2), at(2), Poll::Held), Next::At(at(3)));
        assert_eq!(polling.after(at(3), at(3), Poll::NotHeld), Next::At(at(4)));
        assert_eq!(polling.after(at(4), at(4), Poll::Held), Next::At(at(5)));
        assert_eq!(polling.after(at(6), at(6), Poll::Held), Next::At(at(7)));
        assert_eq!(polling.after(at(7), at(7), Poll::Held), Next::Done);
    }

    #[test]
    fn one_long_poll_proves_no_stability() {
        let (mut polling, at) = polling(60, 1, 3);
        assert_eq!(polling.after(at(0), at(10), Poll::Held), Next::At(at(11)));
        assert_eq!(polling.after(at(11), at(20), Poll::Held), Next::At(at(21)));
        assert_eq!(polling.proven(), Duration::from_secs(1));
    }

    #[test]
    fn no_poll_begins_at_the_end() {
        let (mut polling, at) = polling(10, 1, 0);
        assert_eq!(polling.after(at(8), at(8), Poll::NotHeld), Next::At(at(9)));
        assert_eq!(polling.after(at(9), at(9), Poll::NotHeld), Next::GiveUp);
    }

    #[test]
    fn only_what_was_seen_to_break_is_a_flap() {
        let (mut polling, at) = polling(60, 1, 30);
        let polls = [
            (Poll::NotHeld, None),
            (Poll::Held, None),
            (Poll::Nothing, None),
            (Poll::Held, None),
            (Poll::Nothing, None),
            (Poll::NotHeld, Some(1)),
            (Poll::NotHeld, Some(1)),
            (Poll::Held, Some(1)),
            (Poll::Held, Some(1)),
            (Poll::NotHeld, Some(2)),
        ];
        for ((poll, flaps), second) in polls.into_iter().zip(0..) {
            assert_eq!(
                polling.after(at(second), at(second), poll),
                Next::At(at(second + 1))
            );
            assert_eq!(polling.flaps(), flaps, "after second {second}");
        }
        assert!(polling.is_flapping());
        assert_eq!(polling.longest(), Duration::from_secs(1));
        assert_eq!(polling.watched(), Duration::from_secs(9));
    }

    #[test]
    fn one_flap_more_than_may_be_ends_it_at_once() {
        let (mut polling, at) = polling(60, 1, 30);
        polling.max_flaps = Some(1);
        let polls = [Poll::Held, Poll::NotHeld, Poll::Held, Poll::NotHeld];
        let next = polls.into_iter().zip(0..);
        let next: Vec<_> = next
            .map(|(poll, second)| polling.after(at(second), at(second), poll))
            .collect();
        let again = |second| Next::At(at(second));
        assert_eq!(next, [again(1), again(2), again(3), Next::Flapping]);
    }

    #[test]
    fn flaps_that_may_be_are_no_reason_while_it_holds() {
        let (mut polling, at) = polling(60, 1, 30);
        polling.max_flaps = Some(1);
        for (poll, is_flapping) in [
            (Poll::Held, false),
            (Poll::NotHeld, true),
            (Poll::Held, false),
        ] {
            polling.after(at(1), at(1), poll);
            assert_eq!(polling.is_flapping(), is_flapping);
        }
    }
}
