//! From a record to a verdict.

use crate::model::{ConditionKind, Policy, Rule, RunRecord, Verdict, Word};

use super::conditions::conditions;
use super::instance::View;
use super::rules;
use super::ruling::{Ruling, State};

/// Decides a run by the rules it was planned with.
pub fn decide(record: &RunRecord) -> Verdict {
    decide_with(&record.header.policy, record)
}

/// Decides a run by other rules: what if. Instances stay critical when the run was planned with them so.
pub fn decide_with(policy: &Policy, record: &RunRecord) -> Verdict {
    let rulings = rulings(policy, record);
    let word = word(&rulings);
    let mut conditions = conditions(record);
    conditions.retain(|one| word == Word::Go || one.kind != ConditionKind::NotGood);
    Verdict {
        word,
        reasons: rulings.into_iter().flat_map(Ruling::into_reasons).collect(),
        conditions,
    }
}

/// What every rule says, in the order of [`Rule::ALL`].
pub(super) fn rulings(policy: &Policy, record: &RunRecord) -> Vec<Ruling> {
    let view = View::new(policy, record);
    Rule::ALL
        .iter()
        .map(|rule| Ruling {
            rule: *rule,
            checks: rules::checks(*rule, &view),
        })
        .collect()
}

/// The word. GO is reached only by every rule having been asked and every check holding; reasons have no part in it.
pub(super) fn word(rulings: &[Ruling]) -> Word {
    let every_rule_asked = rulings
        .iter()
        .map(|ruling| ruling.rule)
        .eq(Rule::ALL.iter().copied());
    let is = |state| {
        rulings
            .iter()
            .flat_map(|ruling| &ruling.checks)
            .any(move |check| check.state == state)
    };
    let all_hold = every_rule_asked
        && rulings
            .iter()
            .flat_map(|ruling| &ruling.checks)
            .all(|check| check.state == State::Holds);
    if all_hold {
        Word::Go
    } else if is(State::Undecidable) {
        Word::Inconclusive
    } else if is(State::Lost) {
        Word::NoGo
    } else {
        Word::Inconclusive
    }
}
