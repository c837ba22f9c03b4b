//! What a status counts as.

use crate::model::Status;

/// What an instance counts as. The denominator of a floor is good + bad + open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// What must hold was seen to hold.
    Good,
    /// Something that must hold does not.
    Bad,
    /// Not known either way.
    Open,
    /// Not part of the question.
    Out,
}

impl Standing {
    /// What a status counts as. Two statuses depend on more than themselves: `flaky` on whether the instance is critical,
    /// `blocked` on its roots; the caller has looked.
    pub(super) const fn of(status: Status, flaky: Self, blocked: Self) -> Self {
        match status {
            Status::Passed => Self::Good,
            Status::Flaky => flaky,
            Status::Failed | Status::UnexpectedPass => Self::Bad,
            Status::Unproved | Status::Errored | Status::NotRun => Self::Open,
            Status::Blocked => blocked,
            Status::Skipped | Status::ExpectedFailure | Status::Waived => Self::Out,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_status_says_of_itself_is_what_it_counts_as() {
        for status in Status::ALL {
            for blocked in [Standing::Bad, Standing::Open] {
                let counts = Standing::of(*status, Standing::Good, blocked);
                let is_against = matches!(counts, Standing::Bad | Standing::Open);
                assert_eq!(status.is_bad_or_open(), is_against, "{status}");
            }
        }
    }
}
