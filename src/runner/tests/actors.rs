//! Actors: a round of all of them is one attempt.

use super::bench::{
    Bench, Ran, capturing, good, named, seconds, session_of, step, takes, test, with,
};
use crate::check::testing::{claims, late};
use crate::model::{ActorName, Outcome, Status, StepRecord, Unable, Value, Why};
use crate::plan::{
    LateLook, Look, Mode, PlannedActor, PlannedStep, PlannedTest, Repeat, Retry, Until,
};
use crate::probe::Scene;

/// The same with so many actors.
pub(in crate::runner) fn acted(count: usize, test: PlannedTest) -> PlannedTest {
    with(test, |test| {
        test.actors = (1..=count)
            .map(|number| PlannedActor {
                name: ActorName::new(format!("actor{number}")),
                uses: test.uses.clone(),
            })
            .collect();
    })
}

pub(in crate::runner) fn of(steps: impl Into<Vec<PlannedStep>>) -> PlannedTest {
    with(good("a/x"), |test| test.steps = steps.into())
}

pub(in crate::runner) fn late_step(probe: &str, expect: &str) -> PlannedStep {
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

/// The steps of the first attempt: whose, and the code of what did not hold.
fn told(ran: &Ran) -> Vec<(String, &'static str)> {
    let steps = &ran.test("a/x").attempts[0].steps;
    let told = |step: &StepRecord| {
        let actor = step.actor.as_ref().expect("it is somebody's").to_string();
        let outcome = step.outcome.name();
        (actor, outcome)
    };
    steps.iter().map(told).collect()
}

fn texts(ran: &Ran) -> Vec<String> {
    let steps = ran.test("a/x").attempts[0].steps.iter();
    let text = |step: &StepRecord| {
        step.observation
            .facts
            .get("text")
            .and_then(Value::as_text)
            .map(str::to_owned)
    };
    steps.filter_map(text).collect()
}

#[tokio::test(start_paused = true)]
async fn all_look_at_once_each_with_values_of_its_own() {
    let slow = step([takes(3)]);
    let own = late_step(
        "looks: [{ text: \"${actor} ${nonce} ${uuid}\" }]",
        "text: { starts_with: \"${actor} ${nonce} \" }",
    );
    let ran = run(acted(3, of([slow, own]))).await;
    assert_eq!(ran.status("a/x"), Status::Passed, "{:#?}", ran.test("a/x"));
    let attempt = &ran.test("a/x").attempts[0];
    assert_eq!(attempt.elapsed, seconds(3));
    let actors = ["actor1", "actor1", "actor2", "actor2", "actor3", "actor3"];
    let held = actors.map(|actor| (actor.to_owned(), "held"));
    assert_eq!(told(&ran), held);
    let mut texts = texts(&ran);
    assert!(
        texts
            .iter()
            .zip(["actor1 ", "actor2 ", "actor3 "])
            .all(|(text, actor)| text.starts_with(actor))
    );
    for text in &mut texts {
        text.drain(..7);
    }
    texts.dedup();
    assert_eq!(texts.len(), 3, "{texts:?}");
}

#[tokio::test(start_paused = true)]
async fn they_wait_for_each_other() {
    let comes = |seconds| takes(seconds).then_waits_for("sent");
    let ran = run(acted(3, of([step([comes(1), comes(4), comes(2)])]))).await;
    assert_eq!(ran.status("a/x"), Status::Passed, "{:#?}", ran.test("a/x"));
    let steps = &ran.test("a/x").attempts[0].steps;
    assert!(
        steps
            .iter()
            .all(|step| step.observation.latency == seconds(4))
    );
}

#[tokio::test(start_paused = true)]
async fn one_that_fails_is_waited_for_by_nobody_and_hidden_by_nobody() {
    let first = step([takes(1), Scene::status(503).after(seconds(2)), takes(1)]);
    let meet = step([Scene::status(200).then_waits_for("sent")]);
    let ran = run(acted(3, of([first, meet]))).await;
    assert_eq!(
        (ran.status("a/x"), ran.code("a/x")),
        (Status::Failed, Some("expect.status"))
    );
    let attempt = &ran.test("a/x").attempts[0];
    assert_eq!(
        (attempt.outcome, attempt.elapsed),
        (Outcome::NotHeld, seconds(2))
    );
    let expected = [
        ("actor1", "held"),
        ("actor1", "unable"),
        ("actor2", "not_held"),
        ("actor3", "held"),
        ("actor3", "unable"),
    ];
    assert_eq!(
        told(&ran),
        expected.map(|(actor, outcome)| (actor.to_owned(), outcome))
    );
    let error = attempt.steps[1].error.as_ref().unwrap();
    assert_eq!(error.kind, Unable::Barrier);

    // Nobody looked badly, one could not look, and the others only waited for it.
    let first = step([takes(1), Scene::unable(Unable::Program), takes(1)]);
    let meet = step([Scene::status(200).then_waits_for("sent")]);
    let ran = run(acted(3, of([first, meet]))).await;
    assert_eq!(
        (ran.status("a/x"), ran.code("a/x")),
        (Status::Errored, Some("error.program"))
    );
    assert_eq!(
        ran.test("a/x").why,
        Some(Why::Errored("as scripted".to_owned()))
    );

    // Who comes too late is waited for as long as there is time.
    let late = step([
        takes(20).then_waits_for("sent"),
        takes(1).then_waits_for("sent"),
    ]);
    let ran = run(acted(2, of([late]))).await;
    assert_eq!(
        (ran.status("a/x"), ran.code("a/x")),
        (Status::Failed, Some("tcp.timeout"))
    );
    assert_eq!(ran.test("a/x").attempts[0].elapsed, seconds(10));
}

#[tokio::test(start_paused = true)]
async fn what_went_wrong_first_decides_whoever_stands_first() {
    // The first actor fails last, and for the sake of the third.
    let looks = step([
        Scene::status(404).after(seconds(6)),
        takes(1),
        Scene::fault("tcp.reset").after(seconds(2)),
        Scene::fault("tcp.refused").after(seconds(4)),
    ]);
    let ran = run(acted(4, of([looks]))).await;
    assert_eq!(
        (ran.status("a/x"), ran.code("a/x")),
        (Status::Failed, Some("tcp.reset"))
    );
    let decided_by = |ran: &Ran| {
        let attempt = &ran.test("a/x").attempts[0];
        attempt.decided_by.as_ref().map(ToString::to_string)
    };
    assert_eq!(decided_by(&ran).as_deref(), Some("actor3"));

    // Why nobody could look is told by who could not first.
    let first = step([takes(5), takes(3), takes(1)]);
    // In the order in which they come here: the last waits for the others.
    let second = step([
        Scene::status(200).then_waits_for("sent"),
        Scene::unable(Unable::Limit),
        Scene::unable(Unable::Program),
    ]);
    let ran = run(acted(3, of([first, second]))).await;
    assert_eq!(
        (ran.status("a/x"), ran.code("a/x")),
        (Status::Errored, Some("error.limit"))
    );
    assert_eq!(decided_by(&ran).as_deref(), Some("actor2"));

    // Who holds to the end is nobody to blame, nor is anybody where all hold.
    let ran = run(acted(2, of([step([takes(1)])]))).await;
    assert_eq!(decided_by(&ran), None);
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_one_loses_nothing_of_the_others() {
    let scenes = [takes(1), Scene::panics("no"), takes(1)];
    let cleanup = named("logout", step([Scene::status(200)]));
    let test = with(test("a/x", scenes), |test| test.cleanup = vec![cleanup]);
    let ran = run(acted(3, test)).await;
    assert_eq!(
        (ran.status("a/x"), ran.code("a/x")),
        (Status::Errored, Some("error.panic"))
    );
    let outcomes = told(&ran).into_iter().map(|(_, outcome)| outcome);
    assert_eq!(
        outcomes.collect::<Vec<_>>(),
        ["held", "unable", "held", "held", "held", "held"]
    );
}

#[tokio::test(start_paused = true)]
async fn attempts_are_rounds() {
    let repeated = with(test("a/x", [takes(2)]), |test| {
        test.mode = Mode::Repeat(Box::new(Repeat {
            times: 3,
            concurrency: 1,
            interval: seconds(0),
            claims: claims("{ times: 3 }"),
            barrier: false,
            idle: seconds(0),
            compare_with: None,
        }));
    });
    let ran = run(acted(3, repeated)).await;
    let sample = ran.test("a/x").sample.as_ref().unwrap();
    assert_eq!((sample.rows.len(), sample.held), (3, 3));
    let connecting = sample.rows.iter().map(|row| row.phases_us[0].1);
    assert_eq!(
        connecting.collect::<Vec<_>>(),
        [2_000_000; 3],
        "not the sum of all actors"
    );

    let scenes = [
        Scene::status(200),
        Scene::fault("tcp.refused"),
        Scene::status(200),
    ];
    let retried = with(test("a/x", scenes), |test| {
        test.mode = Mode::Retry(Box::new(Retry {
            count: 1,
            delay: seconds(1),
            backoff: 1.0,
            codes: vec![crate::model::CodePattern::parse("tcp.*").unwrap()],
        }));
    });
    let ran = run(acted(2, retried)).await;
    assert_eq!(
        (ran.status("a/x"), ran.test("a/x").attempts_made),
        (Status::Flaky, 2)
    );

    let polled = with(
        test("a/x", [Scene::status(503), Scene::status(200)]),
        |test| {
            test.mode = Mode::Until(Box::new(Until {
                within: seconds(10),
                every: seconds(1),
                stable_for: seconds(0),
                max_flaps: None,
            }));
        },
    );
    let ran = run(acted(2, polled)).await;
    assert_eq!(
        (ran.status("a/x"), ran.test("a/x").attempts_made),
        (Status::Passed, 2)
    );
}

#[tokio::test(start_paused = true)]
async fn everybody_cleans_up_whatever_happens() {
    let begin = capturing([Scene::text("t")], "{ id: { text: true } }");
    let logout = named(
        "logout",
        late_step("looks: [{ text: \"${actor} ${id}\" }]", "text: actor1 t"),
    );
    let test = with(of([begin, step([Scene::hangs()])]), |test| {
        test.timeout = seconds(100);
        test.steps[1].timeout = seconds(100);
        test.cleanup = vec![with(logout, |step| step.wants = vec!["id".to_owned()])];
    });
    let mut bench = Bench::new([acted(2, test)]);
    bench.config.deadline = Some(seconds(10));
    let ran = bench.run().await;
    assert_eq!(ran.status("a/x"), Status::NotRun);
    assert_eq!(ran.test("a/x").left_behind, ["actor2: logout: expect.text"]);
    let steps = &ran.test("a/x").attempts[0].steps;
    let cleanups = steps.iter().filter(|step| step.cleanup);
    assert_eq!(cleanups.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn each_uses_the_session_that_is_its_own() {
    let login = |token: &str| capturing([Scene::text(token)], "{ token: { text: true } }");
    let sessions =
        ["actor1", "actor2"].map(|actor| session_of(actor, login(&format!("token-of-{actor}"))));
    let look = late_step(
        "looks: [{ text: \"${session.user.token}\" }]",
        "text: \"token-of-${actor}\"",
    );
    let test = with(acted(2, of([look])), |test| {
        test.uses = vec![0, 1];
        for (at, actor) in test.actors.iter_mut().enumerate() {
            actor.uses = vec![at];
        }
    });
    let ran = Bench::new([test]).sessions(sessions).run().await;
    assert_eq!(ran.status("a/x"), Status::Passed, "{:#?}", ran.test("a/x"));
    assert_eq!(texts(&ran), ["token-of-actor1", "token-of-actor2"]);
}

#[tokio::test(start_paused = true)]
async fn what_one_captures_as_a_secret_is_masked_for_all() {
    // The first has seen it, and ended, before the other captures it.
    let saw = Scene::text("hunter22-long");
    let first = capturing(
        [saw.clone(), saw.clone().after(seconds(3))],
        "{ seen: { text: true } }",
    );
    let second = capturing(
        [Scene::text("harmless-text"), saw],
        "{ token: { text: true, secret: true } }",
    );
    let ran = run(acted(2, of([first, second]))).await;
    let shown = format!("{:?}", ran.test("a/x"));
    assert!(
        !shown.contains("hunter22") && shown.contains("***"),
        "{shown}"
    );
}

#[tokio::test(start_paused = true)]
async fn two_hundred_act_in_one_slot() {
    let ran = Bench::new([
        acted(200, test("a/x", [takes(1).then_waits_for("all")])),
        good("a/y"),
    ])
    .jobs(1)
    .run()
    .await;
    assert_eq!(ran.status("a/x"), Status::Passed);
    assert_eq!(ran.test("a/x").attempts[0].steps.len(), 200);
    assert_eq!(ran.starts(), [("a/x".to_owned(), 0), ("a/y".to_owned(), 1)]);
}
