//! Exact one-sided bounds on a rate (Clopper & Pearson, Biometrika 26, 1934), found by bisection on the binomial tail.
//!
//! One-sided Wilson bounds are closer on average but promise too much near 100 %, which is where we live: with 25 attempts and no
//! miss they "prove" 90 % and are wrong seven times in a hundred, not five.

use super::binomial::{MOST_ATTEMPTS, at_least, at_most};

/// The exact one-sided lower bound on the rate, when `held` of `n` attempts held: with `confidence`, the rate is at least this.
/// In `0..=1`; 0 when nothing can be said.
pub fn lower_bound(held: u64, n: u64, confidence: f64) -> f64 {
    let held = held.min(n);
    let Some(alpha) = error_of(n, confidence) else {
        return 0.0;
    };
    if held == 0 {
        return 0.0;
    }
    // The largest p under which seeing this many would still be as rare as alpha. `low` always satisfies that, so that what is
    // returned errs, if at all, downwards.
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    loop {
        let middle = low.midpoint(high);
        // No number lies between them any more. Bisection gets there from any start: each half is representable until then.
        if middle <= low || middle >= high {
            return low;
        }
        if at_least(held, n, middle) <= alpha {
            low = middle;
        } else {
            high = middle;
        }
    }
}

/// The exact one-sided upper bound on the rate: with `confidence`, the rate is at most this. In `0..=1`;
/// 1 when nothing can be said.
pub fn upper_bound(held: u64, n: u64, confidence: f64) -> f64 {
    1.0 - lower_bound(n - held.min(n), n, confidence)
}

/// Whether "the rate is at least `rate`" is proved: the lower bound reaches it. The same as comparing with [`lower_bound`], and
/// fast enough to be asked after every attempt.
pub fn is_proved(held: u64, n: u64, rate: f64, confidence: f64) -> bool {
    let Some(alpha) = error_of(n, confidence) else {
        return false;
    };
    // Written so that NaN proves nothing. A rate of one is beyond any number of attempts.
    rate > 0.0 && rate < 1.0 && held > 0 && at_least(held.min(n), n, rate) <= alpha
}

/// Whether "the rate is at least `rate`" is refuted: even the upper bound stays below it.
pub fn is_refuted(held: u64, n: u64, rate: f64, confidence: f64) -> bool {
    let Some(alpha) = error_of(n, confidence) else {
        return false;
    };
    let held = held.min(n);
    if rate >= 1.0 {
        // One miss refutes "always", whatever the confidence; the tail at one says the same.
        return held < n;
    }
    rate > 0.0 && at_most(held, n, rate) < alpha
}

/// The share of wrong claims that is accepted; `None` when no claim can be made at all.
fn error_of(n: u64, confidence: f64) -> Option<f64> {
    let meaningful = confidence > 0.0 && confidence < 1.0;
    (meaningful && n > 0 && n <= MOST_ATTEMPTS).then_some(1.0 - confidence)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Found by bisection on the tail in 50-digit decimal arithmetic; those without a miss are `0.05^(1/n)`.
    #[test]
    fn lower_bounds_are_exact() {
        let table = [
            (1, 1, 0.05),
            (29, 29, 0.901_855_372_322_704_2),
            (45, 46, 0.900_975_683_180_101_9),
            (59, 59, 0.950_492_390_111_773),
            (92, 93, 0.950_006_021_612_011_6),
            (299, 299, 0.990_030_853_207_100_7),
            (1, 2, 0.025_320_565_519_103_6),
            (5, 5, 0.549_280_271_653_058_8),
            (3, 10, 0.087_264_433_914_150_3),
            (50, 100, 0.413_621_714_630_911_7),
            (900, 1000, 0.883_008_467_903_632),
            (100_000, 100_000, 0.999_970_043_125_980_5),
            (50_000, 100_000, 0.497_394_282_260_283_4),
            (90_000, 100_000, 0.898_425_972_227_758),
            (1, 100_000, 0.000_000_512_932_812_3),
            (99_995, 100_000, 0.999_894_872_548_827_5),
            (0, 1, 0.0),
            (0, 100_000, 0.0),
        ];
        for (held, n, expected) in table {
            let found = lower_bound(held, n, 0.95);
            assert!(
                (found - expected).abs() < 1e-13,
                "{held} of {n}: {found:.17}, not {expected:.17}"
            );
        }
        for (held, n, expected) in [
            (45, 46, 0.864_221_521_367_845_9),
            (5, 10, 0.150_442_821_900_700_9),
        ] {
            assert!((lower_bound(held, n, 0.99) - expected).abs() < 1e-13);
        }
    }

    #[test]
    fn upper_bounds_are_exact() {
        let table = [
            (1, 1, 1.0),
            (0, 1, 0.95),
            (45, 46, 0.998_885_549_844_222_2),
            (92, 93, 0.999_448_611_270_801_8),
            (1, 2, 0.974_679_434_480_896_3),
            (3, 10, 0.606_624_216_105_413_4),
            (5, 100_000, 0.000_105_127_451_172_4),
            (100_000, 100_000, 1.0),
        ];
        for (held, n, expected) in table {
            let found = upper_bound(held, n, 0.95);
            assert!(
                (found - expected).abs() < 1e-13,
                "{held} of {n}: {found:.17}, not {expected:.17}"
            );
        }
    }

    #[test]
    fn what_makes_no_sense_claims_nothing() {
        for confidence in [0.0, 1.0, -1.0, 2.0, f64::NAN, f64::INFINITY] {
            assert_eq!(
                (lower_bound(9, 9, confidence), upper_bound(0, 9, confidence)),
                (0.0, 1.0)
            );
            assert!(!is_proved(9, 9, 0.5, confidence));
            assert!(!is_refuted(0, 9, 0.5, confidence));
        }
        for rate in [f64::NAN, 0.0, -1.0, 1.0, 7.0] {
            assert!(!is_proved(1000, 1000, rate, 0.95), "{rate}");
        }
        assert!(!is_refuted(0, 1000, f64::NAN, 0.95));
        assert_eq!(
            (lower_bound(0, 0, 0.95), upper_bound(0, 0, 0.95)),
            (0.0, 1.0)
        );
        assert!(!is_proved(0, 0, 0.1, 0.95) && !is_refuted(0, 0, 0.9, 0.95));
        assert!(lower_bound(u64::MAX, u64::MAX, 0.95) <= 0.0);
    }

    #[test]
    fn a_bound_that_meets_the_rate_exactly_is_no_refutation() {
        // 1 − 0.5² = 0.75: the upper bound of 0 of 2 is 0.5 at 75 %.
        assert!(!is_refuted(0, 2, 0.5, 0.75));
        assert!(is_refuted(0, 2, 0.500_001, 0.75));
        assert!(is_refuted(99, 100, 1.0, 0.95));
        assert!(!is_refuted(100, 100, 1.0, 0.95));
    }

    fn counts() -> impl Strategy<Value = (u64, u64)> {
        prop_oneof![1..200_u64, 1..100_001_u64].prop_flat_map(|n| (0..=n, Just(n)))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn bounds_enclose_what_was_seen((held, n) in counts(), confidence in 0.5..0.9999_f64) {
            let (low, high) = (lower_bound(held, n, confidence), upper_bound(held, n, confidence));
            let seen = held as f64 / n as f64;
            prop_assert!((0.0..=1.0).contains(&low) && (0.0..=1.0).contains(&high));
            prop_assert!(low <= seen + 1e-12 && seen <= high + 1e-12, "{low} {seen} {high}");
        }

        #[test]
        fn one_more_that_held_never_lowers_a_bound((held, n) in counts(), confidence in 0.01..0.9999) {
            if held < n {
                prop_assert!(lower_bound(held, n, confidence) <= lower_bound(held + 1, n, confidence));
                prop_assert!(upper_bound(held, n, confidence) <= upper_bound(held + 1, n, confidence));
            }
        }

        #[test]
        fn being_proved_is_a_comparison_of_bounds((held, n) in counts(), rate in 0.0001..0.9999_f64, confidence in 0.5..0.9999_f64) {
            let (low, high) = (lower_bound(held, n, confidence), upper_bound(held, n, confidence));
            prop_assume!((low - rate).abs() > 1e-12 && (high - rate).abs() > 1e-12);
            prop_assert_eq!(is_proved(held, n, rate, confidence), low >= rate);
            prop_assert_eq!(is_refuted(held, n, rate, confidence), high < rate);
        }

        #[test]
        fn no_input_panics_or_gives_nan(held: u64, n: u64, rate: f64, confidence: f64) {
            let held = held.min(n);
            prop_assert!((0.0..=1.0).contains(&lower_bound(held, n, confidence)));
            prop_assert!((0.0..=1.0).contains(&upper_bound(held, n, confidence)));
            prop_assert!(!(is_proved(held, n, rate, confidence) && is_refuted(held, n, rate, confidence)));
        }
    }
}
