//! Being asked to stop: once politely, twice for good.

use std::io;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::model::Interrupt;

/// Stops a run from outside. All clones are the same switch.
///
/// Asked once, the run starts nothing more, lets those looking finish within the grace, runs the clean-ups and ends.
/// Asked again, it leaves at once.
#[derive(Debug, Clone)]
pub struct Cancel(Arc<watch::Sender<Asked>>);

#[derive(Debug, Clone, Copy, Default)]
struct Asked {
    first: Option<Interrupt>,
    again: bool,
}

impl Cancel {
    /// A switch that nothing is connected to.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Asked::default())))
    }

    /// A switch that SIGHUP, SIGINT and SIGTERM press. A signal that this process was started to ignore (`nohup`, a
    /// background job of a script) stays ignored.
    ///
    /// Needs a tokio runtime. From now on these signals no longer end the process by themselves.
    pub fn on_signals() -> io::Result<Self> {
        let cancel = Self::new();
        let ignored = ignored_signals();
        for (kind, interrupt) in [
            (SignalKind::hangup(), Interrupt::Hup),
            (SignalKind::interrupt(), Interrupt::Int),
            (SignalKind::terminate(), Interrupt::Term),
        ] {
            if ignored & (1 << (kind.as_raw_value() - 1)) == 0 {
                tokio::spawn(press(cancel.clone(), signal(kind)?, interrupt));
            }
        }
        Ok(cancel)
    }

    /// Asks the run to stop; when it was asked before, to leave.
    pub fn interrupt(&self, by: Interrupt) {
        self.0.send_modify(|asked| match asked.first {
            None => asked.first = Some(by),
            Some(_) => asked.again = true,
        });
    }

    /// Who asked first.
    pub fn interrupted(&self) -> Option<Interrupt> {
        self.0.borrow().first
    }

    /// Waits until somebody asks.
    pub async fn stopping(&self) {
        self.wait_for(|asked| asked.first.is_some()).await;
    }

    /// Waits until somebody asks for the second time.
    pub async fn leaving(&self) {
        self.wait_for(|asked| asked.again).await;
    }

    async fn wait_for(&self, is_so: impl Fn(&Asked) -> bool) {
        let mut asked = self.0.subscribe();
        // The sender is in `self`, so the channel cannot close meanwhile.
        let _ = asked.wait_for(is_so).await;
    }
}

impl Default for Cancel {
    fn default() -> Self {
        Self::new()
    }
}

async fn press(cancel: Cancel, mut signal: Signal, interrupt: Interrupt) {
    while signal.recv().await.is_some() {
        cancel.interrupt(interrupt);
    }
}

/// One bit a signal, as `proc(5)` writes them; none where there is no such file.
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_signal_stops_and_the_second_leaves() {
        let cancel = Cancel::on_signals().unwrap();
        assert_eq!(cancel.interrupted(), None);
        nix::sys::signal::raise(nix::sys::signal::Signal::SIGHUP).unwrap();
        cancel.stopping().await;
        assert_eq!(cancel.interrupted(), Some(Interrupt::Hup));
        nix::sys::signal::raise(nix::sys::signal::Signal::SIGTERM).unwrap();
        cancel.leaving().await;
        assert_eq!(cancel.interrupted(), Some(Interrupt::Hup));
    }
}
