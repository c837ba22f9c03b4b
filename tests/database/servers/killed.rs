use std::collections::BTreeSet;
use std::env;
use std::fs::{self, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::{Session, at_work};
use crate::support::{MariaDb, Postgres, Redis, mariadb, postgres, redis};

/// Far more than they take to end.
const TOO_LONG: Duration = Duration::from_secs(30);

/// Tells the test that it is the one to be killed.
const VICTIM: &str = "ALLCLEAR_VICTIM";

#[test]
fn nothing_runs_on_when_a_test_is_killed() {
    if env::var_os(VICTIM).is_some() {
        return wait_to_be_killed();
    }
    // It cannot clear up after itself, so that is done here. The servers may be somebody who must get in.
    let place = tempfile::tempdir().unwrap();
    fs::set_permissions(place.path(), Permissions::from_mode(0o755)).unwrap();
    let name = "servers::killed::nothing_runs_on_when_a_test_is_killed";
    let mut victim = Session::open(
        Command::new(env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(VICTIM, "")
            .env("TMPDIR", place.path()),
    );
    while victim.hears() != "they run" {}
    let servers = at_work(place.path());
    assert!(servers.len() > 8, "{servers:?}");
    drop(victim);
    let started = Instant::now();
    while !at_work(place.path()).is_empty() {
        assert!(started.elapsed() < TOO_LONG, "they run on");
        thread::yield_now();
    }
    assert!(owners_of_memory().is_disjoint(&servers));
}

/// Half of them hang: who is stopped does not notice that his parent is gone.
fn wait_to_be_killed() {
    let (_running, mut frozen) = (all(), all());
    frozen.0.freeze();
    frozen.1.freeze();
    frozen.2.freeze();
    io::stdout().write_all(b"\nthey run\n").unwrap();
    let _ = io::stdin().read(&mut [0]);
}

fn all() -> (Postgres, MariaDb, Redis) {
    (
        Postgres::start(&postgres::Options::default()),
        MariaDb::start(&mariadb::Options::default()),
        Redis::start(&redis::Options::default()),
    )
}

/// Who made the segments of shared memory there are: sysvipc(7).
fn owners_of_memory() -> BTreeSet<u32> {
    let segments = fs::read_to_string("/proc/sysvipc/shm").unwrap();
    let owner = |line: &str| line.split_whitespace().nth(4)?.parse().ok();
    segments.lines().filter_map(owner).collect()
}
