//! Fisher's exact test: do two samples hold equally often? (R. A.
//! Fisher, "Statistical Methods for Research Workers", 1934, §21.02.)
//!
//! Given how many held in both together, the number that held in the first of two equal ones is hypergeometric. Its first term
//! comes from the binomial one, as in R's `dhyper`, because `ln n!` would lose digits; the others from the one before.

use super::binomial::{MOST_ATTEMPTS, probability};

/// How many attempts of a sample held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// They held; at most `n`.
    pub held: u64,
    /// They held or did not.
    pub n: u64,
}

/// How likely as few as these would have held, or fewer, if both samples were equally good: the one-sided p-value, 0 to 1, of
/// "`this` is worse than `other`". One where nothing can be said.
pub fn fisher_worse(this: Counted, other: Counted) -> f64 {
    let Some(table) = Table::of(this, other) else {
        return 1.0;
    };
    if table.held as f64 * (table.n + table.other_n) as f64 <= table.n as f64 * table.both as f64 {
        table.sum_down(table.held)
    } else {
        1.0 - table.sum_up(table.held + 1)
    }
    .clamp(0.0, 1.0)
}

/// How likely a table as unlikely as this one, or more, would have been seen if both samples were equally good: the two-sided
/// p-value, 0 to 1, as R and SciPy have it. One where nothing can be said.
pub fn fisher_differs(this: Counted, other: Counted) -> f64 {
    let Some(table) = Table::of(this, other) else {
        return 1.0;
    };
    // What is as unlikely must not look less so by the last digit; R allows as much.
    let bound = table.term(table.held) * (1.0 + 1e-7);
    let (low, high) = table.range();
    // From the middle to both sides: from the end of a tail, too small for a double, there is no way back.
    let middle = table.most_likely();
    let counted = |term: f64| if term <= bound { term } else { 0.0 };
    let mut sum = 0.0;
    let mut term = table.term(middle);
    for i in middle..=high {
        sum += counted(term);
        term *= table.step_up(i);
    }
    let mut term = table.term(middle);
    for i in (low..middle).rev() {
        term /= table.step_up(i);
        sum += counted(term);
    }
    sum.clamp(0.0, 1.0)
}

/// A two-by-two table by its margins, with at least one attempt on each of its four sides.
#[derive(Debug, Clone, Copy)]
struct Table {
    held: u64,
    n: u64,
    other_n: u64,
    /// They held, in both samples.
    both: u64,
}

impl Table {
    /// `None` where only one table has such margins, or the samples are too large to be summed.
    fn of(this: Counted, other: Counted) -> Option<Self> {
        let (held, other_held) = (this.held.min(this.n), other.held.min(other.n));
        let all = this.n.checked_add(other.n)?;
        let both = held + other_held;
        let says_something = this.n > 0 && other.n > 0 && both > 0 && both < all;
        (says_something && all <= MOST_ATTEMPTS).then_some(Self {
            held,
            n: this.n,
            other_n: other.n,
            both,
        })
    }

    /// The fewest and the most that may have held here.
    fn range(self) -> (u64, u64) {
        (
            self.both.saturating_sub(self.other_n),
            self.both.min(self.n),
        )
    }

    /// How many of this one most likely held.
    fn most_likely(self) -> u64 {
        let (n, both, all) = (self.n, self.both, self.n + self.other_n);
        // Up to 10⁹ attempts the product fits.
        let middle = (n + 1) * (both + 1) / (all + 2);
        let (low, high) = self.range();
        middle.clamp(low, high)
    }

    /// P(X = i), `i` in range.
    fn term(self, i: u64) -> f64 {
        let all = self.n + self.other_n;
        let p = self.both as f64 / all as f64;
        probability(i, self.n, p) * probability(self.both - i, self.other_n, p)
            / probability(self.both, all, p)
    }

    /// P(X = i + 1) / P(X = i).
    fn step_up(self, i: u64) -> f64 {
        let gained = (self.n - i) as f64 * (self.both - i) as f64;
        gained / ((i + 1) as f64 * (self.other_n + i + 1 - self.both) as f64)
    }

    /// P(X ≤ i); `i` lies at the mean or below it, where terms fall.
    fn sum_down(self, i: u64) -> f64 {
        let (low, _) = self.range();
        let mut term = self.term(i);
        let mut sum = 0.0;
        for i in (low..=i).rev() {
            sum += term;
            if i == low || term <= sum * f64::EPSILON * 1e-3 {
                break;
            }
            term /= self.step_up(i - 1);
        }
        sum
    }

    /// P(X ≥ i); `i` lies above the mean.
    fn sum_up(self, i: u64) -> f64 {
        let (_, high) = self.range();
        if i > high {
            return 0.0;
        }
        let mut term = self.term(i);
        let mut sum = 0.0;
        for i in i..=high {
            sum += term;
            term *= self.step_up(i);
            if term <= sum * f64::EPSILON * 1e-3 {
                break;
            }
        }
        sum
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "both ends are exact")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(held: u64, n: u64) -> Counted {
        Counted { held, n }
    }

    /// `scipy.stats.fisher_exact([[held, n - held], …], 'less')` and `'two-sided'`, SciPy 1.17.1. The first is R's example of
    /// `?fisher.test`, Fisher's convictions of like-sex twins (0.0004652 and 0.0005367), the second his lady tasting tea.
    #[test]
    fn published_values_are_reproduced() {
        for (this, other, worse, differs) in [
            (
                of(2, 12),
                of(15, 18),
                0.000_465_180_943_362_9,
                0.000_536_724_119_143_4,
            ),
            (
                of(3, 4),
                of(1, 4),
                0.985_714_285_714_286,
                0.485_714_285_714_286,
            ),
            (
                of(7, 20),
                of(20, 20),
                6.442_164_395_445_8e-6,
                1.288_432_879_089e-5,
            ),
            (of(0, 3), of(3, 3), 0.05, 0.1),
            (
                of(0, 3),
                of(4, 4),
                0.028_571_428_571_428_6,
                0.028_571_428_571_428_6,
            ),
            (
                of(1, 10),
                of(11, 14),
                0.001_379_728_092_610_04,
                0.002_759_456_185_220_1,
            ),
            (
                of(8, 10),
                of(1, 6),
                0.999_125_874_125_874,
                0.034_965_034_965_035,
            ),
            (
                of(95, 100),
                of(99, 100),
                0.105_823_926_347_866,
                0.211_647_852_695_732,
            ),
            (
                of(450, 1000),
                of(520, 1000),
                0.001_006_640_548_947_53,
                0.002_013_281_097_895_06,
            ),
            (
                of(40_000, 50_000),
                of(40_300, 50_000),
                0.008_719_702_424_371_9,
                0.017_439_404_848_743_9,
            ),
            (of(19, 20), of(20, 20), 0.5, 1.0),
            (of(2, 20), of(0, 20), 1.0, 0.487_179_487_179_487),
        ] {
            let (ours, ours_both) = (fisher_worse(this, other), fisher_differs(this, other));
            assert!(
                (ours / worse - 1.0).abs() < 1e-10,
                "{this:?} {other:?}: {ours}"
            );
            assert!(
                (ours_both / differs - 1.0).abs() < 1e-10,
                "{this:?} {other:?}: {ours_both}"
            );
        }
    }

    #[test]
    fn where_nothing_differs_nothing_is_said() {
        for (this, other) in [
            (of(0, 0), of(20, 20)),
            (of(20, 20), of(0, 0)),
            (of(20, 20), of(5, 5)),
            (of(0, 20), of(0, 5)),
            (of(1, u64::MAX), of(1, 2)),
        ] {
            assert_eq!(fisher_worse(this, other), 1.0);
            assert_eq!(fisher_differs(this, other), 1.0);
        }
    }

    #[test]
    fn what_is_too_small_for_a_double_is_nothing_and_no_nan() {
        let (none, all) = (of(0, 100_000), of(100_000, 100_000));
        assert_eq!(fisher_worse(none, all), 0.0);
        assert_eq!(fisher_differs(none, all), 0.0);
        assert_eq!(fisher_worse(all, none), 1.0);
        let half = fisher_differs(of(50_000, 100_000), of(50_000, 100_000));
        assert!((half - 1.0).abs() < 1e-9, "{half}");
    }

    /// By counting: of all ways to choose who held.
    fn plain(this: Counted, other: Counted) -> f64 {
        let ways =
            |n: u64, k: u64| -> f64 { (0..k).map(|j| (n - j) as f64 / (j + 1) as f64).product() };
        let both = this.held + other.held;
        let low = both.saturating_sub(other.n);
        let of_table = |i: u64| ways(this.n, i) * ways(other.n, both - i);
        (low..=this.held).map(of_table).sum::<f64>() / ways(this.n + other.n, both)
    }

    proptest! {
        #[test]
        fn it_agrees_with_counting((n, held, m, kept) in (1..60_u64, 1..60_u64)
            .prop_flat_map(|(n, m)| (Just(n), 0..=n, Just(m), 0..=m)))
        {
            let (this, other) = (of(held, n), of(kept, m));
            let (ours, theirs) = (fisher_worse(this, other), plain(this, other));
            prop_assert!((ours - theirs).abs() <= 1e-11 * theirs.max(1e-3), "{} and {}", ours, theirs);
        }

        #[test]
        fn fewer_that_held_are_never_less_telling((n, held, m, kept) in (1..500_u64, 1..500_u64)
            .prop_flat_map(|(n, m)| (Just(n), 1..=n, Just(m), 0..=m)))
        {
            let other = of(kept, m);
            prop_assert!(fisher_worse(of(held - 1, n), other) <= fisher_worse(of(held, n), other) + 1e-12);
        }
    }
}
