//! What is told of rules that are wrong.

use super::*;

/// Rules, and all that is told of them with line and column.
const MISTAKES: &[(&str, &[&str])] = &[
    (
        "strict: [a]\nstrikt: [b]",
        &["2:3 there is no `strikt` in `events`; did you mean `strict`?"],
    ),
    (
        "strict: [a]\nsubsequence: [a]",
        &["2:3 `subsequence` and `strict` are two orders of the same events"],
    ),
    ("once: [a]", &["1:3 `once` belongs into `partial`"]),
    (
        "partial: { counts: { a: 1 } }",
        &["1:14 `counts` belongs beside `partial`, not into it"],
    ),
    ("strict: []", &["1:11 `strict` is empty: it names no event"]),
    (
        "strict: a",
        &["1:11 `strict` takes a list of names: `strict: [started, done]`"],
    ),
    (
        "strict: [{ a: 1 }, '*', '']",
        &[
            "1:12 expected the name of an event",
            "1:22 `*` is every other event, and stands only in `before`",
            "1:27 expected the name of an event",
        ],
    ),
    ("strict:", &["1:3 `strict` is empty"]),
    (
        "forbidden: [a, b, a]",
        &["1:21 `a` stands twice in `forbidden`"],
    ),
    (
        "ignore: [a]\nforbidden: [b]\nfirst: 5s",
        &["3:10 `first` takes the longest it may be: `{ below: 5s }`"],
    ),
    (
        "first: { below: 5 }",
        &["1:19 a unit is missing: write `5s` for seconds, or another of us, ms, s, m, h, d"],
    ),
    (
        "gap: { at_least: 1s }",
        &["1:10 `gap` takes the longest it may be: `{ below: 5s }`"],
    ),
    (
        "gap: { blow: 1s }",
        &["1:10 `gap` takes the longest it may be: `{ below: 5s }`; did you mean `below`?"],
    ),
    (
        "quiet: { below: 1s }",
        &["1:12 `quiet` takes the least it must be: `{ at_least: 2s }`"],
    ),
    (
        "key: type\nstrict: [a]",
        &[
            "1:8 `type` is neither a JSONPath such as `$.type` nor `event`, the field of a server-sent event",
        ],
    ),
    (
        "key: $..type\nstrict: [a]",
        &["1:8 `$..type` may find many, and an event has one name"],
    ),
    (
        "unnamed: some\nstrict: [a]",
        &["1:12 `unnamed` takes how many events may be without a name: `unnamed: 1`"],
    ),
    (
        "unnamed: 1\nstrict: [a]",
        &["1:3 `strict` names every event, so none may be unnamed"],
    ),
    (
        "partial: { before: [[a]], pairs: [{ first: a }], last: [a] }",
        &[
            "1:23 expected two names, the earlier one first: `[started, done]`; `\"*\"` is every other",
            "1:37 a pair has a `first` and a `then`",
            "1:58 expected the name of an event",
        ],
    ),
    (
        "partial: { before: [[a, a]] }",
        &["1:23 `a` cannot come before itself"],
    ),
    (
        "partial: { before: [['*', '*']] }",
        &["1:23 every other than what?"],
    ),
    (
        "partial: { pairs: [{ first: a, then: a }] }",
        &["1:22 `a` cannot be the `first` and the `then` of a pair"],
    ),
    (
        "partial: { pairs: [{ first: a, then: b, by: id, on: x }] }",
        &[
            "1:47 `id` is no JSONPath: it begins with `$`, as in `$.status`",
            "1:51 there is no `on` in a pair",
        ],
    ),
    (
        "counts: { '*': 5, a: many }",
        &[
            "1:13 `*` is every event: how many come in all is `count`",
            "1:24 `many` is no number",
        ],
    ),
    (
        "each: { a: { answer: 1 } }",
        &["1:16 `answer` is no JSONPath: it begins with `$`, as in `$.status`"],
    ),
    (
        "each: { a: 1 }",
        &["1:14 expected JSONPaths and what they must find: `{ $.answer: { type: string } }`"],
    ),
    ("ignore: [a]", &["1:3 nothing is asked of the events"]),
];

/// Rules that nothing can meet, or that cannot be broken, and how what is told of them ends.
const CONTRADICTIONS: &[(&str, &str)] = &[
    (
        "partial: { before: [[agent_started, agent_thinking], [agent_thinking, agent_started]], once: [agent_started, agent_thinking] }",
        "`agent_started` before `agent_thinking` before `agent_started`: these orders contradict each other",
    ),
    (
        "partial: { before: [[a, b], [b, c], [c, a]], once: [a, b, c] }",
        "`a` before `b` before `c` before `a`: these orders contradict each other",
    ),
    (
        "partial: { before: [[a, '*'], [b, a]], once: [a, b] }",
        "`a` before `b` before `a`: these orders contradict each other",
    ),
    (
        "partial: { before: [[a, '*'], [b, '*']], once: [a, b] }",
        "`a` before `b` before `a`: these orders contradict each other",
    ),
    (
        "partial: { before: [['*', a], [a, b]], once: [a, b] }",
        "`b` before `a` before `b`: these orders contradict each other",
    ),
    (
        "partial: { last: a, before: [[a, b]], once: [a, b] }",
        "`b` before `a` before `b`: these orders contradict each other",
    ),
    (
        "partial: { last: a, before: [['*', b]], once: [a, b] }",
        "`b` before `a` before `b`: these orders contradict each other",
    ),
    (
        "partial: { pairs: [{ first: a, then: b }], before: [[b, a]], once: [a, b] }",
        "`a` before `b` before `a`: these orders contradict each other",
    ),
    (
        "{ partial: { once: [x] }, counts: { x: { at_most: 0 } } }",
        "`x` must come once and must come `at_most 0`: nothing can meet both",
    ),
    (
        "{ partial: { once: [x] }, counts: { x: 2 } }",
        "`x` must come once and must come `equals 2`: nothing can meet both",
    ),
    (
        "{ partial: { once: [x] }, forbidden: [x] }",
        "`x` must come once and is forbidden: nothing can meet both",
    ),
    (
        "{ partial: { last: x }, forbidden: [x] }",
        "`x` must be the last and is forbidden: nothing can meet both",
    ),
    (
        "{ strict: [a, x], forbidden: [x] }",
        "`x` stands once in `strict` and is forbidden: nothing can meet both",
    ),
    (
        "{ any_order: [a, x, x], counts: { x: 1 } }",
        "`x` stands 2 times in `any_order` and must come `equals 1`: nothing can meet both",
    ),
    (
        "{ strict: [a, x], ignore: [x] }",
        "`x` is ignored, so nothing can be asked of it",
    ),
    (
        "{ any_order: [a, x], ignore: [x] }",
        "`x` is ignored, so nothing can be asked of it",
    ),
    (
        "{ strict: [a], counts: { b: { at_least: 1 } } }",
        "`b` must come `at_least 1` and is not in `strict`: nothing can meet both",
    ),
    (
        "{ strict: [a], each: { b: { $.x: 1 } } }",
        "`b` is not in `strict`, so this asks for nothing",
    ),
    (
        "{ strict: [a, b], count: { at_least: 3 } }",
        "`strict` names 2 events, and `count` asks for `at_least 3`",
    ),
    (
        "{ strict: [a, b], count: { below: 2 } }",
        "the other rules ask for 2 events, and `count` for `below 2`",
    ),
    // Numbers that have no sum, and one that takes nothing from the others.
    (
        "{ counts: { a: { at_least: 9e18 }, b: { at_least: 9e18 } }, count: { at_most: 5 } }",
        "the other rules ask for 9223372036854775807 events, and `count` for `at_most 5`",
    ),
    (
        "{ counts: { a: { at_least: -5 }, b: { at_least: 6 } }, count: { at_most: 5 } }",
        "the other rules ask for 6 events, and `count` for `at_most 5`",
    ),
    ("{ count: -1 }", "no number of events can be `equals -1`"),
    (
        "counts: { a: 1.5 }",
        "no number of events can be `equals 1.5`",
    ),
    (
        "{ partial: { pairs: [{ first: a, then: b }], once: [a] }, counts: { b: 2 } }",
        "`b` must come `equals 2` and `a` must come once, so they cannot be pairs",
    ),
    // Names that nobody would miss.
    (
        "partial: { before: [[agent_started, agent_thinking]], once: [agent_started] }",
        "nothing says that `agent_thinking` must come, and this holds where it does not",
    ),
    (
        "each: { done: { $.x: 1 } }",
        "nothing says that `done` must come, and this holds where it does not",
    ),
    (
        "{ each: { done: { $.x: 1 } }, counts: { done: { at_most: 3 } } }",
        "nothing says that `done` must come, and this holds where it does not",
    ),
    (
        "{ each: { done: { $.x: 1 } }, forbidden: [done] }",
        "`done` is forbidden, so this asks for nothing",
    ),
];

#[test]
fn every_mistake_is_told_at_its_place() {
    let mut wrong = Vec::new();
    for (yaml, wanted) in MISTAKES {
        let told = read(yaml).expect_err(yaml);
        if told != *wanted {
            wrong.push((yaml, told));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    for yaml in ["events: 5", "events: [a]", "events: {}", "events:"] {
        let mut sources = Sources::default();
        let file = sources.add("t.yaml", yaml);
        let mut problems = Diagnostics::default();
        let node = parse(&sources, file, &mut problems).unwrap();
        assert!(
            Expectations::decode(&node, STREAM, &sources, &mut problems).is_none(),
            "{yaml}"
        );
        assert_eq!(problems.errors(), 1);
    }
}

#[test]
fn rules_that_nothing_can_meet_are_told() {
    let mut wrong = Vec::new();
    for (yaml, wanted) in CONTRADICTIONS {
        let told = read(yaml).expect_err(yaml);
        if told.len() != 1 || !told[0].ends_with(wanted) {
            wrong.push((yaml, told));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let told = read("partial: { pairs: [{ first: a, then: b }] }").expect_err("pairs");
    assert_eq!(told.len(), 1, "{told:#?}");
    for yaml in [
        // A pair's second is missed when its first came.
        "partial: { pairs: [{ first: a, then: b }], once: [a] }",
        "partial: { before: [[a, '*']], last: b, once: [a, b] }",
        "{ partial: { pairs: [{ first: a, then: b }] }, counts: { a: { at_least: 0 } } }",
        "{ partial: { last: a }, counts: { a: 2 } }",
        "{ any_order: [a, a], each: { a: { $.x: 1 } } }",
    ] {
        read(yaml).unwrap_or_else(|told| panic!("{yaml}: {told:#?}"));
    }
}

#[test]
fn a_chain_and_a_crowd_of_any_length_are_read() {
    let chain: Vec<_> = (0..5_000)
        .map(|at| format!("[n{at}, n{}]", at + 1))
        .collect();
    let names: Vec<_> = (0..=5_000).map(|at| format!("n{at}")).collect();
    let yaml = format!(
        "partial: {{ before: [{}], once: [{}] }}",
        chain.join(", "),
        names.join(", ")
    );
    rules(&yaml);
    let closed = yaml.replace("[n0, n1]", "[n5000, n0], [n0, n1]");
    assert_eq!(read(&closed).unwrap_err().len(), 1);
    let stars: Vec<_> = names.iter().map(|name| format!("[{name}, '*']")).collect();
    let yaml = format!(
        "partial: {{ before: [{}], once: [{}] }}",
        stars.join(", "),
        names.join(", ")
    );
    assert_eq!(read(&yaml).unwrap_err().len(), 1);
}
