//! `repeat`: a sample, made in lanes, judged as a whole.

use std::sync::Arc;

use super::attempt::{Attempted, Subject};
use super::executor::Ending;
use super::lanes::{Lanes, Skew};
use super::left_behind::LeftBehind;
use super::look_on_fail::Deciding;
use super::scope::LateScope;
use super::slim::slim_finding;
use crate::check::{Compared, is_futile, judge};
use crate::model::{
    AttemptRecord, Code, Finding, Kept, NotRun, Outcome, Phase, Sample, SampleRow, State, Status,
    StepRecord, TestId, Unable,
};
use crate::plan::{CompareWith, Mode, Repeat};

/// So many attempts that did not hold are kept in full.
const KEPT_NOT_HELD: usize = 10;

/// Makes the attempts, then judges the sample.
pub(super) async fn run(subject: &Subject, repeat: &Repeat) -> Ending {
    let mut gathered = Gathered::new(repeat.times);
    gathered.skew = Skew::of(repeat);
    // What is compared shows how often it holds, also after nothing could make its own claims hold any more.
    let may_stop = repeat.compare_with.is_none() && !subject.planned().is_compared;
    let mut lanes = Lanes::start(subject, repeat);
    while let Some(attempted) = lanes.next().await {
        gathered.take(attempted);
        if may_stop && gathered.is_due() && is_futile(&repeat.claims, &gathered.sample) {
            gathered.sample.futile = true;
            lanes.stop();
        }
    }
    lanes.end().await;
    let made = gathered.made;
    let miss = gathered.miss();
    let left_behind = std::mem::take(&mut gathered.left_behind).into_lines();
    let scope = gathered.scope.take();
    let mut kept = gathered.kept();
    let not_held = |record: &AttemptRecord| record.outcome != Outcome::Held;
    let deciding = kept.iter().rposition(not_held);
    let rest = kept.split_off(deciding.unwrap_or(kept.len().saturating_sub(1)));
    for record in kept {
        subject.tell(record).await;
    }
    let mut sample = gathered.sample;
    sample.skew = gathered.skew.as_ref().map(Skew::most);
    let is_whole = sample.futile || sample.rows.len() as u64 == sample.times;
    if is_whole {
        sample.findings = judge(&repeat.claims, &sample);
        if let Some(with) = &repeat.compare_with {
            sample
                .findings
                .push(compared(subject, repeat, with, &sample));
        }
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
        deciding: Some(Deciding::first_of(rest, scope)),
        ..ending
    }
}

/// What the comparison with the other sample came to.
fn compared(subject: &Subject, repeat: &Repeat, with: &CompareWith, sample: &Sample) -> Finding {
    let planned = subject.planned();
    let other = planned.compare_with.map(|at| &subject.run.plan.tests[at]);
    // Without one the coordinator has not let it run; if it has, nothing is compared with nothing, which decides nothing.
    let nothing = Gathered::new(0).sample;
    let (id, other_repeat) = match other {
        Some(other) => match &other.mode {
            Mode::Repeat(repeat) => (&other.header.id, &**repeat),
            Mode::Once | Mode::Retry(_) | Mode::Until(_) => (&other.header.id, repeat),
        },
        None => (&with.test, repeat),
    };
    let (here, there) = names(&planned.header.id, id);
    let side = |name, repeat, sample| -> Compared<'_> {
        let repeat: &Repeat = repeat;
        Compared {
            name,
            sample,
            claims: &repeat.claims,
            concurrency: repeat.concurrency,
            idle: repeat.idle,
        }
    };
    let of_other = subject.compared.as_deref().unwrap_or(&nothing);
    with.comparison.judge(
        side(&here, repeat, sample),
        side(&there, other_repeat, of_other),
        id,
    )
}

/// What two tests are called beside each other: as shortly as tells them apart.
fn names(here: &TestId, there: &TestId) -> (String, String) {
    if here.category() == there.category() {
        (here.name_with_row(), there.name_with_row())
    } else {
        (here.to_string(), there.to_string())
    }
}

/// No attempt could look: errored, whatever is claimed. Any claim refuted: failed. Else any not decided: unproved. Else any
/// attempt unable to look: errored. Else passed.
///
/// Attempts whose start was not a cold one count for nothing: where how many hold is to be proved, the others have proved it
/// without them; where they are only counted, those are missing.
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
    /// What was known in the last attempt that did not hold, or in the last where all have held.
    scope: Option<LateScope>,
    has_missed: bool,
    /// Where attempts go in rounds.
    skew: Option<Skew>,
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
            skew: None,
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
            scope: None,
            has_missed: false,
            skew: None,
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
        let missed = record.outcome != Outcome::Held;
        if missed || !self.has_missed {
            self.scope = attempted.scope.or(self.scope.take());
            self.has_missed |= missed;
        }
        if let Some(skew) = &mut self.skew {
            skew.take(record.number, record.started);
        }
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
        } else if !attempted.brief
            && self
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
    SampleRow {
        outcome: record.outcome,
        latency_us: micros(record.elapsed),
        phases_us: phases(&record.steps).into(),
    }
}

/// How long these steps were in each phase.
fn phases(steps: &[StepRecord]) -> Vec<(Phase, u64)> {
    let is_measured = |step: &StepRecord| step.may_decide() && !step.cold;
    if let [only] = steps {
        // In as much room as it takes: most attempts have one step.
        let mut phases = Vec::with_capacity(only.observation.phases.len());
        if is_measured(only) {
            add_up(only, &mut phases);
        }
        return phases;
    }
    let mut phases: Vec<(Phase, u64)> = Vec::new();
    let mut of_actor: Vec<(Phase, u64)> = Vec::new();
    let mut actor = None;
    for step in steps.iter().filter(|step| is_measured(step)) {
        if step.actor != actor {
            longest(&mut phases, &mut of_actor);
            actor.clone_from(&step.actor);
        }
        add_up(step, &mut of_actor);
    }
    longest(&mut phases, &mut of_actor);
    phases
}

fn add_up(step: &StepRecord, phases: &mut Vec<(Phase, u64)>) {
    for time in &step.observation.phases {
        let sum = entry(phases, time.phase);
        *sum = sum.saturating_add(micros(time.took));
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
