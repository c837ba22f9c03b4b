//! Slots, origins, and who wants to be alone.

use super::bench::{Bench, Ran, refused, seconds, takes, test, with};
use crate::model::Category;
use crate::plan::{Alone, PlannedTest};

fn at(test: PlannedTest, origins: &[&str]) -> PlannedTest {
    with(test, |test| {
        test.origins = origins.iter().map(ToString::to_string).collect();
    })
}

fn alone(test: PlannedTest) -> PlannedTest {
    with(test, |test| test.alone = Alone::Everything)
}

fn alone_of(test: PlannedTest, categories: &[&str]) -> PlannedTest {
    with(test, |test| {
        test.alone = Alone::Of(categories.iter().map(|name| Category::new(*name)).collect());
    })
}

fn slow(id: &str) -> PlannedTest {
    test(id, [takes(2)])
}

fn start(ran: &Ran, id: &str) -> u64 {
    ran.starts()
        .iter()
        .find(|(started, _)| started == id)
        .unwrap_or_else(|| panic!("{id} did not start"))
        .1
}

#[tokio::test(start_paused = true)]
async fn no_more_than_the_limit_look_at_one_origin() {
    let tests: Vec<_> = (0..6)
        .map(|n| at(slow(&format!("a/{n}")), &["db:5432"]))
        .chain([at(slow("b/other"), &["web:80"])])
        .collect();
    let mut bench = Bench::new(tests);
    bench.config.per_origin = 2;
    let ran = bench.run().await;
    let starts: Vec<_> = (0..6).map(|n| start(&ran, &format!("a/{n}"))).collect();
    assert_eq!(starts, [0, 0, 2, 2, 4, 4]);
    assert_eq!(start(&ran, "b/other"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_test_of_two_origins_takes_a_place_at_both_and_holds_up_nobody() {
    let tests = [
        at(slow("a/one"), &["x:1"]),
        at(slow("a/both"), &["x:1", "y:1"]),
        at(test("a/two", [takes(1)]), &["y:1"]),
        at(slow("a/one-again"), &["x:1"]),
    ];
    let mut bench = Bench::new(tests);
    bench.config.per_origin = 1;
    let ran = bench.run().await;
    let starts = ["a/one", "a/two", "a/both", "a/one-again"].map(|id| start(&ran, id));
    assert_eq!(starts, [0, 0, 2, 4]);
}

#[tokio::test(start_paused = true)]
async fn after_ten_tcp_failures_an_origin_gets_one_test_at_a_time() {
    let later = |test| with(test, |test: &mut PlannedTest| test.requires = vec![0]);
    let mut tests = vec![test("c/first", [takes(1)])];
    tests.extend((0..10).map(|n| at(refused(&format!("a/{n}")), &["db:5432"])));
    tests.extend((0..3).map(|n| later(at(slow(&format!("b/{n}")), &["db:5432"]))));
    tests.extend((0..3).map(|n| later(at(slow(&format!("c/{n}")), &["web:80"]))));
    let ran = Bench::new(tests).run().await;
    let starts = ["b/0", "b/1", "b/2"].map(|id| start(&ran, id));
    assert_eq!(starts, [1, 3, 5]);
    let starts = ["c/0", "c/1", "c/2"].map(|id| start(&ran, id));
    assert_eq!(starts, [1, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_between_them_begins_the_row_anew() {
    let after = |test, required| {
        with(test, |test: &mut PlannedTest| {
            test.requires = vec![required];
        })
    };
    let failing = |n: usize| at(refused(&format!("a/{n}")), &["db:5432"]);
    let mut tests = vec![
        at(test("a/answer", [takes(1)]), &["db:5432"]),
        test("d/late", [takes(2)]),
    ];
    tests.extend((0..9).map(failing));
    tests.extend((9..18).map(|n| after(failing(n), 0)));
    tests.extend((0..2).map(|n| after(at(slow(&format!("c/{n}")), &["db:5432"]), 1)));
    let ran = Bench::new(tests).run().await;
    let starts = ["c/0", "c/1"].map(|id| start(&ran, id));
    assert_eq!(starts, [2, 2]);
}

#[tokio::test(start_paused = true)]
async fn alone_means_nobody_beside_it_and_nobody_overtakes_it() {
    let tests = [
        slow("a/1"),
        alone(slow("a/storm")),
        slow("a/2"),
        slow("b/3"),
        alone(slow("b/storm")),
        slow("b/4"),
    ];
    let ran = Bench::new(tests).run().await;
    let starts = ["a/1", "a/storm", "a/2", "b/3", "b/storm", "b/4"].map(|id| start(&ran, id));
    assert_eq!(starts, [0, 2, 4, 4, 6, 8]);
}

#[tokio::test(start_paused = true)]
async fn alone_of_categories_keeps_only_these_away() {
    let tests = [
        slow("a/1"),
        alone_of(slow("s/storm"), &["a"]),
        slow("a/2"),
        slow("b/3"),
        slow("a/4"),
    ];
    let ran = Bench::new(tests).run().await;
    let starts = ["a/1", "s/storm", "a/2", "b/3", "a/4"].map(|id| start(&ran, id));
    assert_eq!(starts, [0, 2, 4, 0, 4]);
}

#[tokio::test(start_paused = true)]
async fn two_that_exclude_each_other_both_run() {
    let tests = [
        slow("a/1"),
        slow("b/1"),
        alone_of(slow("a/storm"), &["b", "a"]),
        alone_of(slow("b/storm"), &["a"]),
        alone(slow("c/storm")),
        slow("d/last"),
    ];
    let ran = Bench::new(tests).run().await;
    let starts = ["a/storm", "b/storm", "c/storm", "d/last"].map(|id| start(&ran, id));
    assert_eq!(starts, [2, 6, 4, 6]);
}

#[tokio::test(start_paused = true)]
async fn one_job_is_the_same_code() {
    let tests = [
        slow("a/1"),
        alone(slow("a/storm")),
        alone_of(slow("b/storm"), &["a", "nobody"]),
        at(slow("a/2"), &["x:1"]),
        at(slow("a/3"), &["x:1"]),
    ];
    let mut bench = Bench::new(tests).jobs(0);
    bench.config.per_origin = 0;
    let ran = bench.run().await;
    let order: Vec<_> = ran.starts().into_iter().map(|(id, _)| id).collect();
    assert_eq!(order, ["a/1", "a/storm", "b/storm", "a/2", "a/3"]);
    assert_eq!(ran.record.elapsed, seconds(10));
}

#[tokio::test(start_paused = true)]
async fn whatever_the_limits_everybody_gets_a_turn() {
    // Every mixture of origins, categories and wishes, with few slots: nobody is forgotten, nobody breaks a rule.
    let tests: Vec<_> = (0..600_usize)
        .map(|n| {
            let category = ["a", "b", "c"][n % 3];
            let one = ["x:1", "y:1", "z:1"][n * 7 % 3];
            let two = ["x:1", "y:1", "z:1"][n * 5 % 11 % 3];
            let test = at(
                test(&format!("{category}/{n}"), [takes(1 + (n * 13 % 5) as u64)]),
                &[one, two],
            );
            match n % 23 {
                5 => alone(test),
                11 => alone_of(test, &["a"]),
                17 => alone_of(test, &["b", "c"]),
                _ => test,
            }
        })
        .collect();
    let mut bench = Bench::new(tests).jobs(6);
    bench.config.per_origin = 2;
    let ran = bench.run().await;
    let spans: Vec<_> = ran
        .record
        .tests
        .iter()
        .map(|test| (test.started, test.started + test.elapsed))
        .collect();
    for (at, (started, ended)) in spans.iter().enumerate() {
        if at % 23 == 5 {
            let beside = spans
                .iter()
                .enumerate()
                .find(|(other, (s, e))| *other != at && s < ended && started < e);
            assert_eq!(beside, None, "beside {at}");
        }
    }
    assert_eq!(ran.record.counts().of(crate::model::Status::Passed), 600);
}
