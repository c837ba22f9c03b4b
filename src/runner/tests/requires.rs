//! `requires`, skips, blame, and what preflight guards.

use super::bench::{Bench, good, refused, takes, test, with};
use crate::model::CodePattern;
use crate::model::{Category, CategoryPolicy, Root, Status, TestHeader, Why};
use crate::plan::{ExpectFailure, Mode, PlannedTest, Retry, Skip};
use crate::probe::Scene;

fn requires(test: PlannedTest, positions: &[usize]) -> PlannedTest {
    with(test, |test| test.requires = positions.to_vec())
}

fn requires_group(test: PlannedTest, group: usize) -> PlannedTest {
    with(test, |test| test.requires_groups = vec![group])
}

fn skipped(id: &str) -> PlannedTest {
    with(good(id), |test| {
        test.skip = Some(Skip::Needs("--allow-commands"));
    })
}

fn guard(test: PlannedTest) -> PlannedTest {
    with(test, |test| {
        test.guards = true;
        let header = TestHeader {
            critical: true,
            preflight: true,
            ..TestHeader::clone(&test.header)
        };
        test.header = header.into();
    })
}

fn blamed(ran: &super::bench::Ran, id: &str) -> Vec<(String, Status, Option<String>)> {
    let Some(Why::Blocked(roots)) = &ran.test(id).why else {
        panic!("{id}: {:?}", ran.test(id).why)
    };
    let roots = roots.iter().map(|blamed| {
        let root = match &blamed.root {
            Root::Test(id) => id.to_string(),
            Root::Session(name) => format!("session {name}"),
        };
        (
            root,
            blamed.status,
            blamed.code.as_ref().map(ToString::to_string),
        )
    });
    roots.collect()
}

#[tokio::test(start_paused = true)]
async fn a_test_waits_for_all_it_requires() {
    let tests = [
        requires(good("a/last"), &[1, 2]),
        test("a/slow", [takes(5)]),
        test("a/fast", [takes(1)]),
    ];
    let ran = Bench::new(tests).run().await;
    assert_eq!(ran.starts()[2], ("a/last".to_owned(), 5));
    assert_eq!(ran.status("a/last"), Status::Passed);
}

#[tokio::test(start_paused = true)]
async fn the_roots_of_a_blocked_test_are_the_first_that_are_not_blocked() {
    let tests = [
        refused("a/refused"),
        test("a/unable", [Scene::unable(crate::model::Unable::Program)]),
        requires(good("a/middle"), &[0]),
        requires(good("a/last"), &[2, 1, 0]),
    ];
    let ran = Bench::new(tests).run().await;
    assert_eq!(ran.status("a/last"), Status::Blocked);
    let refused = (
        "a/refused".to_owned(),
        Status::Failed,
        Some("tcp.refused".to_owned()),
    );
    let unable = (
        "a/unable".to_owned(),
        Status::Errored,
        Some("error.program".to_owned()),
    );
    assert_eq!(blamed(&ran, "a/middle"), std::slice::from_ref(&refused));
    assert_eq!(blamed(&ran, "a/last"), [refused, unable]);
    assert_eq!(ran.code("a/last"), Some("tcp.refused"));
    assert_eq!(ran.test("a/last").attempts_made, 0);
}

#[tokio::test(start_paused = true)]
async fn only_passed_and_flaky_satisfy() {
    let retry = Retry {
        count: 1,
        delay: super::bench::seconds(1),
        backoff: 1.0,
        codes: vec![CodePattern::parse("tcp.*").unwrap()],
    };
    let flaky = with(
        test("a/flaky", [Scene::fault("tcp.refused"), Scene::status(200)]),
        |test| {
            test.mode = Mode::Retry(Box::new(retry));
        },
    );
    let expected = with(refused("a/expected"), |test| {
        let code = CodePattern::parse("tcp.*").unwrap();
        test.expect_failure = Some(Box::new(ExpectFailure {
            code,
            reason: "known".to_owned(),
        }));
    });
    let tests = [
        flaky,
        expected,
        requires(good("a/after-flaky"), &[0]),
        requires(good("a/after-expected"), &[1]),
    ];
    let ran = Bench::new(tests).run().await;
    assert_eq!(
        (ran.status("a/flaky"), ran.code("a/flaky")),
        (Status::Flaky, Some("gate.flaky"))
    );
    assert_eq!(ran.status("a/after-flaky"), Status::Passed);
    assert_eq!(ran.status("a/expected"), Status::ExpectedFailure);
    assert_eq!(
        blamed(&ran, "a/after-expected")[0].1,
        Status::ExpectedFailure
    );
}

#[tokio::test(start_paused = true)]
async fn skipped_is_handed_on_with_its_reason_and_blocked_goes_before() {
    let tests = [
        skipped("a/skipped"),
        requires(good("a/middle"), &[0]),
        requires(good("a/last"), &[1]),
        refused("a/refused"),
        requires(good("a/both"), &[0, 3]),
        requires(skipped("a/own"), &[3]),
    ];
    let ran = Bench::new(tests).run().await;
    let reason = "a/skipped is skipped: needs --allow-commands".to_owned();
    for id in ["a/middle", "a/last"] {
        assert_eq!(
            (ran.status(id), &ran.test(id).why),
            (Status::Skipped, &Some(Why::Skipped(reason.clone())))
        );
    }
    assert_eq!(ran.status("a/both"), Status::Blocked);
    assert_eq!(
        ran.test("a/own").why,
        Some(Why::Skipped("needs --allow-commands".to_owned()))
    );
    assert!(!ran.story().contains(&"a/skipped started".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn tests_with_side_effects_wait_for_every_guard() {
    let tests = [
        with(test("c/writes", [takes(1)]), |test| {
            test.side_effects = true;
        }),
        good("c/reads"),
        guard(test("p/one", [takes(2)])),
        guard(requires(test("p/two", [takes(2)]), &[4])),
        with(good("p/needed"), |test| test.side_effects = true),
    ];
    let ran = Bench::new(tests).run().await;
    let start = |id: &str| {
        ran.starts()
            .iter()
            .find(|(started, _)| started == id)
            .unwrap()
            .1
    };
    assert_eq!(
        (start("c/reads"), start("p/needed"), start("c/writes")),
        (0, 0, 2)
    );
    assert_eq!(ran.record.counts().of(Status::Passed), 5);
}

#[tokio::test(start_paused = true)]
async fn a_guard_that_is_not_good_blocks_side_effects_only() {
    for bad in [refused("p/guard"), skipped("p/guard")] {
        let writes = |id| with(good(id), |test: &mut PlannedTest| test.side_effects = true);
        let skipped_too = with(writes("c/skipped"), |test| {
            test.skip = Some(Skip::When("a".to_owned()));
        });
        let tests = [
            guard(bad),
            writes("c/writes"),
            good("c/reads"),
            skipped_too,
            guard(good("p/good")),
        ];
        let ran = Bench::new(tests).run().await;
        assert_eq!(blamed(&ran, "c/writes").len(), 1);
        assert_eq!(blamed(&ran, "c/writes")[0].0, "p/guard");
        assert_eq!(ran.status("c/reads"), Status::Passed);
        assert_eq!(ran.status("c/skipped"), Status::Skipped);
    }
}

#[tokio::test(start_paused = true)]
async fn a_flaky_guard_is_good_only_where_its_category_says_so() {
    for (flaky_passes, expected) in [(false, Status::Blocked), (true, Status::Passed)] {
        let retry = Retry {
            count: 1,
            delay: super::bench::seconds(1),
            backoff: 1.0,
            codes: vec![CodePattern::parse("tcp.*").unwrap()],
        };
        let flaky = with(
            test("p/guard", [Scene::fault("tcp.refused"), Scene::status(200)]),
            |test| {
                test.mode = Mode::Retry(Box::new(retry));
            },
        );
        let writes = with(good("c/writes"), |test| test.side_effects = true);
        let mut bench = Bench::new([guard(flaky), writes]);
        bench.policy.categories.push(CategoryPolicy {
            name: Category::new("p"),
            critical: true,
            preflight: true,
            pass_rate: None,
            flaky_passes,
        });
        assert_eq!(bench.run().await.status("c/writes"), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_is_waited_for_as_one_and_blames_its_own() {
    let tests = [
        requires_group(good("b/first"), 0),
        requires_group(requires(good("b/second"), &[3]), 0),
        requires_group(good("b/nobody"), 1),
        refused("a/down"),
        test("a/slow", [takes(5)]),
        requires(good("a/blocked"), &[6]),
        refused("c/root"),
    ];
    let groups: &[&[usize]] = &[&[3, 4, 5], &[]];
    let ran = Bench::new(tests).groups(groups).run().await;
    let root = |id: &str| {
        let code = Some("tcp.refused".to_owned());
        (id.to_owned(), Status::Failed, code)
    };
    for id in ["b/first", "b/second"] {
        assert_eq!(blamed(&ran, id), [root("a/down"), root("c/root")], "{id}");
    }
    assert_eq!(ran.status("b/nobody"), Status::Passed);
    let whole = [
        requires_group(good("b/last"), 0),
        test("a/slow", [takes(5)]),
        test("a/fast", [takes(1)]),
    ];
    let ran = Bench::new(whole).groups(&[&[1, 2]]).run().await;
    assert_eq!(ran.starts()[2], ("b/last".to_owned(), 5));
    let skips = [
        requires_group(good("b/last"), 0),
        skipped("a/skipped"),
        good("a/good"),
    ];
    let ran = Bench::new(skips).groups(&[&[1, 2]]).run().await;
    let reason = "a/skipped is skipped: needs --allow-commands".to_owned();
    assert_eq!(ran.test("b/last").why, Some(Why::Skipped(reason)));
}

#[tokio::test(start_paused = true)]
async fn a_cycle_that_no_plan_has_hangs_nothing() {
    let tests = [
        requires(good("a/x"), &[1]),
        requires(good("a/y"), &[0]),
        good("a/z"),
    ];
    let ran = Bench::new(tests).run().await;
    assert_eq!(
        [ran.status("a/x"), ran.status("a/y"), ran.status("a/z")],
        [Status::Errored, Status::Errored, Status::Passed]
    );
}
