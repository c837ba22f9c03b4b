//! What the logins of a storm came to: counts, codes, percentiles.

use std::collections::BTreeMap;
use std::time::Duration;

use super::door::{Login, Refusal};
use crate::model::{Code, Fault, FaultKind, Phase, Value};
use crate::probe::look::Look;
use crate::probe::percentile::percentile;

/// Refusals that say that there are no connections left: PostgreSQL's too_many_connections, MySQL's ER_CON_COUNT_ERROR,
/// ER_TOO_MANY_USER_CONNECTIONS and ER_USER_LIMIT_REACHED.
fn is_out_of_connections(kind: FaultKind) -> bool {
    match kind {
        FaultKind::Postgres(state) => state.as_str() == "53300",
        FaultKind::MySql(number) => matches!(number, 1040 | 1203 | 1226),
        _ => false,
    }
}

/// The logins of one step.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// How long those took that came through.
    opened: Vec<Duration>,
    codes: BTreeMap<Code, u64>,
    /// How many of those that came through had ended when they were asked again.
    ended: u64,
    /// For each phase how long it took, and whether it was passed.
    phases: BTreeMap<Phase, Vec<(Duration, bool)>>,
    /// Whether the server had no connection left for one of them.
    pub(super) is_exhausted: bool,
}

impl Tally {
    pub(super) fn add<C>(&mut self, login: &Login<C>) {
        let stopped_in = match &login.end {
            Ok(_) => {
                self.opened.push(login.took);
                None
            }
            Err(Refusal::Fault(fault)) => {
                *self.codes.entry(fault.code()).or_default() += 1;
                self.is_exhausted |= is_out_of_connections(fault.kind);
                Some(fault.phase)
            }
            // Ends the whole look; nobody is counted.
            Err(Refusal::Unable(_)) => return,
        };
        for time in &login.phases {
            let has_passed = stopped_in != Some(time.phase);
            let times = self.phases.entry(time.phase).or_default();
            times.push((time.took, has_passed));
        }
    }

    /// Counts one that came through, was held, and does not answer any more.
    pub(super) fn end(&mut self, fault: &Fault) {
        self.ended += 1;
        *self.codes.entry(fault.code()).or_default() += 1;
    }

    /// How many came through and stayed.
    pub(super) fn opened(&self) -> u64 {
        (self.opened.len() as u64).saturating_sub(self.ended)
    }

    /// How many did not come through, or did not stay.
    pub(super) fn refused(&self) -> u64 {
        self.codes.values().sum()
    }

    /// How often each code was met.
    pub(super) fn codes(&self) -> &BTreeMap<Code, u64> {
        &self.codes
    }

    /// Of all logins; those that failed are slower than any.
    pub(super) fn connect(&self) -> Spread {
        let all = self.opened() + self.refused();
        let all = usize::try_from(all).unwrap_or(usize::MAX);
        Spread::of(self.opened.clone(), all)
    }

    /// Records `connect_p50`, `connect_p95`, `connect_max`, `by_phase`, and of each phase the slowest login's.
    pub(super) fn tell(&self, look: &mut Look<'_>) {
        let connect = self.connect();
        for (name, took) in [
            ("connect_p50", connect.p50),
            ("connect_p95", connect.p95),
            ("connect_max", connect.max),
        ] {
            if let Some(took) = took {
                look.fact(name, Value::Duration(took));
            }
        }
        let mut by_phase = Vec::new();
        for (phase, times) in &self.phases {
            if let Some(slowest) = times.iter().map(|(took, _)| *took).max() {
                look.passed(*phase, slowest);
            }
            let passed = times.iter().filter(|(_, passed)| *passed);
            let passed = passed.map(|(took, _)| *took).collect();
            let spread = Spread::of(passed, times.len());
            by_phase.push((phase.name().to_owned(), spread.value()));
        }
        look.fact("by_phase", Value::Map(by_phase));
    }
}

/// How often each code was met, as a fact.
pub(super) fn histogram<'c>(codes: impl IntoIterator<Item = (&'c Code, &'c u64)>) -> Value {
    let entry = |(code, count): (&Code, &u64)| (code.to_string(), Value::int(*count));
    Value::Map(codes.into_iter().map(entry).collect())
}

/// The middle, the end and what is near it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spread {
    /// Absent when half of them failed.
    pub(super) p50: Option<Duration>,
    /// Absent when more than a twentieth failed.
    pub(super) p95: Option<Duration>,
    /// The slowest that came through; absent when none did.
    pub(super) max: Option<Duration>,
}

impl Spread {
    /// Nearest-rank percentiles of all of which these came through; the others count as slower than any.
    fn of(mut passed: Vec<Duration>, all: usize) -> Self {
        passed.sort_unstable();
        Self {
            p50: percentile(&passed, all, 50),
            p95: percentile(&passed, all, 95),
            max: passed.last().copied(),
        }
    }

    fn value(self) -> Value {
        let known = [("p50", self.p50), ("p95", self.p95), ("max", self.max)];
        let known = known
            .into_iter()
            .filter_map(|(name, took)| Some((name, took?)));
        let entry = |(name, took): (&str, Duration)| (name.to_owned(), Value::Duration(took));
        Value::Map(known.map(entry).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_failed_is_slower_than_any() {
        let times = |count: u64| (1..=count).rev().map(Duration::from_millis).collect();
        let all = |p50, p95, max| Spread {
            p50: Some(Duration::from_millis(p50)),
            p95: Some(Duration::from_millis(p95)),
            max: Some(Duration::from_millis(max)),
        };
        assert_eq!(Spread::of(times(100), 100), all(50, 95, 100));
        assert_eq!(Spread::of(times(95), 100), all(50, 95, 95));
        assert_eq!(Spread::of(times(94), 100).p95, None);
        assert_eq!(Spread::of(times(1), 1), all(1, 1, 1));
        let none = Spread::of(Vec::new(), 7);
        assert_eq!((none.p50, none.p95, none.max), (None, None, None));
        assert_eq!(Spread::of(Vec::new(), 0).p50, None);
    }
}
