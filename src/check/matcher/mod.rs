//! Matchers: what one fact must be. All entries of a mapping must hold; a scalar means `equals`.

mod contradiction;
mod decode;
mod explain;
mod judge;
mod range;
mod schema;
mod window;

use regex::Regex;

use super::literal::{Bound, Literal};

pub(super) use decode::regex;
pub(super) use judge::{Judgement, Seen, judge};

/// What one fact must be.
#[derive(Debug, Clone)]
pub struct Matcher {
    tests: Vec<Test>,
}

/// One entry of a matcher.
#[derive(Debug, Clone)]
enum Test {
    /// Something of it is only known later: it never holds.
    Pending(&'static str),
    Equals(Literal),
    In(Vec<Literal>),
    Compare(Comparison, Bound),
    /// Both ends belong to it.
    Between(Bound, Bound),
    Contains(Literal),
    StartsWith(String),
    EndsWith(String),
    /// Anywhere in the text; linear in its length.
    Matches(Regex),
    Exists(bool),
    Empty(bool),
    /// Characters of a text, items of a list, entries of a mapping.
    Length(Matcher),
    /// How long a probe of Kubernetes tries before it gives up.
    ProbeWindow(Matcher),
    /// One of the names of [`crate::model::Value::type_name`].
    Type(String),
    /// Every item of a list that is not empty.
    Each(Matcher),
    /// At least one item.
    Any(Matcher),
    Not(Matcher),
    AllOf(Vec<Matcher>),
    AnyOf(Vec<Matcher>),
    NoneOf(Vec<Matcher>),
    /// JSON subset: entries of mappings may be more, items of lists stand anywhere.
    Includes(Literal),
    /// JSON Schema.
    Schema(schema::Schema),
}

/// An order with a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Above,
    AtLeast,
    Below,
    AtMost,
}

#[cfg(test)]
mod tests;
