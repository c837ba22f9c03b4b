//! A test as its suite wants it, one per row of its matrix, with the defaults of its file and project applied.

use std::time::Duration;

use super::{Cold, CompareWith, Mode, Step, Used};
use crate::model::{ActorName, Category, CodePattern, Connections, OnFail, Place, TestId};
use crate::yaml::Span;

/// One test instance.
#[derive(Debug)]
pub struct Test {
    /// Who it is.
    pub id: TestId,
    /// Where its name stands.
    pub place: Place,
    /// One line about it.
    pub title: Option<String>,
    /// What it proves.
    pub description: Option<String>,
    /// Its own tags and its defaults'.
    pub tags: Vec<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Its own `critical: true`; its category's comes from the policy.
    pub critical: bool,
    /// What must have passed before.
    pub requires: Vec<Requirement>,
    /// Who does it at once, each with values of its own; nobody in particular where there are none.
    pub actors: Vec<ActorName>,
    /// The sessions it uses.
    pub uses: Vec<Used>,
    /// Its `when` as written, when that is false for this target.
    pub when_false: Option<String>,
    /// How attempts follow each other.
    pub mode: Mode,
    /// Of one attempt.
    pub timeout: Duration,
    /// What makes the start that it looks at a cold one.
    pub cold: Option<Box<Cold>>,
    /// In order.
    pub steps: Vec<Step>,
    /// After each attempt.
    pub cleanup: Vec<Step>,
    /// Who may run beside it.
    pub alone: Alone,
    /// Whether attempts connect anew.
    pub connections: Connections,
    /// A reproduction that must fail.
    pub expect_failure: Option<Box<ExpectFailure>>,
    /// `side_effects: true`.
    pub side_effects: bool,
    /// What its author knows better than the classifier.
    pub on_fail: OnFail,
    /// What is looked at, too, once it has not held; nothing of it is judged.
    pub looks: Vec<Step>,
    /// SHA-256 of its mapping as written, with its row, in hexadecimal: what it looks at and expects.
    pub digest: String,
    /// Where things stand that can only be checked when all suites are read, and that lints point at.
    pub(super) spans: Spans,
}

impl Test {
    /// With what its sample is compared, and where that stands.
    pub(super) fn compared(&self) -> Option<(&CompareWith, Span)> {
        let Mode::Repeat(repeat) = &self.mode else {
            return None;
        };
        let with = repeat.compare_with.as_ref()?;
        Some((with, self.spans.compare_with.unwrap_or(self.spans.name)))
    }
}

/// Where the parts of a test stand.
#[derive(Debug, Clone)]
pub(super) struct Spans {
    /// Its name.
    pub(super) name: Span,
    /// Each of its `requires`, in order.
    pub(super) requires: Vec<Span>,
    /// `retry`, `until` or `repeat`.
    pub(super) mode: Option<Span>,
    /// The test that `compare_with` names.
    pub(super) compare_with: Option<Span>,
    /// Its own `timeout`.
    pub(super) timeout: Option<Span>,
    /// Each category of its `alone`, in order.
    pub(super) alone: Vec<Span>,
    /// `expect_failure`.
    pub(super) expect_failure: Option<Span>,
}

/// An entry of `requires`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requirement {
    /// A test; without a row, all its rows.
    Test(TestId),
    /// All instances of a category but one's own.
    Category(Category),
}

/// Who may run beside a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alone {
    /// Anybody.
    No,
    /// Nobody.
    Everything,
    /// Nobody of these categories.
    Of(Vec<Category>),
}

/// `expect_failure`.
#[derive(Debug, Clone)]
pub struct ExpectFailure {
    /// The code it must fail with.
    pub code: CodePattern,
    /// Why that is right for now.
    pub reason: String,
}
