//! Holding rules against a stream: a finding for each, in the order of their texts.

use std::collections::BTreeMap;

use super::super::matcher::{Judgement, Matcher, Seen, judge as hold};
use super::list::{Row, list};
use super::stream::Stream;
use super::words::{events, first_of, shown, times};
use super::{Kind, Name, Rule, Rules};
use crate::model::{Finding, KnownCode, Observation, State, Value};

/// Why a rule is broken that asks for nothing which did not come.
const SILENCE: &str = "nothing came, and silence proves nothing";

/// What came of one rule.
pub(super) struct Outcome {
    pub(super) state: State,
    /// What was seen.
    pub(super) actual: Option<String>,
    /// Why it does not hold, where that says more.
    pub(super) why: Option<String>,
    /// Where in the stream it broke.
    pub(super) marks: Vec<Mark>,
    /// What was to come beside what came, where the rule is about every event.
    pub(super) rows: Option<Vec<Row>>,
}

/// Words beside an event.
pub(super) struct Mark {
    pub(super) at: usize,
    pub(super) note: String,
}

/// A finding for each of [`Rules::texts`], in their order. `is_stopped`: something unexpected stopped the look, so that what
/// was not seen was not reached.
pub(in super::super) fn judge(rules: &Rules, seen: &Observation, is_stopped: bool) -> Vec<Finding> {
    let Some(stream) = Stream::of(seen, rules) else {
        let (state, why) = if is_stopped {
            (State::NotReached, None)
        } else {
            (State::NotHeld, Some("it is absent".to_owned()))
        };
        let findings = rules.all.iter();
        return findings
            .map(|rule| rules.finding(rule, state, None, why.clone()))
            .collect();
    };
    if is_stopped && stream.events.is_empty() {
        let findings = rules.all.iter();
        return findings
            .map(|rule| rules.finding(rule, State::NotReached, None, None))
            .collect();
    }
    let outcomes: Vec<_> = rules
        .all
        .iter()
        .map(|rule| rules.outcome(rule, &stream, seen))
        .collect();
    let mut list = Some(rules.list(&stream, &outcomes));
    rules
        .all
        .iter()
        .zip(outcomes)
        .map(|(rule, outcome)| {
            let mut detail = outcome.why;
            // The first that is broken shows what came; the others would show the same.
            if outcome.state == State::NotHeld
                && let Some(list) = list.take().flatten()
            {
                detail = Some(match detail {
                    Some(why) => format!("{why}\n{list}"),
                    None => list,
                });
            }
            rules.finding(rule, outcome.state, outcome.actual, detail)
        })
        .collect()
}

impl Rules {
    fn finding(
        &self,
        rule: &Rule,
        state: State,
        actual: Option<String>,
        detail: Option<String>,
    ) -> Finding {
        Finding {
            code: KnownCode::Expect.of("events"),
            path: rule.path(),
            expected: self.expected(rule),
            actual,
            state,
            detail,
            place: Some(rule.place.clone()),
        }
    }

    /// What came, with the marks of all that is broken; `None` when nothing is, or nothing came.
    fn list(&self, stream: &Stream<'_>, outcomes: &[Outcome]) -> Option<String> {
        let broken = || outcomes.iter().filter(|one| one.state == State::NotHeld);
        let rows = broken().next()?.rows.as_deref();
        let mut marks: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
        for mark in broken().flat_map(|outcome| &outcome.marks) {
            marks.entry(mark.at).or_default().push(&mark.note);
        }
        list(stream, &self.key, rows, &marks)
    }

    pub(super) fn outcome(&self, rule: &Rule, stream: &Stream<'_>, seen: &Observation) -> Outcome {
        if rule.kind.is_pending() {
            return Outcome::broken(None, "what it asks for was never filled".to_owned());
        }
        let is_silent = stream.counted.is_empty() && !self.is_silence_right;
        // Events without any name have not kept to any rule about names.
        let is_nameless = !stream.counted.is_empty() && stream.is_nameless();
        let outcome = match &rule.kind {
            Kind::Key(unnamed) => self.named(*unnamed, stream),
            Kind::Count(matcher) => Outcome::of_count(matcher, stream.counted.len(), |_| {
                events(stream.counted.len())
            }),
            Kind::Counts(name, matcher) => counts(name, matcher, stream),
            Kind::Forbidden(names) => forbidden(names, stream),
            Kind::Strict(names) => super::order::strict(names, stream),
            Kind::Subsequence(names) => super::order::subsequence(names, stream),
            Kind::AnyOrder(names) => super::order::any_order(names, stream),
            Kind::Before(first, then) => super::order::before(first, then, stream),
            Kind::Once(names) => super::order::once(names, stream),
            Kind::Last(name) => super::order::last(name, stream),
            Kind::Pairs(pairs) => super::pairs::judge(pairs, stream),
            Kind::Each(each) => super::each::judge(each, stream),
            Kind::Timing(measure, matcher) => {
                super::timing::judge(*measure, matcher, stream, seen, is_silent)
            }
        };
        let is_of_names = !rule.kind.names().is_empty();
        // Of nothing everything is true, and a check that saw nothing has proved nothing.
        let is_of_nothing = is_silent || (is_nameless && is_of_names);
        if outcome.state != State::Held || !is_of_nothing {
            return outcome;
        }
        // The rule `key` is broken then; where there is none, each tells for itself.
        let has_key = matches!(self.all.first().map(|rule| &rule.kind), Some(Kind::Key(_)));
        if has_key {
            Outcome {
                state: State::NotReached,
                ..Outcome::held(None)
            }
        } else {
            Outcome::broken(outcome.actual, SILENCE.to_owned())
        }
    }

    fn named(&self, most: u64, stream: &Stream<'_>) -> Outcome {
        let count = stream.counted.len();
        if count == 0 {
            let actual = Some("no event".to_owned());
            return if self.is_silence_right {
                Outcome::held(actual)
            } else {
                Outcome::broken(actual, SILENCE.to_owned())
            };
        }
        let is_unnamed = |at: &&usize| stream.name(**at).is_none();
        let unnamed: Vec<usize> = stream.counted.iter().filter(is_unnamed).copied().collect();
        let of = events(count);
        if unnamed.len() as u64 <= most && !stream.is_nameless() {
            return Outcome::held(Some(match unnamed.len() {
                0 => of,
                unnamed => format!("{of}, {unnamed} of them without a name"),
            }));
        }
        let is_json = |at: &&usize| stream.events[**at].json.is_none();
        let no_json = unnamed.iter().filter(is_json).count();
        let actual = if unnamed.len() == count {
            format!("no {} in any of {of}", self.key)
        } else {
            format!("no {} in {} of {of}", self.key, unnamed.len())
        };
        let mut whys = Vec::new();
        if no_json > 0 {
            whys.push(match no_json {
                1 => "1 of them is no JSON".to_owned(),
                count => format!("{count} of them are no JSON"),
            });
        }
        whys.extend(alternatives(stream, &unnamed));
        Outcome {
            state: State::NotHeld,
            actual: Some(actual),
            why: (!whys.is_empty()).then(|| whys.join("; ")),
            marks: marks(&unnamed, || "no name".to_owned()),
            rows: None,
        }
    }
}

/// What events without a name have instead, for who wrote the wrong path.
fn alternatives(stream: &Stream<'_>, unnamed: &[usize]) -> Option<String> {
    const SHOWN: usize = 8;
    let mut members: Vec<(&str, usize)> = Vec::new();
    // What a stream is like shows early.
    for at in unnamed.iter().take(1000) {
        if let Some(Value::Map(entries)) = stream.events[*at].json {
            for (name, _) in entries.iter().take(32) {
                let known = members
                    .iter_mut()
                    .find(|(known, _)| *known == name.as_str());
                if let Some((_, count)) = known {
                    *count += 1;
                } else if members.len() < 64 {
                    members.push((name, 1));
                }
            }
        }
    }
    if members.is_empty() {
        return None;
    }
    members.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let mut names: Vec<_> = members
        .iter()
        .take(SHOWN)
        .map(|(name, _)| format!("$.{}", shown(name)))
        .collect();
    if members.len() > SHOWN {
        names.push("…".to_owned());
    }
    Some(format!("they have {}", names.join(", ")))
}

fn counts(name: &Name, matcher: &Matcher, stream: &Stream<'_>) -> Outcome {
    let positions = stream.positions(name);
    let count = positions.len();
    let mut outcome = Outcome::of_count(matcher, count, times);
    if outcome.state == State::NotHeld {
        let most = matcher
            .range()
            .most
            .and_then(|most| usize::try_from(most).ok());
        let surplus = positions.get(most.unwrap_or(count)..).unwrap_or_default();
        outcome.marks = marks(surplus, || format!("{name} came {}", times(count)));
    }
    outcome
}

fn forbidden(names: &[Name], stream: &Stream<'_>) -> Outcome {
    let mut came = Vec::new();
    let mut all = Vec::new();
    for name in names {
        let positions = stream.positions(name);
        if let Some(first) = positions.first() {
            let at = first + 1;
            came.push(match positions.len() {
                1 => format!("{name} as event {at}"),
                count => format!("{name} {count} times, first as event {at}"),
            });
            all.extend(marks(positions, || format!("{name} is forbidden")));
        }
    }
    if came.is_empty() {
        return Outcome::held(Some("none of them".to_owned()));
    }
    Outcome {
        state: State::NotHeld,
        actual: first_of(&came),
        why: None,
        marks: all,
        rows: None,
    }
}

/// Events that are marked for one rule: far more than a list has lines.
pub(super) const MARKED: usize = 64;

/// The same words beside each of these, as far as they may be shown.
pub(super) fn marks(positions: &[usize], note: impl Fn() -> String) -> Vec<Mark> {
    let mark = |at: &usize| Mark {
        at: *at,
        note: note(),
    };
    positions.iter().take(MARKED).map(mark).collect()
}

impl Outcome {
    pub(super) fn held(actual: Option<String>) -> Self {
        Self {
            state: State::Held,
            actual,
            why: None,
            marks: Vec::new(),
            rows: None,
        }
    }

    pub(super) fn broken(actual: Option<String>, why: String) -> Self {
        Self {
            state: State::NotHeld,
            why: Some(why),
            ..Self::held(actual)
        }
    }

    /// How a matcher holds of a value.
    pub(super) fn of(matcher: &Matcher, seen: Seen<'_>, actual: Option<String>) -> Self {
        match hold(matcher, seen) {
            Judgement::Holds => Self::held(actual),
            Judgement::Fails(why) => Self {
                state: State::NotHeld,
                why,
                ..Self::held(actual)
            },
            Judgement::Senseless(why) => Self::broken(actual, why),
        }
    }

    fn of_count(matcher: &Matcher, count: usize, words: impl Fn(usize) -> String) -> Self {
        let value = Value::int(count as i128);
        Self::of(matcher, Seen::One(&value), Some(words(count)))
    }
}
