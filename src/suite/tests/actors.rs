//! `actors`, and the sessions that are opened for each.

use super::super::testing::{Folder, says, suite};
use super::super::{Look, Used};
use crate::model::{ActorName, Connections, SessionName};

const SESSIONS: &str = "
sessions:
  user:
    params: [name]
    steps:
      - scripted: { looks: [{ text: \"${name}\" }] }
        expect: { text: \"${name}\" }
        capture: { token: { text: true } }
";

fn with_sessions(sessions: &str, tests: &str) -> Folder {
    Folder::new(&[
        ("allclear.yaml", "target: t\ndefaults: { timeout: 4s }\n"),
        ("targets/t.yaml", "vars: { many: 200, who: [ann, ben] }\n"),
        ("sessions.yaml", sessions),
        ("a.yaml", &suite(tests)),
    ])
}

fn test(rest: &str) -> String {
    format!(
        "- {{ name: x, {rest}, scripted: {{ looks: [{{ text: \"${{actor}}\" }}] }}, expect: {{ text: \"${{actor}}\" }} }}\n"
    )
}

fn actors(written: &str) -> Vec<String> {
    let suites = with_sessions(SESSIONS, &test(&format!("actors: {written}"))).loaded();
    suites.tests[0]
        .actors
        .iter()
        .map(ActorName::to_string)
        .collect()
}

#[test]
fn actors_are_counted_or_named() {
    assert_eq!(actors("3"), ["actor1", "actor2", "actor3"]);
    assert_eq!(actors("1"), ["actor1"]);
    assert_eq!(actors("\"${many}\"").len(), 200);
    assert_eq!(
        actors("[alice, bob@example.com]"),
        ["alice", "bob@example.com"]
    );
    assert_eq!(actors("\"${who}\""), ["ann", "ben"]);
    assert_eq!(actors("1000").len(), 1000);
    for (written, part) in [
        ("0", "expected a whole number from 1 to 1000"),
        ("1001", "expected a whole number from 1 to 1000"),
        ("many", "expected a whole number from 1 to 1000"),
        (
            "{ a: b }",
            "expected how many, 1 to 1000, or a list of names",
        ),
        ("[]", "found 0 actors, expected 1 to 1000"),
        ("[a, b, a]", "two actors are called `a`"),
        ("[\"a b\"]", "an actor's name is 1 to 100 letters"),
        ("[\"a,b\"]", "an actor's name is 1 to 100 letters"),
        (
            "\"${nonce}\"",
            "`nonce` has no value yet where `actors` is read",
        ),
    ] {
        let errors = with_sessions(SESSIONS, &test(&format!("actors: {written}"))).errors();
        assert!(
            errors.len() == 1 && says(&errors, part),
            "{written}: {errors:?}"
        );
    }
}

#[test]
fn rounds_and_actors_together_are_not_too_many_at_once() {
    let errors = |actors: u64, concurrency: u64| {
        let rest =
            format!("actors: {actors}, repeat: {{ times: 100, concurrency: {concurrency} }}");
        with_sessions(SESSIONS, &test(&rest)).errors()
    };
    assert!(errors(200, 5).is_empty());
    let told = errors(200, 6);
    assert!(
        told.len() == 1
            && says(
                &told,
                "6 rounds of 200 actors are 1200 at once, expected at most 1000"
            ),
        "{told:?}"
    );
}

#[test]
fn each_actor_has_the_session_that_is_opened_with_its_name() {
    let uses = |with: &str| {
        let uses = format!("actors: 3, uses: [{{ session: user, with: {{ name: \"{with}\" }} }}]");
        with_sessions(SESSIONS, &test(&uses)).loaded()
    };
    let suites = uses("u-${actor}");
    let opened: Vec<_> = suites
        .sessions
        .iter()
        .map(|session| session.name.as_str())
        .collect();
    let names = [
        "user[name=u-actor1]",
        "user[name=u-actor2]",
        "user[name=u-actor3]",
    ];
    assert_eq!(opened, names);
    let used = &suites.tests[0].uses[0];
    assert_eq!(
        used.names().map(SessionName::as_str).collect::<Vec<_>>(),
        names
    );
    assert_eq!(used.name_for(2).as_str(), names[2]);
    assert!(matches!(suites.tests[0].steps[0].look, Look::Late(_)));
    assert!(matches!(suites.sessions[2].steps[0].look, Look::Ready(..)));

    let shared = uses("all");
    let used: Vec<&Used> = shared.tests[0].uses.iter().collect();
    assert_eq!(used[0].names().count(), 1);
    assert_eq!(used[0].name_for(2).as_str(), "user[name=all]");
}

#[test]
fn actors_share_no_connections() {
    let errors = with_sessions(SESSIONS, &test("actors: 2, connections: reuse")).errors();
    assert!(says(&errors, "actors share no connections"), "{errors:?}");
    let tests = format!(
        "{}- {{ name: y, scripted: {{ looks: [] }}, expect: {{ fault: none }} }}\n",
        test("actors: 2")
    );
    let suites = Folder::new(&[
        (
            "allclear.yaml",
            "target: t\ndefaults: { timeout: 4s, connections: reuse }\n",
        ),
        ("targets/t.yaml", "vars: {}\n"),
        ("a.yaml", &suite(&tests)),
    ])
    .loaded();
    let found: Vec<_> = suites.tests.iter().map(|test| test.connections).collect();
    assert_eq!(found, [Connections::Fresh, Connections::Reuse]);
}

#[test]
fn only_actors_have_names_and_wait() {
    let hint = "only a test with `actors` has it";
    for (tests, part) in [
        (test("tags: [a]"), hint),
        (test("actors: 2, title: \"${actor}\""), "`actor` has no value yet where `title` is read"),
        (test("uses: [{ session: user, with: { name: \"${actor}\" } }]"), hint),
        (
            "- { name: x, scripted: { looks: [{ wait_for: sent }] }, expect: { fault: none } }".to_owned(),
            "a test without `actors` has nobody to wait for",
        ),
        (
            "- { name: x, actors: 2, scripted: { looks: [] }, expect: { fault: none }, cleanup: [{ scripted: { looks: [{ wait_for: sent }] } }] }".to_owned(),
            "a clean-up has nobody to wait for",
        ),
    ] {
        let errors = with_sessions(SESSIONS, &tests).errors();
        assert!(says(&errors, part), "{tests}: {errors:?}");
    }
    let errors = with_sessions(
        &SESSIONS.replace("\"${name}\" }]", "\"${actor}\" }]"),
        &test("actors: 2"),
    )
    .errors();
    assert!(
        says(&errors, "a session is told by a parameter"),
        "{errors:?}"
    );
    let waits = SESSIONS.replace("text: \"${name}\" }]", "wait_for: \"${name}\" }]");
    let errors = with_sessions(&waits, &test("actors: 2")).errors();
    assert!(
        says(&errors, "a session has nobody to wait for"),
        "{errors:?}"
    );
    let isolated = |rest: &str| {
        let test = format!("- {{ name: x, {rest}, expect: {{ text: x, isolation: true }} }}");
        with_sessions(SESSIONS, &test).errors()
    };
    let looks = "scripted: { looks: [] }";
    for (rest, part) in [
        (
            looks.to_owned(),
            "a test without `actors` has nobody to be isolated from",
        ),
        (
            format!("actors: 1, {looks}"),
            "one actor alone has nobody to be isolated from",
        ),
        (
            format!("actors: [alice, bob, amy], {looks}"),
            "the actor's name `bob`, like 1 more, is too short to be searched for",
        ),
        (
            format!("actors: \"${{who}}\", {looks}"),
            "the actor's name `ann`, like 1 more, is too short to be searched for",
        ),
        (
            format!("actors: [alice, zoë], {looks}"),
            "the actor's name `zoë` is too short to be searched for",
        ),
    ] {
        let errors = isolated(&rest);
        assert!(
            errors.len() == 1 && says(&errors, part),
            "{rest}: {errors:?}"
        );
    }
    assert!(isolated(&format!("actors: 2, {looks}")).is_empty());
    assert!(isolated(&format!("actors: [alice, anna], {looks}")).is_empty());
    // Where nobody is searched for a name of any length will do.
    let named = format!("- {{ name: x, actors: [bob, amy], {looks}, expect: {{ text: x }} }}");
    assert!(with_sessions(SESSIONS, &named).errors().is_empty());
    let suites = with_sessions(
        SESSIONS,
        &format!("- {{ name: x, actors: 2, {looks}, expect: {{ text: x, isolation: true }} }}"),
    )
    .loaded();
    let place = suites.tests[0].steps[0].isolation.as_ref().unwrap();
    assert_eq!(place.line, 4);
    let fine = "- { name: x, actors: 2, scripted: { looks: [{ wait_for: sent }] }, expect: { fault: none } }";
    assert!(with_sessions(SESSIONS, fine).errors().is_empty());
}
