//! What the suites say of the failures behind a cause: what their authors wrote for that day, and what `on_fail` looked at.

use std::collections::{HashMap, HashSet};

use super::cover::Chosen;
use super::graph::Graph;
use super::reach::looks_on_fail;
use super::short::short;
use crate::model::{Advice, Cited, Diagnosed, Facts, OnFail, StepRecord};

/// So many different things are told of one cause.
const MOST: usize = 10;

/// The first of them, and how many more there are.
pub(super) fn some<T>(mut all: Vec<T>) -> (Vec<T>, usize) {
    let left = all.len().saturating_sub(MOST);
    all.truncate(MOST);
    (all, left)
}

/// What the authors of the tests that broke there wrote, those of the one that speaks for the cause first; and how many more did.
///
/// Its consequences are not asked: who wrote down whom to call when orders fail was not thinking of the database behind them.
pub(super) fn advice(
    graph: &Graph<'_>,
    diagnosed: &[Diagnosed],
    chosen: &Chosen,
) -> (Vec<Advice>, usize) {
    let mut all: Vec<Advice> = Vec::new();
    let mut known: HashMap<&OnFail, usize> = HashMap::new();
    for failure in in_order(diagnosed, chosen).0 {
        let Some(test) = graph.failures[failure].test else {
            continue;
        };
        let on_fail = &test.header.on_fail;
        if *on_fail == OnFail::default() {
            continue;
        }
        let at = *known.entry(on_fail).or_insert_with(|| {
            all.push(Advice {
                test: diagnosed[failure].test.clone(),
                tests: 0,
                on_fail: on_fail.clone(),
            });
            all.len() - 1
        });
        all[at].tests += 1;
    }
    some(all)
}

/// What `on_fail` looked at in tests of the cause, and saw, and how often it saw more; what several saw alike, once. What was
/// found broken comes first, then what those tests saw that broke there themselves.
pub(super) fn looks(
    graph: &Graph<'_>,
    diagnosed: &[Diagnosed],
    chosen: &Chosen,
) -> (Vec<Cited>, usize) {
    let mut told: HashSet<String> = HashSet::new();
    let (own, behind) = in_order(diagnosed, chosen);
    let looks = |is_broken: bool| {
        let failures = own.iter().chain(&behind);
        let looks = failures.flat_map(|failure| {
            let test = graph.failures[*failure].test.into_iter();
            let looks = test.flat_map(looks_on_fail);
            looks.map(|look| (&diagnosed[*failure].test, look))
        });
        looks.filter(move |(_, look)| look.observation.fault.is_some() == is_broken)
    };
    let found = looks(true)
        .chain(looks(false))
        .map(|(test, look)| (test, found(look)))
        .filter(|(_, text)| told.insert(text.clone()))
        .map(|(test, text)| Cited {
            test: test.clone(),
            attempt: None,
            text,
        });
    some(found.collect())
}

/// Those that broke there, the one that speaks for the cause first, and their consequences; else by name, whatever ran first.
fn in_order(diagnosed: &[Diagnosed], chosen: &Chosen) -> (Vec<usize>, Vec<usize>) {
    let mut own = chosen.own.clone();
    let behind = chosen.behind.iter();
    let mut behind: Vec<usize> = behind.map(|(failure, _)| *failure).collect();
    if let Some((_, others)) = own.split_first_mut() {
        others.sort_by_key(|failure| &diagnosed[*failure].test);
    }
    behind.sort_by_key(|failure| &diagnosed[*failure].test);
    (own, behind)
}

/// `connector · tcp 10.0.0.7:5432: tcp.refused (errno 111) in phase connect`.
fn found(look: &StepRecord) -> String {
    let name = look.name.as_ref();
    let name = name.map_or_else(String::new, |name| format!("{name} · "));
    let seen = &look.observation;
    let found = if let Some(error) = &look.error {
        format!("could not look: {}", short(&error.message))
    } else if let Some(fault) = &seen.fault {
        let origin = fault.origin;
        let origin = origin.map_or_else(String::new, |origin| format!(" ({origin})"));
        format!("{}{origin} in phase {}", fault.code(), fault.phase)
    } else {
        facts(&seen.facts)
    };
    let asked = short(&look.request);
    format!("{name}{} {asked}: {found}", look.probe)
}

/// What somebody who looks wants to know first, of all that was seen; the failure itself shows the rest.
const TELLING: &[&str] = &[
    "connected",
    "received",
    "addresses",
    "rcode",
    "trusted",
    "expires_in",
    "status",
    "hop",
    "json",
    "rows",
    "replies",
    "exit_code",
    "stdout",
    "matches",
    "events",
];

fn facts(facts: &Facts) -> String {
    let told = TELLING.iter().filter_map(|name| {
        let value = facts.get(name)?;
        Some(format!("{name} {value}"))
    });
    let told: Vec<String> = told.collect();
    if told.is_empty() {
        "answered".to_owned()
    } else {
        short(&told.join(", "))
    }
}
