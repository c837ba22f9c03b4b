//! What was known of a run and of its instances before the first look.

use std::borrow::Cow;

use super::mirror::mirror;
use super::policy::Policy;
use super::scalar::{Id, Instant, Object};
use super::word::Named;
use crate::model;

mirror! {
    /// What is known of a run before its first look.
    Header<'a> of RunHeader {
        /// The run.
        id: Cow<'a, str>,
        /// The version of allclear that ran it.
        tool_version: Cow<'a, str>,
        /// Wall-clock start.
        started: Instant,
        /// The name of the machine it ran on.
        host: Cow<'a, str>,
        /// From where it looked.
        vantage: Cow<'a, str>,
        /// The target's name.
        target: Cow<'a, str>,
        /// The suites are those inside the program.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        shipped: bool,
        /// The target's variables that hold no secret, masked.
        variables: Object<Cow<'a, str>, Cow<'a, str>>,
        /// Flags that change what the run means, as given.
        flags: Vec<Cow<'a, str>>,
        /// The gate's rules.
        policy: Policy<'a>,
        /// Keys of `gate:` that the target overrode.
        overridden: Vec<Cow<'a, str>>,
        /// What the target omits.
        omitted: Vec<Omitted<'a>>,
        /// Lints of the suites.
        lints: Vec<Cow<'a, str>>,
        /// Digests of what was read.
        digests: Digests<'a>,
        /// Set when only a part was selected.
        #[serde(skip_serializing_if = "Option::is_none")]
        partial: Option<Partial<'a>>,
        /// Instances of the target that were not selected: counted, not listed.
        filtered: u64,
        /// The planned instances, in plan order. Left out where `tests` tells the same.
        #[serde(rename = "planned_tests", default, skip_serializing_if = "Vec::is_empty")]
        tests: Vec<TestHeader<'a>>,
    }
}

mirror! {
    /// Something the target leaves out.
    Omitted<'a> of Omitted {
        /// The id, category or glob as written.
        pattern: Cow<'a, str>,
        /// The reason as written.
        reason: Cow<'a, str>,
        /// How many instances that took away.
        instances: u64,
    }
}

mirror! {
    /// SHA-256 digests, in hexadecimal.
    Digests<'a> of Digests {
        /// Of all suite files, sessions and `allclear.yaml`.
        suites: Cow<'a, str>,
        /// Of the target file.
        target: Cow<'a, str>,
    }
}

mirror! {
    /// A run of a part.
    Partial<'a> of Partial {
        /// What selected it, as given.
        by: Cow<'a, str>,
        /// Instances selected or pulled in.
        selected: u64,
        /// Instances of the target.
        of: u64,
    }
}

mirror! {
    /// What is known of an instance before it runs.
    TestHeader<'a> of TestHeader {
        /// The instance: `category/name[row]`.
        id: Id,
        /// Where it stands.
        place: Place<'a>,
        /// What it says about itself in one line.
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<Cow<'a, str>>,
        /// What it proves.
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<Cow<'a, str>>,
        /// Its tags, its category's and its file's.
        tags: Vec<Cow<'a, str>>,
        /// Who answers for it.
        #[serde(skip_serializing_if = "Option::is_none")]
        owner: Option<Cow<'a, str>>,
        /// A veto in the gate.
        critical: bool,
        /// Never waivable.
        invariant: bool,
        /// Its category is preflight.
        preflight: bool,
        /// The instances it requires by name.
        requires: Vec<Id>,
        /// The categories it requires, every instance of each but its own.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        requires_categories: Vec<Cow<'a, str>>,
        /// The sessions it uses.
        uses: Vec<Cow<'a, str>>,
        /// What it looks at.
        resources: Vec<Cow<'a, str>>,
        /// What its author knows better.
        on_fail: OnFail<'a>,
        /// Whether its attempts connect anew.
        connections: Named<model::Connections>,
        /// Selected only because another test requires it.
        pulled_in: bool,
        /// Runs with nothing else beside it.
        alone: bool,
        /// Every expectation it really has.
        expectations: Vec<ExpectationText<'a>>,
        /// SHA-256 of the expectations and of what is looked at, in hexadecimal.
        digest: Cow<'a, str>,
    }
}

mirror! {
    /// A position in a file.
    Place<'a> of Place {
        /// The file as the user named it.
        file: Cow<'a, str>,
        /// From 1.
        line: u32,
        /// In characters, from 1.
        column: u32,
    }
}

mirror! {
    /// An expectation in words.
    ExpectationText<'a> of ExpectationText {
        /// The step it belongs to; missing for a test of one probe.
        #[serde(skip_serializing_if = "Option::is_none")]
        step: Option<Cow<'a, str>>,
        /// In the suite's words.
        text: Cow<'a, str>,
    }
}

mirror! {
    /// What the author knows better than the classifier.
    OnFail<'a> of OnFail {
        /// The class of the failure.
        #[serde(skip_serializing_if = "Option::is_none")]
        class: Option<Cow<'a, str>>,
        /// Who answers for it then.
        #[serde(skip_serializing_if = "Option::is_none")]
        owner: Option<Cow<'a, str>>,
        /// What to look at.
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<Cow<'a, str>>,
        /// Where the procedure stands.
        #[serde(skip_serializing_if = "Option::is_none")]
        runbook: Option<Cow<'a, str>>,
    }
}
