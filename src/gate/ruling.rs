//! What the rules say: every check of every rule, held or not.

use crate::model::{Category, Code, KnownCode, Reason, Rule, Status, TestId, Why, Word};

use super::instance::Instance;

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// What is required was seen.
    Holds,
    /// Not enough is proved either way.
    Open,
    /// What is required can no longer be reached.
    Lost,
    /// Nothing can be said, whatever the other checks came to.
    Undecidable,
}

impl State {
    /// For a requirement that can be met or not, but not refuted.
    pub(super) const fn holds_or_open(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::Open }
    }
}

/// A rule and all its checks. A rule that has nothing to check in this run has none, and is still listed.
#[derive(Debug)]
pub(super) struct Ruling {
    pub(super) rule: Rule,
    pub(super) checks: Vec<Check>,
}

/// One requirement, how it came out, and the words for it.
#[derive(Debug)]
pub(super) struct Check {
    pub(super) state: State,
    pub(super) category: Option<Category>,
    pub(super) required: String,
    pub(super) actual: String,
    pub(super) tests: Vec<(TestId, Option<Code>)>,
}

impl Ruling {
    /// A reason for every check that does not hold.
    pub(super) fn into_reasons(self) -> impl Iterator<Item = Reason> {
        let rule = self.rule;
        self.checks.into_iter().filter_map(move |check| {
            let word = match check.state {
                State::Holds => return None,
                State::Lost => Word::NoGo,
                State::Open | State::Undecidable => Word::Inconclusive,
            };
            Some(Reason {
                rule,
                word,
                category: check.category,
                required: check.required,
                actual: check.actual,
                tests: check.tests,
            })
        })
    }
}

/// Names the instances behind a check, each with its code where it has one.
pub(super) fn named<'a>(
    instances: impl Iterator<Item = &'a Instance<'a>>,
) -> Vec<(TestId, Option<Code>)> {
    instances
        .map(|instance| (instance.test.header.id.clone(), code_of(instance)))
        .collect()
}

/// The instance's own code; where it has none, its root's, or the gate's own word for it.
fn code_of(instance: &Instance<'_>) -> Option<Code> {
    let test = instance.test;
    if test.code.is_some() {
        return test.code.clone();
    }
    match (test.status, &test.why) {
        (Status::Flaky, _) => Some(KnownCode::Flaky.code()),
        (Status::UnexpectedPass, _) => Some(KnownCode::UnexpectedPass.code()),
        (Status::Blocked, Some(Why::Blocked(roots))) => {
            roots.iter().find_map(|blamed| blamed.code.clone())
        }
        _ => None,
    }
}
