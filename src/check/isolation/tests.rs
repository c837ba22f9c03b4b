use super::*;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value as Json, json};

use crate::check::to_value;
use crate::model::{Data, Received};

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
        is_secret: name.ends_with("token"),
    }
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
    let witness = |(at, seen): (usize, _)| Witness {
        actor: names[at].as_str(),
        markers: known(at + 1),
        seen,
    };
    let witnesses: Vec<_> = seen.iter().enumerate().map(witness).collect();
    judge(&witnesses, &place())
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
fn a_leak_is_found_in_every_form() {
    let nested = json!({ "a": [{ "b": json!({ "c": "n0nce-0001" }).to_string() }] }).to_string();
    let twice = json!({ "a": nested }).to_string();
    for leak in [
        "n0nce-0001",
        "<n0nce-0001>",
        "N0NCE-0001",
        r#"{"n0nce-0001":1}"#,
        r#"{"a":{"b":["x","n0nce-0001"]}}"#,
        r#"{"a":"\nn0nce-0001"}"#,
        r#"{"a":"\u006e0nce-0001"}"#,
        r#"{"a":"n0nce\u002D0001"}"#,
        "/chat?x=%22n0nce-0001%22",
        "/chat?x%3Dn0nce-0001",
        "%6e0nce%2D0001",
        "a%253Dn0nce%252D0001",
        r#"{"url":"\/x%3Dn0nce-0001"}"#,
        &nested,
        &twice,
    ] {
        let found = second(leak);
        assert_eq!(found.state, State::NotHeld, "{leak}");
        assert!(
            found
                .actual
                .unwrap()
                .contains("`nonce` of actor1 in event 2"),
            "{leak}"
        );
    }
    let binary = event(0, Data::Binary(10, "6e306e63652d30303031".to_owned()));
    let own = text("n0nce-0002");
    let seen = Observation::default().with("events", Value::List(vec![own, binary]));
    assert_eq!(
        judged(&[stream(&["actor1"]), seen])[1].state,
        State::NotHeld
    );
    // And in what comes beside the events.
    let beside = stream(&["n0nce-0002"]).with(
        "headers",
        to_value(json!({ "set-cookie": ["id=n0nce-0001; path=/"] })),
    );
    let found = judged(&[stream(&["actor1"]), beside]);
    assert_eq!(
        found[1].actual.as_deref(),
        Some("`nonce` of actor1 in the fact `headers`")
    );
}

#[test]
fn a_leak_is_found_in_base64() {
    let token = format!(
        "{}.{}.{}",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#),
        URL_SAFE_NO_PAD.encode(r#"{"sub":"n0nce-0001","ok":"???>>>"}"#),
        URL_SAFE_NO_PAD.encode([0xff; 32])
    );
    assert!(token.contains('_'));
    // With each of the letters of its own, and with padding.
    let standard = STANDARD.encode("???>>>, n0nce-0001");
    assert!(standard.contains(['+', '/']));
    let padded = STANDARD.encode("n0nce-0001");
    assert!(padded.ends_with('='));
    let twice = STANDARD.encode(format!("a cursor: {padded}"));
    let escaped = json!({ "x": token.clone() }).to_string();
    for leak in [
        token.clone(),
        format!("Bearer {token}"),
        json!({ "token": token }).to_string(),
        format!("/api/agents?cursor={padded}&n=1"),
        format!("/files/{}", URL_SAFE_NO_PAD.encode("n0nce-0001")),
        padded.replace('=', "%3D"),
        standard.replace('+', "%2B").replace('/', "%2F"),
        standard.replace('/', "\\/"),
        standard.clone(),
        twice,
        STANDARD.encode(&escaped),
        STANDARD.encode("x%22n0nce-0001%22"),
    ] {
        assert_eq!(second(&leak).state, State::NotHeld, "{leak}");
    }
    // A part of a word is no word, and what is too short to be told from one is none.
    for text in [
        format!("x{padded}"),
        STANDARD.encode("xn0nce-0001"),
        STANDARD.encode("actor1"),
    ] {
        assert_eq!(second(&text).state, State::Held, "{text}");
    }
}

#[test]
fn a_text_is_searched_in_time_linear_in_it() {
    let mut nested = "%5Cu0041 \\u0041 a+b ".repeat(2_000);
    for _ in 0..3 {
        nested = STANDARD.encode(&nested);
    }
    for text in [
        "%25".repeat(50_000),
        "\\\\".repeat(50_000),
        "YWFh".repeat(50_000),
        "YWFhYWFhYWFh/YWFhYWFhYWFh-".repeat(5_000),
        nested,
    ] {
        let (length, mut searched) = (text.len(), 0);
        texts::each(&Value::Text(text), &mut |form| searched += form.len());
        assert!(searched <= 40 * length, "{searched} of {length}");
    }
}

#[test]
fn spaces_quotes_and_letters_beyond_ascii_are_found_too() {
    let name = "Zoë \"Z\" Müller";
    for leak in [
        json!({ "name": name }).to_string(),
        "name=Zo%C3%AB+%22Z%22+M%C3%BCller".to_owned(),
        r#"{"name":"Zo\u00eb \"Z\" M\u00fcller"}"#.to_owned(),
        json!({ "inner": json!({ "name": name }).to_string() }).to_string(),
    ] {
        let seen = [stream(&[name]), stream(&["bobby", &leak])];
        let witnesses = [
            Witness {
                actor: "zoe",
                markers: vec![marker("user", name)],
                seen: &seen[0],
            },
            Witness {
                actor: "bobby",
                markers: vec![marker("user", "bobby")],
                seen: &seen[1],
            },
        ];
        let found = judge(&witnesses, &place());
        assert_eq!(found[0].state, State::Held);
        assert_eq!(found[1].state, State::NotHeld, "{leak}");
    }
}

#[test]
fn a_part_of_a_word_is_no_leak() {
    for text in [
        "actor10",
        "factor1",
        "actor1_b",
        "n0nce-00011",
        "actor1é",
        "xn0nce-0001",
    ] {
        assert_eq!(second(text).state, State::Held, "{text}");
    }
    for text in ["actor1.", "(actor1)", "x-actor1-y"] {
        assert_eq!(second(text).state, State::NotHeld, "{text}");
    }
    // A part of something of its own is its own.
    let seen = [
        stream(&["abcd"]),
        stream(&["abcd-efgh"]),
        stream(&["abcd-efgh and abcd"]),
    ];
    let with = |seen| {
        let witnesses = [
            Witness {
                actor: "one",
                markers: vec![marker("id", "abcd")],
                seen: &stream(&["abcd"]),
            },
            Witness {
                actor: "two",
                markers: vec![marker("id", "abcd-efgh")],
                seen,
            },
        ];
        judge(&witnesses, &place())[1].state
    };
    assert_eq!(with(&seen[1]), State::Held);
    assert_eq!(with(&seen[2]), State::NotHeld);
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
fn markers_that_tell_nobody_apart_are_told() {
    let seen = [stream(&["for anna"]), stream(&["for bert"])];
    let told = |first: Vec<Marker>, second: Vec<Marker>| {
        let witnesses = [
            Witness {
                actor: "anna",
                markers: first,
                seen: &seen[0],
            },
            Witness {
                actor: "bert",
                markers: second,
                seen: &seen[1],
            },
        ];
        let told = |one: Finding| (one.state == State::NotHeld).then(|| said(&one).to_owned());
        judge(&witnesses, &place())
            .into_iter()
            .map(told)
            .collect::<Vec<_>>()
    };
    let name = |name: &str| marker("actor", name);
    let one_user =
        Some("anna and bert have the same `session.user.token`: they are one user".to_owned());
    let token = || marker("session.user.token", "s3cr3t-of-both");
    let same = told(vec![name("anna"), token()], vec![name("bert"), token()]);
    assert_eq!(same[0], one_user);
    assert_eq!(
        same[1].as_deref(),
        Some("bert and anna have the same `session.user.token`: they are one user")
    );
    // What everybody may know tells nobody apart, and is left out.
    let plan = || marker("plan", "premium");
    assert_eq!(
        told(vec![name("anna"), plan()], vec![name("bert"), plan()]),
        [None, None]
    );
    let nothing = told(vec![plan()], vec![name("bert"), plan()]);
    assert_eq!(
        nothing,
        [
            Some("nothing is known of it that only it has".to_owned()),
            None
        ]
    );
    let short = told(vec![name("anna"), marker("room", "r1")], vec![name("bert")]);
    assert_eq!(
        short[0].as_deref(),
        Some("its `room` has 2 characters, too few to be recognised: at least 4")
    );
    assert_eq!(short[1], None);
    let long = told(
        vec![name("anna"), marker("page", "x".repeat(20_000))],
        vec![name("bert")],
    );
    assert_eq!(
        long[0].as_deref(),
        Some("its `page` is longer than the 16384 bytes that are looked for")
    );
    assert!(!format!("{:?}", token()).contains("s3cr3t"));
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
