//! To each of the first belongs exactly one of the second, after it.

use std::cell::OnceCell;
use std::collections::HashMap;

use super::super::words::show;
use super::judge::{Mark, Outcome};
use super::stream::Stream;
use super::words::{bounded, first_of};
use super::{Name, Pairs};
use crate::check::JsonPath;
use crate::model::{State, Value};

pub(super) fn judge(pairs: &Pairs, stream: &Stream<'_>) -> Outcome {
    let (firsts, thens) = (
        stream.positions(&pairs.first),
        stream.positions(&pairs.then),
    );
    let mut wrong = Wrong::default();
    match &pairs.by {
        Some(by) => by_key(pairs, by, (firsts, thens), stream, &mut wrong),
        None => by_count(pairs, (firsts, thens), &mut wrong),
    }
    wrong.0.sort_by_key(|mark| mark.at);
    let paired = format!(
        "{} {} and {} {}",
        firsts.len(),
        pairs.first,
        thens.len(),
        pairs.then
    );
    if wrong.0.is_empty() {
        return Outcome::held(Some(paired));
    }
    let whys: Vec<_> = wrong
        .0
        .iter()
        .map(|mark| format!("event {}: {}", mark.at + 1, mark.note))
        .collect();
    Outcome {
        state: State::NotHeld,
        actual: Some(paired),
        why: first_of(&whys),
        marks: wrong.0,
        rows: None,
    }
}

/// What is wrong, and where.
#[derive(Default)]
struct Wrong(Vec<Mark>);

impl Wrong {
    fn note(&mut self, at: usize, note: String) {
        self.0.push(Mark { at, note });
    }
}

fn by_key(
    pairs: &Pairs,
    by: &JsonPath,
    (firsts, thens): (&[usize], &[usize]),
    stream: &Stream<'_>,
    wrong: &mut Wrong,
) {
    let first_of_key = keyed(&pairs.first, by, firsts, stream, wrong);
    let then_of_key = keyed(&pairs.then, by, thens, stream, wrong);
    for (key, at) in &first_of_key {
        match then_of_key.get(key) {
            None => wrong.note(*at, format!("no {} for {}", pairs.then, bounded(key))),
            Some(then) if then < at => wrong.note(
                *then,
                format!("came before its {}, event {}", pairs.first, at + 1),
            ),
            Some(_) => {}
        }
    }
    for (key, at) in &then_of_key {
        if !first_of_key.contains_key(key) {
            wrong.note(*at, format!("no {} for {}", pairs.first, bounded(key)));
        }
    }
}

/// The first event of each key. One without a key, and a second of the same, is wrong.
fn keyed(
    name: &Name,
    by: &JsonPath,
    positions: &[usize],
    stream: &Stream<'_>,
    wrong: &mut Wrong,
) -> HashMap<String, usize> {
    let mut seen: HashMap<String, usize> = HashMap::with_capacity(positions.len());
    for at in positions {
        let json = stream.events[*at].json;
        let converted = OnceCell::new();
        let key = json.and_then(|json| by.find(json, &converted));
        match key.as_deref() {
            None | Some(Value::Null) => wrong.note(*at, format!("has no {by}")),
            Some(key) => {
                let key = show(key);
                if let Some(first) = seen.get(&key) {
                    let of = bounded(&key);
                    let note = format!("a second {name} for {of}, after event {}", first + 1);
                    wrong.note(*at, note);
                } else {
                    seen.insert(key, *at);
                }
            }
        }
    }
    seen
}

/// Without a key the n-th belongs to the n-th.
fn by_count(pairs: &Pairs, (firsts, thens): (&[usize], &[usize]), wrong: &mut Wrong) {
    for (first, then) in firsts.iter().zip(thens) {
        if then < first {
            let note = format!("came before its {}, event {}", pairs.first, first + 1);
            wrong.note(*then, note);
        }
    }
    let both = firsts.len().min(thens.len());
    for at in &firsts[both..] {
        wrong.note(*at, format!("no {} for it", pairs.then));
    }
    for at in &thens[both..] {
        wrong.note(*at, format!("no {} for it", pairs.first));
    }
}
