//! A child that its parent leaves behind: see [`Fault::StartOrphan`](crate::demo::Fault::StartOrphan).

use std::io;
use std::os::unix::process::parent_id;
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::kill;
use nix::unistd::Pid;
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use super::program::SERVICE_FLAG;

/// How often it looks whether it is still wanted.
const EVERY: Duration = Duration::from_millis(100);

/// It is gone then, whoever is still there.
const LONGEST: Duration = Duration::from_mins(1);

/// Starts one. It is there until whoever started the service is gone.
pub(super) fn leave() -> io::Result<()> {
    // Its end is none of ours, which is the fault.
    let child = Command::new(std::env::current_exe()?)
        .args([SERVICE_FLAG, "--left-behind-by", &parent_id().to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    drop(child);
    Ok(())
}

/// Does nothing, and does not end when it is asked to; only when `whom` is gone.
pub(super) async fn be(whom: i32) -> io::Result<ExitCode> {
    let mut asked = signal(SignalKind::terminate())?;
    let began = Instant::now();
    while kill(Pid::from_raw(whom), None).is_ok() && began.elapsed() < LONGEST {
        tokio::select! {
            _ = asked.recv() => {}
            () = sleep(EVERY) => {}
        }
    }
    Ok(ExitCode::SUCCESS)
}
