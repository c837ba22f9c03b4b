//! The sessions of a run: those that are open, and their clean-ups at the end.

use std::sync::Arc;

use super::Coordinator;
use super::renewals::Renewal;
use super::tasks::{Doing, Done};
use crate::check::Captured;
use crate::model::{Event, SessionRecord};
use crate::runner::scope::{LateScope, Sessions};
use crate::runner::session::{NOT_CLEANED_UP, close};

/// A session after its opening, however that ended.
pub(super) struct OpenSession {
    pub(super) record: Arc<SessionRecord>,
    /// For those who begin now.
    pub(super) captures: Arc<[Captured]>,
    /// One for each time it was opened, until its clean-ups take them; none after a panic.
    pub(super) scopes: Vec<LateScope>,
    pub(super) renewal: Renewal,
}

impl Coordinator<'_> {
    /// A session was opened, or could not be.
    pub(super) fn opened(
        &mut self,
        session: usize,
        record: SessionRecord,
        captures: Arc<[Captured]>,
        scope: Option<LateScope>,
    ) {
        if self.is_open(session) {
            self.renewed(session, record, captures, scope);
            return;
        }
        let record = Arc::new(record);
        self.limits.session_ended();
        self.emit(Event::SessionEnded(record.clone()));
        self.dependencies.session_ended(session, &record);
        self.sessions[session] = Some(OpenSession {
            record,
            captures,
            scopes: scope.into_iter().collect(),
            renewal: Renewal::None,
        });
    }

    /// What the sessions of a test have captured; with actors those of each.
    pub(super) fn sessions_of(&self, test: usize) -> Arc<[Arc<Sessions>]> {
        let planned = &self.run.plan.tests[test];
        if planned.actors.is_empty() {
            return Arc::new([self.captured(&planned.uses)]);
        }
        let actors = planned.actors.iter();
        actors.map(|actor| self.captured(&actor.uses)).collect()
    }

    fn captured(&self, sessions: &[usize]) -> Arc<Sessions> {
        let opened = |session: &usize| {
            let opened = self.sessions[*session].as_ref()?;
            let called = self.run.plan.sessions[*session].called.clone();
            Some((called, opened.captures.clone()))
        };
        Arc::new(sessions.iter().filter_map(opened).collect())
    }

    /// Runs the clean-ups of all sessions, at most `jobs` sessions at once.
    pub(super) async fn close_sessions(&mut self) {
        let mut open: Vec<usize> = (0..self.sessions.len()).rev().collect();
        while !self.has_left {
            while self.tasks.len() < self.run.jobs
                && let Some(session) = open.pop()
            {
                self.close(session);
            }
            if self.tasks.is_empty() {
                return;
            }
            self.take_next().await;
        }
        for session in 0..self.sessions.len() {
            self.give_up_closing(session, NOT_CLEANED_UP);
        }
    }

    /// The clean-ups of a session were run.
    pub(super) fn closed(&mut self, session: usize, record: SessionRecord) {
        self.sessions[session] = None;
        self.emit(Event::SessionEnded(Arc::new(record)));
    }

    /// The clean-ups of a session came to no end.
    pub(super) fn give_up_closing(&mut self, session: usize, why: &str) {
        let Some(opened) = self.sessions[session].take() else {
            return;
        };
        if self.run.plan.sessions[session].cleanup.is_empty() {
            return;
        }
        let mut left_behind = opened.record.left_behind.clone();
        left_behind.push(why.to_owned());
        let record = SessionRecord {
            left_behind,
            ..SessionRecord::clone(&opened.record)
        };
        self.emit(Event::SessionEnded(Arc::new(record)));
    }

    fn close(&mut self, session: usize) {
        let Some(opened) = self.sessions[session].as_mut() else {
            return;
        };
        let scopes = std::mem::take(&mut opened.scopes);
        if scopes.is_empty() || self.run.plan.sessions[session].cleanup.is_empty() {
            return;
        }
        let (run, record) = (self.run.clone(), opened.record.clone());
        let closing =
            async move { Done::Closed(session, close(run, session, record, scopes).await) };
        self.tasks.start(Doing::Close(session), closing);
    }
}
