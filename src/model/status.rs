//! How a test instance ended.

use std::fmt;

macro_rules! statuses {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// The one terminal status of a planned instance. What it counts as is the gate's business.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Status { $($(#[$doc])* $variant,)* }

        impl Status {
            /// Every status.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in documents others read.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

statuses! {
    /// Every expectation held.
    Passed = "passed",
    /// Held only after a retry.
    Flaky = "flaky",
    /// An expectation did not hold, a fault was not expected, or a claim is refuted.
    Failed = "failed",
    /// Declared with `expect_failure`, but it passed: the expectation is stale.
    UnexpectedPass = "unexpected_pass",
    /// A claim about a sample is neither proved nor refuted.
    Unproved = "unproved",
    /// We could not look.
    Errored = "errored",
    /// Something it requires, or a session it uses, did not end well.
    Blocked = "blocked",
    /// Not run, or cut short: fail-fast, deadline, interrupt.
    NotRun = "not_run",
    /// Its condition is false, a permission is missing, or what it requires was skipped.
    Skipped = "skipped",
    /// Declared with `expect_failure`, and it failed with that code.
    ExpectedFailure = "expected_failure",
    /// Failed, and a live waiver matches its code.
    Waived = "waived",
}

impl Status {
    /// Reads a status by its name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|status| status.name() == name)
    }

    /// Whether a look was made and judged: what `min_executed` counts.
    pub const fn is_executed(self) -> bool {
        match self {
            Self::Passed
            | Self::Flaky
            | Self::Failed
            | Self::Unproved
            | Self::ExpectedFailure
            | Self::UnexpectedPass
            | Self::Waived => true,
            Self::Errored | Self::Blocked | Self::NotRun | Self::Skipped => false,
        }
    }

    /// Whether it is bad or open in the gate whatever the policy says; of the others `flaky` is open where a test is critical.
    pub const fn is_bad_or_open(self) -> bool {
        match self {
            Self::Failed
            | Self::UnexpectedPass
            | Self::Unproved
            | Self::Errored
            | Self::Blocked
            | Self::NotRun => true,
            Self::Passed | Self::Flaky | Self::Skipped | Self::ExpectedFailure | Self::Waived => {
                false
            }
        }
    }

    /// Whether it satisfies the `requires` of another test.
    pub const fn satisfies_requires(self) -> bool {
        matches!(self, Self::Passed | Self::Flaky)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
