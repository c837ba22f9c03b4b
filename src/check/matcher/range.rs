//! Which whole numbers a matcher can admit, as far as it says so in plain bounds.

use super::super::literal::{Bound, Limit, Literal};
use super::{Comparison, Matcher, Test};
use crate::model::Value;

/// The least and the most a matcher admits. `None` where it says nothing of that end: `at_most: 3` has no least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Range {
    pub(in super::super) least: Option<i64>,
    pub(in super::super) most: Option<i64>,
}

impl Matcher {
    /// The whole numbers it admits lie in here; not all that lie in here are admitted.
    pub(in super::super) fn range(&self) -> Range {
        let mut range = Range {
            least: None,
            most: None,
        };
        for test in &self.tests {
            let (least, most) = test.ends();
            range.least = range.least.max(least);
            range.most = match (range.most, most) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        }
        range
    }
}

impl Test {
    fn ends(&self) -> (Option<i64>, Option<i64>) {
        match self {
            Self::Equals(literal) => (
                number(literal).map(f64::ceil).map(whole),
                number(literal).map(f64::floor).map(whole),
            ),
            Self::In(literals) => {
                let numbers: Option<Vec<f64>> = literals.iter().map(number).collect();
                let numbers = numbers.unwrap_or_default();
                (
                    numbers.iter().copied().map(f64::ceil).map(whole).min(),
                    numbers.iter().copied().map(f64::floor).map(whole).max(),
                )
            }
            Self::Compare(comparison, bound) => {
                let limit = limit(bound);
                match comparison {
                    Comparison::Above => (limit.map(|n| whole(n.floor()).saturating_add(1)), None),
                    Comparison::AtLeast => (limit.map(f64::ceil).map(whole), None),
                    Comparison::Below => (None, limit.map(|n| whole(n.ceil()).saturating_sub(1))),
                    Comparison::AtMost => (None, limit.map(f64::floor).map(whole)),
                }
            }
            Self::Between(low, high) => (
                limit(low).map(f64::ceil).map(whole),
                limit(high).map(f64::floor).map(whole),
            ),
            _ => (None, None),
        }
    }
}

fn number(literal: &Literal) -> Option<f64> {
    match literal {
        Literal::Scalar {
            value: Value::Number(number),
            ..
        } => Some(number.to_f64()),
        _ => None,
    }
}

fn limit(bound: &Bound) -> Option<f64> {
    match &bound.limit {
        Some(Limit::Number(number)) => Some(number.to_f64()),
        Some(Limit::Duration(_)) | None => None,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "it saturates, and nobody counts as far"
)]
fn whole(number: f64) -> i64 {
    number as i64
}

#[cfg(test)]
mod tests {
    use super::super::tests::matcher;

    #[test]
    fn a_range_is_what_the_bounds_say() {
        for (yaml, least, most) in [
            ("3", Some(3), Some(3)),
            ("1.5", Some(2), Some(1)),
            ("{ in: [2, 5, 3] }", Some(2), Some(5)),
            ("{ above: 2 }", Some(3), None),
            ("{ at_least: 0 }", Some(0), None),
            ("{ below: 2 }", None, Some(1)),
            ("{ at_most: 2.5 }", None, Some(2)),
            ("{ between: [1, 4] }", Some(1), Some(4)),
            ("{ at_least: 1, below: 9, at_most: 4 }", Some(1), Some(4)),
            ("{ not: 4 }", None, None),
        ] {
            let range = matcher(yaml).range();
            assert_eq!((range.least, range.most), (least, most), "{yaml}");
        }
    }
}
