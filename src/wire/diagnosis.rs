//! What explains the failures of a run: its causes, and what each failure says of itself.

use std::borrow::Cow;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::header::OnFail;
use super::mirror::{Mirror, mirror};
use super::scalar::{Id, Nanos};
use super::word::Named;
use crate::model;

mirror! {
    /// All of it, as an event carries it.
    Diagnosis<'a> of Diagnosis {
        /// The version of the rules.
        ruleset: Cow<'a, str>,
        /// The rules that explained the run when it ended, where it was explained again with others.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        instead_of: Option<Cow<'a, str>>,
        /// The few causes behind the many failures.
        causes: Vec<Cause<'a>>,
        /// Every instance that failed of its own.
        failures: Vec<Diagnosed<'a>>,
        /// Instances that could not be run because others failed.
        hidden: u64,
    }
}

mirror! {
    /// What the evidence of one failed instance says.
    Diagnosed<'a> of Diagnosed {
        /// Which instance.
        test: Id,
        /// Which of its attempts was looked at; from 1.
        attempt: u64,
        /// Which of its steps, where it has a name.
        #[serde(skip_serializing_if = "Option::is_none")]
        step: Option<Cow<'a, str>>,
        /// The rule that matched.
        rule: Cow<'a, str>,
        /// Where it broke.
        layer: Named<model::Layer>,
        /// What it broke at.
        resource: Cow<'a, str>,
        /// What is behind that and broke, as the answer or the log names it.
        /// Absent where it names nothing, and in older documents.
        #[serde(skip_serializing_if = "Option::is_none")]
        behind: Option<Cow<'a, str>>,
        /// The code it ended with.
        code: Cow<'a, str>,
        /// Whose it is.
        #[serde(flatten)]
        blame: Blame<'a>,
        /// What the rule matched, in words.
        evidence: Vec<Cow<'a, str>>,
        /// What else it could be.
        alternatives: Vec<Cow<'a, str>>,
        /// One check that would tell them apart.
        next: Cow<'a, str>,
        /// What changed the rule's own words, and why.
        adjusted: Vec<Adjustment<'a>>,
        /// Which of the causes explains it; a position, from 0.
        cause: usize,
    }
}

mirror! {
    /// What the rest of the run says about one failure.
    Adjustment<'a> of Adjustment {
        /// Of which kind.
        kind: Named<model::Modifier>,
        /// In words.
        text: Cow<'a, str>,
    }
}

mirror! {
    /// What explains one or many failures.
    Cause<'a> of Cause {
        /// What broke.
        resource: Cow<'a, str>,
        /// Where.
        layer: Named<model::Layer>,
        /// The rule that says so.
        rule: Cow<'a, str>,
        /// What it means where that rule holds. Absent in older documents.
        #[serde(default, skip_serializing_if = "str::is_empty")]
        meaning: Cow<'a, str>,
        /// The code of the failure it was seen by.
        code: Cow<'a, str>,
        /// The instance of that failure. Absent in older documents: the first of `failed`.
        #[serde(skip_serializing_if = "Option::is_none")]
        lead: Option<Id>,
        /// Whose it is.
        #[serde(flatten)]
        blame: Blame<'a>,
        /// Always, or now and then.
        standing: Standing,
        /// One weak observation alone: listed, and not said to be a cause.
        unexplained: bool,
        /// The instances it explains, in plan order.
        failed: Vec<Id>,
        /// The instances that were not run because of those.
        blocked: Vec<Id>,
        /// Others that explain as much; positions, from 0.
        tied_with: Vec<usize>,
        /// What speaks for it, strongest first.
        evidence: Vec<Cited<'a>>,
        /// What speaks against it.
        refuting: Vec<Cited<'a>>,
        /// What the authors of the tests that broke there wrote for that day (`on_fail`). Absent where they wrote nothing.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        advice: Vec<Advice<'a>>,
        /// What `on_fail` looked at once tests of it had failed, and saw. Absent where it looked at nothing.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        looks: Vec<Cited<'a>>,
        /// How many more there were of what ten are written of. Absent where none were left out, and in older documents.
        #[serde(default, skip_serializing_if = "LeftOut::is_nothing")]
        left_out: LeftOut,
        /// When it was seen.
        #[serde(flatten)]
        seen: Seen,
        /// Why the failures are its consequences.
        why: Vec<WhyLine<'a>>,
        /// The strongest explanation that does not hold, and what refutes it.
        #[serde(skip_serializing_if = "Option::is_none")]
        rejected: Option<WhyLine<'a>>,
        /// How to make sure of it.
        confirm: Cow<'a, str>,
        /// What would show that it is wrong.
        falsify: Cow<'a, str>,
        /// What to do about it. Absent where the rule does not say, and in older documents.
        #[serde(default, skip_serializing_if = "str::is_empty")]
        hint: Cow<'a, str>,
        /// What to run next. Never run by us.
        commands: Vec<Cow<'a, str>>,
    }
}

mirror! {
    /// How many were left out of the lists of a cause.
    #[derive(Default)]
    LeftOut of LeftOut {
        /// Of `evidence`.
        evidence: usize,
        /// Of `advice`.
        advice: usize,
        /// Of `looks`.
        looks: usize,
    }
}

impl LeftOut {
    const fn is_nothing(&self) -> bool {
        self.evidence == 0 && self.advice == 0 && self.looks == 0
    }
}

mirror! {
    /// What the author of a test, or of several, wrote for the day it fails: an opinion beside the evidence.
    Advice<'a> of Advice {
        /// The first of the tests that say so.
        test: Id,
        /// How many of the failed tests say so.
        tests: u64,
        /// What they say.
        #[serde(flatten)]
        on_fail: OnFail<'a>,
    }
}

mirror! {
    /// A line of reasoning.
    WhyLine<'a> of WhyLine {
        /// In words.
        text: Cow<'a, str>,
        /// What it rests on.
        #[serde(skip_serializing_if = "Option::is_none")]
        evidence: Option<Cited<'a>>,
    }
}

mirror! {
    /// A test, and what was seen in it.
    Cited<'a> of Cited {
        /// Which.
        test: Id,
        /// Which of its attempts; from 1. Absent where it is about all of them.
        #[serde(skip_serializing_if = "Option::is_none")]
        attempt: Option<u64>,
        /// What was seen.
        text: Cow<'a, str>,
    }
}

/// Whose a failure is. A leaning stands in a field of its own, so that nobody reads it as a class.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Blame<'a> {
    /// The class; `unknown` unless the confidence is medium at least.
    class: Named<model::Class>,
    /// What an unknown leans to.
    #[serde(skip_serializing_if = "Option::is_none")]
    leaning: Option<Named<model::Class>>,
    /// A part of the class, or of what it leans to.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<Cow<'a, str>>,
    /// How sure it is.
    confidence: Named<model::Confidence>,
    /// Who usually answers for it.
    owner: Cow<'a, str>,
}

impl<'a> Mirror<'a, model::Blame> for Blame<'a> {
    fn of(model: &'a model::Blame) -> Self {
        Self {
            class: Named(model.decided()),
            leaning: model.leaning().map(Named),
            detail: Mirror::of(&model.detail),
            confidence: Mirror::of(&model.confidence),
            owner: Mirror::of(&model.owner),
        }
    }

    fn back(self) -> model::Blame {
        model::Blame {
            class: self.leaning.unwrap_or(self.class).back(),
            detail: self.detail.back(),
            confidence: self.confidence.back(),
            owner: self.owner.back(),
        }
    }
}

/// Whether it always fails.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Standing {
    /// Nobody passed.
    Down,
    /// Some passed through the same place.
    Intermittent {
        /// How many instances failed there.
        failed: u64,
        /// Of how many that were there.
        of: u64,
    },
}

impl<'a> Mirror<'a, model::Standing> for Standing {
    fn of(model: &'a model::Standing) -> Self {
        match *model {
            model::Standing::Down => Self::Down,
            model::Standing::Intermittent { failed, of } => Self::Intermittent { failed, of },
        }
    }

    fn back(self) -> model::Standing {
        match self {
            Self::Down => model::Standing::Down,
            Self::Intermittent { failed, of } => model::Standing::Intermittent { failed, of },
        }
    }
}

/// When the first of the failures of a cause ended, and the last; nanoseconds from the run's start.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Seen {
    /// When the first of its failures ended, in nanoseconds from the run's start.
    first_seen_ns: Nanos,
    /// When the last of its failures ended, in nanoseconds from the run's start.
    last_seen_ns: Nanos,
}

impl<'a> Mirror<'a, (Duration, Duration)> for Seen {
    fn of((first, last): &'a (Duration, Duration)) -> Self {
        Self {
            first_seen_ns: Mirror::of(first),
            last_seen_ns: Mirror::of(last),
        }
    }

    fn back(self) -> (Duration, Duration) {
        (self.first_seen_ns.back(), self.last_seen_ns.back())
    }
}

/// What the document of a run says of its diagnosis besides the causes and what stands with each test.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Summary<'a> {
    /// The version of the rules: what it was, and what a user's file added.
    ruleset: Cow<'a, str>,
    /// The rules that explained the run when it ended, where it was explained again with others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    instead_of: Option<Cow<'a, str>>,
    /// Instances that could not be run because others failed. With any, there are *at least* so many causes.
    hidden: u64,
    /// The causes by class. Ignored when read back.
    #[serde(skip_deserializing)]
    split: Split,
    /// What stands with no instance of the plan: sessions that failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    beside: Vec<Diagnosed<'a>>,
}

/// The causes by class. Counted over causes, never over tests.
#[derive(Debug, Default, Serialize, JsonSchema)]
struct Split {
    /// Causes of this class.
    infrastructure: u64,
    /// Causes of this class.
    application: u64,
    /// Causes of this class.
    configuration: u64,
    /// Causes of this class.
    test_defect: u64,
    /// Causes whose class is not known, leaning or not.
    unknown: u64,
    /// How many of the unknown ones lean to infrastructure.
    leaning_infrastructure: u64,
    /// How many of the unknown ones lean to the application.
    leaning_application: u64,
}

impl<'a> Summary<'a> {
    pub(super) fn of(diagnosis: &'a model::Diagnosis, beside: Vec<Diagnosed<'a>>) -> Self {
        let model::Split {
            infrastructure,
            application,
            configuration,
            test_defect,
            unknown,
            leaning_infrastructure,
            leaning_application,
        } = diagnosis.split();
        Self {
            ruleset: Mirror::of(&diagnosis.ruleset),
            instead_of: Mirror::of(&diagnosis.instead_of),
            hidden: diagnosis.hidden,
            split: Split {
                infrastructure,
                application,
                configuration,
                test_defect,
                unknown,
                leaning_infrastructure,
                leaning_application,
            },
            beside,
        }
    }

    /// The diagnosis again, from what stands here and then what stands with the tests.
    pub(super) fn back(
        self,
        causes: Vec<Cause<'a>>,
        with_tests: Vec<model::Diagnosed>,
    ) -> model::Diagnosis {
        let mut failures: Vec<model::Diagnosed> = self.beside.back();
        failures.extend(with_tests);
        model::Diagnosis {
            ruleset: self.ruleset.into_owned(),
            instead_of: self.instead_of.back(),
            causes: causes.back(),
            failures,
            hidden: self.hidden,
        }
    }
}
