//! Who got through where others failed: then it is not down, and perhaps it is too small.

use std::time::Duration;

use super::cover::Chosen;
use super::graph::Graph;
use super::passes::{Pass, Passes, Span};
use crate::model::{Cited, Layer, Standing};
use crate::statistics::{Counted, fisher_worse};

/// What others say about a cause.
#[derive(Debug)]
pub(super) struct Refuted {
    pub(super) standing: Standing,
    /// Who got through, a few of them.
    pub(super) by: Vec<Cited>,
    /// It failed where many looked at once, and not else.
    pub(super) under_load: bool,
}

/// One or two failures last no time at all: who got through shortly afterwards speaks about them, too.
const SHORTLY: Duration = Duration::from_secs(10);

/// Fewer failures than this are a blip when somebody got through shortly afterwards.
const FEW: u64 = 3;

/// So many witnesses are named.
const MOST_NAMED: usize = 3;

/// As rare as this is no accident.
const RARE: f64 = 0.05;

/// Asks all who were there.
pub(super) fn refute(graph: &Graph<'_>, chosen: &Chosen) -> Refuted {
    let failed: u64 = chosen
        .own
        .iter()
        .map(|one| graph.failures[*one].looks)
        .sum();
    let within = during(chosen.span, failed);
    let witnesses = witnesses(graph, chosen);
    let passed: u64 = witnesses
        .iter()
        .map(|passes| passes.begun_within(within))
        .sum();
    let named = |span: Span| {
        let first = witnesses
            .iter()
            .filter_map(|passes| passes.first_begun_within(span));
        let mut first: Vec<&Pass<'_>> = first.collect();
        first.sort_by_key(|pass| (pass.span, pass.test));
        first.truncate(MOST_NAMED);
        first
    };
    if passed == 0 {
        let after = Span {
            from: within.to,
            to: Duration::MAX,
        };
        let later = named(after).into_iter().take(1);
        return Refuted {
            standing: Standing::Down,
            by: later
                .map(|pass| cited(pass, "got through afterwards"))
                .collect(),
            under_load: false,
        };
    }
    let by = named(within);
    Refuted {
        standing: Standing::Intermittent {
            failed,
            of: failed + passed,
        },
        by: by
            .into_iter()
            .map(|pass| cited(pass, "got through at the same time"))
            .collect(),
        under_load: is_load(graph, chosen, &witnesses, within),
    }
}

/// When so many failures lasted: who looked then can speak about them.
pub(super) fn during(span: Span, failed: u64) -> Span {
    let shortly = if failed < FEW {
        SHORTLY
    } else {
        Duration::ZERO
    };
    Span {
        to: span.to + shortly,
        ..span
    }
}

/// When others show whether something was there at all, just before included:
/// a run is short, and its tests do not wait for each other.
pub(super) fn about(span: Span) -> Span {
    Span {
        from: span.from.saturating_sub(SHORTLY),
        to: span.to + SHORTLY,
    }
}

/// Who can speak about it. Of what answers requests only who asked the same: another path may be of another application. Below
/// what an application says, whoever got through the layer; above, only who asked the same.
fn witnesses<'g, 'r>(graph: &'g Graph<'r>, chosen: &Chosen) -> Vec<&'g Passes<'r>> {
    match chosen.layer {
        // Who got in had other credentials, for all that is known: they are not told.
        Layer::Runner | Layer::Configuration | Layer::Auth => Vec::new(),
        Layer::Proxy | Layer::Protocol if !graph.is_asked_by_requests(chosen.at) => {
            graph.passes(chosen.at, chosen.layer).collect()
        }
        Layer::Dns | Layer::Transport | Layer::Tls => {
            graph.passes(chosen.at, chosen.layer).collect()
        }
        Layer::Proxy | Layer::Protocol | Layer::Application | Layer::Performance => {
            let steps = chosen
                .own
                .iter()
                .filter_map(|one| graph.failures[*one].step);
            let mut asked: Vec<&'r str> = steps.map(|step| step.request.as_str()).collect();
            asked.sort_unstable();
            asked.dedup();
            let alike = |request: &'r str| graph.alike(chosen.at, request);
            asked.into_iter().filter_map(alike).collect()
        }
    }
}

/// Whether those who failed had more company than those who got through (Fisher's exact test, one-sided).
fn is_load(graph: &Graph<'_>, chosen: &Chosen, witnesses: &[&Passes<'_>], within: Span) -> bool {
    let mut failures = Passes::default();
    for one in &chosen.own {
        let failure = &graph.failures[*one];
        if let Some(test) = failure.test {
            failures.push(Pass::of(test, failure.looks));
        }
    }
    failures.sort();
    // Of an application each request has its witnesses: who was there is asked of all of them at once.
    let there = Passes::merged(witnesses.iter().copied());
    let company = |span: Span| failures.at(span.from) + there.at(span.from);
    let all = |passes: &Passes<'_>| -> Vec<u64> {
        let some = passes.some_within(within);
        some.map(|pass| company(pass.span)).collect()
    };
    let failed = all(&failures);
    let passed: Vec<u64> = witnesses.iter().flat_map(|passes| all(passes)).collect();
    let mut both: Vec<u64> = failed.iter().chain(&passed).copied().collect();
    both.sort_unstable();
    let Some(middle) = both.get(both.len() / 2) else {
        return false;
    };
    let counted = |is_crowded: bool| {
        let count = |all: &[u64]| {
            all.iter()
                .filter(|one| (**one >= *middle) == is_crowded)
                .count()
        };
        let held = count(&passed) as u64;
        Counted {
            held,
            n: held + count(&failed) as u64,
        }
    };
    fisher_worse(counted(true), counted(false)) < RARE
}

fn cited(pass: &Pass<'_>, text: &str) -> Cited {
    Cited {
        test: pass.test.clone(),
        attempt: None,
        text: text.to_owned(),
    }
}
