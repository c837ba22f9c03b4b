//! Comparing two samples: does one hold less often than the other, or take longer? `docs/gate.md` has the rules.
//!
//! Decided on two one-sided tests; what they may mean is said in words, which nothing is decided on.

use std::time::Duration;

use super::claims::{Claims, Measure};
use super::sample::{ended, held};
use crate::model::{Finding, KnownCode, Outcome, Place, Rate, Sample, State, TestId};
use crate::statistics::{Counted, Ended, Ranked, fisher_worse, mann_whitney_slower};
use crate::yaml::written_duration;

/// What is claimed of a sample and the one it is compared with: that it holds as often.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The time that is compared.
    pub measure: Measure,
    /// It must be as fast, too.
    pub not_slower: bool,
    /// Where it stands.
    pub place: Place,
}

/// One of the two samples, and what the words need to know of how it was made.
#[derive(Debug, Clone, Copy)]
pub struct Compared<'a> {
    /// What its test is called in the words.
    pub name: &'a str,
    /// Its attempts, all of them.
    pub sample: &'a Sample,
    /// What is claimed of it alone.
    pub claims: &'a Claims,
    /// So many attempts at once.
    pub concurrency: u64,
    /// The pause before each.
    pub idle: Duration,
}

/// A difference is shown when chance alone would make one as large less often than this.
const SIGNIFICANT: f64 = 0.05;

/// Beyond so many more attempts nobody is told to try.
const WITHIN_REACH: u64 = 100;

/// In words a sample without a `pass_rate` is bad below this.
const GOOD: u32 = 800_000;

/// Whether so many attempts could be told from so many others: if none of them held, and all the others. For a warning at load.
pub fn could_differ(times: u64, other_times: u64) -> bool {
    let none = Counted { held: 0, n: times };
    let all = Counted {
        held: other_times,
        n: other_times,
    };
    is_significant(fisher_worse(none, all))
}

/// Exactly the limit is none, also where the last digit says otherwise.
fn is_significant(p: f64) -> bool {
    p < SIGNIFICANT * (1.0 - 1e-9)
}

impl Comparison {
    /// What is claimed, in words.
    pub fn expected(&self, other: &TestId) -> String {
        if self.not_slower {
            format!("not worse than {other}, nor slower in {}", self.measure)
        } else {
            format!("not worse than {other}")
        }
    }

    /// Judges `this` against `other`. `Undecided` when they are so small that not even the worst outcome of `this` would have
    /// shown a difference: what could not be refuted is not held either, unless it is shown to be better.
    pub fn judge(&self, this: Compared<'_>, other: Compared<'_>, of: &TestId) -> Finding {
        let seen = Seen::of(self, this, other);
        let state = if seen.is_worse() || seen.is_slower(self) {
            State::NotHeld
        } else if seen.could_show(self) {
            State::Held
        } else {
            State::Undecided {
                more_successes_needed: seen.more_needed(self),
            }
        };
        let mut detail = vec![answer(self, &seen, this, other)];
        let unable = (unable(this) + unable(other)) as u64;
        if unable > 0 {
            detail.push(format!("{unable} could not look and do not count"));
        }
        Finding {
            code: KnownCode::Compare.code(),
            path: "compare_with".to_owned(),
            expected: self.expected(of),
            actual: Some(seen.actual(self, this, other)),
            state,
            detail: Some(detail.join("; ")),
            place: Some(self.place.clone()),
        }
    }
}

/// The numbers.
struct Seen {
    this: Counted,
    other: Counted,
    times: Vec<Ended>,
    other_times: Vec<Ended>,
    /// How likely it would hold so seldom by chance.
    worse: f64,
    /// How likely it would take so long by chance.
    slower: f64,
}

impl Seen {
    fn of(comparison: &Comparison, this: Compared<'_>, other: Compared<'_>) -> Self {
        let times = |one: Compared<'_>| -> Vec<Ended> {
            let rows = one.sample.rows.iter();
            rows.filter_map(|row| ended(row, comparison.measure))
                .collect()
        };
        let (times, other_times) = (times(this), times(other));
        let (this, other) = (counted(this), counted(other));
        Self {
            worse: fisher_worse(this, other),
            slower: mann_whitney_slower(&times, &other_times),
            this,
            other,
            times,
            other_times,
        }
    }

    fn is_worse(&self) -> bool {
        is_significant(self.worse)
    }

    fn is_slower(&self, comparison: &Comparison) -> bool {
        comparison.not_slower && is_significant(self.slower)
    }

    /// Whether the worst that `this` could have come to would have shown a difference from what `other` did come to. Where it is
    /// shown to be better there is nothing worse to look for.
    fn could_show(&self, comparison: &Comparison) -> bool {
        let none = Counted {
            held: 0,
            ..self.this
        };
        let never = || vec![Ended::Never; self.times.len()];
        let success = [
            fisher_worse(none, self.other),
            fisher_worse(self.other, self.this),
        ];
        let is_shown = |chances: [f64; 2]| chances.into_iter().any(is_significant);
        is_shown(success)
            && (!comparison.not_slower
                || is_shown([
                    mann_whitney_slower(&never(), &self.other_times),
                    mann_whitney_slower(&self.other_times, &self.times),
                ]))
    }

    /// How many more attempts, all of which hold, make the sample large enough to be told from the other; `None` when no number
    /// within reach does, or when the times are to be told apart, too.
    fn more_needed(&self, comparison: &Comparison) -> Option<u64> {
        let is_enough = |more: &u64| {
            let none = Counted {
                held: 0,
                n: self.this.n + more,
            };
            is_significant(fisher_worse(none, self.other))
        };
        if comparison.not_slower {
            return None;
        }
        (1..=WITHIN_REACH).find(is_enough)
    }

    /// `serial 20/20, burst 7/20 (p < 0.00001); median of latency 210ms and 2s (p = 0.004)`.
    fn actual(&self, comparison: &Comparison, this: Compared<'_>, other: Compared<'_>) -> String {
        format!(
            "{} {}/{}, {} {}/{} ({}); median of {} {} and {} ({})",
            other.name,
            self.other.held,
            self.other.n,
            this.name,
            self.this.held,
            self.this.n,
            chance(self.worse),
            comparison.measure,
            median(&self.other_times),
            median(&self.times),
            chance(self.slower),
        )
    }
}

/// What the numbers may mean.
fn answer(comparison: &Comparison, seen: &Seen, this: Compared<'_>, other: Compared<'_>) -> String {
    let (here, there) = (this.name, other.name);
    let Setting { worse, slower, why } = Setting::of(this, other);
    if let Some((blind, _)) = [(there, seen.other), (here, seen.this)]
        .into_iter()
        .find(|(_, seen)| seen.n == 0)
    {
        return format!("no attempt of {blind} could look: there is nothing to compare");
    }
    match (is_bad(other, seen.other), is_bad(this, seen.this)) {
        (true, true) if seen.is_worse() => {
            format!("both are bad, {here} even more: connectivity or configuration")
        }
        (true, true) => "both are bad: connectivity or configuration".to_owned(),
        (true, false) => format!("{there} is bad and {here} is not: order or state"),
        (false, _) if seen.is_worse() => format!("{worse}: {why}"),
        (false, _) if seen.is_slower(comparison) => format!("{slower}: {why}"),
        (false, _) if !seen.could_show(comparison) => {
            "too few attempts: not even the worst outcome would have shown a difference".to_owned()
        }
        (false, _) => "no difference shown".to_owned(),
    }
}

/// What differs in how the two were made.
struct Setting {
    worse: &'static str,
    slower: &'static str,
    why: &'static str,
}

impl Setting {
    fn of(this: Compared<'_>, other: Compared<'_>) -> Self {
        let of = |worse, slower, why| Self { worse, slower, why };
        let load = "capacity or contention";
        if this.concurrency > other.concurrency && other.concurrency > 1 {
            of(
                "it holds beside few others and not beside many",
                "it is slower beside many others",
                load,
            )
        } else if this.concurrency > other.concurrency {
            of(
                "it holds alone and not beside others",
                "it is slower beside others than alone",
                load,
            )
        } else if this.idle > other.idle {
            of(
                "it holds when warm and not after a pause",
                "it is slower after a pause than warm",
                "the first contact after idle",
            )
        } else {
            of(
                "it holds there and not here",
                "it is slower here than there",
                "what differs between the two tests",
            )
        }
    }
}

/// Below its own pass rate; where none is written, below 80 %.
fn is_bad(one: Compared<'_>, seen: Counted) -> bool {
    let rate = one.claims.pass_rate().or(Rate::from_millionths(GOOD));
    seen.n > 0 && rate.is_some_and(|rate| !rate.is_reached_by(seen.held, seen.n))
}

fn counted(one: Compared<'_>) -> Counted {
    let judged = one.sample.rows.iter().filter_map(held);
    judged.fold(Counted { held: 0, n: 0 }, |sum, holds| Counted {
        held: sum.held + u64::from(holds),
        n: sum.n + 1,
    })
}

fn unable(one: Compared<'_>) -> usize {
    let rows = one.sample.rows.iter();
    rows.filter(|row| row.outcome == Outcome::Unable).count()
}

fn median(times: &[Ended]) -> String {
    match Ranked::new(times.to_vec()).percentile(0.5) {
        Some(Ended::After(time)) => written_duration(time),
        Some(Ended::Never) => "never".to_owned(),
        None => "nothing measured".to_owned(),
    }
}

/// Two digits, cut: what is below the limit never looks as if it reached it.
fn chance(p: f64) -> String {
    if p < 0.000_01 {
        return "p < 0.00001".to_owned();
    }
    let mut scale = 100.0;
    while p * scale < 10.0 {
        scale *= 10.0;
    }
    // A little up: 0.29 is a little below 29 hundredths.
    format!("p = {}", (p * scale + 1e-9).floor() / scale)
}

#[cfg(test)]
mod tests;
