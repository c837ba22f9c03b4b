//! The word, its reasons, and its conditions.

use std::fmt;

use super::{Category, Code, TestId};

/// The word everything is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Word {
    /// Everything that must hold was seen to hold.
    Go,
    /// Something that must hold does not.
    NoGo,
    /// Not enough is proved either way.
    Inconclusive,
}

impl Word {
    /// As printed: `GO`, `NO-GO`, `INCONCLUSIVE`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Go => "GO",
            Self::NoGo => "NO-GO",
            Self::Inconclusive => "INCONCLUSIVE",
        }
    }

    /// Reads a word as printed.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Go, Self::NoGo, Self::Inconclusive]
            .into_iter()
            .find(|word| word.name() == name)
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

macro_rules! rules {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A rule of the gate, by its stable id.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Rule { $($(#[$doc])* $variant,)* }

        impl Rule {
            /// Every rule, in the order reasons are listed.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable id.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

rules! {
    /// A critical test of a preflight category is not good.
    Preflight = "preflight",
    /// A critical instance is bad or open.
    Critical = "critical",
    /// The floor over the whole run.
    PassRate = "pass_rate",
    /// The floor of a category.
    CategoryPassRate = "category_pass_rate",
    /// A critical instance or an invariant proved nothing: skipped, or otherwise out.
    CriticalOut = "critical_out",
    /// Too little was executed.
    MinExecuted = "min_executed",
    /// A required category is absent, empty, or proved nothing.
    RequiredCategory = "required_category",
    /// Too many flaky instances.
    MaxFlaky = "max_flaky",
    /// Too many skipped instances.
    MaxSkipped = "max_skipped",
    /// Too many waived instances.
    MaxWaived = "max_waived",
    /// The run stands under conditions, and was to have none (`--strict`).
    Strict = "strict",
    /// Only a part was selected.
    Partial = "partial",
    /// The run was interrupted.
    Interrupted = "interrupted",
    /// The record does not add up: a planned instance without exactly one end.
    Complete = "complete",
}

impl Rule {
    /// Reads a rule by its id.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.name() == name)
    }
}

/// Why the word is not GO.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The rule that does not hold.
    pub rule: Rule,
    /// The word it asks for.
    pub word: Word,
    /// The category it is about.
    pub category: Option<Category>,
    /// What the rule requires: `4 of 4 good`.
    pub required: String,
    /// What is the case: `3 of 4 good`.
    pub actual: String,
    /// The tests behind it, each with its code where it has one.
    pub tests: Vec<(TestId, Option<Code>)>,
}

/// Something a GO holds under, and everybody should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Of which kind.
    pub kind: ConditionKind,
    /// The test or pattern it is about.
    pub subject: Option<String>,
    /// One line for people.
    pub text: String,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// The kinds of conditions.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ConditionKind { $($(#[$doc])* $variant,)* }

        impl ConditionKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

kinds! {
    /// A test did not end well, and the floors allow it. Of other words than GO the reasons and the tests say it.
    NotGood = "not_good",
    /// A waiver was used.
    Waived = "waived",
    /// A test held only after a retry.
    Flaky = "flaky",
    /// A test was skipped.
    Skipped = "skipped",
    /// A test failed as its suite says it does: nothing is proved by it.
    ExpectedFailure = "expected_failure",
    /// The target omits a test.
    Omitted = "omitted",
    /// A clean-up did not hold.
    LeftBehind = "left_behind",
    /// A lint of the suites.
    Lint = "lint",
}

impl ConditionKind {
    /// Reads a kind by its name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

/// What the gate decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The word.
    pub word: Word,
    /// Every rule that does not hold, not only the first. Empty exactly when the word is GO.
    pub reasons: Vec<Reason>,
    /// What everybody should know even at GO.
    pub conditions: Vec<Condition>,
}
