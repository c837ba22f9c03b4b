//! A program whose outputs are handed over as they come, because they may be long.

use std::process::ExitStatus;

use futures_util::FutureExt;
use nix::sys::signal::Signal;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, ChildStderr, ChildStdout};
use tokio::task::unconstrained;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::ended::{DRAIN, GRACE};
use super::{Group, check_environment, launch, not_started};
use crate::model::{FaultKind, ProbeError, ProcessFault, Unable};
use crate::probe::Invalid;
use crate::probe::argv::Argv;
use crate::probe::look::Halt;
use crate::probe::pairs::Pairs;

/// So much is read at once.
const CHUNK: usize = 64 * 1024;

/// Where a program writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::probe) enum Output {
    Stdout,
    Stderr,
}

/// Takes what comes; an error ends the program.
pub(in crate::probe) type Hear<'h> = dyn FnMut(Output, &[u8]) -> Result<(), Halt> + Send + 'h;

/// How it ended.
pub(in crate::probe) struct Ended {
    pub(in crate::probe) status: ExitStatus,
    /// Somebody else still has its outputs open.
    pub(in crate::probe) is_held: bool,
}

/// A program without input that is listened to.
pub(in crate::probe) struct Streamed {
    argv: Argv,
    env: Pairs,
    cwd: Option<String>,
}

impl Streamed {
    /// A program that can be run; else what is wrong, in `argv` or `env`.
    pub(in crate::probe) fn new(
        argv: Argv,
        env: Pairs,
        cwd: Option<String>,
    ) -> Result<Self, Invalid> {
        argv.check()?;
        check_environment(&env)?;
        Ok(Self { argv, env, cwd })
    }

    /// What failures are grouped by.
    pub(in crate::probe) fn resource(&self) -> String {
        format!("proc:{}", self.argv.split().0)
    }

    fn spawn(&self) -> Result<(Child, Group), ProbeError> {
        let program = launch(&self.argv, &self.env, self.cwd.as_deref())?;
        Group::begin(program).map_err(|error| not_started(&self.argv, &error))
    }

    /// Runs it until it has ended and nothing more comes. Near the deadline it is asked to end, then killed, with everything it
    /// has started; what it still says is heard.
    pub(in crate::probe) async fn run(
        &self,
        deadline: Instant,
        hear: &mut Hear<'_>,
    ) -> Result<Ended, Halt> {
        let (mut child, group) = self.spawn().map_err(Halt::Unable)?;
        let mut outputs = Outputs {
            stdout: child.stdout.take(),
            stderr: child.stderr.take(),
            status: None,
            until: deadline,
            is_killed: false,
            is_held: false,
        };
        let budget = deadline.saturating_duration_since(Instant::now());
        let asked_at = deadline - GRACE.min(budget / 5);
        let ending = outputs.until_end(&mut child, &group, hear);
        if let Ok(ended) = timeout_at(asked_at, ending).await {
            return ended;
        }
        group.signal(Signal::SIGTERM);
        let ending = outputs.until_end(&mut child, &group, hear);
        let how = match timeout_at(deadline, ending).await {
            Ok(Err(halt)) => return Err(halt),
            Ok(Ok(_)) => "asked to end",
            Err(_) => "killed",
        };
        group.signal(Signal::SIGKILL);
        Err(Halt::fault(
            FaultKind::Process(ProcessFault::Timeout),
            format!("still running when the budget of {budget:.0?} was used up; {how}"),
        ))
    }
}

/// The outputs of a child, and how far its end has come.
struct Outputs {
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    status: Option<ExitStatus>,
    /// Once it has ended: how long what it wrote may be on its way.
    until: Instant,
    /// What was left of its group was killed.
    is_killed: bool,
    is_held: bool,
}

impl Outputs {
    async fn until_end(
        &mut self,
        child: &mut Child,
        group: &Group,
        hear: &mut Hear<'_>,
    ) -> Result<Ended, Halt> {
        let (mut out, mut err) = (vec![0; CHUNK], vec![0; CHUNK]);
        loop {
            if self.stdout.is_none()
                && self.stderr.is_none()
                && let Some(status) = self.status
            {
                let is_held = self.is_held;
                return Ok(Ended { status, is_held });
            }
            tokio::select! {
                count = read(&mut self.stdout, &mut out), if self.stdout.is_some() => {
                    self.came(Output::Stdout, &out[..count], hear)?;
                }
                count = read(&mut self.stderr, &mut err), if self.stderr.is_some() => {
                    self.came(Output::Stderr, &err[..count], hear)?;
                }
                status = child.wait(), if self.status.is_none() => {
                    self.status = Some(status.map_err(|error| {
                        Halt::unable(Unable::Program, format!("waiting for its end: {error}"))
                    })?);
                    self.until = Instant::now() + DRAIN;
                }
                () = sleep_until(self.until), if self.status.is_some() => {
                    if self.is_killed {
                        self.rest(&mut out, hear)?;
                    } else {
                        group.signal(Signal::SIGKILL);
                        self.is_killed = true;
                        self.until = Instant::now() + DRAIN;
                    }
                }
            }
        }
    }

    fn came(&mut self, output: Output, bytes: &[u8], hear: &mut Hear<'_>) -> Result<(), Halt> {
        if !bytes.is_empty() {
            return hear(output, bytes);
        }
        match output {
            Output::Stdout => self.stdout = None,
            Output::Stderr => self.stderr = None,
        }
        Ok(())
    }

    /// Its group is gone, and the outputs are open: who has left the group is not waited for, once all that is there was read.
    fn rest(&mut self, buffer: &mut [u8], hear: &mut Hear<'_>) -> Result<(), Halt> {
        let count = unconstrained(read(&mut self.stdout, buffer)).now_or_never();
        if let Some(count) = count.filter(|_| self.stdout.is_some()) {
            return self.came(Output::Stdout, &buffer[..count], hear);
        }
        let count = unconstrained(read(&mut self.stderr, buffer)).now_or_never();
        if let Some(count) = count.filter(|_| self.stderr.is_some()) {
            return self.came(Output::Stderr, &buffer[..count], hear);
        }
        self.stdout = None;
        self.stderr = None;
        self.is_held = true;
        Ok(())
    }
}

/// How many bytes came; 0 at the end. An output that cannot be read has ended.
async fn read<R: AsyncRead + Unpin>(pipe: &mut Option<R>, buffer: &mut [u8]) -> usize {
    match pipe {
        Some(pipe) => pipe.read(buffer).await.unwrap_or_default(),
        None => 0,
    }
}
