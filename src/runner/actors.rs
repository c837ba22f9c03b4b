//! Those who make an attempt: one, or the actors of a test at once, each with values, sessions, connections and clean-ups of
//! its own.

use std::sync::Arc;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::attempt::Subject;
use super::isolation::passing;
use super::kept::Kept;
use super::look::{Stage, put_into_words};
use super::round::{Taken, clean_up, detail, take_steps};
use super::scope::LateScope;
use super::step::code_of;
use crate::model::{ActorName, Code, Observation, Outcome, StepRecord, Unable};
use crate::plan::PlannedStep;
use crate::probe::{AttemptScope, Barriers};

/// The part of one of them: its steps, neither masked nor cut.
#[derive(Debug)]
pub(super) struct Part {
    actor: Option<ActorName>,
    stage: Stage,
    scope: LateScope,
    taken: Taken,
    /// When its last step had ended: the one that did not hold, where there is one.
    ended: Instant,
}

/// The clean-ups of one of them, masked and cut, and what they left behind.
type CleanedUp = (Vec<StepRecord>, Vec<String>);

impl Part {
    /// Before its first step: of the actor at this place, or of nobody in particular.
    pub(super) fn begin(subject: &Subject, number: u64, place: Option<&Place>) -> Self {
        let test = subject.planned();
        let at = place.map(|place| place.at);
        let actor = at.and_then(|at| Some(test.actors.get(at)?.name.clone()));
        let stage = Stage {
            run: subject.run.clone(),
            attempt: Arc::new(AttemptScope::default()),
            connections: test.connections,
            barriers: place.map(|place| place.barriers.clone()),
            is_of_many: subject.keeps_few(),
        };
        let sessions = subject.sessions[at.unwrap_or(0)].clone();
        let run = subject.run.plan.header.clone();
        let mut looks = test.steps.iter();
        let ports = looks
            .any(|step| step.probe == "process")
            .then_some(&subject.run.shared.ports);
        let scope = LateScope::new(run, number, sessions).of(actor.clone());
        Self {
            scope: scope.with(ports),
            actor,
            stage,
            taken: Taken::default(),
            ended: Instant::now(),
        }
    }

    /// Takes the steps; ends by the deadline or shortly after.
    pub(super) async fn take(&mut self, subject: &Subject, deadline: Instant) {
        let steps = &subject.planned().steps;
        self.taken = take_steps(steps, &self.stage, &mut self.scope, deadline).await;
        self.ended = Instant::now();
    }

    /// Lets go of it.
    pub(super) fn cut(&mut self) {
        self.taken.cut = true;
    }

    pub(super) fn outcome(&self) -> Outcome {
        self.taken.outcome()
    }

    /// We let go of it.
    pub(super) fn is_cut(&self) -> bool {
        self.taken.cut
    }

    /// Who it is; nobody in a test without actors.
    pub(super) fn name(&self) -> &str {
        self.actor.as_ref().map_or("", ActorName::as_str)
    }

    pub(super) const fn actor(&self) -> Option<&ActorName> {
        self.actor.as_ref()
    }

    pub(super) fn scope(&self) -> &LateScope {
        &self.scope
    }

    pub(super) fn scope_mut(&mut self) -> &mut LateScope {
        &mut self.scope
    }

    /// What its step at this position saw, where it came so far and could look.
    pub(super) fn seen(&self, at: usize) -> Option<&Observation> {
        let step = self.taken.steps.get(at)?;
        step.error.is_none().then_some(&step.observation)
    }

    pub(super) fn steps(&mut self) -> &mut [StepRecord] {
        &mut self.taken.steps
    }

    /// Puts into words what was left without.
    pub(super) fn put_into_words(&mut self, planned: &[PlannedStep]) {
        for (step, planned) in self.taken.steps.iter_mut().zip(planned) {
            put_into_words(planned, step);
        }
    }

    /// Its steps, with its name, and what it knew.
    pub(super) fn into_steps(self) -> (Vec<StepRecord>, LateScope) {
        (named(self.taken.steps, self.actor.as_ref()), self.scope)
    }

    /// The code of the step that did not hold.
    pub(super) fn code(&self) -> Option<Code> {
        self.taken.steps.iter().find_map(code_of)
    }

    /// Whether it only waited in vain for another, who has a reason of its own.
    fn is_consequence(&self) -> bool {
        self.code() == Some(Unable::Barrier.code())
    }

    async fn clean_up(&mut self, subject: &Subject) -> CleanedUp {
        let cleanup = &subject.planned().cleanup;
        let (steps, left) = clean_up(cleanup, &self.stage, &mut self.scope).await;
        let whose = |line: String| match &self.actor {
            Some(actor) => format!("{actor}: {line}"),
            None => line,
        };
        let left = left.into_iter().map(whose).collect();
        (named(steps, self.actor.as_ref()), left)
    }
}

/// Everybody takes the steps, at once; ends when all have ended, at the deadline or shortly after.
pub(super) async fn take_parts(subject: &Subject, number: u64, deadline: Instant) -> Vec<Part> {
    let actors = &subject.planned().actors;
    if actors.is_empty() {
        return vec![take_part(subject, number, deadline, None).await];
    }
    let barriers = Arc::new(Barriers::new(actors.len()));
    let kept = Arc::new(Kept::default());
    let mut parts = JoinSet::new();
    for at in 0..actors.len() {
        let place = Place {
            at,
            barriers: barriers.clone(),
            kept: kept.clone(),
        };
        let subject = subject.clone();
        parts.spawn(async move { (at, take_part(&subject, number, deadline, Some(place)).await) });
    }
    in_order(parts).await
}

/// Everybody cleans up, at once.
pub(super) async fn clean_up_parts(subject: &Subject, parts: Vec<Part>) -> Vec<(Part, CleanedUp)> {
    if subject.planned().cleanup.is_empty() {
        let nothing = |part| (part, (Vec::new(), Vec::new()));
        return parts.into_iter().map(nothing).collect();
    }
    if subject.planned().actors.is_empty() {
        let mut cleaned = Vec::with_capacity(1);
        for mut part in parts {
            let done = Box::pin(part.clean_up(subject)).await;
            cleaned.push((part, done));
        }
        return cleaned;
    }
    let mut cleaning = JoinSet::new();
    for (at, mut part) in parts.into_iter().enumerate() {
        let subject = subject.clone();
        cleaning.spawn(async move {
            let done = part.clean_up(&subject).await;
            (at, (part, done))
        });
    }
    in_order(cleaning).await
}

/// Not held when any did not, else unable when any could not look, else held.
pub(super) fn outcome_of(parts: &[Part]) -> Outcome {
    let is_any = |outcome| parts.iter().any(|part| part.outcome() == outcome);
    if parts.iter().any(Part::is_cut) {
        Outcome::Unable
    } else if is_any(Outcome::NotHeld) {
        Outcome::NotHeld
    } else if is_any(Outcome::Unable) {
        Outcome::Unable
    } else {
        Outcome::Held
    }
}

/// The first in time that came out so, whatever its place among the others: what went wrong with those after it may be its doing.
/// Who only waited in vain for another is none, unless there is nobody else.
pub(super) fn cause_of(parts: &[Part], outcome: Outcome) -> Option<&Part> {
    let such = parts.iter().filter(|part| part.outcome() == outcome);
    such.min_by_key(|part| (part.is_consequence(), part.ended))
}

/// Where one of the actors stands: whoever waits for it need not any longer once it has ended, however that comes.
pub(super) struct Place {
    at: usize,
    barriers: Arc<Barriers>,
    kept: Arc<Kept>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.barriers.leave();
    }
}

async fn take_part(
    subject: &Subject,
    number: u64,
    deadline: Instant,
    place: Option<Place>,
) -> Part {
    let mut part = Part::begin(subject, number, place.as_ref());
    // Rounds beside this one are to know it by what is made for it.
    let steps = &subject.planned().steps;
    let at = place.as_ref().map(|place| place.at);
    let at = at.filter(|_| steps.iter().any(|step| step.isolation.is_some()));
    if let Some(at) = at {
        subject
            .earlier
            .begins(number, at, part.scope.made().clone());
    }
    part.take(subject, deadline).await;
    if let Some(at) = at {
        subject.earlier.ends(number, at, &passing(&part.scope));
    }
    // Hundreds of them would each keep what nobody is shown until the last has ended.
    if let Some(place) = &place {
        let is_short = detail(part.outcome(), subject.run.keep_evidence).is_short();
        place.kept.keep(&mut part.taken.steps, steps, is_short);
    }
    part
}

/// What all have made, in their order. A panic of ours is one here, once all the others have ended.
async fn in_order<T: 'static>(mut tasks: JoinSet<(usize, T)>) -> Vec<T> {
    let mut made = Vec::with_capacity(tasks.len());
    let mut panic = None;
    while let Some(ended) = tasks.join_next().await {
        match ended.map_err(tokio::task::JoinError::try_into_panic) {
            Ok(one) => made.push(one),
            Err(Ok(with)) => panic = Some(with),
            // Nobody aborts one of them alone.
            Err(Err(_)) => {}
        }
    }
    if let Some(panic) = panic {
        std::panic::resume_unwind(panic);
    }
    made.sort_unstable_by_key(|(at, _)| *at);
    made.into_iter().map(|(_, one)| one).collect()
}

fn named(mut steps: Vec<StepRecord>, actor: Option<&ActorName>) -> Vec<StepRecord> {
    for step in &mut steps {
        step.actor = actor.cloned();
    }
    steps
}
