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
    /// When the last of these began, it included.
    last_begun: Vec<Duration>,
    /// In the order they began.
    begun: Vec<Begun>,
    /// Which of some that began one after the other ended first: the lower half of a tree whose leaves are `begun`.
    first_ended: Vec<usize>,
}

/// A pass by its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Begun {
    at: Duration,
    /// Its place among the ends.
    end: usize,
    /// How many looks had begun with it.
    looks: u64,
}

impl<'r> Passes<'r> {
    /// One more; [`Self::sort`] is to come.
    pub(super) fn push(&mut self, pass: Pass<'r>) {
        self.by_end.push(pass);
    }

    /// All of these at once.
    pub(super) fn merged<'a>(all: impl IntoIterator<Item = &'a Self>) -> Self
    where
        'r: 'a,
    {
        let all = all.into_iter().flat_map(|passes| &passes.by_end);
        let mut merged = Self {
            by_end: all.copied().collect(),
            ..Self::default()
        };
        merged.sort();
        merged
    }

    /// Makes it fit to be asked.
    pub(super) fn sort(&mut self) {
        self.by_end.sort_unstable_by(|a, b| {
            (a.span.to, a.span.from, a.test).cmp(&(b.span.to, b.span.from, b.test))
        });
        let (mut looks, mut last) = (0, Duration::ZERO);
        self.ended.clear();
        self.last_begun.clear();
        for pass in &self.by_end {
            // A record can say anything.
            looks = pass.looks.saturating_add(looks);
            last = last.max(pass.span.from);
            self.ended.push(looks);
            self.last_begun.push(last);
        }
        let numbered = self.by_end.iter().enumerate();
        self.begun = numbered
            .map(|(end, pass)| Begun {
                at: pass.span.from,
                end,
                looks: pass.looks,
            })
            .collect();
        self.begun.sort_unstable();
        looks = 0;
        for one in &mut self.begun {
            looks = one.looks.saturating_add(looks);
            one.looks = looks;
        }
        let n = self.begun.len();
        self.first_ended = vec![usize::MAX; n];
        for node in (1..n).rev() {
            self.first_ended[node] = self.first_of(2 * node).min(self.first_of(2 * node + 1));
        }
    }

    /// How many looks overlap with this time.
    pub(super) fn within(&self, span: Span) -> u64 {
        let ended = self.by_end.partition_point(|pass| pass.span.to < span.from);
        let ended = ended.checked_sub(1).map_or(0, |last| self.ended[last]);
        let begun = self.begun.partition_point(|one| one.at <= span.to);
        self.looks_begun(begun).saturating_sub(ended)
    }

    /// How many looks began in this time.
    pub(super) fn begun_within(&self, span: Span) -> u64 {
        let (before, until) = self.range(span);
        self.looks_begun(until)
            .saturating_sub(self.looks_begun(before))
    }

    /// Of those that began in this time the one that ended first.
    pub(super) fn first_begun_within(&self, span: Span) -> Option<&Pass<'r>> {
        let n = self.begun.len();
        let (mut from, mut to) = self.range(span);
        (from, to) = (from + n, to + n);
        let mut first = usize::MAX;
        // From both ends of the range upwards, taking what is not of the range's next level.
        while from < to {
            if from % 2 == 1 {
                first = first.min(self.first_of(from));
                from += 1;
            }
            if to % 2 == 1 {
                to -= 1;
                first = first.min(self.first_of(to));
            }
            (from, to) = (from / 2, to / 2);
        }
        self.by_end.get(first)
    }

    /// Those that overlap with this time, as many as are worth comparing.
    pub(super) fn some_within(&self, span: Span) -> impl Iterator<Item = &Pass<'r>> {
        let from = self.by_end.partition_point(|pass| pass.span.to < span.from);
        let rest = self.by_end[from..].iter().take(MOST_ASKED);
        rest.filter(move |pass| pass.span.from <= span.to)
    }

    /// Whether one began and ended between two moments.
    pub(super) fn has_between(&self, from: Duration, to: Duration) -> bool {
        let ended = self.by_end.partition_point(|pass| pass.span.to <= to);
        ended
            .checked_sub(1)
            .is_some_and(|last| self.last_begun[last] >= from)
    }

    /// How many looks were under way at a moment.
    pub(super) fn at(&self, moment: Duration) -> u64 {
        self.within(Span {
            from: moment,
            to: moment,
        })
    }

    /// Which of those that began did so in this time.
    fn range(&self, span: Span) -> (usize, usize) {
        let before = self.begun.partition_point(|one| one.at < span.from);
        let until = self.begun.partition_point(|one| one.at <= span.to);
        (before, until.max(before))
    }

    /// How many looks the first of those that began were.
    fn looks_begun(&self, first: usize) -> u64 {
        first
            .checked_sub(1)
            .map_or(0, |last| self.begun[last].looks)
    }

    /// The place among the ends of what ended first below a node of the tree.
    fn first_of(&self, node: usize) -> usize {
        let n = self.begun.len();
        match node.checked_sub(n) {
            Some(leaf) => self.begun[leaf].end,
            None => self.first_ended[node],
        }
    }
}

/// So many passes speak for all that there are.
const MOST_ASKED: usize = 256;

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
    fn who_is_one_of_many_is_found_as_well() {
        let long = TestId::parse("a/long").unwrap();
        let short = TestId::parse("a/short").unwrap();
        let pass = |from: u64, to: u64, test| Pass {
            span: span(from, to),
            looks: 1,
            test,
        };
        let mut passes = Passes::default();
        // A thousand were under way already, and a thousand came and went before the one that is asked for ended.
        for n in 0..1_000 {
            passes.push(pass(n, 2_000 + n, &short));
            passes.push(pass(10_000 + n, 10_001 + n, &short));
        }
        passes.push(pass(1_500, 20_000, &long));
        passes.sort();
        let asked = span(1_500, 2_500);
        assert_eq!(passes.begun_within(asked), 1);
        assert_eq!(
            passes.first_begun_within(asked).map(|one| one.test),
            Some(&long)
        );
        let asked = span(1_500, 20_000);
        assert!(passes.has_between(asked.from, asked.to));
        let asked = span(1_500, 10_000);
        assert!(!passes.has_between(asked.from, asked.to));
        // Counted one by one and all at once it is the same.
        let merged = Passes::merged([&passes, &passes]);
        let moment = span(2_100, 2_100).from;
        assert_eq!(merged.at(moment), 2 * passes.at(moment));
    }

    #[test]
    fn what_nobody_can_have_counted_is_counted_as_many() {
        let test = TestId::parse("a/b").unwrap();
        let mut passes = Passes::default();
        for n in 0..3 {
            passes.push(Pass {
                span: span(n, n + 1),
                looks: u64::MAX - n,
                test: &test,
            });
        }
        passes.sort();
        assert_eq!(passes.within(span(0, 9)), u64::MAX);
        assert_eq!(passes.begun_within(span(0, 9)), u64::MAX);
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
                let all = spans.iter().zip(&ids).filter(|(one, _)| begins(one));
                let first = all.min_by_key(|(one, id)| (one.to, one.from, *id));
                let found = passes.first_begun_within(asked);
                assert_eq!(found.map(|pass| pass.test), first.map(|(_, id)| id));
                let between = spans
                    .iter()
                    .any(|one| one.from >= asked.from && one.to <= asked.to);
                assert_eq!(passes.has_between(asked.from, asked.to), between);
            }
        }
    }
}
