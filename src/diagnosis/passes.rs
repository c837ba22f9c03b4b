//! Who got through, and when: counted in the logarithm of how many they are.

use std::time::Duration;

use crate::model::{TestId, TestRecord};

/// From one moment of a run to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Span {
    pub(super) from: Duration,
    pub(super) to: Duration,
}

impl Span {
    /// From the earlier start to the later end.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            from: self.from.min(other.from),
            to: self.to.max(other.to),
        }
    }

    /// Whether they have a moment in common.
    pub(super) fn overlaps(self, other: Self) -> bool {
        self.from <= other.to && other.from <= self.to
    }
}

/// One instance that got through.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pass<'r> {
    pub(super) span: Span,
    /// So many of its looks.
    pub(super) looks: u64,
    pub(super) test: &'r TestId,
}

impl<'r> Pass<'r> {
    /// An instance, and how many of its looks got through.
    pub(super) fn of(test: &'r TestRecord, looks: u64) -> Self {
        Self {
            span: Span {
                from: test.started,
                to: test.started + test.elapsed,
            },
            looks,
            test: &test.header.id,
        }
    }
}

/// All that got through one layer of one resource.
#[derive(Debug, Default)]
pub(super) struct Passes<'r> {
    /// By their end.
    by_end: Vec<Pass<'r>>,
    /// How many looks had ended with the pass at the same place, it included.
    ended: Vec<u64>,
    /// When each began, in order, and how many looks had begun by then.
    begun: Vec<(Duration, u64)>,
}

impl<'r> Passes<'r> {
    /// One more; [`Self::sort`] is to come.
    pub(super) fn push(&mut self, pass: Pass<'r>) {
        self.by_end.push(pass);
    }

    /// Makes it fit to be asked.
    pub(super) fn sort(&mut self) {
        self.by_end.sort_unstable_by(|a, b| {
            (a.span.to, a.span.from, a.test).cmp(&(b.span.to, b.span.from, b.test))
        });
        let mut sum = 0;
        self.ended = self
            .by_end
            .iter()
            .map(|pass| add(&mut sum, pass.looks))
            .collect();
        let mut begun: Vec<(Duration, u64)> = self
            .by_end
            .iter()
            .map(|pass| (pass.span.from, pass.looks))
            .collect();
        begun.sort_unstable();
        sum = 0;
        self.begun = begun
            .into_iter()
            .map(|(at, looks)| (at, add(&mut sum, looks)))
            .collect();
    }

    /// How many looks overlap with this time.
    pub(super) fn within(&self, span: Span) -> u64 {
        let begun = self.begun.partition_point(|(at, _)| *at <= span.to);
        let ended = self.by_end.partition_point(|pass| pass.span.to < span.from);
        let begun = begun.checked_sub(1).map_or(0, |last| self.begun[last].1);
        let ended = ended.checked_sub(1).map_or(0, |last| self.ended[last]);
        begun.saturating_sub(ended)
    }

    /// How many looks began in this time.
    pub(super) fn begun_within(&self, span: Span) -> u64 {
        let begun = |end: usize| end.checked_sub(1).map_or(0, |last| self.begun[last].1);
        let until = self.begun.partition_point(|(at, _)| *at <= span.to);
        let before = self.begun.partition_point(|(at, _)| *at < span.from);
        begun(until) - begun(before)
    }

    /// One that began in this time: the first to end, where that is among the first that are asked.
    pub(super) fn first_begun_within(&self, span: Span) -> Option<&Pass<'r>> {
        let from = self.by_end.partition_point(|pass| pass.span.to < span.from);
        let rest = self.by_end[from..].iter().take(MOST_ASKED);
        rest.into_iter()
            .find(|pass| pass.span.from >= span.from && pass.span.from <= span.to)
    }

    /// Those that overlap with this time, as many as are worth comparing.
    pub(super) fn some_within(&self, span: Span) -> impl Iterator<Item = &Pass<'r>> {
        let from = self.by_end.partition_point(|pass| pass.span.to < span.from);
        let rest = self.by_end[from..].iter().take(MOST_ASKED);
        rest.filter(move |pass| pass.span.from <= span.to)
    }

    /// Whether one began and ended between two moments.
    pub(super) fn has_between(&self, from: Duration, to: Duration) -> bool {
        let first = self.by_end.partition_point(|pass| pass.span.to < from);
        let rest = self.by_end[first..].iter().take(MOST_ASKED);
        rest.take_while(|pass| pass.span.to <= to)
            .any(|pass| pass.span.from >= from)
    }

    /// How many looks were under way at a moment.
    pub(super) fn at(&self, moment: Duration) -> u64 {
        self.within(Span {
            from: moment,
            to: moment,
        })
    }
}

/// So many passes speak for all that there are.
const MOST_ASKED: usize = 256;

fn add(sum: &mut u64, more: u64) -> u64 {
    *sum += more;
    *sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: u64, to: u64) -> Span {
        Span {
            from: Duration::from_secs(from),
            to: Duration::from_secs(to),
        }
    }

    #[test]
    fn passes_are_counted_as_if_each_were_asked() {
        let ids: Vec<TestId> = (0..40)
            .map(|n| TestId::parse(&format!("a/t{n}")).unwrap())
            .collect();
        let spans: Vec<Span> = (0..40_u64)
            .map(|n| span(n * 7 % 30, n * 7 % 30 + n % 9))
            .collect();
        let mut passes = Passes::default();
        for (n, (span, test)) in spans.iter().zip(&ids).enumerate() {
            passes.push(Pass {
                span: *span,
                looks: n as u64 % 3 + 1,
                test,
            });
        }
        passes.sort();
        for from in 0..45 {
            for to in from..45 {
                let asked = span(from, to);
                let overlaps = |one: &Span| one.from <= asked.to && asked.from <= one.to;
                let all = spans.iter().enumerate().filter(|(_, one)| overlaps(one));
                let counted: u64 = all.map(|(n, _)| n as u64 % 3 + 1).sum();
                assert_eq!(passes.within(asked), counted, "{from} to {to}");
                let begins = |one: &Span| asked.from <= one.from && one.from <= asked.to;
                let all = spans.iter().enumerate().filter(|(_, one)| begins(one));
                let counted: u64 = all.map(|(n, _)| n as u64 % 3 + 1).sum();
                assert_eq!(passes.begun_within(asked), counted, "{from} to {to}");
                assert_eq!(passes.first_begun_within(asked).is_some(), counted > 0);
                let between = spans
                    .iter()
                    .any(|one| one.from >= asked.from && one.to <= asked.to);
                assert_eq!(passes.has_between(asked.from, asked.to), between);
            }
        }
    }
}
