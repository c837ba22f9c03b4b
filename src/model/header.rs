//! What is known of a run and of its instances before the first look.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Category, Place, Policy, RunId, SessionName, StepName, TestId};

/// What is known of a run before its first look.
#[derive(Debug, Clone, PartialEq)]
pub struct RunHeader {
    /// The run.
    pub id: RunId,
    /// The version of allclear that ran it.
    pub tool_version: String,
    /// Wall-clock start, UTC.
    pub started: Timestamp,
    /// The name of the machine it ran on.
    pub host: String,
    /// From where it looked, when the user says so (`--vantage`); else the host.
    pub vantage: String,
    /// The target's name.
    pub target: String,
    /// The suites are those inside the program, and no folder of anybody's.
    pub shipped: bool,
    /// The target's variables that hold no secret, masked, in the order written.
    pub variables: Vec<(String, String)>,
    /// Flags that change what the run means, as given: `--fail-fast`, `--deadline 10m`.
    pub flags: Vec<String>,
    /// The gate's rules.
    pub policy: Policy,
    /// Keys of `gate:` that the target overrode.
    pub overridden: Vec<String>,
    /// What the target omits.
    pub omitted: Vec<Omitted>,
    /// Lints of the suites, one line each.
    pub lints: Vec<String>,
    /// Digests of what was read.
    pub digests: Digests,
    /// Set when only a part was selected.
    pub partial: Option<Partial>,
    /// Instances of the target that were not selected: counted, not listed.
    pub filtered: u64,
    /// Every planned instance, in plan order.
    pub tests: Vec<Arc<TestHeader>>,
}

/// Something the target leaves out, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Omitted {
    /// The id, category or glob as written.
    pub pattern: String,
    /// The reason as written.
    pub reason: String,
    /// How many instances that took away.
    pub instances: u64,
}

/// SHA-256 digests, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Digests {
    /// Of all suite files, sessions and `allclear.yaml`.
    pub suites: String,
    /// Of the target file.
    pub target: String,
}

/// A run of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partial {
    /// What selected it, as given: `--only connectivity/*`.
    pub by: String,
    /// Instances selected or pulled in.
    pub selected: u64,
    /// Instances of the target.
    pub of: u64,
}

/// What is known of an instance before it runs.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent statements about a test, not the states of one machine"
)]
#[derive(Debug, Clone, PartialEq)]
pub struct TestHeader {
    /// The instance.
    pub id: TestId,
    /// Where it stands.
    pub place: Place,
    /// What it says about itself in one line.
    pub title: Option<String>,
    /// What it proves.
    pub description: Option<String>,
    /// Its own tags, its file's and the project's.
    pub tags: Vec<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// A veto in the gate: its own `critical`, its category's, or an invariant.
    pub critical: bool,
    /// Never waivable.
    pub invariant: bool,
    /// Its category is preflight.
    pub preflight: bool,
    /// The instances it requires by name, resolved.
    pub requires: Vec<TestId>,
    /// The categories it requires, every instance of each but its own.
    pub requires_categories: Vec<Category>,
    /// The sessions it uses.
    pub uses: Vec<SessionName>,
    /// What it looks at: `sock:db.internal:5432`. What failures are grouped by.
    pub resources: Vec<String>,
    /// What its author knows better.
    pub on_fail: OnFail,
    /// Whether its attempts connect anew.
    pub connections: Connections,
    /// Selected only because another test requires it.
    pub pulled_in: bool,
    /// Runs with nothing else beside it (or nothing of the named categories).
    pub alone: bool,
    /// Every expectation it really has.
    pub expectations: Vec<ExpectationText>,
    /// SHA-256 of the test as it is written and of its row's label, in hexadecimal: changed when somebody edited it.
    pub digest: String,
}

/// An expectation in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectationText {
    /// The step it belongs to; `None` for a test of one probe.
    pub step: Option<StepName>,
    /// In the suite's words: `status equals 200`.
    pub text: String,
}

/// What the author knows better than the classifier.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct OnFail {
    /// The class of the failure: `infrastructure`, `application`, `configuration`, `test_defect`.
    pub class: Option<String>,
    /// Who answers for it then.
    pub owner: Option<String>,
    /// What to look at.
    pub hint: Option<String>,
    /// Where the procedure stands.
    pub runbook: Option<String>,
}

/// Whether attempts connect anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Connections {
    /// Every attempt resolves, connects and shakes hands anew; its steps share.
    #[default]
    Fresh,
    /// Connections are shared between attempts and tests.
    Reuse,
}

impl RunHeader {
    /// Categories that have planned instances, in plan order.
    pub fn categories(&self) -> Vec<Category> {
        let mut seen: Vec<Category> = Vec::new();
        for test in &self.tests {
            if !seen.contains(test.id.category()) {
                seen.push(test.id.category().clone());
            }
        }
        seen
    }
}
