//! Recorded observations in short form, made into records and classified: `examples.yaml`.

mod short;

use std::collections::BTreeSet;

use serde::Deserialize;

pub(super) use self::short::Short;
use super::Rules;
use super::classify::classify_one;
use super::seen::Seen;
use crate::yaml::{Diagnostics, Sources, decode, parse};

/// An observation, and what it must be taken for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Example {
    /// The rule it meets; `UNKNOWN` for none.
    rule: String,
    /// A rule that it nearly meets: something that it asks for is not there.
    not: Option<String>,
    /// A rule that it meets as well, and that gives way to its own.
    over: Option<String>,
    /// Whose it is then, where that is not what the rule says: `infrastructure/dns`.
    class: Option<String>,
    /// How sure, likewise.
    confidence: Option<String>,
    /// What it broke at.
    resource: Option<String>,
    seen: Short,
}

#[test]
fn every_example_meets_its_rule_and_every_rule_has_one() {
    let rules = Rules::embedded();
    let mut shown = BTreeSet::new();
    let mut wrong = Vec::new();
    for (position, example) in examples().into_iter().enumerate() {
        let place = format!("example {} ({})", position + 1, example.rule);
        let record = example.seen.record();
        let Some(found) = classify_one(&record, rules) else {
            wrong.push(format!("{place}: its test did not fail"));
            continue;
        };
        if found.rule != example.rule {
            wrong.push(format!(
                "{place}: met {} ({:?})",
                found.rule, found.evidence
            ));
        }
        let misses = example.not.iter().map(|id| (id, false));
        let meets = example.over.iter().map(|id| (id, true));
        for (id, expected) in misses.chain(meets) {
            let (Some(seen), Some(other)) = (Seen::of(&record), rules.rule(id)) else {
                wrong.push(format!("{place}: there is no rule {id}"));
                continue;
            };
            if other.when.holds(&seen) != expected {
                let word = if expected { "not " } else { "" };
                wrong.push(format!("{place}: it is {word}what {id} asks for"));
            }
        }
        let class = match &found.blame.detail {
            Some(detail) => format!("{}/{detail}", found.blame.class),
            None => found.blame.class.to_string(),
        };
        let parts = [
            (example.class, class),
            (example.confidence, found.blame.confidence.to_string()),
            (example.resource, found.resource),
        ];
        for (expected, found) in parts {
            if expected.as_ref().is_some_and(|expected| *expected != found) {
                wrong.push(format!(
                    "{place}: {found} instead of {}",
                    expected.unwrap_or_default()
                ));
            }
        }
        if found.evidence.iter().any(String::is_empty) {
            wrong.push(format!("{place}: evidence without a word"));
        }
        shown.insert(found.rule);
    }
    let without = rules.all().iter().filter(|rule| !shown.contains(&rule.id));
    wrong.extend(without.map(|rule| format!("no example meets {}", rule.id)));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn examples() -> Vec<Example> {
    let mut sources = Sources::default();
    let file = sources.add("examples.yaml", include_str!("examples.yaml"));
    let mut problems = Diagnostics::default();
    let tree = parse(&sources, file, &mut problems);
    let all = tree.and_then(|tree| decode(&tree, &mut problems));
    assert!(problems.is_empty(), "{:#?}", problems.in_words(&sources));
    all.unwrap()
}
