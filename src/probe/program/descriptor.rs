//! A process by a descriptor of it (pidfd_open(2)): it can be waited for, and never be mistaken for another.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use nix::sys::signal::Signal;
use nix::unistd::Pid;
use tokio::io::unix::AsyncFd;

/// A process that lives, or has ended.
#[derive(Debug)]
pub(in crate::probe) struct Descriptor(AsyncFd<OwnedFd>);

impl Descriptor {
    /// Of the process that has this number now.
    #[expect(unsafe_code, reason = "whose the descriptor is must be promised")]
    pub(super) fn of(pid: Pid) -> io::Result<Self> {
        let process = open(pid)?;
        // SAFETY: an `OwnedFd` names the same open descriptor as long as it lives, and nobody gets hold of it inside.
        let registered = unsafe { AsyncFd::register(process) };
        registered.map(Self).map_err(Into::into)
    }

    /// Ends when the process has ended.
    pub(super) async fn ended(&self) {
        // It stays readable from then on; where it cannot be waited for there is nothing to wait for.
        let _ = self.0.readable().await;
    }
}

/// A descriptor of the process that has this number now.
#[expect(unsafe_code, reason = "libc has no function for it yet")]
pub(super) fn open(pid: Pid) -> io::Result<OwnedFd> {
    // SAFETY: the call takes two numbers, and what it gives is a descriptor that nobody else has.
    unsafe {
        let opened = libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0);
        if opened < 0 {
            return Err(io::Error::last_os_error());
        }
        let opened = i32::try_from(opened).map_err(io::Error::other)?;
        Ok(OwnedFd::from_raw_fd(opened))
    }
}

/// Sends a signal to the process, whoever has its number now.
#[expect(unsafe_code, reason = "libc has no function for it yet")]
pub(super) fn send(process: &OwnedFd, signal: Signal) {
    // SAFETY: the descriptor is open, and no information is given along.
    unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            process.as_raw_fd(),
            signal as libc::c_int,
            std::ptr::null::<libc::siginfo_t>(),
            0,
        );
    }
}
