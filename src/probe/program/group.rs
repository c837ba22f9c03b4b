//! A process and everything it starts, as one thing that can be ended.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// The group of a child. Dropping it kills what is left of it.
#[derive(Debug)]
pub(in crate::probe) struct Group(Option<Pid>);

impl Group {
    /// The group that [`isolate`] gave the child with this id.
    pub(in crate::probe) fn of(child: Option<u32>) -> Self {
        let id = child.and_then(|id| i32::try_from(id).ok());
        Self(id.map(Pid::from_raw))
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

/// Gives a program a session, and so a group, of its own, lets it die with us, and makes it the parent of all whose parent ends while
/// it lives, as the first process of a container is: so one that walked away is still known for its own.
///
/// What Linux calls the parent here is the *thread* that forks. Workers of the runtime live as long as it does; a thread that
/// comes and goes must not spawn programs.
#[expect(
    unsafe_code,
    reason = "only between fork and exec can a process ask for a session and for its parent's death"
)]
pub(in crate::probe) fn isolate(program: &mut Command) {
    let parent = std::process::id();
    // SAFETY: between fork and exec only async-signal-safe functions may be called; setsid, prctl and getppid are, and building
    // an `io::Error` from errno does not allocate.
    unsafe {
        program.pre_exec(move || {
            if libc::setsid() == -1 {
                return Err(io::Error::last_os_error());
            }
            #[cfg(target_os = "linux")]
            {
                if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) == -1 {
                    return Err(io::Error::last_os_error());
                }
                // What has no such thing only knows less of who belongs to it.
                libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1);
                // Our death may have come before the wish to hear of it.
                if u32::try_from(libc::getppid()) != Ok(parent) {
                    return Err(io::Error::from_raw_os_error(libc::ESRCH));
                }
            }
            Ok(())
        });
    }
}
