//! `isolation`, once all actors of a round have ended: what each saw is searched for what the others are known by.

use std::sync::Arc;

use super::actors::Part;
use super::scope::LateScope;
use crate::check::Captured;
use crate::check::isolation::{Marker, Ruling, Witness, rule};
use crate::model::{Outcome, Place, State, Value};
use crate::plan::PlannedStep;

/// Adds a finding to each step that expects isolation, and lets its outcome follow. Whether something of one came to another.
///
/// Of those that did not come so far nothing is said: their round did not hold anyway.
pub(super) fn judge(parts: &mut [Part], planned: &[PlannedStep]) -> bool {
    let mut is_any_leak = false;
    for (at, step) in planned.iter().enumerate() {
        if let Some(place) = &step.isolation {
            is_any_leak |= judge_step(parts, at, place);
        }
    }
    is_any_leak
}

fn judge_step(parts: &mut [Part], at: usize, place: &Place) -> bool {
    let has_seen = |part: &&Part| part.seen(at).is_some();
    if parts.iter().filter(has_seen).count() < 2 {
        return false;
    }
    let rulings = {
        let scopes: Vec<&LateScope> = parts.iter().map(Part::scope).collect();
        let witnesses: Vec<_> = parts
            .iter()
            .filter_map(|part| {
                Some(Witness {
                    actor: part.name(),
                    markers: markers(part.scope(), &scopes),
                    seen: part.seen(at)?,
                })
            })
            .collect();
        rule(&witnesses, place)
    };
    let mut is_any_leak = false;
    let witnesses = parts.iter_mut().filter(|part| part.seen(at).is_some());
    for (
        part,
        Ruling {
            mut finding,
            is_leak,
        },
    ) in witnesses.zip(rulings)
    {
        let step = &mut part.steps()[at];
        is_any_leak |= is_leak;
        match finding.state {
            // It has a reason of its own not to have heard enough.
            State::NotHeld if step.outcome != Outcome::Held && !is_leak => {
                finding.state = State::NotReached;
            }
            State::NotHeld => step.outcome = Outcome::NotHeld,
            State::Held | State::NotReached | State::Undecided { .. } => {}
        }
        step.findings.push(finding);
    }
    is_any_leak
}

/// What an actor is known by: what is made for it alone, and what it and its own sessions captured.
fn markers(own: &LateScope, all: &[&LateScope]) -> Vec<Marker> {
    let mut markers: Vec<Marker> = Vec::new();
    let made = own.made().into_iter();
    markers.extend(made.map(|(name, text)| Marker {
        name: name.to_owned(),
        text,
        is_secret: false,
    }));
    for (at, (session, captures)) in own.sessions().iter().enumerate() {
        // One that all share tells nobody from another.
        let is_same = |scope: &&LateScope| {
            let other = scope.sessions().get(at);
            other.is_some_and(|(_, other)| Arc::ptr_eq(captures, other))
        };
        if !all.iter().all(is_same) {
            markers.extend(
                captures
                    .iter()
                    .filter_map(|one| marker(format!("session.{session}.{}", one.name), one)),
            );
        }
    }
    // Neither does what all have captured alike: `status: ok`.
    let is_everybodys = |one: &&Captured| {
        let has_it = |scope: &&LateScope| scope.captures().contains(one);
        !one.secret && all.iter().all(has_it)
    };
    let captures = own.captures().iter();
    markers.extend(
        captures
            .filter(|one| !is_everybodys(one))
            .filter_map(|one| marker(one.name.clone(), one)),
    );
    markers
}

fn marker(name: String, captured: &Captured) -> Option<Marker> {
    let text = match &captured.value {
        Value::Text(text) | Value::Untyped(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Duration(_) | Value::List(_) | Value::Map(_) => {
            return None;
        }
    };
    Some(Marker {
        name,
        text,
        is_secret: captured.secret,
    })
}
