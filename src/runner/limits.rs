//! Who may start now, beside those that run: slots, origins, and who wants to be alone. Without a clock.
//!
//! Nothing here walks through all that wait: they wait by category, or parked at the origin that is full.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use crate::model::{Category, Status, TestEnded};
use crate::plan::{Alone, Plan};

/// After so many `tcp.*` failures in a row from one origin, its tests go one at a time.
const FAILURES_IN_A_ROW: u32 = 10;

/// Something that takes a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Job {
    /// An instance, by its position.
    Test(usize),
    /// A session to be opened, by its position.
    Session(usize),
}

/// All that wait for a slot, and what those that run leave free.
#[derive(Debug)]
pub(super) struct Limits {
    jobs: usize,
    running: usize,
    tests: Vec<Entry>,
    categories: Vec<Lane>,
    /// Sessions to be opened, each at the place of the test that wants it first.
    sessions: BinaryHeap<Reverse<(usize, usize)>>,
    origins: Vec<Origin>,
    /// Tests that want to be alone and are next: nobody they exclude may start before them.
    reserved: Vec<usize>,
    alone_running: Vec<usize>,
    /// How many of them, reserved or running, exclude everybody.
    exclude_all: usize,
}

#[derive(Debug)]
struct Entry {
    category: usize,
    /// Those of its steps, then those of its looks.
    origins: Box<[usize]>,
    /// How many are those of its steps.
    own: usize,
    excludes: Excludes,
}

#[derive(Debug)]
enum Excludes {
    Nobody,
    Everybody,
    Categories(Box<[usize]>),
}

/// The tests of one category.
#[derive(Debug, Default)]
struct Lane {
    waiting: BinaryHeap<Reverse<usize>>,
    running: usize,
    /// By how many tests that are alone, reserved or running, it is excluded.
    excluded: usize,
}

#[derive(Debug)]
struct Origin {
    limit: usize,
    running: usize,
    failures: u32,
    parked: BinaryHeap<Reverse<usize>>,
}

impl Limits {
    pub(super) fn new<'p>(plan: &'p Plan, jobs: usize, per_origin: usize) -> Self {
        let mut categories: HashMap<&Category, usize> = HashMap::new();
        let mut origins: HashMap<&'p str, usize> = HashMap::new();
        for test in &plan.tests {
            let next = categories.len();
            categories.entry(test.header.id.category()).or_insert(next);
        }
        let mut tests = Vec::with_capacity(plan.tests.len());
        for test in &plan.tests {
            let mut known = |names: &'p [String]| {
                let mut known: Vec<usize> = Vec::with_capacity(names.len());
                for origin in names {
                    let next = origins.len();
                    known.push(*origins.entry(origin).or_insert(next));
                }
                known.sort_unstable();
                known.dedup();
                known
            };
            let mut all = known(&test.origins);
            let own = all.len();
            all.extend(known(&test.origins_of_looks));
            let excludes = match &test.alone {
                Alone::No => Excludes::Nobody,
                Alone::Everything => Excludes::Everybody,
                // A category without planned tests excludes nobody.
                Alone::Of(named) => Excludes::Categories(
                    named
                        .iter()
                        .filter_map(|name| categories.get(name).copied())
                        .collect(),
                ),
            };
            let category = categories[test.header.id.category()];
            tests.push(Entry {
                category,
                origins: all.into(),
                own,
                excludes,
            });
        }
        let origin = || Origin {
            limit: per_origin.max(1),
            running: 0,
            failures: 0,
            parked: BinaryHeap::new(),
        };
        Self {
            jobs: jobs.max(1),
            running: 0,
            tests,
            categories: categories.iter().map(|_| Lane::default()).collect(),
            sessions: BinaryHeap::new(),
            origins: origins.iter().map(|_| origin()).collect(),
            reserved: Vec::new(),
            alone_running: Vec::new(),
            exclude_all: 0,
        }
    }

    /// A test waits from now on.
    pub(super) fn wait(&mut self, test: usize) {
        let category = self.tests[test].category;
        self.categories[category].waiting.push(Reverse(test));
    }

    /// A session waits from now on, at the place of the test that wants it.
    pub(super) fn wait_for_session(&mut self, session: usize, test: usize) {
        self.sessions.push(Reverse((test, session)));
    }

    /// Nobody waits any more.
    pub(super) fn clear(&mut self) {
        self.sessions.clear();
        self.categories
            .iter_mut()
            .for_each(|lane| lane.waiting.clear());
        self.origins
            .iter_mut()
            .for_each(|origin| origin.parked.clear());
        for test in std::mem::take(&mut self.reserved) {
            self.exclude(test, false);
        }
    }

    /// The next that starts, in plan order as far as the limits allow; it runs from now on.
    pub(super) fn next(&mut self) -> Option<Job> {
        if self.running >= self.jobs {
            return None;
        }
        if let Some(at) = (0..self.reserved.len()).find(|at| self.may_start_reserved(*at)) {
            let test = self.reserved.remove(at);
            self.exclude(test, false);
            return Some(self.start(test));
        }
        loop {
            let test = match self.first()? {
                Job::Session(session) => {
                    self.sessions.pop();
                    self.running += 1;
                    return Some(Job::Session(session));
                }
                Job::Test(test) => test,
            };
            self.categories[self.tests[test].category].waiting.pop();
            let full = self.tests[test]
                .origins
                .iter()
                .copied()
                .find(|origin| !self.origins[*origin].has_room());
            let is_alone = !matches!(self.tests[test].excludes, Excludes::Nobody);
            if is_alone && (full.is_some() || self.must_wait_for_running(test)) {
                self.exclude(test, true);
                self.reserved.push(test);
            } else if let Some(full) = full {
                self.origins[full].parked.push(Reverse(test));
                // The room it was woken for elsewhere is another's.
                self.wake(test);
            } else {
                return Some(self.start(test));
            }
        }
    }

    /// A test has ended and leaves its slot.
    pub(super) fn test_ended(&mut self, ended: &TestEnded) {
        let test = ended.test;
        self.running -= 1;
        self.categories[self.tests[test].category].running -= 1;
        for at in 0..self.tests[test].origins.len() {
            let origin = self.tests[test].origins[at];
            self.origins[origin].running -= 1;
        }
        if let Some(at) = self.alone_running.iter().position(|alone| *alone == test) {
            self.alone_running.swap_remove(at);
            self.exclude(test, false);
        }
        self.count_failure(ended);
        self.wake(test);
    }

    /// A session was opened, or could not be, and leaves its slot.
    pub(super) fn session_ended(&mut self) {
        self.running -= 1;
    }

    /// The first in plan order that nobody excludes.
    fn first(&self) -> Option<Job> {
        if self.exclude_all > 0 {
            return None;
        }
        let lanes = self.categories.iter().filter(|lane| lane.excluded == 0);
        let test = lanes
            .filter_map(|lane| lane.waiting.peek())
            .map(|Reverse(test)| *test)
            .min();
        let session = self.sessions.peek().map(|Reverse(session)| *session);
        match (test, session) {
            (Some(test), Some((wanted_by, _))) if test < wanted_by => Some(Job::Test(test)),
            (_, Some((_, session))) => Some(Job::Session(session)),
            (test, None) => test.map(Job::Test),
        }
    }

    fn start(&mut self, test: usize) -> Job {
        self.running += 1;
        self.categories[self.tests[test].category].running += 1;
        for origin in &self.tests[test].origins {
            self.origins[*origin].running += 1;
        }
        if !matches!(self.tests[test].excludes, Excludes::Nobody) {
            self.exclude(test, true);
            self.alone_running.push(test);
        }
        Job::Test(test)
    }

    /// Whether somebody runs whom this test excludes.
    fn must_wait_for_running(&self, test: usize) -> bool {
        match &self.tests[test].excludes {
            Excludes::Nobody => false,
            Excludes::Everybody => self.running > 0,
            Excludes::Categories(named) => named
                .iter()
                .any(|category| self.categories[*category].running > 0),
        }
    }

    /// The first that is reserved waits only for those that run; the others also for those before them.
    fn may_start_reserved(&self, at: usize) -> bool {
        let test = self.reserved[at];
        let entry = &self.tests[test];
        let excludes_it = |other: &usize| match &self.tests[*other].excludes {
            Excludes::Nobody => false,
            Excludes::Everybody => true,
            Excludes::Categories(named) => named.contains(&entry.category),
        };
        !self.must_wait_for_running(test)
            && entry
                .origins
                .iter()
                .all(|origin| self.origins[*origin].has_room())
            && !self
                .alone_running
                .iter()
                .chain(&self.reserved[..at])
                .any(excludes_it)
    }

    fn exclude(&mut self, test: usize, more: bool) {
        let count = |number: &mut usize| if more { *number += 1 } else { *number -= 1 };
        match &self.tests[test].excludes {
            Excludes::Nobody => {}
            Excludes::Everybody => count(&mut self.exclude_all),
            Excludes::Categories(named) => {
                named
                    .iter()
                    .for_each(|category| count(&mut self.categories[*category].excluded));
            }
        }
    }

    /// Lets one that is parked at each of this test's origins try again.
    fn wake(&mut self, test: usize) {
        for at in 0..self.tests[test].origins.len() {
            let origin = &mut self.origins[self.tests[test].origins[at]];
            if origin.has_room()
                && let Some(Reverse(parked)) = origin.parked.pop()
            {
                self.wait(parked);
            }
        }
    }

    /// Only tests of one origin count: of several we do not know which one failed.
    fn count_failure(&mut self, ended: &TestEnded) {
        let entry = &self.tests[ended.test];
        let [origin] = entry.origins[..entry.own] else {
            return;
        };
        let origin = &mut self.origins[origin];
        let is_tcp = ended
            .code
            .as_ref()
            .is_some_and(|code| code.as_str().starts_with("tcp."));
        if ended.status == Status::Failed && is_tcp {
            origin.failures += 1;
            if origin.failures >= FAILURES_IN_A_ROW {
                origin.limit = 1;
            }
        } else if ended.status.is_executed() {
            origin.failures = 0;
        }
    }
}

impl Origin {
    fn has_room(&self) -> bool {
        self.running < self.limit
    }
}
