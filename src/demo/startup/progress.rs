//! How far a start is: written by the phases, read by the answers.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use uuid::Uuid;

use super::phases::PHASES;

/// The start of one process.
#[derive(Debug)]
pub(super) struct Progress {
    /// Another for each start.
    instance: Uuid,
    began: Instant,
    /// Held for no longer than it takes to read or write a word of it.
    steps: Mutex<[Step; PHASES.len()]>,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Waiting,
    Running,
    Done(Duration),
}

impl Progress {
    pub(super) fn begin() -> Self {
        Self {
            instance: Uuid::new_v4(),
            began: Instant::now(),
            steps: Mutex::new([Step::Waiting; PHASES.len()]),
        }
    }

    /// This phase begins; from 0.
    pub(super) fn begins(&self, phase: usize) {
        self.set(phase, Step::Running);
    }

    /// This phase is done.
    pub(super) fn is_done(&self, phase: usize, after: Duration) {
        self.set(phase, Step::Done(after));
    }

    /// Since its begin.
    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Whether every phase is done.
    pub(super) fn is_ready(&self) -> bool {
        let steps = self.steps();
        steps.iter().all(|step| matches!(step, Step::Done(_)))
    }

    /// All of it, as `/health/startup` shows it.
    pub(super) fn shown(&self) -> Value {
        let steps = *self.steps();
        let phases = PHASES
            .iter()
            .zip(steps)
            .map(|((name, _), step)| match step {
                Step::Waiting => json!({ "name": name, "status": "waiting" }),
                Step::Running => json!({ "name": name, "status": "running" }),
                Step::Done(after) => {
                    json!({ "name": name, "status": "done", "duration_ms": after.as_millis() })
                }
            });
        let check = |name: &str| {
            let position = PHASES.iter().position(|(known, _)| *known == name);
            let is_done = position.is_some_and(|at| matches!(steps[at], Step::Done(_)));
            json!({ "status": if is_done { "ready" } else { "not_ready" } })
        };
        let is_ready = steps.iter().all(|step| matches!(step, Step::Done(_)));
        json!({
            "status": if is_ready { "ready" } else { "starting" },
            "instance_id": self.instance.to_string(),
            "pid": std::process::id(),
            "phases": phases.collect::<Vec<_>>(),
            "checks": { "config": check("init"), "database": check("database") },
        })
    }

    fn set(&self, phase: usize, step: Step) {
        if let Some(place) = self.steps().get_mut(phase) {
            *place = step;
        }
    }

    fn steps(&self) -> MutexGuard<'_, [Step; PHASES.len()]> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_is_when_the_last_phase_is_done() {
        let progress = Progress::begin();
        let last = PHASES.len() - 1;
        for phase in 0..last {
            progress.is_done(phase, Duration::from_millis(2));
        }
        progress.begins(last);
        assert!(!progress.is_ready());
        let shown = progress.shown();
        assert_eq!(shown["status"], "starting");
        assert_eq!(shown["phases"][last]["status"], "running");
        assert_eq!(shown["phases"][2]["duration_ms"], 2);
        progress.is_done(last, Duration::ZERO);
        assert!(progress.is_ready());
        assert_eq!(progress.shown()["checks"]["database"]["status"], "ready");
        assert_ne!(
            progress.shown()["instance_id"],
            Progress::begin().shown()["instance_id"]
        );
    }
}
