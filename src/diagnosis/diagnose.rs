//! From a record to what explains it.

use super::Rules;
use super::causes::causes;
use super::classify::classify;
use crate::model::{Diagnosis, RunRecord};

/// Explains a run. Nothing is looked at again: the same record and rules give the same diagnosis.
pub fn diagnose(record: &RunRecord, rules: &Rules) -> Diagnosis {
    let failures = classify(record, rules);
    causes(record, failures, rules)
}
