//! Nearest-rank percentiles of the times that a look has measured. Those of the attempts of a test are in `statistics`.

use std::time::Duration;

/// The shortest time within which so many percent of `all` had ended, of which these did; they are sorted, and the others count
/// as slower than any. `None` when it falls among those, or when there are none.
pub(super) fn percentile(sorted: &[Duration], all: usize, percent: usize) -> Option<Duration> {
    let rank = (percent * all).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_nearest_rank() {
        let times: Vec<_> = [15, 20, 35, 40, 50].map(Duration::from_millis).into();
        for (percent, expected) in [(5, 15), (30, 20), (40, 20), (50, 35), (100, 50), (0, 15)] {
            let expected = Some(Duration::from_millis(expected));
            assert_eq!(percentile(&times, 5, percent), expected, "{percent}");
        }
        // Five of ten have not ended.
        assert_eq!(percentile(&times, 10, 50), times.last().copied());
        assert_eq!(percentile(&times, 10, 51), None);
        assert_eq!(percentile(&[], 0, 50), None);
    }
}
