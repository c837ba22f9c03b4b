//! What a probe can say of what it sees: the name of a fact, and its kind.

/// A fact that a probe can give, as its `FACTS` list it: what is compared with it is checked when a suite is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownFact {
    /// What `expect` and `capture` call it.
    pub name: &'static str,
    /// What its value is whenever it is there.
    pub kind: FactKind,
}

/// What the value of a fact is, as far as that is known before one looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactKind {
    /// Anything.
    Any,
    /// One value, whose type the other side chooses: text, a number.
    One,
    /// Text.
    Text,
    /// `true` or `false`.
    Truth,
    /// A number.
    Number,
    /// A number of bytes: suites may write it with its unit.
    Size,
    /// A length of time: suites write it with its unit.
    Duration,
    /// A list.
    List,
    /// Headers; what is expected of them stands below their names.
    Headers,
    /// The events of a stream; what is expected of them are rules of their own.
    Events,
    /// Numbers by name; the names are those that the probe is given below this key of its mapping,
    /// and what is expected of each stands below its name.
    Counts {
        /// The key.
        of: &'static str,
    },
    /// A document of JSON; what is expected of it stands below JSONPaths.
    Json,
}

impl KnownFact {
    /// `headers`.
    pub const HEADERS: Self = Self::of(FactKind::Headers, "headers");

    /// `json`.
    pub const JSON: Self = Self::of(FactKind::Json, "json");

    /// `events`, a list of [`Received`](super::Received).
    pub const EVENTS: Self = Self::of(FactKind::Events, "events");

    /// One value, whose type the other side chooses.
    pub const fn one(name: &'static str) -> Self {
        Self::of(FactKind::One, name)
    }

    /// Text.
    pub const fn text(name: &'static str) -> Self {
        Self::of(FactKind::Text, name)
    }

    /// `true` or `false`.
    pub const fn truth(name: &'static str) -> Self {
        Self::of(FactKind::Truth, name)
    }

    /// A number.
    pub const fn number(name: &'static str) -> Self {
        Self::of(FactKind::Number, name)
    }

    /// A number of bytes.
    pub const fn size(name: &'static str) -> Self {
        Self::of(FactKind::Size, name)
    }

    /// A length of time.
    pub const fn duration(name: &'static str) -> Self {
        Self::of(FactKind::Duration, name)
    }

    /// A list.
    pub const fn list(name: &'static str) -> Self {
        Self::of(FactKind::List, name)
    }

    /// Numbers by the names that stand below the key `of` of the probe's mapping.
    pub const fn counts(name: &'static str, of: &'static str) -> Self {
        Self::of(FactKind::Counts { of }, name)
    }

    /// Anything, one value or many.
    pub const fn any(name: &'static str) -> Self {
        Self::of(FactKind::Any, name)
    }

    const fn of(kind: FactKind, name: &'static str) -> Self {
        Self { name, kind }
    }
}

impl FactKind {
    /// In the words of the reference.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Any => "any value",
            Self::One => "one value",
            Self::Text => "text",
            Self::Truth => "true or false",
            Self::Number => "number",
            Self::Size => "size",
            Self::Duration => "duration",
            Self::List => "list",
            Self::Headers => "by name",
            Self::Events => "by rules",
            Self::Counts { .. } => "numbers by name",
            Self::Json => "by JSONPath",
        }
    }
}
