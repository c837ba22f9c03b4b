use super::lint;
use crate::suite::testing::{Folder, suite};
use crate::suite::{Given, Root, load, open};

const OTHER: &str =
    "\n- { name: other, critical: true, scripted: { looks: [] }, expect: { text: x } }";

/// The lints of these tests beside a critical one, so that one is there.
fn lints_of(target: &str, tests: &str) -> Vec<String> {
    let target = format!("description: t\n{target}");
    let folder = Folder::with_target(&target, &format!("{}{OTHER}", tests.trim_end()));
    in_words(&folder)
}

fn in_words(folder: &Folder) -> Vec<String> {
    let suites = folder.loaded();
    let lints = lint(&suites);
    let shown = lints.render(&suites.sources, false, &|text| text.to_owned());
    assert!(!shown.contains("hunter22"), "{shown}");
    let lines = lints.in_words(&suites.sources);
    let root = format!("{}/", folder.dir.path().display());
    lines.iter().map(|line| line.replace(&root, "")).collect()
}

/// Each test with what its one lint says; nothing where nothing is said.
fn each(cases: &[(&str, &str)]) {
    for (test, says) in cases {
        let lints = lints_of("vars: { known: x }\n", test);
        match says {
            &"" => assert!(lints.is_empty(), "{test}: {lints:?}"),
            says => assert!(
                lints.len() == 1 && lints[0].contains(says),
                "{test}: {lints:?}"
            ),
        }
    }
}

#[test]
fn a_critical_test_asserts_more_than_a_status() {
    each(&[
        (
            "- { name: x, critical: true, scripted: { looks: [] }, expect: { status: 200 } }",
            "a.yaml:4:13: critical test `a/x` asserts nothing of what is answered but its status",
        ),
        (
            "- { name: x, critical: true, scripted: { looks: [] }, expect: { status: 200, latency: { below: 1s }, fault: none } }",
            "nothing of what is answered but its status",
        ),
        (
            "- { name: x, scripted: { looks: [] }, expect: { status: 200 } }",
            "",
        ),
        (
            "- { name: x, critical: true, scripted: { looks: [] }, expect: { status: 200, text: ok } }",
            "",
        ),
        (
            "- { name: x, critical: true, scripted: { looks: [] }, expect: { status: 200 }, capture: { t: { text: true } } }",
            "",
        ),
        (
            "- { name: x, critical: true, scripted: { looks: [] }, expect: { fault: tcp.refused } }",
            "",
        ),
        // In each row, and said once.
        (
            "- { name: x, critical: true, matrix: [{ name: a }, { name: b }], scripted: { looks: [] }, expect: { status: 200 } }",
            "nothing of what is answered but its status",
        ),
    ]);
}

#[test]
fn a_leak_is_not_outvoted() {
    let looks = "actors: 2, scripted: { looks: [] }, expect: { text: x, isolation: true }";
    let leaky = format!("- {{ name: x, {looks} }}");
    let critical = format!("- {{ name: x, critical: true, {looks} }}");
    let others = "- { name: x, actors: 2, scripted: { looks: [] }, expect: { text: x } }";
    each(&[
        (
            &leaky,
            "`a/x` is not critical: a leak would cost only its share of the pass rate",
        ),
        (&critical, ""),
        (others, ""),
    ]);
    let invariant = lints_of("gate: { invariants: [a/x] }\n", &leaky);
    assert_eq!(invariant, [""; 0]);
    let omitted = lints_of("omit: [{ id: a/x, reason: r }]\n", &leaky);
    assert_eq!(omitted, [""; 0]);
}

#[test]
fn the_same_is_not_asked_twice() {
    let test = |name: &str, url: &str, rest: &str| {
        format!(
            "- {{ name: {name}, http: {{ url: \"{url}\"{rest} }}, expect: {{ status: 200, body: ok }} }}\n"
        )
    };
    let twice = |url: &str, rest: &str| {
        lints_of(
            "",
            &(test("x", "http://h.example/a", "") + &test("y", url, rest)),
        )
    };
    let lints = twice("http://H.example:80/a", "");
    assert!(
        lints.len() == 1 && lints[0].contains("`a/y` asks and expects the same as `a/x`"),
        "{lints:?}"
    );
    assert_eq!(twice("http://h.example/b", ""), [""; 0]);
    assert_eq!(
        twice("http://h.example/a", ", headers: { accept: a/b }"),
        [""; 0]
    );
    assert_eq!(twice("http://h.example/a${uuid}", ""), [""; 0]);
}

#[test]
fn two_samples_can_be_told_from_each_other() {
    let two = |serial: u32, burst: u32| {
        format!(
            "- {{ name: serial, repeat: {{ times: {serial} }}, scripted: {{ looks: [] }}, expect: {{ text: x }} }}
- {{ name: burst, repeat: {{ times: {burst}, compare_with: a/serial }}, scripted: {{ looks: [] }}, expect: {{ text: y }} }}"
        )
    };
    each(&[
        (&two(3, 3), "`times: 3` cannot be told from 3 of `a/serial`"),
        (&two(3, 4), ""),
        (&two(20, 1), ""),
        (&two(19, 1), "cannot be told from 19"),
    ]);
}

#[test]
fn a_sample_can_prove_what_it_claims() {
    each(&[
        (
            "- { name: x, repeat: { times: 45, pass_rate: 99%, confidence: 95% }, scripted: { looks: [] }, expect: { text: x } }",
            "`times: 45` cannot prove 99 % at 95 %",
        ),
        (
            "- { name: x, repeat: { times: 299, pass_rate: 99%, confidence: 95% }, scripted: { looks: [] }, expect: { text: x } }",
            "",
        ),
        (
            "- { name: x, repeat: { times: 58, claims: { latency: { p95: 2s } } }, scripted: { looks: [] }, expect: { text: x } }",
            "cannot prove `latency.p95`",
        ),
        (
            "- { name: x, repeat: { times: 10, claims: { latency: { max: 2s } } }, scripted: { looks: [] }, expect: { text: x } }",
            "",
        ),
    ]);
}

#[test]
fn critical_tests_neither_retry_nor_fail_as_expected() {
    each(&[
        (
            "- { name: x, critical: true, retry: { count: 1 }, scripted: { looks: [] }, expect: { text: x } }",
            "`retry` on the critical test `a/x`",
        ),
        (
            "- { name: x, retry: { count: 1 }, scripted: { looks: [] }, expect: { text: x } }",
            "",
        ),
        (
            "- { name: x, critical: true, expect_failure: { code: tcp.refused, reason: r }, scripted: { looks: [] }, expect: { text: x } }",
            "is critical and expected to fail",
        ),
        (
            "- { name: x, expect_failure: { code: tcp.refused, reason: r }, scripted: { looks: [] }, expect: { text: x } }",
            "",
        ),
    ]);
    let folder = Folder::new(&[
        (
            "allclear.yaml",
            "categories: { a: { critical: true, flaky: pass } }\n",
        ),
        (
            "a.yaml",
            &suite(
                "- { name: x, retry: { count: 1 }, scripted: { looks: [] }, expect: { text: x } }",
            ),
        ),
    ]);
    assert_eq!(in_words(&folder), [""; 0]);
}

#[test]
fn a_phase_may_take_no_longer_than_the_look() {
    let starts = |timeout: &str| {
        format!(
            "- {{ name: x, timeout: {timeout}, process: {{ argv: [\"true\"], exits: {{}}, phases: [{{ name: a, end: a, budget: 5s }}, \
             {{ name: b, end: b }}] }}, expect: {{ exit_code: 0 }} }}"
        )
    };
    each(&[
        (
            &starts("4s"),
            "the phase `a` may take 5s, and the look ends after 4s",
        ),
        (&starts("5s"), ""),
    ]);
}

#[test]
fn what_is_waited_for_may_take_no_longer_than_the_look() {
    let socket = |within: &str| {
        format!(
            "- {{ name: x, timeout: 5s, websocket: {{ url: \"ws://127.0.0.1:9/\", script: [{{ receive: {{ within: 1s }} }}, \
             {{ receive: {{ within: {within} }} }}] }}, expect: {{ first_event: {{ below: 5s }} }} }}"
        )
    };
    let stream = "- { name: x, timeout: 5s, sse: { url: \"http://127.0.0.1:9/\", until: { event: a }, within: 6s }, expect: { first_event: { below: 5s } } }";
    each(&[
        (
            &socket("60s"),
            "a `receive` may take 60s, and the look ends after 5s",
        ),
        (&socket("5s"), ""),
        (
            stream,
            "what is waited for may take 6s, and the look ends after 5s",
        ),
    ]);
}

#[test]
fn limits_nest() {
    each(&[
        (
            "- { name: x, steps: [{ timeout: 20s, scripted: { looks: [] }, expect: { text: x } }] }",
            "a step may take 20s, but its test only 10s",
        ),
        (
            "- { name: x, steps: [{ timeout: 10s, scripted: { looks: [] }, expect: { text: x } }] }",
            "",
        ),
        (
            "- { name: x, until: { within: 5s, every: 5s }, scripted: { looks: [] }, expect: { text: x } }",
            "polls only once",
        ),
        (
            "- { name: x, timeout: 6s, until: { within: 5s }, scripted: { looks: [] }, expect: { text: x } }",
            "a poll may take 6s, but `within` ends after 5s",
        ),
        // Inherited, it was not meant for this test.
        (
            "- { name: x, until: { within: 5s }, scripted: { looks: [] }, expect: { text: x } }",
            "",
        ),
        (
            "- { name: x, steps: [{ until: { within: 30s, every: 40s }, scripted: { looks: [] }, expect: { text: x } }] }",
            "polls only once",
        ),
        (
            "- { name: x, retry: { count: 1, delay: 90s }, scripted: { looks: [] }, expect: { text: x } }",
            "is cut to 60s",
        ),
        // A clean-up has a budget of its own.
        (
            "- { name: x, scripted: { looks: [] }, expect: { text: x }, cleanup: [{ timeout: 20s, scripted: { looks: [] } }] }",
            "",
        ),
    ]);
}

#[test]
fn literal_secrets_are_found_and_never_shown() {
    let http = |rest: &str, expect: &str| {
        format!(
            "- {{ name: x, http: {{ url: \"http://h.example/\", {rest} }}, expect: {{ {expect} }} }}"
        )
    };
    for (rest, says) in [
        (
            "headers: { authorization: Bearer hunter22 }",
            "`authorization` is written here literally",
        ),
        (
            "headers: { X-Api-Key: hunter22 }",
            "`X-Api-Key` is written here literally",
        ),
        ("auth: { bearer: hunter22 }", "`bearer` is written"),
        (
            "auth: { basic: { user: u, password: hunter22 } }",
            "`password` is written",
        ),
        (
            "json: { deep: [{ client_secret: hunter22 }] }",
            "`client_secret` is written",
        ),
        (
            "json: { callback: \"http://u:hunter22@h/\" }",
            "a URL with its password",
        ),
        ("headers: { authorization: \"Bearer ${known}\" }", ""),
        (
            "json: { token_path: /x, remember_token: true, password: \"\" }",
            "",
        ),
    ] {
        let lints = lints_of("vars: { known: x }\n", &http(rest, "body: ok"));
        let is_right = if says.is_empty() {
            lints.is_empty()
        } else {
            lints.len() == 1 && lints[0].contains(says)
        };
        assert!(
            is_right && !lints.concat().contains("hunter22"),
            "{rest}: {lints:?}"
        );
    }
    // What must be refused is no secret.
    for expect in [
        "status: 401",
        "status: { in: [401, 403] }",
        "fault: tcp.refused",
    ] {
        let lints = lints_of(
            "",
            &http("headers: { authorization: Bearer hunter22 }", expect),
        );
        assert_eq!(lints, [""; 0], "{expect}");
    }
    let lints = lints_of(
        "vars: { dsn: \"pg://u:hunter22@h/x\", password: hunter22, wrong_password: nope, url: \"http://u:${password}@h\" }\n",
        "",
    );
    assert!(
        lints.len() == 2
            && lints[0].contains("targets/t.yaml:2:14: a URL")
            && lints[1].contains("`password` is"),
        "{lints:?}"
    );
}

#[test]
fn secrets_do_not_come_from_the_environment_and_are_long_enough() {
    let folder = Folder::with_target(
        "vars: { a: \"${env.DB_PASSWORD}\", b: \"${env.HOME}\", c: \"${secret.s}\" }\nsecrets: { s: { env: S }, unused: { env: T } }\n",
        OTHER,
    )
    .env(&[("DB_PASSWORD", "x"), ("HOME", "/h"), ("S", "short"), ("T", "t")]);
    let lints = in_words(&folder);
    assert_eq!(lints.len(), 2, "{lints:?}");
    assert!(
        lints[0].contains("`env.DB_PASSWORD` looks like a secret"),
        "{lints:?}"
    );
    assert!(
        lints[1].contains("secret `s` is shorter than 6") && !lints[1].contains("short,"),
        "{lints:?}"
    );
}

#[test]
fn white_space_around_a_place_is_seen() {
    let folder = Folder::with_target(
        "vars: { dsn: \"sqlite:/x.db \" }\n",
        &format!(
            "- {{ name: x, sql: {{ dsn: \"${{dsn}}\", query: SELECT 1 }}, expect: {{ fault: none }} }}{OTHER}"
        ),
    );
    match folder.load() {
        Ok(_) => assert!(
            in_words(&folder)[0].contains("the value of `dsn` begins or ends with white space")
        ),
        // The probe may refuse it itself.
        Err(_) => assert!(
            folder.told().contains("white space") || folder.told().contains("dsn"),
            "{}",
            folder.told()
        ),
    }
}

#[test]
fn a_parameter_that_no_step_of_a_session_reads_is_seen() {
    let lints = |steps: &str| {
        let sessions = format!("sessions: {{ user: {{ params: [name, role], {steps} }} }}\n");
        in_words(&Folder::new(&[
            (
                "allclear.yaml",
                "categories: { a: { critical: true } }\ndefaults: { timeout: 1s }\n",
            ),
            ("sessions.yaml", &sessions),
            (
                "a.yaml",
                &suite(
                    "- { name: x, uses: [{ session: user, with: { name: a, role: b } }], scripted: { looks: [] }, expect: { text: x } }",
                ),
            ),
        ]))
    };
    let step = |text: &str| {
        format!("[{{ scripted: {{ looks: [{{ text: \"{text}\" }}] }}, expect: {{ text: x }} }}]")
    };
    let both = format!("steps: {}, cleanup: {}", step("${name}"), step("${role}"));
    assert_eq!(lints(&both), [""; 0]);
    let one = lints(&format!("steps: {}", step("${name | urlencode}")));
    assert!(
        one.len() == 1 && one[0].contains("no step of `user` reads `${role}`"),
        "{one:?}"
    );
}

#[test]
fn suites_that_can_veto_nothing_are_seen() {
    let test = "- { name: x, scripted: { looks: [] }, expect: { text: x } }";
    let plain = |project: &str| {
        in_words(&Folder::new(&[
            ("allclear.yaml", project),
            ("a.yaml", &suite(test)),
        ]))
    };
    let veto = "no test is critical: nothing can veto a GO";
    assert_eq!(
        plain("defaults: {}\n".replace("{}", "{ timeout: 1s }").as_str()),
        [veto]
    );
    assert_eq!(plain("categories: { a: {} }\n"), [veto]);
    assert_eq!(plain("categories: { a: { critical: true } }\n"), [""; 0]);
    assert_eq!(
        plain("categories: { a: {} }\ngate: { invariants: [a/x] }\n"),
        [""; 0]
    );
    let lints = plain("categories: { a: { critical: true }, b: { critical: true }, c: {} }\n");
    assert_eq!(
        lints,
        [
            "allclear.yaml:1:38: critical category `b` has no test: the verdict is never GO",
            "allclear.yaml:1:61: required category `c` has no test: the verdict is never GO",
        ]
    );
    let lints =
        plain("categories: { a: { critical: true }, c: {} }\ngate: { require_categories: [a] }\n");
    assert_eq!(lints, [""; 0]);
}

#[test]
fn suites_that_may_fail_everywhere_are_seen() {
    let test = |name: &str| {
        format!(
            "- {{ name: {name}, expect_failure: {{ code: tcp.refused, reason: r }}, scripted: {{ looks: [] }}, expect: {{ text: x }} }}\n"
        )
    };
    let lints = lints_of("", &(test("x") + &test("y")));
    assert_eq!(
        lints,
        ["2 of 3 tests are expected to fail: what is expected to fail proves nothing"]
    );
    assert_eq!(lints_of("", &test("x")), [""; 0]);
}

#[test]
fn the_shipped_suites_give_no_lint() {
    for embedded in super::super::tests::demo() {
        let given = Given {
            embedded,
            ..Given::default()
        };
        let suites = load(open(&Root::Shipped, None).unwrap(), &given).unwrap();
        assert_eq!(lint(&suites).in_words(&suites.sources), [""; 0]);
    }
}

#[test]
fn what_judges_the_whole_of_a_stream_listens_to_it() {
    let socket = |script: &str, expect: &str| {
        format!(
            "- {{ name: x, websocket: {{ url: \"ws://h.example/\", script: [{script}] }}, expect: {{ {expect} }} }}"
        )
    };
    let asked = "{ send: { text: hi } }, { receive: { json: { $.type: done } } }";
    let silent = format!("{asked}, {{ receive_none: {{ for: 1s }} }}, {{ close: 1000 }}");
    let again = format!("{silent}, {{ reconnect: {{}} }}, {{ receive: {{}} }}");
    let sse = |keys: &str| {
        format!(
            "- {{ name: x, sse: {{ url: \"http://h.example/\"{keys} }}, expect: {{ events: {{ count: 2 }} }} }}"
        )
    };
    let last = "events: { partial: { last: done, once: [done] } }";
    each(&[
        (
            &socket(asked, last),
            "the rules `partial.last`, `partial.once` hold of what comes until nobody listens",
        ),
        (
            &socket(
                asked,
                "events: { forbidden: [error], count: { at_least: 1 } }",
            ),
            "the rule `forbidden` holds",
        ),
        (
            &socket(
                asked,
                "events: { counts: { error.x: 0, done: { at_least: 1 } } }",
            ),
            "the rule `counts.error.x` holds",
        ),
        (&socket(asked, "events: { strict: [done] }"), "`strict`"),
        (&socket(&again, last), "`partial.last`"),
        (&socket(&silent, last), ""),
        (
            &socket(
                asked,
                "events: { partial: { last: done }, quiet: { at_least: 1s } }",
            ),
            "",
        ),
        (
            &socket(asked, "ended: true, events: { partial: { last: done } }"),
            "",
        ),
        (
            &socket(asked, "ended: false, events: { partial: { last: done } }"),
            "`partial.last`",
        ),
        (
            &socket(asked, "fault: websocket.closed.1008, events: { count: 0 }"),
            "",
        ),
        (
            &socket(
                asked,
                "events: { count: { at_least: 1 }, subsequence: [done] }",
            ),
            "",
        ),
        (&sse(", until: { event: done }"), "the rule `count` holds"),
        (&sse(", until: { event: done }, quiet: 1s"), ""),
        (&sse(""), ""),
    ]);
}

#[test]
fn what_is_denied_in_only_is_told_to_leave_out_what_is_not_there() {
    let only = |matcher: &str| {
        format!(
            "- {{ name: x, sse: {{ url: \"http://h.example/\" }}, expect: {{ events: {{ only: {{ $.of: {matcher} }}, count: 1 }} }} }}"
        )
    };
    let says = "an event without `$.of` is left out, too";
    each(&[
        (&only("{ not: theirs }"), says),
        (&only("{ none_of: [theirs, yours] }"), says),
        (
            &only("{ all_of: [{ not: theirs }, { type: string }] }"),
            says,
        ),
        (&only("{ not: theirs, exists: true }"), ""),
        (
            &only("{ any_of: [{ exists: false }, { not: theirs }] }"),
            "",
        ),
        (&only("ours"), ""),
    ]);
}
