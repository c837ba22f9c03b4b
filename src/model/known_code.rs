//! Every code that is not a fault: what a test ends with when something was seen and judged, or when we could not look.

use super::{Code, Unable};

/// Codes that are not faults. Some have a part of their own, written in capitals: `expect.FACT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownCode {
    /// `expect.FACT`
    Expect,
    /// `expect.fault`
    ExpectedFault,
    /// `expect.stable_for`
    StableFor,
    /// `claim.pass_rate`
    PassRate,
    /// `expect.flapping`
    Flapping,
    /// `claim.compare`
    Compare,
    /// `claim.PATH.STATISTIC`
    Claim,
    /// `capture.NAME`
    Capture,
    /// `session.expires`
    SessionExpires,
    /// `gate.flaky`
    Flaky,
    /// `gate.unexpected_pass`
    UnexpectedPass,
    /// `error.…`
    Unable(Unable),
}

impl KnownCode {
    /// Every code, in the order people are shown them.
    pub fn all() -> impl Iterator<Item = Self> {
        let judged = [
            Self::Expect,
            Self::ExpectedFault,
            Self::StableFor,
            Self::Flapping,
            Self::PassRate,
            Self::Compare,
            Self::Claim,
            Self::Capture,
            Self::SessionExpires,
            Self::Flaky,
            Self::UnexpectedPass,
        ];
        judged
            .into_iter()
            .chain(Unable::ALL.iter().copied().map(Self::Unable))
    }

    /// What it looks like.
    pub const fn shape(self) -> &'static str {
        match self {
            Self::Expect => "expect.FACT",
            Self::ExpectedFault => "expect.fault",
            Self::StableFor => "expect.stable_for",
            Self::Flapping => "expect.flapping",
            Self::PassRate => "claim.pass_rate",
            Self::Compare => "claim.compare",
            Self::Claim => "claim.PATH.STATISTIC",
            Self::Capture => "capture.NAME",
            Self::SessionExpires => "session.expires",
            Self::Flaky => "gate.flaky",
            Self::UnexpectedPass => "gate.unexpected_pass",
            Self::Unable(why) => why.name(),
        }
    }

    /// What it begins with, its last dot included, where the rest is its own.
    pub const fn stem(self) -> Option<&'static str> {
        match self {
            Self::Expect => Some("expect."),
            Self::Claim => Some("claim."),
            Self::Capture => Some("capture."),
            Self::ExpectedFault
            | Self::StableFor
            | Self::Flapping
            | Self::PassRate
            | Self::Compare
            | Self::SessionExpires
            | Self::Flaky
            | Self::UnexpectedPass
            | Self::Unable(_) => None,
        }
    }

    /// The code itself; of one with a part of its own, with the word that stands for it.
    pub const fn code(self) -> Code {
        Code::fixed(self.shape())
    }

    /// The code with this part of its own: `capture.token`.
    pub fn of(self, part: impl std::fmt::Display) -> Code {
        match self.stem() {
            Some(stem) => Code::new(format!("{stem}{part}")),
            None => self.code(),
        }
    }

    /// What it means, in one line.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Expect => {
                "An expectation on this fact does not hold: `expect.status`, `expect.json`."
            }
            Self::ExpectedFault => {
                "A fault was expected and did not happen. One that stopped the look earlier has its own code."
            }
            Self::StableFor => "`until` held, and not for as long as `stable_for` asks.",
            Self::Flapping => {
                "It came and went: it held, then did not, more often than allowed or to the end."
            }
            Self::Compare => {
                "The sample is worse than the one it is compared with (`repeat.compare_with`)."
            }
            Self::PassRate => "Too few attempts of a `repeat` held, with the confidence asked for.",
            Self::Claim => {
                "A claim about the sample of a `repeat` does not hold: `claim.latency.p95`."
            }
            Self::Capture => "What a step was to capture under this name was not there.",
            Self::SessionExpires => {
                "A token of a session expires before those that use it may have ended."
            }
            Self::Flaky => {
                "The test held only after a retry, in a category where that does not count."
            }
            Self::UnexpectedPass => {
                "A test that was expected to fail passed: its `expect_failure` can go."
            }
            Self::Unable(why) => why.meaning(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stem_is_the_beginning_of_the_shape() {
        for known in KnownCode::all() {
            let shape = known.shape();
            let has_part = shape.contains(|c: char| c.is_ascii_uppercase());
            assert_eq!(known.stem().is_some(), has_part, "{shape}");
            assert!(shape.starts_with(known.stem().unwrap_or(shape)), "{shape}");
            assert!(known.meaning().ends_with('.'), "{shape}");
        }
        assert_eq!(KnownCode::Capture.of("token"), Code::fixed("capture.token"));
    }
}
