//! Rules in words: what `list --explain` prints, and what findings are called.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use super::super::words::show_text;
use super::{Each, Key, Kind, Measure, Name, Only, Pairs, Rule, Rules, Spot, Which};

/// Longest name of an event that is shown. A longer one is described instead of cut, because the beginning of a secret would
/// not be recognised and masked.
const LONGEST: usize = 64;

impl Rule {
    /// `events partial.pairs`.
    pub(super) fn path(&self) -> String {
        let key = match &self.kind {
            Kind::Key(_) => "key",
            Kind::Strict(_) => "strict",
            Kind::Subsequence(_) => "subsequence",
            Kind::AnyOrder(_) => "any_order",
            Kind::Before(..) => "partial.before",
            Kind::Pairs(_) => "partial.pairs",
            Kind::Once(_) => "partial.once",
            Kind::Last(_) => "partial.last",
            Kind::Counts(name, _) => return format!("events counts.{name}"),
            Kind::Count(_) => "count",
            Kind::Forbidden(_) => "forbidden",
            Kind::Each(each) => return format!("events {each}"),
            Kind::Timing(measure, _) => measure.name(),
        };
        format!("events {key}")
    }
}

impl Rules {
    /// What it asks. The first rule says of which events.
    pub(super) fn expected(&self, rule: &Rule) -> String {
        let asked = self.asked(rule);
        let is_first = self
            .all
            .first()
            .is_some_and(|first| std::ptr::eq(first, rule));
        if is_first && !self.only.0.is_empty() {
            return format!("{asked}, of those with {}", self.only);
        }
        asked
    }

    fn asked(&self, rule: &Rule) -> String {
        match &rule.kind {
            Kind::Key(unnamed) => {
                let mut text = format!("{} names every event", self.key);
                if *unnamed > 0 {
                    // Writing to a string cannot fail.
                    let _ = write!(text, " but at most {unnamed}");
                }
                if !self.is_silence_right {
                    text += ", and at least one comes";
                }
                text
            }
            Kind::Strict(names)
            | Kind::Subsequence(names)
            | Kind::AnyOrder(names)
            | Kind::Once(names)
            | Kind::Forbidden(names) => listed(names),
            Kind::Before(first, then) => format!("{first} before {then}"),
            Kind::Pairs(pairs) => pairs.to_string(),
            Kind::Last(name) => name.to_string(),
            Kind::Counts(_, matcher) | Kind::Count(matcher) | Kind::Timing(_, matcher) => {
                matcher.to_string()
            }
            Kind::Each(each) => each.matcher.to_string(),
        }
    }
}

impl Measure {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Gap => "gap",
            Self::Total => "total",
            Self::Quiet => "quiet",
        }
    }
}

/// `a, b, c`.
pub(super) fn listed(names: &[Name]) -> String {
    let names: Vec<_> = names.iter().map(Name::to_string).collect();
    names.join(", ")
}

/// A name that came.
pub(super) fn shown(name: &str) -> String {
    bounded(&show_text(name)).into_owned()
}

/// What is short as it is, and of what is long its length.
pub(super) fn bounded(text: &str) -> Cow<'_, str> {
    if text.len() > LONGEST {
        Cow::Owned(format!("({} bytes)", text.len()))
    } else {
        Cow::Borrowed(text)
    }
}

/// `1 event`, `5 events`.
pub(super) fn events(count: usize) -> String {
    format!("{count} event{}", if count == 1 { "" } else { "s" })
}

/// `once`, `2 times`.
pub(super) fn times(count: usize) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}

/// The first of several reasons, and how many there are besides.
pub(super) fn first_of(reasons: &[String]) -> Option<String> {
    let (first, others) = reasons.split_first()?;
    Some(match others.len() {
        0 => first.clone(),
        more => format!("{first}, and {more} more"),
    })
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_str() {
            Some(name) => f.write_str(&shown(name)),
            None => f.write_str("…"),
        }
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => name.fmt(f),
            Self::Others => f.write_str("every other"),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, spot) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(" or else ")?;
            }
            spot.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Only {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (path, matcher)) in self.0.iter().enumerate() {
            let before = if at > 0 { " and " } else { "" };
            write!(f, "{before}{path} {matcher}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.fmt(f),
            Self::Field => f.write_str("event"),
        }
    }
}

impl fmt::Display for Pairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} then {}", self.first, self.then)?;
        match &self.by {
            Some(by) => write!(f, ", one to one by {by}"),
            None => f.write_str(", one to one"),
        }
    }
}

impl fmt::Display for Each {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.of {
            Some(name) => write!(f, "each.{name} {}", self.path),
            None => write!(f, "each.* {}", self.path),
        }
    }
}
