//! A test instance: what was known before, and how it ended.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::attempt::{Attempt, Sample};
use super::header::TestHeader;
use super::mirror::{Mirror, mirror};
use super::scalar::{Elapsed, Id, Nanos};
use super::word::Named;
use crate::model;

mirror! {
    /// One instance and how it ended.
    Test<'a> of TestRecord {
        /// What was known before.
        #[serde(flatten)]
        header: TestHeader<'a>,
        /// How it ended.
        status: Named<model::Status>,
        /// The code of what made it end so.
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<Cow<'a, str>>,
        /// Why it was not judged on what was seen.
        #[serde(skip_serializing_if = "Option::is_none")]
        why: Option<Why<'a>>,
        /// The attempts that are kept, in order.
        attempts: Vec<Attempt<'a>>,
        /// How many attempts (or polls) were made.
        attempts_made: u64,
        /// Of a test with `repeat`.
        #[serde(skip_serializing_if = "Option::is_none")]
        sample: Option<Sample<'a>>,
        /// When it started looking, in nanoseconds from the run's start.
        #[serde(rename = "started_ns")]
        started: Nanos,
        /// How long it took, clean-ups included, waiting for a slot not.
        #[serde(flatten)]
        elapsed: Elapsed,
        /// Clean-ups that did not hold: what they left behind.
        left_behind: Vec<Cow<'a, str>>,
    }
}

/// Why an instance was not judged on what was seen.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Why<'a> {
    /// Blocked by these.
    Blocked(Vec<Blamed<'a>>),
    /// Skipped, and the reason in words.
    Skipped(Cow<'a, str>),
    /// We could not look, and the reason in words.
    Errored(Cow<'a, str>),
    /// Not run, or cut short.
    NotRun(Named<model::NotRun>),
}

impl<'a> Mirror<'a, model::Why> for Why<'a> {
    fn of(model: &'a model::Why) -> Self {
        match model {
            model::Why::Blocked(roots) => Self::Blocked(Mirror::of(roots)),
            model::Why::Skipped(reason) => Self::Skipped(Mirror::of(reason)),
            model::Why::Errored(reason) => Self::Errored(Mirror::of(reason)),
            model::Why::NotRun(reason) => Self::NotRun(Mirror::of(reason)),
        }
    }

    fn back(self) -> model::Why {
        match self {
            Self::Blocked(roots) => model::Why::Blocked(roots.back()),
            Self::Skipped(reason) => model::Why::Skipped(reason.back()),
            Self::Errored(reason) => model::Why::Errored(reason.back()),
            Self::NotRun(reason) => model::Why::NotRun(reason.back()),
        }
    }
}

mirror! {
    /// A root of a blocked instance.
    Blamed<'a> of Blamed {
        /// Which.
        root: Root<'a>,
        /// How it ended.
        status: Named<model::Status>,
        /// With which code.
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<Cow<'a, str>>,
    }
}

/// What can block.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Root<'a> {
    /// An instance.
    Test(Id),
    /// A session.
    Session(Cow<'a, str>),
}

impl<'a> Mirror<'a, model::Root> for Root<'a> {
    fn of(model: &'a model::Root) -> Self {
        match model {
            model::Root::Test(id) => Self::Test(Mirror::of(id)),
            model::Root::Session(name) => Self::Session(Mirror::of(name)),
        }
    }

    fn back(self) -> model::Root {
        match self {
            Self::Test(id) => model::Root::Test(id.back()),
            Self::Session(name) => model::Root::Session(name.back()),
        }
    }
}

mirror! {
    /// A session: done once per run, shared by those who use it.
    Session<'a> of SessionRecord {
        /// Its name.
        name: Cow<'a, str>,
        /// How it ended.
        status: Named<model::Status>,
        /// The code of what made it end so.
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<Cow<'a, str>>,
        /// Why it was not judged on what was seen.
        #[serde(skip_serializing_if = "Option::is_none")]
        why: Option<Why<'a>>,
        /// Its steps and, at the end of the run, its clean-ups.
        #[serde(skip_serializing_if = "Option::is_none")]
        attempt: Option<Attempt<'a>>,
        /// Nanoseconds from the run's start.
        #[serde(rename = "started_ns")]
        started: Nanos,
        /// Clean-ups that did not hold.
        left_behind: Vec<Cow<'a, str>>,
    }
}
