//! A program that was started, with all that belongs to it, until it is over.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::process::{ChildStderr, ChildStdout};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::Process;
use crate::model::{ProbeError, Unable};
use crate::probe::program::{Kin, Leader, Spent, Watch, launch, not_started, spawn};

/// A program. Dropping it kills everything that belongs to it, and then removes its temporary directory.
#[derive(Debug)]
pub(super) struct Running {
    leader: Leader,
    watch: Watch,
    /// t0: what its times count from.
    pub(super) started: Instant,
    /// t1: from then until it was there.
    pub(super) spawned: Duration,
    _scratch: Scratch,
}

/// What it writes to.
pub(super) type Pipes = (ChildStdout, ChildStderr);

impl Running {
    /// Starts it.
    pub(super) async fn start(
        process: &Process,
        started: Instant,
        until: Instant,
    ) -> Result<(Self, Pipes), ProbeError> {
        let mut program = launch(&process.argv, &process.env, process.cwd.as_deref())?;
        let scratch = Scratch::new().map_err(|error| {
            ProbeError::new(Unable::File, format!("no temporary directory: {error}"))
        })?;
        if !process.env.0.iter().any(|(name, _)| name == "TMPDIR") {
            program.env("TMPDIR", &scratch.0);
        }
        let begun = timeout_at(until, spawn(program)).await.map_err(|_| {
            let message = "this machine did not come to start it within the budget";
            ProbeError::new(Unable::Limit, message)
        })?;
        let begun = begun.map_err(|error| not_started(&process.argv, &error))?;
        let leader = begun.leader;
        let running = Self {
            spawned: started.elapsed(),
            watch: leader.watch(),
            leader,
            started,
            _scratch: scratch,
        };
        let unread = |error: io::Error| {
            ProbeError::new(Unable::Limit, format!("its output cannot be read: {error}"))
        };
        let stdout = ChildStdout::from_std(begun.stdout).map_err(unread)?;
        let stderr = ChildStderr::from_std(begun.stderr).map_err(unread)?;
        Ok((running, (stdout, stderr)))
    }

    /// Its number.
    pub(super) fn pid(&self) -> i32 {
        self.leader.pid().as_raw()
    }

    /// Who belongs to it, where the system tells.
    pub(super) fn kin(&self) -> Option<&Kin> {
        self.leader.kin()
    }

    /// Ends when it has ended.
    pub(super) async fn ended(&self) {
        self.watch.ended().await;
    }

    /// Whether it has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.leader.has_ended()
    }

    /// Sends a signal to it alone.
    pub(super) fn signal(&self, signal: Signal) {
        self.leader.signal(signal);
    }

    /// Sends a signal to it and its group.
    pub(super) fn signal_all(&self, signal: Signal) {
        self.leader.signal_all(signal);
    }

    /// How it ended: the last thing to ask for, since from then on its number may be another's.
    pub(super) fn reap(&mut self) -> Option<Spent> {
        self.leader.reap()
    }
}

/// Asks the system what may take a while, so that nobody else has to wait meanwhile.
pub(super) async fn asked<T: Send + 'static>(ask: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(ask).await {
        Ok(told) => told,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime ends, and this look with it.
            Err(_) => std::future::pending().await,
        },
    }
}

/// A directory of its own, removed with all that is in it.
#[derive(Debug)]
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("allclear-{}", Uuid::new_v4()));
        fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
