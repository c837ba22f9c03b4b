//! What diagnosis says of a run, in words and lines: the headline, the split, a cause, a failure.
//! Every report that tells it tells it so.
//!
//! No word in here says more than the confidence does, and every list ends with how much it leaves out.

mod counted;
mod rows;
mod words;

use std::collections::HashMap;

use self::counted::how_many;
pub(super) use self::counted::split;
pub(super) use self::rows::{Extent, Row};
pub(super) use self::words::{
    UNEXPLAINED, about, adjusted, advised, class, folded, name, numbered, owner, runbooks, tied,
    title,
};
use super::wording;
use crate::model::{Cause, ConditionKind, Diagnosed, FinishedRun, Status, TestId, Word};

/// A run with its diagnosis, ready to be asked about tests.
pub(super) struct Explained<'a> {
    pub(super) run: &'a FinishedRun,
    statuses: HashMap<&'a TestId, Status>,
    by_test: HashMap<&'a TestId, &'a Diagnosed>,
}

impl<'a> Explained<'a> {
    pub(super) fn new(run: &'a FinishedRun) -> Self {
        let tests = run.record.tests.iter();
        let failures = run.diagnosis.failures.iter();
        Self {
            run,
            statuses: tests.map(|test| (&test.header.id, test.status)).collect(),
            by_test: failures.map(|one| (&one.test, one)).collect(),
        }
    }

    /// The causes that are told: of a GO those of what did not end well all the same.
    pub(super) fn causes(&self) -> &'a [Cause] {
        let conditions = &self.run.verdict.conditions;
        let is_well = !conditions
            .iter()
            .any(|one| one.kind == ConditionKind::NotGood);
        match self.run.verdict.word {
            Word::Go if is_well => &[],
            Word::Go | Word::NoGo | Word::Inconclusive => &self.run.diagnosis.causes,
        }
    }

    /// Whether it is an instance of the run: a session is none.
    pub(super) fn is_test(&self, id: &TestId) -> bool {
        self.statuses.contains_key(id)
    }

    /// What the evidence of this instance says.
    pub(super) fn of(&self, test: &TestId) -> Option<&'a Diagnosed> {
        self.by_test.get(test).copied()
    }

    /// `NO-GO: 23 failed, 9 blocked — at least 2 causes, 1 failure not explained`; `None` where there is nothing to explain.
    pub(super) fn headline(&self) -> Option<String> {
        let how_many = how_many(self.causes(), self.run.diagnosis.hidden)?;
        let counts = self.run.record.counts();
        let ended: Vec<String> = UNWELL
            .iter()
            .filter(|status| counts.of(**status) > 0)
            .map(|status| format!("{} {}", counts.of(*status), wording::status(*status)))
            .collect();
        let ended = if ended.is_empty() {
            String::new()
        } else {
            format!("{} — ", ended.join(", "))
        };
        Some(format!("{}: {ended}{how_many}", self.run.verdict.word))
    }

    /// `13 failed, 1 errored (database/login, … and 11 more); 9 blocked (database/rows, …)`.
    pub(super) fn explains(&self, cause: &Cause, names: usize) -> String {
        let status = |test: &TestId| self.statuses.get(test).copied().unwrap_or(Status::Failed);
        let mut counts: Vec<String> = Vec::new();
        for wanted in Status::ALL {
            let n = cause
                .failed
                .iter()
                .filter(|test| status(test) == *wanted)
                .count();
            if n > 0 {
                counts.push(format!("{n} {}", wording::status(*wanted)));
            }
        }
        let mut parts = Vec::new();
        if !counts.is_empty() {
            parts.push(format!(
                "{} ({})",
                counts.join(", "),
                ids(&cause.failed, names)
            ));
        }
        if !cause.blocked.is_empty() {
            let n = cause.blocked.len();
            parts.push(format!("{n} blocked ({})", ids(&cause.blocked, names)));
        }
        parts.join("; ")
    }
}

/// How instances end that are counted in the headline.
const UNWELL: &[Status] = &[
    Status::Failed,
    Status::UnexpectedPass,
    Status::Unproved,
    Status::Errored,
    Status::Flaky,
    Status::Blocked,
];

fn ids(tests: &[TestId], most: usize) -> String {
    // As many places as are counted, and as many texts as are shown.
    let mut names: Vec<String> = tests.iter().take(most + 1).map(TestId::to_string).collect();
    names.resize(tests.len(), String::new());
    wording::list(&names, most)
}
