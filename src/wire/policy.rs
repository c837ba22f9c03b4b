//! The gate's rules.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::mirror::{Mirror, mirror};
use super::scalar::{Id, Millionths};
use super::word::Named;
use crate::model;

mirror! {
    /// The rules of the gate, complete.
    Policy<'a> of Policy {
        /// The floor over the whole run.
        #[serde(rename = "pass_rate_millionths")]
        pass_rate: Millionths,
        /// How much must have been executed.
        min_executed: MinExecuted,
        /// Categories that must have proved something.
        require_categories: Vec<Cow<'a, str>>,
        /// Cap on flaky instances.
        max_flaky: Cap,
        /// Cap on skipped instances.
        max_skipped: Cap,
        /// Cap on waived instances.
        max_waived: Cap,
        /// Tests that nothing may waive; without a row, all rows.
        invariants: Vec<Id>,
        /// The categories, in the order listed.
        categories: Vec<CategoryPolicy<'a>>,
        /// What the gate applies to.
        mode: Named<model::GateMode>,
        /// A condition keeps a run from GO.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        strict: bool,
    }
}

mirror! {
    /// How much must have been executed.
    MinExecuted of MinExecuted {
        /// At least this many tests.
        #[serde(skip_serializing_if = "Option::is_none")]
        tests: Option<u64>,
        /// At least this share of planned minus skipped.
        #[serde(rename = "percent_millionths", skip_serializing_if = "Option::is_none")]
        percent: Option<Millionths>,
    }
}

mirror! {
    /// The rules of one category.
    CategoryPolicy<'a> of CategoryPolicy {
        /// Its name.
        name: Cow<'a, str>,
        /// Every instance of it is critical.
        critical: bool,
        /// About us and the target's identity.
        preflight: bool,
        /// An extra floor.
        #[serde(rename = "pass_rate_millionths", skip_serializing_if = "Option::is_none")]
        pass_rate: Option<Millionths>,
        /// Flaky instances are good, critical ones too.
        flaky_passes: bool,
    }
}

/// At most so many.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Cap {
    /// At most this many.
    Count(u64),
    /// At most this share of planned minus filtered; zero is allowed.
    ShareMillionths(u32),
}

impl<'a> Mirror<'a, model::Cap> for Cap {
    fn of(model: &'a model::Cap) -> Self {
        match *model {
            model::Cap::Count(most) => Self::Count(most),
            model::Cap::Share(millionths) => Self::ShareMillionths(millionths),
        }
    }

    fn back(self) -> model::Cap {
        match self {
            Self::Count(most) => model::Cap::Count(most),
            Self::ShareMillionths(millionths) => model::Cap::Share(millionths),
        }
    }
}
