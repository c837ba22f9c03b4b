//! Why a command could not do its work, in words and as an exit code.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::io;
use std::panic::{self, AssertUnwindSafe};

use super::exit;
use super::terminal::note;
use crate::report::{Lost, RequestError};
use crate::template::Mask;
use crate::validation::Refused;

/// A command that ends before its verdict.
#[derive(Debug)]
pub(super) struct Failure {
    text: String,
    code: u8,
}

impl Failure {
    /// Flags, paths or files are wrong: exit code 2.
    pub(super) fn invalid(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            code: exit::INVALID,
        }
    }

    /// It is our fault, or the machine's: exit code 4.
    pub(super) fn fault(error: &anyhow::Error) -> Self {
        Self {
            text: format!("{error:#}"),
            code: exit::FAULT,
        }
    }

    /// Nothing was probed, and why; secrets masked.
    pub(super) fn refused(refused: &Refused, mask: &Mask, colour: bool) -> Self {
        match refused {
            Refused::Suites(unusable) => {
                let mut text = unusable
                    .problems
                    .render(&unusable.sources, colour, &|text| {
                        mask.apply(text).into_owned()
                    });
                let _ = write!(text, "\n{unusable}; nothing was probed");
                Self {
                    text,
                    code: exit::INVALID,
                }
            }
            Refused::Demo(_) | Refused::Journal(_) => Self {
                text: mask.apply(&format!("error: {refused}")).into_owned(),
                code: exit::FAULT,
            },
            Refused::NoPath(_)
            | Refused::Settings(_)
            | Refused::Plan(_)
            | Refused::DemoSet(_)
            | Refused::Rerun(_) => Self {
                text: mask
                    .apply(&format!("error: {refused}; nothing was probed"))
                    .into_owned(),
                code: exit::INVALID,
            },
        }
    }

    /// Tells it on standard error and gives the exit code.
    pub(super) fn tell(self) -> u8 {
        note(&self.text);
        self.code
    }
}

impl From<RequestError> for Failure {
    fn from(error: RequestError) -> Self {
        Self::invalid(format!("error: --report: {error}"))
    }
}

impl From<Lost> for Failure {
    fn from(lost: Lost) -> Self {
        Self {
            text: format!("error: {lost}"),
            code: exit::FAULT,
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self {
            text: format!("error: could not write to standard output: {error}"),
            code: exit::FAULT,
        }
    }
}

thread_local! {
    /// Where this thread panicked last.
    static PANICKED_AT: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps the text of panics off the screen, since it may hold a secret; whoever sets RUST_BACKTRACE wants it.
///
/// Panics inside a probe are caught where they happen and are the end of that test only. They happen on this thread, too.
pub(super) fn quiet_panics() {
    let default = panic::take_hook();
    let is_wanted = std::env::var_os("RUST_BACKTRACE").is_some();
    panic::set_hook(Box::new(move |info| {
        PANICKED_AT.set(info.location().map(ToString::to_string));
        if is_wanted {
            default(info);
        }
    }));
}

/// A panic of ours must never look like a verdict: it is exit code 4, not the 101 of the runtime.
pub(super) fn guarded(work: impl FnOnce() -> u8) -> u8 {
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let place = PANICKED_AT
            .take()
            .map(|place| format!(" ({place})"))
            .unwrap_or_default();
        note(&format!(
            "error: a bug in allclear{place} ended this command; there is no verdict. RUST_BACKTRACE=1 shows more"
        ));
        exit::FAULT
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_our_fault_and_no_verdict() {
        assert_eq!(guarded(|| exit::GO), exit::GO);
        assert_eq!(guarded(|| panic!("as tested")), exit::FAULT);
    }
}
