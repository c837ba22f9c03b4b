//! What actors are known by, and what tells nobody apart.

use super::*;

#[test]
fn a_part_of_a_word_is_no_leak() {
    for text in ["actor10", "factor1", "actor1_b", "actor1é"] {
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
    let first = stream(&["abcd"]);
    let with = |seen| {
        let witnesses = [
            witness("one", vec![marker("user", "abcd")], &first),
            witness("two", vec![marker("user", "abcd-efgh")], seen),
        ];
        judge(&witnesses)[1].state
    };
    assert_eq!(with(&seen[1]), State::Held);
    assert_eq!(with(&seen[2]), State::NotHeld);
}

#[test]
fn markers_that_tell_nobody_apart_are_told() {
    let seen = [stream(&["for anna"]), stream(&["for bert"])];
    let told = |first: Vec<Marker>, second: Vec<Marker>| {
        let witnesses = [
            witness("anna", first, &seen[0]),
            witness("bert", second, &seen[1]),
        ];
        let told = |one: Finding| (one.state == State::NotHeld).then(|| said(&one).to_owned());
        judge(&witnesses).into_iter().map(told).collect::<Vec<_>>()
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
    let short = told(vec![name("anna"), marker("user", "r1")], vec![name("bert")]);
    assert_eq!(
        short[0].as_deref(),
        Some("its `user` has 2 characters, too few to be recognised: at least 4")
    );
    assert_eq!(short[1], None);
    let long = told(
        vec![name("anna"), marker("token", "x".repeat(20_000))],
        vec![name("bert")],
    );
    assert_eq!(
        long[0].as_deref(),
        Some("its `token` is longer than the 16384 bytes that are looked for")
    );
    assert!(!format!("{:?}", token()).contains("s3cr3t"));
}

#[test]
fn what_nobody_has_by_chance_is_found_within_a_word() {
    let uuid = "0c9e3f5a-7d1b-4b8e-9a55-3f1c2d4e5f60";
    let seen = stream(&["for one"]);
    let of_one = || {
        vec![
            marker("nonce", "n0nce-0001"),
            marker("uuid", uuid),
            marker("token", "eyJhbGciOiJIUzI1NiJ9.e30"),
            marker("thread", "thread_0000000047"),
        ]
    };
    let state = |leak: &str| {
        let leaking = stream(&["for actor2", leak]);
        judge(&[
            witness("one", of_one(), &seen),
            witness("actor2", known(2), &leaking),
        ])[1]
            .state
    };
    let simple = uuid.replace('-', "");
    let bytes = ::uuid::Uuid::parse_str(uuid).unwrap();
    let encoded = ::base64::Engine::encode(
        &::base64::engine::general_purpose::URL_SAFE_NO_PAD,
        bytes.as_bytes(),
    );
    for leak in [
        "msg_n0nce-0001_x",
        "xn0nce-00011",
        &format!("session-{uuid}-2"),
        &format!("session_{uuid}_2"),
        &uuid.to_uppercase(),
        &format!("x{}y", simple.to_uppercase()),
        &simple,
        &encoded,
        "xeyJhbGciOiJIUzI1NiJ9.e30x",
        "my_thread_0000000047_x",
    ] {
        assert_eq!(state(leak), State::NotHeld, "{leak}");
    }
    // The next but some is another.
    assert_eq!(state("thread_00000000471"), State::Held);
}

#[test]
fn what_may_be_anybodys_is_not_looked_for_and_that_is_told() {
    let seen = [
        stream(&["for actor1, the administrator since 2026-11-21T09:57:51Z"]),
        stream(&["for actor2: ask an administrator, or user 1704, since 2026-11-21T09:57:52Z"]),
        stream(&["for actor3"]),
    ];
    let with = |at: usize, role: &str, since: &str, id: &str, thread: &str| {
        let captured = [
            marker("role", role),
            marker("since", since),
            marker("id", id),
            marker("thread", thread),
        ];
        [known(at), captured.to_vec()].concat()
    };
    let first = "2026-11-21T09:57:51Z";
    let second = "2026-11-21T09:57:52Z";
    let third = "2026-11-21T09:57:53Z";
    let found = judge(&[
        witness(
            "actor1",
            with(1, "administrator", second, "1704", "thread-8f3a21"),
            &seen[0],
        ),
        witness(
            "actor2",
            with(2, "moderator", first, "1705", "thread-77b1c0"),
            &seen[1],
        ),
        witness(
            "actor3",
            with(3, "administrator", third, "1706", "thread-77b1c0"),
            &seen[2],
        ),
    ]);
    for one in &found {
        assert_eq!(one.state, State::Held, "{one:#?}");
        // What two of them share is left out of their markers, and is looked for where it is one's alone.
        assert_eq!(
            one.expected,
            "nothing of another actor's (looked for: actor, nonce, thread; left out: role, since, id, thread)"
        );
    }
}

#[test]
fn who_captured_anothers_data_has_seen_it_and_does_not_own_it() {
    // The capture that holds it hides neither that it is the other's, nor where it stands.
    for captured in [
        "n0nce-0001",
        "actor1",
        "chat/n0nce-0001/17",
        "chat/actor1/17b",
    ] {
        let seen = [stream(&["for actor1"]), stream(&["for actor2", captured])];
        let leaked = [known(2), vec![marker("last", captured)]].concat();
        let found = judge(&[
            witness("actor1", known(1), &seen[0]),
            witness("actor2", leaked, &seen[1]),
        ]);
        assert_eq!(found[1].state, State::NotHeld, "{captured}: {found:#?}");
        assert_eq!(found[0].state, State::Held, "{captured}: {found:#?}");
    }
}

#[test]
fn what_was_anothers_in_a_round_before_is_found_and_what_was_its_own_is_not() {
    let before = |at: usize| {
        let nonce = marker("nonce", format!("b4fore-{at:04}"));
        vec![(7, nonce), (8, marker("token", "both-had-it-in-turn"))]
    };
    let (of_one, of_two) = (before(1), before(2));
    let state = |text: &str| {
        let seen = [stream(&["actor1"]), stream(&["actor2", text])];
        let mut witnesses = [
            witness("actor1", known(1), &seen[0]),
            witness("actor2", known(2), &seen[1]),
        ];
        witnesses[0].earlier = &of_one;
        witnesses[1].earlier = &of_two;
        judge(&witnesses).remove(1)
    };
    let leak = state("too late: b4fore-0001");
    assert_eq!(
        leak.actual.as_deref(),
        Some("`nonce` of actor1 in round 7 in event 2 (+0.120s)")
    );
    assert_eq!(
        leak.expected,
        "nothing of another actor's (looked for: actor, nonce, and those of earlier rounds)"
    );
    for text in ["too late: b4fore-0002", "both-had-it-in-turn"] {
        assert_eq!(state(text).state, State::Held, "{text}");
    }
    // Nor does its own of then show that anything was heard now.
    let seen = [stream(&["actor1"]), stream(&["b4fore-0002"])];
    let mut witnesses = [
        witness("actor1", known(1), &seen[0]),
        witness("actor2", known(2), &seen[1]),
    ];
    witnesses[1].earlier = &of_two;
    let found = judge(&witnesses);
    assert_eq!(
        found[1].detail.as_deref(),
        Some("its one event does not hold anything of its own, so a leak could not have been told")
    );
}

#[test]
fn who_could_not_look_may_have_leaked_all_the_same() {
    let seen = stream(&["actor1", "n0nce-0002"]);
    let mut witnesses = [
        witness("actor1", known(1), &seen),
        witness("actor2", known(2), &seen),
    ];
    witnesses[1].seen = None;
    let rulings = rule(&witnesses, &place());
    assert_eq!(rulings.len(), 1);
    assert!(rulings[0].is_leak);
}

#[test]
fn what_nobody_sent_is_not_searched() {
    let of_one = || vec![marker("actor", "actor1"), marker("user", "10110000")];
    let with = |facts: &[(&'static str, Value)]| {
        let seen = stream(&["actor2"]);
        let seen = facts
            .iter()
            .fold(seen, |seen, (name, value)| seen.with(name, value.clone()));
        let own = stream(&["actor1"]);
        judge(&[
            witness("actor1", of_one(), &own),
            witness("actor2", known(2), &seen),
        ])[1]
            .state
    };
    let told = |text: &str| Value::Text(text.to_owned());
    for (name, value) in [
        ("close_code", Value::int(10_110_000)),
        ("size", Value::int(10_110_000)),
        ("proxy", told("http://actor1:8080")),
        ("closed_by", told("actor1")),
    ] {
        assert_eq!(with(&[(name, value)]), State::Held, "{name}");
    }
    for (name, value) in [
        ("close_reason", told("bye, actor1")),
        ("subprotocol", told("actor1")),
        ("last_event_id", told("actor1-7")),
        ("stdout", told("actor1\n")),
        ("rows", to_value(json!([["x", 10_110_000]]))),
        ("replies", to_value(json!(["actor1"]))),
        ("json", to_value(json!({ "id": 10_110_000 }))),
        ("headers", to_value(json!({ "x-user": ["actor1"] }))),
    ] {
        assert_eq!(with(&[(name, value)]), State::NotHeld, "{name}");
    }
}
