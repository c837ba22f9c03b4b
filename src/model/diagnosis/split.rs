//! How many causes are whose.

use super::{Cause, Class};

/// The causes of a run by class. Counted over causes, never over tests: thirty tests behind one database are one cause.
/// Explanations that tie are one cause, whichever it is; where they differ in their class, it is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Split {
    /// Causes of this class, decided.
    pub infrastructure: u64,
    /// Likewise.
    pub application: u64,
    /// Likewise.
    pub configuration: u64,
    /// Likewise.
    pub test_defect: u64,
    /// Causes whose class is not known, leaning or not.
    pub unknown: u64,
    /// How many of the unknown ones lean to infrastructure.
    pub leaning_infrastructure: u64,
    /// How many of the unknown ones lean to the application.
    pub leaning_application: u64,
}

impl Split {
    /// Counts them.
    pub fn of(causes: &[Cause]) -> Self {
        let mut split = Self::default();
        for (at, cause) in causes.iter().enumerate() {
            let mut tied = cause.tied_with.iter().copied();
            if tied.clone().any(|other| other < at) {
                continue;
            }
            let decided = cause.blame.decided();
            let differs = |other: usize| {
                let other = causes.get(other).map(|other| other.blame.decided());
                other.is_some_and(|other| other != decided)
            };
            let (class, leaning) = if tied.any(differs) {
                (Class::Unknown, None)
            } else {
                (decided, cause.blame.leaning())
            };
            let counter = match class {
                Class::Infrastructure => &mut split.infrastructure,
                Class::Application => &mut split.application,
                Class::Configuration => &mut split.configuration,
                Class::TestDefect => &mut split.test_defect,
                Class::Unknown => &mut split.unknown,
            };
            *counter += 1;
            match leaning {
                Some(Class::Infrastructure) => split.leaning_infrastructure += 1,
                Some(Class::Application) => split.leaning_application += 1,
                _ => {}
            }
        }
        split
    }

    /// All causes.
    pub const fn total(&self) -> u64 {
        self.infrastructure
            + self.application
            + self.configuration
            + self.test_defect
            + self.unknown
    }

    /// How many of them are of this class, as far as that is known.
    pub const fn share(&self, class: Class) -> Share {
        let decided = match class {
            Class::Infrastructure => self.infrastructure,
            Class::Application => self.application,
            Class::Configuration => self.configuration,
            Class::TestDefect => self.test_defect,
            Class::Unknown => self.unknown,
        };
        let possible = match class {
            Class::Unknown => decided,
            // Whatever is not known may turn out to be of this class, whichever it leans to.
            _ => decided + self.unknown,
        };
        Share {
            decided,
            possible,
            of: self.total(),
        }
    }
}

/// How many of the causes are of one class: at least those that are decided, at most those and all that are not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// So many for certain.
    pub decided: u64,
    /// So many at most.
    pub possible: u64,
    /// Of so many.
    pub of: u64,
}

impl Share {
    /// From so many causes on a percentage says something:
    /// one of three would be "33 %", and so would be a thousand of three thousand.
    pub const ENOUGH: u64 = 10;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_widens_every_share() {
        let split = Split {
            infrastructure: 1,
            application: 1,
            unknown: 1,
            leaning_infrastructure: 1,
            ..Split::default()
        };
        let share = |split: &Split, class| {
            let share = split.share(class);
            (share.decided, share.possible, share.of)
        };
        assert_eq!(share(&split, Class::Infrastructure), (1, 2, 3));
        assert_eq!(share(&split, Class::Application), (1, 2, 3));
        assert_eq!(share(&split, Class::Configuration), (0, 1, 3));
        assert_eq!(share(&split, Class::Unknown), (1, 1, 3));
    }
}
