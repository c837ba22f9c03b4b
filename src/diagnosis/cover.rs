//! The few causes that explain all failures: the choice among all that may be one.
//!
//! It is greedy and weighted: whoever explains most, as sure as that is, goes first; between equals the deeper one, then the
//! earlier, then by name. At worst n log n: an instance uses few resources, and a resource offers few candidates.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use super::candidates::{Candidate, Edge, candidates, edges};
use super::graph::{Asked, Failure, Graph, Resource};
use super::passes::Span;
use crate::model::{Diagnosed, Layer};

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
    /// Failures that are its consequences, and what says so.
    pub(super) behind: Vec<(usize, Edge)>,
    /// Others that explain as much, by their positions.
    pub(super) tied: Vec<usize>,
    /// When it was first and last met.
    pub(super) span: Span,
}

impl Chosen {
    /// All its failures: its own, then its consequences.
    pub(super) fn failures(&self) -> impl Iterator<Item = usize> {
        let behind = self.behind.iter().map(|(failure, _)| *failure);
        self.own.iter().copied().chain(behind)
    }
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
            .map(|(failure, _)| *failure)
            .filter(|one| taken_by[*one].is_none())
            .collect();
        for failure in takes {
            taken_by[failure] = Some(number);
            open_own[owner[failure]] -= 1;
            for (other, _) in &explained_by[failure] {
                open[*other] -= 1;
            }
        }
    }
    let ties = rivals(graph, &candidates, &order);
    chosen(&candidates, &order, &taken_by, &ties)
}

/// Chosen ones that contradict each other about the same layer of the same thing, and have as much to say. Of what answers
/// requests they are about the same requests: two paths that fail in two ways are two things to mend,
/// and not one that cannot be told apart.
fn rivals(graph: &Graph<'_>, candidates: &[Candidate], order: &[usize]) -> Vec<(usize, usize)> {
    let mut by_place: HashMap<(Resource, Layer, Vec<Asked<'_>>), Vec<usize>> = HashMap::new();
    for number in order {
        let one = &candidates[*number];
        let asked = match one.layer {
            Layer::Dns | Layer::Transport => Vec::new(),
            Layer::Proxy => asked(graph, &one.own),
            _ => continue,
        };
        by_place
            .entry((one.at, one.layer, asked))
            .or_default()
            .push(*number);
    }
    let mut ties = Vec::new();
    for place in by_place.values() {
        for (nth, one) in place.iter().enumerate() {
            for other in place.iter().skip(nth + 1).take(MOST_TIED) {
                let (a, b) = (&candidates[*one], &candidates[*other]);
                if a.weight * a.own.len() == b.weight * b.own.len() && a.span.overlaps(b.span) {
                    ties.push((*one, *other));
                }
            }
        }
    }
    ties
}

/// One request can be answered in many ways; nobody reads more of them than this.
const MOST_TIED: usize = 16;

/// What these asked for, each once.
fn asked<'r>(graph: &Graph<'r>, failures: &[usize]) -> Vec<Asked<'r>> {
    let failures = failures.iter().map(|one| &graph.failures[*one]);
    let mut asked: Vec<Asked<'_>> = failures.filter_map(Failure::asked).collect();
    asked.sort_unstable();
    asked.dedup();
    asked
}

fn chosen(
    candidates: &[Candidate],
    order: &[usize],
    taken_by: &[Option<usize>],
    ties: &[(usize, usize)],
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
            let taken = one.explains.iter().filter(|(failure, _)| is_taken(failure));
            Chosen {
                lead: own.first().copied().unwrap_or(one.own[0]),
                at: one.at,
                layer: one.layer,
                own,
                behind: taken
                    .filter(|(failure, _)| !is_own.contains(failure))
                    .copied()
                    .collect(),
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
