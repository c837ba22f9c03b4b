//! A process and everything it starts, as one thing that can be ended.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::errno::Errno;
#[cfg(target_os = "linux")]
use nix::sys::prctl;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, getppid, setsid};
use tokio::process::Child;

/// The group of a child. Dropping it kills what is left of it.
#[derive(Debug)]
pub(in crate::probe) struct Group(Option<Pid>);

impl Group {
    /// Starts a program in a session, and so a group, of its own.
    pub(in crate::probe) fn begin(mut program: Command) -> io::Result<(Child, Self)> {
        isolate(&mut program);
        let mut program = tokio::process::Command::from(program);
        program.kill_on_drop(true);
        let child = program.spawn()?;
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        let group = Self(id.map(Pid::from_raw));
        Ok((child, group))
    }

    /// Sends a signal to all of the group. A group that is gone is what was wanted.
    pub(in crate::probe) fn signal(&self, signal: Signal) {
        if let Some(leader) = self.0 {
            let _ = killpg(leader, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
    }
}

/// Has a program set apart once it has been forked.
///
/// What Linux calls the parent here is the *thread* that forks. Workers of the runtime live as long as it does; a thread that
/// comes and goes must not spawn programs.
#[expect(
    unsafe_code,
    reason = "only between fork and exec can a process ask for a session and for its parent's death"
)]
pub(super) fn isolate(program: &mut Command) {
    let parent = Pid::this();
    // SAFETY: between fork and exec only async-signal-safe functions may be called; `set_apart` is one, and an `io::Error` of a
    // number does not allocate.
    unsafe {
        program.pre_exec(move || set_apart(parent).map_err(io::Error::from));
    }
}

/// Gives the calling process, which is to become a program, a session, and so a group, of its own, lets it die with `parent`, and
/// makes it the parent of all whose parent ends while it lives, as the first process of a container is: so one that walked away
/// is still known for its own. Async-signal-safe.
///
/// # Errors
///
/// What the system says; ESRCH when the parent has ended already.
pub(super) fn set_apart(parent: Pid) -> Result<(), Errno> {
    setsid()?;
    #[cfg(target_os = "linux")]
    {
        prctl::set_pdeathsig(Signal::SIGKILL)?;
        // What has no such thing only knows less of who belongs to it.
        let _ = prctl::set_child_subreaper(true);
    }
    // Its death may have come before the wish to hear of it.
    if getppid() == parent {
        Ok(())
    } else {
        Err(Errno::ESRCH)
    }
}
