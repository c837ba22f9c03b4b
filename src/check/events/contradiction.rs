//! Rules that no stream can meet, and rules that a stream without their events would meet.

mod cycle;
mod numbers;

use std::collections::{HashMap, HashSet};

use self::numbers::Numbers;
use super::decode::Written;
use super::{Kind, Name};
use crate::yaml::{Diagnostic, Diagnostics, Span};

/// Tells of rules that contradict each other, and of names that nobody would miss.
pub(super) fn find(rules: &[Written], ignored: &[(Name, Span)], problems: &mut Diagnostics) {
    let before = problems.errors();
    of_ignored(rules, ignored, problems);
    let numbers = Numbers::read(rules, problems);
    if problems.errors() > before {
        return;
    }
    numbers.through_pairs(rules, problems);
    numbers.in_all(rules, problems);
    if problems.errors() > before {
        return;
    }
    unnoticed(rules, &numbers, problems);
    cycle::find(rules, problems);
}

/// Nothing can be asked of what is left out.
fn of_ignored(rules: &[Written], ignored: &[(Name, Span)], problems: &mut Diagnostics) {
    let ignored: HashMap<&str, Span> = ignored
        .iter()
        .filter_map(|(name, span)| Some((name.as_str()?, *span)))
        .collect();
    let mut told = HashSet::new();
    for rule in rules {
        for name in rule.kind.names() {
            let Some(span) = name.as_str().and_then(|name| ignored.get(name)) else {
                continue;
            };
            if told.insert(name) {
                problems.push(
                    Diagnostic::error(
                        rule.span,
                        format!("`{name}` is ignored, so nothing can be asked of it"),
                    )
                    .related(*span, "it is ignored here"),
                );
            }
        }
    }
}

/// An order, a pair and a matcher hold of events that never come; something else must ask for them, or a misspelt name would
/// be a rule that cannot be broken.
fn unnoticed(rules: &[Written], numbers: &Numbers<'_>, problems: &mut Diagnostics) {
    let mut noticed: HashSet<&str> = HashSet::new();
    let asked = |name: &Name| {
        name.as_str()
            .is_some_and(|name| numbers.least(name).is_some())
    };
    for rule in rules {
        if let Kind::Pairs(pairs) = &rule.kind
            && (asked(&pairs.first) || asked(&pairs.then))
        {
            noticed.extend(pairs.first.as_str());
            noticed.extend(pairs.then.as_str());
        }
    }
    // Names that are only known later may be these.
    let is_open = rules.iter().any(|rule| rule.kind.is_pending());
    let mut told = HashSet::new();
    for rule in rules {
        if !matches!(rule.kind, Kind::Before(..) | Kind::Pairs(_) | Kind::Each(_)) {
            continue;
        }
        let mut names = rule.kind.names();
        if let Kind::Pairs(_) = rule.kind {
            // Who misses the one misses the other.
            names.truncate(1);
        }
        for name in names.into_iter().filter_map(Name::as_str) {
            if let Some(never) = numbers.most(name).filter(|most| most.number == 0) {
                if told.insert(name) {
                    let message = format!("`{name}` {}, so this asks for nothing", never.why);
                    problems.push(
                        Diagnostic::error(rule.span, message)
                            .related(never.span, "the other is here"),
                    );
                }
                continue;
            }
            let is_asked = numbers.least(name).is_some() || noticed.contains(name);
            if !is_asked && !is_open && told.insert(name) {
                let message = format!(
                    "nothing says that `{name}` must come, and this holds where it does not"
                );
                problems.push(Diagnostic::error(rule.span, message).help(format!(
                    "add it to `once` or `counts`; where it may be missing: `counts: {{ {name}: {{ at_least: 0 }} }}`"
                )));
            }
        }
    }
}
