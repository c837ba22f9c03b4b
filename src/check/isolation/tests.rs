mod forms;
mod markers;
mod pieces;

use super::*;

use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::check::to_value;
use crate::model::{Data, Received, State, Value};

fn place() -> Place {
    Place {
        file: "t.yaml".into(),
        line: 7,
        column: 3,
    }
}

fn marker(name: &str, text: impl Into<String>) -> Marker {
    Marker {
        name: name.to_owned(),
        text: text.into(),
        kind: match name {
            "nonce" | "uuid" => Kind::Made,
            "actor" | "user" => Kind::Name,
            name if name.ends_with("token") => Kind::Secret,
            _ => Kind::Capture,
        },
    }
}

fn witness<'r>(actor: &'r str, markers: Vec<Marker>, seen: &'r Observation) -> Witness<'r> {
    Witness {
        actor,
        markers,
        earlier: &[],
        seen: Some(seen),
    }
}

fn judge(witnesses: &[Witness<'_>]) -> Vec<Finding> {
    let rulings = rule(witnesses, &place()).into_iter();
    rulings.map(|ruling| ruling.finding).collect()
}

fn event(at: u64, data: Data) -> Value {
    let at = Duration::from_millis(at);
    Received {
        at,
        since_send: Some(at),
        event: None,
        id: None,
        data,
    }
    .into_value()
}

fn text(text: &str) -> Value {
    let json = serde_json::from_str::<Json>(text).ok().map(to_value);
    event(120, Data::Text(text.to_owned(), json))
}

fn stream(texts: &[&str]) -> Observation {
    let events = texts.iter().map(|one| text(one)).collect();
    Observation::default().with("events", Value::List(events))
}

/// Actor `at` of some, known by its nonce and its name.
fn known(at: usize) -> Vec<Marker> {
    vec![
        marker("actor", format!("actor{at}")),
        marker("nonce", format!("n0nce-{at:04}")),
    ]
}

/// Findings of actors who each saw these.
fn judged(seen: &[Observation]) -> Vec<Finding> {
    let names: Vec<_> = (1..=seen.len()).map(|at| format!("actor{at}")).collect();
    let of = |(at, seen): (usize, _)| witness(names[at].as_str(), known(at + 1), seen);
    let witnesses: Vec<_> = seen.iter().enumerate().map(of).collect();
    judge(&witnesses)
}

/// Why it does not hold, or else what was seen.
fn said(one: &Finding) -> &str {
    let said = one.detail.as_deref().or(one.actual.as_deref());
    said.unwrap_or_default()
}

/// Of two actors, the second of whom saw this beside something of its own, the finding of the second.
fn second(also: &str) -> Finding {
    let mut found = judged(&[stream(&["for actor1"]), stream(&["for actor2", also])]);
    assert_eq!(found[0].state, State::Held, "{found:#?}");
    found.remove(1)
}

#[test]
fn who_sees_its_own_alone_is_isolated() {
    let found = judged(&[
        stream(&[r#"{"type":"done","nonce":"n0nce-0001"}"#, "{}"]),
        stream(&[r#"{"type":"done","nonce":"n0nce-0002"}"#]),
    ]);
    assert!(
        found.iter().all(|one| one.state == State::Held),
        "{found:#?}"
    );
    assert_eq!(found[0].code.as_str(), "expect.isolation");
    assert_eq!(found[0].path, "isolation actor1");
    assert_eq!(
        found[0].actual.as_deref(),
        Some("2 events, 1 with something of its own")
    );
    assert_eq!(found[0].place, Some(place()));
}

#[test]
fn a_leak_is_told_without_what_leaked() {
    let mut own = vec!["n0nce-0002"; 3];
    own.push(r#"{"type":"progress","of":"n0nce-0001"}"#);
    own.push("actor1");
    let found = judged(&[stream(&["n0nce-0001"]), stream(&own)]);
    assert_eq!(found[0].state, State::Held);
    assert_eq!(found[1].state, State::NotHeld);
    assert_eq!(
        found[1].actual.as_deref(),
        Some(
            "`nonce` of actor1 in event 4 (progress, +0.120s), and something of another's in 1 more"
        )
    );
    assert!(!format!("{found:?}").contains("n0nce"));
}

#[test]
fn silence_is_not_isolation() {
    let found = judged(&[
        stream(&[]),
        stream(&["for actor2"]),
        stream(&["x", "y"]),
        Observation::default(),
    ]);
    let told: Vec<_> = found.iter().map(said).collect();
    assert_eq!(
        told,
        [
            "nothing came, and silence is not isolation",
            "1 event, 1 with something of its own",
            "none of its 2 events holds anything of its own, so a leak could not have been told",
            "nothing came, and silence is not isolation",
        ]
    );
    let alone = judged(&[stream(&["actor1"])]);
    assert_eq!(alone[0].state, State::NotHeld);
    // Its own in what comes beside the events is no sign that the events were its own.
    let beside = stream(&["x"]).with("subprotocol", Value::Untyped("actor1".into()));
    assert_eq!(
        judged(&[beside, stream(&["actor2"])])[0].state,
        State::NotHeld
    );
    let cut = event(0, Data::Binary(1000, "6163746f7231".to_owned()));
    let cut = Observation::default().with("events", Value::List(vec![cut]));
    let found = judged(&[cut, stream(&["actor2"])]);
    assert_eq!(
        found[0].detail.as_deref(),
        Some("of 1 events the end was not kept")
    );
}

#[test]
fn answers_are_searched_like_events() {
    let answer = |text: &str| {
        let json = serde_json::from_str::<Json>(text).ok();
        let seen = Observation::default().with("body", Value::Untyped(text.to_owned()));
        match json {
            Some(json) => seen.with("json", to_value(json)),
            None => seen,
        }
    };
    let found = judged(&[
        answer(r#"{"of":"actor1"}"#),
        answer(r#"{"of":"actor2"}"#),
        answer("nobody"),
        answer(r#"["actor4","actor1"]"#),
        answer(""),
    ]);
    let told: Vec<_> = found.iter().map(said).collect();
    assert_eq!(
        told,
        [
            "an answer with something of its own",
            "an answer with something of its own",
            "its answer does not hold anything of its own, so a leak could not have been told",
            "`actor` of actor1 in the answer",
            "nothing came, and silence is not isolation",
        ]
    );
}

#[test]
fn two_hundred_actors_are_told_apart() {
    let mut all: Vec<_> = (1..=200)
        .map(|at| {
            stream(&[
                &format!("hello actor{at}"),
                &format!(r#"{{"nonce":"n0nce-{at:04}"}}"#),
            ])
        })
        .collect();
    assert!(judged(&all).iter().all(|one| one.state == State::Held));
    all[149] = stream(&["hello actor150", r#"{"nonce":"n0nce-0015"}"#]);
    let leaks: Vec<_> = judged(&all)
        .into_iter()
        .filter(|one| one.state == State::NotHeld)
        .collect();
    assert_eq!(leaks.len(), 1);
    assert_eq!(leaks[0].path, "isolation actor150");
    assert_eq!(
        leaks[0].actual.as_deref(),
        Some("`nonce` of actor15 in event 2 (+0.120s)")
    );
}

#[test]
fn a_name_that_has_something_to_hide_is_not_shown() {
    let found = second(r#"{"type":"n0nce-0001"}"#);
    assert_eq!(
        found.actual.as_deref(),
        Some("`nonce` of actor1 in event 2 (+0.120s)")
    );
}

#[test]
fn what_came_beside_the_events_is_a_place_to_leak_and_no_proof() {
    let beside = |said: &str| {
        let said = Value::List(vec![Value::Untyped(said.to_owned())]);
        stream(&["for actor2"]).with("beside", said)
    };
    let found = judged(&[stream(&["actor1"]), beside("dbg n0nce-0001")]);
    assert_eq!(
        found[1].actual.as_deref(),
        Some("`nonce` of actor1 in what came beside it (the fact `beside`)")
    );
}
