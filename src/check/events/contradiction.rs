//! Rules that no stream can meet, and rules that a stream without their events would meet.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt::Write as _;

use super::decode::Written;
use super::words::times;
use super::{Kind, Name, Which};
use crate::yaml::{Diagnostic, Diagnostics, Span};

/// Tells of rules that contradict each other, and of names that nobody would miss.
pub(super) fn find(rules: &[Written], ignored: &[(Name, Span)], problems: &mut Diagnostics) {
    let before = problems.errors();
    of_ignored(rules, ignored, problems);
    let mut numbers = Numbers::default();
    numbers.read(rules, problems);
    if problems.errors() > before {
        return;
    }
    numbers.through_pairs(rules, problems);
    numbers.in_all(rules, problems);
    if problems.errors() > before {
        return;
    }
    unnoticed(rules, &numbers, problems);
    cycle(rules, problems);
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

/// How often each name must and may come.
#[derive(Default)]
struct Numbers<'r> {
    of: HashMap<&'r str, Number>,
    /// In the order written.
    names: Vec<&'r str>,
}

#[derive(Default)]
struct Number {
    least: Option<End>,
    most: Option<End>,
}

/// A number, where it comes from, and in words.
#[derive(Clone)]
struct End {
    number: i64,
    span: Span,
    why: String,
}

impl<'r> Numbers<'r> {
    fn read(&mut self, rules: &'r [Written], problems: &mut Diagnostics) {
        for rule in rules {
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
                        continue;
                    };
                    if let (Some(least), Some(most)) = (range.least, range.most)
                        && (least > most || most < 0)
                    {
                        let message = format!("no number of events can be `{matcher}`");
                        problems.push(Diagnostic::error(span, message));
                        continue;
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
        // What is not in the one list that names every event never comes.
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
        let known = self.entry(name);
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
        let known = self.entry(name);
        if let Some(least) = known.least.clone().filter(|least| least.number > number) {
            conflict(name, &least, &end, problems);
            return;
        }
        if known.most.as_ref().is_none_or(|most| most.number > number) {
            known.most = Some(end);
        }
    }

    fn entry(&mut self, name: &'r str) -> &mut Number {
        if !self.of.contains_key(name) {
            self.names.push(name);
        }
        self.of.entry(name).or_default()
    }

    fn least(&self, name: &str) -> Option<&End> {
        self.of.get(name)?.least.as_ref()
    }

    fn most(&self, name: &str) -> Option<&End> {
        self.of.get(name)?.most.as_ref()
    }

    /// Both of a pair come as often as each other.
    fn through_pairs(&self, rules: &[Written], problems: &mut Diagnostics) {
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
    fn in_all(&self, rules: &[Written], problems: &mut Diagnostics) {
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

/// One event before another.
struct Edge {
    from: usize,
    to: usize,
    rule: usize,
}

/// Whose order is a circle, told with the circle.
fn cycle(rules: &[Written], problems: &mut Diagnostics) {
    let mut names: Vec<&str> = Vec::new();
    let mut ids: HashMap<&str, usize> = HashMap::new();
    for rule in rules
        .iter()
        .filter(|rule| !matches!(rule.kind, Kind::Forbidden(_)))
    {
        for name in rule.kind.names().into_iter().filter_map(Name::as_str) {
            ids.entry(name).or_insert_with(|| {
                names.push(name);
                names.len() - 1
            });
        }
    }
    let edges = edges(rules, &ids);
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); names.len()];
    for (at, edge) in edges.iter().enumerate() {
        after[edge.from].push(at);
    }
    let Some(back) = back_edge(&edges, &after) else {
        return;
    };
    let mut circle = shortest(edges[back].to, edges[back].from, &edges, &after);
    circle.push(back);
    // It begins where it was begun to be written.
    let first = circle
        .iter()
        .enumerate()
        .min_by_key(|(_, edge)| edges[**edge].rule);
    let first = first.map_or(0, |(at, _)| at);
    circle.rotate_left(first);
    let begin = edges[circle[0]].from;
    let mut text = format!("`{}`", names[begin]);
    for edge in &circle {
        // Writing to a string cannot fail.
        let _ = write!(text, " before `{}`", names[edges[*edge].to]);
    }
    // The rule that stands last is the one that was one too many.
    let last = circle
        .iter()
        .max_by_key(|edge| edges[**edge].rule)
        .copied()
        .unwrap_or(back);
    let mut problem = Diagnostic::error(
        rules[edges[last].rule].span,
        format!("{text}: these orders contradict each other"),
    );
    for edge in circle.iter().filter(|edge| **edge != last) {
        let Edge { from, to, rule } = edges[*edge];
        let label = format!("`{}` before `{}`", names[from], names[to]);
        problem = problem.related(rules[rule].span, label);
    }
    problems.push(problem);
}

fn edges(rules: &[Written], ids: &HashMap<&str, usize>) -> Vec<Edge> {
    let id = |name: &Name| name.as_str().and_then(|name| ids.get(name)).copied();
    let mut edges = Vec::new();
    // Who stands before, and after, every other. A second one of a kind contradicts the first, which two edges tell.
    let mut heads: Vec<(usize, usize)> = Vec::new();
    let mut tails: Vec<(usize, usize)> = Vec::new();
    for (rule, written) in rules.iter().enumerate() {
        let (from, to) = match &written.kind {
            Kind::Before(Which::Named(first), Which::Named(then)) => (id(first), id(then)),
            Kind::Pairs(pairs) => (id(&pairs.first), id(&pairs.then)),
            Kind::Before(Which::Named(first), Which::Others) => {
                heads.extend(id(first).map(|id| (id, rule)));
                continue;
            }
            Kind::Before(Which::Others, Which::Named(name)) | Kind::Last(name) => {
                tails.extend(id(name).map(|id| (id, rule)));
                continue;
            }
            _ => continue,
        };
        if let (Some(from), Some(to)) = (from, to) {
            edges.push(Edge { from, to, rule });
        }
    }
    if let Some((head, rule)) = heads.first().copied() {
        let others = (0..ids.len()).filter(|to| *to != head);
        edges.extend(others.map(|to| Edge {
            from: head,
            to,
            rule,
        }));
        let more = heads[1..].iter().filter(|(other, _)| *other != head);
        edges.extend(more.map(|(from, rule)| Edge {
            from: *from,
            to: head,
            rule: *rule,
        }));
    }
    if let Some((tail, rule)) = tails.first().copied() {
        let others = (0..ids.len()).filter(|from| *from != tail);
        edges.extend(others.map(|from| Edge {
            from,
            to: tail,
            rule,
        }));
        let more = tails[1..].iter().filter(|(other, _)| *other != tail);
        edges.extend(more.map(|(to, rule)| Edge {
            from: tail,
            to: *to,
            rule: *rule,
        }));
    }
    edges
}

/// An edge that closes a circle. Without recursion: a file may have a chain of any length.
fn back_edge(edges: &[Edge], after: &[Vec<usize>]) -> Option<usize> {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        No,
        Open,
        Done,
    }
    let mut seen = vec![Seen::No; after.len()];
    for start in 0..after.len() {
        if seen[start] != Seen::No {
            continue;
        }
        seen[start] = Seen::Open;
        let mut path = vec![(start, 0)];
        while let Some((node, next)) = path.last_mut() {
            let Some(edge) = after[*node].get(*next).copied() else {
                seen[*node] = Seen::Done;
                path.pop();
                continue;
            };
            *next += 1;
            let to = edges[edge].to;
            match seen[to] {
                Seen::Open => return Some(edge),
                Seen::No => {
                    seen[to] = Seen::Open;
                    path.push((to, 0));
                }
                Seen::Done => {}
            }
        }
    }
    None
}

/// The edges of a shortest way.
fn shortest(from: usize, to: usize, edges: &[Edge], after: &[Vec<usize>]) -> Vec<usize> {
    let mut by: Vec<Option<usize>> = vec![None; after.len()];
    let mut queue = VecDeque::from([from]);
    while let Some(node) = queue.pop_front() {
        if node == to {
            break;
        }
        for edge in &after[node] {
            let next = edges[*edge].to;
            if next != from && by[next].is_none() {
                by[next] = Some(*edge);
                queue.push_back(next);
            }
        }
    }
    let mut way = Vec::new();
    let mut node = to;
    while let Some(edge) = by[node].filter(|_| node != from) {
        way.push(edge);
        node = edges[edge].from;
    }
    way.reverse();
    way
}
