//! `expect: { events: {…} }`: what must come in a stream, in which order, how often and when.
//!
//! Each rule is an expectation with a text, a place and a finding of its own. They are judged together, because they look at
//! the same events, and because the first that is broken shows them all.

mod answers;
mod contradiction;
mod decode;
mod each;
mod judge;
mod list;
mod open;
mod order;
mod pairs;
mod stream;
mod timing;
mod words;

use std::sync::Arc;

use super::json_path::JsonPath;
use super::matcher::Matcher;
use crate::model::Place;

pub(super) use decode::decode;
pub(super) use judge::judge;

/// The rules of one `events:`.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    /// What an event is called.
    key: Key,
    /// Which events they are about.
    only: Only,
    /// Left out by all rules but `gap`: a heartbeat says nothing, and shows life.
    ignored: Vec<Name>,
    /// Whether it is right when nothing comes: `count` says 0 in so many words.
    is_silence_right: bool,
    /// In the order of their findings; at least one.
    all: Vec<Rule>,
}

/// Where the name of an event stands: in the first of these that has something. Some protocols write what matters in one
/// place of some events and in another of the others.
#[derive(Debug, Clone)]
struct Key(Vec<Spot>);

/// One place where a name can stand.
#[derive(Debug, Clone)]
enum Spot {
    /// In its JSON: `$.type`.
    Path(Box<JsonPath>),
    /// In the field `event` of a server-sent event.
    Field,
}

/// What must hold of an event that the rules are about; of every event when there is nothing. Where many speak over one
/// connection, only some of what comes is an answer to us.
#[derive(Debug, Clone)]
struct Only(Vec<(Box<JsonPath>, Matcher)>);

/// The name of an event as a rule has it; `None` when it is only known later.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Name(Option<Arc<str>>);

/// One rule, and where it stands.
#[derive(Debug, Clone)]
struct Rule {
    kind: Kind,
    place: Place,
}

/// What a rule asks.
#[derive(Debug, Clone)]
enum Kind {
    /// Every event has a name, but for so many.
    Key(u64),
    /// These come, in this order, and nothing else.
    Strict(Vec<Name>),
    /// These come in this order; others may come between.
    Subsequence(Vec<Name>),
    /// These come, each as often as it stands here, in any order; others may come.
    AnyOrder(Vec<Name>),
    /// Each of the first before each of the second.
    Before(Which, Which),
    Pairs(Pairs),
    /// Each comes once.
    Once(Vec<Name>),
    /// The last event is this.
    Last(Name),
    /// How often it comes.
    Counts(Name, Matcher),
    /// How many come.
    Count(Matcher),
    /// None of these comes.
    Forbidden(Vec<Name>),
    Each(Each),
    Timing(Measure, Matcher),
}

/// Some events.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Which {
    /// Those of a name.
    Named(Name),
    /// `*`: every other.
    Others,
}

/// To each of the first belongs one of the second, after it.
#[derive(Debug, Clone)]
struct Pairs {
    first: Name,
    then: Name,
    /// What both have in common; without it the n-th belongs to the n-th.
    by: Option<Box<JsonPath>>,
}

/// What must hold of every event of a name, or of every event.
#[derive(Debug, Clone)]
struct Each {
    /// `None` for every event.
    of: Option<Name>,
    path: Box<JsonPath>,
    matcher: Matcher,
}

/// What is measured of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    First,
    Gap,
    Total,
    Quiet,
}

impl Rules {
    /// How many findings it gives.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Every rule in words, in the order of the findings.
    pub(super) fn texts(&self) -> impl Iterator<Item = String> {
        let text = |rule: &Rule| format!("{} {}", rule.path(), self.expected(rule));
        self.all.iter().map(text)
    }
}

impl Name {
    fn known(name: &str) -> Self {
        Self(Some(name.into()))
    }

    fn as_str(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl Kind {
    /// The names it is about.
    fn names(&self) -> Vec<&Name> {
        match self {
            Self::Strict(names)
            | Self::Subsequence(names)
            | Self::AnyOrder(names)
            | Self::Once(names)
            | Self::Forbidden(names) => names.iter().collect(),
            Self::Before(first, then) => [first, then]
                .into_iter()
                .filter_map(|which| match which {
                    Which::Named(name) => Some(name),
                    Which::Others => None,
                })
                .collect(),
            Self::Pairs(pairs) => vec![&pairs.first, &pairs.then],
            Self::Last(name) | Self::Counts(name, _) => vec![name],
            Self::Each(each) => each.of.iter().collect(),
            Self::Key(_) | Self::Count(_) | Self::Timing(..) => Vec::new(),
        }
    }

    /// Whether some name in it is only known later: it never holds then.
    fn is_pending(&self) -> bool {
        self.names().iter().any(|name| name.0.is_none())
    }
}

#[cfg(test)]
mod tests;
