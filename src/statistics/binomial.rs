//! Tails of the binomial distribution, to about fourteen digits up to [`MOST_ATTEMPTS`] attempts.
//!
//! A tail is a sum that starts at its largest term and falls at least geometrically, so that only about `√n` terms count. The
//! first term is C. Loader's saddle-point form ("Fast and Accurate Computation of Binomial Probabilities", 2000), because `ln n!`
//! loses the digits we need: at `n = 10⁶` it is about 10⁷, and its rounding alone would be seen in the bound.

use std::f64::consts::PI;

/// Above this many attempts nothing is calculated: a tail would take too long to sum. Callers then claim nothing.
pub(super) const MOST_ATTEMPTS: u64 = 1_000_000_000;

/// P(X ≥ k) for X ~ Binomial(n, p).
pub(super) fn at_least(k: u64, n: u64, p: f64) -> f64 {
    if k == 0 {
        return 1.0;
    }
    if k > n || p <= 0.0 {
        return 0.0;
    }
    if p >= 1.0 {
        return 1.0;
    }
    // Sum the side whose terms fall from the start; the other is its complement.
    if k as f64 > n as f64 * p {
        sum_up(k, n, p)
    } else {
        1.0 - sum_down(k - 1, n, p)
    }
}

/// P(X ≤ k) for X ~ Binomial(n, p).
pub(super) fn at_most(k: u64, n: u64, p: f64) -> f64 {
    if k >= n || p <= 0.0 {
        return 1.0;
    }
    if p >= 1.0 {
        return 0.0;
    }
    if (k as f64) < n as f64 * p {
        sum_down(k, n, p)
    } else {
        1.0 - sum_up(k + 1, n, p)
    }
}

/// `Σ P(X = i)` for `i` from `k` up to `n`; `k` lies above the mean.
fn sum_up(k: u64, n: u64, p: f64) -> f64 {
    let odds = p / (1.0 - p);
    let mut term = probability(k, n, p);
    let mut sum = 0.0;
    for i in k..=n {
        sum += term;
        term *= (n - i) as f64 / (i + 1) as f64 * odds;
        if term <= sum * f64::EPSILON * 1e-3 {
            break;
        }
    }
    sum.min(1.0)
}

/// `Σ P(X = i)` for `i` from `k` down to 0; `k` lies below the mean.
fn sum_down(k: u64, n: u64, p: f64) -> f64 {
    let odds = (1.0 - p) / p;
    let mut term = probability(k, n, p);
    let mut sum = 0.0;
    for i in (0..=k).rev() {
        sum += term;
        term *= i as f64 / (n - i + 1) as f64 * odds;
        if term <= sum * f64::EPSILON * 1e-3 {
            break;
        }
    }
    sum.min(1.0)
}

/// P(X = k) for X ~ Binomial(n, p), with `0 < p < 1` and `k ≤ n`.
pub(super) fn probability(k: u64, n: u64, p: f64) -> f64 {
    let (held, missed, all) = (k as f64, (n - k) as f64, n as f64);
    let q = 1.0 - p;
    if k == 0 {
        return (all * (-p).ln_1p()).exp();
    }
    if k == n {
        // `ln p` of a p close to one, without losing the digits that say how close.
        return (all * (-q).ln_1p()).exp();
    }
    let exponent = stirling_error(n)
        - stirling_error(k)
        - stirling_error(n - k)
        - deviance(held, all * p)
        - deviance(missed, all * q);
    exponent.exp() * (all / (2.0 * PI * held * missed)).sqrt()
}

/// `ln n! − ln(√(2πn) (n/e)ⁿ)`: what Stirling's formula misses. `n ≥ 1`.
fn stirling_error(n: u64) -> f64 {
    let x = n as f64;
    if n < 16 {
        // Up to 15! every factorial is a whole number that fits.
        let factorial: f64 = (2..=n).map(|i| i as f64).product();
        return factorial.ln() - (x + 0.5) * x.ln() + x - 0.5 * (2.0 * PI).ln();
    }
    let square = x * x;
    let series = 1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / (1188.0 * square)) / square;
    (1.0 / 12.0 - (1.0 / 360.0 - series / square) / square) / x
}

/// `x ln(x/m) + m − x`, without cancellation where `x` is close to `m`.
fn deviance(x: f64, m: f64) -> f64 {
    let apart = x - m;
    if apart.abs() >= 0.1 * (x + m) {
        return x * (x / m).ln() - apart;
    }
    let v = apart / (x + m);
    let mut sum = apart * v;
    let mut power = 2.0 * x * v;
    // |v| < 0.1: each term is at most a hundredth of the one before, so these are more than a double can hold.
    for odd in (3..27).step_by(2) {
        power *= v * v;
        sum += power / f64::from(odd);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By the definition, with exact binomial coefficients.
    fn plain(k: u32, n: u32, p: f64) -> f64 {
        (k..=n)
            .map(|i| {
                let ways: f64 = (0..i)
                    .map(|j| f64::from(n - j) / f64::from(j + 1))
                    .product();
                ways * p.powi(i.cast_signed()) * (1.0 - p).powi((n - i).cast_signed())
            })
            .sum()
    }

    #[test]
    fn tails_agree_with_the_definition() {
        for n in 1..=40_u32 {
            for k in 0..=n {
                for p in [1e-6, 0.01, 0.2, 0.5, 0.77, 0.95, 0.9999] {
                    let (ours, theirs) = (at_least(k.into(), n.into(), p), plain(k, n, p));
                    assert!(
                        (ours - theirs).abs() <= 1e-12 * theirs.max(1e-3),
                        "P(X >= {k}), n {n}, p {p}: {ours} and {theirs}"
                    );
                    let below =
                        at_most(k.into(), n.into(), p) + at_least(u64::from(k) + 1, n.into(), p);
                    assert!((below - 1.0).abs() < 1e-12, "k {k}, n {n}, p {p}: {below}");
                }
            }
        }
    }
}
