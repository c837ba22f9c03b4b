//! Streams in which others speak, too, and that call their events by more than one member: Jupyter's.

use super::*;

/// What a kernel says of two requests, `a` and ours.
fn kernel() -> Vec<Json> {
    let message =
        |of: &str, kind: &str, content: Json| json!({ "of": of, "kind": kind, "content": content });
    let state = |of: &str, state: &str| message(of, "status", json!({ "state": state }));
    vec![
        state("a", "busy"),
        state("a", "idle"),
        state("ours", "busy"),
        message("a", "error", json!({})),
        message("ours", "stream", json!({ "text": "42" })),
        state("ours", "idle"),
        state("a", "idle"),
    ]
}

const OURS: &str =
    "only: { $.of: ours }\nkey: [$.content.state, $.kind]\nstrict: [busy, stream, idle]";

#[test]
fn rules_are_about_those_events_that_only_lets_in() {
    let all = format!("{OURS}\nforbidden: [error]\ncount: 3\neach: {{ '*': {{ $.of: ours }} }}");
    assert_eq!(broken(&rules(&all), &stream(&kernel())), [""; 0]);
    // Of ours.
    let mut without = kernel();
    without.remove(4);
    assert_eq!(broken(&rules(OURS), &stream(&without)), ["strict"]);
    let mut failed = kernel();
    failed[3] = json!({ "of": "ours", "kind": "error" });
    assert_eq!(
        broken(&rules(&all), &stream(&failed)),
        ["strict", "forbidden", "count"]
    );
    // All of it must hold, and of what is not there nothing does.
    let both = "only: { $.of: ours, $.content.state: { exists: true } }\ncount: 2";
    assert_eq!(broken(&rules(both), &stream(&kernel())), [""; 0]);
    let absent = "only: { $.content.state: { not: busy } }\ncount: 3";
    assert_eq!(broken(&rules(absent), &stream(&kernel())), [""; 0]);
    // But `exists: false`.
    let lacking = "only: { $.content.state: { exists: false } }\ncount: 2";
    assert_eq!(broken(&rules(lacking), &stream(&kernel())), [""; 0]);
    let text = stream(&[json!("no JSON"), kernel()[2].clone()]);
    assert_eq!(
        broken(&rules("only: { $.of: ours }\ncount: 1"), &text),
        [""; 0]
    );
}

#[test]
fn nobody_let_in_is_silence() {
    let nobody = "only: { $.of: nobody }\nforbidden: [error]\ncount: { below: 5 }";
    let told = broken(&rules(nobody), &stream(&kernel()));
    assert_eq!(told, ["key", "forbidden?", "count?"]);
    assert_eq!(
        broken(
            &rules("only: { $.of: nobody }\ncount: 0"),
            &stream(&kernel())
        ),
        [""; 0]
    );
}

#[test]
fn the_first_rule_says_which_events_are_meant() {
    assert_eq!(
        rules(OURS).texts()[1..],
        [
            "events key $.content.state or else $.kind names every event, and at least one comes, of those with $.of equals ours",
            "events strict busy, stream, idle",
        ]
    );
    assert_eq!(
        rules("only: { $.of: ours }\ncount: 1").texts()[1..],
        ["events count equals 1, of those with $.of equals ours"]
    );
}

#[test]
fn an_event_is_called_by_the_first_that_names_it() {
    let by = |key: &str| format!("key: {key}\nstrict: [busy, stream]");
    let ours = stream(&kernel()[2..5]);
    let ours_alone = |key: &str| format!("only: {{ $.of: ours }}\n{}", by(key));
    assert_eq!(
        broken(&rules(&ours_alone("[$.content.state, $.kind]")), &ours),
        [""; 0]
    );
    assert_eq!(
        broken(&rules(&ours_alone("[$.kind, $.content.state]")), &ours),
        ["strict"]
    );
    assert_eq!(
        broken(&rules(&ours_alone("$.content.state")), &ours),
        ["key", "strict"]
    );
}

#[test]
fn mistakes_are_told() {
    for (yaml, wanted) in [
        ("key: []\ncount: 1", "1:8 `key` is empty"),
        (
            "key: [$.a, b]\ncount: 1",
            "1:14 `b` is neither a JSONPath such as `$.type` nor `event`, the field of a server-sent event",
        ),
        (
            "key: [[$.a]]\ncount: 1",
            "1:9 `key` takes a JSONPath known at load, or a list of them: the first that has something names the event",
        ),
        ("only: {}\ncount: 1", "1:9 `only` asks for nothing"),
        (
            "only: ours\ncount: 1",
            "1:9 `only` takes JSONPaths and what they must find in an event that the rules are about: `{ $.reply_to: \"${uuid}\" }`",
        ),
        (
            "only: { of: ours }\ncount: 1",
            "1:11 `of` is no JSONPath: it begins with `$`, as in `$.status`",
        ),
        ("only: { $.of: ours }", "1:3 nothing is asked of the events"),
    ] {
        assert_eq!(read(yaml).expect_err(yaml), [wanted]);
    }
}
