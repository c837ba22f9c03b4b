//! What a program is to do, as suites write it.

use std::time::Duration as Std;

use nix::sys::signal::Signal;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::yaml::{Duration, NonZeroDuration};

/// It is to become ready.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BecomesReady {
    /// How long it must then stay ready without a break, `0s` unless said: it is stable after that.
    stable_for: Option<Duration>,
}

/// It is to end on its own.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Exits {}

/// Once it is ready it is watched.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StaysUp {
    /// For how long.
    #[serde(rename = "for")]
    time: NonZeroDuration,
    /// From the end of a look to the next, `1s` unless said.
    every: Option<NonZeroDuration>,
}

/// Once it is ready it is asked to end.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ShutsDown {
    /// The signal that asks it to end, `TERM` unless said. The process alone gets it; what it has started is its own to end.
    signal: Option<Name>,
    /// How long it may take to end.
    within: NonZeroDuration,
}

/// Once it is ready the process that listens is killed, and somebody is to start another.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Recovers {
    /// The signal that ends it, `KILL` unless said.
    kill: Option<Name>,
    /// How long it may take until another listens and is ready.
    within: NonZeroDuration,
}

/// A signal by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum Name {
    /// Asks to end.
    Term,
    /// As Ctrl-C does.
    Int,
    /// As Ctrl-\ does.
    Quit,
    /// The terminal is gone.
    Hup,
    /// What the program makes of it.
    Usr1,
    /// What the program makes of it.
    Usr2,
    /// As a failed assertion does.
    Abrt,
    /// As an access to memory that is not there does.
    Segv,
    /// Ends it, whatever it does.
    Kill,
}

/// What a program is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    BecomesReady { stable_for: Std },
    Exits,
    StaysUp { time: Std, every: Std },
    ShutsDown { signal: Signal, within: Std },
    Recovers { signal: Signal, within: Std },
}

impl From<Name> for Signal {
    fn from(name: Name) -> Self {
        match name {
            Name::Term => Self::SIGTERM,
            Name::Int => Self::SIGINT,
            Name::Quit => Self::SIGQUIT,
            Name::Hup => Self::SIGHUP,
            Name::Usr1 => Self::SIGUSR1,
            Name::Usr2 => Self::SIGUSR2,
            Name::Abrt => Self::SIGABRT,
            Name::Segv => Self::SIGSEGV,
            Name::Kill => Self::SIGKILL,
        }
    }
}

impl From<BecomesReady> for Outcome {
    fn from(written: BecomesReady) -> Self {
        let stable_for = written.stable_for.map_or(Std::ZERO, |time| time.0);
        Self::BecomesReady { stable_for }
    }
}

impl From<Exits> for Outcome {
    fn from(Exits {}: Exits) -> Self {
        Self::Exits
    }
}

impl From<StaysUp> for Outcome {
    fn from(written: StaysUp) -> Self {
        let every = written
            .every
            .map_or(Std::from_secs(1), NonZeroDuration::get);
        Self::StaysUp {
            time: written.time.get(),
            every,
        }
    }
}

impl From<ShutsDown> for Outcome {
    fn from(written: ShutsDown) -> Self {
        Self::ShutsDown {
            signal: written.signal.unwrap_or(Name::Term).into(),
            within: written.within.get(),
        }
    }
}

impl From<Recovers> for Outcome {
    fn from(written: Recovers) -> Self {
        Self::Recovers {
            signal: written.kill.unwrap_or(Name::Kill).into(),
            within: written.within.get(),
        }
    }
}
