//! The one thread that starts programs which are to die with us.

use std::io;
use std::process::{ChildStderr, ChildStdout, Command};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

use nix::unistd::Pid;
use tokio::sync::oneshot;
use uuid::Uuid;

#[cfg(not(target_os = "linux"))]
use super::group::isolate;
use super::kin::MARK;
use super::leader::Leader;
#[cfg(target_os = "linux")]
use super::vfork::begin;

/// A program that was started.
#[derive(Debug)]
pub(in crate::probe) struct Started {
    pub(in crate::probe) leader: Leader,
    pub(in crate::probe) stdout: ChildStdout,
    pub(in crate::probe) stderr: ChildStderr,
}

/// A process that runs now.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) pid: Pid,
    pub(super) stdout: ChildStdout,
    pub(super) stderr: ChildStderr,
}

/// With its mark.
type Wanted = (Command, String, oneshot::Sender<io::Result<Started>>);

/// Starts a program that [`launch`](super::launch()) made, with a mark of its own in its environment.
///
/// Until it is there it takes as long as the system is busy, and everything else would wait meanwhile; so a thread does it. It
/// lives as long as we do, because what it started dies with it (PR_SET_PDEATHSIG). Where nobody waits any more for what was
/// started it is dropped, and so killed, at once.
pub(in crate::probe) async fn spawn(mut program: Command) -> io::Result<Started> {
    let (tell, told) = oneshot::channel();
    let mark = Uuid::new_v4().to_string();
    program.env(MARK, &mark);
    wish((program, mark, tell))?;
    told.await.map_err(io::Error::other)?
}

fn wish(wanted: Wanted) -> io::Result<()> {
    static SPAWNER: OnceLock<Mutex<Sender<Wanted>>> = OnceLock::new();
    let spawner = if let Some(known) = SPAWNER.get() {
        known
    } else {
        let (send, wishes) = channel();
        let thread = thread::Builder::new().name("spawner".to_owned());
        thread.spawn(move || serve(&wishes))?;
        // Of two that came here at once one thread has nothing to do, and ends.
        SPAWNER.get_or_init(|| Mutex::new(send))
    };
    let spawner = spawner.lock().unwrap_or_else(PoisonError::into_inner);
    spawner.send(wanted).map_err(io::Error::other)
}

fn serve(wishes: &Receiver<Wanted>) {
    while let Ok((mut program, mark, tell)) = wishes.recv() {
        if tell.is_closed() {
            continue;
        }
        let started = begin(&mut program).map(|begun| Started {
            leader: Leader::new(begun.pid, &mark),
            stdout: begun.stdout,
            stderr: begun.stderr,
        });
        let _ = tell.send(started);
    }
}

#[cfg(not(target_os = "linux"))]
fn begin(program: &mut Command) -> io::Result<Begun> {
    isolate(program);
    let mut child = program.spawn()?;
    let pid = i32::try_from(child.id()).map_err(io::Error::other)?;
    let piped = || io::Error::other("its output is not piped to us");
    Ok(Begun {
        pid: Pid::from_raw(pid),
        stdout: child.stdout.take().ok_or_else(piped)?,
        stderr: child.stderr.take().ok_or_else(piped)?,
    })
}
