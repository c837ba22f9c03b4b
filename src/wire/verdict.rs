//! What the gate decided.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::mirror::{Mirror, mirror};
use super::scalar::Id;
use super::word::Named;
use crate::model;

mirror! {
    /// What the gate decided.
    Verdict<'a> of Verdict {
        /// The word.
        word: Named<model::Word>,
        /// Every rule that does not hold. Empty exactly when the word is GO.
        reasons: Vec<Reason<'a>>,
        /// What everybody should know even at GO.
        conditions: Vec<Condition<'a>>,
    }
}

mirror! {
    /// Why the word is not GO.
    Reason<'a> of Reason {
        /// The rule that does not hold.
        rule: Named<model::Rule>,
        /// The word it asks for.
        word: Named<model::Word>,
        /// The category it is about.
        #[serde(skip_serializing_if = "Option::is_none")]
        category: Option<Cow<'a, str>>,
        /// What the rule requires.
        required: Cow<'a, str>,
        /// What is the case.
        actual: Cow<'a, str>,
        /// The tests behind it.
        tests: Vec<TestWithCode<'a>>,
    }
}

/// A test behind a reason, with its code where it has one.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct TestWithCode<'a> {
    /// The test.
    id: Id,
    /// The code of what made it end so.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<Cow<'a, str>>,
}

impl<'a> Mirror<'a, (model::TestId, Option<model::Code>)> for TestWithCode<'a> {
    fn of((id, code): &'a (model::TestId, Option<model::Code>)) -> Self {
        Self {
            id: Mirror::of(id),
            code: Mirror::of(code),
        }
    }

    fn back(self) -> (model::TestId, Option<model::Code>) {
        (self.id.back(), self.code.back())
    }
}

mirror! {
    /// Something a GO holds under.
    Condition<'a> of Condition {
        /// Of which kind.
        kind: Named<model::ConditionKind>,
        /// The test or pattern it is about.
        #[serde(skip_serializing_if = "Option::is_none")]
        subject: Option<Cow<'a, str>>,
        /// One line for people.
        text: Cow<'a, str>,
    }
}
