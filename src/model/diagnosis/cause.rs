//! One cause behind one or many failures.

use super::{Blame, Layer, Offset};
use crate::model::{Code, OnFail, TestId};

/// What explains one or many failures.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause {
    /// What broke: `sock:db.internal:5432`.
    pub resource: String,
    /// Where.
    pub layer: Layer,
    /// The rule that says so.
    pub rule: String,
    /// What it means where that rule holds, in a sentence or two. Empty in documents from before it was written.
    pub meaning: String,
    /// The code of the failure it was seen by.
    pub code: Code,
    /// The instance of that failure: what it says is said of the cause. `None` in documents from before it was written;
    /// see [`Cause::lead`].
    pub lead: Option<TestId>,
    /// Whose it is.
    pub blame: Blame,
    /// Always, or now and then.
    pub standing: Standing,
    /// One weak observation alone: listed, and not said to be a cause.
    pub unexplained: bool,
    /// The instances it explains, in plan order.
    pub failed: Vec<TestId>,
    /// The instances that were not run because of those.
    pub blocked: Vec<TestId>,
    /// Others that explain as much: this run cannot tell which it is. Positions in
    /// [`Diagnosis::causes`](super::Diagnosis::causes).
    pub tied_with: Vec<usize>,
    /// What speaks for it, strongest first: at most ten.
    pub evidence: Vec<Cited>,
    /// What speaks against it.
    pub refuting: Vec<Cited>,
    /// What the authors of the tests that broke there wrote down for that day, those of the failure that speaks for it first: at
    /// most ten. Those of its consequences meant other failures, and are not asked.
    pub advice: Vec<Advice>,
    /// What `on_fail` looked at once tests of it had failed, and saw: at most ten.
    pub looks: Vec<Cited>,
    /// How many more there were of what ten are kept of. Nothing in documents from before it was counted.
    pub left_out: LeftOut,
    /// When the first of its failures ended, and the last.
    pub seen: (Offset, Offset),
    /// Why the failures are its consequences; each line from an edge, and with evidence. Ends where the evidence ends.
    pub why: Vec<WhyLine>,
    /// The strongest explanation that does not hold, and what refutes it.
    pub rejected: Option<WhyLine>,
    /// How to make sure of it.
    pub confirm: String,
    /// What would show that it is wrong.
    pub falsify: String,
    /// What to do about it, where its rule says so. Empty where it does not, and in documents from before it was written.
    pub hint: String,
    /// What to run next, with the target's values filled in. Printed, never run.
    pub commands: Vec<String>,
}

impl Cause {
    /// The instance whose failure speaks for the cause; where that was not written, the first that failed.
    pub fn lead(&self) -> Option<&TestId> {
        self.lead.as_ref().or_else(|| self.failed.first())
    }

    /// Whom the suites name for such failures, each once. Empty where no suite names anybody:
    /// then [`Blame::owner`] is all that is known.
    pub fn named_owners(&self) -> Vec<&str> {
        let mut owners: Vec<&str> = Vec::new();
        for owner in self
            .advice
            .iter()
            .filter_map(|one| one.on_fail.owner.as_deref())
        {
            if !owners.contains(&owner) {
                owners.push(owner);
            }
        }
        owners
    }
}

/// What the author of a test, or of several, wrote for the day it fails. An opinion beside the evidence, and told as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// The first of the tests that say so.
    pub test: TestId,
    /// How many of the failed tests say so; from 1.
    pub tests: u64,
    /// What they say.
    pub on_fail: OnFail,
}

/// How many were left out of the lists of a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LeftOut {
    /// Of [`Cause::evidence`].
    pub evidence: usize,
    /// Of [`Cause::advice`].
    pub advice: usize,
    /// Of [`Cause::looks`].
    pub looks: usize,
}

/// Whether it always fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nobody passed.
    Down,
    /// Some passed through the same place.
    Intermittent {
        /// How many looks failed there: an instance is one, one with `repeat` as many as it made.
        failed: u64,
        /// Of how many that were there at the same time.
        of: u64,
    },
}

/// A line of reasoning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhyLine {
    /// In words.
    pub text: String,
    /// What it rests on.
    pub evidence: Option<Cited>,
}

/// A test, and what was seen in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cited {
    /// Which.
    pub test: TestId,
    /// Which of its attempts; from 1. `None` where it is about all of them.
    pub attempt: Option<u64>,
    /// What was seen: `tcp.refused, errno 111, after 2 ms`.
    pub text: String,
}
