//! The keys of a test.

use std::time::Duration;

use super::super::testing::{Folder, says, suite};
use super::super::{Alone, Look, Mode, Requirement};
use super::shipped::demo;
use crate::check::ExpectedFault;
use crate::model::{Category, Connections, TestId, Value};
use crate::template::{Lookup, Scope, Secrecy};

#[test]
fn a_test_says_who_it_is() {
    let suites = Folder::new(&[
        (
            "allclear.yaml",
            "defaults: { timeout: 10s, owner: all, tags: [base] }\ncategories: { a: {} }\n",
        ),
        (
            "a.yaml",
            "category: a
description: Something.
defaults: { tags: [net], owner: platform }
tests:
  - name: one.two-3
    title: A title
    description: What it proves
    tags: [slow, net]
    scripted: { looks: [] }
    expect: { fault: none }
  - { name: mine, owner: me, timeout: 3s, connections: reuse, scripted: { looks: [] }, expect: { fault: none } }
",
        ),
    ])
    .loaded();
    let [first, second] = &suites.tests[..] else {
        panic!("{:?}", suites.tests)
    };
    assert_eq!(first.id.to_string(), "a/one.two-3");
    assert_eq!(first.title.as_deref(), Some("A title"));
    assert_eq!(first.description.as_deref(), Some("What it proves"));
    assert_eq!(first.owner.as_deref(), Some("platform"));
    assert_eq!(first.tags, ["base", "net", "slow"]);
    assert_eq!(first.timeout, Duration::from_secs(10));
    assert_eq!(first.connections, Connections::Fresh);
    assert_eq!((first.place.line, first.place.column), (5, 11));
    assert_eq!(second.owner.as_deref(), Some("me"));
    assert_eq!(second.timeout, Duration::from_secs(3));
    assert_eq!(second.connections, Connections::Reuse);
    assert!(!first.critical && !first.side_effects);
    assert!(matches!(first.mode, Mode::Once));
    assert_eq!(first.alone, Alone::No);
}

#[test]
fn a_test_is_one_probe_and_must_expect_something() {
    let suites =
        Folder::tests("- { name: x, scripted: { looks: [] }, expect: { fault: none } }").loaded();
    let step = &suites.tests[0].steps[0];
    assert_eq!((step.probe, step.name.clone()), ("scripted", None));
    let Look::Ready(_, expectations) = &step.look else {
        panic!("{step:?}")
    };
    assert_eq!(expectations.fault, ExpectedFault::None);
    assert_eq!(step.expectations, ["fault none"]);

    for (test, says) in [
        (
            "- { name: x, expect: { fault: none } }",
            "there is no probe",
        ),
        (
            "- { name: x, scripted: { looks: [] } }",
            "expects nothing, so it could not fail",
        ),
        (
            "- { name: x, scripted: { looks: [] }, expect: {} }",
            "expects nothing, so it could not fail",
        ),
        (
            "- { name: x, scripted: { looks: [] }, expect: }",
            "`expect` is empty",
        ),
        (
            "- { name: x, scripted: { looks: [] }, expct: { fault: none } }",
            "did you mean `expect`",
        ),
        (
            "- { name: x, scriptd: { looks: [] }, expect: { fault: none } }",
            "did you mean `scripted`",
        ),
        (
            "- { name: x, scripted: , expect: { fault: none } }",
            "`scripted` is empty",
        ),
        (
            "- { name: x, scripted: { looks: [] }, tcp: { host: h, port: 1 }, expect: { fault: none } }",
            "`tcp` is a second probe",
        ),
        (
            "- { name: x, steps: [{ scripted: { looks: [] }, expect: { fault: none } }], expect: { fault: none } }",
            "`expect` beside `steps`",
        ),
    ] {
        let errors = Folder::tests(test).errors();
        assert!(
            errors.len() == 1 && errors[0].contains(says),
            "{test}: {errors:?}"
        );
    }
}

#[test]
fn names_are_unique_in_their_category() {
    let one = "{ name: x, scripted: { looks: [] }, expect: { fault: none } }";
    let folder = Folder::new(&[
        ("a.yaml", &super::super::testing::suite(&format!("- {one}"))),
        ("b.yaml", &super::super::testing::suite(&format!("- {one}"))),
    ]);
    let told = folder.told();
    assert!(told.contains("a second test is called `a/x`"), "{told}");
    assert!(
        told.contains("a.yaml") && told.contains("b.yaml:4:13"),
        "{told}"
    );

    for name in ["X", "a b", "a/b", "ä", "-x", "\"\"", "\"x\\u202e\"", "[x]"] {
        let errors = Folder::tests(&format!(
            "- {{ name: {name}, scripted: {{ looks: [] }}, expect: {{ fault: none }} }}"
        ))
        .errors();
        assert_eq!(errors.len(), 1, "{name}: {errors:?}");
    }
    let errors = Folder::tests("- { scripted: { looks: [] }, expect: { fault: none } }").errors();
    assert!(says(&errors, "missing key `name`"), "{errors:?}");
}

#[test]
fn a_timeout_is_required_or_inherited() {
    let test =
        "category: a\ntests: [{ name: x, scripted: { looks: [] }, expect: { fault: none } }]\n";
    let told = Folder::new(&[("a.yaml", test)]).told();
    assert!(
        told.contains("has no `timeout`, and inherits none"),
        "{told}"
    );
    assert_eq!(told.matches("error:").count(), 1, "{told}");

    for (value, says) in [
        ("0s", "no time at all"),
        ("-1s", "negative"),
        ("10", "a unit is missing"),
        (".nan", "no duration"),
        ("400d", "longer than 366 days"),
        ("99999999999999999999s", "366 days"),
        ("[1s]", "found a list"),
    ] {
        let errors = Folder::tests(&format!(
            "- {{ name: x, timeout: {value}, scripted: {{ looks: [] }}, expect: {{ fault: none }} }}"
        ))
        .errors();
        assert!(
            errors.len() == 1 && errors[0].contains(says),
            "{value}: {errors:?}"
        );
    }
}

#[test]
fn retry_until_and_repeat_are_read_and_bounded() {
    let load = |mode: &str| {
        Folder::tests(&format!(
            "- name: x
  scripted: {{ looks: [] }}
  expect: {{ fault: none }}
  {mode}
"
        ))
    };
    let mode = |text: &str| load(text).loaded().tests.remove(0).mode;
    let Mode::Retry(retry) =
        mode("retry: { count: 2, delay: 500ms, backoff: 2, if: [expect.status, tcp.*] }")
    else {
        panic!()
    };
    assert_eq!(
        (retry.count, retry.delay, retry.codes.len()),
        (2, Duration::from_millis(500), 2)
    );
    let Mode::Retry(retry) = mode("retry: { count: 1 }") else {
        panic!()
    };
    assert_eq!(
        (retry.delay, retry.codes.len()),
        (Duration::from_secs(1), 6)
    );
    let Mode::Until(until) = mode("until: { within: 1m, stable_for: 5s }") else {
        panic!()
    };
    assert_eq!(
        (until.within, until.every, until.stable_for),
        (
            Duration::from_mins(1),
            Duration::from_secs(1),
            Duration::from_secs(5)
        )
    );
    let Mode::Repeat(repeat) =
        mode("repeat: { times: 10, concurrency: 2, interval: 1ms, pass_rate: 90% }")
    else {
        panic!()
    };
    assert_eq!((repeat.times, repeat.concurrency), (10, 2));

    for (text, says) in [
        ("retry: {}", "missing key `count`"),
        ("retry: { count: 0 }", "from 1 to 100"),
        ("retry: { count: 1000000000 }", "from 1 to 100"),
        ("retry: { count: -1 }", "from 1 to 100"),
        ("retry: { count: 1.5 }", "from 1 to 100"),
        (
            "retry: { count: 1, backoff: 0.5 }",
            "a factor from 1 to 100",
        ),
        (
            "retry: { count: 1, backoff: .nan }",
            "is not a finite number",
        ),
        ("retry: { count: 1, if: [] }", "tries nothing again"),
        (
            "retry: { count: 1, if: [tcp.refusd] }",
            "did you mean `tcp.refused`",
        ),
        (
            "until: { within: 1s, stable_for: 1s }",
            "shorter than `within`",
        ),
        ("until: { within: 0s }", "no time at all"),
        ("until: { within: 1s, every: 0s }", "no time at all"),
        ("until: {}", "missing key `within`"),
        ("repeat: { times: 0 }", "from 1 to 100000"),
        ("repeat: { times: 1, concurrency: 0 }", "from 1 to 1000"),
        (
            "repeat: { times: 1, concurrency: 1000000 }",
            "from 1 to 1000",
        ),
        ("repeat: { times: 5, pass_rate: 0.9 }", "0.9"),
        ("repeat: { times: 5, pass_rate: 150% }", "150%"),
        (
            "retry: { count: 1 }\n  until: { within: 1s }",
            "`until` beside `retry`",
        ),
    ] {
        let errors = load(text).errors();
        assert!(
            errors.len() == 1 && errors[0].contains(says),
            "{text}: {errors:?}"
        );
    }
}

#[test]
fn a_matrix_makes_an_instance_a_row() {
    let suites = Folder::tests(
        "- name: x
  title: \"Row ${matrix.host}\"
  matrix: [{ name: web one, host: h1, port: 80 }, { name: api, host: h2, port: 81 }]
  tcp: { host: \"${matrix.host}\", port: \"${matrix.port}\" }
  expect: { connected: true }
- { name: y, requires: [\"a/x[api]\", a/x], scripted: { looks: [] }, expect: { fault: none } }
",
    )
    .loaded();
    let ids: Vec<_> = suites
        .tests
        .iter()
        .map(|test| test.id.to_string())
        .collect();
    assert_eq!(ids, ["a/x[web one]", "a/x[api]", "a/y"]);
    assert_eq!(suites.tests[0].title.as_deref(), Some("Row h1"));
    assert_eq!(suites.tests[1].steps[0].resources, ["dns:h2", "sock:h2:81"]);
    assert_ne!(suites.tests[0].digest, suites.tests[1].digest);

    let test = |matrix: &str, host: &str| {
        Folder::tests(&format!(
            "- {{ name: x, matrix: {matrix}, tcp: {{ host: \"{host}\", port: 80 }}, expect: {{ connected: true }} }}"
        ))
        .errors()
    };
    for (matrix, host, says) in [
        ("[]", "h", "found 0 rows"),
        ("{ a: b }", "h", "expected a list of rows"),
        ("[{ host: h }]", "h", "a row needs a `name`"),
        ("[{ name: \"a/b\" }]", "h", "a row needs a `name`"),
        ("[{ name: a }, { name: a }]", "h", "two rows are called `a`"),
        ("[{ name: a, Host: h }]", "h", "`Host` is no name"),
        ("[{ name: \"${uuid}\" }]", "h", "`uuid` has no value yet"),
        // What a row has for each attempt is looked at, too, though nobody uses it.
        (
            "[{ name: a, id: \"${uuid} ${actor}\" }]",
            "h",
            "only a test with `actors` has it",
        ),
        (
            "[{ name: a, id: \"${session.user.token}\" }]",
            "h",
            "no session `user` is used here",
        ),
        (
            "[{ name: a, id: \"${uuid} ${matrix.name}\" }]",
            "h",
            "a value of a row knows nothing of the row",
        ),
        // What is wrong in every row is told once.
        (
            "[{ name: a }, { name: b }]",
            "${matrix.hots}",
            "nothing is called `matrix.hots`",
        ),
        (
            "[{ name: a, host: \"x y\" }, { name: b, host: ok }]",
            "${matrix.host}",
            "holds white space",
        ),
    ] {
        let errors = test(matrix, host);
        assert!(
            errors.len() == 1 && errors[0].contains(says),
            "{matrix} {host}: {errors:?}"
        );
    }
    // A row that is wrong is told even when the first one is right.
    let errors = test(
        "[{ name: a, host: ok }, { name: b, host: \"x y\" }]",
        "${matrix.host}",
    );
    assert!(says(&errors, "holds white space"), "{errors:?}");
}

#[test]
fn a_row_may_have_what_only_an_attempt_knows() {
    const TOKEN: &str = "eyJhbGciOiJub25lIn0.e30.c2ln";
    struct Attempt;
    impl Scope for Attempt {
        fn lookup(&self, name: &str) -> Lookup {
            match name {
                "session.user.token" => {
                    Lookup::Known(Value::Text(TOKEN.to_owned()), Secrecy::Secret)
                }
                "uuid" => Lookup::Known(Value::Text("u-1".to_owned()), Secrecy::Public),
                _ => Lookup::Unknown,
            }
        }
        fn names(&self) -> Vec<String> {
            Vec::new()
        }
    }
    let folder = Folder::new(&[
        (
            "sessions.yaml",
            "sessions: { user: { steps: [{ scripted: { looks: [] }, expect: { text: x }, capture: { token: { text: true, secret: true } } }], timeout: 1s } }\n",
        ),
        (
            "a.yaml",
            &suite(
                "- name: x
  uses: [user]
  requires: [\"a/${matrix.before}\"]
  matrix:
    - { name: none, before: y, headers: {} }
    - { name: late, before: z, headers: { authorization: \"Bearer ${session.user.token | tampered}\", x-id: \"${uuid}\" } }
  http: { url: \"http://h.example/\", headers: \"${matrix.headers}\" }
  expect: { status: 401 }
- { name: y, scripted: { looks: [] }, expect: { text: x } }
- { name: z, scripted: { looks: [] }, expect: { text: x } }",
            ),
        ),
    ]);
    let suites = folder.loaded();
    let requires = |at: usize| format!("{:?}", suites.tests[at].requires);
    assert!(
        requires(0).contains("\"y\"") && requires(1).contains("\"z\""),
        "{}",
        requires(0)
    );
    assert!(matches!(suites.tests[0].steps[0].look, Look::Ready(..)));
    let Look::Late(late) = &suites.tests[1].steps[0].look else {
        panic!("it is only known in an attempt");
    };
    assert_eq!(suites.tests[1].id.to_string(), "a/x[late]");
    let filled = late.probe.fill(&Attempt).unwrap().node;
    let header = |name: &str| {
        let header = filled.get("headers").unwrap().get(name).unwrap();
        header.as_scalar().unwrap().text.to_string()
    };
    assert_eq!(header("x-id"), "u-1");
    let sent = header("authorization");
    assert!(
        sent.starts_with("Bearer eyJhbGciOiJub25lIn0.e30.") && !sent.contains(TOKEN),
        "{sent}"
    );
    // What was made of a secret is one.
    let made = sent.trim_start_matches("Bearer ");
    assert_eq!(folder.given.mask.apply(&format!("so {made}")), "so ***");

    // It may not be what must be known before.
    let errors = Folder::tests(
        "- { name: x, title: \"${matrix.id}\", matrix: [{ name: a, id: \"${uuid}\" }], scripted: { looks: [] }, expect: { text: x } }",
    )
    .errors();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(
        says(
            &errors,
            "`matrix.id` has no value yet where `title` is read"
        ),
        "{errors:?}"
    );
}

#[test]
fn the_rows_of_a_matrix_may_be_a_list_of_the_target() {
    let target = "embedded: demo\nvars:\n  origins:\n  - { name: web, host: h1, port: 80 }\n  - { name: api, host: h2, port: \"${demo.port}\" }\n  word: x\n";
    let folder = |matrix: &str, embedded| {
        Folder::with_target(
            target,
            &format!("- {{ name: x, matrix: \"{matrix}\", tcp: {{ host: \"${{matrix.host}}\", port: \"${{matrix.port}}\" }}, expect: {{ connected: true }} }}"),
        )
        .embedded(embedded)
    };
    // The rows are known before the environment is.
    for embedded in demo() {
        let suites = folder("${origins}", embedded).loaded();
        let ids = suites.tests.iter().map(|test| test.id.to_string());
        assert_eq!(ids.collect::<Vec<_>>(), ["a/x[web]", "a/x[api]"]);
    }
    let [_, running] = demo();
    let errors = folder("${word}", running).errors();
    assert!(says(&errors, "expected a list of rows"), "{errors:?}");
}

#[test]
fn requirements_lead_somewhere_and_never_in_a_circle() {
    let test = |name: &str, requires: &str| {
        format!(
            "- {{ name: {name}, requires: [{requires}], scripted: {{ looks: [] }}, expect: {{ fault: none }} }}\n"
        )
    };
    let suites = Folder::tests(&(test("x", "a/y") + &test("y", ""))).loaded();
    assert_eq!(
        suites.tests[0].requires,
        [Requirement::Test(TestId::new(Category::new("a"), "y"))]
    );
    for (tests, says) in [
        (
            test("x", "a/yy") + &test("y", ""),
            "no test is called `a/yy`; did you mean `a/y`?",
        ),
        (test("x", "a/x"), "`a/x` requires itself"),
        (test("x", "b"), "no test has category `b`"),
        (test("x", "a b"), "expected an id"),
        (
            test("x", "a/y") + &test("y", "a/z") + &test("z", "a/x"),
            "a/x -> a/y -> a/z -> a/x",
        ),
        // Through a category, wherever the walk begins.
        (
            test("x", "a") + &test("y", "a/x") + &test("z", ""),
            "a/x -> a/y -> a/x",
        ),
        (
            test("y", "a/x") + &test("x", "a") + &test("z", ""),
            "a/y -> a/x -> a/y",
        ),
        (
            test("x", "\"a/y[r]\"") + &test("y", ""),
            "no test is called `a/y[r]`",
        ),
    ] {
        let errors = Folder::tests(&tests).errors();
        assert!(
            errors.len() == 1 && errors[0].contains(says),
            "{tests}: {errors:?}"
        );
    }
    // One's own category is everybody else in it.
    assert_eq!(
        Folder::tests(&(test("x", "a") + &test("y", ""))).errors(),
        [""; 0]
    );
}

#[test]
fn a_test_that_is_required_and_broken_is_not_missing() {
    let errors = Folder::tests(
        "- { name: x, requires: [a/y, \"a/y[r]\"], scripted: { looks: [] }, expect: { fault: none } }
- { name: y, timeout: 10, scripted: { looks: [] }, expect: { fault: none } }
",
    )
    .errors();
    assert!(
        errors.len() == 1 && says(&errors, "a unit is missing"),
        "{errors:?}"
    );
}

#[test]
fn conditions_are_decided_at_load() {
    let with = |when: &str| {
        Folder::with_target(
            "vars: { has_redis: false, region: eu }\n",
            &format!(
                "- {{ name: x, when: {when}, scripted: {{ looks: [] }}, expect: {{ fault: none }} }}"
            ),
        )
    };
    let when = |text: &str| with(text).loaded().tests.remove(0).when_false;
    assert_eq!(when("has_redis").as_deref(), Some("has_redis"));
    assert_eq!(when("not has_redis and region == eu"), None);
    assert_eq!(
        with("has_redis").set("has_redis", "true").loaded().tests[0].when_false,
        None
    );
    let told = with("region == eu and has_rdis").told();
    assert!(
        told.contains("no variable is called `has_rdis`; did you mean `has_redis`?"),
        "{told}"
    );
    assert!(told.contains("a.yaml:4:39"), "{told}");
    assert!(told.contains("^^^^^^^^\n"), "{told}");
}

#[test]
fn the_other_keys_of_a_test_are_read() {
    let suites = Folder::tests(
        "- name: x
  alone: true
  critical: true
  side_effects: true
  expect_failure: { code: expect.text, reason: \"known, see 12\" }
  on_fail: { class: application, owner: us, hint: look there, runbook: \"https://r.example\" }
  scripted: { looks: [] }
  expect: { text: ok }
- { name: y, alone: [a], scripted: { looks: [] }, expect: { fault: none } }
",
    )
    .loaded();
    let [x, y] = &suites.tests[..] else { panic!() };
    assert_eq!(x.alone, Alone::Everything);
    assert_eq!(y.alone, Alone::Of(vec![Category::new("a")]));
    assert!(x.critical && x.side_effects);
    assert_eq!(
        x.expect_failure.as_ref().map(|it| it.code.as_str()),
        Some("expect.text")
    );
    assert_eq!(x.on_fail.class.as_deref(), Some("application"));
    assert_eq!(x.on_fail.runbook.as_deref(), Some("https://r.example"));

    for (key, says) in [
        ("critical: yes", "found the text `yes`"),
        ("critical: \"${x}\"", "found the text `${x}`"),
        ("alone: [nobody]", "no category is called `nobody`"),
        ("alone: 3", "expected `true` or `false`"),
        ("connections: kept", "expected `fresh` or `reuse`"),
        ("tags: [Slow]", "a tag is a word"),
        ("tags: [critical]", "a meaning of its own"),
        ("tags: slow", "expected a list of tags"),
        (
            "expect_failure: { code: tcp.refused }",
            "missing key `reason`",
        ),
        (
            "expect_failure: { code: tcp.refuse, reason: r }",
            "did you mean `tcp.refused`",
        ),
        ("on_fail: { class: app }", "no class is called `app`"),
        ("on_fail: { hnt: x }", "did you mean `hint`"),
        ("uses: [alice]", "no session `alice`"),
        ("title: [x]", "expected `title` to be text"),
        ("title: \"${token}\"", "nothing is called `token`"),
        ("timeout: \"${attempt}\"", "`attempt` has no value yet"),
        ("owner: \"${uuid}\"", "`uuid` has no value yet"),
    ] {
        let errors = Folder::tests(&format!(
            "- name: x
  scripted: {{ looks: [] }}
  expect: {{ fault: none }}
  {key}
"
        ))
        .errors();
        assert!(
            errors.len() == 1 && errors[0].contains(says),
            "{key}: {errors:?}"
        );
    }
}
