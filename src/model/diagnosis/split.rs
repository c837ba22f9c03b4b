//! How many causes are whose.

use super::{Cause, Class};

/// The causes of a run by class. Counted over causes, never over tests: thirty tests behind one database are one cause.
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
        for cause in causes {
            let counter = match cause.blame.decided() {
                Class::Infrastructure => &mut split.infrastructure,
                Class::Application => &mut split.application,
                Class::Configuration => &mut split.configuration,
                Class::TestDefect => &mut split.test_defect,
                Class::Unknown => &mut split.unknown,
            };
            *counter += 1;
            match cause.blame.leaning() {
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
}
