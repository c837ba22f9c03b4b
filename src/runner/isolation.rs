//! `isolation`, once all actors of a round have ended: what each saw is searched for what the others are known by.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::actors::Part;
use super::attempt::Subject;
use super::earlier;
use super::look::panic_message;
use super::scope::LateScope;
use crate::check::Captured;
use crate::check::isolation::{Kind, Marker, Ruling, Witness, rule};
use crate::model::{Outcome, Place, ProbeError, State, Unable, Value};
use crate::plan::{Plan, PlannedStep, PlannedTest};

/// Adds a finding to each step that expects isolation, and lets its outcome follow.
/// Gives the parts back, and whether something of one came to another.
///
/// Of those that did not come so far nothing is said: their round did not hold anyway. But what of them came to others is found.
pub(super) async fn judge(subject: &Subject, number: u64, parts: Vec<Part>) -> (Vec<Part>, bool) {
    let steps = &subject.planned().steps;
    if !steps.iter().any(|step| step.isolation.is_some()) {
        return (parts, false);
    }
    let subject = subject.clone();
    let (mut parts, judged) = aside(parts, move |parts| judge_round(&subject, number, parts)).await;
    match judged {
        Ok(is_leak) => (parts, is_leak),
        Err(panic) => {
            let message = panic_message(&*panic);
            for part in &mut parts {
                could_not_look(part, steps, &message);
            }
            (parts, false)
        }
    }
}

/// Does something that takes long and waits for nothing where it keeps nobody waiting. A panic in it leaves what it was done to.
async fn aside<T: Send + 'static, R: Send + 'static>(
    mut things: T,
    work: impl FnOnce(&mut T) -> R + Send + 'static,
) -> (T, Result<R, Box<dyn Any + Send>>) {
    let working = spawn_blocking(move || {
        let done = catch_unwind(AssertUnwindSafe(|| work(&mut things)));
        (things, done)
    });
    // Nobody ends it but a runtime that ends, and who waits for it ends with that, too.
    working
        .await
        .unwrap_or_else(|error| resume_unwind(Box::new(error.to_string())))
}

fn could_not_look(part: &mut Part, planned: &[PlannedStep], message: &str) {
    for (step, planned) in part.steps().iter_mut().zip(planned) {
        if planned.isolation.is_some() && step.error.is_none() {
            step.outcome = Outcome::Unable;
            step.error = Some(ProbeError::new(Unable::Panic, message));
        }
    }
}

/// What one actor is known by, and was in rounds before.
struct Known {
    markers: Vec<Marker>,
    earlier: Vec<(u64, Marker)>,
}

fn judge_round(subject: &Subject, number: u64, parts: &mut [Part]) -> bool {
    let test = subject.planned();
    let known: Vec<Known> = {
        let scopes: Vec<&LateScope> = parts.iter().map(Part::scope).collect();
        let known = |(at, scope): (usize, &&LateScope)| {
            let mut markers = markers(scope, &scopes);
            markers.extend(parameters(&subject.run.plan, test, at));
            let earlier = subject.earlier.of(at, number);
            Known { markers, earlier }
        };
        scopes.iter().enumerate().map(known).collect()
    };
    let mut is_any_leak = false;
    for (at, step) in test.steps.iter().enumerate() {
        if let Some(place) = &step.isolation {
            is_any_leak |= judge_step(parts, at, &known, place);
        }
    }
    let new = parts.iter().map(|part| passing(part.scope())).collect();
    subject.earlier.add(number, new);
    is_any_leak
}

fn judge_step(parts: &mut [Part], at: usize, known: &[Known], place: &Place) -> bool {
    let rulings = {
        let witnesses: Vec<_> = parts
            .iter()
            .zip(known)
            .map(|(part, known)| Witness {
                actor: part.name(),
                markers: known.markers.clone(),
                earlier: &known.earlier,
                seen: part.seen(at),
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
    let mut markers = made(own);
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
    markers.extend(captured(own));
    markers
}

fn made(own: &LateScope) -> Vec<Marker> {
    let mut made = earlier::made(own.made());
    made.extend(own.actor().map(|name| Marker {
        name: "actor".to_owned(),
        text: name.to_string(),
        kind: Kind::Name,
    }));
    made
}

fn captured(own: &LateScope) -> impl Iterator<Item = Marker> {
    let captures = own.captures().iter();
    captures.filter_map(|one| marker(one.name.clone(), one))
}

/// What an actor is known by in this round alone, and what nobody else may ever see.
pub(super) fn passing(own: &LateScope) -> Vec<Marker> {
    let all = made(own).into_iter().chain(captured(own));
    all.filter(|one| matches!(one.kind, Kind::Made | Kind::Secret))
        .collect()
}

/// What the sessions of an actor are opened with.
fn parameters(plan: &Plan, test: &PlannedTest, actor: usize) -> Vec<Marker> {
    let mut markers = Vec::new();
    for session in test.actors.get(actor).into_iter().flat_map(|one| &one.uses) {
        // One that others use as well tells nobody from another.
        let mut others = test.actors.iter().enumerate();
        if others.any(|(at, other)| at != actor && other.uses.contains(session)) {
            continue;
        }
        let session = &plan.sessions[*session];
        for one in &session.parameters {
            let name = format!("session.{}.{}", session.called, one.name);
            markers.extend(marker(name, one).map(|one| Marker {
                kind: Kind::Name,
                ..one
            }));
        }
    }
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
    let kind = if captured.secret {
        Kind::Secret
    } else {
        Kind::Capture
    };
    Some(Marker { name, text, kind })
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whoever_judges_long_keeps_nobody_waiting() {
        let (done, waits) = std::sync::mpsc::channel();
        let (begun, has_begun) = oneshot::channel();
        let judging = tokio::spawn(aside(vec![1], move |things: &mut Vec<u8>| {
            begun.send(()).unwrap();
            waits.recv().unwrap();
            things.push(2);
        }));
        // All of this happens on one thread, which would wait for itself.
        has_begun.await.unwrap();
        done.send(()).unwrap();
        assert_eq!(judging.await.unwrap().0, [1, 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_leaves_what_was_judged() {
        let (things, judged) = aside(vec![1], |_| -> bool { panic!("as planned") }).await;
        assert_eq!(things, [1]);
        assert_eq!(panic_message(&*judged.unwrap_err()), "panicked: as planned");
    }
}
