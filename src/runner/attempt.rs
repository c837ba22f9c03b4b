//! One attempt of a test: its steps, then its clean-ups, and the record of both.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::actors::{Part, cause_of, clean_up_parts, outcome_of, take_parts};
use super::cold::{ColdStart, Forced, Instances, Proved};
use super::earlier::Earlier;
use super::executor::Run;
use super::isolation;
use super::round::{budget, detail};
use super::scope::{LateScope, Sessions};
use super::slim::{slim, strip};
use super::step::earlier;
use super::told::Teller;
use crate::model::{AttemptEnded, AttemptRecord, KnownCode, Outcome, Sample};
use crate::plan::{Mode, PlannedTest};

/// A test that is looking, and what its attempts need.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) run: Arc<Run>,
    /// Position in the plan.
    pub(super) test: usize,
    /// What the sessions it uses have captured; of a test with actors for each of them, in their order.
    pub(super) sessions: Arc<[Arc<Sessions>]>,
    /// What its actors were known by in the rounds before.
    pub(super) earlier: Arc<Earlier>,
    /// What its attempts have met, where each forces a cold start.
    pub(super) instances: Arc<Instances>,
    /// How long the slowest attempt that held took so far, in nanoseconds.
    pub(super) slowest: Arc<AtomicU64>,
    /// The sample that its own is compared with.
    pub(super) compared: Option<Arc<Sample>>,
    /// To the coordinator.
    pub(super) teller: Teller,
}

/// What one attempt came to, masked and cut.
#[derive(Debug)]
pub(super) struct Attempted {
    pub(super) record: AttemptRecord,
    /// The run let go of it: no evidence against the target.
    pub(super) cut: bool,
    /// It held as many others did, some of them slower, and nobody will be shown it: its record says how it came out and
    /// how long each phase took, and nothing in words.
    pub(super) brief: bool,
    /// Something of one actor came to another: no further attempt makes that good.
    pub(super) leaked: bool,
    /// Clean-ups that did not hold.
    pub(super) left_behind: Vec<String>,
    /// What was known in it, where `on_fail` may look with it: with actors to the one whose step decided.
    pub(super) scope: Option<LateScope>,
}

impl Attempted {
    /// Why we could not look, in words.
    pub(super) fn error(&self) -> Option<String> {
        let steps = self.record.steps.iter().filter(|step| step.may_decide());
        let mut of_cause = steps.filter(|step| step.actor == self.record.decided_by);
        let error = of_cause.find_map(|step| step.error.as_ref());
        error.map(|error| error.message.clone())
    }
}

impl Subject {
    /// What was planned.
    pub(super) fn planned(&self) -> &PlannedTest {
        &self.run.plan.tests[self.test]
    }

    /// Whether of the attempts that hold few are kept, and a look may leave it open whether its own is one of them.
    pub(super) fn keeps_few(&self) -> bool {
        let test = self.planned();
        matches!(test.mode, Mode::Repeat(_))
            && test.actors.is_empty()
            && test.cold.is_none()
            && !self.run.keep_evidence
            && test.steps.iter().all(|step| step.isolation.is_none())
    }

    /// Whether of attempts that held one that took so long is kept: the first, and any that is slower than those before it.
    fn is_told(&self, number: u64, elapsed: Duration) -> bool {
        let nanos = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
        self.slowest.fetch_max(nanos, Ordering::Relaxed) < nanos || number == 1
    }

    /// Makes one attempt; `bound` ends it earlier than its own budget.
    pub(super) async fn attempt(&self, number: u64, bound: Option<Instant>) -> Attempted {
        let (mut start, started, parts) = self.take(number, bound).await;
        let elapsed = started.elapsed();

        let mut cut = parts.iter().any(Part::is_cut);
        let (mut parts, leaked) = if cut {
            (parts, false)
        } else {
            isolation::judge(self, number, parts).await
        };
        let mut outcome = outcome_of(&parts);
        let is_wrong = !cut && outcome != Outcome::Held;
        let cause = cause_of(&parts, outcome).filter(|_| is_wrong);
        let mut code = match (cut, leaked) {
            (true, _) => None,
            // Whatever else went wrong, nothing is worse.
            (false, true) => Some(KnownCode::Expect.of("isolation")),
            (false, false) => cause.and_then(Part::code),
        };
        let decided_by = cause.and_then(Part::actor).filter(|_| !leaked).cloned();
        if let (Some(start), [part], false) = (&mut start, &mut parts[..], cut) {
            match Box::pin(start.prove(self, part.scope_mut(), outcome)).await {
                Proved::Counts => {}
                Proved::Not(why) => (outcome, code) = (Outcome::Unable, Some(why)),
                Proved::Cut => (outcome, code, cut) = (Outcome::Unable, None, true),
            }
        }
        let is_held = !cut && !leaked && outcome == Outcome::Held;
        let brief = is_held && self.keeps_few() && !self.is_told(number, elapsed);
        let cleaned_up = clean_up_parts(self, parts).await;
        let (mut steps, after) = start.map(ColdStart::into_steps).unwrap_or_default();
        let mut after = Vec::from_iter(after);
        let of_attempt = detail(outcome, self.run.keep_evidence);
        for step in steps.iter_mut().chain(&mut after) {
            slim(step, &self.run.shared.mask, of_attempt);
        }
        let mut cleanups = Vec::new();
        let mut left_behind = Vec::new();
        let may_look_on = !cut && !self.planned().looks.is_empty();
        let mut scope = None;
        for (mut part, (of_part, left)) in cleaned_up {
            let detail = detail(part.outcome(), self.run.keep_evidence);
            // Only now: what a later step, a clean-up or another actor captured as a secret may stand in an earlier one.
            if brief {
                part.steps().iter_mut().for_each(strip);
            } else {
                part.put_into_words(&self.planned().steps);
                for step in part.steps() {
                    slim(step, &self.run.shared.mask, detail);
                }
            }
            let decided = part.actor() == decided_by.as_ref();
            let (of_steps, known) = part.into_steps();
            if steps.is_empty() {
                // In the room they have, which is as much as they take.
                steps = of_steps;
            } else {
                steps.extend(of_steps);
            }
            if may_look_on && (decided || scope.is_none()) {
                scope = Some(known);
            }
            cleanups.extend(of_part);
            left_behind.extend(left);
        }
        steps.extend(after);
        steps.extend(cleanups);
        if steps.capacity() > steps.len() {
            // A list grows to four at once.
            steps.shrink_to_fit();
        }
        let started = started.duration_since(self.run.started);
        let record = AttemptRecord {
            number,
            started,
            elapsed,
            steps,
            outcome,
            code,
            decided_by,
            kept: None,
            flaps: None,
        };
        Attempted {
            record,
            cut,
            brief,
            leaked,
            left_behind,
            scope,
        }
    }

    /// Takes the steps, from a cold start where that is wanted; also gives when the first of them began.
    async fn take(
        &self,
        number: u64,
        bound: Option<Instant>,
    ) -> (Option<ColdStart<'_>>, Instant, Vec<Part>) {
        let test = self.planned();
        let ends = |started| earlier(budget(test.timeout, &test.steps, started), bound);
        let Some(cold) = &test.cold else {
            let started = Instant::now();
            let parts = take_parts(self, number, ends(started)).await;
            return (None, started, parts);
        };
        let mut part = Part::begin(self, number, None);
        // In boxes here and below: few tests have such a start, and all would be moved with the room for it.
        let start = Box::pin(ColdStart::force(cold, self, part.scope_mut(), number)).await;
        // Only now: what it takes to force a start is no part of the start.
        let started = Instant::now();
        match start.forced() {
            Forced::Yes => Box::pin(part.take(self, ends(started))).await,
            Forced::No => {}
            Forced::Cut => part.cut(),
        }
        (Some(start), started, vec![part])
    }

    /// Tells the coordinator of an attempt that is kept.
    pub(super) async fn tell(&self, record: AttemptRecord) {
        let attempt = Arc::new(record);
        let test = self.test;
        self.teller.attempt(AttemptEnded { test, attempt }).await;
    }
}

/// Whether an attempt held.
pub(super) fn held(attempted: &Attempted) -> bool {
    !attempted.cut && attempted.record.outcome == Outcome::Held
}
