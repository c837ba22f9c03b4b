//! Why the failures of a cause are its consequences: each line from an edge of the graph, and with a test and what was seen in
//! it. Where the evidence ends the chain ends, and what it does not support is said.

use std::collections::HashSet;

use super::candidates::Edge;
use super::cover::Chosen;
use super::graph::{Failure, Graph};
use super::refute::Refuted;
use crate::model::{
    Cause, Cited, Diagnosed, Layer, Phase, Standing, Status, StepRecord, TestId, TestRecord,
    WhyLine,
};

/// What is known beside the cause itself.
pub(super) struct Known<'k, 'r> {
    pub(super) graph: &'k Graph<'r>,
    pub(super) diagnosed: &'k [Diagnosed],
    /// A control that passed: this machine can look.
    pub(super) control: Option<&'r TestRecord>,
}

/// The chain, from what was not run to what broke. `roots` are the failures that blocked, one for each of `cause.blocked`.
pub(super) fn why(
    known: &Known<'_, '_>,
    chosen: &Chosen,
    refuted: &Refuted,
    cause: &Cause,
    roots: &[usize],
) -> Vec<WhyLine> {
    let lead = &known.diagnosed[chosen.lead];
    let mut lines = Vec::new();
    if let (Some(first), Some(root)) = (cause.blocked.first(), roots.first()) {
        let root = &known.diagnosed[*root];
        let several: HashSet<&usize> = roots.iter().collect();
        let text = format!(
            "{} not run: {}",
            many(first, cause.blocked.len(), "was", "were"),
            many(&root.test, several.len(), "failed", "failed")
        );
        lines.push(line(text, cited(root)));
    }
    for edge in [Edge::Used, Edge::Named, Edge::Looked] {
        let by_it = chosen.behind.iter().filter(|(_, by)| *by == edge);
        let behind: Vec<usize> = by_it.map(|(failure, _)| *failure).collect();
        let Some(first) = behind.first().map(|one| &known.diagnosed[*one]) else {
            continue;
        };
        let by = match edge {
            Edge::Used => "",
            Edge::Named => "what answered names it, ",
            Edge::Looked => "a look of `on_fail` found it broken, ",
        };
        let text = format!(
            "{} with {}: {by}a consequence of {}",
            many(&first.test, behind.len(), "ended", "ended badly, the first"),
            first.code,
            cause.resource
        );
        lines.push(line(text, cited(first)));
    }
    let text = format!(
        "{} at {}, {}",
        many(&lead.test, chosen.own.len(), "failed", "failed"),
        cause.resource,
        cause.layer
    );
    lines.push(line(text, cited(lead)));
    for adjusted in &lead.adjusted {
        let cited = Cited {
            test: lead.test.clone(),
            attempt: None,
            text: lead.code.to_string(),
        };
        lines.push(line(adjusted.text.clone(), cited));
    }
    if let (Standing::Intermittent { failed, of }, Some(by)) =
        (refuted.standing, refuted.by.first())
    {
        let text = format!("it is not down: {failed} of {of} looks failed there");
        lines.push(line(text, by.clone()));
    }
    lines
}

/// The strongest explanation that what was seen contradicts.
pub(super) fn rejected(known: &Known<'_, '_>, chosen: &Chosen) -> Option<WhyLine> {
    let lead = &known.diagnosed[chosen.lead];
    let failure = &known.graph.failures[chosen.lead];
    let of_lead = |text: String| Cited {
        test: lead.test.clone(),
        attempt: Some(lead.attempt),
        text,
    };
    let passed = failure.passed.filter(|passed| *passed < chosen.layer);
    if chosen.layer > Layer::Transport && passed.is_some_and(|passed| passed >= Layer::Transport) {
        let socket = below(known.graph, failure, &["sock:", "unix:"]);
        let text = format!("not the network: {} was reached", socket.unwrap_or("it"));
        return Some(line(text, of_lead(reached(failure.step))));
    }
    let is_network = matches!(
        chosen.layer,
        Layer::Dns | Layer::Transport | Layer::Tls | Layer::Proxy
    );
    if let Some(control) = known.control.filter(|_| is_network) {
        let cited = Cited {
            test: control.header.id.clone(),
            attempt: None,
            text: Status::Passed.to_string(),
        };
        let text = format!("not this machine: {} passed", control.header.id);
        return Some(line(text, cited));
    }
    let resolve = failure.step?.observation.phase(Phase::Resolve)?;
    let name = below(known.graph, failure, &["dns:"])?;
    (chosen.layer == Layer::Transport && passed == Some(Layer::Dns)).then(|| {
        let text = format!("not the name: {name} was resolved");
        line(text, of_lead(format!("resolve took {resolve:.1?}")))
    })
}

/// What was seen in a failure.
pub(super) fn cited(one: &Diagnosed) -> Cited {
    let text = if one.evidence.is_empty() {
        one.code.to_string()
    } else {
        one.evidence.join(", ")
    };
    Cited {
        test: one.test.clone(),
        attempt: Some(one.attempt),
        text,
    }
}

fn line(text: String, evidence: Cited) -> WhyLine {
    WhyLine {
        text,
        evidence: Some(evidence),
    }
}

/// `a/b was`, `a/b and 3 more were`.
fn many(first: &TestId, count: usize, one: &str, several: &str) -> String {
    match count.saturating_sub(1) {
        0 => format!("{first} {one}"),
        more => format!("{first} and {more} more {several}"),
    }
}

/// What it used below, by the kind of it.
fn below<'g>(graph: &'g Graph<'_>, failure: &Failure<'_>, kinds: &[&str]) -> Option<&'g str> {
    let names = failure.uses.iter().map(|one| graph.name(*one));
    let mut names: Vec<&str> = names
        .filter(|name| kinds.iter().any(|kind| name.starts_with(kind)))
        .collect();
    names.sort_unstable();
    names.first().copied()
}

/// The phases of a look that got somewhere.
fn reached(step: Option<&StepRecord>) -> String {
    let phases = step.map_or(&[][..], |step| &step.observation.phases);
    let shown = phases.iter().filter(|time| {
        matches!(
            time.phase,
            Phase::Resolve | Phase::Connect | Phase::Proxy | Phase::Tls
        )
    });
    let shown: Vec<String> = shown
        .map(|time| format!("{} {:.1?}", time.phase, time.took))
        .collect();
    if shown.is_empty() {
        "somebody answered".to_owned()
    } else {
        shown.join(", ")
    }
}
