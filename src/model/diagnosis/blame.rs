//! Whose a failure is, and how sure that is.

use std::fmt;

macro_rules! words {
    ($(#[$type_doc:meta])* $type:ident { $($(#[$doc:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$type_doc])*
        pub enum $type { $($(#[$doc])* $variant,)* }

        impl $type {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Reads one by its name.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }
    };
}

words! {
    /// Whose it is.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    Class {
        /// What the application stands on: networks, machines, databases as such.
        Infrastructure = "infrastructure",
        /// The program under test.
        Application = "application",
        /// What was written down for either of them: an address, a secret, a limit.
        Configuration = "configuration",
        /// The test itself, or the machine it ran on.
        TestDefect = "test_defect",
        /// The evidence does not say.
        Unknown = "unknown",
    }
}

words! {
    /// How sure a class is.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
    Confidence {
        /// A leaning: 0.3 to 0.55. Told as `unknown, leaning …`.
        Low = "low",
        /// Usually so, and there are alternatives: 0.6 to 0.85.
        Medium = "medium",
        /// The signal is specific to the class: 0.9 and above.
        High = "high",
    }
}

impl Confidence {
    /// One step less; low stays low.
    #[must_use]
    pub const fn lower(self) -> Self {
        match self {
            Self::High => Self::Medium,
            Self::Medium | Self::Low => Self::Low,
        }
    }

    /// One step more; high stays high.
    #[must_use]
    pub const fn higher(self) -> Self {
        match self {
            Self::Low => Self::Medium,
            Self::Medium | Self::High => Self::High,
        }
    }
}

/// Whose a failure is, as far as the evidence goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blame {
    /// What the evidence points to. At low confidence that is a leaning and no more: [`Blame::decided`].
    pub class: Class,
    /// A part of the class: `service-down`, `credentials`.
    pub detail: Option<String>,
    /// How sure it is.
    pub confidence: Confidence,
    /// Who usually answers for it: `network`, `app+dba`.
    pub owner: String,
}

impl Blame {
    /// The class that may be said aloud: unknown unless the confidence is medium at least.
    pub fn decided(&self) -> Class {
        if self.confidence == Confidence::Low {
            Class::Unknown
        } else {
            self.class
        }
    }

    /// What an unknown leans to.
    pub fn leaning(&self) -> Option<Class> {
        let is_leaning = self.decided() == Class::Unknown && self.class != Class::Unknown;
        is_leaning.then_some(self.class)
    }
}

impl fmt::Display for Blame {
    /// `infrastructure/network (high)`, or `unknown, leaning infrastructure/network`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.leaning().is_some() {
            f.write_str("unknown, leaning ")?;
        }
        write!(f, "{}", self.class)?;
        if let Some(detail) = &self.detail {
            write!(f, "/{detail}")?;
        }
        match self.decided() {
            Class::Unknown => Ok(()),
            _ => write!(f, " ({})", self.confidence),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaning_is_never_told_as_a_class() {
        let mut blame = Blame {
            class: Class::Infrastructure,
            detail: Some("network".to_owned()),
            confidence: Confidence::Low,
            owner: "network".to_owned(),
        };
        assert_eq!(blame.decided(), Class::Unknown);
        assert_eq!(blame.leaning(), Some(Class::Infrastructure));
        assert_eq!(blame.to_string(), "unknown, leaning infrastructure/network");
        blame.confidence = blame.confidence.higher().higher();
        assert_eq!(blame.leaning(), None);
        assert_eq!(blame.to_string(), "infrastructure/network (high)");
        blame.class = Class::Unknown;
        blame.detail = None;
        assert_eq!(blame.to_string(), "unknown");
        assert_eq!(blame.leaning(), None);
    }
}
