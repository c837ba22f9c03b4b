//! Whether a rule asks for no more than another: what stands behind it is never asked.

use super::Signal;
use super::question::Question;

impl Signal {
    /// Whether whatever gives `other` gives this too, as far as that can be told.
    pub(in crate::diagnosis) fn covers(&self, other: &Self) -> bool {
        !self.asked.is_empty()
            && self.asked.iter().all(|mine| {
                let mut theirs = other.asked.iter().filter(|one| one.key == mine.key);
                theirs.any(|one| one.written == mine.written || mine.question.covers(&one.question))
            })
    }
}

impl Question {
    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Fault(mine), Self::Fault(theirs)) | (Self::Code(mine), Self::Code(theirs)) => {
                mine.cover(theirs)
            }
            (Self::Phase(mine), Self::Phase(theirs)) => {
                theirs.iter().all(|phase| mine.contains(phase))
            }
            (Self::Probe(mine), Self::Probe(theirs)) | (Self::Hop(mine), Self::Hop(theirs)) => {
                mine.cover(theirs)
            }
            (Self::Number(_, mine), Self::Number(_, theirs)) => mine.cover(theirs),
            (Self::SqlState(mine), Self::SqlState(theirs)) => mine.cover(theirs),
            (Self::Redis(mine), Self::Redis(theirs)) => {
                theirs.iter().all(|prefix| mine.contains(prefix))
            }
            // Of what is left only the same words are known to ask the same.
            _ => false,
        }
    }
}
