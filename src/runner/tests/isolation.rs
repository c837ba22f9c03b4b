//! Isolation of actors: judged once all of a round have ended, and never made good by another.

use super::actors::{acted, late_step, of};
use super::bench::{Bench, Ran, capturing, good, place, seconds, session_of, step, with};
use crate::check::Expectations;
use crate::check::testing::claims;
use crate::model::{CodePattern, Finding, State, Status, Unable};
use crate::plan::{Look, Mode, PlannedStep, PlannedTest, Repeat, Retry, Until};
use crate::probe::{Scene, Scripted};

fn isolated(step: PlannedStep) -> PlannedStep {
    with(step, |step| step.isolation = Some(Box::new(place())))
}

/// Two actors, who see these bodies one after the other, round for round.
fn seen(bodies: &[&str]) -> PlannedTest {
    let scenes: Vec<_> = bodies.iter().map(|body| Scene::body(body)).collect();
    let look = Look::Ready(
        Box::new(Scripted::new(scenes).into()),
        Expectations::no_fault(),
    );
    acted(2, of([isolated(PlannedStep { look, ..step([]) })]))
}

async fn run(test: PlannedTest) -> Ran {
    Bench::new([test]).run().await
}

/// The findings on isolation of the first attempt, one an actor.
fn findings(ran: &Ran) -> Vec<&Finding> {
    let steps = ran.test("a/x").attempts[0].steps.iter();
    let findings = steps.flat_map(|step| &step.findings);
    findings
        .filter(|finding| finding.code.as_str() == "expect.isolation")
        .collect()
}

fn ended(ran: &Ran) -> (Status, Option<&str>, u64) {
    (
        ran.status("a/x"),
        ran.code("a/x"),
        ran.test("a/x").attempts_made,
    )
}

#[tokio::test(start_paused = true)]
async fn who_sees_only_what_is_its_own_is_isolated() {
    let look = late_step(
        "looks: [{ body: \"${actor}: ${nonce}\" }]",
        "{ fault: none }",
    );
    let ran = run(acted(3, of([isolated(look)]))).await;
    assert_eq!(ended(&ran), (Status::Passed, None, 1));
    let states: Vec<_> = findings(&ran).iter().map(|finding| finding.state).collect();
    assert_eq!(states, [State::Held; 3]);
}

#[tokio::test(start_paused = true)]
async fn what_came_to_another_fails_the_round() {
    let ran = run(seen(&["for actor1", "for actor2, not actor1"])).await;
    assert_eq!(ended(&ran), (Status::Failed, Some("expect.isolation"), 1));
    let findings = findings(&ran);
    assert_eq!(
        (findings[0].state, findings[1].state),
        (State::Held, State::NotHeld)
    );
    assert_eq!(findings[1].place, Some(place()));
    assert_eq!(
        ran.test("a/x").attempts[0].steps[1].outcome.name(),
        "not_held"
    );
}

#[tokio::test(start_paused = true)]
async fn no_further_round_makes_a_leak_good() {
    let leaking = ["actor1", "actor2 actor1", "actor1", "actor2"];
    let mut bodies = ["actor1", "actor2"].repeat(40);
    bodies[19] = "actor2 actor1";
    let repeated = with(seen(&bodies), |test| {
        test.mode = Mode::Repeat(Box::new(Repeat {
            times: 40,
            concurrency: 1,
            interval: seconds(0),
            claims: claims("{ times: 40, pass_rate: 50% }"),
            barrier: false,
            idle: seconds(0),
            compare_with: None,
        }));
    });
    let ran = run(repeated).await;
    assert_eq!(ran.test("a/x").sample.as_ref().unwrap().held, 39);
    assert_eq!(ended(&ran), (Status::Failed, Some("expect.isolation"), 40));

    let retried = with(seen(&leaking), |test| {
        test.mode = Mode::Retry(Box::new(Retry {
            count: 3,
            delay: seconds(1),
            backoff: 1.0,
            codes: vec![CodePattern::parse("*").unwrap()],
        }));
    });
    assert_eq!(
        ended(&run(retried).await),
        (Status::Failed, Some("expect.isolation"), 1)
    );

    let polled = with(seen(&leaking), |test| {
        test.mode = Mode::Until(Box::new(Until {
            within: seconds(10),
            every: seconds(1),
            stable_for: seconds(0),
            max_flaps: None,
        }));
    });
    assert_eq!(
        ended(&run(polled).await),
        (Status::Failed, Some("expect.isolation"), 1)
    );
}

#[tokio::test(start_paused = true)]
async fn silence_is_no_isolation_and_a_failure_of_its_own_is_no_leak() {
    let ran = run(seen(&["actor1", "nothing of its own"])).await;
    assert_eq!(ended(&ran), (Status::Failed, Some("expect.isolation"), 1));

    let scenes = [Scene::body("actor1"), Scene::fault("tcp.reset")];
    let broken = with(seen(&[]), |test| {
        let probe = Box::new(Scripted::new(scenes).into());
        test.steps[0].look = Look::Ready(probe, Expectations::no_fault());
    });
    let ran = run(broken).await;
    assert_eq!(ended(&ran), (Status::Failed, Some("tcp.reset"), 1));
    assert_eq!(findings(&ran)[1].state, State::NotReached);

    // And a failure of its own hides no leak.
    let scenes = [
        Scene::body("actor1"),
        Scene {
            body: Some("actor1".to_owned()),
            ..Scene::fault("tcp.reset")
        },
    ];
    let leaking = with(seen(&[]), |test| {
        let probe = Box::new(Scripted::new(scenes).into());
        test.steps[0].look = Look::Ready(probe, Expectations::no_fault());
    });
    assert_eq!(
        ended(&run(leaking).await),
        (Status::Failed, Some("expect.isolation"), 1)
    );
}

#[tokio::test(start_paused = true)]
async fn actors_with_the_same_credentials_are_one_user_unless_they_share_a_session() {
    let capture = "{ token: { text: true, secret: true } }";
    let sessions = || {
        ["actor1", "actor2"].map(|actor| {
            let login = capturing([Scene::text("the-same-token")], capture);
            session_of(actor, login)
        })
    };
    let user = |uses: [usize; 2]| {
        with(seen(&["actor1", "actor2"]), |test| {
            test.uses = uses.to_vec();
            for (actor, session) in test.actors.iter_mut().zip(uses) {
                actor.uses = vec![session];
            }
        })
    };
    let ran = Bench::new([user([0, 1]), good("a/y")])
        .sessions(sessions())
        .run()
        .await;
    assert_eq!(ended(&ran), (Status::Failed, Some("expect.isolation"), 1));
    let why = findings(&ran)[0].detail.clone().unwrap();
    assert!(why.contains("one user"), "{why}");
    assert!(!format!("{:?}", ran.record).contains("the-same-token"));

    let ran = Bench::new([user([0, 0])]).sessions(sessions()).run().await;
    assert_eq!(ended(&ran), (Status::Passed, None, 1));
}

#[tokio::test(start_paused = true)]
async fn what_is_too_much_to_be_searched_is_not_isolated() {
    let much = " ".repeat(33 * 1024 * 1024);
    let bodies = [format!("actor1{much}"), format!("actor2{much}")];
    let ran = run(seen(&[&bodies[0], "actor2"])).await;
    assert_eq!(ended(&ran), (Status::Passed, None, 1));
    let ran = run(seen(&[&bodies[0], &bodies[1]])).await;
    assert_eq!(ended(&ran), (Status::Errored, Some("error.limit"), 1));
    let said = format!("{:?}", ran.test("a/x").why);
    assert!(said.contains("more than the 64 MiB"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_leak_counts_though_the_run_ends_before_the_sample_does() {
    let scenes: Vec<_> = ["actor1", "actor2 actor1", "actor1", "actor2"]
        .map(|body| Scene::body(body).after(seconds(1)))
        .into();
    let repeated = with(seen(&[]), |test| {
        let probe = Box::new(Scripted::new(scenes).into());
        test.steps[0].look = Look::Ready(probe, Expectations::no_fault());
        test.mode = Mode::Repeat(Box::new(Repeat {
            times: 40,
            concurrency: 1,
            interval: seconds(0),
            claims: claims("{ times: 40, pass_rate: 50% }"),
            barrier: false,
            idle: seconds(0),
            compare_with: None,
        }));
    });
    let mut bench = Bench::new([repeated]);
    bench.config.deadline = Some(seconds(5));
    let ran = bench.run().await;
    let (status, code, made) = ended(&ran);
    assert_eq!((status, code), (Status::Failed, Some("expect.isolation")));
    assert!(made < 40, "{made}");
}

/// Two actors in two rounds, each with a token of its own in each of them, who see these bodies.
fn with_tokens(bodies: [&str; 4]) -> PlannedTest {
    let tokens = [
        "one-7f3a91bc",
        "two-5e0d77a2",
        "one-c4419e0b",
        "two-08b6d3f5",
    ];
    let scene = |(token, body): (&str, &str)| Scene {
        text: Some(token.to_owned()),
        ..Scene::body(body)
    };
    let scenes: Vec<_> = tokens.into_iter().zip(bodies).map(scene).collect();
    let step = capturing(scenes, "{ token: { text: true, secret: true } }");
    with(acted(2, of([isolated(step)])), |test| {
        test.mode = Mode::Repeat(Box::new(Repeat {
            times: 2,
            concurrency: 1,
            interval: seconds(0),
            claims: claims("{ times: 2 }"),
            barrier: false,
            idle: seconds(0),
            compare_with: None,
        }));
    })
}

#[tokio::test(start_paused = true)]
async fn what_comes_a_round_late_to_another_is_a_leak_too() {
    let late = with_tokens(["actor1", "actor2", "actor1", "actor2 one-7f3a91bc"]);
    let ran = run(late).await;
    assert_eq!(ended(&ran), (Status::Failed, Some("expect.isolation"), 2));
    let attempts = &ran.test("a/x").attempts;
    let steps = attempts.iter().flat_map(|attempt| &attempt.steps);
    let findings = steps.flat_map(|step| &step.findings);
    let told: Vec<_> = findings
        .filter_map(|finding| finding.actual.as_deref())
        .collect();
    let leak = "`token` of actor1 in round 1 in the answer";
    assert!(told.contains(&leak), "{told:?}");
    assert!(!format!("{:?}", ran.record).contains("7f3a91bc"));
    // What comes late to whom it belongs to is none.
    let own = with_tokens(["actor1", "actor2", "actor1", "actor2 two-5e0d77a2"]);
    assert_eq!(ended(&run(own).await), (Status::Passed, None, 2));
}

#[tokio::test(start_paused = true)]
async fn what_a_session_was_opened_with_is_its_actors() {
    let user = |bodies: [&str; 2]| {
        with(seen(&bodies), |test| {
            test.uses = vec![0, 1];
            for (at, actor) in test.actors.iter_mut().enumerate() {
                actor.uses = vec![at];
            }
        })
    };
    let run = async |bodies| {
        let sessions = ["zoe", "anna"].map(|name| {
            let login = capturing([Scene::text("welcome")], "{ greeting: { text: true } }");
            session_of(&format!("{name}-the-first"), login)
        });
        let ran = Bench::new([user(bodies)]).sessions(sessions).run().await;
        let told = findings(&ran)[1].actual.clone().unwrap();
        (ran.status("a/x"), told)
    };
    let (status, told) = run(["actor1", "actor2, not zoe-the-first"]).await;
    assert_eq!(status, Status::Failed);
    assert_eq!(told, "`session.user.name` of actor1 in the answer");
    let (status, _) = run(["actor1", "anna-the-first: welcome"]).await;
    assert_eq!(status, Status::Passed);
}

#[tokio::test(start_paused = true)]
async fn what_came_of_who_could_not_look_is_a_leak_all_the_same() {
    let scenes = [Scene::body("actor1 actor2"), Scene::unable(Unable::Limit)];
    let broken = with(seen(&[]), |test| {
        let probe = Box::new(Scripted::new(scenes).into());
        test.steps[0].look = Look::Ready(probe, Expectations::no_fault());
    });
    assert_eq!(
        ended(&run(broken).await),
        (Status::Failed, Some("expect.isolation"), 1)
    );
}
