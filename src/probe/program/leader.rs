//! A process we started ourselves, so that we hear how it ended and what it took.

use std::io;
use std::mem::MaybeUninit;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::thread;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use tokio::sync::watch;

#[cfg(target_os = "linux")]
use super::descriptor::Descriptor;
use super::kin::Kin;

/// The first process of a session of its own. As long as it was not reaped its number is nobody else's, and neither is that of
/// its group: so it is reaped last of all. Dropping it kills its group, and all who belong to it.
#[derive(Debug)]
pub(in crate::probe) struct Leader {
    pid: Pid,
    kin: Option<Kin>,
    is_reaped: bool,
}

/// How a process ended, and what it took.
#[derive(Debug, Clone, Copy)]
pub(in crate::probe) struct Spent {
    pub(in crate::probe) status: ExitStatus,
    /// The most memory that it, or one of its children that it waited for, had at once, in bytes.
    pub(in crate::probe) max_rss: u64,
}

impl Leader {
    /// Of a child that was given a session, and this mark.
    pub(super) fn new(pid: Pid, mark: &str) -> Self {
        Self {
            pid,
            kin: Kin::of(pid, mark),
            is_reaped: false,
        }
    }

    /// Who belongs to it, where the system tells.
    pub(in crate::probe) fn kin(&self) -> Option<&Kin> {
        self.kin.as_ref()
    }

    pub(in crate::probe) fn pid(&self) -> Pid {
        self.pid
    }

    /// Whether it has ended.
    pub(in crate::probe) fn has_ended(&self) -> bool {
        has_ended(self.pid, libc::WNOHANG)
    }

    /// Sends a signal to it alone.
    pub(in crate::probe) fn signal(&self, signal: Signal) {
        if !self.is_reaped {
            let _ = kill(self.pid, signal);
        }
    }

    /// Sends a signal to all of its group. A group that is gone is what was wanted.
    pub(in crate::probe) fn signal_all(&self, signal: Signal) {
        if !self.is_reaped {
            let _ = killpg(self.pid, signal);
        }
    }

    /// What hears of its end.
    pub(in crate::probe) fn watch(&self) -> Watch {
        #[cfg(target_os = "linux")]
        if let Ok(descriptor) = Descriptor::of(self.pid) {
            return Watch::Descriptor(descriptor);
        }
        let (tell, told) = watch::channel(false);
        let pid = self.pid;
        let waiting = thread::Builder::new().spawn(move || {
            has_ended(pid, 0);
            let _ = tell.send(true);
        });
        match waiting {
            Ok(_) => Watch::Thread(told),
            Err(_) => Watch::Asking(pid),
        }
    }

    /// How it ended; `None` while it has not. From then on its number may be another's.
    pub(in crate::probe) fn reap(&mut self) -> Option<Spent> {
        if self.is_reaped {
            return None;
        }
        let spent = wait(self.pid, libc::WNOHANG)?;
        self.is_reaped = true;
        Some(spent)
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        if self.is_reaped {
            return;
        }
        if let Some(kin) = &self.kin {
            kin.remember();
        }
        self.signal_all(Signal::SIGKILL);
        if let Some(kin) = &self.kin {
            kin.kill_others();
        }
        if self.reap().is_none() {
            // A process that was killed ends in a moment, but not always in this one, and nobody waits here.
            let pid = self.pid;
            let _ = thread::Builder::new().spawn(move || wait(pid, 0));
        }
    }
}

/// Hears of the end of a process that was not reaped.
#[derive(Debug)]
pub(in crate::probe) enum Watch {
    /// It becomes readable (pidfd_open(2)).
    #[cfg(target_os = "linux")]
    Descriptor(Descriptor),
    /// A thread waits.
    Thread(watch::Receiver<bool>),
    /// We have neither, and ask again and again.
    Asking(Pid),
}

impl Watch {
    /// Ends when the process has ended. May be given up and asked again.
    pub(in crate::probe) async fn ended(&self) {
        match self {
            #[cfg(target_os = "linux")]
            Self::Descriptor(descriptor) => descriptor.ended().await,
            Self::Thread(told) => {
                // A thread that is gone without a word has nothing to wait for any more.
                let _ = told.clone().wait_for(|ended| *ended).await;
            }
            Self::Asking(pid) => {
                while !has_ended(*pid, libc::WNOHANG) {
                    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                }
            }
        }
    }
}

/// Whether a child of ours has ended; it is not reaped. Without `WNOHANG` it is waited for.
#[expect(unsafe_code, reason = "only waitid(2) tells of an end without reaping")]
fn has_ended(pid: Pid, flags: libc::c_int) -> bool {
    let Ok(id) = libc::id_t::try_from(pid.as_raw()) else {
        return true;
    };
    let flags = libc::WEXITED | libc::WNOWAIT | flags;
    loop {
        let mut told = MaybeUninit::<libc::siginfo_t>::zeroed();
        // SAFETY: `told` has room for what is written, and all zeros are a value of it.
        let (outcome, told) = unsafe {
            let outcome = libc::waitid(libc::P_PID, id, told.as_mut_ptr(), flags);
            (outcome, told.assume_init())
        };
        match outcome {
            0 => return told.si_signo != 0,
            _ if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            // It is no child of ours any more: reaped.
            _ => return true,
        }
    }
}

/// Reaps a child of ours.
#[expect(unsafe_code, reason = "only wait4(2) tells what a process took")]
fn wait(pid: Pid, flags: libc::c_int) -> Option<Spent> {
    loop {
        let mut status = 0;
        let mut usage = MaybeUninit::<libc::rusage>::zeroed();
        // SAFETY: both have room for what is written, and all zeros are a value of a `rusage`.
        let (outcome, usage) = unsafe {
            let outcome = libc::wait4(pid.as_raw(), &raw mut status, flags, usage.as_mut_ptr());
            (outcome, usage.assume_init())
        };
        match outcome {
            0 => return None,
            _ if outcome == pid.as_raw() => {
                return Some(Spent {
                    status: ExitStatus::from_raw(status),
                    max_rss: bytes(usage.ru_maxrss),
                });
            }
            _ if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            _ => return None,
        }
    }
}

/// Linux counts in KiB (getrusage(2)), Darwin in bytes.
fn bytes(max_rss: libc::c_long) -> u64 {
    let unit = if cfg!(target_os = "linux") { 1024 } else { 1 };
    u64::try_from(max_rss).unwrap_or(0).saturating_mul(unit)
}
