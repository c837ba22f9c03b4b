//! What was cut into pieces, and what is too large to be looked at in one.

use super::*;

fn delta(text: &str) -> String {
    json!({ "type": "token", "choices": [{ "delta": { "text": text } }] }).to_string()
}

/// Of the second of two actors, whose answer came in these pieces.
fn answered(pieces: &[&str]) -> Finding {
    let mut own = vec![r#"{"type":"begun","for":"actor2"}"#.to_owned()];
    own.extend(pieces.iter().map(|piece| delta(piece)));
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    judged(&[stream(&["for actor1"]), stream(&own)]).remove(1)
}

#[test]
fn a_leak_in_pieces_is_found() {
    let found = answered(&["Hel", "lo n0n", "ce-", "0001", "!"]);
    assert_eq!(found.state, State::NotHeld);
    assert_eq!(
        found.actual.as_deref(),
        Some("`nonce` of actor1 in events 3 to 5 put together (+0.120s)")
    );
    for pieces in [
        &["my name is act", "or1", "."][..],
        &["act", "or1"],
        &["bjBu", "Y2UtM", "DAwMQ=="],
        &["6e306e6", "3652d30303", "031"],
        &["n0nce\\u0", "02d0001"],
        &["n0nce&#4", "5;0001"],
        &["n0nce%", "2D0001"],
        &["n", "0", "n", "c", "e", "-", "0", "0", "0", "1"],
    ] {
        assert_eq!(answered(pieces).state, State::NotHeld, "{pieces:?}");
    }
    for pieces in [
        &["n0nce-", " ", "0001"][..],
        &["f", "act", "or1"],
        &["act", "or1", "7"],
    ] {
        assert_eq!(answered(pieces).state, State::Held, "{pieces:?}");
    }
}

#[test]
fn its_own_in_pieces_is_its_own() {
    let own = |pieces: &[&str]| {
        let pieces: Vec<String> = pieces.iter().map(|piece| delta(piece)).collect();
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        judged(&[stream(&pieces), stream(&["actor2"])]).remove(0)
    };
    let found = own(&["Hello n0n", "ce-", "0001", "!"]);
    assert_eq!(found.state, State::Held, "{found:#?}");
    assert_eq!(
        found.actual.as_deref(),
        Some("4 events, 3 with something of its own")
    );
    // A piece of it may be another's name.
    let names: Vec<String> = (1..=10).map(|at| format!("actor{at}")).collect();
    let tenth = ["Hello actor1", "0", "!"].map(delta);
    let tenth: Vec<&str> = tenth.iter().map(String::as_str).collect();
    let mut seen: Vec<Observation> = names.iter().map(|name| stream(&[name])).collect();
    seen[9] = stream(&tenth);
    let found = judged(&seen);
    assert_eq!(found[9].state, State::Held, "{:#?}", found[9]);
    // And is that where it is not.
    seen[9] = stream(&["actor10", &delta("Hello actor1"), &delta("2")]);
    assert_eq!(judged(&seen)[9].state, State::NotHeld);
}

#[test]
fn what_stands_in_the_same_place_is_put_together_whatever_comes_between() {
    let with_heartbeats = [
        delta("n0nc"),
        r#"{"type":"ping","data":"x"}"#.to_owned(),
        delta("e-0001"),
    ];
    let no_json = ["Hel", "lo n0n", "ce-0001"].map(str::to_owned);
    let two_choices = [("n0", "x"), ("nce", "y"), ("-0001", "z")].map(|(first, second)| {
        json!({ "choices": [{ "text": first }, { "text": second }] }).to_string()
    });
    let in_lists = [&["n0"][..], &["nce", "-00"], &["01"]]
        .map(|pieces| json!({ "tokens": pieces }).to_string());
    let next_answer = ["my name is act", "or1"]
        .map(delta)
        .into_iter()
        .chain([r#"{"type":"completed"}"#.to_owned(), delta("Hello")]);
    for events in [
        with_heartbeats.to_vec(),
        no_json.to_vec(),
        two_choices.to_vec(),
        in_lists.to_vec(),
        next_answer.collect(),
    ] {
        let events: Vec<&str> = events.iter().map(String::as_str).collect();
        let found = judged(&[
            stream(&["actor1"]),
            stream(&[&["actor2"], &*events].concat()),
        ]);
        assert_eq!(found[1].state, State::NotHeld, "{events:?}");
    }
    // In an answer, too: of rows, and of replies.
    let rows = to_value(json!([{ "word": "n0nce" }, { "word": "-0001" }]));
    let rows = Observation::default()
        .with("rows", rows)
        .with("body", Value::Text("actor2".to_owned()));
    assert_eq!(
        judged(&[stream(&["actor1"]), rows])[1].state,
        State::NotHeld
    );
    // And of frames.
    let frame = |bytes: &str| event(0, Data::Binary(bytes.len() / 2, bytes.to_owned()));
    let events = vec![text("actor2"), frame("ff6e306e63"), frame("652d30303031ff")];
    let frames = Observation::default().with("events", Value::List(events));
    assert_eq!(
        judged(&[stream(&["actor1"]), frames])[1].state,
        State::NotHeld
    );
}

#[test]
fn however_many_places_there_are_those_that_follow_each_other_are_put_together() {
    let other = |at: usize| json!({ format!("key{at}"): format!("text {at}") }).to_string();
    let mut events = vec!["actor2".to_owned(), delta("n0nce-")];
    events.extend((0..500).map(other));
    events.push(delta("0001"));
    events.extend((500..5000).map(other));
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    let found = judged(&[stream(&["actor1"]), stream(&events)]);
    assert_eq!(
        found[1].actual.as_deref(),
        Some("`nonce` of actor1 in events 2 to 503 put together (+0.120s)")
    );
}

#[test]
fn what_is_large_is_looked_at_in_parts_and_nothing_is_lost_between_them() {
    let size = 256 * 1024;
    for leak in [
        "n0nce-0001",
        "n0nce%252D0001",
        " actor1 ",
        "bjBuY2UtMDAwMQ==",
    ] {
        for before in [0, 120, 400] {
            let text = format!("{}{leak}{}", ".".repeat(size - before), ".".repeat(size));
            assert_eq!(second(&text).state, State::NotHeld, "{leak} {before}");
        }
    }
    // Nor is anything found there that is not.
    let (name, own) = ("factor1", "actor22");
    for before in [0, 3, 7] {
        let text = format!(
            "{}{name}{own}{}",
            ".".repeat(size - before),
            ".".repeat(size)
        );
        assert_eq!(second(&text).state, State::Held, "{before}");
    }
}
