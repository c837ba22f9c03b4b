//! What somebody says of a failure who knows the trade and has seen nothing but that failure.

use std::fmt;

use allclear::model::Class;

/// Whose it is, as far as one look can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The look decides it.
    Is(Class),
    /// The look cannot decide it, and most of the time it is this.
    Leans(Class),
    /// The look cannot decide it, and nobody would bet.
    Open,
    /// The trade itself is of two minds: this, said with medium confidence or as a leaning.
    Rather(Class),
}

impl Answer {
    /// Whether the truth can be known from the look.
    pub(crate) const fn is_known(self) -> bool {
        matches!(self, Self::Is(_))
    }

    /// Whether this is what the expert says.
    pub(crate) fn agrees(self, decided: Class, leaning: Option<Class>) -> bool {
        match self {
            Self::Is(class) => decided == class,
            Self::Leans(class) => decided == Class::Unknown && leaning == Some(class),
            Self::Open => decided == Class::Unknown,
            Self::Rather(class) => {
                decided == class || decided == Class::Unknown && leaning == Some(class)
            }
        }
    }

    /// Whether a class was said aloud, and another one is right or none can be known.
    pub(crate) fn is_betrayed_by(self, decided: Class) -> bool {
        decided != Class::Unknown && !self.agrees(decided, None)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(class) => write!(f, "{class}"),
            Self::Leans(class) => write!(f, "unknown, leaning {class}"),
            Self::Open => f.write_str("unknown"),
            Self::Rather(class) => write!(f, "{class}, or leaning to it"),
        }
    }
}

#[test]
fn what_cannot_be_known_is_betrayed_by_every_class() {
    use Class::{Application, Infrastructure, Unknown};
    let leans = Answer::Leans(Infrastructure);
    assert!(leans.agrees(Unknown, Some(Infrastructure)));
    assert!(!leans.agrees(Unknown, Some(Application)));
    assert!(leans.is_betrayed_by(Infrastructure));
    assert!(!leans.is_betrayed_by(Unknown));
    assert!(Answer::Open.is_betrayed_by(Application));
    let is = Answer::Is(Infrastructure);
    assert!(!is.is_betrayed_by(Infrastructure));
    assert!(is.is_betrayed_by(Application));
    assert!(!is.is_betrayed_by(Unknown) && !is.agrees(Unknown, Some(Infrastructure)));
    let rather = Answer::Rather(Application);
    assert!(rather.agrees(Application, None) && rather.agrees(Unknown, Some(Application)));
    assert!(rather.is_betrayed_by(Infrastructure) && !rather.agrees(Unknown, None));
}
