//! What `repeat` came to, in one line.

use std::time::Duration;

use super::wording;
use crate::model::{Outcome, Sample};
use crate::statistics::{Ended, Ranked, wilson};

/// `44 of 46 held, 95.6 % (Wilson 95 %: 85.4 % to 98.8 %) · p50 12 ms, p95 130 ms, p99 ∞, slowest 210 ms`. An attempt that
/// did not hold never ended well, so it counts as +∞ in the percentiles.
/// One that could not look counts for nothing, as in claims.
pub(super) fn summary(sample: &Sample) -> String {
    let made = sample.rows.len() as u64;
    let judged = sample
        .rows
        .iter()
        .filter(|row| row.outcome != Outcome::Unable);
    let n = judged.clone().count() as u64;
    let (low, high) = wilson(sample.held, n, 0.95);
    let mut text = format!(
        "{} of {n} held, {} (Wilson 95 %: {} to {})",
        sample.held,
        wording::percent(sample.held, n),
        fraction(low),
        fraction(high),
    );
    let ranked = Ranked::new(
        judged
            .map(|row| match row.outcome {
                Outcome::Held => Ended::After(Duration::from_micros(row.latency_us)),
                Outcome::NotHeld | Outcome::Unable => Ended::Never,
            })
            .collect(),
    );
    let mut latencies: Vec<String> = [("p50", 0.50), ("p95", 0.95), ("p99", 0.99)]
        .into_iter()
        .filter_map(|(name, share)| {
            let time = match ranked.percentile(share)? {
                Ended::After(time) => wording::duration(time),
                Ended::Never => "∞".to_owned(),
            };
            Some(format!("{name} {time}"))
        })
        .collect();
    if let Some(slowest) = ranked.slowest() {
        latencies.push(format!("slowest {}", wording::duration(slowest)));
    }
    if !latencies.is_empty() {
        text = format!("{text} · {}", latencies.join(", "));
    }
    if n < made {
        text = format!("{text} · {} could not look", made - n);
    }
    if let Some(skew) = sample.skew {
        let skew = wording::duration(skew);
        text = format!("{text} · the starts of a round at most {skew} apart");
    }
    if sample.futile {
        text = format!(
            "{text} · stopped after {made} of {}: the rest could change nothing",
            sample.times
        );
    } else if made < sample.times {
        text = format!("{text} · {made} of {} attempts made", sample.times);
    }
    text
}

/// A bound with one decimal, cut: an interval that ends below 100 % is not shown as reaching it.
fn fraction(fraction: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 1000 by the clamp; NaN becomes 0"
    )]
    let tenths = (fraction * 1000.0).clamp(0.0, 1000.0) as u64;
    wording::percent(tenths, 1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SampleRow;

    fn sample(held: u64, missed: u64, times: u64, futile: bool) -> Sample {
        let row = |outcome, latency_us| SampleRow {
            outcome,
            latency_us,
            phases_us: Box::new([]),
        };
        let good = (1..=held).map(|n| row(Outcome::Held, n * 1000));
        let bad = (0..missed).map(|_| row(Outcome::NotHeld, 1));
        Sample {
            times,
            held,
            rows: bad.chain(good).collect(),
            findings: Vec::new(),
            futile,
            skew: None,
        }
    }

    #[test]
    fn a_miss_is_slower_than_any_success() {
        let text = summary(&sample(98, 2, 100, false));
        assert!(
            text.starts_with("98 of 100 held, 98 % (Wilson 95 %: 92.9 % to 99.4 %)"),
            "{text}"
        );
        assert!(
            text.ends_with("p50 50 ms, p95 95 ms, p99 ∞, slowest 98 ms"),
            "{text}"
        );
    }

    #[test]
    fn an_early_stop_is_said() {
        let text = summary(&sample(0, 3, 46, true));
        assert!(text.contains("p50 ∞"), "{text}");
        assert!(!text.contains("slowest"), "{text}");
        assert!(
            text.ends_with("stopped after 3 of 46: the rest could change nothing"),
            "{text}"
        );
    }

    #[test]
    fn what_could_not_look_counts_for_nothing() {
        let mut cold = sample(2, 0, 5, false);
        let unable = SampleRow {
            outcome: Outcome::Unable,
            ..cold.rows[0].clone()
        };
        cold.rows.extend([unable.clone(), unable.clone(), unable]);
        let text = summary(&cold);
        assert!(text.starts_with("2 of 2 held, 100 %"), "{text}");
        assert!(
            text.ends_with("p99 2 ms, slowest 2 ms · 3 could not look"),
            "{text}"
        );
    }

    #[test]
    fn an_empty_sample_has_no_percentiles() {
        let text = summary(&sample(0, 0, 46, false));
        assert!(!text.contains("p50"), "{text}");
        assert!(text.ends_with("0 of 46 attempts made"), "{text}");
    }
}
