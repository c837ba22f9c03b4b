//! Exit codes: public, frozen, and only here.

use std::process::ExitCode;

use crate::model::{Interrupt, Word};

/// GO.
pub const GO: u8 = 0;
/// NO-GO.
pub const NO_GO: u8 = 1;
/// Usage, configuration or suites: nothing was probed.
pub const INVALID: u8 = 2;
/// INCONCLUSIVE.
pub const INCONCLUSIVE: u8 = 3;
/// Our own fault, or a requested report could not be written.
pub const FAULT: u8 = 4;

/// What a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// The word.
    pub word: Word,
    /// The signal that ended the run early.
    pub interrupted: Option<Interrupt>,
    /// A requested report, or the journal, could not be written.
    pub lost_reports: bool,
    /// `--exit-zero`: for jobs that only report.
    pub exit_zero: bool,
}

/// The exit code of a run. Interrupted stands above our own fault, and that above the verdict; `--exit-zero` silences
/// the verdict and nothing else.
pub fn code(outcome: &Outcome) -> u8 {
    if let Some(signal) = outcome.interrupted {
        return interrupted(signal);
    }
    if outcome.lost_reports {
        return FAULT;
    }
    let verdict = match outcome.word {
        Word::Go => GO,
        Word::NoGo => NO_GO,
        Word::Inconclusive => INCONCLUSIVE,
    };
    if outcome.exit_zero { GO } else { verdict }
}

/// The exit code of what a signal ended early: 128 and its number, as shells have it.
pub const fn interrupted(signal: Interrupt) -> u8 {
    match signal {
        Interrupt::Hup => 129,
        Interrupt::Int => 130,
        Interrupt::Term => 143,
    }
}

/// The code as the system wants it.
pub fn exit(code: u8) -> ExitCode {
    ExitCode::from(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Outcome = Outcome {
        word: Word::Go,
        interrupted: None,
        lost_reports: false,
        exit_zero: false,
    };

    #[test]
    fn nothing_but_go_exits_zero() {
        assert_eq!(code(&GOOD), 0);
        assert_eq!(
            code(&Outcome {
                word: Word::NoGo,
                ..GOOD
            }),
            1
        );
        assert_eq!(
            code(&Outcome {
                word: Word::Inconclusive,
                ..GOOD
            }),
            3
        );
    }

    #[test]
    fn interrupted_stands_above_lost_reports_and_those_above_the_verdict() {
        let worst = Outcome {
            interrupted: Some(Interrupt::Int),
            lost_reports: true,
            word: Word::NoGo,
            ..GOOD
        };
        assert_eq!(code(&worst), 130);
        assert_eq!(
            code(&Outcome {
                interrupted: Some(Interrupt::Term),
                ..GOOD
            }),
            143
        );
        assert_eq!(
            code(&Outcome {
                interrupted: Some(Interrupt::Hup),
                ..GOOD
            }),
            129
        );
        assert_eq!(
            code(&Outcome {
                interrupted: None,
                ..worst
            }),
            4
        );
        assert_eq!(
            code(&Outcome {
                lost_reports: true,
                ..GOOD
            }),
            4
        );
    }

    #[test]
    fn exit_zero_silences_the_verdict_and_nothing_else() {
        assert_eq!(
            code(&Outcome {
                word: Word::NoGo,
                exit_zero: true,
                ..GOOD
            }),
            0
        );
        assert_eq!(
            code(&Outcome {
                lost_reports: true,
                exit_zero: true,
                ..GOOD
            }),
            4
        );
        assert_eq!(
            code(&Outcome {
                interrupted: Some(Interrupt::Int),
                exit_zero: true,
                ..GOOD
            }),
            130
        );
    }
}
