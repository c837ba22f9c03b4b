//! Orders that contradict each other: a circle of what comes before what.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;

use super::super::decode::Written;
use super::super::{Kind, Name, Which};
use crate::yaml::{Diagnostic, Diagnostics};

/// Tells of orders that are a circle, with the circle.
pub(super) fn find(rules: &[Written], problems: &mut Diagnostics) {
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

/// One event before another.
struct Edge {
    from: usize,
    to: usize,
    rule: usize,
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
