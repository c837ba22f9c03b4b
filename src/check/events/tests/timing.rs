//! When events come: answers, silences, turns, and how long it was quiet.

use super::*;

/// Of each event when it came, how long after the send before it, and its name.
type Came<'n> = (u64, Option<u64>, &'n str);

fn heard(events: &[Came<'_>]) -> Observation {
    let event = |(at, since_send, name): &Came<'_>| {
        Received {
            since_send: since_send.map(Duration::from_secs),
            ..received(Duration::from_secs(*at), &json!({ "type": name }))
        }
        .into_value()
    };
    let events = events.iter().map(event).collect();
    Observation::default().with("events", Value::List(events))
}

/// After sends at these seconds, each with whether an answer was waited for.
fn after(sends: &[(u64, bool)], seen: Observation) -> Observation {
    let send = |(at, awaited): &(u64, bool)| {
        Value::Map(vec![
            ("at".to_owned(), Value::Duration(Duration::from_secs(*at))),
            ("awaited".to_owned(), Value::Bool(*awaited)),
        ])
    };
    seen.with("sends", Value::List(sends.iter().map(send).collect()))
}

#[test]
fn limits() {
    let seen = heard(&[(2, Some(2), "a"), (11, Some(11), "h"), (12, Some(12), "b")])
        .with("listened", Value::Duration(Duration::from_mins(1)));
    for (yaml, holds) in [
        ("first: { below: 3s }", true),
        ("first: { below: 2s }", false),
        ("first: { at_most: 2s }", true),
        ("gap: { below: 10s }", true),
        ("gap: { below: 9s }", false),
        ("total: { at_most: 12s }", true),
        ("total: { below: 12s }", false),
        ("{ total: { at_most: 11s }, ignore: [b] }", true),
        ("quiet: { at_least: 48s }", true),
        ("quiet: { at_least: 49s }", false),
        ("{ quiet: { at_least: 49s }, ignore: [b] }", true),
    ] {
        let told = broken(&rules(yaml), &seen);
        assert_eq!(told.is_empty(), holds, "{yaml}: {told:?}");
    }
    let ended = seen.with("ended", Value::Bool(true));
    assert_eq!(broken(&rules("quiet: { at_least: 5m }"), &ended), [""; 0]);
}

#[test]
fn where_nothing_is_to_be_measured_no_limit_is_kept() {
    let greeted = heard(&[(0, None, "a")]);
    for yaml in [
        "first: { below: 3s }",
        "gap: { below: 3s }",
        "quiet: { at_least: 3s }",
    ] {
        assert_eq!(broken(&rules(yaml), &greeted).len(), 1, "{yaml}");
    }
}

#[test]
fn every_send_that_waits_for_an_answer_gets_one() {
    let answered = [(2, Some(1), "a"), (21, Some(1), "b"), (22, Some(2), "c")];
    let first = "{ count: { at_least: 0 }, first: { below: 5s } }";
    for (sends, wrong) in [
        (&[(1, true), (20, true)][..], None),
        (
            &[(1, true), (10, true), (20, true)],
            Some("the 2nd of 3 sends was never answered"),
        ),
        // Nobody waited for one.
        (&[(1, true), (10, false), (20, true)], None),
        (&[(1, true), (20, true), (30, false)], None),
        (
            &[(1, true), (20, true), (30, true)],
            Some("the 3rd of 3 sends was never answered"),
        ),
        // What is sent in a row is answered together.
        (&[(1, false), (2, true), (20, true)], None),
        (
            &[(1, true), (20, true), (30, false), (31, true)],
            Some("the 4th of 4 sends was never answered"),
        ),
    ] {
        let seen = after(sends, heard(&answered));
        let findings = evaluate(&rules(first), &seen);
        let broken = findings.iter().find(|one| one.state == State::NotHeld);
        let why = broken.map(|one| {
            let why = one.detail.as_deref().unwrap_or_default();
            (&*one.path, why.lines().next().unwrap_or_default())
        });
        assert_eq!(why, wrong.map(|why| ("events first", why)), "{sends:?}");
    }
    let silent = after(&[(1, true)], heard(&[]));
    let why = finding(first, &silent).detail;
    assert_eq!(why.as_deref(), Some("what was sent was never answered"));
}

#[test]
fn what_is_left_out_is_no_answer_and_shows_life() {
    let turns = after(
        &[(1, true), (20, true)],
        heard(&[
            (2, Some(1), "h"),
            (8, Some(7), "a"),
            (21, Some(1), "h"),
            (29, Some(9), "h"),
        ]),
    );
    let ignoring = |rule: &str| format!("{{ count: {{ at_least: 0 }}, ignore: [h], {rule} }}");
    let why = finding(&ignoring("first: { below: 9s }"), &turns).detail;
    assert!(why.is_some_and(|why| {
        why.starts_with("the 2nd of 2 sends was never answered: what came after it is left out")
    }),);
    assert_eq!(
        broken(&rules(&ignoring("gap: { at_most: 8s }")), &turns),
        [""; 0]
    );
    assert_eq!(
        broken(&rules(&ignoring("gap: { below: 8s }")), &turns),
        ["gap"]
    );
    // The heartbeat a second after the send is not the answer, which took seven.
    let once = after(&[(1, true)], heard(&[(2, Some(1), "h"), (8, Some(7), "a")]));
    assert_eq!(
        broken(&rules(&ignoring("first: { below: 7s }")), &once),
        ["first"]
    );
    assert_eq!(
        broken(&rules(&ignoring("first: { at_most: 7s }")), &once),
        [""; 0]
    );
    // Nor is what `only` does not let in.
    let only = "{ only: { $.type: a }, first: { below: 7s } }";
    assert_eq!(broken(&rules(only), &once), ["first"]);
    // Where nothing at all came there was silence, too.
    let dead = after(&[(1, true), (20, true)], heard(&[(2, Some(1), "a")]));
    assert_eq!(broken(&rules("gap: { below: 8s }"), &dead), ["gap"]);
}

#[test]
fn a_silence_is_told_where_it_was_and_without_the_time_nobody_was_connected() {
    // Between the second and the third nothing was connected for fifty seconds.
    let seen = after(
        &[(1, true), (90, true)],
        heard(&[
            (2, Some(1), "a"),
            (5, Some(4), "b"),
            (60, Some(9), "c"),
            (92, Some(2), "d"),
        ]),
    );
    assert_eq!(broken(&rules("{ gap: { at_most: 5s } }"), &seen), [""; 0]);
    let detail = finding("{ gap: { below: 5s } }", &seen).detail.unwrap();
    let marked: Vec<_> = detail.lines().filter(|line| line.contains("<-")).collect();
    assert_eq!(marked.len(), 1, "{detail}");
    assert!(
        marked[0].starts_with("3 ") && marked[0].ends_with("<- after 5s of silence"),
        "{detail}"
    );
}

#[test]
fn our_own_pauses_are_not_in_the_total() {
    let two_turns = [
        (1, None, "hello"),
        (3, Some(1), "a"),
        (7, Some(5), "b"),
        (70, Some(2), "c"),
        (72, Some(4), "d"),
    ];
    for (events, yaml, holds) in [
        (&two_turns[..], "total: { at_most: 5s }", true),
        (&two_turns, "total: { below: 5s }", false),
        (&two_turns, "{ total: { below: 5s }, ignore: [b] }", true),
        (&two_turns, "{ total: { below: 4s }, ignore: [b] }", false),
        // Nothing was sent, or nothing that came followed it: from the open stream.
        (
            &[(1, None, "a"), (4, None, "b")],
            "total: { at_most: 4s }",
            true,
        ),
        (
            &[(1, None, "a"), (4, None, "b")],
            "total: { below: 4s }",
            false,
        ),
        // What answered is left out, and a greeting is no answer.
        (
            &two_turns[..2],
            "{ total: { below: 9s }, ignore: [a] }",
            false,
        ),
        (&[], "total: { below: 9s }", false),
    ] {
        let told = broken(&rules(yaml), &heard(events));
        assert_eq!(
            !told.contains(&"total".to_owned()),
            holds,
            "{yaml} of {events:?}"
        );
    }
    let slow = finding("total: { below: 5s }", &heard(&two_turns));
    let detail = slow.detail.unwrap();
    let marked: Vec<_> = detail.lines().filter(|line| line.contains("<-")).collect();
    assert_eq!(marked.len(), 1, "{detail}");
    assert!(
        marked[0].starts_with("3 ") && marked[0].ends_with("<- 5s after the send"),
        "{detail}"
    );
}
