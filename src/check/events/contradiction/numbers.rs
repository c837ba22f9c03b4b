//! How often each name must and may come, by all rules together.

use std::collections::{HashMap, HashSet};

use super::super::decode::Written;
use super::super::words::times;
use super::super::{Kind, Name};
use crate::yaml::{Diagnostic, Diagnostics, Span};

/// How often each name must and may come.
#[derive(Default)]
pub(super) struct Numbers<'r> {
    of: HashMap<&'r str, Number>,
}

#[derive(Default)]
struct Number {
    least: Option<End>,
    most: Option<End>,
}

/// A number, where it comes from, and in words.
#[derive(Clone)]
pub(super) struct End {
    pub(super) number: i64,
    pub(super) span: Span,
    pub(super) why: String,
}

impl<'r> Numbers<'r> {
    /// All that the rules say of single names; two that contradict each other are told.
    pub(super) fn read(rules: &'r [Written], problems: &mut Diagnostics) -> Self {
        let mut numbers = Self::default();
        for rule in rules {
            numbers.of_rule(rule, problems);
        }
        numbers.of_strict(rules, problems);
        numbers
    }

    fn of_rule(&mut self, rule: &'r Written, problems: &mut Diagnostics) {
        let span = rule.span;
        match &rule.kind {
            Kind::Strict(names) | Kind::AnyOrder(names) => {
                let list = if matches!(rule.kind, Kind::Strict(_)) {
                    "strict"
                } else {
                    "any_order"
                };
                for (name, count) in tally(names) {
                    let why = format!("stands {} in `{list}`", times(count));
                    self.exactly(name, whole(count), span, &why, problems);
                }
            }
            Kind::Subsequence(names) => {
                for (name, count) in tally(names) {
                    let why = format!("stands {} in `subsequence`", times(count));
                    self.at_least(name, whole(count), span, &why, problems);
                }
            }
            Kind::Once(names) => {
                for name in names.iter().filter_map(Name::as_str) {
                    self.exactly(name, 1, span, "must come once", problems);
                }
            }
            Kind::Last(name) => {
                if let Some(name) = name.as_str() {
                    self.at_least(name, 1, span, "must be the last", problems);
                }
            }
            Kind::Forbidden(names) => {
                for name in names.iter().filter_map(Name::as_str) {
                    self.at_most(name, 0, span, "is forbidden", problems);
                }
            }
            Kind::Counts(name, matcher) => {
                let (Some(name), range) = (name.as_str(), matcher.range()) else {
                    return;
                };
                if let (Some(least), Some(most)) = (range.least, range.most)
                    && (least > most || most < 0)
                {
                    let message = format!("no number of events can be `{matcher}`");
                    problems.push(Diagnostic::error(span, message));
                    return;
                }
                let why = format!("must come `{matcher}`");
                if let Some(least) = range.least {
                    self.at_least(name, least, span, &why, problems);
                }
                if let Some(most) = range.most {
                    self.at_most(name, most, span, &why, problems);
                }
            }
            Kind::Key(_)
            | Kind::Before(..)
            | Kind::Pairs(_)
            | Kind::Count(_)
            | Kind::Each(_)
            | Kind::Timing(..) => {}
        }
    }

    /// What is not in the one list that names every event never comes.
    fn of_strict(&mut self, rules: &'r [Written], problems: &mut Diagnostics) {
        let strict = rules
            .iter()
            .find(|rule| matches!(rule.kind, Kind::Strict(_)));
        if let Some(strict) = strict.filter(|strict| !strict.kind.is_pending()) {
            let listed: HashSet<&str> = strict
                .kind
                .names()
                .iter()
                .filter_map(|n| n.as_str())
                .collect();
            for rule in rules {
                for name in rule.kind.names().into_iter().filter_map(Name::as_str) {
                    if !listed.contains(name) {
                        self.at_most(name, 0, strict.span, "is not in `strict`", problems);
                    }
                }
            }
        }
    }

    fn exactly(
        &mut self,
        name: &'r str,
        number: i64,
        span: Span,
        why: &str,
        problems: &mut Diagnostics,
    ) {
        self.at_least(name, number, span, why, problems);
        self.at_most(name, number, span, why, problems);
    }

    fn at_least(
        &mut self,
        name: &'r str,
        number: i64,
        span: Span,
        why: &str,
        problems: &mut Diagnostics,
    ) {
        let end = End {
            number,
            span,
            why: why.to_owned(),
        };
        let known = self.of.entry(name).or_default();
        if let Some(most) = known.most.clone().filter(|most| most.number < number) {
            conflict(name, &most, &end, problems);
            return;
        }
        if known
            .least
            .as_ref()
            .is_none_or(|least| least.number < number)
        {
            known.least = Some(end);
        }
    }

    fn at_most(
        &mut self,
        name: &'r str,
        number: i64,
        span: Span,
        why: &str,
        problems: &mut Diagnostics,
    ) {
        let end = End {
            number,
            span,
            why: why.to_owned(),
        };
        let known = self.of.entry(name).or_default();
        if let Some(least) = known.least.clone().filter(|least| least.number > number) {
            conflict(name, &least, &end, problems);
            return;
        }
        if known.most.as_ref().is_none_or(|most| most.number > number) {
            known.most = Some(end);
        }
    }

    pub(super) fn least(&self, name: &str) -> Option<&End> {
        self.of.get(name)?.least.as_ref()
    }

    pub(super) fn most(&self, name: &str) -> Option<&End> {
        self.of.get(name)?.most.as_ref()
    }

    /// Both of a pair come as often as each other.
    pub(super) fn through_pairs(&self, rules: &[Written], problems: &mut Diagnostics) {
        for rule in rules {
            let Kind::Pairs(pairs) = &rule.kind else {
                continue;
            };
            let both = [(&pairs.first, &pairs.then), (&pairs.then, &pairs.first)];
            for (one, other) in both {
                let (Some(one), Some(other)) = (one.as_str(), other.as_str()) else {
                    continue;
                };
                if let (Some(least), Some(most)) = (self.least(one), self.most(other))
                    && least.number > most.number
                {
                    let message = format!(
                        "`{one}` {} and `{other}` {}, so they cannot be pairs",
                        least.why, most.why
                    );
                    problems.push(
                        Diagnostic::error(rule.span, message)
                            .related(least.span, format!("about `{one}`"))
                            .related(most.span, format!("about `{other}`")),
                    );
                }
            }
        }
    }

    /// `count` is of all events.
    pub(super) fn in_all(&self, rules: &[Written], problems: &mut Diagnostics) {
        let count = rules.iter().find_map(|rule| match &rule.kind {
            Kind::Count(matcher) => Some((matcher, rule.span)),
            _ => None,
        });
        let Some((matcher, span)) = count else { return };
        let range = matcher.range();
        if range
            .most
            .is_some_and(|most| most < range.least.unwrap_or(0).max(0))
        {
            let message = format!("no number of events can be `{matcher}`");
            problems.push(Diagnostic::error(span, message));
            return;
        }
        // A least of less than none asks for none, and takes nothing from the others.
        let least = self
            .of
            .values()
            .filter_map(|number| number.least.as_ref())
            .fold(0_i64, |sum, end| sum.saturating_add(end.number.max(0)));
        if range.most.is_some_and(|most| most < least) {
            let message =
                format!("the other rules ask for {least} events, and `count` for `{matcher}`");
            problems.push(Diagnostic::error(span, message));
        }
        let strict = rules.iter().find_map(|rule| match &rule.kind {
            Kind::Strict(names) if !rule.kind.is_pending() => Some((names.len(), rule.span)),
            _ => None,
        });
        if let Some((all, strict)) = strict
            && range.least.is_some_and(|least| least > whole(all))
        {
            let message = format!("`strict` names {all} events, and `count` asks for `{matcher}`");
            problems.push(Diagnostic::error(span, message).related(strict, "`strict` is here"));
        }
    }
}

/// As limits are counted. Lists are far shorter.
fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn conflict(name: &str, first: &End, then: &End, problems: &mut Diagnostics) {
    let message = format!(
        "`{name}` {} and {}: nothing can meet both",
        first.why, then.why
    );
    let mut problem = Diagnostic::error(then.span, message);
    if first.span != then.span {
        problem = problem.related(first.span, "the other is here");
    }
    problems.push(problem);
}

/// How often each name stands in a list, in its order.
fn tally(names: &[Name]) -> Vec<(&str, usize)> {
    let mut tally: Vec<(&str, usize)> = Vec::new();
    let mut places = HashMap::new();
    for name in names.iter().filter_map(Name::as_str) {
        let place = *places.entry(name).or_insert(tally.len());
        if place == tally.len() {
            tally.push((name, 0));
        }
        tally[place].1 += 1;
    }
    tally
}
