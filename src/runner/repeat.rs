//! `repeat`: a sample, made in lanes, judged as a whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::attempt::{Attempted, Subject};
use super::executor::Ending;
use super::halt::later;
use super::left_behind::LeftBehind;
use super::slim::slim_finding;
use crate::check::{is_futile, judge};
use crate::model::{
    AttemptRecord, Code, Kept, NotRun, Outcome, Phase, Sample, SampleRow, State, Status,
    StepRecord, Unable,
};
use crate::plan::Repeat;

/// So many attempts that did not hold are kept in full.
const KEPT_NOT_HELD: usize = 10;

/// Makes the attempts, then judges the sample.
pub(super) async fn run(subject: &Subject, repeat: &Repeat) -> Ending {
    let mut gathered = Gathered::new(repeat.times);
    let lanes = Lanes::start(subject, repeat);
    let (mut lanes, mut attempts, stop) = (lanes.tasks, lanes.attempts, lanes.stop);
    while let Some(attempted) = attempts.recv().await {
        gathered.take(attempted);
        if gathered.is_due() && is_futile(&repeat.claims, &gathered.sample) {
            gathered.sample.futile = true;
            stop.store(true, Ordering::Relaxed);
        }
    }
    while let Some(lane) = lanes.join_next().await {
        if let Err(error) = lane
            && let Ok(panic) = error.try_into_panic()
        {
            // A lane of ours, not a probe: the coordinator ends the test as errored.
            std::panic::resume_unwind(panic);
        }
    }
    let made = gathered.made;
    let miss = gathered.miss();
    let left_behind = std::mem::take(&mut gathered.left_behind).into_lines();
    for record in gathered.kept() {
        subject.tell(record).await;
    }
    let mut sample = gathered.sample;
    let is_whole = sample.futile || sample.rows.len() as u64 == sample.times;
    if is_whole {
        sample.findings = judge(&repeat.claims, &sample);
        sample
            .findings
            .iter_mut()
            .for_each(|finding| slim_finding(finding, &subject.run.shared.mask));
    }
    let is_proof = repeat.claims.proves_its_rate();
    let ending = match gathered.leak {
        // However few of the attempts must hold, and however many were not made.
        Some(code) => Ending::new(Status::Failed, Some(code), made),
        None if is_whole => judged(&sample, miss, gathered.unable, is_proof, made),
        None => Ending::not_run(
            subject.run.halting.reason().unwrap_or(NotRun::Interrupted),
            made,
        ),
    };
    Ending {
        sample: Some(Arc::new(sample)),
        left_behind,
        ..ending
    }
}

/// No attempt could look: errored, whatever is claimed. Any claim refuted: failed. Else any not decided: unproved. Else any
/// attempt unable to look: errored. Else passed.
///
/// Attempts whose start was not a cold one count for nothing: where how many hold is to be proved, the others have proved it without
/// them; where they are only counted, those are missing.
fn judged(
    sample: &Sample,
    miss: Option<Code>,
    unable: Option<(Option<Code>, Option<String>)>,
    is_proof: bool,
    made: u64,
) -> Ending {
    let unable = match unable {
        Some((code, message)) if sample.rows.iter().all(|row| row.outcome == Outcome::Unable) => {
            return Ending::errored(code, message, made);
        }
        other => other,
    };
    let first = |is: fn(State) -> bool| sample.findings.iter().find(|finding| is(finding.state));
    if let Some(refuted) = first(|state| state == State::NotHeld) {
        // That every attempt must hold is claimed by nobody in particular: what the first miss was says more.
        let is_implied = refuted.place.is_none();
        let code = miss.filter(|_| is_implied);
        return Ending::new(Status::Failed, code.or(Some(refuted.code.clone())), made);
    }
    if let Some(open) = first(|state| state != State::Held) {
        return Ending::new(Status::Unproved, Some(open.code.clone()), made);
    }
    if let Some((code, message)) = unable
        && !(is_proof && is_not_cold(code.as_ref()))
    {
        return Ending::errored(code, message, made);
    }
    // A sample that was cut short proves nothing.
    let status = if sample.futile {
        Status::Unproved
    } else {
        Status::Passed
    };
    Ending::new(status, None, made)
}

fn is_not_cold(code: Option<&Code>) -> bool {
    code == Some(&Unable::NotCold.code())
}

/// Attempts that run beside each other, one after the other in each lane.
struct Lanes {
    tasks: JoinSet<()>,
    attempts: mpsc::Receiver<Attempted>,
    /// Set to begin no more attempts.
    stop: Arc<AtomicBool>,
}

impl Lanes {
    fn start(subject: &Subject, repeat: &Repeat) -> Self {
        let lanes = usize::try_from(repeat.concurrency.min(repeat.times))
            .unwrap_or(1)
            .max(1);
        let (send, attempts) = mpsc::channel(lanes);
        let stop = Arc::new(AtomicBool::new(false));
        let begun = Arc::new(AtomicU64::new(0));
        let mut tasks = JoinSet::new();
        for _ in 0..lanes {
            let (subject, send) = (subject.clone(), send.clone());
            let (stop, begun) = (stop.clone(), begun.clone());
            let (times, interval) = (repeat.times, repeat.interval);
            tasks.spawn(async move {
                loop {
                    if stop.load(Ordering::Relaxed) || subject.run.halting.reason().is_some() {
                        return;
                    }
                    let number = begun.fetch_add(1, Ordering::Relaxed) + 1;
                    if number > times {
                        return;
                    }
                    let attempted = subject.attempt(number, None).await;
                    if send.send(attempted).await.is_err() {
                        return;
                    }
                    let is_last = begun.load(Ordering::Relaxed) >= times;
                    if !interval.is_zero() && !is_last {
                        let next = later(Instant::now(), interval);
                        if subject.run.halting.sleep_until(next).await.is_err() {
                            return;
                        }
                    }
                }
            });
        }
        Self {
            tasks,
            attempts,
            stop,
        }
    }
}

/// The sample, and the few attempts of it that are kept in full.
struct Gathered {
    sample: Sample,
    /// Attempts that were begun, those that were cut included.
    made: u64,
    first: Option<AttemptRecord>,
    slowest: Option<AttemptRecord>,
    not_held: Vec<AttemptRecord>,
    /// Code and message of the first attempt that could not look; of one that merely was not cold, where there is no other.
    unable: Option<(Option<Code>, Option<String>)>,
    /// The code of an attempt in which something of one actor came to another.
    leak: Option<Code>,
    left_behind: LeftBehind,
    /// How many rows there are when futility is asked about next.
    ask_at: usize,
}

impl Gathered {
    fn new(times: u64) -> Self {
        let sample = Sample {
            times,
            held: 0,
            rows: Vec::new(),
            findings: Vec::new(),
            futile: false,
        };
        Self {
            sample,
            made: 0,
            first: None,
            slowest: None,
            not_held: Vec::new(),
            unable: None,
            leak: None,
            left_behind: LeftBehind::default(),
            ask_at: 1,
        }
    }

    fn take(&mut self, attempted: Attempted) {
        self.made += 1;
        if attempted.record.outcome == Outcome::Unable && !attempted.cut {
            let code = attempted.record.code.as_ref();
            let says_more = self
                .unable
                .as_ref()
                .is_none_or(|(known, _)| is_not_cold(known.as_ref()) && !is_not_cold(code));
            if says_more {
                self.unable = Some((code.cloned(), attempted.error()));
            }
        }
        if attempted.leaked && self.leak.is_none() {
            self.leak.clone_from(&attempted.record.code);
        }
        self.left_behind.extend(attempted.left_behind);
        let record = attempted.record;
        if !attempted.cut {
            self.sample.rows.push(row(&record));
            self.sample.held += u64::from(record.outcome == Outcome::Held);
        }
        if record.number == 1 {
            self.first = Some(record);
        } else if attempted.cut || record.outcome != Outcome::Held {
            if self.not_held.len() < KEPT_NOT_HELD {
                self.not_held.push(record);
            }
        } else if self
            .slowest
            .as_ref()
            .is_none_or(|slowest| slowest.elapsed < record.elapsed)
        {
            self.slowest = Some(record);
        }
    }

    /// The code of the first attempt that was not cut and did not hold.
    fn miss(&self) -> Option<Code> {
        let missed = self.first.iter().chain(&self.not_held);
        missed
            .filter(|attempt| attempt.outcome == Outcome::NotHeld)
            .min_by_key(|attempt| attempt.number)
            .and_then(|attempt| attempt.code.clone())
    }

    /// Whether to ask about futility now: asking costs as much as there are rows, so it is asked each time an eighth
    /// was added, and the whole stays linear.
    fn is_due(&mut self) -> bool {
        let rows = self.sample.rows.len();
        if rows < self.ask_at || self.sample.futile || rows as u64 == self.sample.times {
            return false;
        }
        self.ask_at = rows + rows / 8 + 1;
        true
    }

    /// The attempts that are kept, in order.
    fn kept(&mut self) -> Vec<AttemptRecord> {
        let marked = |mut record: AttemptRecord, kept| {
            record.kept = Some(kept);
            record
        };
        let slowest = self.slowest.take().filter(|slowest| {
            let first = self
                .first
                .as_ref()
                .filter(|first| first.outcome == Outcome::Held);
            first.is_none_or(|first| first.elapsed < slowest.elapsed)
        });
        let first = self.first.take().map(|record| marked(record, Kept::First));
        let slowest = slowest.map(|record| marked(record, Kept::Slowest));
        let not_held = self
            .not_held
            .drain(..)
            .map(|record| marked(record, Kept::NotHeld));
        let mut kept: Vec<_> = first.into_iter().chain(slowest).chain(not_held).collect();
        kept.sort_by_key(|record| record.number);
        kept
    }
}

/// An attempt in tens of bytes.
fn row(record: &AttemptRecord) -> SampleRow {
    let measured = |step: &&StepRecord| !step.cleanup && !step.cold;
    let steps = record.steps.iter().filter(measured);
    let mut phases: Vec<(Phase, u64)> = Vec::new();
    let mut of_actor: Vec<(Phase, u64)> = Vec::new();
    let mut actor = None;
    for step in steps {
        if step.actor != actor {
            longest(&mut phases, &mut of_actor);
            actor.clone_from(&step.actor);
        }
        for time in &step.observation.phases {
            let sum = entry(&mut of_actor, time.phase);
            *sum = sum.saturating_add(micros(time.took));
        }
    }
    longest(&mut phases, &mut of_actor);
    SampleRow {
        outcome: record.outcome,
        latency_us: micros(record.elapsed),
        phases_us: phases.into(),
    }
}

/// What actors do at once takes as long as the slowest of them.
fn longest(phases: &mut Vec<(Phase, u64)>, of_actor: &mut Vec<(Phase, u64)>) {
    for (phase, took) in of_actor.drain(..) {
        let known = entry(phases, phase);
        *known = took.max(*known);
    }
}

fn entry(phases: &mut Vec<(Phase, u64)>, phase: Phase) -> &mut u64 {
    let known = phases.iter().position(|(known, _)| *known == phase);
    let at = known.unwrap_or_else(|| {
        phases.push((phase, 0));
        phases.len() - 1
    });
    &mut phases[at].1
}

fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
