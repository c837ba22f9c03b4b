//! How many attempts a claim needs: for planning a sample, and for saying what would settle one.

use super::is_proved;

/// Beyond this many more attempts nobody is told to try.
const WITHIN_REACH: u64 = 1_000_000;

/// The smallest `m` such that `m` more attempts, all of which hold, prove "at least `rate`" after `held` of `n`. Zero when it is
/// proved already; `None` when more than a million would be needed, or no number is enough (a rate of 100 %).
pub fn more_successes_needed(held: u64, n: u64, rate: f64, confidence: f64) -> Option<u64> {
    let held = held.min(n);
    let proves = |more: u64| {
        is_proved(
            held.saturating_add(more),
            n.saturating_add(more),
            rate,
            confidence,
        )
    };
    if proves(0) {
        return Some(0);
    }
    // One more success never weakens a proof, so the first that proves can be searched by halving:
    // `below` never proves, `enough` does.
    let mut enough = 1;
    while !proves(enough) {
        if enough == WITHIN_REACH {
            return None;
        }
        enough = (enough * 2).min(WITHIN_REACH);
    }
    let mut below = enough / 2;
    while enough - below > 1 {
        let middle = below.midpoint(enough);
        if proves(middle) {
            enough = middle;
        } else {
            below = middle;
        }
    }
    Some(enough)
}

/// The smallest number of attempts that proves "at least `rate`" with this many misses among them;
/// `None` when it is out of reach.
pub fn min_attempts(rate: f64, misses: u64, confidence: f64) -> Option<u64> {
    more_successes_needed(0, misses, rate, confidence)?.checked_add(misses)
}

/// How many of `n` attempts may miss so that the rest still prove "at least `rate`"; `None` when not even `n` of `n` would.
pub fn misses_allowed(n: u64, rate: f64, confidence: f64) -> Option<u64> {
    let proves = |misses: u64| is_proved(n - misses, n, rate, confidence);
    if !proves(0) {
        return None;
    }
    // `allowed` proves, `too_many` does not: with every attempt missed nothing is proved.
    let (mut allowed, mut too_many) = (0, n);
    while too_many - allowed > 1 {
        let middle = allowed.midpoint(too_many);
        if proves(middle) {
            allowed = middle;
        } else {
            too_many = middle;
        }
    }
    Some(allowed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The table of docs/gate.md, and two columns further.
    #[test]
    fn the_documented_table_is_reproduced() {
        let table = [
            (0.80, [(0, 14), (1, 22), (2, 30), (3, 37), (5, 50)]),
            (0.90, [(0, 29), (1, 46), (2, 61), (3, 76), (5, 103)]),
            (0.95, [(0, 59), (1, 93), (2, 124), (3, 153), (5, 208)]),
            (0.99, [(0, 299), (1, 473), (2, 628), (3, 773), (5, 1049)]),
        ];
        for (rate, row) in table {
            for (misses, attempts) in row {
                assert_eq!(
                    min_attempts(rate, misses, 0.95),
                    Some(attempts),
                    "at least {rate} with {misses} misses"
                );
                assert_eq!(misses_allowed(attempts, rate, 0.95), Some(misses));
            }
        }
    }

    #[test]
    fn more_successes_are_counted_from_what_was_seen() {
        assert_eq!(more_successes_needed(29, 29, 0.9, 0.95), Some(0));
        assert_eq!(more_successes_needed(28, 28, 0.9, 0.95), Some(1));
        assert_eq!(more_successes_needed(9, 10, 0.9, 0.95), Some(36));
        assert_eq!(more_successes_needed(0, 0, 0.9, 0.95), Some(29));
    }

    #[test]
    fn what_no_number_proves_is_said_so() {
        assert_eq!(more_successes_needed(10, 10, 1.0, 0.95), None);
        assert_eq!(more_successes_needed(10, 10, f64::NAN, 0.95), None);
        assert_eq!(more_successes_needed(10, 10, 0.999_999_9, 0.95), None);
        assert_eq!(more_successes_needed(0, u64::MAX, 0.9, 0.95), None);
        assert_eq!(min_attempts(0.9, 0, 1.0), None);
        assert_eq!(misses_allowed(28, 0.9, 0.95), None);
        assert_eq!(misses_allowed(0, 0.9, 0.95), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_number_is_enough_and_one_less_is_not(
            (held, n) in (0..300_u64).prop_flat_map(|n| (0..=n, Just(n))),
            rate in 0.01..0.995,
            confidence in 0.5..0.999,
        ) {
            if let Some(more) = more_successes_needed(held, n, rate, confidence) {
                prop_assert!(is_proved(held + more, n + more, rate, confidence));
                prop_assert!(more == 0 || !is_proved(held + more - 1, n + more - 1, rate, confidence));
            }
            if let Some(misses) = misses_allowed(n, rate, confidence) {
                prop_assert!(is_proved(n - misses, n, rate, confidence));
                prop_assert!(!is_proved(n - misses - 1, n, rate, confidence));
            }
        }
    }
}
