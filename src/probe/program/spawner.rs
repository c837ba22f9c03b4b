//! The one thread that starts programs which are to die with us.

use std::io;
use std::process::{ChildStderr, ChildStdout, Command};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

use tokio::sync::oneshot;
use uuid::Uuid;

use super::kin::MARK;
use super::leader::Leader;

/// A program that was started.
#[derive(Debug)]
pub(in crate::probe) struct Started {
    pub(in crate::probe) leader: Leader,
    pub(in crate::probe) stdout: Option<ChildStdout>,
    pub(in crate::probe) stderr: Option<ChildStderr>,
}

/// With its mark.
type Wanted = (Command, String, oneshot::Sender<io::Result<Started>>);

/// Starts a program that [`launch`](super::launch) made, with a mark of its own in its environment.
///
/// From fork to exec it takes as long as the system is busy, and everything else would wait meanwhile; so a thread does it. It lives
/// as long as we do, because what it started dies with it (PR_SET_PDEATHSIG). Where nobody waits any more for what was started it
/// is dropped, and so killed, at once.
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
        let started = program.spawn().and_then(|mut child| {
            Ok(Started {
                stdout: child.stdout.take(),
                stderr: child.stderr.take(),
                leader: Leader::new(child.id(), &mark)?,
            })
        });
        let _ = tell.send(started);
    }
}
