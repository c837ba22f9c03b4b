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
    pub(super) fn after(&mut self, started: Instant, ended: Instant, held: bool) -> Next {
        if held {
            let since = *self.holds_since.get_or_insert(ended);
            self.proven = started.saturating_duration_since(since);
            if self.proven >= self.stable_for {
                return Next::Done;
            }
        } else {
            self.holds_since = None;
            self.proven = Duration::ZERO;
        }
        let next = later(ended, self.every);
        if next < self.ends {
            Next::At(next)
        } else {
            Next::GiveUp
        }
    }

    /// For how long it is proved to have held, up to now.
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
        };
        let at = move |seconds| now + Duration::from_secs(seconds);
        (Polling::begin(&until, now), at)
    }

    #[test]
    fn the_first_poll_that_holds_is_enough_without_stability() {
        let (mut polling, at) = polling(10, 1, 0);
        assert_eq!(polling.after(at(0), at(2), false), Next::At(at(3)));
        assert_eq!(polling.after(at(3), at(4), true), Next::Done);
    }

    #[test]
    fn a_break_begins_the_row_anew() {
        let (mut polling, at) = polling(60, 1, 3);
        assert_eq!(polling.after(at(0), at(0), true), Next::At(at(1)));
        assert_eq!(polling.after(at(2), at(2), true), Next::At(at(3)));
        assert_eq!(polling.after(at(3), at(3), false), Next::At(at(4)));
        assert_eq!(polling.after(at(4), at(4), true), Next::At(at(5)));
        assert_eq!(polling.after(at(6), at(6), true), Next::At(at(7)));
        assert_eq!(polling.after(at(7), at(7), true), Next::Done);
    }

    #[test]
    fn one_long_poll_proves_no_stability() {
        let (mut polling, at) = polling(60, 1, 3);
        assert_eq!(polling.after(at(0), at(10), true), Next::At(at(11)));
        assert_eq!(polling.after(at(11), at(20), true), Next::At(at(21)));
        assert_eq!(polling.proven(), Duration::from_secs(1));
    }

    #[test]
    fn no_poll_begins_at_the_end() {
        let (mut polling, at) = polling(10, 1, 0);
        assert_eq!(polling.after(at(8), at(8), false), Next::At(at(9)));
        assert_eq!(polling.after(at(9), at(9), false), Next::GiveUp);
    }
}
