//! How a program ends, and how much time it has for that.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::model::{FaultKind, Origin};
use crate::probe::look::Halt;

/// From being asked to end until being killed, unless the budget is short.
pub(in crate::probe) const GRACE: Duration = Duration::from_millis(500);

/// How long what a program wrote may still be on its way once it has ended.
pub(in crate::probe) const DRAIN: Duration = Duration::from_millis(100);

/// A process that a signal ended has not answered.
pub(in crate::probe) fn exited(status: ExitStatus) -> Result<(), Halt> {
    let Some(signal) = status.signal() else {
        return Ok(());
    };
    let name = Signal::try_from(signal).map_or("unknown", Signal::as_str);
    let message = format!("ended by signal {signal} ({name})");
    Err(Halt::fault(FaultKind::ProcessSignal(signal), message).by(Origin::Signal(signal)))
}
