//! A program's cost, from its start to its end: what the system says of a child it has reaped.

use std::mem::MaybeUninit;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

/// What one run of a program cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// From the spawn to the reaping.
    pub(crate) wall: Duration,
    /// The most memory it had resident, in bytes. A child begins with what its parent had, so ours stays small.
    pub(crate) peak: u64,
}

impl Cost {
    /// The median time of several runs, and the most memory of any.
    pub(crate) fn of(runs: &[Self]) -> Self {
        let mut walls: Vec<Duration> = runs.iter().map(|run| run.wall).collect();
        walls.sort_unstable();
        let wall = walls.get(walls.len() / 2).copied().unwrap_or_default();
        Self {
            wall,
            peak: runs.iter().map(|run| run.peak).max().unwrap_or_default(),
        }
    }
}

/// Runs a program to its end. One that does not exit 0 has not done its work, and costs nothing that could be compared.
pub(crate) fn cost(command: &mut Command) -> Result<Cost> {
    let started = Instant::now();
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .context("could not start")?;
    let (status, peak) = reap(child.id())?;
    let wall = started.elapsed();
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(Cost { wall, peak })
}

#[expect(unsafe_code, reason = "`std` waits without saying what the child used")]
fn reap(pid: u32) -> Result<(ExitStatus, u64)> {
    let pid = libc::pid_t::try_from(pid)?;
    let (mut status, mut usage) = (0, MaybeUninit::<libc::rusage>::uninit());
    // SAFETY: the process is our own child, which nobody else waits for, and both pointers are ours to be written.
    let reaped = unsafe { libc::wait4(pid, &raw mut status, 0, usage.as_mut_ptr()) };
    if reaped != pid {
        return Err(std::io::Error::last_os_error()).context("could not wait");
    }
    // SAFETY: a child was reaped, so the system has written what it used.
    let usage = unsafe { usage.assume_init() };
    // Linux counts in KiB.
    Ok((
        ExitStatus::from_raw(status),
        u64::try_from(usage.ru_maxrss)? * 1024,
    ))
}
