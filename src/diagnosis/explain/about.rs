//! Which rules ask for a code, and for a number behind it.

use crate::diagnosis::signal::Told;
use crate::diagnosis::{Rule, Rules};

/// The rules a failure with this code may meet, in the order they are asked.
pub(super) fn rules_about<'r>(code: &str, rules: &'r Rules) -> Vec<&'r Rule> {
    let told = Told::of_code(code);
    let is_about = |rule: &&Rule| {
        let decides = code == "expect.status" && rule.when.decides_a_status();
        decides || rule.when.is_about(code, told)
    };
    rules.all().iter().filter(is_about).collect()
}

/// The rule that asks for this code or number and for nothing else: what it means where nothing more is known.
pub(super) fn plainest<'r>(code: &str, rules: &[&'r Rule]) -> Option<&'r Rule> {
    let told = Told::of_code(code);
    let mut rules = rules.iter().copied();
    rules.find(|rule| rule.when.is_only_about(code, told))
}
