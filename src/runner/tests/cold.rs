//! Cold starts: forced, proved, and let go.

use super::bench::{Bench, Ran, capturing, good, named, seconds, step, takes, test, with};
use crate::check::testing::claims;
use crate::model::{Event, Interrupt, NotRun, Outcome, State, Status, StepRecord, Unable, Why};
use crate::plan::{Mode, PROOF, PlannedCold, PlannedStep, PlannedTest, Repeat};
use crate::probe::Scene;

/// What the proof reads, look by look; the last again and again.
fn reads(instances: &[&str]) -> Vec<Scene> {
    instances.iter().map(|id| Scene::text(id)).collect()
}

fn proof(scenes: impl Into<Vec<Scene>>) -> PlannedStep {
    named(
        PROOF,
        capturing(
            looked_at_twice(scenes.into()),
            "{ proof_of_cold: { text: true } }",
        ),
    )
}

/// Of what is read before and after in turn, what is read before once more: it is looked at again whether it stays.
fn looked_at_twice(scenes: Vec<Scene>) -> Vec<Scene> {
    let numbered = scenes.into_iter().enumerate();
    let looks = numbered.flat_map(|(at, scene)| {
        let times = if at % 2 == 0 && scene.text.is_some() {
            2
        } else {
            1
        };
        std::iter::repeat_n(scene, times)
    });
    looks.collect()
}

/// The test, each of its attempts from a start that is forced and proved by these.
fn cold(test: PlannedTest, force: PlannedStep, proved: Option<PlannedStep>) -> PlannedTest {
    with(test, |test| {
        test.cold = Some(Box::new(PlannedCold {
            force: vec![named("force_cold", force)],
            fact: "text".to_owned(),
            proof: proved,
        }));
    })
}

/// A test that holds in 2 s, whose starts take 7 s to force.
fn started(instances: impl Into<Vec<Scene>>) -> PlannedTest {
    let force = step([takes(7)]);
    cold(test("a/x", [takes(2)]), force, Some(proof(instances)))
}

fn repeated(test: PlannedTest, times: u64, claimed: &str) -> PlannedTest {
    with(test, |test| {
        test.mode = Mode::Repeat(Box::new(Repeat {
            times,
            concurrency: 1,
            interval: seconds(0),
            claims: claims(&format!("{{ times: {times}, {claimed} }}")),
            barrier: false,
            idle: seconds(0),
            compare_with: None,
        }));
    })
}

async fn run(test: PlannedTest) -> Ran {
    Bench::new([test]).run().await
}

/// Status, code, and why.
fn ended(ran: &Ran) -> (Status, Option<&str>, String) {
    let why = match &ran.test("a/x").why {
        Some(Why::Errored(message)) => message.clone(),
        Some(other) => format!("{other:?}"),
        None => String::new(),
    };
    (ran.status("a/x"), ran.code("a/x"), why)
}

/// The records of an attempt, from 0.
fn steps(ran: &Ran, attempt: usize) -> &[StepRecord] {
    &ran.test("a/x").attempts[attempt].steps
}

/// What was done, in order.
fn done(ran: &Ran) -> Vec<&str> {
    steps(ran, 0)
        .iter()
        .map(|step| step.name.as_ref().map_or("the step", |name| name.as_str()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_start_is_forced_and_proved_and_neither_is_measured() {
    let ran = run(with(started(reads(&["a", "b"])), |test| {
        test.cleanup.push(named("tidy", step([takes(1)])));
    }))
    .await;
    assert_eq!(ran.status("a/x"), Status::Passed);
    assert_eq!(
        done(&ran),
        [
            "proof_of_cold, before",
            "force_cold",
            "the step",
            "proof_of_cold, after",
            "tidy"
        ]
    );
    let attempt = &ran.test("a/x").attempts[0];
    assert_eq!((attempt.started, attempt.elapsed), (seconds(7), seconds(2)));
    assert_eq!(ran.record.elapsed, seconds(10));
    let marks = attempt.steps.iter().map(|step| (step.cold, step.cleanup));
    let cold = (true, false);
    let all: Vec<_> = marks.collect();
    assert_eq!(all, [cold, cold, (false, false), cold, (false, true)]);
    let read = |at: usize| attempt.steps[at].observation.facts.get(PROOF).cloned();
    let text = |text: &str| Some(crate::model::Value::Text(text.to_owned()));
    assert_eq!((read(0), read(3)), (text("a"), text("b")));
}

#[tokio::test(start_paused = true)]
async fn what_was_there_before_is_not_cold() {
    let ran = run(started(reads(&["i-1", "i-1"]))).await;
    let (status, code, why) = ended(&ran);
    assert_eq!((status, code), (Status::Errored, Some("error.not_cold")));
    assert_eq!(
        why,
        "text was `i-1` before `force_cold`, and is `i-1` after the steps, too: nothing was started anew"
    );
    assert_eq!(ran.test("a/x").attempts[0].outcome, Outcome::Unable);
    // The same of a start that went wrong: what was looked at was warm.
    let failing = with(started(reads(&["i-1"])), |test| {
        test.steps = vec![step([Scene::status(503)])];
    });
    let ran = run(failing).await;
    assert_eq!(ended(&ran).1, Some("error.not_cold"));
}

#[tokio::test(start_paused = true)]
async fn what_is_another_one_at_every_look_proves_nothing() {
    let of_each_request = named(
        PROOF,
        capturing(
            reads(&["r-1", "r-2", "r-3"]),
            "{ proof_of_cold: { text: true } }",
        ),
    );
    let ran = run(cold(good("a/x"), step([takes(7)]), Some(of_each_request))).await;
    let (status, code, why) = ended(&ran);
    assert_eq!((status, code), (Status::Errored, Some("error.not_cold")));
    assert_eq!(
        why,
        "text was `r-1`, and is `r-2` at the next look, before anything was forced: it changes by itself, or others answer, too"
    );
    assert_eq!(
        done(&ran),
        ["proof_of_cold, before", "proof_of_cold, before, again"],
        "nothing is forced for nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_proves_nothing() {
    let fault = Scene::fault;
    let of = |before: Scene, after: Scene| run(started([before, after]));
    for (before, after, says) in [
        (
            Scene::status(404),
            Scene::text("b"),
            "text could not be read before `force_cold` (nothing is there), and is `b` after the steps: whether it was there before",
        ),
        (
            fault("dns.nxdomain"),
            Scene::text("b"),
            "text could not be read before `force_cold` (dns.nxdomain in phase resolve: as scripted), and is `b`",
        ),
        (
            Scene::text("a"),
            Scene::status(404),
            "text was `a` before `force_cold`, and not after the steps: nothing is there",
        ),
        (
            Scene::text("a"),
            fault("tcp.refused"),
            "text was `a` before `force_cold`, and nothing runs after the steps",
        ),
    ] {
        let ran = of(before, after).await;
        let (status, code, why) = ended(&ran);
        assert_eq!((status, code), (Status::Errored, Some("error.not_cold")));
        assert!(why.starts_with(says), "{why}");
    }
    // Where everybody is refused nothing runs, so whatever answers afterwards was started.
    let ran = of(fault("tcp.refused"), Scene::text("a")).await;
    assert_eq!(ran.status("a/x"), Status::Passed);
}

#[tokio::test(start_paused = true)]
async fn a_start_after_which_nothing_is_there_counts_against() {
    let after = [
        Scene::fault("tcp.refused"),
        Scene::fault("tcp.timeout"),
        Scene::status(503),
    ];
    for after in after {
        let never = with(started([Scene::text("a"), after]), |test| {
            test.steps = vec![step([Scene::fault("http.timeout.first_byte")])];
        });
        let ran = run(never).await;
        let (status, code, _) = ended(&ran);
        assert_eq!(
            (status, code),
            (Status::Failed, Some("http.timeout.first_byte"))
        );
    }
    // A start that is there and does not hold is one, too.
    let slow = with(started(reads(&["a", "b"])), |test| {
        test.steps = vec![step([Scene::status(503)])];
    });
    assert_eq!(ended(&run(slow).await).1, Some("expect.status"));
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_comes_back_is_warm() {
    // What the first attempt ended with is what the second begins with: only then may it be there again.
    let ran = run(repeated(
        started(reads(&["a", "b", "b", "c", "c", "a", "a", "d"])),
        4,
        "pass_rate: 100%",
    ))
    .await;
    let sample = ran.test("a/x").sample.clone().unwrap();
    let outcomes: Vec<_> = sample.rows.iter().map(|row| row.outcome).collect();
    let (held, unable) = (Outcome::Held, Outcome::Unable);
    assert_eq!(outcomes, [held, held, unable, held]);
    let (status, code, why) = ended(&ran);
    assert_eq!((status, code), (Status::Errored, Some("error.not_cold")));
    assert_eq!(
        why,
        "text was `c` before `force_cold`, and is `a` after the steps, as in attempt 1: an instance that came back is warm"
    );
}

/// So many attempts, of which those at these numbers are warm.
fn sample(times: u64, warm: &[u64], claimed: &str) -> PlannedTest {
    let looks = (1..=times).flat_map(|number| {
        let before = format!("{number}-before");
        let after = if warm.contains(&number) {
            before.clone()
        } else {
            format!("{number}-after")
        };
        [Scene::text(&before), Scene::text(&after)]
    });
    repeated(started(looks.collect::<Vec<_>>()), times, claimed)
}

#[tokio::test(start_paused = true)]
async fn a_claim_counts_only_cold_starts() {
    // 29 without a miss prove 90 % at 95 %: so many are left of 31.
    let enough = run(sample(31, &[4, 9], "pass_rate: 90%, confidence: 95%")).await;
    assert_eq!(enough.status("a/x"), Status::Passed);
    let finding = &enough.test("a/x").sample.as_ref().unwrap().findings[0];
    assert!(
        finding.actual.as_deref().unwrap().starts_with("29 of 29"),
        "{finding:?}"
    );
    // And not of 30.
    let short = run(sample(30, &[4, 9], "pass_rate: 90%, confidence: 95%")).await;
    assert_eq!(
        (short.status("a/x"), short.code("a/x")),
        (Status::Unproved, Some("claim.pass_rate"))
    );
    // What is only counted is counted in full.
    let counted = run(sample(5, &[2], "pass_rate: 50%")).await;
    assert_eq!(
        (counted.status("a/x"), counted.code("a/x")),
        (Status::Errored, Some("error.not_cold"))
    );
    let none = run(sample(3, &[1, 2, 3], "pass_rate: 50%, confidence: 60%")).await;
    assert_eq!(
        (none.status("a/x"), none.code("a/x")),
        (Status::Errored, Some("error.not_cold"))
    );
}

#[tokio::test(start_paused = true)]
async fn times_of_a_sample_are_those_of_the_steps() {
    let ran = run(sample(
        2,
        &[],
        "claims: { latency: { max: 2s }, phases.connect: { max: 2s } }",
    ))
    .await;
    assert_eq!(ran.status("a/x"), Status::Passed);
    for row in &ran.test("a/x").sample.as_ref().unwrap().rows {
        assert_eq!(row.latency_us, 2_000_000);
        let took: Vec<u64> = row.phases_us.iter().map(|(_, took)| *took).collect();
        assert_eq!(took, [2_000_000]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_forced_is_not_looked_at() {
    let not_held = step([Scene::status(500)]);
    let test = cold(good("a/x"), not_held, Some(proof(reads(&["a", "b"]))));
    let failing = named("undo", step([Scene::status(500)]));
    let ran = run(with(test, |test| test.cleanup.push(failing))).await;
    let (status, code, why) = ended(&ran);
    assert_eq!((status, code), (Status::Errored, Some("error.not_forced")));
    assert_eq!(
        why,
        "no cold start was forced, as `force_cold` did not hold: expect.status"
    );
    assert_eq!(done(&ran), ["proof_of_cold, before", "force_cold", "undo"]);
    let forced = &steps(&ran, 0)[1];
    let mut found = forced.findings.iter();
    let found = found.find(|finding| finding.state == State::NotHeld);
    let found = found.map(|finding| (finding.code.as_str(), finding.actual.as_deref()));
    assert_eq!(found, Some(("expect.status", Some("500"))));
    assert_eq!(ran.test("a/x").left_behind, ["undo: expect.status"]);
    assert_eq!(ran.test("a/x").attempts[0].elapsed, seconds(0));
    // Our own trouble keeps its name.
    let unable = step([Scene::unable(Unable::Program)]);
    let ran = run(cold(good("a/x"), unable, None)).await;
    assert_eq!(ended(&ran).1, Some("error.program"));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_forced_whose_effect_cannot_be_seen() {
    let blind = proof([Scene::unable(Unable::File)]);
    let ran = run(cold(good("a/x"), step([takes(7)]), Some(blind))).await;
    let (status, code, _) = ended(&ran);
    assert_eq!((status, code), (Status::Errored, Some("error.file")));
    assert_eq!(done(&ran), ["proof_of_cold, before"]);
    let later = proof([Scene::text("a"), Scene::unable(Unable::File)]);
    let ran = run(cold(good("a/x"), step([takes(7)]), Some(later))).await;
    assert_eq!(ended(&ran).1, Some("error.file"));
}

#[tokio::test(start_paused = true)]
async fn without_proof_a_start_counts_as_it_came_out() {
    let ran = run(cold(good("a/x"), step([takes(7)]), None)).await;
    assert_eq!(ran.status("a/x"), Status::Passed);
    assert_eq!(done(&ran), ["force_cold", "the step"]);
}

#[tokio::test(start_paused = true)]
async fn steps_and_clean_ups_see_what_was_captured_while_it_was_forced() {
    let force = capturing([Scene::text("r-7")], "{ revision: { text: true } }");
    let wants = |name: &str| {
        named(
            name,
            with(step([takes(1)]), |step| {
                step.wants = vec!["revision".to_owned()];
            }),
        )
    };
    let test = cold(good("a/x"), force, Some(proof(reads(&["a", "b"]))));
    let ran = run(with(test, |test| test.cleanup.push(wants("delete")))).await;
    assert_eq!(done(&ran).last(), Some(&"delete"));
    // Where it was never made there is nothing to delete.
    let blind = proof([Scene::unable(Unable::File)]);
    let test = cold(good("a/x"), step([takes(1)]), Some(blind));
    let ran = run(with(test, |test| test.cleanup.push(wants("delete")))).await;
    assert_eq!(done(&ran), ["proof_of_cold, before"]);
}

#[tokio::test(start_paused = true)]
async fn a_secret_by_which_it_is_known_is_not_shown() {
    let secret = named(
        PROOF,
        capturing(
            looked_at_twice(reads(&["hunter2-hunter2", "pin"])),
            "{ proof_of_cold: { text: true, secret: true } }",
        ),
    );
    let back = repeated(
        cold(good("a/x"), step([takes(1)]), Some(secret)),
        2,
        "pass_rate: 100%",
    );
    let ran = run(back).await;
    let (_, code, why) = ended(&ran);
    assert_eq!(code, Some("error.not_cold"));
    assert!(
        why.contains("was `***`") && why.contains("is `***`"),
        "{why}"
    );
    let shown = format!("{:?}", ran.record);
    assert!(!shown.contains("hunter2"), "{shown}");
}

/// Ends the run in this way while the start is being forced; how the test ends.
async fn ended_while_forcing(by: impl FnOnce(&mut Bench), interrupts: usize) -> Ran {
    let force = named("force_cold", step([Scene::hangs()]));
    let force = with(force, |step| step.timeout = seconds(1000));
    let test = cold(good("a/x"), force, Some(proof(reads(&["a", "b"]))));
    let undo = named("undo", step([takes(9)]));
    let mut bench = Bench::new([with(test, |test| test.cleanup.push(undo))]);
    by(&mut bench);
    let cancel = bench.cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(seconds(3)).await;
        (0..interrupts).for_each(|_| cancel.interrupt(Interrupt::Int));
    });
    bench.run().await
}

#[tokio::test(start_paused = true)]
async fn clean_ups_run_when_the_forcing_is_cut() {
    let interrupted = ended_while_forcing(|bench| bench.config.grace = seconds(4), 1).await;
    let on_deadline = ended_while_forcing(
        |bench| {
            bench.config.grace = seconds(4);
            bench.config.deadline = Some(seconds(3));
        },
        0,
    )
    .await;
    for (ran, reason) in [
        (interrupted, NotRun::Interrupted),
        (on_deadline, NotRun::Deadline),
    ] {
        assert_eq!(ran.test("a/x").why, Some(Why::NotRun(reason)));
        assert_eq!((ran.status("a/x"), ran.code("a/x")), (Status::NotRun, None));
        assert_eq!(done(&ran), ["proof_of_cold, before", "undo"]);
        assert!(ran.test("a/x").left_behind.is_empty());
        // 3 s, the grace, and the clean-up, which it does not bound.
        assert_eq!(ran.record.elapsed, seconds(3 + 4 + 9));
    }
    let left = ended_while_forcing(|_| (), 2).await;
    assert_eq!(left.test("a/x").left_behind, ["its clean-ups were not run"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_forced_once_the_run_is_to_end() {
    let slow = proof([Scene::text("a").after(seconds(2)), Scene::text("b")]);
    let test = cold(good("a/x"), step([takes(1)]), Some(slow));
    let bench = Bench::new([test]);
    let cancel = bench.cancel.clone();
    let interrupt = |event: &Event| {
        if matches!(event, Event::TestStarted { .. }) {
            cancel.interrupt(Interrupt::Int);
        }
    };
    let mut ran = bench.run_watching(interrupt).await;
    ran.check();
    assert_eq!(ran.test("a/x").why, Some(Why::NotRun(NotRun::Interrupted)));
    assert_eq!(done(&ran), ["proof_of_cold, before"]);
}

#[tokio::test(start_paused = true)]
async fn a_proof_that_hangs_ends_with_its_own_time_and_with_the_grace() {
    let hangs = || {
        with(proof([Scene::text("a"), Scene::hangs()]), |step| {
            step.timeout = seconds(6);
        })
    };
    let ran = run(cold(good("a/x"), step([takes(1)]), Some(hangs()))).await;
    assert_eq!(ended(&ran).1, Some("error.not_cold"));
    assert_eq!(ran.record.elapsed, seconds(1 + 6));
    let mut bench = Bench::new([cold(good("a/x"), step([takes(1)]), Some(hangs()))]);
    bench.config.deadline = Some(seconds(2));
    bench.config.grace = seconds(1);
    let ran = bench.run().await;
    assert_eq!(ran.test("a/x").why, Some(Why::NotRun(NotRun::Deadline)));
    assert_eq!(ran.record.elapsed, seconds(3));
}

#[test]
fn a_test_may_take_what_its_starts_may_take() {
    let test = || cold(good("a/x"), step([]), Some(proof([])));
    assert_eq!(test().budget(), seconds(10 + 10 + 3 * 10));
    assert_eq!(
        repeated(test(), 3, "pass_rate: 100%").budget(),
        seconds(150)
    );
}
