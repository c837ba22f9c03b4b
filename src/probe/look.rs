//! A look under way: its phases, the facts seen so far, and how it ends.

use std::borrow::Cow;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::Context;
use crate::model::{
    Excerpt, Fault, FaultKind, Keep, Observation, Origin, Phase, PhaseTime, ProbeError, Stopped,
    Unable, Value,
};

/// The fact of what was sent and stands in no other.
const BESIDE: &str = "beside";

/// A look under way. Whatever stops it takes along what was seen until then.
pub(super) struct Look<'c> {
    pub(super) ctx: &'c Context,
    started: Instant,
    seen: Observation,
}

/// Why a phase did not come to its end.
#[derive(Debug)]
pub(super) enum Halt {
    /// The world stopped us.
    Fault {
        kind: FaultKind,
        message: String,
        origin: Option<Origin>,
    },
    /// We could not look.
    Unable(ProbeError),
}

impl Halt {
    /// The world stopped us.
    pub(super) fn fault(kind: FaultKind, message: impl Into<String>) -> Self {
        Self::Fault {
            kind,
            message: message.into(),
            origin: None,
        }
    }

    /// With the typed signal it was decided on.
    pub(super) fn by(self, signal: Origin) -> Self {
        match self {
            Self::Fault { kind, message, .. } => Self::Fault {
                kind,
                message,
                origin: Some(signal),
            },
            Self::Unable(_) => self,
        }
    }

    /// We could not look.
    pub(super) fn unable(kind: Unable, message: impl Into<String>) -> Self {
        Self::Unable(ProbeError::new(kind, message))
    }
}

/// When something inside a phase must end, so that it is the one to say why and not the deadline of the look.
pub(super) fn just_before(deadline: Instant) -> Instant {
    let tick = Duration::from_millis(2);
    deadline.checked_sub(tick).unwrap_or(deadline)
}

/// Adds to the fact `beside`: what was sent and stands in no other fact.
pub(super) fn add_beside(seen: &mut Observation, came: Vec<String>) {
    if came.is_empty() {
        return;
    }
    let mut all = match seen.facts.get(BESIDE) {
        Some(Value::List(known)) => known.clone(),
        _ => Vec::new(),
    };
    all.extend(came.into_iter().map(Value::Untyped));
    seen.facts.insert(BESIDE, Value::List(all));
}

impl<'c> Look<'c> {
    /// Starts the clock.
    pub(super) fn begin(ctx: &'c Context) -> Self {
        Self {
            ctx,
            started: Instant::now(),
            seen: Observation::default(),
        }
    }

    /// The same look under another context, with a nearer deadline, for a part of it. If that part ends well, it is given
    /// back by [`Look::resume`].
    pub(super) fn lend<'n>(&mut self, ctx: &'n Context) -> Look<'n> {
        Look {
            ctx,
            started: self.started,
            seen: std::mem::take(&mut self.seen),
        }
    }

    /// Takes back what was seen by a part.
    pub(super) fn resume(&mut self, part: Look<'_>) {
        self.seen = part.seen;
    }

    /// Adds a fact.
    pub(super) fn fact(&mut self, name: &'static str, value: Value) {
        self.seen.facts.insert(name, value);
    }

    /// Drops a fact that is true no more.
    pub(super) fn forget(&mut self, name: &str) {
        self.seen.facts.remove(name);
    }

    /// Adds to the fact `beside`, where all that comes is searched.
    pub(super) fn beside(&mut self, came: Vec<String>) {
        if self.ctx.is_searched {
            add_beside(&mut self.seen, came);
        }
    }

    /// A fact that was added.
    pub(super) fn seen(&self, name: &str) -> Option<&Value> {
        self.seen.facts.get(name)
    }

    /// Adds text worth showing.
    pub(super) fn evidence(&mut self, label: &'static str, text: String, keep: Keep) {
        self.show(Excerpt {
            label: Cow::Borrowed(label),
            text,
            keep,
        });
    }

    /// Adds what is worth showing.
    pub(super) fn show(&mut self, excerpt: Excerpt) {
        self.seen.evidence.push(excerpt);
    }

    /// Records a phase that was timed elsewhere. One that is passed again (over a redirect) has the sum of its times.
    pub(super) fn passed(&mut self, phase: Phase, took: Duration) {
        let phases = &mut self.seen.phases;
        match phases.iter_mut().find(|known| known.phase == phase) {
            Some(known) => known.took += took,
            None => phases.push(PhaseTime { phase, took }),
        }
    }

    /// Forgets the times of all phases but one: what comes is to be told instead of them.
    pub(super) fn keep_only(&mut self, phase: Phase) {
        self.seen.phases.retain(|time| time.phase == phase);
    }

    /// Runs one phase, bounded by the deadline of the look: when that comes first, the phase ends in the fault `late`. Its
    /// time is recorded whichever way it ends.
    pub(super) async fn phase<T>(
        &mut self,
        phase: Phase,
        late: FaultKind,
        work: impl Future<Output = Result<T, Halt>>,
    ) -> Result<T, Stopped> {
        // Pinned here: a future that is handed on takes its room anew at each level.
        let outcome = self.timed(phase, late, pin!(work)).await;
        outcome.map_err(|halt| self.stop(phase, halt))
    }

    /// The same for a phase after which there is something to record, whichever way it ended.
    pub(super) async fn timed<T>(
        &mut self,
        phase: Phase,
        late: FaultKind,
        work: impl Future<Output = Result<T, Halt>>,
    ) -> Result<T, Halt> {
        let started = Instant::now();
        let outcome = timeout_at(self.ctx.deadline, work).await;
        self.passed(phase, started.elapsed());
        outcome.unwrap_or_else(|_| Err(self.too_late(late)))
    }

    /// The deadline came.
    pub(super) fn too_late(&self, late: FaultKind) -> Halt {
        let spent = self.started.elapsed();
        Halt::fault(late, format!("the budget ended after {spent:.0?}"))
    }

    /// Ends the look in this phase, whose time is recorded already.
    pub(super) fn stop(&mut self, phase: Phase, halt: Halt) -> Stopped {
        match halt {
            Halt::Unable(error) => Stopped::Unable(error),
            Halt::Fault {
                kind,
                message,
                origin,
            } => {
                debug_assert!(
                    kind.known().phases.contains(&phase),
                    "{} is not listed for the phase {phase}",
                    kind.code()
                );
                debug_assert!(
                    origin.is_none_or(|origin| kind.known().origins.contains(&origin.kind())),
                    "{} is not listed as decided on {origin:?}",
                    kind.code()
                );
                let mut seen = std::mem::take(&mut self.seen);
                seen.latency = self.started.elapsed();
                seen.fault = Some(Fault {
                    kind,
                    phase,
                    message,
                    origin,
                });
                Stopped::Fault(Box::new(seen))
            }
        }
    }

    /// Ends the look with an answer.
    pub(super) fn finish(mut self) -> Observation {
        self.seen.latency = self.started.elapsed();
        self.seen
    }
}
