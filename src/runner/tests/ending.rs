//! Fail-fast, deadline, interrupt: once, twice.

use std::time::Duration;

use super::bench::{Bench, Ran, good, named, refused, seconds, session, step, takes, test, with};
use crate::check::testing::claims;
use crate::model::{CodePattern, Event, Interrupt, NotRun, Outcome, Status, Why};
use crate::plan::{Mode, PlannedTest, Repeat, Retry, Skip, Until};
use crate::probe::Scene;

fn not_run(ran: &Ran, id: &str) -> Option<NotRun> {
    match (&ran.test(id).status, &ran.test(id).why) {
        (Status::NotRun, Some(Why::NotRun(reason))) => Some(*reason),
        _ => None,
    }
}

/// Runs, and interrupts when this test starts.
async fn interrupted_at(bench: Bench, id: &str, times: usize) -> Ran {
    let cancel = bench.cancel.clone();
    let at = bench
        .tests
        .iter()
        .position(|test| test.header.id.to_string() == id)
        .unwrap();
    let interrupt = |event: &Event| {
        if matches!(event, Event::TestStarted { test, .. } if *test == at) {
            (0..times).for_each(|_| cancel.interrupt(Interrupt::Int));
        }
    };
    let mut ran = bench.run_watching(interrupt).await;
    ran.check();
    ran
}

fn long(id: &str, time: u64) -> PlannedTest {
    with(test(id, [takes(time)]), |test| {
        test.timeout = seconds(1000);
        test.steps[0].timeout = seconds(1000);
    })
}

#[tokio::test(start_paused = true)]
async fn interrupted_before_it_begins_a_run_looks_at_nothing() {
    let tests = [
        with(good("a/x"), |test| test.uses = vec![0]),
        good("a/y"),
        with(good("a/skipped"), |test| {
            test.skip = Some(Skip::When("a".to_owned()));
        }),
    ];
    let bench = Bench::new(tests).sessions([session("alice", step([takes(1)]))]);
    bench.cancel.interrupt(Interrupt::Int);
    let ran = bench.run().await;
    for id in ["a/x", "a/y"] {
        assert_eq!(not_run(&ran, id), Some(NotRun::Interrupted));
    }
    assert_eq!(ran.status("a/skipped"), Status::Skipped);
    let is_started = |event: &Event| matches!(event, Event::TestStarted { .. });
    assert!(!ran.events.iter().any(is_started));
    assert_eq!(ran.record.interrupted, Some(Interrupt::Int));
    assert!(ran.record.sessions.is_empty());
}

#[tokio::test(start_paused = true)]
async fn fail_fast_starts_nothing_more_but_says_what_is_blocked() {
    let tests = [
        long("a/long", 5),
        with(refused("a/bad"), |_| ()),
        with(good("a/after"), |test| test.requires = vec![1]),
        good("a/rest"),
        with(good("a/skipped"), |test| {
            test.skip = Some(Skip::When("a".to_owned()));
        }),
    ];
    let mut bench = Bench::new(tests).jobs(2);
    bench.config.fail_fast = true;
    let ran = bench.run().await;
    let statuses = ["a/long", "a/bad", "a/after", "a/skipped"].map(|id| ran.status(id));
    assert_eq!(
        statuses,
        [
            Status::Passed,
            Status::Failed,
            Status::Blocked,
            Status::Skipped
        ]
    );
    assert_eq!(not_run(&ran, "a/rest"), Some(NotRun::FailFast));
}

#[tokio::test(start_paused = true)]
async fn fail_fast_goes_on_while_nothing_is_bad() {
    let mut bench = Bench::new([
        good("a/x"),
        with(good("a/y"), |test| {
            test.skip = Some(Skip::When("a".to_owned()));
        }),
        good("a/z"),
    ]);
    bench.config.fail_fast = true;
    let ran = bench.jobs(1).run().await;
    assert_eq!(ran.status("a/z"), Status::Passed);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_cuts_after_the_grace_and_cut_is_not_failed() {
    let tidy = named("tidy", step([takes(2)]));
    let cut = with(long("a/cut", 100), |test| {
        test.steps.insert(0, step([takes(1)]));
        test.cleanup.push(tidy);
    });
    let mut bench = Bench::new([cut, long("a/in-time", 13), good("a/rest")]).jobs(2);
    bench.config.deadline = Some(seconds(10));
    let ran = bench.run().await;
    assert_eq!(ran.status("a/in-time"), Status::Passed);
    assert_eq!(not_run(&ran, "a/rest"), Some(NotRun::Deadline));
    assert_eq!(not_run(&ran, "a/cut"), Some(NotRun::Deadline));
    let test = ran.test("a/cut");
    assert_eq!(
        (ran.code("a/cut"), test.elapsed, ran.record.elapsed),
        (None, seconds(17), seconds(17))
    );
    let attempt = &test.attempts[0];
    assert_eq!(
        (attempt.outcome, attempt.code.clone(), attempt.elapsed),
        (Outcome::Unable, None, seconds(15))
    );
    assert_eq!(attempt.steps.len(), 2, "what was seen, and the clean-up");
    assert_eq!(ran.record.interrupted, None);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_longer_than_any_clock_is_none() {
    let mut bench = Bench::new([good("a/x")]);
    bench.config.deadline = Some(Duration::MAX);
    assert_eq!(bench.run().await.status("a/x"), Status::Passed);
}

#[tokio::test(start_paused = true)]
async fn interrupted_once_those_looking_finish_and_clean_up() {
    let tests = [
        with(long("a/x", 3), |test| test.cleanup.push(step([takes(9)]))),
        good("a/y"),
        long("a/z", 99),
    ];
    let ran = interrupted_at(Bench::new(tests).jobs(1), "a/x", 1).await;
    assert_eq!(ran.status("a/x"), Status::Passed);
    assert_eq!(
        ran.record.elapsed,
        seconds(12),
        "the clean-up is not bounded by the grace"
    );
    assert_eq!(
        [not_run(&ran, "a/y"), not_run(&ran, "a/z")],
        [Some(NotRun::Interrupted); 2]
    );
    assert_eq!(ran.record.interrupted, Some(Interrupt::Int));
}

#[tokio::test(start_paused = true)]
async fn interrupted_twice_it_leaves_at_once() {
    let alice = with(session("alice", step([Scene::status(200)])), |session| {
        session.cleanup.push(step([takes(1)]));
    });
    let used = with(good("a/used"), |test| test.uses = vec![0]);
    let looking = with(long("a/x", 99), |test| {
        test.requires = vec![0];
        test.cleanup.push(step([takes(9)]));
    });
    let bench = Bench::new([
        used,
        looking,
        with(good("a/y"), |test| test.requires = vec![1]),
    ])
    .sessions([alice]);
    let ran = interrupted_at(bench, "a/x", 2).await;
    assert_eq!(
        [not_run(&ran, "a/x"), not_run(&ran, "a/y")],
        [Some(NotRun::Interrupted); 2]
    );
    assert_eq!(ran.status("a/used"), Status::Passed);
    assert_eq!(ran.record.elapsed, seconds(0));
    assert_eq!(ran.test("a/x").left_behind, ["its clean-ups were not run"]);
    assert_eq!(
        ran.record.sessions[0].left_behind,
        ["its clean-ups were not run"]
    );
}

#[tokio::test(start_paused = true)]
async fn leaving_while_a_session_opens_tells_of_it() {
    let alice = with(session("alice", step([Scene::hangs()])), |session| {
        session.cleanup.push(step([takes(1)]));
    });
    let user = with(good("a/user"), |test| test.uses = vec![0]);
    let ran = interrupted_at(
        Bench::new([user, long("a/x", 9)]).sessions([alice]),
        "a/x",
        2,
    )
    .await;
    assert_eq!(ran.record.sessions[0].status, Status::NotRun);
    assert_eq!(
        ran.record.sessions[0].left_behind,
        ["its clean-ups were not run"]
    );
}

#[tokio::test(start_paused = true)]
async fn no_attempt_begins_after_the_stop() {
    let codes = vec![CodePattern::parse("tcp.*").unwrap()];
    let refused = Scene::fault("tcp.refused").after(seconds(1));
    let retry = Mode::Retry(Box::new(Retry {
        count: 9,
        delay: seconds(1),
        backoff: 1.0,
        codes,
    }));
    let until = Mode::Until(Box::new(Until {
        within: seconds(60),
        every: seconds(1),
        stable_for: seconds(0),
        max_flaps: None,
    }));
    let claims = claims("{ times: 9 }");
    let repeat = Mode::Repeat(Box::new(Repeat {
        times: 9,
        concurrency: 2,
        interval: seconds(0),
        claims,
        barrier: false,
        idle: Duration::ZERO,
        compare_with: None,
    }));
    for (mode, scene, made) in [
        (retry, &refused, 1),
        (until, &refused, 1),
        (repeat, &takes(1), 2),
    ] {
        let tests = [with(test("a/x", [scene.clone()]), |test| test.mode = mode)];
        let mut bench = Bench::new(tests);
        bench.config.deadline = Some(Duration::from_millis(500));
        let ran = bench.run().await;
        assert_eq!(not_run(&ran, "a/x"), Some(NotRun::Deadline));
        assert_eq!(
            (ran.test("a/x").attempts_made, ran.code("a/x")),
            (made, None)
        );
        assert_eq!(ran.test("a/x").elapsed, seconds(1));
        assert!(!ran.test("a/x").attempts.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_decides_within_the_grace_counts() {
    let ran = interrupted_at(
        Bench::new([with(
            test("a/x", [Scene::fault("tcp.refused").after(seconds(3))]),
            |_| (),
        )]),
        "a/x",
        1,
    )
    .await;
    assert_eq!(
        (ran.status("a/x"), ran.code("a/x")),
        (Status::Failed, Some("tcp.refused"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_cut_sample_holds_only_whole_attempts() {
    let scenes = [takes(1), takes(1), takes(1)]
        .into_iter()
        .chain([Scene::hangs()])
        .collect::<Vec<_>>();
    let claims = claims("{ times: 9 }");
    let repeat = Mode::Repeat(Box::new(Repeat {
        times: 9,
        concurrency: 1,
        interval: seconds(0),
        claims,
        barrier: false,
        idle: Duration::ZERO,
        compare_with: None,
    }));
    let mut bench = Bench::new([with(test("a/x", scenes), |test| test.mode = repeat)]);
    bench.config.deadline = Some(seconds(5));
    bench.config.grace = seconds(1);
    let ran = bench.run().await;
    assert_eq!(not_run(&ran, "a/x"), Some(NotRun::Deadline));
    let sample = ran.test("a/x").sample.clone().unwrap();
    assert_eq!(
        (
            sample.rows.len(),
            sample.held,
            ran.test("a/x").attempts_made
        ),
        (3, 3, 4)
    );
}
