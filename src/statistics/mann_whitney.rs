//! The rank-sum test of Mann and Whitney: is one sample slower than another? (Annals of Mathematical Statistics 18, 1947.)
//!
//! It asks for nothing but the order of all times, so an attempt that never ended well takes part as the slowest of all; equal
//! times share the mean of their ranks. Small samples are counted out, ties included; large ones go by the normal distribution,
//! corrected for ties and for continuity.

use std::f64::consts::SQRT_2;

use statrs::function::erf::erfc;

use super::Ended;

/// The smaller sample times both together, up to which all orders are counted: some twenty million additions at most.
const COUNTED_OUT: usize = 3000;

/// How likely times as long as these, or longer, would have been seen if both samples were equally fast: the one-sided p-value, 0
/// to 1, of "`this` is slower than `other`". One where nothing can be said.
pub fn mann_whitney_slower(this: &[Ended], other: &[Ended]) -> f64 {
    if this.is_empty() || other.is_empty() {
        return 1.0;
    }
    let ranked = RankSum::of(this, other);
    let p = if this.len().min(other.len()) * (this.len() + other.len()) <= COUNTED_OUT {
        ranked.counted_out()
    } else {
        ranked.by_the_normal()
    };
    p.clamp(0.0, 1.0)
}

/// Ranks are doubled, so that the mean of some is whole.
struct RankSum {
    /// Of all attempts.
    ranks: Vec<usize>,
    /// How many are `this`'s.
    n: usize,
    /// Of `this`'s.
    sum: usize,
    /// Σ (t³ − t) over groups of t equal times.
    ties: f64,
}

impl RankSum {
    fn of(this: &[Ended], other: &[Ended]) -> Self {
        let ours = this.iter().map(|time| (*time, true));
        let mut all: Vec<_> = ours
            .chain(other.iter().map(|time| (*time, false)))
            .collect();
        all.sort_unstable_by_key(|(time, _)| *time);
        let mut ranked = Self {
            ranks: Vec::with_capacity(all.len()),
            n: this.len(),
            sum: 0,
            ties: 0.0,
        };
        for equal in all.chunk_by(|(left, _), (right, _)| left == right) {
            let before = ranked.ranks.len();
            // Twice the mean of `before + 1` to `before + t`.
            let rank = 2 * before + equal.len() + 1;
            ranked.ranks.extend(equal.iter().map(|_| rank));
            ranked.sum += rank * equal.iter().filter(|(_, is_ours)| *is_ours).count();
            let t = equal.len() as f64;
            ranked.ties += t * t * t - t;
        }
        ranked
    }

    /// Of all ways to choose as many attempts as the smaller sample has, the share with ranks as high (or as low) as it has.
    fn counted_out(&self) -> f64 {
        let all: usize = self.ranks.iter().sum();
        let (n, m) = (self.n, self.ranks.len() - self.n);
        // `this` ranks high exactly when the other ranks low.
        let (chosen, is_ours) = if n <= m { (n, true) } else { (m, false) };
        let most = *self.ranks.last().unwrap_or(&0) * chosen;
        // In how many ways, by the number chosen and the sum of their ranks; a double holds far more than there are.
        let mut ways = vec![vec![0.0_f64; most + 1]; chosen + 1];
        ways[0][0] = 1.0;
        for (seen, rank) in self.ranks.iter().enumerate() {
            for taken in (1..=chosen.min(seen + 1)).rev() {
                let (fewer, more) = ways.split_at_mut(taken);
                let (from, to) = (&fewer[taken - 1], &mut more[0]);
                for sum in *rank..=most {
                    to[sum] += from[sum - rank];
                }
            }
        }
        let ways = &ways[chosen];
        let total: f64 = ways.iter().sum();
        let telling: f64 = if is_ours {
            ways.iter().skip(self.sum).sum()
        } else {
            ways.iter().take(all - self.sum + 1).sum()
        };
        telling / total
    }

    fn by_the_normal(&self) -> f64 {
        let (n, all) = (self.n as f64, self.ranks.len() as f64);
        let m = all - n;
        let u = self.sum as f64 / 2.0 - n * (n + 1.0) / 2.0;
        let variance = n * m / 12.0 * ((all + 1.0) - self.ties / (all * (all - 1.0)));
        if variance <= 0.0 {
            // All times are equal.
            return 1.0;
        }
        let z = (u - n * m / 2.0 - 0.5) / variance.sqrt();
        erfc(z / SQRT_2) / 2.0
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "both ends are exact")]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    const NEVER: u64 = u64::MAX;

    fn ended(times: &[u64]) -> Vec<Ended> {
        let ended = |time: &u64| match *time {
            NEVER => Ended::Never,
            time => Ended::After(Duration::from_micros(time)),
        };
        times.iter().map(ended).collect()
    }

    fn slower(this: &[u64], other: &[u64]) -> f64 {
        mann_whitney_slower(&ended(this), &ended(other))
    }

    /// Hollander and Wolfe, "Nonparametric Statistical Methods" (1973), p. 69: R's example of `?wilcox.test`, W = 35, p = 0.1272.
    #[test]
    fn the_textbook_example_is_reproduced() {
        let at_term = [80, 83, 189, 104, 145, 138, 191, 164, 73, 146];
        let earlier = [115, 88, 90, 74, 121];
        let p = slower(&at_term, &earlier);
        assert!((p - 0.127_206_127_206_127).abs() < 1e-12, "{p}");
        // The other way round it is as large or larger: P(U ≤ 35) + P(U ≥ 35) counts 35 twice.
        let other = slower(&earlier, &at_term);
        assert!(other > 1.0 - p && other < 0.9, "{other}");
    }

    /// `scipy.stats.mannwhitneyu(x, y, alternative='greater', method='exact')`, SciPy 1.17.1.
    #[test]
    fn small_samples_are_counted_out() {
        let p = slower(&[78, 64, 75, 45, 82], &[110, 70, 53, 51]);
        assert!((p - 0.452_380_952_380_952).abs() < 1e-12, "{p}");
        assert!((slower(&[4, 5, 6], &[1, 2, 3]) - 1.0 / 20.0).abs() < 1e-15);
        assert!((slower(&[4, 5, 6, 7], &[1, 2, 3]) - 1.0 / 35.0).abs() < 1e-15);
    }

    /// Of the 126 ways to choose five of nine, 24 and 7: counted by `itertools.combinations` over `scipy.stats.rankdata`.
    #[test]
    fn ties_are_counted_out_and_what_never_ended_is_slowest() {
        let p = slower(&[1, 2, 2, 9, 9], &[1, 1, 2, 3]);
        assert!((p - 24.0 / 126.0).abs() < 1e-15, "{p}");
        let p = slower(&[5, 6, NEVER, NEVER, NEVER], &[4, 5, 5, 6]);
        assert!((p - 7.0 / 126.0).abs() < 1e-15, "{p}");
        assert_eq!(slower(&[NEVER; 9], &[NEVER; 4]), 1.0);
    }

    /// `method='asymptotic', use_continuity=True`, SciPy 1.17.1.
    #[test]
    fn large_samples_go_by_the_normal_distribution() {
        let first: Vec<u64> = (1..=200).map(|i| i * 7 % 211).collect();
        let second: Vec<u64> = (1..=200).map(|i| i * 11 % 211 + 9).collect();
        let (p, other) = (slower(&first, &second), slower(&second, &first));
        assert!((p - 0.947_898_779_117_47).abs() < 1e-9, "{p}");
        assert!((other - 0.052_193_464_219_223).abs() < 1e-9, "{other}");
        let (fives, fours): (Vec<u64>, Vec<u64>) = (0..200).map(|i| (i % 5, i % 4)).unzip();
        let (p, other) = (slower(&fives, &fours), slower(&fours, &fives));
        assert!((p - 0.000_197_951_205_281_47).abs() < 1e-9, "{p}");
        assert!((other - 0.999_802_712_630_212).abs() < 1e-9, "{other}");
        assert_eq!(slower(&[NEVER; 2000], &[NEVER; 2000]), 1.0);
    }

    #[test]
    fn of_nothing_nothing_is_said() {
        assert_eq!(slower(&[], &[1]), 1.0);
        assert_eq!(slower(&[1], &[]), 1.0);
    }

    /// By looking at every choice.
    fn plain(this: &[u64], other: &[u64]) -> f64 {
        let all: Vec<u64> = this.iter().chain(other).copied().collect();
        let rank = |time: u64| {
            let below = all.iter().filter(|other| **other < time).count();
            2 * below + all.iter().filter(|other| **other == time).count() + 1
        };
        let ranks: Vec<usize> = all.iter().map(|time| rank(*time)).collect();
        let seen: usize = ranks[..this.len()].iter().sum();
        let choices =
            (0..1_u32 << all.len()).filter(|choice| choice.count_ones() as usize == this.len());
        let sum = |choice: u32| -> usize {
            let chosen = ranks
                .iter()
                .enumerate()
                .filter(|(at, _)| choice >> at & 1 == 1);
            chosen.map(|(_, rank)| rank).sum()
        };
        let (all, telling) = choices.fold((0_u32, 0_u32), |(all, telling), choice| {
            (all + 1, telling + u32::from(sum(choice) >= seen))
        });
        f64::from(telling) / f64::from(all)
    }

    fn times(most: usize) -> impl Strategy<Value = Vec<u64>> {
        proptest::collection::vec(prop_oneof![4 => 0..8_u64, 1 => Just(NEVER)], 1..most)
    }

    proptest! {
        #[test]
        fn it_agrees_with_looking_at_every_choice(this in times(7), other in times(7)) {
            let (ours, theirs) = (slower(&this, &other), plain(&this, &other));
            prop_assert!((ours - theirs).abs() < 1e-12, "{} and {}", ours, theirs);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn both_ways_of_large_samples_meet(this in proptest::collection::vec(0..1_000_000_u64, 25..35)) {
            let other: Vec<u64> = this.iter().map(|time| time * 7 % 1_000_003).collect();
            let ranked = RankSum::of(&ended(&this), &ended(&other));
            let (counted, normal) = (ranked.counted_out(), ranked.by_the_normal());
            prop_assert!((counted - normal).abs() < 0.005, "{} and {}", counted, normal);
        }
    }
}
