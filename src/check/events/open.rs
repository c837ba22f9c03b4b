//! What is only known of a stream as far as it was listened to, and what `only` leaves out without saying so.

use super::{Kind, Measure, Rules};

impl Rules {
    /// The rules that one event more could break, as `partial.last`: they judge what came until we stopped listening. None where
    /// `quiet` says for how long nothing more came.
    pub(in super::super) fn open(&self) -> Vec<String> {
        let is_quiet = |kind: &Kind| matches!(kind, Kind::Timing(Measure::Quiet, _));
        if self.all.iter().any(|rule| is_quiet(&rule.kind)) {
            return Vec::new();
        }
        let open = self.all.iter().filter(|rule| rule.kind.is_open());
        open.map(|rule| rule.path().trim_start_matches("events ").to_owned())
            .collect()
    }

    /// Of the paths of `only`, by position, those where something is denied: an event that has nothing there is left out, too.
    pub(in super::super) fn denied(&self) -> Vec<usize> {
        let only = self.only.0.iter().enumerate();
        only.filter(|(_, (_, matcher))| matcher.only_denies())
            .map(|(at, _)| at)
            .collect()
    }
}

impl Kind {
    /// Whether it could be broken by an event that is still to come.
    fn is_open(&self) -> bool {
        match self {
            Self::Strict(_)
            | Self::AnyOrder(_)
            | Self::Once(_)
            | Self::Last(_)
            | Self::Forbidden(_) => true,
            Self::Counts(_, matcher) | Self::Count(matcher) => matcher.range().most.is_some(),
            // Of what may come again and again they say how each of it must be, and a later one would be one more.
            Self::Key(_)
            | Self::Subsequence(_)
            | Self::Before(..)
            | Self::Pairs(_)
            | Self::Each(_)
            | Self::Timing(..) => false,
        }
    }
}
