//! A process and all it started, also those that went into groups of their own, as PostgreSQL's do.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, PipeWriter};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};
use std::thread;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Stops a child of ours, and all it started. Who is stopped starts nobody, so none is missed.
pub(super) fn stop(eldest: Pid) -> Vec<Pid> {
    let mut family = Vec::new();
    let mut generation = vec![eldest];
    while !generation.is_empty() {
        for &member in &generation {
            let _ = kill(member, Signal::SIGSTOP);
        }
        for &member in &generation {
            while Status::of(member).is_some_and(|status| !status.is_still()) {
                thread::yield_now();
            }
        }
        let next = everybody()
            .filter(|&somebody| {
                Status::of(somebody).is_some_and(|status| generation.contains(&status.parent))
            })
            .collect();
        family.append(&mut generation);
        generation = next;
    }
    family
}

/// Who works in this directory.
pub(crate) fn at_work(directory: &Path) -> BTreeSet<u32> {
    let is_here = |&somebody: &Pid| {
        let place = fs::read_link(format!("/proc/{somebody}/cwd"));
        place.is_ok_and(|place| place.starts_with(directory))
    };
    let here = everybody().filter(is_here);
    here.map(|process| process.as_raw().unsigned_abs())
        .collect()
}

fn everybody() -> impl Iterator<Item = Pid> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| Some(Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)))
}

/// What the kernel tells of a process: proc_pid_stat(5).
struct Status {
    state: u8,
    parent: Pid,
}

impl Status {
    fn of(process: Pid) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The name stands in parentheses, and may have some itself.
        let mut fields = text.rsplit_once(") ")?.1.split(' ');
        Some(Self {
            state: *fields.next()?.as_bytes().first()?,
            parent: Pid::from_raw(fields.next()?.parse().ok()?),
        })
    }

    /// Stopped, or dead.
    fn is_still(&self) -> bool {
        b"TtZX".contains(&self.state)
    }
}

/// Processes that are stopped; killed when this is dropped. A stopped process does not see that its parent is gone, so
/// somebody who is not stopped watches over them: it kills them when the test dies.
pub(super) struct Frozen {
    members: Vec<Pid>,
    guard: Child,
    _alive: PipeWriter,
}

impl Frozen {
    pub(super) fn new(members: Vec<Pid>) -> Self {
        let (dead, alive) = io::pipe().unwrap();
        let guard = Command::new("/bin/sh")
            .args(["-c", "read _; kill -s KILL \"$@\" 2>/dev/null", "guard"])
            .args(members.iter().map(ToString::to_string))
            .env_clear()
            .stdin(dead)
            .process_group(0)
            .spawn()
            .unwrap();
        Self {
            members,
            guard,
            _alive: alive,
        }
    }

    /// Lets them go on where they were.
    pub(super) fn thaw(mut self) {
        for member in std::mem::take(&mut self.members) {
            // Nobody who is stopped can end, but he can have been killed.
            let _ = kill(member, Signal::SIGCONT);
        }
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        let _ = self.guard.kill();
        let _ = self.guard.wait();
        for &member in &self.members {
            let _ = kill(member, Signal::SIGKILL);
        }
    }
}
