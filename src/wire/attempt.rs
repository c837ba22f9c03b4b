//! Attempts, their steps, and the sample many attempts make.

use std::borrow::Cow;

use super::mirror::mirror;
use super::observation::{Finding, Observation, ProbeError};
use super::scalar::{Nanos, Object};
use super::word::Named;
use crate::model;

mirror! {
    /// One attempt: the steps in order, then the clean-ups, then what `on_fail` looked at.
    Attempt<'a> of AttemptRecord {
        /// From 1.
        number: u64,
        /// From the run's start, in nanoseconds.
        #[serde(rename = "started_ns")]
        started: Nanos,
        /// Of its steps, without clean-ups and without what belongs to a cold start, in nanoseconds.
        #[serde(rename = "elapsed_ns")]
        elapsed: Nanos,
        /// The steps that were reached.
        steps: Vec<Step<'a>>,
        /// How it came out.
        outcome: Named<model::Outcome>,
        /// The code of what made it not hold, or unable.
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<Cow<'a, str>>,
        /// Whose step has that code, in a test with actors.
        #[serde(skip_serializing_if = "Option::is_none")]
        decided_by: Option<Cow<'a, str>>,
        /// Why this attempt is kept, where not all are.
        #[serde(skip_serializing_if = "Option::is_none")]
        kept: Option<Named<model::Kept>>,
        /// Of the final poll of a test with `until`: how often it had held and then not, where it had.
        #[serde(skip_serializing_if = "Option::is_none")]
        flaps: Option<u64>,
    }
}

mirror! {
    /// One step of an attempt.
    Step<'a> of StepRecord {
        /// Its name; missing for a test of one probe.
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<Cow<'a, str>>,
        /// The probe's key: `http`.
        probe: Cow<'a, str>,
        /// What was asked, masked.
        request: Cow<'a, str>,
        /// What this very step looked at, masked: `sock:db.internal:5432`; `sock:db.internal:5432@10.0.0.2:53` where that name
        /// server was asked.
        /// Written where it did not hold, and where it was not known before the run.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        resources: Vec<Cow<'a, str>>,
        /// What was seen.
        observation: Observation<'a>,
        /// What each expectation came to. An unexpected fault is the first.
        findings: Vec<Finding<'a>>,
        /// Names captured here.
        captured: Vec<Cow<'a, str>>,
        /// Set when we could not look.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<ProbeError<'a>>,
        /// How it came out.
        outcome: Named<model::Outcome>,
        /// A clean-up never changes the status.
        cleanup: bool,
        /// Forces a cold start or looks whether there was one; no part of what is measured. Missing where it is false.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        cold: bool,
        /// A look of `on_fail`, made once the test had not held: evidence, which decides and measures nothing.
        /// Missing where it is false.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        diagnostic: bool,
        /// How many polls were made, for a step with `until`.
        #[serde(skip_serializing_if = "Option::is_none")]
        polls: Option<u64>,
        /// How often it held and then did not, from poll to poll, where it did.
        #[serde(skip_serializing_if = "Option::is_none")]
        flaps: Option<u64>,
        /// Whose step it is, in a test with actors.
        #[serde(skip_serializing_if = "Option::is_none")]
        actor: Option<Cow<'a, str>>,
    }
}

mirror! {
    /// What `repeat` came to.
    Sample<'a> of Sample {
        /// How many attempts were planned.
        times: u64,
        /// How many held.
        held: u64,
        /// Every attempt made, in the order they ended.
        rows: Vec<SampleRow>,
        /// What each claim came to.
        findings: Vec<Finding<'a>>,
        /// Stopped early because no remaining attempts could prove the claims.
        futile: bool,
        /// Nanoseconds, the largest difference between the starts of a round, where attempts go in rounds.
        #[serde(rename = "skew_ns", skip_serializing_if = "Option::is_none")]
        skew: Option<Nanos>,
    }
}

mirror! {
    /// One attempt of a sample.
    SampleRow of SampleRow {
        /// How it came out.
        outcome: Named<model::Outcome>,
        /// Microseconds of the whole attempt, clean-ups apart.
        latency_us: u64,
        /// Microseconds by phase, summed over the steps.
        phases_us: Object<Named<model::Phase>, u64>,
    }
}
