//! Who waits for whom, and what becomes of an instance whose waiting is over. Without a clock.
//!
//! An instance waits until all it requires have ended, then for the sessions it uses. One with side effects also waits
//! for every guard; exempt are preflight itself and what guards require, or they would wait for each other.

use std::collections::VecDeque;
use std::sync::Arc;

use super::blame::{Blame, End};
use crate::model::{Code, Root, Sample, SessionRecord, Status, TestEnded, Why};
use crate::plan::{Plan, Skip};

/// What becomes of an instance whose waiting is over.
#[derive(Debug)]
pub(super) enum Decision {
    /// It may run.
    Run,
    /// It waits for sessions; these are to be opened for it now.
    Open(Vec<usize>),
    /// It ends without a look.
    End(Status, Option<Code>, Why),
}

/// The state of all waiting.
#[derive(Debug)]
pub(super) struct Dependencies {
    plan: Arc<Plan>,
    tests: Vec<Waiting>,
    groups: Vec<Gathering>,
    sessions: Vec<Opening>,
    guards: Guards,
    due: VecDeque<usize>,
    left: usize,
}

#[derive(Debug, Default)]
struct Waiting {
    /// Of how many ends: what it requires, then the sessions it uses; a group is one, and so are all guards.
    waits_for: usize,
    /// Who requires it.
    dependents: Vec<usize>,
    /// The groups it belongs to.
    groups: Vec<usize>,
    is_guarded: bool,
    end: Option<End>,
    /// Where another is compared with it: what it came to.
    sample: Option<Arc<Sample>>,
}

/// A group that others require as one.
#[derive(Debug, Default)]
struct Gathering {
    left: usize,
    /// Who requires it.
    dependents: Vec<usize>,
    /// Those of it that ended otherwise than their dependents need, in plan order once all have ended.
    failed: Vec<usize>,
}

#[derive(Debug, Default)]
struct Opening {
    is_wanted: bool,
    /// Who waits for it now.
    waiting: Vec<usize>,
    end: Option<End>,
}

#[derive(Debug, Default)]
struct Guards {
    left: usize,
    waiting: Vec<usize>,
    /// Guards that are not good.
    failed: Vec<usize>,
}

impl Dependencies {
    pub(super) fn new(plan: Arc<Plan>) -> Self {
        let exempt = exempt(&plan);
        let mut tests: Vec<Waiting> = plan.tests.iter().map(|_| Waiting::default()).collect();
        let mut guards = Guards {
            left: plan.tests.iter().filter(|test| test.guards).count(),
            ..Guards::default()
        };
        let mut groups: Vec<Gathering> = plan
            .groups
            .iter()
            .map(|members| Gathering {
                left: members.len(),
                ..Gathering::default()
            })
            .collect();
        for (group, members) in plan.groups.iter().enumerate() {
            for member in members {
                tests[*member].groups.push(group);
            }
        }
        for (at, test) in plan.tests.iter().enumerate() {
            // One that is empty has ended already.
            let full = test
                .requires_groups
                .iter()
                .filter(|group| groups[**group].left > 0);
            tests[at].waits_for =
                test.requires.len() + full.count() + usize::from(test.compare_with.is_some());
            for group in &test.requires_groups {
                groups[*group].dependents.push(at);
            }
            for required in test.requires.iter().chain(&test.compare_with) {
                tests[*required].dependents.push(at);
            }
            if test.side_effects && !exempt[at] && guards.left > 0 {
                tests[at].is_guarded = true;
                tests[at].waits_for += 1;
                guards.waiting.push(at);
            }
        }
        let sessions = plan.sessions.iter().map(|session| {
            let skipped =
                |why: &Skip| ended_skipped(&format!("session {}", session.name), &why.to_string());
            Opening {
                end: session.skip.as_ref().map(skipped),
                ..Opening::default()
            }
        });
        let sessions = sessions.collect();
        // Those that will not run need not wait to say so.
        let skipped = (0..tests.len()).filter(|at| plan.tests[*at].skip.is_some());
        let free = (0..tests.len())
            .filter(|at| plan.tests[*at].skip.is_none() && tests[*at].waits_for == 0);
        let due = skipped.chain(free).collect();
        Self {
            left: tests.len(),
            plan,
            tests,
            groups,
            sessions,
            guards,
            due,
        }
    }

    /// How many instances have not ended.
    pub(super) fn left(&self) -> usize {
        self.left
    }

    /// Whether this instance has ended.
    pub(super) fn has_ended(&self, test: usize) -> bool {
        self.tests[test].end.is_some()
    }

    /// The sample with which that of this instance is compared.
    pub(super) fn compared(&self, test: usize) -> Option<Arc<Sample>> {
        let other = self.plan.tests[test].compare_with?;
        self.tests[other].sample.clone()
    }

    /// The next instance whose waiting is over.
    pub(super) fn next_due(&mut self) -> Option<(usize, Decision)> {
        loop {
            let test = self.due.pop_front()?;
            if !self.has_ended(test) {
                return Some((test, self.decide(test)));
            }
        }
    }

    /// Takes the end of an instance; those that waited for it may be due now.
    pub(super) fn test_ended(&mut self, ended: &TestEnded) {
        let at = ended.test;
        if self.has_ended(at) {
            return;
        }
        if self.plan.tests[at].is_compared {
            let looked = |sample: &&Arc<Sample>| !sample.rows.is_empty();
            // One that we have cut short shows less than it would have.
            let is_whole = ended.status != Status::NotRun;
            let sample = ended.sample.as_ref().filter(looked);
            self.tests[at].sample = sample.filter(|_| is_whole).cloned();
        }
        let id = &self.plan.tests[at].header.id;
        let end = match &ended.why {
            Some(Why::Skipped(reason)) if self.plan.tests[at].skip.is_some() => {
                ended_skipped(&id.to_string(), reason)
            }
            // It was skipped for another's sake; those that require it hear of that one.
            Some(Why::Skipped(reason)) => End {
                skipped: Some(reason.as_str().into()),
                ..bare(Status::Skipped)
            },
            Some(Why::Blocked(roots)) => End {
                roots: roots.as_slice().into(),
                ..bare(ended.status)
            },
            Some(Why::Errored(_) | Why::NotRun(_)) | None => bare(ended.status),
        };
        self.tests[at].end = Some(End {
            code: ended.code.clone(),
            ..end
        });
        self.left -= 1;
        for dependent in std::mem::take(&mut self.tests[at].dependents) {
            self.one_less(dependent);
        }
        for group in std::mem::take(&mut self.tests[at].groups) {
            let gathering = &mut self.groups[group];
            if !ended.status.satisfies_requires() {
                gathering.failed.push(at);
            }
            gathering.left -= 1;
            if gathering.left == 0 {
                gathering.failed.sort_unstable();
                for dependent in std::mem::take(&mut gathering.dependents) {
                    self.one_less(dependent);
                }
            }
        }
        if self.plan.tests[at].guards {
            if !self.is_good(at, ended.status) {
                self.guards.failed.push(at);
            }
            self.guards.left -= 1;
            if self.guards.left == 0 {
                self.guards.failed.sort_unstable();
                for waiting in std::mem::take(&mut self.guards.waiting) {
                    self.one_less(waiting);
                }
            }
        }
    }

    /// Takes what a session came to; those that waited for it may be due now.
    pub(super) fn session_ended(&mut self, session: usize, record: &SessionRecord) {
        let end = End {
            code: record.code.clone(),
            ..bare(record.status)
        };
        self.sessions[session].end.get_or_insert(end);
        for waiting in std::mem::take(&mut self.sessions[session].waiting) {
            self.one_less(waiting);
        }
    }

    fn one_less(&mut self, test: usize) {
        self.tests[test].waits_for -= 1;
        if self.tests[test].waits_for == 0 {
            self.due.push_back(test);
        }
    }

    fn decide(&mut self, at: usize) -> Decision {
        let plan = self.plan.clone();
        let test = &plan.tests[at];
        if let Some(why) = &test.skip {
            return Decision::End(Status::Skipped, None, Why::Skipped(why.to_string()));
        }
        let mut blame = Blame::default();
        let mut skipped: Option<Arc<str>> = None;
        let root = |test: usize| Root::Test(plan.tests[test].header.id.clone());
        for required in self.not_satisfied(at) {
            match &self.tests[required].end {
                Some(End {
                    skipped: Some(reason),
                    ..
                }) => {
                    skipped.get_or_insert_with(|| reason.clone());
                }
                Some(end) => blame.add(|| root(required), end),
                None => {}
            }
        }
        // Whatever it came to, as long as there is something to compare with.
        if let Some(other) = test.compare_with
            && self.tests[other].sample.is_none()
            && let Some(end) = &self.tests[other].end
        {
            blame.add(|| root(other), end);
        }
        if self.tests[at].is_guarded {
            for guard in &self.guards.failed {
                if let Some(end) = &self.tests[*guard].end {
                    blame.add(|| root(*guard), end);
                }
            }
        }
        let mut closed = Vec::new();
        for session in &test.uses {
            match &self.sessions[*session].end {
                None => closed.push(*session),
                Some(End {
                    status: Status::Passed,
                    ..
                }) => {}
                Some(End {
                    skipped: Some(reason),
                    ..
                }) => {
                    skipped.get_or_insert_with(|| reason.clone());
                }
                Some(end) => blame.add(|| Root::Session(plan.sessions[*session].name.clone()), end),
            }
        }
        let roots = blame.into_roots();
        if let Some(first) = roots.first() {
            return Decision::End(Status::Blocked, first.code.clone(), Why::Blocked(roots));
        }
        if let Some(reason) = skipped {
            return Decision::End(Status::Skipped, None, Why::Skipped(reason.to_string()));
        }
        if closed.is_empty() {
            return Decision::Run;
        }
        closed.sort_unstable();
        closed.dedup();
        self.tests[at].waits_for = closed.len();
        for session in &closed {
            self.sessions[*session].waiting.push(at);
        }
        closed.retain(|session| !std::mem::replace(&mut self.sessions[*session].is_wanted, true));
        Decision::Open(closed)
    }

    /// What this instance requires and did not end as it should, in plan order.
    fn not_satisfied(&self, at: usize) -> Vec<usize> {
        let test = &self.plan.tests[at];
        let is_good = |required: &&usize| {
            let end = &self.tests[**required].end;
            end.as_ref()
                .is_some_and(|end| end.status.satisfies_requires())
        };
        let named = test.requires.iter().filter(|required| !is_good(required));
        let of_groups = test
            .requires_groups
            .iter()
            .flat_map(|group| &self.groups[*group].failed);
        let mut all: Vec<usize> = named.chain(of_groups).copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Whether a guard lets tests with side effects run: it counts as good in the gate.
    fn is_good(&self, at: usize, status: Status) -> bool {
        let category = self.plan.tests[at].header.id.category();
        let flaky_passes = || {
            self.plan
                .header
                .policy
                .category(category)
                .is_some_and(|rules| rules.flaky_passes)
        };
        match status {
            Status::Passed => true,
            Status::Flaky => flaky_passes(),
            Status::Failed
            | Status::UnexpectedPass
            | Status::Unproved
            | Status::Errored
            | Status::Blocked
            | Status::NotRun
            | Status::Skipped
            | Status::ExpectedFailure
            | Status::Waived => false,
        }
    }
}

fn bare(status: Status) -> End {
    End {
        status,
        code: None,
        roots: Arc::default(),
        skipped: None,
    }
}

fn ended_skipped(who: &str, reason: &str) -> End {
    End {
        skipped: Some(format!("{who} is skipped: {reason}").into()),
        ..bare(Status::Skipped)
    }
}

/// Preflight, the guards, and everything they require.
fn exempt(plan: &Plan) -> Vec<bool> {
    let mut exempt = vec![false; plan.tests.len()];
    let is_first = |at: &usize| plan.tests[*at].guards || plan.tests[*at].header.preflight;
    let mut open: Vec<usize> = (0..exempt.len()).filter(is_first).collect();
    let mut is_group_open = vec![false; plan.groups.len()];
    while let Some(at) = open.pop() {
        if !std::mem::replace(&mut exempt[at], true) {
            let test = &plan.tests[at];
            open.extend(test.requires.iter().chain(&test.compare_with));
            for group in &test.requires_groups {
                if !std::mem::replace(&mut is_group_open[*group], true) {
                    open.extend(&plan.groups[*group]);
                }
            }
        }
    }
    exempt
}
