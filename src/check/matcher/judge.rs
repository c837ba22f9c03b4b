//! Holding a matcher against what was seen.

use std::cmp::Ordering;

use super::super::literal::Literal;
use super::super::words::article;
use super::explain::{difference, missing};
use super::window::window;
use super::{Comparison, Matcher, Test};
use crate::model::Value;

/// What is there to judge.
#[derive(Debug, Clone, Copy)]
pub(in super::super) enum Seen<'v> {
    /// Nothing. Only `exists: false` holds; absent is not null.
    Absent,
    /// One value.
    One(&'v Value),
    /// The values of a header that may be repeated: any of them may match.
    Several(&'v [Value]),
    /// The list of nodes a JSONPath matched. It exists when it has nodes.
    Nodes(&'v Value),
}

/// What came of it. `Senseless` is neither: negating it does not make it hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Judgement {
    /// It holds.
    Holds,
    /// It does not; the smallest difference, or why.
    Fails(Option<String>),
    /// The question does not fit what is there: is `true` above 5? Why.
    Senseless(String),
}

impl Matcher {
    /// Whether a value meets it.
    pub fn holds(&self, value: &Value) -> bool {
        judge(self, Seen::One(value)) == Judgement::Holds
    }
}

impl Matcher {
    /// Whether it denies something and says nothing of what is absent: of that it does not hold either, which who writes `not:
    /// x` may not have in mind.
    pub(in super::super) fn only_denies(&self) -> bool {
        self.has(|test| matches!(test, Test::Not(_) | Test::NoneOf(_)))
            && !self.has(|test| matches!(test, Test::Exists(_)))
    }

    /// Whether there is such a test in it, or in an alternative.
    fn has(&self, is_such: fn(&Test) -> bool) -> bool {
        self.tests.iter().any(|test| match test {
            Test::AllOf(inner) | Test::AnyOf(inner) => inner.iter().any(|one| one.has(is_such)),
            test => is_such(test),
        })
    }
}

/// Holds a matcher against what is there.
pub(in super::super) fn judge(matcher: &Matcher, seen: Seen<'_>) -> Judgement {
    match seen {
        Seen::Several(values) => several(matcher, values),
        _ => all(matcher.tests.iter().map(|test| test.judge(seen))),
    }
}

/// All must hold. What is senseless outweighs what fails, so that a negation around it cannot make it hold.
fn all(judgements: impl Iterator<Item = Judgement>) -> Judgement {
    let mut outcome = Judgement::Holds;
    for judgement in judgements {
        match (&outcome, &judgement) {
            (_, Judgement::Senseless(_)) => return judgement,
            (Judgement::Holds, Judgement::Fails(_)) => outcome = judgement,
            _ => {}
        }
    }
    outcome
}

/// One must hold.
fn any(judgements: impl Iterator<Item = Judgement>) -> Judgement {
    let mut outcome = Judgement::Fails(None);
    for judgement in judgements {
        match (&outcome, &judgement) {
            (_, Judgement::Holds) => return judgement,
            (Judgement::Fails(_), Judgement::Senseless(_)) => outcome = judgement,
            _ => {}
        }
    }
    outcome
}

fn none(judgement: Judgement) -> Judgement {
    match judgement {
        Judgement::Holds => Judgement::Fails(None),
        Judgement::Fails(_) => Judgement::Holds,
        senseless @ Judgement::Senseless(_) => senseless,
    }
}

/// Of a repeated header any value may match, but one and the same must meet all that is asked of a value; and what is
/// denied is denied of all.
fn several(matcher: &Matcher, values: &[Value]) -> Judgement {
    let is_of_a_value = |test: &&Test| {
        !matches!(
            test,
            Test::Exists(_)
                | Test::Not(_)
                | Test::NoneOf(_)
                | Test::AllOf(_)
                | Test::AnyOf(_)
                | Test::Each(_)
                | Test::Any(_)
        )
    };
    let of_a_value: Vec<_> = matcher.tests.iter().filter(is_of_a_value).collect();
    let about_values = (!of_a_value.is_empty()).then(|| {
        let mut judgements: Vec<_> = values
            .iter()
            .map(|value| all(of_a_value.iter().map(|test| test.judge(Seen::One(value)))))
            .collect();
        match judgements.len() {
            1 => judgements.remove(0),
            count => match any(judgements.into_iter()) {
                Judgement::Fails(_) => {
                    Judgement::Fails(Some(format!("none of {count} values does")))
                }
                judgement => judgement,
            },
        }
    });
    let about_all = matcher
        .tests
        .iter()
        .filter(|test| !is_of_a_value(test))
        .map(|test| match test {
            Test::Not(inner) => none(several(inner, values)),
            Test::NoneOf(inner) => none(any(inner.iter().map(|inner| several(inner, values)))),
            Test::AllOf(inner) => all(inner.iter().map(|inner| several(inner, values))),
            Test::AnyOf(inner) => any(inner.iter().map(|inner| several(inner, values))),
            Test::Each(inner) => each(inner, values.iter()),
            Test::Any(inner) => any(values.iter().map(|value| judge(inner, Seen::One(value)))),
            _ => exists(test, true),
        });
    all(about_values.into_iter().chain(about_all))
}

fn exists(test: &Test, is_there: bool) -> Judgement {
    match test {
        Test::Exists(wanted) if *wanted == is_there => Judgement::Holds,
        Test::Exists(_) => Judgement::Fails(None),
        _ => Judgement::Senseless("it is absent".to_owned()),
    }
}

fn has_nodes(nodes: &Value) -> bool {
    *nodes != Value::List(Vec::new())
}

fn each<'v>(matcher: &Matcher, values: impl ExactSizeIterator<Item = &'v Value>) -> Judgement {
    // Of nothing everything is true, and a check that saw nothing has proved nothing.
    if values.len() == 0 {
        return Judgement::Senseless("it is empty, so there is nothing to judge".to_owned());
    }
    all(values
        .enumerate()
        .map(|(at, value)| match judge(matcher, Seen::One(value)) {
            Judgement::Fails(why) => {
                let why = why.map_or_else(String::new, |why| format!(": {why}"));
                Judgement::Fails(Some(format!("item {at} does not{why}")))
            }
            Judgement::Senseless(why) => Judgement::Senseless(format!("item {at}: {why}")),
            Judgement::Holds => Judgement::Holds,
        }))
}

impl Test {
    /// Whether what it compares with is only known later. Neither it nor its negation may hold.
    fn is_pending(&self) -> bool {
        match self {
            Self::Pending(_) => true,
            Self::Equals(literal) | Self::Contains(literal) | Self::Includes(literal) => {
                literal.is_pending()
            }
            Self::In(literals) => literals.iter().any(Literal::is_pending),
            Self::Compare(_, bound) => bound.limit.is_none(),
            Self::Between(low, high) => low.limit.is_none() || high.limit.is_none(),
            _ => false,
        }
    }

    fn judge(&self, seen: Seen<'_>) -> Judgement {
        let value = match seen {
            Seen::One(value) => value,
            Seen::Nodes(value) => {
                if let Test::Exists(_) = self {
                    return exists(self, has_nodes(value));
                }
                // A path that is misspelt finds nothing either, and of nothing everything can be denied.
                if let Test::Not(_) | Test::NoneOf(_) = self
                    && !has_nodes(value)
                {
                    return Judgement::Senseless(
                        "the path finds nothing, so there is nothing to deny".to_owned(),
                    );
                }
                value
            }
            // A negation of what is absent is senseless; alternatives may name `exists: false`.
            Seen::Absent => {
                return match self {
                    Test::AllOf(inner) => all(inner.iter().map(|inner| judge(inner, seen))),
                    Test::AnyOf(inner) => any(inner.iter().map(|inner| judge(inner, seen))),
                    _ => exists(self, false),
                };
            }
            Seen::Several(values) => {
                return several(
                    &Matcher {
                        tests: vec![self.clone()],
                    },
                    values,
                );
            }
        };
        if self.is_pending() {
            return Judgement::Senseless("what it is compared with was never filled".to_owned());
        }
        self.judge_value(value, seen)
    }

    /// Of one value, which is there.
    fn judge_value(&self, value: &Value, seen: Seen<'_>) -> Judgement {
        match self {
            // Told above.
            Test::Pending(_) => Judgement::Fails(None),
            Test::Equals(literal) => verdict(literal.equals(value), || difference(literal, value)),
            Test::Includes(literal) => {
                verdict(literal.is_included_in(value), || missing(literal, value))
            }
            Test::In(literals) => {
                verdict(literals.iter().any(|literal| literal.equals(value)), || {
                    None
                })
            }
            Test::Compare(comparison, bound) => match bound.compare(value) {
                Ok(order) => verdict(comparison.admits(order), || None),
                Err(why) => Judgement::Senseless(why),
            },
            Test::Between(low, high) => match (low.compare(value), high.compare(value)) {
                (Ok(low), Ok(high)) => verdict(low.is_ge() && high.is_le(), || None),
                (Err(why), _) | (_, Err(why)) => Judgement::Senseless(why),
            },
            Test::Contains(literal) => contains(literal, value),
            Test::StartsWith(start) => of_text(value, |text| text.starts_with(start)),
            Test::EndsWith(end) => of_text(value, |text| text.ends_with(end)),
            Test::Matches(regex) => of_text(value, |text| regex.is_match(text)),
            Test::Exists(_) => exists(self, true),
            Test::Empty(wanted) => match length(value) {
                Some(length) => verdict((length == 0) == *wanted, || None),
                None => senseless(value, "is neither empty nor not"),
            },
            Test::Length(matcher) => match length(value) {
                Some(length) => match judge(matcher, Seen::One(&Value::int(length as i128))) {
                    Judgement::Fails(_) => {
                        Judgement::Fails(Some(format!("its length is {length}")))
                    }
                    judgement => judgement,
                },
                None => senseless(value, "has no length"),
            },
            Test::ProbeWindow(matcher) => match window(value) {
                Ok(window) => match judge(matcher, Seen::One(&Value::Duration(window))) {
                    Judgement::Fails(_) => {
                        Judgement::Fails(Some(format!("it gives up after {window:?}")))
                    }
                    judgement => judgement,
                },
                Err(why) => Judgement::Senseless(why),
            },
            Test::Type(name) => verdict(value.type_name() == name, || {
                Some(format!("its type is {}", value.type_name()))
            }),
            Test::Each(matcher) => match items(value) {
                Some(items) => each(matcher, items.into_iter()),
                None => senseless(value, "has no items"),
            },
            Test::Any(matcher) => match items(value) {
                Some(items) => any(items
                    .into_iter()
                    .map(|item| judge(matcher, Seen::One(item)))),
                None => senseless(value, "has no items"),
            },
            Test::Schema(schema) => schema.judge(value),
            Test::Not(matcher) => none(judge(matcher, seen)),
            Test::AllOf(matchers) => all(matchers.iter().map(|matcher| judge(matcher, seen))),
            Test::AnyOf(matchers) => any(matchers.iter().map(|matcher| judge(matcher, seen))),
            Test::NoneOf(matchers) => {
                none(any(matchers.iter().map(|matcher| judge(matcher, seen))))
            }
        }
    }
}

impl Comparison {
    fn admits(self, order: Ordering) -> bool {
        match self {
            Self::Above => order.is_gt(),
            Self::AtLeast => order.is_ge(),
            Self::Below => order.is_lt(),
            Self::AtMost => order.is_le(),
        }
    }
}

fn verdict(holds: bool, why: impl FnOnce() -> Option<String>) -> Judgement {
    if holds {
        Judgement::Holds
    } else {
        Judgement::Fails(why())
    }
}

fn senseless(value: &Value, why: &str) -> Judgement {
    Judgement::Senseless(format!("{} {why}", article(value)))
}

fn of_text(value: &Value, holds: impl FnOnce(&str) -> bool) -> Judgement {
    match value.as_text() {
        Some(text) => verdict(holds(text), || None),
        None => senseless(value, "is no text"),
    }
}

fn contains(literal: &Literal, value: &Value) -> Judgement {
    match (value, literal.text()) {
        (Value::Text(text) | Value::Untyped(text), Some(part)) => {
            verdict(text.contains(&**part), || None)
        }
        (Value::List(items), _) => verdict(items.iter().any(|item| literal.equals(item)), || None),
        _ => senseless(
            value,
            "contains nothing of this kind; a part of an object is `includes`",
        ),
    }
}

/// Characters of a text, items of a list, entries of a mapping.
fn length(value: &Value) -> Option<usize> {
    match value {
        Value::Text(text) | Value::Untyped(text) => Some(text.chars().count()),
        Value::List(items) => Some(items.len()),
        Value::Map(entries) => Some(entries.len()),
        _ => None,
    }
}

fn items(value: &Value) -> Option<Vec<&Value>> {
    match value {
        Value::List(items) => Some(items.iter().collect()),
        Value::Map(entries) => Some(entries.iter().map(|(_, value)| value).collect()),
        _ => None,
    }
}
