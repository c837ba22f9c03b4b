//! How a run ends before everything has run: fail-fast, deadline, interrupt, and leaving.

use std::sync::Arc;

use tokio::time::Instant;

use super::Coordinator;
use super::tasks::Doing;
use crate::model::{Event, NotRun, Status, TestEnded, Unable, Why};
use crate::runner::halt::{Halt, later};
use crate::runner::session::unseen;

impl Coordinator<'_> {
    /// Asked once.
    pub(super) fn interrupted(&mut self) {
        self.is_interrupted = true;
        self.stop(NotRun::Interrupted);
    }

    /// The run's deadline has passed, or the grace after it or after an interrupt.
    pub(super) fn ring(&mut self) {
        let halt = *self.halt.borrow();
        match halt {
            Halt::No => self.stop(NotRun::Deadline),
            Halt::Stopping(reason) => {
                self.alarm = None;
                self.halt.send_replace(Halt::Cut(reason));
            }
            Halt::Cut(_) => self.alarm = None,
        }
    }

    /// Asked twice: everything ends now, as it is.
    pub(super) fn leave(&mut self) {
        self.has_left = true;
        self.interrupted();
        let abandoned = self.tasks.abandon();
        self.take_told();
        let mut looking: Vec<usize> = self.looking.keys().copied().collect();
        looking.sort_unstable();
        for test in looking {
            self.end(self.unseen(test, Status::NotRun, Why::NotRun(NotRun::Interrupted)));
        }
        for doing in abandoned {
            // One that was opened before has clean-ups to tell of.
            if let Doing::Open(session) = doing
                && !self.is_open(session)
            {
                let why = Why::NotRun(NotRun::Interrupted);
                let record = unseen(&self.run, session, Status::NotRun, why);
                self.emit(Event::SessionEnded(Arc::new(record)));
            }
        }
    }

    /// Ends all that have not started.
    pub(super) fn end_the_rest(&mut self, reason: NotRun) {
        self.closed = Some(reason);
        self.limits.clear();
        for test in 0..self.run.plan.tests.len() {
            if !self.dependencies.has_ended(test) && !self.looking.contains_key(&test) {
                self.end(self.unseen(test, Status::NotRun, Why::NotRun(reason)));
            }
        }
    }

    /// A plan has no cycles; if this one has, nothing hangs.
    pub(super) fn end_those_that_wait_for_each_other(&mut self) {
        for test in 0..self.run.plan.tests.len() {
            if !self.dependencies.has_ended(test) {
                let why = Why::Errored("what it requires waits for it".to_owned());
                let code = Some(Unable::Value.code());
                self.end(TestEnded {
                    code,
                    ..self.unseen(test, Status::Errored, why)
                });
            }
        }
    }

    /// Nothing new starts. Those looking may finish within the grace.
    fn stop(&mut self, reason: NotRun) {
        if *self.halt.borrow() != Halt::No {
            return;
        }
        self.halt.send_replace(Halt::Stopping(reason));
        self.alarm = Some(later(Instant::now(), self.config.grace));
        self.end_the_rest(reason);
    }
}
