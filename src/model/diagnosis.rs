//! What explains the failures of a run: which layer, whose, and why. Never part of the verdict.

use std::fmt;
use std::time::Duration;

use super::{Code, StepName, TestId};

mod blame;
mod cause;
mod layer;
mod split;

pub use blame::{Blame, Class, Confidence};
pub use cause::{Advice, Cause, Cited, LeftOut, Standing, WhyLine};
pub use layer::Layer;
pub use split::{Share, Split};

/// Everything that diagnosis has to say of a run. The same record gives the same diagnosis.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Diagnosis {
    /// The version of the rules: `2026.1`, and what a user's file adds.
    pub ruleset: String,
    /// The rules that explained the run when it ended, where it was explained again with others.
    pub instead_of: Option<String>,
    /// The few causes behind the many failures: those of critical tests first, and of these who explains most.
    pub causes: Vec<Cause>,
    /// Every instance that failed of its own, in plan order.
    pub failures: Vec<Diagnosed>,
    /// Instances that could not be run because others failed. Behind them there may be causes that nobody saw:
    /// with any, there are *at least* so many.
    pub hidden: u64,
}

impl Diagnosis {
    /// Whether anybody diagnosed the run. A record of an older version was not; who reads it may diagnose it anew.
    pub fn is_made(&self) -> bool {
        !self.ruleset.is_empty()
    }

    /// The diagnosis of an instance.
    pub fn of(&self, test: &TestId) -> Option<&Diagnosed> {
        self.failures.iter().find(|one| one.test == *test)
    }

    /// The classes of the causes, counted.
    pub fn split(&self) -> Split {
        Split::of(&self.causes)
    }
}

/// One instance that failed of its own, and what its own evidence says.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnosed {
    /// Which.
    pub test: TestId,
    /// Which of its attempts was looked at; from 1.
    pub attempt: u64,
    /// Which of its steps, where it has a name.
    pub step: Option<StepName>,
    /// The rule that matched: `TCP-1`.
    pub rule: String,
    /// Where it broke.
    pub layer: Layer,
    /// What it broke at: `sock:db.internal:5432`.
    pub resource: String,
    /// What is behind that and broke, as the answer or the log names it: `sock:db:5432`.
    pub behind: Option<String>,
    /// The code it ended with.
    pub code: Code,
    /// Whose it is, as far as this goes.
    pub blame: Blame,
    /// What the rule matched, in words: `tcp.refused (errno 111) in phase connect`.
    pub evidence: Vec<String>,
    /// What else it could be.
    pub alternatives: Vec<String>,
    /// One check that would tell them apart.
    pub next: String,
    /// What changed the rule's own words, and why.
    pub adjusted: Vec<Adjustment>,
    /// Which of [`Diagnosis::causes`] explains it.
    pub cause: usize,
}

/// What the rest of the run says about one failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adjustment {
    /// Of which kind.
    pub kind: Modifier,
    /// In words, with the test it rests on.
    pub text: String,
}

macro_rules! modifiers {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What can change the words of a rule.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Modifier { $($(#[$doc])* $variant,)* }

        impl Modifier {
            /// Every modifier.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

modifiers! {
    /// A control failed: we are not fit to judge.
    Unsound = "unsound",
    /// Others passed through the same resource: it is not down.
    Intermittent = "intermittent",
    /// It failed only where many looked at once.
    Load = "load",
    /// Something deeper failed on the way: this is a consequence.
    Consequence = "consequence",
    /// What answers is not what was deployed.
    Identity = "identity",
    /// Another vantage sees it otherwise.
    Vantage = "vantage",
    /// Every attempt took the same time: a fixed timeout, and whose.
    FixedTimeout = "fixed_timeout",
    /// The author of the test knows the class.
    Author = "author",
    /// Taken from a text that anybody could have written.
    Nested = "nested",
}

impl fmt::Display for Modifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// From the start of the run to a moment of it, as everywhere in a record.
pub(super) type Offset = Duration;
