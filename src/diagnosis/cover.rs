//! The few causes that explain all failures: candidates, who explains what, and the choice.
//!
//! A candidate is a resource, a layer and what was seen there. It explains another failure when that one used the resource, broke at a
//! layer above, at the time, and did not itself get through where the candidate says nobody does. The choice is greedy and weighted:
//! whoever explains most, as sure as that is, goes first; between equals the deeper one, then the earlier, then by name. At worst
//! n log n: an instance uses few resources, and a resource offers few candidates.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::time::Duration;

use super::graph::{Graph, Resource};
use super::mention::Mentions;
use super::passes::Span;
use crate::model::{Class, Confidence, Diagnosed, Layer};

/// A cause that was chosen.
#[derive(Debug)]
pub(super) struct Chosen {
    /// The failure that speaks for it.
    pub(super) lead: usize,
    /// What broke.
    pub(super) at: Resource,
    /// Where.
    pub(super) layer: Layer,
    /// Failures that broke there themselves; the one that speaks first.
    pub(super) own: Vec<usize>,
    /// Failures that are its consequences.
    pub(super) behind: Vec<usize>,
    /// Others that explain as much, by their positions.
    pub(super) tied: Vec<usize>,
    /// When it was first and last met.
    pub(super) span: Span,
}

/// Chooses. Every failure belongs to exactly one; those in `unfit` to the machine we look from.
pub(super) fn cover(
    graph: &Graph<'_>,
    diagnosed: &[Diagnosed],
    unfit: &HashSet<usize>,
) -> Vec<Chosen> {
    let mut candidates = candidates(graph, diagnosed, unfit);
    let explained_by = edges(graph, diagnosed, unfit, &mut candidates);
    let mut open: Vec<usize> = candidates.iter().map(|one| one.explains.len()).collect();
    let mut open_own: Vec<usize> = candidates.iter().map(|one| one.own.len()).collect();
    let mut owner: Vec<usize> = vec![0; diagnosed.len()];
    for (number, candidate) in candidates.iter().enumerate() {
        for own in &candidate.own {
            owner[*own] = number;
        }
    }
    let mut heap: BinaryHeap<(usize, Reverse<usize>)> = candidates
        .iter()
        .enumerate()
        .map(|(number, one)| (one.weight * open[number], Reverse(number)))
        .collect();
    let mut taken_by: Vec<Option<usize>> = vec![None; diagnosed.len()];
    let mut ties: HashSet<(usize, usize)> = HashSet::new();
    let mut order = Vec::new();
    while let Some((score, Reverse(number))) = heap.pop() {
        let now = candidates[number].weight * open[number];
        // What only others would be blamed on is itself a consequence.
        if now == 0 || open_own[number] == 0 {
            continue;
        }
        if now < score {
            heap.push((now, Reverse(number)));
            continue;
        }
        order.push(number);
        let takes = candidates[number].explains.iter();
        let takes: Vec<usize> = takes
            .copied()
            .filter(|one| taken_by[*one].is_none())
            .collect();
        for failure in &takes {
            for rival in &explained_by[*failure] {
                let is_equal = candidates[*rival].weight * open[*rival] == score
                    && candidates[*rival].layer == candidates[number].layer;
                if *rival != number && is_equal {
                    ties.insert((number, *rival));
                }
            }
        }
        for failure in takes {
            taken_by[failure] = Some(number);
            open_own[owner[failure]] -= 1;
            for other in &explained_by[failure] {
                open[*other] -= 1;
            }
        }
    }
    ties.extend(rivals(&candidates, &order));
    chosen(&candidates, &order, &taken_by, &ties)
}

/// Something that may be a cause. Candidates are sorted: between equals the first is chosen.
#[derive(Debug)]
struct Candidate {
    at: Resource,
    layer: Layer,
    own: Vec<usize>,
    explains: Vec<usize>,
    weight: usize,
    span: Span,
}

/// What makes two failures at the same layer of the same resource the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Alike<'d> {
    /// Whether it is there at all: one is refused and the next one waits in vain, and it is down for both.
    Class(Class),
    /// What it said: two errors are two errors.
    Said(&'d str, &'d str),
    /// We are not fit to judge.
    Unfit,
}

fn alike(one: &Diagnosed) -> Alike<'_> {
    match one.layer {
        Layer::Dns | Layer::Transport => Alike::Class(one.blame.class),
        Layer::Runner
        | Layer::Configuration
        | Layer::Proxy
        | Layer::Tls
        | Layer::Auth
        | Layer::Protocol
        | Layer::Application
        | Layer::Performance => Alike::Said(&one.rule, one.code.as_str()),
    }
}

fn candidates(
    graph: &Graph<'_>,
    diagnosed: &[Diagnosed],
    unfit: &HashSet<usize>,
) -> Vec<Candidate> {
    let runner = graph.resource("runner").unwrap_or_default();
    let mut groups: HashMap<(Resource, Layer, Alike<'_>), Vec<usize>> = HashMap::new();
    for (number, one) in diagnosed.iter().enumerate() {
        let key = if unfit.contains(&number) {
            (runner, Layer::Runner, Alike::Unfit)
        } else {
            (graph.failures[number].at, one.layer, alike(one))
        };
        groups.entry(key).or_default().push(number);
    }
    let mut candidates: Vec<Candidate> = groups
        .into_iter()
        .map(|((at, layer, _), mut own)| {
            lead_first(graph, diagnosed, &mut own);
            let spans = own.iter().map(|one| graph.failures[*one].span);
            let span = spans.reduce(Span::and).unwrap_or_default();
            Candidate {
                at,
                layer,
                weight: weight(diagnosed[own[0]].blame.confidence),
                own,
                explains: Vec::new(),
                span,
            }
        })
        .collect();
    candidates.sort_by_cached_key(|one| {
        let lead = &diagnosed[one.own[0]];
        let name = graph.name(one.at).to_owned();
        (
            one.layer,
            one.span.from,
            name,
            lead.rule.clone(),
            lead.code.clone(),
            lead.test.clone(),
            // A session can be called as a test is.
            one.own[0],
        )
    });
    candidates
}

/// Puts the failure first that speaks for all: by the rule most of them met, and of equals the least sure one; then by time.
fn lead_first(graph: &Graph<'_>, diagnosed: &[Diagnosed], own: &mut [usize]) {
    let mut met: HashMap<&str, usize> = HashMap::new();
    for one in own.iter() {
        *met.entry(&diagnosed[*one].rule).or_default() += 1;
    }
    own.sort_by(|a, b| {
        let key = |one: usize| {
            let it = &diagnosed[one];
            (
                // What we say of ourselves counts before those who suffer from it.
                it.layer != Layer::Runner,
                Reverse(met.get(it.rule.as_str())),
                it.blame.confidence,
                &it.rule,
                graph.failures[one].span.to,
                &it.test,
            )
        };
        key(*a).cmp(&key(*b))
    });
}

/// In hundredths, the middle of what the word means.
const fn weight(confidence: Confidence) -> usize {
    match confidence {
        Confidence::Low => 40,
        Confidence::Medium => 70,
        Confidence::High => 95,
    }
}

/// Who explains whom: fills in what each candidate explains, and gives for each failure who explains it.
fn edges(
    graph: &Graph<'_>,
    diagnosed: &[Diagnosed],
    unfit: &HashSet<usize>,
    candidates: &mut [Candidate],
) -> Vec<Vec<usize>> {
    let offered = offered(candidates, diagnosed);
    let mentions = Mentions::of(graph);
    let mut explained_by: Vec<Vec<usize>> = vec![Vec::new(); diagnosed.len()];
    for (number, candidate) in candidates.iter().enumerate() {
        for failure in &candidate.own {
            explained_by[*failure].push(number);
        }
    }
    for (number, one) in diagnosed.iter().enumerate() {
        if unfit.contains(&number) {
            continue;
        }
        let failure = &graph.failures[number];
        for resource in &failure.uses {
            let deeper = offered.get(resource).into_iter().flatten();
            explained_by[number].extend(deeper.copied().filter(|candidate| {
                let candidate = &candidates[*candidate];
                candidate.layer < one.layer
                    && failure.passed.is_none_or(|passed| passed < candidate.layer)
                    && is_same_time(graph, candidate, failure.span)
            }));
        }
        for resource in mentions.by(one, failure) {
            let deeper = offered.get(&resource).into_iter().flatten();
            explained_by[number].extend(deeper.copied().filter(|candidate| {
                let candidate = &candidates[*candidate];
                candidate.layer < one.layer && is_same_time(graph, candidate, failure.span)
            }));
        }
        explained_by[number].sort_unstable();
        explained_by[number].dedup();
    }
    for (failure, by) in explained_by.iter().enumerate() {
        for candidate in by {
            candidates[*candidate].explains.push(failure);
        }
    }
    explained_by
}

/// What each resource has to offer as the cause of others: at each layer the candidate that most met.
///
/// What an application says explains nothing but itself, and so does what this machine is said to lack: [`super::sound`] decides that. A
/// route or a limit of a proxy is about the requests it was asked for.
fn offered(candidates: &[Candidate], diagnosed: &[Diagnosed]) -> HashMap<Resource, Vec<usize>> {
    let mut best: HashMap<(Resource, Layer), usize> = HashMap::new();
    for (number, candidate) in candidates.iter().enumerate() {
        let class = diagnosed[candidate.own[0]].blame.class;
        let is_of_a_request = candidate.layer == Layer::Proxy && class == Class::Configuration;
        if (Layer::Dns..=Layer::Protocol).contains(&candidate.layer) && !is_of_a_request {
            let known = best
                .entry((candidate.at, candidate.layer))
                .or_insert(number);
            // The first of equals stays: they are sorted.
            if candidates[*known].own.len() < candidate.own.len() {
                *known = number;
            }
        }
    }
    let mut offered: HashMap<Resource, Vec<usize>> = HashMap::new();
    for ((resource, _), number) in best {
        offered.entry(resource).or_default().push(number);
    }
    offered
}

/// Whether nobody got through between what speaks for a candidate and a failure: then it was not so any more, or not yet.
fn is_same_time(graph: &Graph<'_>, candidate: &Candidate, span: Span) -> bool {
    let between = |from: Duration, to: Duration| {
        let mut passes = graph.passes(candidate.at, candidate.layer);
        passes.any(|passes| passes.has_between(from, to))
    };
    if span.from > candidate.span.to {
        !between(candidate.span.to, span.from)
    } else if span.to < candidate.span.from {
        !between(span.to, candidate.span.from)
    } else {
        true
    }
}

/// Chosen ones that contradict each other about the same layer of the same thing, and have as much to say.
fn rivals(candidates: &[Candidate], order: &[usize]) -> Vec<(usize, usize)> {
    let mut by_place: HashMap<(Resource, Layer), Vec<usize>> = HashMap::new();
    for number in order {
        let one = &candidates[*number];
        if matches!(one.layer, Layer::Dns | Layer::Transport | Layer::Proxy) {
            by_place
                .entry((one.at, one.layer))
                .or_default()
                .push(*number);
        }
    }
    let mut ties = Vec::new();
    for place in by_place.values() {
        for one in place {
            // At most one of each class stands at a place.
            for other in place.iter().filter(|other| *other != one) {
                let (a, b) = (&candidates[*one], &candidates[*other]);
                if a.weight * a.own.len() == b.weight * b.own.len() && a.span.overlaps(b.span) {
                    ties.push((*one, *other));
                }
            }
        }
    }
    ties
}

fn chosen(
    candidates: &[Candidate],
    order: &[usize],
    taken_by: &[Option<usize>],
    ties: &HashSet<(usize, usize)>,
) -> Vec<Chosen> {
    let position: HashMap<usize, usize> = order
        .iter()
        .enumerate()
        .map(|(position, number)| (*number, position))
        .collect();
    let mut all: Vec<Chosen> = order
        .iter()
        .map(|number| {
            let one = &candidates[*number];
            let is_taken = |failure: &usize| taken_by[*failure] == Some(*number);
            let own: Vec<usize> = one.own.iter().copied().filter(is_taken).collect();
            let is_own: HashSet<usize> = one.own.iter().copied().collect();
            let taken = one.explains.iter().copied().filter(is_taken);
            Chosen {
                lead: own.first().copied().unwrap_or(one.own[0]),
                at: one.at,
                layer: one.layer,
                own,
                behind: taken.filter(|failure| !is_own.contains(failure)).collect(),
                tied: Vec::new(),
                span: one.span,
            }
        })
        .collect();
    for (one, other) in ties {
        if let (Some(one), Some(other)) = (position.get(one), position.get(other)) {
            all[*one].tied.push(*other);
            all[*other].tied.push(*one);
        }
    }
    for one in &mut all {
        one.tied.sort_unstable();
        one.tied.dedup();
    }
    all
}
