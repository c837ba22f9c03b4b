//! Matchers that nothing can meet.

use super::super::literal::{Bound, Limit};
use super::{Comparison, Test};

/// Why nothing can meet all of these; `None` when something may.
pub(super) fn contradiction(tests: &[Test]) -> Option<String> {
    let is_absent = |test: &Test| matches!(test, Test::Exists(false));
    if tests.len() > 1 && tests.iter().any(is_absent) {
        return Some(
            "what does not exist can meet nothing else; leave `exists: false` alone".into(),
        );
    }
    let (mut lows, mut highs) = (Vec::new(), Vec::new());
    for test in tests {
        match test {
            Test::Compare(Comparison::Above, bound) => lows.push((bound, true)),
            Test::Compare(Comparison::AtLeast, bound) => lows.push((bound, false)),
            Test::Compare(Comparison::Below, bound) => highs.push((bound, true)),
            Test::Compare(Comparison::AtMost, bound) => highs.push((bound, false)),
            Test::Between(low, high) => {
                lows.push((low, false));
                highs.push((high, false));
            }
            _ => {}
        }
    }
    lows.iter()
        .flat_map(|low| highs.iter().map(move |high| (low, high)))
        .find_map(|(low, high)| excluded(*low, *high))
}

/// Bounds, each with whether it is itself outside.
fn excluded((low, low_out): (&Bound, bool), (high, high_out): (&Bound, bool)) -> Option<String> {
    let (low_limit, high_limit) = (low.limit.as_ref()?, high.limit.as_ref()?);
    let Some(order) = low_limit.partial_cmp(high_limit) else {
        return Some(format!(
            "nothing can be compared with both {low} and {high}"
        ));
    };
    if std::mem::discriminant::<Limit>(low_limit) != std::mem::discriminant(high_limit) {
        return Some(format!(
            "nothing can be compared with both {low} and {high}"
        ));
    }
    (order.is_gt() || (order.is_eq() && (low_out || high_out)))
        .then(|| format!("nothing lies between {low} and {high}"))
}
