//! Who starts the service again when it has ended.

use std::io;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{sleep, timeout};

use super::arguments::{Arguments, Role};
use super::program::SERVICE_FLAG;
use super::say::say;
use crate::demo::Fault;

/// Between an end and the next start: one that ends at once must not burn the processor.
const PAUSE: Duration = Duration::from_millis(10);

/// How long the service may take to end once it is asked to.
const PATIENCE: Duration = Duration::from_secs(2);

/// Supervises until it is asked to end; then the service ends, too.
pub(super) async fn supervise(arguments: &Arguments) -> io::Result<ExitCode> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut child = start(arguments)?;
    loop {
        tokio::select! {
            // A wish to end is heard before an end that came with it.
            biased;
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            ended = child.wait() => say(&format!("the service ended: {}", ended?)),
        }
        if arguments.fault == Fault::StartNoRestart {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            return Ok(ExitCode::SUCCESS);
        }
        sleep(PAUSE).await;
        child = start(arguments)?;
    }
    ask_to_end(&child);
    if timeout(PATIENCE, child.wait()).await.is_err() {
        child.kill().await?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The service with what the supervisor was told. It ends with the supervisor, however that ends.
fn start(arguments: &Arguments) -> io::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args([SERVICE_FLAG, "--fault", arguments.fault.name()]);
    if let Some(port) = arguments.port {
        command.args(["--port", &port.to_string()]);
    }
    if let Some(directory) = &arguments.directory {
        command.arg("--directory").arg(directory);
    }
    debug_assert_eq!(arguments.role, Role::Supervisor);
    command.stdin(Stdio::null()).kill_on_drop(true).spawn()
}

fn ask_to_end(child: &Child) {
    let id = child.id().and_then(|id| i32::try_from(id).ok());
    if let Some(id) = id {
        let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
    }
}
