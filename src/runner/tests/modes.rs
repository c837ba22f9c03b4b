//! Once, retry, until, repeat, and `expect_failure` on top.

use super::bench::{Bench, Ran, good, named, seconds, step, takes, test, with};
use crate::check::testing::claims;
use crate::model::{CodePattern, Kept, Outcome, Status, Unable, Why};
use crate::plan::{ExpectFailure, Mode, PlannedTest, Repeat, Retry, Until};
use crate::probe::Scene;

const REFUSED: &str = "tcp.refused";

fn retried(scenes: impl Into<Vec<Scene>>, count: u32, backoff: f64) -> PlannedTest {
    let codes = vec![CodePattern::parse("tcp.*").unwrap()];
    with(test("a/x", scenes), |test| {
        test.mode = Mode::Retry(Box::new(Retry {
            count,
            delay: seconds(1),
            backoff,
            codes,
        }));
    })
}

fn polled(scenes: impl Into<Vec<Scene>>, within: u64, every: u64, stable_for: u64) -> PlannedTest {
    with(test("a/x", scenes), |test| {
        let [within, every, stable_for] = [within, every, stable_for].map(seconds);
        test.mode = Mode::Until(Box::new(Until {
            within,
            every,
            stable_for,
            max_flaps: None,
        }));
    })
}

fn repeated(
    scenes: impl Into<Vec<Scene>>,
    times: u64,
    concurrency: u64,
    claimed: &str,
) -> PlannedTest {
    with(test("a/x", scenes), |test| {
        let claims = claims(&format!("{{ times: {times}, {claimed} }}"));
        let interval = seconds(0);
        test.mode = Mode::Repeat(Box::new(Repeat {
            times,
            concurrency,
            interval,
            claims,
            barrier: false,
            idle: seconds(0),
            compare_with: None,
        }));
    })
}

fn starts(ran: &Ran) -> Vec<u64> {
    ran.test("a/x")
        .attempts
        .iter()
        .map(|attempt| attempt.started.as_secs())
        .collect()
}

fn kept(ran: &Ran) -> Vec<(u64, Option<Kept>)> {
    ran.test("a/x")
        .attempts
        .iter()
        .map(|attempt| (attempt.number, attempt.kept))
        .collect()
}

#[test]
fn a_test_may_take_as_long_as_all_its_attempts() {
    // Each attempt 10 s.
    let budget = |test: &PlannedTest| test.budget().as_secs();
    assert_eq!(budget(&good("a/x")), 10);
    assert_eq!(budget(&retried([], 3, 2.0)), 4 * 10 + 1 + 2 + 4);
    assert_eq!(budget(&polled([], 30, 1, 0)), 30);
    assert_eq!(
        budget(&repeated([], 100, 8, "latency: { max: 1s }")),
        13 * 10
    );
    let polling = with(good("a/x"), |test| {
        let polled = polled([], 30, 1, 0);
        if let Mode::Until(until) = polled.mode {
            test.steps[0].until = Some(until);
        }
    });
    assert_eq!(budget(&polling), 40);
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_holds_is_flaky_and_waits_longer_each_time() {
    let scenes = [
        Scene::fault(REFUSED),
        Scene::fault(REFUSED),
        Scene::fault(REFUSED),
        Scene::status(200),
    ];
    let ran = Bench::new([retried(scenes, 5, 3.0)]).run().await;
    assert_eq!(
        (ran.status("a/x"), ran.code("a/x")),
        (Status::Flaky, Some("gate.flaky"))
    );
    assert_eq!(starts(&ran), [0, 1, 4, 13]);
    assert_eq!(ran.test("a/x").attempts_made, 4);
}

#[tokio::test(start_paused = true)]
async fn a_retry_holds_at_once_or_stays_failed() {
    let passed = Bench::new([retried([Scene::status(200)], 5, 1.0)])
        .run()
        .await;
    assert_eq!(passed.status("a/x"), Status::Passed);
    let failed = Bench::new([retried([Scene::fault(REFUSED)], 2, 1.0)])
        .run()
        .await;
    assert_eq!(
        (failed.status("a/x"), failed.code("a/x")),
        (Status::Failed, Some(REFUSED))
    );
    assert_eq!(starts(&failed), [0, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_named_and_what_could_not_look_is_not_tried_again() {
    let finding = Bench::new([retried([Scene::status(503), Scene::status(200)], 2, 1.0)])
        .run()
        .await;
    assert_eq!(
        (finding.status("a/x"), finding.code("a/x")),
        (Status::Failed, Some("expect.status"))
    );
    let unable = Bench::new([retried(
        [Scene::unable(Unable::File), Scene::status(200)],
        2,
        1.0,
    )])
    .run()
    .await;
    assert_eq!(
        (unable.status("a/x"), unable.code("a/x")),
        (Status::Errored, Some("error.file"))
    );
    assert_eq!(
        unable.test("a/x").why,
        Some(Why::Errored("as scripted".to_owned()))
    );
}

#[tokio::test(start_paused = true)]
async fn an_expected_failure_must_have_its_code() {
    let expecting = |scene: Scene| {
        let expect_failure = ExpectFailure {
            code: CodePattern::parse("expect.status").unwrap(),
            reason: "bug".to_owned(),
        };
        with(test("a/x", [scene]), |test| {
            test.expect_failure = Some(Box::new(expect_failure));
        })
    };
    for (scene, status, code) in [
        (Scene::status(500), Status::ExpectedFailure, "expect.status"),
        (
            Scene::status(200),
            Status::UnexpectedPass,
            "gate.unexpected_pass",
        ),
        (Scene::fault(REFUSED), Status::Failed, REFUSED),
        (
            Scene::unable(Unable::Program),
            Status::Errored,
            "error.program",
        ),
    ] {
        let ran = Bench::new([expecting(scene)]).run().await;
        assert_eq!((ran.status("a/x"), ran.code("a/x")), (status, Some(code)));
    }
}

#[tokio::test(start_paused = true)]
async fn until_polls_from_the_end_of_a_poll_and_holding_is_a_plain_pass() {
    let down = Scene::fault(REFUSED).after(seconds(1));
    let scenes = [down.clone(), down.clone(), down, takes(1)];
    let ran = Bench::new([polled(scenes, 60, 2, 0)]).run().await;
    assert_eq!((ran.status("a/x"), ran.code("a/x")), (Status::Passed, None));
    assert_eq!(
        kept(&ran),
        [
            (1, Some(Kept::First)),
            (3, Some(Kept::LastNotHeld)),
            (4, Some(Kept::Final))
        ]
    );
    assert_eq!(starts(&ran), [0, 6, 9]);
    assert_eq!(ran.test("a/x").attempts_made, 4);
    assert_eq!(ran.test("a/x").elapsed, seconds(10));
}

#[tokio::test(start_paused = true)]
async fn until_must_hold_without_a_break() {
    let up = Scene::status(200);
    let scenes = [up.clone(), up.clone(), Scene::status(503), up];
    let ran = Bench::new([polled(scenes, 60, 1, 3)]).run().await;
    assert_eq!(ran.status("a/x"), Status::Passed);
    assert_eq!(ran.test("a/x").elapsed, seconds(6));
    assert_eq!(ran.test("a/x").attempts_made, 7);
}

#[tokio::test(start_paused = true)]
async fn what_holds_too_late_to_be_stable_fails_and_says_so() {
    let scenes = [vec![Scene::status(503); 8], vec![Scene::status(200)]].concat();
    let ran = Bench::new([polled(scenes, 10, 1, 5)]).run().await;
    assert_eq!(
        (ran.status("a/x"), ran.code("a/x")),
        (Status::Failed, Some("expect.stable_for"))
    );
    let last = ran.test("a/x").attempts.last().unwrap();
    assert_eq!(last.outcome, Outcome::NotHeld);
    assert_eq!(
        last.steps[0].findings.last().unwrap().actual.as_deref(),
        Some("held for 1s")
    );
}

#[tokio::test(start_paused = true)]
async fn the_last_poll_that_runs_out_of_time_is_not_blamed() {
    // The third poll hangs, and `within` leaves it less than its own timeout.
    for (within, every) in [(5, 1), (11, 2)] {
        let scenes = [Scene::status(503), Scene::status(503), Scene::hangs()];
        let ran = Bench::new([polled(scenes, within, every, 0)]).run().await;
        assert_eq!(
            (ran.status("a/x"), ran.code("a/x")),
            (Status::Failed, Some("expect.status"))
        );
        assert_eq!(ran.test("a/x").elapsed, seconds(within));
    }
    // Where there is no other, it is all we know.
    let ran = Bench::new([polled([Scene::hangs()], 5, 1, 0)]).run().await;
    assert_eq!(
        (ran.status("a/x"), ran.code("a/x")),
        (Status::Failed, Some("tcp.timeout"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_could_not_look_counts_only_at_the_end() {
    let unable = Scene::unable(Unable::Limit);
    let passed = Bench::new([polled([unable.clone(), Scene::status(200)], 5, 1, 0)])
        .run()
        .await;
    assert_eq!(passed.status("a/x"), Status::Passed);
    let errored = Bench::new([polled([Scene::status(503), unable], 5, 1, 0)])
        .run()
        .await;
    assert_eq!(
        (errored.status("a/x"), errored.code("a/x")),
        (Status::Errored, Some("error.limit"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_sample_keeps_a_row_of_each_attempt_and_few_in_full() {
    let mut scenes = vec![takes(1); 40];
    scenes[7] = takes(4);
    scenes[20..35].fill(Scene::status(503));
    let ran = Bench::new([repeated(scenes, 40, 1, "pass_rate: 50%")])
        .run()
        .await;
    assert_eq!(ran.status("a/x"), Status::Passed);
    let sample = ran.test("a/x").sample.clone().unwrap();
    assert_eq!((sample.rows.len(), sample.held), (40, 25));
    assert_eq!(
        (sample.rows[7].latency_us, sample.rows[7].outcome),
        (4_000_000, Outcome::Held)
    );
    assert_eq!(sample.rows[7].phases_us[0].1, 4_000_000);
    let mut expected = vec![(1, Some(Kept::First)), (8, Some(Kept::Slowest))];
    expected.extend((21..31).map(|number| (number, Some(Kept::NotHeld))));
    assert_eq!(kept(&ran), expected);
    assert_eq!(ran.test("a/x").attempts_made, 40);
    for attempt in &ran.test("a/x").attempts {
        let step = &attempt.steps[0];
        let has_words = !step.request.is_empty() && step.findings.len() == 2;
        let status = step.observation.facts.get("status");
        assert!(has_words && status.is_some(), "{attempt:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn lanes_run_beside_each_other_with_their_interval() {
    let ran = Bench::new([with(repeated([takes(1)], 10, 4, ""), |test| {
        if let Mode::Repeat(repeat) = &mut test.mode {
            repeat.interval = seconds(2);
        }
    })])
    .run()
    .await;
    assert_eq!(ran.status("a/x"), Status::Passed);
    assert_eq!(ran.test("a/x").elapsed, seconds(7));
}

#[tokio::test(start_paused = true)]
async fn refuted_goes_before_unproved_and_unproved_before_errored() {
    let bad = |count: usize, scene: Scene, rest: usize| {
        [vec![scene; count], vec![Scene::status(200); rest]].concat()
    };
    let proved = "pass_rate: 80%, confidence: 95%";
    let unable = Scene::unable(Unable::Program);
    for (scenes, claimed, status, code) in [
        (
            bad(1, Scene::status(503), 9),
            "",
            Status::Failed,
            Some("expect.status"),
        ),
        (bad(0, unable.clone(), 20), proved, Status::Passed, None),
        (
            bad(3, Scene::status(503), 17),
            proved,
            Status::Unproved,
            Some("claim.pass_rate"),
        ),
        (
            bad(1, unable.clone(), 4),
            proved,
            Status::Unproved,
            Some("claim.pass_rate"),
        ),
        (
            bad(1, unable.clone(), 19),
            proved,
            Status::Errored,
            Some("error.program"),
        ),
        // Nobody looked even once: there is nothing that more attempts would prove.
        (
            bad(5, unable.clone(), 0),
            proved,
            Status::Errored,
            Some("error.program"),
        ),
        (
            bad(1, unable, 9),
            "",
            Status::Errored,
            Some("error.program"),
        ),
    ] {
        let times = scenes.len() as u64;
        let ran = Bench::new([repeated(scenes, times, 1, claimed)])
            .run()
            .await;
        assert_eq!(
            (ran.status("a/x"), ran.code("a/x")),
            (status, code),
            "{claimed} of {times}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_sample_that_can_prove_nothing_any_more_stops() {
    let ran = Bench::new([repeated([Scene::status(503)], 1000, 3, "pass_rate: 90%")])
        .run()
        .await;
    let sample = ran.test("a/x").sample.clone().unwrap();
    assert_eq!(ran.status("a/x"), Status::Failed);
    assert!(
        sample.futile && (101..=125).contains(&sample.rows.len()),
        "{}",
        sample.rows.len()
    );
    assert_eq!(sample.rows.len() as u64, ran.test("a/x").attempts_made);
}

#[tokio::test(start_paused = true)]
async fn a_large_sample_asks_about_futility_seldom() {
    let scenes = vec![Scene::status(200)];
    let ran = Bench::new([repeated(
        scenes,
        20_000,
        1000,
        "claims: { latency: { p99: 1s } }",
    )])
    .run()
    .await;
    assert_eq!(ran.status("a/x"), Status::Passed);
    assert_eq!(ran.test("a/x").sample.as_ref().unwrap().rows.len(), 20_000);
    assert!(ran.test("a/x").attempts.len() <= 2);
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_one_attempt_of_a_sample_leaves_the_others() {
    let scenes = vec![Scene::panics("once"), Scene::status(200)];
    let ran = Bench::new([repeated(scenes, 30, 4, ""), good("a/y")])
        .run()
        .await;
    assert_eq!(
        (ran.status("a/x"), ran.code("a/x")),
        (Status::Errored, Some("error.panic"))
    );
    assert_eq!(ran.test("a/x").sample.as_ref().unwrap().rows.len(), 30);
    assert_eq!(ran.status("a/y"), Status::Passed);
}

#[tokio::test(start_paused = true)]
async fn a_test_without_steps_has_looked_at_nothing() {
    let ran = Bench::new([with(good("a/x"), |test| test.steps.clear())])
        .run()
        .await;
    assert_eq!(ran.status("a/x"), Status::Errored);
}

#[tokio::test(start_paused = true)]
async fn left_behind_is_said_once_for_all_attempts() {
    let tidy = named("tidy", step([Scene::fault(REFUSED)]));
    let ran = Bench::new([with(repeated([Scene::status(200)], 20, 2, ""), |test| {
        test.cleanup.push(tidy);
    })])
    .run()
    .await;
    assert_eq!(ran.status("a/x"), Status::Passed);
    assert_eq!(ran.test("a/x").left_behind, ["tidy: tcp.refused"]);
}
