//! What may be a cause, and of what: a resource, a layer and what was seen there; and the failures that it would explain.
//!
//! A candidate explains another failure when that one used the resource, broke at a layer above, at the time, and did not itself
//! get through where the candidate says nobody does.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::graph::{Asked, Failure, Graph, Resource};
use super::mention::Mentions;
use super::passes::Span;
use super::pointed::{Pointed, is_of_another};
use super::refute::{about, during};
use crate::model::{Class, Confidence, Diagnosed, Layer};

/// Something that may be a cause. Candidates are sorted: between equals the first is chosen.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) at: Resource,
    pub(super) layer: Layer,
    pub(super) own: Vec<usize>,
    /// What it would explain, its own included.
    pub(super) explains: Vec<(usize, Edge)>,
    pub(super) weight: usize,
    pub(super) span: Span,
}

/// What leads from a failure to what it is a consequence of, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Edge {
    /// It used what broke.
    Used,
    /// What answered it, or what it wrote itself, names what broke.
    Named,
    /// It says that something is missing, and a look that its author wrote for that case found what.
    Looked,
}

/// All there are, in the order in which equals are chosen: the deeper one, then the earlier, then by name.
pub(super) fn candidates(
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

/// Who explains whom, and what says so: fills in what each candidate explains, and gives for each failure who explains it,
/// each once.
pub(super) fn edges(
    graph: &Graph<'_>,
    diagnosed: &[Diagnosed],
    unfit: &HashSet<usize>,
    candidates: &mut [Candidate],
) -> Vec<Vec<(usize, Edge)>> {
    let offered = offered(graph, candidates, diagnosed);
    let mentions = Mentions::of(graph);
    let pointed = Pointed::of(graph, diagnosed);
    let only: Vec<Option<HashSet<Asked<'_>>>> =
        candidates.iter().map(|one| only(graph, one)).collect();
    let mut explained_by: Vec<Vec<(usize, Edge)>> = vec![Vec::new(); diagnosed.len()];
    for (number, candidate) in candidates.iter().enumerate() {
        for failure in &candidate.own {
            explained_by[*failure].push((number, Edge::Used));
        }
    }
    for (number, one) in diagnosed.iter().enumerate() {
        if unfit.contains(&number) {
            continue;
        }
        let failure = &graph.failures[number];
        for resource in &failure.uses {
            let deeper = offered.get(resource).into_iter().flatten();
            let used = deeper.filter(|candidate| {
                let candidate = **candidate;
                let only = only[candidate].as_ref();
                let candidate = &candidates[candidate];
                let asked = || failure.asked();
                candidate.layer < one.layer
                    && only.is_none_or(|all| asked().is_some_and(|asked| all.contains(&asked)))
                    && failure.passed.is_none_or(|passed| passed < candidate.layer)
                    && is_same_time(graph, candidate, failure.span)
            });
            explained_by[number].extend(used.map(|candidate| (*candidate, Edge::Used)));
        }
        for resource in mentions.by(one, failure) {
            let deeper = offered.get(&resource).into_iter().flatten();
            let named = deeper.filter(|candidate| {
                let candidate = &candidates[**candidate];
                candidate.layer < one.layer && is_same_time(graph, candidate, failure.span)
            });
            explained_by[number].extend(named.map(|candidate| (*candidate, Edge::Named)));
        }
        for found in pointed.by(one, failure) {
            let deeper = offered.get(&found.at).into_iter().flatten();
            let looked = deeper.filter(|candidate| {
                let candidate = &candidates[**candidate];
                // One resource and layer can have failed in several ways: only who speaks for them is compared.
                found.is_met(candidate.layer, &diagnosed[candidate.own[0]].code)
                    && is_same_time(graph, candidate, failure.span)
            });
            explained_by[number].extend(looked.map(|candidate| (*candidate, Edge::Looked)));
        }
        explained_by[number].sort_unstable();
        // Of several edges to one the surest is the first.
        explained_by[number].dedup_by_key(|(candidate, _)| *candidate);
    }
    for (failure, by) in explained_by.iter().enumerate() {
        for (candidate, edge) in by {
            candidates[*candidate].explains.push((failure, *edge));
        }
    }
    explained_by
}

/// What makes two failures at the same layer of the same resource the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Alike<'d> {
    /// Whether it is there at all: one is refused and the next one waits in vain, and it is down for both.
    Class(Class),
    /// It says, in whatever words, that it lacks something behind it: what, where that is known.
    Lacks(Option<&'d str>),
    /// What it said, and of what behind it: two errors are two errors.
    Said(&'d str, &'d str, Option<&'d str>),
    /// We are not fit to judge.
    Unfit,
}

fn alike(one: &Diagnosed) -> Alike<'_> {
    let behind = one.behind.as_deref();
    match one.layer {
        Layer::Dns | Layer::Transport => Alike::Class(one.blame.class),
        Layer::Application if is_of_another(one) => Alike::Lacks(behind),
        Layer::Runner
        | Layer::Configuration
        | Layer::Proxy
        | Layer::Tls
        | Layer::Auth
        | Layer::Protocol
        | Layer::Application
        | Layer::Performance => Alike::Said(&one.rule, one.code.as_str(), behind),
    }
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

/// What each resource has to offer as the cause of others: at each layer the candidate that most met.
///
/// What an application says explains nothing but itself, and so does what this machine is said to lack: [`super::sound`] decides
/// that. Whose credentials were refused says nothing of what others hold, whoever names or looks at the place that refused them.
/// A route or a limit of a proxy is about the requests it was asked for; and where nearly all got through, who failed behind it
/// did not fail because of it.
fn offered(
    graph: &Graph<'_>,
    candidates: &[Candidate],
    diagnosed: &[Diagnosed],
) -> HashMap<Resource, Vec<usize>> {
    let mut best: HashMap<(Resource, Layer), usize> = HashMap::new();
    for (number, candidate) in candidates.iter().enumerate() {
        let class = diagnosed[candidate.own[0]].blame.class;
        let is_of_a_request = candidate.layer == Layer::Proxy && class == Class::Configuration;
        let is_offered = (Layer::Dns..=Layer::Protocol).contains(&candidate.layer)
            && candidate.layer != Layer::Auth
            && !is_of_a_request
            && !nearly_works(graph, candidate);
        if is_offered {
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

/// Of so many looks one that fails is an accident, and no outage.
const NEARLY_ALL: u64 = 20;

/// Whether hardly anybody failed there of all who were there at the time.
fn nearly_works(graph: &Graph<'_>, candidate: &Candidate) -> bool {
    let failed = candidate.own.iter().map(|one| graph.failures[*one].looks);
    let failed: u64 = failed.sum();
    let passes = graph.passes(candidate.at, candidate.layer);
    let passed: u64 = passes
        .map(|passes| passes.begun_within(during(candidate.span, failed)))
        .sum();
    passed >= failed.saturating_mul(NEARLY_ALL)
}

/// What was asked where a candidate was met, if others got through that asked something else at about the time: then it is about
/// these requests, and explains no other. `None` where it is about all that ask there.
fn only<'r>(graph: &Graph<'r>, candidate: &Candidate) -> Option<HashSet<Asked<'r>>> {
    let is_of_requests = matches!(candidate.layer, Layer::Proxy | Layer::Protocol)
        && graph.is_asked_by_requests(candidate.at);
    if !is_of_requests {
        return None;
    }
    let failures = candidate.own.iter().map(|one| &graph.failures[*one]);
    let about = about(candidate.span);
    let mut passes = graph.passes(candidate.at, candidate.layer);
    passes
        .any(|passes| passes.begun_within(about) > 0)
        .then(|| failures.filter_map(Failure::asked).collect())
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
