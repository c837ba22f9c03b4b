//! `params` of sessions, and `uses` with values for them.

use super::super::testing::{Folder, says, suite};
use super::super::{Look, Suites};
use crate::model::SessionName;

const SESSIONS: &str = "
sessions:
  user:
    params: [name]
    steps:
      - scripted: { looks: [{ text: \"${name}\" }] }
        expect: { text: \"${name}\" }
        capture: { token: { text: true } }
    cleanup:
      - scripted: { looks: [{ text: \"bye ${name} ${token}\" }] }
  plain:
    steps: [{ scripted: { looks: [] }, expect: { text: ok } }]
";

fn with_sessions(sessions: &str, tests: &str) -> Folder {
    Folder::new(&[
        ("allclear.yaml", "target: t\ndefaults: { timeout: 4s }\n"),
        (
            "targets/t.yaml",
            "vars: { me: alice, pin: \"${secret.pin}\" }\nsecrets: { pin: { env: PIN }, other: { env: OTHER } }\n",
        ),
        ("sessions.yaml", sessions),
        ("a.yaml", &suite(tests)),
    ])
    .env(&[("PIN", "hunter22-pin"), ("OTHER", "hunter22-other")])
}

/// A test that uses this.
fn using(name: &str, uses: &str) -> String {
    format!(
        "- {{ name: {name}, uses: [{uses}], scripted: {{ looks: [{{ text: \"${{session.user.token}}\" }}] }}, expect: {{ fault: none }} }}\n"
    )
}

fn names(suites: &Suites) -> Vec<&str> {
    let names = suites.sessions.iter().map(|session| session.name.as_str());
    names.collect()
}

#[test]
fn a_session_with_parameters_is_there_once_for_each_value() {
    let mut tests = using("a", "{ session: user, with: { name: alice } }, plain");
    tests += &using("b", "{ session: user, with: { name: \"${me}\" } }");
    tests += &using("c", "{ session: user, with: { name: bob } }");
    tests += "- name: d\n  matrix: [{ name: x, who: bob }, { name: y, who: 7 }]\n  uses: [{ session: user, with: { name: \"${matrix.who}\" } }]\n  scripted: { looks: [] }\n  expect: { text: x }\n";
    let suites = with_sessions(SESSIONS, &tests).loaded();
    assert_eq!(
        names(&suites),
        [
            "plain",
            "user[name=alice]",
            "user[name=bob]",
            "user[name=7]"
        ]
    );
    let uses = |at: usize| {
        let used = suites.tests[at]
            .uses
            .iter()
            .flat_map(super::super::Used::names);
        used.map(SessionName::as_str).collect::<Vec<_>>()
    };
    assert_eq!(uses(0), ["user[name=alice]", "plain"]);
    assert_eq!(uses(1), ["user[name=alice]"]);
    assert_eq!(uses(4), ["user[name=7]"]);
    let bob = &suites.sessions[2];
    assert!(matches!(bob.steps[0].look, Look::Ready(..)));
    assert_eq!(bob.steps[0].expectations[1], "text equals bob");
    assert_eq!(bob.cleanup[0].wants, ["token"]);
    assert!(matches!(suites.tests[0].steps[0].look, Look::Late(_)));
}

#[test]
fn what_is_a_secret_in_any_suite_names_no_session() {
    // Whichever is read first.
    let literal = "- { name: x, http: { url: \"http://h\", headers: { x-token: \"hunter22-literal\" } }, expect: { status: 200 } }";
    let uses = using(
        "a",
        "{ session: user, with: { name: \"hunter22-literal\" } }",
    );
    for (first, last) in [(literal, uses.as_str()), (uses.as_str(), literal)] {
        let folder = Folder::new(&[
            ("allclear.yaml", "defaults: { timeout: 4s }\n"),
            ("sessions.yaml", SESSIONS),
            ("a.yaml", &suite(first)),
            ("b.yaml", &suite(last).replace("category: a", "category: b")),
        ]);
        assert_eq!(names(&folder.loaded())[1], "user[name=***]");
    }
}

#[test]
fn values_that_are_secret_do_not_name_a_session() {
    let sessions = SESSIONS.replace("[name]", "[name, password]");
    let with = |name, password| {
        format!("{{ session: user, with: {{ name: {name}, password: \"{password}\" }} }}")
    };
    let tests = using("a", &with("alice", "${secret.pin}")) + &using("b", &with("bob", "${pin}"));
    let suites = with_sessions(&sessions, &tests).loaded();
    assert_eq!(
        names(&suites),
        [
            "plain",
            "user[name=alice,password=***]",
            "user[name=bob,password=***]"
        ]
    );
    let literal = with_sessions(&sessions, &using("a", &with("alice", "hunter22-literal")));
    assert_eq!(names(&literal.loaded())[1], "user[name=alice,password=***]");
    assert_eq!(literal.given.mask.apply("hunter22-literal"), "***");

    let tests =
        using("a", &with("x", "${secret.pin}")) + &using("b", &with("x", "${secret.other}"));
    let errors = with_sessions(&sessions, &tests).errors();
    assert!(
        says(
            &errors,
            "two sessions would be called `user[name=x,password=***]`"
        ),
        "{errors:?}"
    );
}

#[test]
fn slips_with_parameters_are_told_at_their_places() {
    for (uses, part) in [
        ("user", "session `user` needs its `name`"),
        ("{ session: user }", "session `user` needs its `name`"),
        (
            "{ session: user, with: { nam: x } }",
            "has no parameter `nam`; did you mean `name`?",
        ),
        (
            "{ session: user, with: { name: x, more: y } }",
            "has no parameter `more`",
        ),
        (
            "{ session: plain, with: { name: x } }",
            "session `plain` has no parameters",
        ),
        (
            "{ session: user, with: [x] }",
            "expected a mapping of parameters",
        ),
        (
            "{ session: user, with: { name: [x] } }",
            "expected `name` to be text",
        ),
        (
            "{ session: user, with: { name: \"a,b\" } }",
            "cannot be part of a session's name",
        ),
        (
            "{ session: user, with: { name: \"\" } }",
            "cannot be part of a session's name",
        ),
        (
            "{ session: user, with: { name: \"${nonce}\" } }",
            "`nonce` has no value yet where `with` is read",
        ),
        (
            "{ session: user, with: { name: \"${nobody}\" } }",
            "nothing is called `nobody`",
        ),
        ("{ with: { name: x } }", "`session`"),
        ("[user]", "expected the name of a session"),
        (
            "{ session: user, with: { name: x } }, { session: user, with: { name: y } }",
            "`user` a second time: which one would `${session.user.…}` be?",
        ),
        ("plain, plain", "`plain` a second time"),
    ] {
        let errors = with_sessions(SESSIONS, &using("a", uses)).errors();
        // What is used wrongly is used: that it gives a token is not told to be wrong as well.
        let only = errors.len() == 1 || uses.contains("plain") || uses.starts_with(['[', '{']);
        assert!(says(&errors, part) && only, "{uses}: {errors:?}");
    }
    let use_it = using("a", "{ session: user, with: { name: x } }");
    for (from, to, part) in [
        ("[name]", "[]", "an empty list names no parameters"),
        ("[name]", "[name, name]", "`name` is there twice"),
        ("[name]", "[name, Name]", "`Name` is no name"),
        (
            "[name]",
            "[name, actor]",
            "`actor` has a meaning of its own",
        ),
        (
            "[name]",
            "[name, me]",
            "`me` has a meaning already: a variable",
        ),
        (
            "token: {",
            "name: {",
            "`name` has a meaning already: a parameter of this session",
        ),
        ("bye ${name}", "bye ${nam}", "did you mean `name`?"),
        ("params", "parms", "did you mean `params`?"),
    ] {
        let errors = with_sessions(&SESSIONS.replace(from, to), &use_it).errors();
        assert!(says(&errors, part), "{to}: {errors:?}");
    }
}

#[test]
fn what_is_wrong_with_a_session_is_told_once_however_often_it_is_opened() {
    let broken = SESSIONS.replace(
        "expect: { text: \"${name}\" }",
        "expect: { txt: \"${name}\" }",
    );
    let tests = using("a", "{ session: user, with: { name: x } }")
        + &using("b", "{ session: user, with: { name: y } }");
    let errors = with_sessions(&broken, &tests).errors();
    assert_eq!(errors.len(), 1, "{errors:?}");
    // What only shows with a value, too.
    let late = SESSIONS.replace(
        "expect: { text: \"${name}\" }",
        "expect: { status: \"${name}\" }",
    );
    let errors = with_sessions(&late, &tests).errors();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(
        with_sessions(
            &late,
            &using("plain", "plain").replace("${session.user.token}", "x")
        )
        .errors()
        .is_empty()
    );
}
