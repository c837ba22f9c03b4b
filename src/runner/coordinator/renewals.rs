//! Sessions that are opened anew, because their token would end before a test that is about to begin.
//!
//! The test has its slot already and lends it: whoever comes first opens the session for all,
//! and those who have begun keep what they were given.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Coordinator;
use super::tasks::{Doing, Done};
use crate::check::Captured;
use crate::model::{Blamed, Event, Root, SessionRecord, Status, TestEnded, Why};
use crate::runner::expiry;
use crate::runner::scope::LateScope;
use crate::runner::session::{open, opened_again};

/// How far a session is with being opened anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Renewal {
    /// There is no need.
    None,
    /// It is about to be.
    Begun,
    /// It could not be; it is not tried a second time.
    Failed,
}

/// Those that wait for it, and those that are to be opened.
#[derive(Debug, Default)]
pub(super) struct Renewals {
    /// Tests that have their slot, each with the sessions it still waits for.
    waiting: Vec<(usize, Vec<usize>)>,
    queue: VecDeque<usize>,
    running: usize,
}

impl Coordinator<'_> {
    /// A test has its slot: it begins, unless a token of its sessions would end before it.
    pub(super) fn begin_test(&mut self, test: usize) {
        let short = self.too_short(test);
        if short.is_empty() {
            self.start(test);
        } else if !self.block(test, &short) {
            for session in &short {
                if let Some(opened) = &mut self.sessions[*session]
                    && opened.renewal == Renewal::None
                {
                    opened.renewal = Renewal::Begun;
                    self.renewals.queue.push_back(*session);
                }
            }
            self.renewals.waiting.push((test, short));
            self.open_anew();
        }
    }

    /// Whether this session is open, so that what ends now was opening it anew.
    pub(super) fn is_open(&self, session: usize) -> bool {
        self.sessions[session].is_some()
    }

    /// A session was opened anew, or could not be.
    pub(super) fn renewed(
        &mut self,
        session: usize,
        record: SessionRecord,
        captures: Arc<[Captured]>,
        scope: Option<LateScope>,
    ) {
        self.renewals.running -= 1;
        let Some(opened) = &mut self.sessions[session] else {
            return;
        };
        let is_good = record.status == Status::Passed;
        opened.record = Arc::new(opened_again(&opened.record, record));
        opened.scopes.extend(scope);
        if is_good {
            opened.captures = captures;
            opened.renewal = Renewal::None;
        } else {
            opened.renewal = Renewal::Failed;
        }
        let told = Event::SessionEnded(opened.record.clone());
        self.emit(told);
        let mut waiting = std::mem::take(&mut self.renewals.waiting);
        for (_, sessions) in &mut waiting {
            sessions.retain(|other| *other != session);
        }
        let (free, waiting): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|(_, left)| left.is_empty());
        self.renewals.waiting = waiting;
        for (test, _) in free {
            let uses = self.run.plan.tests[test].uses.clone();
            // A run that is about to end has ended those that wait already.
            if !self.dependencies.has_ended(test) && !self.block(test, &uses) {
                self.start(test);
            }
        }
        self.open_anew();
    }

    /// The sessions of a test whose tokens would end before it.
    fn too_short(&self, test: usize) -> Vec<usize> {
        let planned = &self.run.plan.tests[test];
        let mut uses = planned.uses.clone();
        uses.sort_unstable();
        uses.dedup();
        uses.retain(|session| {
            let opened = self.sessions[*session].as_ref();
            opened.is_some_and(|opened| !expiry::suffices(&opened.captures, planned, &self.run))
        });
        uses
    }

    /// Ends a test without a look where one of these could not be opened anew for it.
    fn block(&mut self, test: usize, sessions: &[usize]) -> bool {
        let blame = |session: &usize| {
            let opened = self.sessions[*session].as_ref()?;
            (opened.renewal == Renewal::Failed).then(|| Blamed {
                root: Root::Session(opened.record.name.clone()),
                status: opened.record.status,
                code: opened.record.code.clone(),
            })
        };
        let roots: Vec<Blamed> = sessions.iter().filter_map(blame).collect();
        let Some(first) = roots.first() else {
            return false;
        };
        let ended = TestEnded {
            code: first.code.clone(),
            ..self.unseen(test, Status::Blocked, Why::Blocked(roots))
        };
        self.looked(ended);
        true
    }

    /// Opens those that are to be, at most `jobs` at once.
    fn open_anew(&mut self) {
        while self.renewals.running < self.run.jobs
            && self.closed.is_none()
            && let Some(session) = self.renewals.queue.pop_front()
        {
            self.renewals.running += 1;
            let run = self.run.clone();
            let opening = async move { Done::Opened(session, open(run, session).await) };
            self.tasks.start(Doing::Open(session), opening);
        }
    }
}
