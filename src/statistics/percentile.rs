//! Nearest-rank percentiles over attempts of which some never ended well.

use std::time::Duration;

/// When an attempt ended well. Ordered: `Never` is later than any time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ended {
    /// It held, after so long.
    After(Duration),
    /// It did not hold: an infinite time.
    Never,
}

/// Attempts, ranked from the fastest to those that never ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranked(Vec<Ended>);

impl Ranked {
    /// Ranks attempts given in any order.
    pub fn new(mut attempts: Vec<Ended>) -> Self {
        attempts.sort_unstable();
        Self(attempts)
    }

    /// The nearest-rank percentile: the smallest time within which at least `share` of all attempts ended well. `share` is a
    /// fraction of one, taken to the millionth and held to `0..=1`; zero means the fastest. `None` without attempts, or for NaN.
    pub fn percentile(&self, share: f64) -> Option<Ended> {
        if share.is_nan() {
            return None;
        }
        // In integers: 0.07 · 100 is a little above 7 in floating point, and would give rank 8.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "held to 0..=1 000 000 just before"
        )]
        let millionths = (share.clamp(0.0, 1.0) * 1e6).round() as u128;
        let rank = (millionths * self.0.len() as u128)
            .div_ceil(1_000_000)
            .max(1);
        self.0.get(usize::try_from(rank - 1).ok()?).copied()
    }

    /// The slowest attempt that held.
    pub fn slowest(&self) -> Option<Duration> {
        self.0.iter().rev().find_map(|ended| match ended {
            Ended::After(time) => Some(*time),
            Ended::Never => None,
        })
    }

    /// How many attempts ended well within `limit`.
    pub fn within(&self, limit: Duration) -> u64 {
        self.0
            .partition_point(|ended| *ended <= Ended::After(limit)) as u64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(times: impl IntoIterator<Item = u64>) -> Vec<Ended> {
        times
            .into_iter()
            .map(|time| Ended::After(Duration::from_millis(time)))
            .collect()
    }

    /// The worked example of the nearest-rank method: 15, 20, 35, 40, 50.
    #[test]
    fn the_textbook_example_is_reproduced() {
        let ranked = Ranked::new(ms([35, 20, 15, 50, 40]));
        for (share, expected) in [
            (0.05, 15),
            (0.30, 20),
            (0.40, 20),
            (0.50, 35),
            (1.0, 50),
            (0.0, 15),
        ] {
            assert_eq!(ranked.percentile(share), ms([expected]).pop(), "{share}");
        }
    }

    #[test]
    fn the_rank_is_exact_where_floating_point_is_not() {
        let ranked = Ranked::new(ms(1..=100));
        for percent in 1..=100_u32 {
            assert_eq!(
                ranked.percentile(f64::from(percent) / 100.0),
                ms([u64::from(percent)]).pop()
            );
        }
        assert_eq!(ranked.percentile(0.999), ms([100]).pop());
    }

    #[test]
    fn failures_are_infinitely_slow() {
        let mut attempts = ms(1..=19);
        attempts.insert(0, Ended::Never);
        let ranked = Ranked::new(attempts);
        assert_eq!(ranked.percentile(0.95), ms([19]).pop());
        assert_eq!(ranked.percentile(0.951), Some(Ended::Never));
        assert_eq!(ranked.slowest(), Some(Duration::from_millis(19)));
        assert_eq!(ranked.within(Duration::from_millis(19)), 19);
        assert_eq!(ranked.within(Duration::MAX), 19);
        assert_eq!(ranked.within(Duration::ZERO), 0);
        assert_eq!(Ranked::new(vec![Ended::Never]).slowest(), None);
    }

    #[test]
    fn of_nothing_there_is_no_percentile() {
        assert_eq!(Ranked::new(Vec::new()).percentile(0.5), None);
        assert_eq!(Ranked::new(ms([1])).percentile(f64::NAN), None);
        assert_eq!(
            Ranked::new(ms([1])).percentile(f64::INFINITY),
            ms([1]).pop()
        );
    }

    proptest! {
        #[test]
        fn at_least_the_share_ended_by_then_and_less_before(
            attempts in proptest::collection::vec(
                prop_oneof![(0..50_u64).prop_map(|t| Ended::After(Duration::from_millis(t))), Just(Ended::Never)], 1..200),
            percent in 1..=100_u32,
        ) {
            let ranked = Ranked::new(attempts.clone());
            let found = ranked.percentile(f64::from(percent) / 100.0).unwrap();
            let by_then = attempts.iter().filter(|ended| **ended <= found).count() as u128;
            let before = attempts.iter().filter(|ended| **ended < found).count() as u128;
            let share = u128::from(percent) * attempts.len() as u128;
            prop_assert!(by_then * 100 >= share);
            prop_assert!(before * 100 < share);
        }
    }
}
