//! What goes wrong inside serde, until somebody knows its place.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

use super::{Diagnostic, words};

/// An error on its way up to the value it is about.
#[derive(Debug)]
pub(super) enum Error {
    /// Already among the problems.
    Told,
    /// A stand-in was refused: nothing to tell, but what holds it cannot be decoded either.
    Stuck,
    /// It knows its own place.
    At(Box<Diagnostic>),
    /// The value is not what this says.
    Expected(String),
    /// A mapping lacks a key.
    Missing(&'static str),
    UnknownVariant(String, &'static [&'static str]),
    UnknownKey(String, &'static [&'static str]),
    Other(String),
}

impl Error {
    pub(super) fn expected(what: &dyn Expected) -> Self {
        Self::Expected(words::expected(&what.to_string()))
    }

    /// The word nobody knows, and those that would be right.
    pub(super) fn unknown_word(&self) -> (&str, &'static [&'static str]) {
        match self {
            Self::UnknownVariant(word, expected) | Self::UnknownKey(word, expected) => {
                (word, expected)
            }
            _ => ("", &[]),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Told | Self::Stuck => f.write_str("already told"),
            Self::At(problem) => f.write_str(&problem.message),
            Self::Expected(what) => write!(f, "expected {what}"),
            Self::Missing(key) => write!(f, "missing key `{key}`"),
            Self::UnknownVariant(word, _) => write!(f, "unknown value `{word}`"),
            Self::UnknownKey(word, _) => write!(f, "unknown key `{word}`"),
            Self::Other(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Other(message.to_string())
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::expected(expected)
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::expected(expected)
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        Self::expected(expected)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::UnknownVariant(variant.to_owned(), expected)
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::UnknownKey(field.to_owned(), expected)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field)
    }
}
