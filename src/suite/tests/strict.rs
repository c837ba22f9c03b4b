//! `allclear.yaml`, targets, and what is told together.

use super::super::testing::{Folder, says, suite};
use crate::model::{Cap, Category};

const TEST: &str = "- { name: x, scripted: { looks: [] }, expect: { fault: none } }";

fn project(yaml: &str) -> Folder {
    Folder::new(&[("allclear.yaml", yaml), ("a.yaml", &suite(TEST))])
}

#[test]
fn a_project_is_read() {
    let suites = project(
        "categories:
  a: { critical: true, pass_rate: 99.95%, flaky: pass }
  p: { preflight: true }
gate:
  pass_rate: 80%
  min_executed: { tests: 1, percent: 90% }
  require_categories: [a]
  max_flaky: 0%
  max_skipped: 3
  max_waived: 0
  invariants: [a/x]
",
    )
    .loaded();
    let project = &suites.project;
    assert!(project.is_declared);
    assert!(project.categories[0].critical && project.categories[0].flaky_passes);
    assert!(project.categories[1].preflight && !project.categories[1].critical);
    assert_eq!(project.gate.max_flaky, Some(Cap::Share(0)));
    assert_eq!(project.gate.max_skipped, Some(Cap::Count(3)));
    assert_eq!(
        project.gate.require_categories,
        Some(vec![Category::new("a")])
    );
}

#[test]
fn what_is_wrong_with_a_project_is_told() {
    for (yaml, says) in [
        ("categries: { a: {} }", "did you mean `categories`"),
        (
            "categories: { b: {} }",
            "allclear.yaml lists no category `a`",
        ),
        ("categories: [a]", "expected a mapping of categories"),
        (
            "categories: { a: { critcal: true } }",
            "did you mean `critical`",
        ),
        (
            "categories: { a: { critical: 1 } }",
            "expected `true` or `false`",
        ),
        (
            "categories: { a: { flaky: maybe } }",
            "expected `pass` or `open`",
        ),
        ("categories: { a: {}, \"A b\": {} }", "`A b` is no category"),
        ("categories: { a: { pass_rate: 0% } }", "0%"),
        ("gate: { pass_rate: 95 }", "95"),
        ("gate: { pass_rate: 0.95 }", "0.95"),
        ("gate: { pass_rate: 150% }", "150%"),
        ("gate: { pass_rate: .nan }", ".nan"),
        ("gate: { pass_rate: -1% }", "-1%"),
        ("gate: { max_flaky: -1 }", "expected a count"),
        ("gate: { min_executed: { tests: 0 } }", "asks for nothing"),
        ("gate: { min_executed: {} }", "asks for nothing"),
        (
            "gate: { require_categories: [b] }",
            "no category is called `b`",
        ),
        (
            "gate: { invariants: [a/y] }",
            "no test is called `a/y`; did you mean `a/x`?",
        ),
        ("gate: { invariants: [y] }", "expected an id"),
        ("defaults: { timeout: 5 }", "a unit is missing"),
        ("defaults: { retries: 5 }", "unknown key `retries`"),
        ("target: nowhere", "no target is called `nowhere`"),
        (
            "target: ../../etc/passwd",
            "no target is called `../../etc/passwd`",
        ),
        ("- a", "found a list"),
    ] {
        let folder = project(&format!("{yaml}\n"));
        let errors = folder.errors();
        assert!(
            errors.len() == 1 && errors[0].contains(says),
            "{yaml}: {errors:?}"
        );
        assert!(
            folder.told().contains("allclear.yaml:1:") || says.contains("lists no"),
            "{}",
            folder.told()
        );
    }
}

#[test]
fn what_is_wrong_with_a_target_is_told() {
    for (target, says) in [
        ("varz: {}", "did you mean `vars`"),
        ("embedded: other", "is called `demo`"),
        ("production: perhaps", "expected `true` or `false`"),
        ("limits: { jobs: 0 }", "from 1 to 1000"),
        ("limits: { job: 1 }", "did you mean `jobs`"),
        ("gate: { max_skiped: 1 }", "did you mean `max_skipped`"),
        (
            "omit: [{ id: a/y, reason: r }]",
            "leaves out nothing: no test is called so; did you mean `a/x`?",
        ),
        ("omit: [{ id: a/x }]", "missing key `reason`"),
        ("omit: [{ id: a/x, reason: \" \" }]", "without a reason"),
        ("omit: a/x", "expected a list"),
        ("budgets: { Init: 1s }", "no name for a budget"),
    ] {
        let folder = Folder::with_target(&format!("{target}\n"), TEST);
        let errors = folder.errors();
        assert!(
            errors.len() == 1 && errors[0].contains(says),
            "{target}: {errors:?}"
        );
        assert!(
            folder.told().contains("targets/t.yaml:1:"),
            "{}",
            folder.told()
        );
    }
}

#[test]
fn an_omission_takes_neither_an_invariant_nor_what_others_require() {
    let folder = Folder::new(&[
        ("allclear.yaml", "target: t\ngate: { invariants: [a/x] }\n"),
        ("targets/t.yaml", "omit: [{ id: a/*, reason: r }]\n"),
        ("a.yaml", &suite(TEST)),
    ]);
    assert!(
        says(&folder.errors(), "`a/x` is an invariant"),
        "{}",
        folder.told()
    );
    let two = format!(
        "{TEST}\n- {{ name: y, requires: [a/x], scripted: {{ looks: [] }}, expect: {{ fault: none }} }}"
    );
    let folder = Folder::with_target("omit: [{ id: a/x, reason: r }]\n", &two);
    assert!(
        says(&folder.errors(), "`a/x` is left out, but `a/y` requires it"),
        "{}",
        folder.told()
    );
    let folder = Folder::with_target("omit: [{ id: a, reason: r }]\n", &two);
    assert_eq!(folder.errors(), [""; 0]);
    assert_eq!(folder.loaded().tests.len(), 2);
}

#[test]
fn what_is_left_out_is_not_asked_with_values_that_do_not_fit_it() {
    let test = "- { name: x, tcp: { host: \"${host}\", port: 1 }, expect: { connected: true } }";
    let vars = "vars: { host: a:b }\n";
    let folder = Folder::with_target(vars, test);
    assert!(says(&folder.errors(), "`a:b`"), "{}", folder.told());
    let omit = format!("{vars}omit: [{{ id: a/x, reason: r }}]\n");
    let folder = Folder::with_target(&omit, test);
    assert_eq!(folder.errors(), [""; 0]);
    // What is wrong with the test itself is told all the same.
    let folder = Folder::with_target(&omit, &test.replace("port: 1", "prot: 1"));
    assert!(says(&folder.errors(), "`prot`"), "{}", folder.told());
}

#[test]
fn what_is_left_out_needs_no_variables() {
    let test = "- { name: x, matrix: \"${hosts}\", title: \"At ${place}\", timeout: \"${budget.tcp}\", \
                tcp: { host: \"${matrix.host}\", port: \"${port_of_it}\" }, expect: { connected: true } }\n\
                - { name: y, tcp: { host: h, port: 1 }, expect: { connected: true } }";
    let folder = Folder::with_target("vars: {}\n", test);
    assert!(says(&folder.errors(), "`hosts`"), "{}", folder.told());
    let folder = Folder::with_target("omit: [{ id: a/x, reason: r }]\n", test);
    assert_eq!(folder.errors(), [""; 0]);
    // Others do, and where there are rows they are read.
    let folder = Folder::with_target("omit: [{ id: a/y, reason: r }]\n", test);
    assert!(says(&folder.errors(), "`hosts`"), "{}", folder.told());
    let rows = "vars: { hosts: [{ label: one }] }\nomit: [{ id: a/x, reason: r }]\n";
    let folder = Folder::with_target(rows, test);
    assert!(
        says(&folder.errors(), "a row needs a `name`"),
        "{}",
        folder.told()
    );
}

#[test]
fn every_mistake_of_every_file_is_told_together_and_once() {
    let folder = Folder::new(&[
        ("allclear.yaml", "target: t\ncategories: { a: {} }\n"),
        ("targets/t.yaml", "vars: { host: \"${nope}\" }\n"),
        (
            "a.yaml",
            "category: a\ntests:\n  - { name: A }\n  - { name: b, timeout: 1s, tcp: { host: \"${host}\", prt: 1 }, expect: { conected: true } }\n",
        ),
        (
            "b.yaml",
            "category: c\ntests:\n  - { name: x, timeout: 1, tcp: { host: h, port: 1 }, expect: { connected: true } }\n",
        ),
        ("c.yaml", "category: a\ntests: {\n"),
    ]);
    let told = folder.told();
    for part in [
        "nothing is called `nope`",
        "`A` is no name for a test",
        "did you mean `port`",
        "did you mean `connected`",
        "lists no category `c`",
        "a unit is missing",
        "c.yaml:",
    ] {
        assert_eq!(told.matches(part).count(), 1, "{part}: {told}");
    }
}

#[test]
fn digests_follow_what_was_read() {
    let load = |text: &str| {
        let suites = Folder::new(&[("a.yaml", &suite(text))]).loaded();
        (
            suites.digests.suites.clone(),
            suites.tests[0].digest.clone(),
        )
    };
    let (suites, test) = load(TEST);
    assert_eq!((suites.len(), test.len()), (64, 64));
    assert_eq!(load(TEST), (suites.clone(), test.clone()));
    let other = load(&TEST.replace("none", "tcp.refused"));
    assert!(other.0 != suites && other.1 != test);
    // Another test of the file changes the file's digest only.
    let more = load(&format!(
        "{TEST}\n- {{ name: y, scripted: {{ looks: [] }}, expect: {{ fault: none }} }}"
    ));
    assert!(more.0 != suites && more.1 == test);
}
