//! What holds and breaks, and holds and breaks: a flap, not an outage.

use super::bench::{Bench, good, seconds, step, test, with};
use crate::model::{AttemptRecord, State, Status, Unable};
use crate::plan::{Mode, PlannedTest, Until};
use crate::probe::Scene;

const UP: u16 = 200;
const DOWN: u16 = 503;

fn until(max_flaps: Option<u64>) -> Until {
    Until {
        within: seconds(20),
        every: seconds(1),
        stable_for: seconds(10),
        max_flaps,
    }
}

fn scenes(statuses: &[u16]) -> Vec<Scene> {
    statuses.iter().copied().map(Scene::status).collect()
}

/// Polled as a whole.
fn polled(scenes: Vec<Scene>, max_flaps: Option<u64>) -> PlannedTest {
    with(test("a/x", scenes), |test| {
        test.mode = Mode::Until(Box::new(until(max_flaps)));
    })
}

/// Its one step is polled.
fn step_polled(scenes: Vec<Scene>, max_flaps: Option<u64>) -> PlannedTest {
    with(good("a/x"), |test| {
        test.steps = vec![with(step(scenes), |step| {
            step.until = Some(Box::new(until(max_flaps)));
        })];
    })
}

/// How often it flapped, as the final attempt or its step has it.
fn flaps(attempt: &AttemptRecord) -> Option<u64> {
    attempt.flaps.or(attempt.steps[0].flaps)
}

async fn run(
    of: Make,
    scenes: Vec<Scene>,
    max: Option<u64>,
) -> (Status, Option<String>, AttemptRecord) {
    let ran = Bench::new([of(scenes, max)]).run().await;
    let last = ran.test("a/x").attempts.last().unwrap();
    let code = ran.code("a/x").map(str::to_owned);
    (ran.status("a/x"), code, (**last).clone())
}

/// A test that looks at these scenes and may flap so often.
type Make = fn(Vec<Scene>, Option<u64>) -> PlannedTest;

const BOTH: [Make; 2] = [polled, step_polled];

#[tokio::test(start_paused = true)]
async fn one_flap_too_many_ends_it_at_once() {
    for of in BOTH {
        let seen = scenes(&[DOWN, UP, UP, UP, DOWN]);
        let (status, code, last) = run(of, seen, Some(0)).await;
        assert_eq!(
            (status, code.as_deref()),
            (Status::Failed, Some("expect.flapping"))
        );
        assert_eq!(flaps(&last), Some(1));
        assert_eq!((last.started + last.elapsed).as_secs(), 4);
        let findings = &last.steps[0].findings;
        assert_eq!(
            findings[0].actual.as_deref(),
            Some(
                "held and broke once within 4s, never seen to hold for longer than 2s; 0 are allowed"
            )
        );
        // What the poll saw stays.
        let open = findings.iter().filter(|one| one.state == State::NotHeld);
        let codes: Vec<_> = open.map(|one| one.code.as_str()).collect();
        assert_eq!(codes, ["expect.flapping", "expect.status"]);
        assert_eq!(last.code.as_ref().unwrap().as_str(), "expect.flapping");
    }
}

#[tokio::test(start_paused = true)]
async fn what_broke_after_it_held_is_a_flap_also_when_the_last_poll_saw_an_outage() {
    for of in BOTH {
        let mut seen = scenes(&[UP, UP, DOWN, UP]);
        seen.push(Scene::fault("tcp.refused"));
        let (status, code, last) = run(of, seen, None).await;
        assert_eq!(
            (status, code.as_deref()),
            (Status::Failed, Some("expect.flapping"))
        );
        assert_eq!(flaps(&last), Some(2));
        let codes: Vec<_> = last.steps[0]
            .findings
            .iter()
            .map(|one| one.code.as_str())
            .collect();
        assert_eq!(codes[..2], ["expect.flapping", "tcp.refused"]);
        assert_eq!(
            last.steps[0].findings[0].actual.as_deref(),
            Some("held and broke 2 times within 19s, never seen to hold for longer than 1s")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn flaps_that_are_allowed_do_not_end_it_and_are_counted() {
    for of in BOTH {
        let (status, _, last) = run(of, scenes(&[UP, DOWN, UP, DOWN, UP]), Some(2)).await;
        assert_eq!((status, flaps(&last)), (Status::Passed, Some(2)));
        // It came back, and only the time was too short.
        let seen = [scenes(&[UP]), scenes(&[DOWN; 14]), scenes(&[UP])].concat();
        let (status, code, last) = run(of, seen, Some(2)).await;
        assert_eq!(
            (status, code.as_deref()),
            (Status::Failed, Some("expect.stable_for"))
        );
        assert_eq!(flaps(&last), Some(1));
    }
}

#[tokio::test(start_paused = true)]
async fn what_never_held_is_an_outage_and_what_held_to_the_end_did_not_flap() {
    for of in BOTH {
        let (_, code, last) = run(of, vec![Scene::fault("tcp.refused")], None).await;
        assert_eq!((code.as_deref(), flaps(&last)), (Some("tcp.refused"), None));
        let seen = [scenes(&[DOWN; 15]), scenes(&[UP])].concat();
        let (_, code, last) = run(of, seen, Some(0)).await;
        assert_eq!(
            (code.as_deref(), flaps(&last)),
            (Some("expect.stable_for"), None)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_that_was_over_is_not_blamed_for_what_then_held_too_shortly() {
    for of in BOTH {
        let mut seen = [scenes(&[DOWN; 12]), scenes(&[UP; 4])].concat();
        // What is left of `within` is over before it answers.
        seen.push(Scene::status(UP).after(seconds(60)));
        let (status, code, last) = run(of, seen, Some(0)).await;
        assert_eq!(
            (status, code.as_deref()),
            (Status::Failed, Some("expect.stable_for"))
        );
        let finding = &last.steps[0].findings[0];
        assert_eq!(finding.actual.as_deref(), Some("held for 3s"));
        assert_eq!(flaps(&last), None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_could_not_look_is_no_flap() {
    for of in BOTH {
        let unable = Scene::unable(Unable::Limit);
        let seen = [scenes(&[UP, UP]), vec![unable], scenes(&[UP])].concat();
        let (status, _, last) = run(of, seen, Some(0)).await;
        assert_eq!((status, flaps(&last)), (Status::Passed, None));
    }
}

#[tokio::test(start_paused = true)]
async fn a_last_poll_that_runs_out_of_time_is_no_flap() {
    for of in BOTH {
        let seen = [scenes(&[DOWN; 12]), scenes(&[UP; 4]), vec![Scene::hangs()]].concat();
        let (status, code, last) = run(of, seen, Some(0)).await;
        assert_eq!((status, flaps(&last)), (Status::Failed, None), "{code:?}");
        assert_ne!(code.as_deref(), Some("expect.flapping"));
    }
}
