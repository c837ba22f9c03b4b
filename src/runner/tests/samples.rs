//! Rounds from one barrier, pauses before attempts, and samples that are compared.

use super::bench::{Bench, Ran, good, refused, seconds, takes, test, with};
use crate::check::testing::{claims, comparison};
use crate::model::{NotRun, Sample, State, Status, Unable, Why};
use crate::plan::{CompareWith, Mode, PlannedTest, Repeat, Skip};
use crate::probe::Scene;

/// A sample that need hardly ever hold.
fn sample(
    id: &str,
    scenes: impl Into<Vec<Scene>>,
    change: impl FnOnce(&mut Repeat),
) -> PlannedTest {
    let scenes = scenes.into();
    with(test(id, scenes.clone()), |test| {
        let mut repeat = Repeat {
            times: scenes.len() as u64,
            concurrency: 1,
            interval: seconds(0),
            barrier: false,
            idle: seconds(0),
            claims: claims("{ times: 1, pass_rate: 1% }"),
            compare_with: None,
        };
        change(&mut repeat);
        test.mode = Mode::Repeat(Box::new(repeat));
    })
}

/// One that holds, then so many that do not and take so long: all of them are kept.
fn down(rest: &[u64]) -> Vec<Scene> {
    let down = |time: &u64| Scene::status(503).after(seconds(*time));
    let first = std::iter::once(takes(1));
    first.chain(rest.iter().map(down)).collect()
}

fn sample_of<'r>(ran: &'r Ran, id: &str) -> &'r Sample {
    ran.test(id).sample.as_ref().unwrap()
}

fn starts(ran: &Ran) -> Vec<u64> {
    let attempts = &ran.test("a/x").attempts;
    attempts
        .iter()
        .map(|attempt| attempt.started.as_secs())
        .collect()
}

fn in_rounds(repeat: &mut Repeat) {
    repeat.barrier = true;
    repeat.concurrency = 3;
}

#[tokio::test(start_paused = true)]
async fn a_round_starts_together_and_after_the_slowest_of_the_one_before() {
    let rounds = sample("a/x", down(&[4, 2, 1, 1, 3, 1]), in_rounds);
    let ran = Bench::new([rounds]).run().await;
    assert_eq!(starts(&ran), [0, 0, 0, 4, 4, 4, 7]);
    assert_eq!(ran.test("a/x").elapsed, seconds(8));
    let made = sample_of(&ran, "a/x");
    assert_eq!((made.rows.len(), made.skew), (7, Some(seconds(0))));
    let lanes = sample("a/x", down(&[4, 2]), |repeat| repeat.concurrency = 3);
    let ran = Bench::new([lanes]).run().await;
    assert_eq!(sample_of(&ran, "a/x").skew, None);
}

#[tokio::test(start_paused = true)]
async fn rounds_stop_when_nothing_can_change_any_more() {
    let rounds = sample("a/x", [Scene::status(503)], |repeat| {
        in_rounds(repeat);
        repeat.times = 1000;
        repeat.claims = claims("{ times: 1000, pass_rate: 90% }");
    });
    let ran = Bench::new([rounds]).run().await;
    let sample = sample_of(&ran, "a/x");
    assert!(sample.futile);
    let rows = sample.rows.len();
    assert!(
        (102..=126).contains(&rows) && rows.is_multiple_of(3),
        "{rows}"
    );
}

#[tokio::test(start_paused = true)]
async fn no_round_begins_after_the_deadline_and_the_one_that_looks_may_finish() {
    let rounds = sample("a/x", vec![takes(2); 30], in_rounds);
    let mut bench = Bench::new([rounds]);
    bench.config.deadline = Some(seconds(3));
    bench.config.grace = seconds(5);
    let ran = bench.run().await;
    assert_eq!(ran.status("a/x"), Status::NotRun);
    assert_eq!(sample_of(&ran, "a/x").rows.len(), 6);
    assert_eq!(ran.test("a/x").elapsed, seconds(4));
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_round_leaves_the_others() {
    let mut scenes = vec![Scene::status(200); 9];
    scenes[4] = Scene::panics("once");
    let ran = Bench::new([sample("a/x", scenes, in_rounds)]).run().await;
    assert_eq!(
        (ran.status("a/x"), ran.code("a/x")),
        (Status::Errored, Some("error.panic"))
    );
    assert_eq!(sample_of(&ran, "a/x").rows.len(), 9);
}

#[tokio::test(start_paused = true)]
async fn every_attempt_has_its_pause_before_it_the_first_too() {
    let idle = || sample("a/x", down(&[1, 1]), |repeat| repeat.idle = seconds(60));
    // Each attempt 10 s.
    assert_eq!(idle().budget(), seconds(3 * (60 + 10)));
    let ran = Bench::new([idle()]).run().await;
    assert_eq!(starts(&ran), [60, 121, 182]);
    assert_eq!(ran.test("a/x").elapsed, seconds(183));
    // The pause is no part of what is measured.
    assert_eq!(sample_of(&ran, "a/x").rows[0].latency_us, 1_000_000);
}

#[tokio::test(start_paused = true)]
async fn a_pause_ends_with_the_run() {
    let idle = sample("a/x", down(&[1, 1]), |repeat| repeat.idle = seconds(60));
    let mut bench = Bench::new([idle]);
    bench.config.deadline = Some(seconds(90));
    let ran = bench.run().await;
    assert_eq!(
        (ran.status("a/x"), &ran.test("a/x").why),
        (Status::NotRun, &Some(Why::NotRun(NotRun::Deadline)))
    );
    assert_eq!(ran.test("a/x").attempts_made, 1);
    assert_eq!(ran.test("a/x").elapsed, seconds(90));
}

/// The sample is compared with that of `a/serial`, which is the first of the plan.
fn compared(mut tests: Vec<PlannedTest>, at: usize) -> Bench {
    let id = tests[0].header.id.clone();
    tests[0].is_compared = true;
    tests[at].compare_with = Some(0);
    if let Mode::Repeat(repeat) = &mut tests[at].mode {
        repeat.compare_with = Some(CompareWith {
            test: id,
            comparison: comparison(false),
        });
    }
    Bench::new(tests)
}

fn burst(held: usize, not_held: usize) -> PlannedTest {
    let scenes = [
        vec![takes(1); held],
        vec![Scene::status(503).after(seconds(1)); not_held],
    ];
    sample("a/burst", scenes.concat(), |repeat| {
        repeat.concurrency = 20;
        repeat.barrier = true;
    })
}

#[tokio::test(start_paused = true)]
async fn a_sample_worse_than_the_one_it_is_compared_with_fails() {
    let serial = sample("a/serial", vec![takes(1); 20], |_| {});
    let ran = compared(vec![serial, burst(7, 13)], 1).run().await;
    assert_eq!(
        (ran.status("a/burst"), ran.code("a/burst")),
        (Status::Failed, Some("claim.compare"))
    );
    let findings = &sample_of(&ran, "a/burst").findings;
    assert_eq!(findings[0].state, State::Held, "its own pass rate");
    assert_eq!(
        findings[1].actual.as_deref(),
        Some(
            "serial 20/20, burst 7/20 (p < 0.00001); median of latency 1s and never (p < 0.00001)"
        )
    );
    assert_eq!(
        findings[1].detail.as_deref(),
        Some("it holds alone and not beside others: capacity or contention")
    );
    assert_eq!(ran.status("a/serial"), Status::Passed);
    assert_eq!(
        ran.starts(),
        [("a/serial".to_owned(), 0), ("a/burst".to_owned(), 20)]
    );
}

#[tokio::test(start_paused = true)]
async fn whatever_the_status_of_the_other_its_sample_is_whole_and_compared() {
    // It fails with its first attempt, and would stop there.
    let serial = sample("a/serial", vec![Scene::status(503); 20], |repeat| {
        repeat.claims = claims("{ times: 20 }");
    });
    let ran = compared(vec![serial, burst(20, 0)], 1).run().await;
    assert_eq!(ran.status("a/serial"), Status::Failed);
    assert_eq!(sample_of(&ran, "a/serial").rows.len(), 20);
    assert_eq!(ran.status("a/burst"), Status::Passed);
    let finding = &sample_of(&ran, "a/burst").findings[1];
    assert_eq!(
        (finding.state, finding.detail.as_deref()),
        (
            State::Held,
            Some("serial is bad and burst is not: order or state")
        )
    );
}

#[tokio::test(start_paused = true)]
async fn the_sample_that_is_compared_is_made_to_its_end_too() {
    let serial = sample("a/serial", vec![takes(1); 20], |_| {});
    let burst = with(burst(0, 60), |test| {
        if let Mode::Repeat(repeat) = &mut test.mode {
            repeat.claims = claims("{ times: 60 }");
        }
    });
    let ran = compared(vec![serial, burst], 1).run().await;
    let sample = sample_of(&ran, "a/burst");
    assert_eq!((sample.rows.len(), sample.futile), (60, false));
    // That all of them miss is told by what they met.
    assert_eq!(ran.code("a/burst"), Some("expect.status"));
    assert_eq!(sample.findings[1].state, State::NotHeld);
}

#[tokio::test(start_paused = true)]
async fn too_few_attempts_leave_it_unproved() {
    let serial = sample("a/serial", vec![takes(1); 3], |_| {});
    let ran = compared(vec![serial, burst(3, 0)], 1).run().await;
    assert_eq!(
        (ran.status("a/burst"), ran.code("a/burst")),
        (Status::Unproved, Some("claim.compare"))
    );
    // Rows that saw nothing are rows, and prove as little.
    let serial = sample("a/serial", vec![Scene::unable(Unable::Program); 20], |_| {});
    let ran = compared(vec![serial, burst(20, 0)], 1).run().await;
    assert_eq!(ran.status("a/serial"), Status::Errored);
    assert_eq!(ran.status("a/burst"), Status::Unproved);
}

#[tokio::test(start_paused = true)]
async fn without_a_sample_to_compare_with_it_is_blocked() {
    let serial = || sample("a/serial", vec![takes(1); 20], |_| {});
    let skipped = with(serial(), |test| {
        test.skip = Some(Skip::Needs("--allow-commands"));
    });
    let ran = compared(vec![skipped, burst(20, 0)], 1).run().await;
    assert_eq!(
        (ran.status("a/burst"), ran.code("a/burst")),
        (Status::Blocked, None)
    );
    match &ran.test("a/burst").why {
        Some(Why::Blocked(roots)) => assert_eq!(roots[0].status, Status::Skipped),
        other => panic!("{other:?}"),
    }
    // Blocked itself: whoever blocks it.
    let blocked = with(serial(), |test| test.requires = vec![1]);
    let ran = compared(vec![blocked, refused("a/down"), burst(20, 0)], 2)
        .run()
        .await;
    assert_eq!(ran.status("a/serial"), Status::Blocked);
    assert_eq!(
        (ran.status("a/burst"), ran.code("a/burst")),
        (Status::Blocked, Some("tcp.refused"))
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_guard_is_compared_with_does_not_wait_for_the_guard() {
    let serial = with(sample("a/serial", vec![takes(1); 20], |_| {}), |test| {
        test.side_effects = true;
    });
    let guard = with(burst(20, 0), |test| test.guards = true);
    let mut bench = compared(vec![serial, guard, good("a/y")], 1);
    bench.config.allow_side_effects = true;
    let ran = bench.run().await;
    assert_eq!(ran.status("a/burst"), Status::Passed);
    assert_eq!(ran.status("a/serial"), Status::Passed);
}
