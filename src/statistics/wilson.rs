//! The interval shown to readers. Nothing is decided on it.

use std::f64::consts::SQRT_2;

use statrs::function::erf::erfc_inv;

/// The two-sided Wilson score interval (Wilson, JASA 22, 1927) for the rate, when `held` of `n` attempts held. Within `0..=1`;
/// all of it when nothing can be said.
pub fn wilson(held: u64, n: u64, confidence: f64) -> (f64, f64) {
    let meaningful = confidence > 0.0 && confidence < 1.0;
    if n == 0 || !meaningful {
        return (0.0, 1.0);
    }
    let held = held.min(n);
    let all = n as f64;
    let seen = held as f64 / all;
    let z = SQRT_2 * erfc_inv(1.0 - confidence);
    let square = z * z / all;
    let centre = seen + square / 2.0;
    let half = z * (seen * (1.0 - seen) / all + square / (4.0 * all)).sqrt();
    // At the ends the formula gives exactly 0 and 1; rounding would not.
    let low = if held == 0 {
        0.0
    } else {
        (centre - half) / (1.0 + square)
    };
    let high = if held == n {
        1.0
    } else {
        (centre + half) / (1.0 + square)
    };
    (low.clamp(0.0, 1.0), high.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn intervals_agree_with_published_ones() {
        let table = [
            (5, 5, 0.566, 1.0),
            (10, 10, 0.722, 1.0),
            (20, 20, 0.839, 1.0),
            (0, 10, 0.0, 0.278),
            // Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ];
        for (held, n, low, high) in table {
            let found = wilson(held, n, 0.95);
            assert!(
                (found.0 - low).abs() < 6e-4 && (found.1 - high).abs() < 6e-4,
                "{held} of {n}: {found:?}, not ({low}, {high})"
            );
        }
    }

    #[test]
    fn what_makes_no_sense_says_nothing() {
        for confidence in [0.0, 1.0, -3.0, f64::NAN] {
            assert_eq!(wilson(3, 4, confidence), (0.0, 1.0));
        }
        assert_eq!(wilson(0, 0, 0.95), (0.0, 1.0));
    }

    proptest! {
        #[test]
        fn the_interval_encloses_what_was_seen(
            (held, n) in prop_oneof![1..50_u64, 1..u64::MAX].prop_flat_map(|n| (0..=n, Just(n))),
            confidence in 0.0001..0.9999_f64,
        ) {
            let (low, high) = wilson(held, n, confidence);
            let seen = held as f64 / n as f64;
            prop_assert!(0.0 <= low && low <= seen + 1e-12 && seen <= high + 1e-12 && high <= 1.0);
        }
    }
}
