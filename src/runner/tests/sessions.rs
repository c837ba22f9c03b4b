//! Sessions: once, shared, cleaned up.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::bench::{
    Bench, capturing, good, named, refused, seconds, session, session_of, step, takes, test, with,
};
use crate::check::testing::late;
use crate::model::{Event, Root, Status, Why};
use crate::plan::{LateLook, Look, PlannedStep, PlannedTest, Skip};
use crate::probe::Scene;

fn uses(test: PlannedTest, sessions: &[usize]) -> PlannedTest {
    with(test, |test| test.uses = sessions.to_vec())
}

fn late_step(probe: &str, expect: &str) -> PlannedStep {
    let look = LateLook {
        probe: late(probe),
        expect: Some(late(expect)),
    };
    PlannedStep {
        look: Look::Late(Box::new(look)),
        ..step([])
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_is_opened_once_shared_and_cleaned_up_at_the_end() {
    let login = capturing(
        [
            Scene::text("t0ken").after(seconds(2)),
            Scene::text("another"),
        ],
        "{ token: { text: true } }",
    );
    let alice = with(session("alice", login), |session| {
        let logout = late_step("looks: [{ text: \"bye ${token}\" }]", "text: bye t0ken");
        session.cleanup = vec![with(logout, |step| step.wants = vec!["token".to_owned()])];
    });
    let user = |id| {
        let look = late_step(
            "looks: [{ text: \"${session.alice.token}\" }]",
            "text: t0ken",
        );
        uses(with(good(id), |test| test.steps = vec![look]), &[0])
    };
    let ran = Bench::new([user("a/x"), test("a/free", [takes(1)]), user("a/y")])
        .sessions([alice])
        .run()
        .await;
    assert_eq!(
        ran.record.counts().of(Status::Passed),
        3,
        "{:#?}",
        ran.record
    );
    let expected = [("a/free", 0), ("a/x", 2), ("a/y", 2)].map(|(id, at)| (id.to_owned(), at));
    assert_eq!(ran.starts(), expected);
    let story = ran.story();
    assert_eq!(
        story
            .iter()
            .filter(|line| *line == "session alice passed")
            .count(),
        2
    );
    assert_eq!(
        story[story.len() - 2..],
        ["session alice passed", "run ended"]
    );
    let record = &ran.record.sessions[0];
    let steps = &record.attempt.as_ref().unwrap().steps;
    assert_eq!(
        steps.iter().map(|step| step.cleanup).collect::<Vec<_>>(),
        [false, true]
    );
    assert!(record.left_behind.is_empty(), "{record:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_session_nobody_needs_is_not_opened() {
    let blocked = with(uses(good("a/x"), &[0]), |test| test.requires = vec![1]);
    let ran = Bench::new([blocked, refused("a/y")])
        .sessions([session("alice", step([]))])
        .run()
        .await;
    assert_eq!(ran.status("a/x"), Status::Blocked);
    assert!(ran.record.sessions.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_failed_session_blocks_its_users() {
    for (scene, status, code) in [
        (Scene::fault("tcp.refused"), Status::Failed, "tcp.refused"),
        (
            Scene::unable(crate::model::Unable::Program),
            Status::Errored,
            "error.program",
        ),
        (Scene::panics("no"), Status::Errored, "error.panic"),
        (Scene::hangs(), Status::Failed, "tcp.timeout"),
    ] {
        let bench = Bench::new([uses(good("a/x"), &[0]), good("a/y")]);
        let ran = bench
            .sessions([session("alice", step([scene]))])
            .run()
            .await;
        let Some(Why::Blocked(roots)) = &ran.test("a/x").why else {
            panic!("{:?}", ran.test("a/x"))
        };
        assert_eq!(
            roots[0].root,
            Root::Session(crate::model::SessionName::new("alice"))
        );
        assert_eq!((roots[0].status, ran.code("a/x")), (status, Some(code)));
        assert_eq!(ran.record.sessions[0].status, status);
        assert_eq!(ran.status("a/y"), Status::Passed);
    }
}

/// A token that expires so many seconds from now.
fn token(seconds: i64) -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let exp = jiff::Timestamp::now().as_second() + seconds;
    let claims = format!(r#"{{"exp":{exp}}}"#);
    format!("{}.{}.c2ln", part(r#"{"alg":"none"}"#), part(&claims))
}

#[tokio::test(start_paused = true)]
async fn a_token_outlives_those_that_use_it() {
    for (lives, takes, deadline, why) in [
        (3600, 600, None, ""),
        (300, 600, None, "is valid for 10m, as long as a/x may take"),
        (-300, 1, None, "is valid for 1s, as long as a/x may take"),
        (60, 10, None, ""),
        // A deadline far away asks for no more than those who use it.
        (60, 10, Some(3600), ""),
        (
            60,
            600,
            Some(100),
            "is valid for 1m38s, until the deadline of the run",
        ),
        (200, 600, Some(100), ""),
    ] {
        let capture = "{ id: { text: true }, token: { text: true } }";
        let login = capturing([Scene::text(&token(lives)).after(seconds(2))], capture);
        let alice = with(session_of("alice", login), |session| {
            let budget = seconds(takes);
            session.longest = Some((crate::model::TestId::parse("a/x").unwrap(), budget));
            session.steps.push(step([Scene::status(200)]));
            session.cleanup = vec![named("logout", step([Scene::status(200)]))];
        });
        let look = late_step(
            "looks: [{ text: \"${session.user.token}\" }]",
            "{ fault: none }",
        );
        let user = with(uses(good("a/x"), &[0]), |test| test.steps = vec![look]);
        let mut bench = Bench::new([user]).sessions([alice]);
        bench.config.deadline = deadline.map(seconds);
        let ran = bench.run().await;
        let record = &ran.record.sessions[0];
        let attempt = record.attempt.as_ref().unwrap();
        if why.is_empty() {
            assert_eq!(ran.status("a/x"), Status::Passed, "{record:#?}");
            continue;
        }
        assert_eq!(
            (ran.status("a/x"), ran.code("a/x")),
            (Status::Blocked, Some("session.expires"))
        );
        assert_eq!(record.status, Status::Failed);
        let findings = &attempt.steps[0].findings;
        let last = findings.last().unwrap();
        assert_eq!((&*last.path, &*last.expected), ("token", why));
        let actual = last.actual.as_deref().unwrap();
        let said = if lives < 0 {
            "a token that expired 5m ago, at 20"
        } else {
            "a token that expires in "
        };
        assert!(actual.starts_with(said), "{actual}");
        assert!(attempt.steps.last().unwrap().cleanup, "it is given back");
    }
}

/// A session of a token for each time it is opened; whoever uses it says with which it looked.
fn renewable(lives: &[i64]) -> (crate::plan::PlannedSession, Vec<String>) {
    let tokens: Vec<String> = lives.iter().map(|lives| token(*lives)).collect();
    let scenes: Vec<Scene> = tokens.iter().map(|token| Scene::text(token)).collect();
    let login = capturing(scenes, "{ token: { text: true } }");
    let alice = with(session("alice", login), |session| {
        session.cleanup = vec![named("logout", step([Scene::status(200)]))];
    });
    (alice, tokens)
}

fn user_of_alice(id: &str, budget: u64) -> PlannedTest {
    let look = late_step(
        "looks: [{ text: \"${session.alice.token}\" }]",
        "{ fault: none }",
    );
    with(uses(good(id), &[0]), |test| {
        test.steps = vec![look];
        test.timeout = seconds(budget);
    })
}

/// With which token a test looked.
fn used(ran: &super::bench::Ran, id: &str) -> Option<String> {
    let attempt = ran.test(id).attempts.first()?;
    let text = attempt.steps[0].observation.facts.get("text")?;
    text.as_text().map(str::to_owned)
}

#[tokio::test(start_paused = true)]
async fn a_session_whose_token_ends_too_soon_is_opened_anew_once_for_all_who_need_it() {
    let (alice, tokens) = renewable(&[100, 3600, 7200]);
    let tests = [
        user_of_alice("a/short", 50),
        user_of_alice("a/long", 200),
        user_of_alice("a/too", 300),
        with(user_of_alice("a/after", 10), |test| test.requires = vec![1]),
    ];
    let ran = Bench::new(tests).sessions([alice]).run().await;
    for (id, token) in [
        ("a/short", 0),
        ("a/long", 1),
        ("a/too", 1),
        // Whoever begins now has the new one, needed or not.
        ("a/after", 1),
    ] {
        assert_eq!(ran.status(id), Status::Passed, "{id}");
        assert_eq!(used(&ran, id).as_ref(), Some(&tokens[token]), "{id}");
    }
    let [record] = &ran.record.sessions[..] else {
        panic!("one session: {:#?}", ran.record.sessions);
    };
    let attempt = record.attempt.as_ref().unwrap();
    let cleanups = attempt.steps.iter().map(|step| step.cleanup);
    assert_eq!(
        cleanups.collect::<Vec<_>>(),
        [false, false, true, true],
        "what was opened twice is given back twice"
    );
    assert_eq!((attempt.number, record.status), (2, Status::Passed));
    let told = ran.story();
    let told = told.iter().filter(|line| *line == "session alice passed");
    assert_eq!(told.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn who_cannot_be_given_a_longer_token_is_blocked_and_the_others_are_not() {
    let (mut alice, tokens) = renewable(&[100, 120]);
    alice.longest = None;
    let tests = [user_of_alice("a/x", 10), user_of_alice("a/y", 10)];
    let ran = Bench::new(tests).sessions([alice]).run().await;
    assert_eq!(
        used(&ran, "a/y").as_ref(),
        Some(&tokens[0]),
        "nothing changes"
    );

    // What a fresh one must last for is what it must last for at first.
    let login = capturing(
        [
            Scene::text(&token(100)),
            Scene::fault("tcp.refused"),
            Scene::text(&token(9000)),
        ],
        "{ token: { text: true } }",
    );
    let logout = named("logout", step([Scene::status(500)]));
    let alice = with(session("alice", login), |session| {
        session.cleanup = vec![with(logout, |step| step.wants = vec!["token".to_owned()])];
    });
    let tests = [
        user_of_alice("a/long", 200),
        user_of_alice("a/longer", 300),
        with(user_of_alice("a/short", 10), |test| {
            test.steps.insert(0, step([takes(5)]));
        }),
    ];
    let ran = Bench::new(tests).sessions([alice]).run().await;
    for id in ["a/long", "a/longer"] {
        assert_eq!(
            (ran.status(id), ran.code(id)),
            (Status::Blocked, Some("tcp.refused"))
        );
    }
    assert_eq!(ran.status("a/short"), Status::Passed);
    let record = &ran.record.sessions[0];
    assert_eq!(record.status, Status::Failed);
    let steps = &record.attempt.as_ref().unwrap().steps;
    let opened = steps.iter().filter(|step| !step.cleanup);
    assert_eq!(opened.count(), 2, "it is not tried a third time");
    // Only one of them was given a token.
    assert_eq!(record.left_behind, ["logout: expect.status"]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_ends_meanwhile_does_not_wait_for_a_session_that_is_opened_anew() {
    let login = capturing(
        [Scene::text(&token(100)), Scene::hangs()],
        "{ token: { text: true } }",
    );
    let alice = with(session("alice", login), |session| {
        session.timeout = seconds(500);
        session.steps[0].timeout = seconds(500);
        session.cleanup = vec![named("logout", step([takes(1)]))];
    });
    let mut bench = Bench::new([user_of_alice("a/long", 200)]).sessions([alice]);
    bench.config.deadline = Some(seconds(400));
    let ran = bench.run().await;
    assert_eq!(ran.status("a/long"), Status::NotRun);
    assert_eq!(ran.record.sessions[0].status, Status::Passed, "it was open");
    assert_eq!(
        ran.record.elapsed,
        seconds(407),
        "and twice a second to clean up"
    );
}

#[tokio::test(start_paused = true)]
async fn a_skipped_session_skips_its_users() {
    let skipped = with(session("bob", step([])), |session| {
        session.skip = Some(Skip::Needs("--allow-commands"));
    });
    let ran = Bench::new([uses(good("a/x"), &[0, 1])])
        .sessions([session("alice", step([])), skipped])
        .run()
        .await;
    let reason = "session bob is skipped: needs --allow-commands".to_owned();
    assert_eq!(
        (ran.status("a/x"), &ran.test("a/x").why),
        (Status::Skipped, &Some(Why::Skipped(reason)))
    );
    assert_eq!(ran.record.sessions.len(), 1, "alice is of no use any more");
    assert_eq!(ran.record.sessions[0].status, Status::Skipped);
}

#[tokio::test(start_paused = true)]
async fn what_a_session_left_behind_is_recorded() {
    let alice = with(session("alice", step([Scene::status(200)])), |session| {
        session.cleanup = vec![named("logout", step([Scene::status(500)]))];
    });
    let ran = Bench::new([uses(good("a/x"), &[0])])
        .sessions([alice])
        .run()
        .await;
    assert_eq!(
        ran.record.sessions[0].left_behind,
        ["logout: expect.status"]
    );
    assert_eq!(ran.record.sessions[0].status, Status::Passed);
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_session_is_cleaned_up_and_its_users_did_not_run() {
    let alice = with(session("alice", step([Scene::hangs()])), |session| {
        session.timeout = seconds(100);
        session.steps.insert(
            0,
            capturing([Scene::text("t")], "{ token: { text: true } }"),
        );
        session.steps[1].timeout = seconds(100);
        session.cleanup = vec![named(
            "logout",
            with(step([takes(1)]), |step| {
                step.wants = vec!["token".to_owned()];
            }),
        )];
    });
    let mut bench = Bench::new([uses(good("a/x"), &[0])]).sessions([alice]);
    bench.config.deadline = Some(seconds(10));
    let ran = bench.run().await;
    assert_eq!(ran.status("a/x"), Status::NotRun);
    assert_eq!(ran.record.sessions[0].status, Status::NotRun);
    assert_eq!(
        ran.record.elapsed,
        seconds(16),
        "ten, five of grace, one of cleaning up"
    );
    let last = ran.events.iter().rev().find_map(|event| match event {
        Event::SessionEnded(session) => Some(session),
        _ => None,
    });
    assert!(
        last.unwrap()
            .attempt
            .as_ref()
            .unwrap()
            .steps
            .last()
            .unwrap()
            .cleanup
    );
}
