use std::time::Duration;

use super::super::testing::{Scene, Script};
use super::*;
use crate::model::Observation;
use crate::probe::Context;
use crate::probe::testing::{AMPLE, node, stopped};
use crate::yaml::{Diagnostics, decode};

fn rules() -> Rules {
    let mut problems = Diagnostics::default();
    let node = node("{ size: 20, overflow: 30, timeout: 30s }");
    let rules: Rules = decode(&node, &mut problems).unwrap();
    rules.check().unwrap();
    rules
}

async fn tried(scene: &Scene) -> Result<Observation, Stopped> {
    let ctx = Context::for_tests(AMPLE * 10);
    let mut look = Look::begin(&ctx);
    let mut watcher = scene.clone();
    let rules = rules();
    let pool = Queue::new(
        scene.clone(),
        rules.size,
        rules.overflow,
        rules.timeout.get(),
    );
    prove(&mut look, &rules, &pool, &mut watcher).await?;
    Ok(look.finish())
}

#[tokio::test(start_paused = true)]
async fn a_good_server_carries_the_pool_and_each_step_is_measured() {
    let scene = Scene::new(Script::default());
    let began = Instant::now();
    let seen = tried(&scene).await.unwrap();
    let millis = |millis| Value::Duration(Duration::from_millis(millis));
    for (fact, value) in [
        ("lazy", Value::Bool(true)),
        ("opened", Value::int(50)),
        ("server_peak", Value::int(50)),
        ("waited", millis(200)),
        ("handed_over", millis(0)),
        ("timed_out", millis(30_000)),
        ("timed_out_with", Value::Text("pool.timeout".to_owned())),
        ("overflow_closed", millis(0)),
        ("kept", Value::int(20)),
        ("replaced", Value::int(1)),
    ] {
        assert_eq!(seen.facts.get(fact), Some(&value), "{fact}");
    }
    assert_eq!((scene.most(), scene.open()), (50, 0));
    // Fifty at once, and the one that was replaced.
    assert_eq!(scene.starts().len(), 51);
    assert_eq!(scene.starts()[..50], vec![began; 50]);
    assert!(began.elapsed() <= rules().least().0);
}

#[tokio::test(start_paused = true)]
async fn too_few_connections_are_told_with_how_many_there_were() {
    let scene = Scene::new(Script {
        places: 37,
        ..Script::default()
    });
    let (code, seen) = stopped(tried(&scene).await);
    assert_eq!(code.as_str(), "postgres.53300");
    assert_eq!(seen.facts.get("opened"), Some(&Value::int(37)));
    assert_eq!(seen.facts.get("waited"), None);
    assert_eq!(scene.open(), 0);
}

#[tokio::test(start_paused = true)]
async fn overflow_that_stays_open_is_told() {
    let lingering = |secs| {
        Scene::new(Script {
            lingers: Duration::from_secs(secs),
            ..Script::default()
        })
    };
    let (code, seen) = stopped(tried(&lingering(6)).await);
    assert_eq!(code.as_str(), "pool.lingers");
    assert_eq!(seen.facts.get("kept"), Some(&Value::int(50)));
    let fault = seen.fault.unwrap();
    assert!(fault.message.contains("30 of 50 connections were closed"));
    let seen = tried(&lingering(4)).await.unwrap();
    let closed = seen.facts.get("overflow_closed").unwrap();
    assert_eq!(closed, &Value::Duration(Duration::from_secs(4)));
}

#[tokio::test(start_paused = true)]
async fn a_login_that_hangs_is_blamed_on_the_login() {
    let scene = Scene::new(Script {
        hangs: vec![11],
        ends: Some(Instant::now() + Duration::from_secs(10)),
        ..Script::default()
    });
    let (code, seen) = stopped(tried(&scene).await);
    assert_eq!(code.as_str(), "sql.timeout.startup");
    assert_eq!(seen.facts.get("opened"), Some(&Value::int(49)));
    assert_eq!(scene.open(), 0);
}

#[tokio::test(start_paused = true)]
async fn nothing_stays_open_when_nobody_waits_any_more() {
    let scene = Scene::new(Script::default());
    let cut = tokio::time::timeout(Duration::from_secs(15), tried(&scene)).await;
    assert!(cut.is_err());
    assert_eq!((scene.most(), scene.open()), (50, 0));
}
