//! From a record to what explains it.

use super::Rules;
use super::causes::causes;
use super::classify::classify;
use super::seen::failed;
use crate::model::{Diagnosis, RunRecord};

/// Explains a run by these rules, or by ours. Nothing is looked at again: the same record and rules give the same diagnosis.
pub fn diagnose(record: &RunRecord, rules: Option<&Rules>) -> Diagnosis {
    // Most runs have nothing to explain, and reading hundreds of rules for that takes longer than many of them.
    if rules.is_none() && failed(record).next().is_none() {
        return Diagnosis {
            ruleset: Rules::VERSION.to_owned(),
            ..Diagnosis::default()
        };
    }
    let rules = rules.unwrap_or_else(|| Rules::embedded());
    let failures = classify(record, rules);
    causes(record, failures, rules)
}
