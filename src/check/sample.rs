//! Judging a sample: pass rates and claims about latency and phases. `docs/gate.md` has the rules.

use std::time::Duration;

use super::claims::{Claim, ClaimKind, Claims, Measure, percentile};
use crate::model::{Finding, Outcome, Rate, Sample, SampleRow, State};
use crate::statistics::{
    Ended, Ranked, is_proved, is_refuted, lower_bound, more_successes_needed, upper_bound,
};
use crate::yaml::written_duration;

/// Judges all claims, one finding each. `Undecided` ones are neither proved nor refuted.
///
/// Attempts that could not look are evidence of nothing: they count neither for nor against a claim.
pub fn judge(claims: &Claims, sample: &Sample) -> Vec<Finding> {
    claims.0.iter().map(|claim| claim.judge(sample)).collect()
}

/// Whether no outcome of the attempts that are left could change that the claims do not all hold, nor why: one is refuted
/// already, or all stand as they will stand. A sample that would be refuted in the end is never left as merely unproved.
pub fn is_futile(claims: &Claims, sample: &Sample) -> bool {
    let mut prospects = claims.0.iter().map(|claim| claim.prospect(sample));
    let is_refuted = prospects
        .clone()
        .any(|prospect| prospect == Prospect::Refuted);
    is_refuted
        || prospects.clone().any(|prospect| prospect == Prospect::Open)
            && prospects.all(|prospect| prospect != Prospect::Unsettled)
}

/// What can still become of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Prospect {
    /// It is refuted, even if everything that is left met it.
    Refuted,
    /// It will be neither proved nor refuted.
    Open,
    /// It holds, even if nothing that is left met it.
    Certain,
    /// What is left decides.
    Unsettled,
}

/// How many attempts count for a claim.
#[derive(Debug, Clone, Copy)]
struct Tally {
    /// They met it.
    met: u64,
    /// They met it or did not.
    judged: u64,
    /// They were not made, or have not ended.
    left: u64,
}

impl Tally {
    fn of(sample: &Sample, meets: impl Fn(&SampleRow) -> Option<bool>) -> Self {
        let made = sample.rows.len() as u64;
        let mut tally = Self {
            met: 0,
            judged: 0,
            left: sample.times.saturating_sub(made),
        };
        for met in sample.rows.iter().filter_map(meets) {
            tally.judged += 1;
            tally.met += u64::from(met);
        }
        tally
    }

    /// As if everything that is left met it.
    fn at_best(self) -> (u64, u64) {
        (self.met + self.left, self.judged + self.left)
    }
}

/// Whether an attempt held; `None` when it could not look.
pub(super) fn held(row: &SampleRow) -> Option<bool> {
    match row.outcome {
        Outcome::Held => Some(true),
        Outcome::NotHeld => Some(false),
        Outcome::Unable => None,
    }
}

/// How long an attempt took that held; `Never` for one that did not. `None` when there is nothing to measure: it could
/// not look, or held without entering the phase.
pub(super) fn ended(row: &SampleRow, measure: Measure) -> Option<Ended> {
    match row.outcome {
        Outcome::Unable => None,
        Outcome::NotHeld => Some(Ended::Never),
        Outcome::Held => {
            let micros = match measure {
                Measure::Latency => Some(row.latency_us),
                Measure::Phase(phase) => row
                    .phases_us
                    .iter()
                    .find(|(entered, _)| *entered == phase)
                    .map(|(_, micros)| *micros),
            };
            micros.map(|micros| Ended::After(Duration::from_micros(micros)))
        }
    }
}

/// How a claim stands, and what was seen.
struct Standing {
    state: State,
    actual: String,
    detail: Option<String>,
}

impl Claim {
    fn judge(&self, sample: &Sample) -> Finding {
        let standing = match self.kind {
            ClaimKind::Every => observed(Rate::ALL, Tally::of(sample, held)),
            ClaimKind::Observed(rate) => {
                let mut standing = observed(rate, Tally::of(sample, held));
                standing.detail = Some("observed, not proved".to_owned());
                standing
            }
            ClaimKind::Proved(rate, confidence) => {
                let tally = Tally::of(sample, held);
                proved(rate, confidence, tally, counted(tally))
            }
            ClaimKind::Percentile {
                measure,
                share,
                limit,
                confidence,
            } => {
                let ranked = Ranked::new(
                    sample
                        .rows
                        .iter()
                        .filter_map(|row| ended(row, measure))
                        .collect(),
                );
                let tally = within(sample, measure, limit);
                let seen = match ranked.percentile(share.to_f64()) {
                    Some(Ended::After(time)) => written_duration(time),
                    Some(Ended::Never) => "never".to_owned(),
                    None => "nothing measured".to_owned(),
                };
                let seen = format!(
                    "{} {seen}; {} of {} within {}",
                    percentile(share),
                    tally.met,
                    tally.judged,
                    written_duration(limit)
                );
                proved(share, confidence, tally, seen)
            }
            ClaimKind::Max { measure, limit } => slowest(sample, measure, limit),
        };
        let unable = sample
            .rows
            .iter()
            .filter(|row| row.outcome == Outcome::Unable)
            .count();
        let uncounted = (unable > 0).then(|| format!("{unable} could not look and do not count"));
        let notes: Vec<_> = standing.detail.into_iter().chain(uncounted).collect();
        Finding {
            code: self.code(),
            path: self.path(),
            expected: self.expected(),
            actual: Some(standing.actual),
            state: standing.state,
            detail: (!notes.is_empty()).then(|| notes.join("; ")),
            place: self.place.clone(),
        }
    }

    fn prospect(&self, sample: &Sample) -> Prospect {
        match self.kind {
            ClaimKind::Every => Tally::of(sample, held).prospect_of(Rate::ALL),
            ClaimKind::Observed(rate) => Tally::of(sample, held).prospect_of(rate),
            ClaimKind::Proved(rate, confidence) => {
                Tally::of(sample, held).prospect_of_proving(rate, confidence)
            }
            ClaimKind::Percentile {
                measure,
                share,
                limit,
                confidence,
            } => within(sample, measure, limit).prospect_of_proving(share, confidence),
            ClaimKind::Max { measure, limit } => match slowest(sample, measure, limit).state {
                State::NotHeld => Prospect::Refuted,
                _ => Prospect::Unsettled,
            },
        }
    }
}

impl Tally {
    fn prospect_of(self, rate: Rate) -> Prospect {
        let (best, all) = self.at_best();
        if !rate.is_reached_by(best, all) {
            Prospect::Refuted
        } else if rate.is_reached_by(self.met, all) {
            Prospect::Certain
        } else {
            Prospect::Unsettled
        }
    }

    fn prospect_of_proving(self, rate: Rate, confidence: Rate) -> Prospect {
        let (rate, confidence) = (rate.to_f64(), confidence.to_f64());
        let (best, all) = self.at_best();
        if is_refuted(best, all, rate, confidence) {
            Prospect::Refuted
        } else if is_proved(self.met, all, rate, confidence) {
            Prospect::Certain
        } else if is_proved(best, all, rate, confidence)
            || is_refuted(self.met, all, rate, confidence)
            // It was too small from the start: then the attempts are made for what they show.
            || !is_proved(all, all, rate, confidence)
        {
            Prospect::Unsettled
        } else {
            Prospect::Open
        }
    }
}

fn within(sample: &Sample, measure: Measure, limit: Duration) -> Tally {
    Tally::of(sample, |row| {
        ended(row, measure).map(|ended| ended <= Ended::After(limit))
    })
}

/// The share that was seen, compared as it is.
fn observed(rate: Rate, tally: Tally) -> Standing {
    let all = tally.judged + tally.left;
    let (best, _) = tally.at_best();
    let state = if all > 0 && !rate.is_reached_by(best, all) {
        State::NotHeld
    } else if rate.is_reached_by(tally.met, all) {
        State::Held
    } else {
        State::Undecided {
            more_successes_needed: (all > 0).then(|| rate.needed_of(all).saturating_sub(tally.met)),
        }
    };
    Standing {
        state,
        actual: counted(tally),
        detail: None,
    }
}

/// The exact one-sided bounds, compared with the rate.
fn proved(rate: Rate, confidence: Rate, tally: Tally, seen: String) -> Standing {
    let (share, sure) = (rate.to_f64(), confidence.to_f64());
    let Tally { met, judged, .. } = tally;
    // Stopping early must not refute what the whole sample would have left open: what is left counts as met.
    let (best, all) = tally.at_best();
    let (state, bound) = if is_proved(met, judged, share, sure) {
        (State::Held, at_least(met, judged, sure))
    } else if is_refuted(best, all, share, sure) {
        let bound = upper_bound(best, all, sure);
        (State::NotHeld, format!("at most {:.2} %", ceil(bound)))
    } else {
        let state = State::Undecided {
            more_successes_needed: more_successes_needed(met, judged, share, sure),
        };
        (state, at_least(met, judged, sure))
    };
    Standing {
        state,
        actual: seen,
        detail: Some(format!(
            "{bound} of all attempts, at {confidence} confidence"
        )),
    }
}

fn at_least(met: u64, judged: u64, sure: f64) -> String {
    format!("at least {:.2} %", floor(lower_bound(met, judged, sure)))
}

/// Percent with two decimals, never more than it is.
fn floor(share: f64) -> f64 {
    (share * 10_000.0).floor() / 100.0
}

/// Percent with two decimals, never less than it is.
fn ceil(share: f64) -> f64 {
    (share * 10_000.0).ceil() / 100.0
}

fn slowest(sample: &Sample, measure: Measure, limit: Duration) -> Standing {
    let times = sample
        .rows
        .iter()
        .filter_map(|row| match ended(row, measure) {
            Some(Ended::After(time)) => Some(time),
            _ => None,
        });
    let (count, slowest) = times.fold((0_u64, None), |(count, slowest), time| {
        (count + 1, slowest.max(Some(time)))
    });
    let left = sample.times.saturating_sub(sample.rows.len() as u64);
    let (state, actual) = match slowest {
        None => (
            State::Undecided {
                more_successes_needed: (left > 0).then_some(left),
            },
            "nothing measured".to_owned(),
        ),
        Some(time) => {
            let state = if time > limit {
                State::NotHeld
            } else if left > 0 {
                State::Undecided {
                    more_successes_needed: Some(left),
                }
            } else {
                State::Held
            };
            let s = if count == 1 { "" } else { "s" };
            (
                state,
                format!(
                    "{} over {count} attempt{s} that held",
                    written_duration(time)
                ),
            )
        }
    };
    Standing {
        state,
        actual,
        detail: None,
    }
}

/// `44 of 46 held (95.65 %)`.
fn counted(tally: Tally) -> String {
    if tally.judged == 0 {
        return "no attempt was judged".to_owned();
    }
    let share = floor(tally.met as f64 / tally.judged as f64);
    format!("{} of {} held ({share:.2} %)", tally.met, tally.judged)
}

#[cfg(test)]
mod tests;
