use std::sync::Arc;

use tokio::time::{Instant, sleep};

use super::super::testing::{Scene, Script};
use super::*;

const PATIENCE: Duration = Duration::from_secs(30);

fn pool(size: u32, overflow: u32) -> (Scene, Arc<Queue<Scene>>) {
    let scene = Scene::new(Script::default());
    let pool = Queue::new(scene.clone(), size, overflow, PATIENCE);
    (scene, Arc::new(pool))
}

#[tokio::test(start_paused = true)]
async fn it_opens_what_is_asked_for_and_keeps_what_it_may() {
    let (scene, pool) = pool(2, 3);
    assert_eq!((scene.starts().len(), pool.opened()), (0, 0));
    let one = pool.check_out().await.unwrap();
    assert_eq!(scene.open(), 1);
    pool.check_in(one).await;
    let one = pool.check_out().await.unwrap();
    assert_eq!(pool.opened(), 1, "the kept one is used again");
    let mut out = vec![one];
    for _ in 0..4 {
        out.push(pool.check_out().await.unwrap());
    }
    assert_eq!(scene.open(), 5);
    for lease in out {
        pool.check_in(lease).await;
    }
    assert_eq!((scene.open(), pool.kept().len()), (2, 2));
    pool.close().await;
    assert_eq!((scene.open(), scene.most()), (0, 5));
}

#[tokio::test(start_paused = true)]
async fn who_waits_longest_is_next() {
    let (_scene, pool) = pool(1, 0);
    let held = pool.check_out().await.unwrap();
    let order = Arc::new(Mutex::new(Vec::new()));
    let waiting: Vec<_> = (0..5)
        .map(|turn| {
            let (pool, order) = (pool.clone(), order.clone());
            tokio::spawn(async move {
                // Asking one after the other.
                sleep(Duration::from_millis(turn)).await;
                let lease = pool.check_out().await.unwrap();
                order.lock().unwrap().push(turn);
                sleep(Duration::from_secs(1)).await;
                pool.check_in(lease).await;
            })
        })
        .collect();
    sleep(Duration::from_secs(1)).await;
    assert!(order.lock().unwrap().is_empty());
    pool.check_in(held).await;
    join_all(waiting).await;
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4]);
    assert_eq!(pool.opened(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_waits_in_vain_gives_up_and_takes_nothing() {
    let (_scene, pool) = pool(1, 1);
    let (one, two) = (
        pool.check_out().await.unwrap(),
        pool.check_out().await.unwrap(),
    );
    let asked = Instant::now();
    assert!(matches!(pool.check_out().await, Err(NotGiven::TimedOut)));
    assert_eq!(asked.elapsed(), PATIENCE);
    // Nor does one that is dropped while it waits.
    let dropped = timeout(PATIENCE / 2, pool.check_out()).await;
    assert!(dropped.is_err());
    pool.check_in(one).await;
    pool.check_in(two).await;
    let again = (
        pool.check_out().await.unwrap(),
        pool.check_out().await.unwrap(),
    );
    assert_eq!(pool.opened(), 3, "one was kept, one is new");
    drop(again);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_lease_gives_its_place_back_and_a_dead_one_is_replaced() {
    let (scene, pool) = pool(1, 0);
    drop(pool.check_out().await.unwrap());
    assert_eq!(scene.open(), 0);
    let lease = pool.check_out().await.unwrap();
    pool.check_in(lease).await;
    scene.kill(pool.kept()[0]);
    assert_eq!(scene.open(), 0);
    let lease = pool.check_out().await.unwrap();
    assert_eq!((scene.open(), pool.replaced(), pool.opened()), (1, 1, 3));
    pool.check_in(lease).await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_login_gives_its_place_back() {
    let scene = Scene::new(Script {
        places: 1,
        ..Script::default()
    });
    let pool = Queue::new(scene.clone(), 2, 0, PATIENCE);
    let one = pool.check_out().await.unwrap();
    assert!(matches!(pool.check_out().await, Err(NotGiven::Refused(_))));
    drop(one);
    assert!(pool.check_out().await.is_ok());
}
