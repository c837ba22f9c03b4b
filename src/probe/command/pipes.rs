//! What a process is told and what it says.

use std::process::ExitStatus;

use nix::sys::signal::Signal;
use regex::bytes::Regex;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use tokio::time::timeout;

use super::{DRAIN, SHOWN};
use crate::model::{FaultKind, Keep, ProcessFault, Unable, Value};
use crate::probe::json;
use crate::probe::look::{Halt, Look};
use crate::probe::program::Group;

/// So much of each output is read.
pub(super) const MOST: usize = 1024 * 1024;

/// Of a longer secret the masked forms would fill our memory.
const MASKABLE: usize = 16 * 1024;

/// The three standard streams of a child. Everything read stays here when reading is cut short.
pub(super) struct Pipes {
    stdin: Option<(ChildStdin, Vec<u8>)>,
    stdout: Output<ChildStdout>,
    stderr: Output<ChildStderr>,
    /// Somebody else still has them open.
    are_held: bool,
}

struct Output<R> {
    pipe: Option<R>,
    read: Vec<u8>,
}

impl Pipes {
    pub(super) fn of(child: &mut Child, stdin: Option<&str>) -> Self {
        let text = stdin.unwrap_or_default().as_bytes().to_vec();
        Self {
            stdin: child.stdin.take().map(|pipe| (pipe, text)),
            stdout: Output {
                pipe: child.stdout.take(),
                read: Vec::new(),
            },
            stderr: Output {
                pipe: child.stderr.take(),
                read: Vec::new(),
            },
            are_held: false,
        }
    }

    /// Speaks and listens until the process has ended and nothing more comes, or until too much came.
    ///
    /// Something it has started may keep its outputs open: once the process has ended the rest of its group is killed, and what
    /// has left the group is not waited for.
    pub(super) async fn until_exit(
        &mut self,
        child: &mut Child,
        group: &Group,
    ) -> Result<ExitStatus, Halt> {
        let Self {
            stdin,
            stdout,
            stderr,
            are_held,
        } = self;
        let feeding = feed(stdin.take());
        let talking =
            async { tokio::try_join!(feeding, stdout.drain(), stderr.drain()).map(|_| ()) };
        tokio::pin!(talking);
        let mut has_finished = false;
        let status = loop {
            tokio::select! {
                status = child.wait() => break status.map_err(|error| {
                    Halt::unable(Unable::Program, format!("waiting for its end: {error}"))
                })?,
                talked = &mut talking, if !has_finished => {
                    talked?;
                    has_finished = true;
                }
            }
        };
        if !has_finished {
            let mut talked = timeout(DRAIN, &mut talking).await;
            if talked.is_err() {
                group.signal(Signal::SIGKILL);
                talked = timeout(DRAIN, &mut talking).await;
            }
            match talked {
                Ok(talked) => talked?,
                Err(_) => *are_held = true,
            }
        }
        Ok(status)
    }

    /// Records what was said.
    pub(super) fn tell(self, look: &mut Look<'_>) {
        if self.are_held {
            let note = "something it started keeps its output open; reading has stopped";
            look.evidence("note", note.to_owned(), Keep::First(SHOWN));
        }
        let stdout = text(self.stdout.read);
        let stderr = text(self.stderr.read);
        if let Some(json) = json::parse(&stdout) {
            look.fact("json", json);
        }
        for (name, text) in [("stdout", stdout), ("stderr", stderr)] {
            if !text.is_empty() {
                look.evidence(name, text.clone(), Keep::Last(SHOWN));
            }
            look.fact(name, Value::Untyped(text));
        }
    }
}

impl Pipes {
    /// Records whether what was said is a secret of this form, and nothing else of it. Only the whole of it has a form.
    pub(super) fn tell_form(self, form: &Regex, is_whole: bool, look: &mut Look<'_>) {
        let (secret, is_whole) = (self.stdout.read, is_whole && !self.are_held);
        if is_whole {
            look.fact("well_formed", Value::Bool(form.is_match(&secret)));
        }
        let stderr = text(self.stderr.read);
        // It may say the secret again, to complain of it; what cannot be masked there is not shown.
        let is_hidden = secret.is_empty() || {
            secret.len() <= MASKABLE && look.ctx.shared.mask.add(&text(secret))
        };
        if is_hidden {
            if !stderr.is_empty() {
                look.evidence("stderr", stderr.clone(), Keep::Last(SHOWN));
            }
            look.fact("stderr", Value::Untyped(stderr));
        }
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// A process that does not read to the end has had enough.
async fn feed(stdin: Option<(ChildStdin, Vec<u8>)>) -> Result<(), Halt> {
    if let Some((mut pipe, text)) = stdin {
        let _ = pipe.write_all(&text).await;
    }
    Ok(())
}

impl<R: AsyncRead + Unpin> Output<R> {
    async fn drain(&mut self) -> Result<(), Halt> {
        let Some(pipe) = &mut self.pipe else {
            return Ok(());
        };
        loop {
            let room = (MOST - self.read.len()) as u64;
            if room == 0 {
                return Err(Halt::fault(
                    FaultKind::Process(ProcessFault::TooLarge),
                    format!("more than {MOST} bytes on one output"),
                ));
            }
            match pipe.take(room).read_buf(&mut self.read).await {
                Ok(0) | Err(_) => return Ok(()),
                Ok(_) => {}
            }
        }
    }
}
