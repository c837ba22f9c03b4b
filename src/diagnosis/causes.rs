//! From what each failure says to what is behind them.

use super::Rules;
use crate::model::{Cause, Cited, Diagnosed, Diagnosis, RunRecord, Standing, Status};

/// The causes of failures: one for all that broke at the same resource by the same rule.
pub(super) fn causes(record: &RunRecord, mut failures: Vec<Diagnosed>, rules: &Rules) -> Diagnosis {
    let mut causes: Vec<Cause> = Vec::new();
    for failure in &mut failures {
        let known = causes
            .iter()
            .position(|cause| cause.resource == failure.resource && cause.rule == failure.rule);
        failure.cause = known.unwrap_or(causes.len());
        if known.is_none() {
            causes.push(begun_by(failure, rules));
        }
        let cause = &mut causes[failure.cause];
        cause.failed.push(failure.test.clone());
        cause
            .evidence
            .extend(failure.evidence.iter().map(|text| Cited {
                test: failure.test.clone(),
                attempt: Some(failure.attempt),
                text: text.clone(),
            }));
    }
    let blocked = |status| matches!(status, Status::Blocked);
    let hidden = record
        .tests
        .iter()
        .filter(|test| blocked(test.status))
        .count();
    Diagnosis {
        ruleset: rules.ruleset().to_owned(),
        causes,
        failures,
        hidden: hidden as u64,
    }
}

fn begun_by(failure: &Diagnosed, rules: &Rules) -> Cause {
    let rule = rules.rule(&failure.rule);
    Cause {
        resource: failure.resource.clone(),
        layer: failure.layer,
        rule: failure.rule.clone(),
        code: failure.code.clone(),
        blame: failure.blame.clone(),
        standing: Standing::Down,
        unexplained: false,
        failed: Vec::new(),
        blocked: Vec::new(),
        tied_with: Vec::new(),
        evidence: Vec::new(),
        refuting: Vec::new(),
        seen: Default::default(),
        why: Vec::new(),
        rejected: None,
        confirm: rule.map_or_else(String::new, |rule| rule.confirm.clone()),
        falsify: rule.map_or_else(String::new, |rule| rule.falsify.clone()),
        commands: Vec::new(),
    }
}
