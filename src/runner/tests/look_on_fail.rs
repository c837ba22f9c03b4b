//! What `on_fail` looks at once a test has not held: when, with what, and that it changes nothing.

use super::bench::{Bench, Ran, capturing, good, named, refused, seconds, step, takes, test, with};
use super::steps::late_step;
use crate::check::Expectations;
use crate::check::testing::claims;
use crate::model::{
    ActorName, Code, CodePattern, Event, FaultKind, Interrupt, Kept, Outcome, Status, StepRecord,
    TcpFault, Unable, Value,
};
use crate::plan::{
    ExpectFailure, Look, Mode, PlannedActor, PlannedStep, PlannedTest, Repeat, Retry, Until,
};
use crate::probe::{Scene, Scripted};

/// A look as the plan has it: nothing is expected.
fn look(name: &str, scenes: impl Into<Vec<Scene>>) -> PlannedStep {
    let look = Look::Ready(
        Box::new(Scripted::new(scenes).into()),
        Expectations::no_fault(),
    );
    named(name, PlannedStep { look, ..step([]) })
}

fn late(name: &str, probe: &str) -> PlannedStep {
    let mut step = named(name, late_step(probe, "status: 200"));
    if let Look::Late(late) = &mut step.look {
        late.expect = None;
    }
    step
}

fn looking(test: PlannedTest, looks: impl Into<Vec<PlannedStep>>) -> PlannedTest {
    with(test, |test| test.looks = looks.into())
}

async fn run(test: PlannedTest) -> Ran {
    Bench::new([test]).run().await
}

/// All looks of the test `a/x`, each with the number of the attempt it stands in.
fn seen(ran: &Ran) -> Vec<(u64, &StepRecord)> {
    let attempts = ran.test("a/x").attempts.iter();
    let steps = attempts.flat_map(|one| one.steps.iter().map(|step| (one.number, step)));
    steps.filter(|(_, step)| step.diagnostic).collect()
}

fn names(ran: &Ran) -> Vec<(u64, &str)> {
    let seen = seen(ran).into_iter();
    seen.map(|(number, step)| (number, step.name.as_ref().unwrap().as_str()))
        .collect()
}

fn error(step: &StepRecord) -> (Unable, &str) {
    let error = step.error.as_ref().unwrap();
    (error.kind, &error.message)
}

#[tokio::test(start_paused = true)]
async fn looks_come_after_the_clean_up_and_change_nothing() {
    let plain = with(refused("a/x"), |test| test.cleanup.push(step([takes(1)])));
    let looks = [
        look("well", [Scene::text("93").after(seconds(2))]),
        look("stopped", [Scene::fault("tcp.refused").after(seconds(3))]),
    ];
    let cleaned = with(refused("a/x"), |test| test.cleanup.push(step([takes(1)])));
    let (without, ran) = (run(plain).await, run(looking(cleaned, looks)).await);
    let [alone, test] = [&without, &ran].map(|ran| ran.test("a/x"));
    assert_eq!((test.status, &test.code), (alone.status, &alone.code));
    assert_eq!((test.elapsed, test.attempts_made), (alone.elapsed, 1));
    let [of_alone, attempt] = [alone, test].map(|test| &test.attempts[0]);
    assert_eq!(attempt.elapsed, of_alone.elapsed);
    assert_eq!(
        (attempt.outcome, &attempt.code),
        (of_alone.outcome, &of_alone.code)
    );
    let marks: Vec<_> = (attempt.steps.iter())
        .map(|step| (step.cleanup, step.diagnostic))
        .collect();
    assert_eq!(
        marks,
        [(false, false), (true, false), (false, true), (false, true)]
    );
    let [well, stopped] = &attempt.steps[2..] else {
        panic!()
    };
    assert_eq!(
        well.observation.facts.get("text"),
        Some(&Value::Text("93".to_owned()))
    );
    assert_eq!((well.outcome, well.findings.len()), (Outcome::Held, 0));
    let fault = stopped.observation.fault.as_ref().unwrap();
    assert_eq!(fault.kind, FaultKind::Tcp(TcpFault::Refused));
    assert_eq!(
        (stopped.outcome, stopped.findings.len()),
        (Outcome::NotHeld, 0)
    );
    assert_eq!(ran.record.elapsed, without.record.elapsed + seconds(5));
}

#[tokio::test(start_paused = true)]
async fn the_end_is_told_before_anything_is_looked_at() {
    let test = looking(refused("a/x"), [look("l", [takes(3)])]);
    let began = tokio::time::Instant::now();
    let mut told = Vec::new();
    let bench = Bench::new([test]);
    let mut ran = bench
        .run_watching(|_| told.push(began.elapsed().as_secs()))
        .await;
    ran.check();
    let story: Vec<(String, u64)> = ran.story().into_iter().zip(told).collect();
    let expected = [
        ("run started", 0),
        ("a/x started", 0),
        ("a/x attempt 1", 0),
        ("a/x failed", 0),
        ("a/x looked into", 3),
        ("run ended", 3),
    ];
    assert_eq!(story, expected.map(|(what, at)| (what.to_owned(), at)));
    assert_eq!(names(&ran), [(1, "l")]);
}

#[tokio::test(start_paused = true)]
async fn while_it_looks_it_has_ended_for_everybody_else() {
    let slow = || [look("slow", [Scene::text("93").after(seconds(9))])];
    let long = with(good("a/long"), |test| test.steps = vec![step([takes(1)])]);
    let after = || with(good("a/after"), |test| test.requires = vec![0]);
    let tests = [
        looking(refused("a/x"), slow()),
        long,
        after(),
        good("a/rest"),
    ];
    let mut bench = Bench::new(tests).jobs(2);
    bench.config.fail_fast = true;
    let ran = bench.run().await;
    let ends = ["a/x", "a/long", "a/after", "a/rest"].map(|id| ran.status(id));
    let [bad, passed] = [Status::Failed, Status::Passed];
    assert_eq!(ends, [bad, passed, Status::Blocked, Status::NotRun]);
    assert_eq!(names(&ran), [(1, "slow")]);
}

#[tokio::test(start_paused = true)]
async fn who_leaves_while_it_looks_keeps_the_end_and_gives_the_looks_up() {
    let bench = Bench::new([looking(refused("a/x"), [look("l", [takes(8)])])]);
    let cancel = bench.cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(seconds(5)).await;
        cancel.interrupt(Interrupt::Int);
        cancel.interrupt(Interrupt::Int);
    });
    let ran = bench.run().await;
    assert_eq!(
        (ran.status("a/x"), ran.code("a/x")),
        (Status::Failed, Some("tcp.refused"))
    );
    assert_eq!(names(&ran), []);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_looked_at_but_where_a_test_failed_for_good() {
    let looks = || [look("l", [Scene::status(200)])];
    let of = |test| async { names(&run(looking(test, looks())).await).len() };
    let refused_first = || [Scene::fault("tcp.refused"), Scene::status(200)];
    let retried = |test| {
        with(test, |test: &mut PlannedTest| {
            test.mode = Mode::Retry(Box::new(Retry {
                count: 1,
                delay: seconds(1),
                backoff: 1.0,
                codes: vec![CodePattern::parse("tcp.*").unwrap()],
            }));
        })
    };
    let must_fail = |test, code: &str| {
        let code = CodePattern::parse(code).unwrap();
        with(test, |test: &mut PlannedTest| {
            test.expect_failure = Some(Box::new(ExpectFailure {
                code,
                reason: "known".to_owned(),
            }));
        })
    };
    assert_eq!(of(good("a/x")).await, 0);
    assert_eq!(of(retried(test("a/x", refused_first()))).await, 0, "flaky");
    assert_eq!(of(must_fail(refused("a/x"), "tcp.*")).await, 0, "expected");
    assert_eq!(
        of(must_fail(good("a/x"), "tcp.*")).await,
        0,
        "unexpected pass"
    );
    assert_eq!(of(refused("a/x")).await, 1);
    assert_eq!(of(must_fail(refused("a/x"), "tls.*")).await, 1);
    assert_eq!(of(test("a/x", [Scene::unable(Unable::Program)])).await, 1);

    let ran = run(looking(retried(refused("a/x")), looks())).await;
    assert_eq!(names(&ran), [(2, "l")], "only after the last attempt");
}

#[tokio::test(start_paused = true)]
async fn a_look_that_hangs_panics_or_cannot_look_says_so_and_the_next_is_made() {
    let looks = [
        with(look("hangs", [Scene::hangs()]), |look| {
            look.timeout = seconds(4);
        }),
        with(
            look("deaf", [Scene::hangs().ignoring_the_deadline()]),
            |look| {
                look.timeout = seconds(4);
            },
        ),
        look("panics", [Scene::panics("oh")]),
        look("unable", [Scene::unable(Unable::Program)]),
        look("well", [Scene::status(200)]),
    ];
    let ran = run(looking(refused("a/x"), looks)).await;
    let seen = seen(&ran);
    let [(_, hangs), (_, deaf), (_, panics), (_, unable), (_, well)] = seen[..] else {
        panic!("{seen:?}")
    };
    let fault = hangs.observation.fault.as_ref().unwrap();
    assert_eq!(fault.code(), Code::fixed("tcp.timeout"));
    assert_eq!(error(deaf).0, Unable::Limit);
    assert_eq!(error(panics).0, Unable::Panic);
    assert_eq!(error(unable).0, Unable::Program);
    assert_eq!(well.outcome, Outcome::Held);
    assert_eq!(ran.record.elapsed, seconds(4 + 5));
    assert_eq!(ran.code("a/x"), Some("tcp.refused"));
}

#[tokio::test(start_paused = true)]
async fn looks_know_what_the_steps_captured_and_say_what_is_missing() {
    let steps = || {
        vec![
            named(
                "create",
                capturing([Scene::text("o-7")], "{ id: { text: true } }"),
            ),
            named("read", step([Scene::status(500)])),
        ]
    };
    let looks = || {
        vec![
            late("order", "looks: [{ text: \"of ${id}\" }]"),
            late("token", "looks: [{ text: \"of ${token}\" }]"),
        ]
    };
    let whole = with(refused("a/x"), |test| test.steps = steps());
    let ran = run(looking(whole, looks())).await;
    let seen = seen(&ran);
    let text = seen[0].1.observation.facts.get("text");
    assert_eq!(text, Some(&Value::Text("of o-7".to_owned())));
    let (kind, message) = error(seen[1].1);
    assert_eq!(kind, Unable::Value);
    assert!(message.contains("token"), "{message}");
    assert_eq!(ran.code("a/x"), Some("expect.status"));
}

#[tokio::test(start_paused = true)]
async fn what_needs_a_flag_is_not_looked_at_and_the_test_runs_all_the_same() {
    let needs = |name: &str| {
        let probe = Scripted::new([Scene::text("looked")]).needing_commands();
        with(look(name, []), |look| {
            let Look::Ready(ready, _) = &mut look.look else {
                panic!()
            };
            **ready = probe.into();
        })
    };
    let ran = run(looking(refused("a/x"), [needs("l")])).await;
    let seen_without = seen(&ran);
    assert_eq!(
        error(seen_without[0].1),
        (Unable::Guard, "it needs --allow-commands")
    );
    assert!(seen_without[0].1.observation.facts.get("text").is_none());
    assert_eq!(ran.code("a/x"), Some("tcp.refused"));

    let mut bench = Bench::new([looking(refused("a/x"), [needs("l")])]);
    bench.config.allow_commands = true;
    let ran = bench.run().await;
    assert!(seen(&ran)[0].1.observation.facts.get("text").is_some());
}

#[tokio::test(start_paused = true)]
async fn at_the_first_interrupt_and_at_the_deadline_they_are_given_up() {
    let test = || {
        let looks = [look("first", [takes(2)]), look("second", [takes(8)])];
        looking(refused("a/x"), looks)
    };
    let mut bench = Bench::new([test(), looking(good("a/y"), [])]);
    bench.config.deadline = Some(seconds(5));
    let ran = bench.run().await;
    assert_eq!(names(&ran), [(1, "first")]);
    assert_eq!(
        (ran.code("a/x"), ran.record.elapsed),
        (Some("tcp.refused"), seconds(5))
    );

    let bench = Bench::new([test()]);
    let cancel = bench.cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(seconds(5)).await;
        cancel.interrupt(Interrupt::Int);
    });
    let ran = bench.run().await;
    assert_eq!(names(&ran), [(1, "first")]);
    assert_eq!(
        (ran.code("a/x"), ran.record.elapsed),
        (Some("tcp.refused"), seconds(5))
    );

    let cut = looking(
        super::bench::test("a/x", [takes(20)]),
        [look("l", [takes(1)])],
    );
    let mut bench = Bench::new([cut]);
    bench.config.deadline = Some(seconds(1));
    bench.config.grace = seconds(1);
    let ran = bench.run().await;
    assert_eq!(names(&ran), []);
}

#[tokio::test(start_paused = true)]
async fn of_polls_the_final_one_and_of_a_sample_the_last_kept_miss_has_them() {
    let polled = with(test("a/x", [Scene::status(503)]), |test| {
        test.mode = Mode::Until(Box::new(Until {
            within: seconds(3),
            every: seconds(1),
            stable_for: seconds(0),
            max_flaps: None,
        }));
    });
    let ran = run(looking(polled, [look("l", [takes(1)])])).await;
    let last = ran.test("a/x").attempts.last().unwrap();
    assert_eq!(last.kept, Some(Kept::Final));
    assert_eq!(names(&ran), [(last.number, "l")]);

    let repeated = |scenes: Vec<Scene>, claimed: &str| {
        with(test("a/x", scenes), |test| {
            test.mode = Mode::Repeat(Box::new(Repeat {
                times: 4,
                concurrency: 1,
                interval: seconds(0),
                claims: claims(&format!("{{ times: 4, {claimed} }}")),
                barrier: false,
                idle: seconds(0),
                compare_with: None,
            }));
        })
    };
    let scenes = vec![Scene::status(200), Scene::status(503), takes(9)];
    let bounded = "pass_rate: 50%, claims: { latency: { max: 1s } }";
    let ran = run(looking(repeated(scenes, bounded), [look("l", [takes(1)])])).await;
    assert_eq!(names(&ran), [(2, "l")]);
    let attempts = ran.test("a/x").attempts.iter();
    let told: Vec<u64> = attempts.map(|attempt| attempt.number).collect();
    assert_eq!(told, [1, 2, 3], "in order all the same");
    let sample = ran.test("a/x").sample.as_ref().unwrap();
    let longest = sample.rows.iter().map(|row| row.latency_us).max();
    assert_eq!(longest, Some(9_000_000), "looks are none of it");

    let slow = repeated(vec![takes(2)], "claims: { latency: { max: 1s } }");
    let ran = run(looking(slow, [look("l", [takes(1)])])).await;
    assert_eq!(ran.code("a/x"), Some("claim.latency.max"));
    assert_eq!(names(&ran).len(), 1, "all held, and the claim did not");
}

#[tokio::test(start_paused = true)]
async fn with_actors_they_are_made_once_with_what_the_one_that_decided_knew() {
    let actor = |name: &str| PlannedActor {
        name: ActorName::new(name),
        uses: Vec::new(),
    };
    let fails = with(refused("a/x"), |test| {
        test.actors = vec![actor("alice"), actor("bob")];
        // The first to play is alice.
        test.steps = vec![
            named(
                "who",
                PlannedStep {
                    captures: capturing([], "{ who: { text: true } }").captures,
                    ..late("who", "looks: [{ text: \"${actor}\" }]")
                },
            ),
            step([Scene::status(200), Scene::status(500)]),
        ];
    });
    let ran = run(looking(
        fails,
        [late("l", "looks: [{ text: \"of ${who}\" }]")],
    ))
    .await;
    let decided = ran.test("a/x").attempts[0].decided_by.clone().unwrap();
    let seen = seen(&ran);
    assert_eq!(seen.len(), 1);
    let text = seen[0].1.observation.facts.get("text");
    assert_eq!(text, Some(&Value::Text(format!("of {decided}"))));
    assert_eq!(seen[0].1.actor, None);
}

#[tokio::test(start_paused = true)]
async fn a_test_that_looks_keeps_its_place_and_hides_what_is_secret() {
    let mut bench = Bench::new([
        looking(
            refused("a/x"),
            [look("l", [Scene::text("token hunter22").after(seconds(3))])],
        ),
        good("a/y"),
    ])
    .jobs(1);
    bench.config.jobs = 1;
    bench.mask.add("hunter22");
    let ran = bench.run().await;
    assert_eq!(ran.starts(), [("a/x".to_owned(), 0), ("a/y".to_owned(), 3)]);
    let told = ran.events.iter().map(|event: &Event| format!("{event:?}"));
    assert!(told.into_iter().all(|told| !told.contains("hunter22")));
}
