//! First, last, once, in order.

use super::bench::{Bench, capturing, good, named, refused, seconds, step, takes, test, with};
use crate::model::{Event, Outcome, Status, Why};
use crate::plan::{Mode, Retry};
use crate::probe::Scene;

#[tokio::test(start_paused = true)]
async fn the_story_of_a_run() {
    let ran = Bench::new([good("a/x"), refused("a/y")])
        .jobs(1)
        .run()
        .await;
    let story = ["run started", "a/x started", "a/x attempt 1", "a/x passed"];
    let rest = ["a/y started", "a/y attempt 1", "a/y failed", "run ended"];
    assert_eq!(ran.story(), [story, rest].concat());
    assert_eq!(ran.code("a/y"), Some("tcp.refused"));
    assert_eq!(ran.code("a/x"), None);
}

#[tokio::test(start_paused = true)]
async fn a_run_of_nothing_starts_and_ends() {
    assert_eq!(
        Bench::new([]).run().await.story(),
        ["run started", "run ended"]
    );
}

#[tokio::test(start_paused = true)]
async fn tests_start_in_plan_order_as_slots_allow() {
    let tests = [
        test("a/1", [takes(3)]),
        test("a/2", [takes(1)]),
        test("b/3", [takes(1)]),
        test("a/4", [takes(1)]),
    ];
    let ran = Bench::new(tests).jobs(2).run().await;
    let expected = [("a/1", 0), ("a/2", 0), ("b/3", 1), ("a/4", 2)];
    assert_eq!(ran.starts(), expected.map(|(id, at)| (id.to_owned(), at)));
    assert_eq!(ran.record.elapsed, seconds(3));
    assert_eq!(ran.test("a/1").elapsed, seconds(3));
    assert_eq!(ran.test("a/4").started, seconds(2));
}

#[tokio::test(start_paused = true)]
async fn a_panicking_probe_ends_as_errored_and_its_message_is_masked() {
    let cleanup = named("tidy", step([Scene::status(200)]));
    let panics = with(
        test("a/x", [Scene::panics("token hunter2-hunter2 is bad")]),
        |test| test.cleanup.push(cleanup),
    );
    let bench = Bench::new([panics, good("a/y")]);
    bench.mask.add("hunter2-hunter2");
    let ran = bench.run().await;
    let test = ran.test("a/x");
    assert_eq!(
        (test.status, ran.code("a/x")),
        (Status::Errored, Some("error.panic"))
    );
    assert_eq!(
        test.why,
        Some(Why::Errored("panicked: token *** is bad".to_owned()))
    );
    assert_eq!(test.attempts[0].outcome, Outcome::Unable);
    assert_eq!(test.attempts[0].steps[0].request, "a script of 1 looks");
    assert!(
        test.attempts[0].steps[1].cleanup,
        "clean-ups run after a panic, too"
    );
    assert_eq!(ran.status("a/y"), Status::Passed);
}

#[tokio::test(start_paused = true)]
async fn attempts_are_told_before_the_end() {
    let retry = Retry {
        count: 5,
        delay: seconds(1),
        backoff: 1.0,
        codes: vec![],
    };
    let codes = vec![crate::model::CodePattern::parse("tcp.*").unwrap()];
    let tests: Vec<_> = (0..20)
        .map(|at| {
            with(refused(&format!("a/{at}")), |test| {
                test.mode = Mode::Retry(Box::new(Retry {
                    codes: codes.clone(),
                    ..retry.clone()
                }));
            })
        })
        .collect();
    let ran = Bench::new(tests).run().await;
    for test in &ran.record.tests {
        assert_eq!((test.attempts.len(), test.attempts_made), (6, 6));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_instance_ends_once_on_many_threads_too() {
    let tests: Vec<_> = (0..2000)
        .map(|at| match at % 5 {
            0 => refused(&format!("a/{at}")),
            1 => test(&format!("b/{at}"), [Scene::panics("no")]),
            2 => with(good(&format!("c/{at}")), |test| {
                test.requires = vec![at - 2, at - 1];
            }),
            _ => good(&format!("d/{at}")),
        })
        .collect();
    let ran = Bench::new(tests).run().await;
    let count = |status| ran.record.counts().of(status);
    assert_eq!(
        [
            Status::Failed,
            Status::Errored,
            Status::Blocked,
            Status::Passed
        ]
        .map(count),
        [400, 400, 400, 800]
    );
}

#[tokio::test(start_paused = true)]
async fn many_tests_are_not_as_many_tasks() {
    let tests: Vec<_> = (0..20_000)
        .map(|at| {
            with(good(&format!("a/{at}")), |test| {
                test.steps = vec![capturing([Scene::status(200)], "{}")];
                test.origins.push("h:1".to_owned());
            })
        })
        .collect();
    let metrics = tokio::runtime::Handle::current().metrics();
    let mut most = 0;
    let mut bench = Bench::new(tests);
    bench.config.per_origin = 2;
    let watch = |_: &Event| most = most.max(metrics.num_alive_tasks());
    let ran = bench.run_watching(watch).await;
    assert_eq!(ran.record.counts().of(Status::Passed), 20_000);
    assert!(most <= 8, "{most} tasks were alive at once");
}
