use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use tokio::time::timeout;

use super::super::testing::{Scene, Script};
use super::*;
use crate::model::{Observation, Unable};
use crate::probe::Context;
use crate::probe::testing::{AMPLE, stopped};

const HOLD: Duration = Duration::from_secs(2);
/// The script's logins take this long.
const LOGIN: Duration = Duration::from_millis(10);

fn keys(connections: u32, ramp: Option<&[u32]>) -> Storm {
    let storm = Storm {
        connections,
        hold: yaml::Duration(HOLD),
        ramp: ramp.map(<[u32]>::to_vec),
    };
    storm.check().unwrap();
    storm
}

async fn storm(scene: &Scene, keys: &Storm, may_exhaust: bool) -> Result<Observation, Stopped> {
    let ctx = Context::for_tests(AMPLE * 10);
    let mut look = Look::begin(&ctx);
    let mut watcher = scene.clone();
    // The watcher's own login, slower than any.
    look.passed(Phase::Resolve, LOGIN);
    look.passed(Phase::Auth, HOLD);
    rage(
        &mut look,
        keys,
        scene,
        &mut watcher,
        may_exhaust,
        ctx.deadline,
    )
    .await?;
    Ok(look.finish())
}

fn number(seen: &Observation, fact: &str) -> i128 {
    match seen.facts.get(fact) {
        Some(Value::Number(crate::model::Number::Int(int))) => *int,
        other => panic!("{fact}: {other:?}"),
    }
}

fn codes(seen: &Observation) -> String {
    let Some(Value::Map(codes)) = seen.facts.get("codes") else {
        panic!("{seen:?}");
    };
    let words = codes.iter().map(|(code, count)| match count {
        Value::Number(count) => format!("{code} {count}"),
        other => panic!("{other:?}"),
    });
    words.collect::<Vec<_>>().join(", ")
}

#[tokio::test(start_paused = true)]
async fn all_begin_at_once_are_held_and_closed() {
    let scene = Scene::new(Script::default());
    let began = Instant::now();
    let seen = storm(&scene, &keys(60, None), false).await.unwrap();
    assert_eq!(scene.starts(), vec![began; 59]);
    assert_eq!((scene.most(), scene.open()), (59, 0));
    assert_eq!(began.elapsed(), LOGIN + HOLD);
    assert_eq!(number(&seen, "opened"), 60);
    assert_eq!(number(&seen, "attempted"), 60);
    assert_eq!(number(&seen, "refused"), 0);
    assert_eq!(number(&seen, "server_peak"), 60);
    assert_eq!(number(&seen, "server_low"), 60);
    assert_eq!(codes(&seen), "");
    for fact in ["connect_p50", "connect_p95", "connect_max"] {
        assert_eq!(
            seen.facts.get(fact),
            Some(&Value::Duration(LOGIN)),
            "{fact}"
        );
    }
    let by_phase = seen.facts.get("by_phase").unwrap();
    let auth = by_phase.get("auth").and_then(|auth| auth.get("p95"));
    assert_eq!(auth, Some(&Value::Duration(LOGIN)));
    assert_eq!(seen.phase(Phase::Auth), Some(LOGIN));
    assert_eq!(seen.phase(Phase::Resolve), Some(LOGIN));
}

#[tokio::test(start_paused = true)]
async fn exhaustion_opens_exactly_what_there_was() {
    // Of ten three are reserved and one is the watcher's.
    let scene = Scene::new(Script {
        places: 6,
        ..Script::default()
    });
    let began = Instant::now();
    let seen = storm(&scene, &keys(10, None), true).await.unwrap();
    assert_eq!(number(&seen, "opened"), 7);
    assert_eq!(number(&seen, "attempted"), 10);
    assert_eq!(number(&seen, "server_peak"), 7);
    assert_eq!(codes(&seen), "postgres.53300 3");
    assert_eq!(began.elapsed(), LOGIN + HOLD);
    assert_eq!(seen.facts.get("connect_p95"), None);
    assert_eq!(seen.facts.get("connect_max"), Some(&Value::Duration(LOGIN)));
    assert_eq!(seen.fault, None);
}

#[tokio::test(start_paused = true)]
async fn the_first_refusal_is_the_last_step_and_nothing_is_held() {
    let scene = Scene::new(Script {
        places: 6,
        ..Script::default()
    });
    let began = Instant::now();
    let ramp = keys(20, Some(&[5, 10, 20]));
    let seen = storm(&scene, &ramp, false).await.unwrap();
    assert_eq!(scene.starts().len(), 4 + 9);
    assert_eq!(number(&seen, "opened"), 7);
    assert_eq!(number(&seen, "attempted"), 10);
    let Some(Value::List(steps)) = seen.facts.get("steps") else {
        panic!("{seen:?}");
    };
    let opened: Vec<_> = steps
        .iter()
        .map(|step| step.get("opened").unwrap())
        .collect();
    assert_eq!(opened, [&Value::int(5), &Value::int(7)]);
    assert_eq!(began.elapsed(), LOGIN + HOLD + LOGIN);
    // To exhaust it, all steps are taken and held.
    let seen = storm(&scene, &ramp, true).await.unwrap();
    assert_eq!(number(&seen, "attempted"), 20);
    assert_eq!(number(&seen, "refused"), 3 + 13);
}

#[tokio::test(start_paused = true)]
async fn a_step_waits_until_the_one_before_is_gone() {
    for (lingers, opened) in [(1, 60), (9, 31)] {
        let scene = Scene::new(Script {
            places: 69,
            lingers: Duration::from_secs(lingers),
            ..Script::default()
        });
        let seen = storm(&scene, &keys(60, Some(&[40, 60])), false)
            .await
            .unwrap();
        assert_eq!(number(&seen, "opened"), opened, "{lingers} s");
        assert_eq!(scene.open(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn others_who_come_meanwhile_keep_their_share() {
    let ramp = keys(60, Some(&[10, 16, 60]));
    let crowded = Scene::new(Script {
        room: 20,
        ..Script::default()
    });
    let stopped = storm(&crowded, &ramp, false).await.unwrap_err();
    assert!(matches!(stopped, Stopped::Unable(error) if error.kind == Unable::Guard));
    // 16 are four fifths of them.
    assert_eq!(crowded.starts().len(), 9 + 15);
    assert_eq!(crowded.open(), 0);
    let seen = storm(&crowded, &ramp, true).await.unwrap();
    assert_eq!(number(&seen, "opened"), 60);
}

#[tokio::test(start_paused = true)]
async fn a_storm_that_was_not_finished_is_none_that_was_carried() {
    let ctx = Context::for_tests(AMPLE);
    // The hold of the first step ends with the time there is, or would end after it.
    for seconds in [2, 1] {
        let ends = Instant::now() + Duration::from_secs(seconds);
        let mut keys = keys(20, Some(&[10, 20]));
        keys.hold = yaml::Duration(Duration::from_secs(2));
        let scene = Scene::new(Script {
            ends: Some(ends),
            ..Script::default()
        });
        let mut look = Look::begin(&ctx);
        let mut watcher = scene.clone();
        let raged = rage(&mut look, &keys, &scene, &mut watcher, false, ends).await;
        let Err(Stopped::Fault(seen)) = raged else {
            panic!("{raged:?}");
        };
        assert_eq!(seen.fault.unwrap().code().to_string(), "sql.timeout.query");
        assert_eq!(scene.open(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_that_hangs_is_counted_when_time_is_up() {
    let ends = Instant::now() + Duration::from_secs(5);
    let scene = Scene::new(Script {
        hangs: vec![3],
        ends: Some(ends),
        ..Script::default()
    });
    let ctx = Context::for_tests(AMPLE);
    let mut look = Look::begin(&ctx);
    let mut watcher = scene.clone();
    let ramp = keys(20, Some(&[10, 20]));
    rage(&mut look, &ramp, &scene, &mut watcher, true, ends)
        .await
        .unwrap();
    let seen = look.finish();
    assert_eq!(Instant::now(), ends, "{seen:?}");
    assert_eq!(number(&seen, "opened"), 9);
    assert_eq!(number(&seen, "attempted"), 10);
    assert_eq!(codes(&seen), "sql.timeout.startup 1");
    assert_eq!(scene.open(), 0);
    assert!(seen.evidence[0].text.contains("1 of 2 steps"));
    // The others took no time; who hung did.
    let slowest = seen.phase(Phase::Startup);
    assert_eq!(slowest, Some(Duration::from_secs(5)));
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_ours_is_no_refusal_of_the_server() {
    let scene = Scene::new(Script {
        unable: Some(7),
        ..Script::default()
    });
    let stopped = storm(&scene, &keys(60, None), true).await.unwrap_err();
    assert!(matches!(stopped, Stopped::Unable(error) if error.kind == Unable::Limit));
    assert_eq!(scene.open(), 0);
}

#[tokio::test(start_paused = true)]
async fn nothing_stays_open_after_a_panic_or_when_nobody_waits_any_more() {
    let scene = Scene::new(Script {
        panics: Some(30),
        ..Script::default()
    });
    let ramp = keys(60, None);
    let panicking = AssertUnwindSafe(storm(&scene, &ramp, false));
    assert!(panicking.catch_unwind().await.is_err());
    assert_eq!(scene.open(), 0);

    let scene = Scene::new(Script::default());
    let held = timeout(HOLD / 2, storm(&scene, &ramp, false)).await;
    assert!(held.is_err());
    assert_eq!((scene.most(), scene.open()), (59, 0));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_ends_while_it_is_held_was_not_carried() {
    let scene = Scene::new(Script::default());
    let ramp = keys(60, Some(&[10, 60]));
    let killing = async {
        sleep(LOGIN + HOLD / 2).await;
        scene.kill(3);
    };
    let (seen, ()) = tokio::join!(storm(&scene, &ramp, false), killing);
    let seen = seen.unwrap();
    // Nor does the next step begin.
    assert_eq!(number(&seen, "attempted"), 10);
    assert_eq!(number(&seen, "opened"), 9);
    assert_eq!(number(&seen, "refused"), 1);
    assert_eq!(codes(&seen), "postgres.57P01 1");
    assert_eq!(number(&seen, "server_peak"), 10);
    assert_eq!(number(&seen, "server_low"), 9);
    // It had logged in as fast as the others.
    assert_eq!(seen.facts.get("connect_max"), Some(&Value::Duration(LOGIN)));
    assert_eq!(seen.facts.get("connect_p95"), Some(&Value::Duration(LOGIN)));
    assert_eq!(scene.open(), 0);
}

#[tokio::test(start_paused = true)]
async fn without_its_watcher_a_storm_ends_as_he_did() {
    let scene = Scene::new(Script {
        is_blind: true,
        ..Script::default()
    });
    let (code, seen) = stopped(storm(&scene, &keys(60, None), false).await);
    assert_eq!(code.as_str(), "sql.closed");
    assert_eq!(number(&seen, "opened"), 60);
    assert_eq!(seen.facts.get("server_peak"), None);
    assert_eq!(seen.fault.unwrap().phase, Phase::Query);
    assert_eq!(scene.open(), 0);
}
