//! Steps, captures, late values, clean-ups, budgets, secrets.

use super::bench::{Bench, Ran, capturing, good, named, seconds, step, takes, test, with};
use crate::check::{Expectations, testing::late};
use crate::model::{CodePattern, Outcome, State, Status, Value, Why};
use crate::plan::{LateLook, Look, Mode, PlannedStep, PlannedTest, Retry, Until};
use crate::probe::{AnyProbe, Scene, Scripted};

fn of(steps: impl Into<Vec<PlannedStep>>) -> PlannedTest {
    with(good("a/x"), |test| test.steps = steps.into())
}

pub(super) fn late_step(probe: &str, expect: &str) -> PlannedStep {
    let look = LateLook {
        probe: late(probe),
        expect: Some(late(expect)),
    };
    PlannedStep {
        look: Look::Late(Box::new(look)),
        ..step([])
    }
}

async fn run(test: PlannedTest) -> Ran {
    Bench::new([test]).run().await
}

#[tokio::test(start_paused = true)]
async fn the_first_step_that_does_not_hold_ends_the_attempt() {
    let ran = run(of([
        step([takes(1)]),
        step([Scene::status(503)]),
        step([Scene::status(200)]),
    ]))
    .await;
    assert_eq!(
        (ran.status("a/x"), ran.code("a/x")),
        (Status::Failed, Some("expect.status"))
    );
    assert_eq!(ran.test("a/x").attempts[0].steps.len(), 2);
    assert_eq!(ran.test("a/x").attempts[0].elapsed, seconds(1));
}

/// How many of the steps of the first attempt have evidence, and how many there are.
fn shown(ran: &Ran) -> (usize, usize) {
    let steps = &ran.test("a/x").attempts[0].steps;
    let shown = steps
        .iter()
        .filter(|step| !step.observation.evidence.is_empty());
    (shown.count(), steps.len())
}

#[tokio::test(start_paused = true)]
async fn what_is_worth_showing_is_kept_of_every_step_before_one_that_does_not_hold() {
    let (holds, fails) = (|| step([Scene::status(200)]), || step([Scene::status(503)]));
    assert_eq!(shown(&run(of([holds(), holds(), fails()])).await), (3, 3));
    assert_eq!(shown(&run(of([fails(), holds()])).await), (1, 1));
    assert_eq!(shown(&run(of([holds(), holds()])).await), (0, 2));
    let stops = step([Scene::fault("tcp.refused")]);
    assert_eq!(shown(&run(of([stops])).await), (1, 1));
    let mut bench = Bench::new([of([holds(), holds()])]);
    bench.config.keep_evidence = true;
    assert_eq!(shown(&bench.run().await), (2, 2));
    // Its last poll holds, and the step does not: not for long enough.
    let until = Until {
        within: seconds(4),
        every: seconds(1),
        stable_for: seconds(9),
        max_flaps: None,
    };
    let unstable = with(holds(), |step| step.until = Some(Box::new(until)));
    assert_eq!(shown(&run(of([unstable])).await), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn later_steps_see_what_earlier_ones_captured() {
    let first = capturing([Scene::text("t0ken-1")], "{ token: { text: true } }");
    let second = late_step(
        "looks: [{ text: \"got ${token} in ${attempt}\" }]",
        "text: \"got ${token} in 1\"",
    );
    let ran = run(of([first, second])).await;
    assert_eq!(
        ran.status("a/x"),
        Status::Passed,
        "{:#?}",
        ran.test("a/x").attempts
    );
    let steps = &ran.test("a/x").attempts[0].steps;
    assert_eq!(steps[0].captured, ["token"]);
    assert_eq!(
        steps[1].observation.facts.get("text"),
        Some(&Value::Text("got t0ken-1 in 1".to_owned()))
    );
}

#[tokio::test(start_paused = true)]
async fn a_late_value_of_the_wrong_type_is_errored() {
    let first = capturing([Scene::text("not a number")], "{ number: { text: true } }");
    let second = late_step("looks: [{ status: \"${number}\" }]", "status: 200");
    let ran = run(of([first, second])).await;
    assert_eq!(
        (ran.status("a/x"), ran.code("a/x")),
        (Status::Errored, Some("error.value"))
    );
    assert!(matches!(&ran.test("a/x").why, Some(Why::Errored(_))));
    let ran = run(of([late_step(
        "looks: [{ text: \"${nobody}\" }]",
        "text: x",
    )]))
    .await;
    assert_eq!(ran.code("a/x"), Some("error.value"));
}

#[tokio::test(start_paused = true)]
async fn each_attempt_fills_anew() {
    let retry = Retry {
        count: 3,
        delay: seconds(1),
        backoff: 1.0,
        codes: vec![CodePattern::parse("expect.*").unwrap()],
    };
    let looks = late_step("looks: [{ text: \"${attempt}\" }]", "text: \"3\"");
    let ran = run(with(of([looks]), |test| {
        test.mode = Mode::Retry(Box::new(retry));
    }))
    .await;
    assert_eq!(
        (ran.status("a/x"), ran.test("a/x").attempts_made),
        (Status::Flaky, 3)
    );
}

#[tokio::test(start_paused = true)]
async fn a_capture_that_finds_nothing_fails_its_step() {
    let ran = run(of([capturing(
        [Scene::status(200)],
        "{ token: { text: true } }",
    )]))
    .await;
    assert_eq!(
        (ran.status("a/x"), ran.code("a/x")),
        (Status::Failed, Some("capture.token"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_step_ends_at_its_own_timeout_and_within_the_attempts_budget() {
    let slow = |timeout| {
        with(step([Scene::hangs()]), |step| {
            step.timeout = seconds(timeout);
        })
    };
    let ran = run(of([slow(3)])).await;
    assert_eq!(
        (ran.code("a/x"), ran.test("a/x").elapsed),
        (Some("tcp.timeout"), seconds(3))
    );
    let ran = run(of([step([takes(8)]), slow(9)])).await;
    assert_eq!(
        (ran.code("a/x"), ran.test("a/x").elapsed),
        (Some("tcp.timeout"), seconds(10))
    );
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_ignores_its_deadline_is_ended() {
    let ran = run(test("a/x", [takes(100).ignoring_the_deadline()])).await;
    assert_eq!(
        (ran.status("a/x"), ran.code("a/x")),
        (Status::Errored, Some("error.limit"))
    );
    assert_eq!(
        ran.test("a/x").why,
        Some(Why::Errored(
            "the probe did not stop at its deadline".to_owned()
        ))
    );
    assert_eq!(ran.test("a/x").elapsed, seconds(11));
}

#[tokio::test(start_paused = true)]
async fn a_steps_until_has_its_own_budget_on_top() {
    let until = |within| Until {
        within: seconds(within),
        every: seconds(5),
        stable_for: seconds(0),
        max_flaps: None,
    };
    let polled = |scenes: Vec<Scene>, within| {
        with(step(scenes), |step| {
            step.until = Some(Box::new(until(within)));
        })
    };
    let scenes = [vec![Scene::status(503); 6], vec![Scene::status(200)]].concat();
    let ran = run(of([step([takes(4)]), polled(scenes, 60), step([takes(5)])])).await;
    assert_eq!(ran.status("a/x"), Status::Passed);
    assert_eq!(ran.test("a/x").elapsed, seconds(39));
    assert_eq!(ran.test("a/x").attempts[0].steps[1].polls, Some(7));
    let ran = run(of([polled(vec![Scene::status(503)], 12)])).await;
    assert_eq!(
        (ran.code("a/x"), ran.test("a/x").elapsed),
        (Some("expect.status"), seconds(10))
    );
    let hangs_last = vec![Scene::status(503), Scene::status(503), Scene::hangs()];
    let ran = run(of([polled(hangs_last, 12)])).await;
    assert_eq!(
        (ran.code("a/x"), ran.test("a/x").elapsed),
        (Some("expect.status"), seconds(12))
    );
}

#[tokio::test(start_paused = true)]
async fn clean_ups_run_in_order_outside_the_budget_and_change_no_status() {
    let test = with(
        of([capturing([takes(9)], "{ code: { status: true } }")]),
        |test| {
            test.cleanup = vec![
                named(
                    "first",
                    step([Scene::fault("tcp.refused").after(seconds(5))]),
                ),
                named(
                    "unmade",
                    with(step([Scene::status(200)]), |step| {
                        step.wants = vec!["nobody".to_owned()];
                    }),
                ),
                named(
                    "made",
                    with(step([Scene::status(200)]), |step| {
                        step.wants = vec!["code".to_owned()];
                    }),
                ),
                with(step([Scene::hangs()]), |step| step.timeout = seconds(2)),
            ];
        },
    );
    let ran = run(test).await;
    let test = ran.test("a/x");
    assert_eq!((test.status, ran.code("a/x")), (Status::Passed, None));
    assert_eq!(
        test.left_behind,
        ["first: tcp.refused", "clean-up 4 (scripted): tcp.timeout"]
    );
    let cleanups: Vec<_> = test.attempts[0]
        .steps
        .iter()
        .filter(|step| step.cleanup)
        .map(|step| step.outcome)
        .collect();
    assert_eq!(
        cleanups,
        [Outcome::NotHeld, Outcome::Held, Outcome::NotHeld]
    );
    assert_eq!(
        (test.attempts[0].elapsed, test.elapsed),
        (seconds(9), seconds(16))
    );
    assert_eq!(test.attempts[0].outcome, Outcome::Held);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_failed_still_captures_for_the_clean_up() {
    let failing = PlannedStep {
        look: step([Scene::status(503)]).look,
        ..capturing([], "{ code: { status: true } }")
    };
    let test = with(of([failing]), |test| {
        test.cleanup = vec![with(step([Scene::status(200)]), |step| {
            step.wants = vec!["code".to_owned()];
        })];
    });
    let ran = run(test).await;
    assert_eq!(ran.code("a/x"), Some("expect.status"));
    assert_eq!(ran.test("a/x").attempts[0].steps.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_captured_secret_is_masked_everywhere_even_where_it_was_captured() {
    let secret = "s3cr3t-t0ken";
    let mut login = capturing(
        [Scene::text(secret)],
        "{ token: { text: true, secret: true } }",
    );
    login.name = Some(crate::model::StepName::new("login"));
    let fails = late_step(
        "looks: [{ text: \"Bearer ${token}\" }]",
        "text: { starts_with: \"Basic ${token}\" }",
    );
    let bad_type = late_step("looks: [{ status: \"${token}\" }]", "status: 200");
    for second in [fails, bad_type] {
        let login = PlannedStep {
            name: login.name.clone(),
            ..capturing(
                [Scene::text(secret)],
                "{ token: { text: true, secret: true } }",
            )
        };
        let ran = run(of([login, second])).await;
        assert_ne!(ran.status("a/x"), Status::Passed);
        let told = format!("{:?}", ran.events);
        assert!(!told.contains(secret), "{told}");
        assert!(!format!("{:?}", ran.record).contains(secret));
    }
}

#[tokio::test(start_paused = true)]
async fn a_fault_that_nobody_expected_gives_its_code_and_the_rest_is_not_reached() {
    let ran = run(test("a/x", [Scene::fault("tls.expired")])).await;
    let findings = &ran.test("a/x").attempts[0].steps[0].findings;
    assert_eq!(ran.code("a/x"), Some("tls.expired"));
    assert_eq!(
        findings
            .iter()
            .map(|finding| finding.state)
            .collect::<Vec<_>>(),
        [State::NotHeld, State::NotReached]
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_step_looked_at_is_kept_where_the_test_does_not_say_it() {
    let at = |scene: Scene, place: &str| {
        let probe = AnyProbe::from(Scripted::new([scene]).at(&[place]));
        PlannedStep {
            look: Look::Ready(Box::new(probe), Expectations::no_fault()),
            ..step([])
        }
    };
    let held = late_step(
        "looks: [{ status: 200 }]\nresources: [\"sock:a:${attempt}\"]",
        "status: 200",
    );
    let test = of([
        at(Scene::status(200), "sock:a:1"),
        held,
        at(Scene::fault("tcp.refused"), "sock:b:1"),
    ]);
    let ran = run(test).await;
    let steps = &ran.test("a/x").attempts[0].steps;
    let kept: Vec<usize> = steps.iter().map(|step| step.resources.len()).collect();
    assert_eq!(kept, [0, 1, 1], "{steps:?}");
    assert_eq!(steps[1].resources, ["sock:a:1"]);
    assert_eq!(steps[2].resources, ["sock:b:1"]);
}
