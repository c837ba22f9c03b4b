//! What the rest of the run says about single failures: another build answered, or another way works.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::address::Address;
use super::graph::{Failure, Graph};
use super::reach::looks_on_fail;
use super::timeouts::fixed_timeout;
use super::uses::questions;
use crate::model::{
    Adjustment, Class, Confidence, Diagnosed, FaultKind, Layer, Modifier, Outcome, Phase, State,
    Status, StepRecord, TcpFault, TestId, TestRecord,
};

/// The tag of a preflight test that asks what answers there.
const IDENTITY: &str = "identity";

/// Changes what each failure says by what the rest of the run shows.
pub(super) fn modify(graph: &Graph<'_>, diagnosed: &mut [Diagnosed]) {
    vantage(graph, diagnosed);
    fixed_timeout(graph, diagnosed);
}

/// Whatever is found in some other build is true of that one. It comes after the choice of causes: that less is believed of a
/// failure does not make it a consequence of another.
pub(super) fn identity(graph: &Graph<'_>, diagnosed: &mut [Diagnosed]) {
    let wrong: HashSet<usize> = (0..diagnosed.len())
        .filter(|number| is_other_build(&graph.failures[*number]))
        .collect();
    let Some(first) = wrong.iter().min_by_key(|number| &diagnosed[**number].test) else {
        return;
    };
    let told = format!(
        "{} failed ({}): what answers is not what was deployed",
        diagnosed[*first].test, diagnosed[*first].code
    );
    for (number, one) in diagnosed.iter_mut().enumerate() {
        if wrong.contains(&number) {
            one.blame.class = Class::Configuration;
            one.blame.detail = Some("stale-revision".to_owned());
            "release".clone_into(&mut one.blame.owner);
            // What was expected may be what is stale.
            one.blame.confidence = Confidence::Medium;
            continue;
        }
        let is_theirs = matches!(one.blame.class, Class::Application | Class::Infrastructure);
        if is_theirs && one.blame.confidence > Confidence::Low {
            one.blame.confidence = Confidence::Low;
            one.adjusted.push(Adjustment {
                kind: Modifier::Identity,
                text: told.clone(),
            });
        }
    }
}

/// Somebody answered who names another build: that nobody answered is no mismatch.
fn is_other_build(failure: &Failure<'_>) -> bool {
    let Some(test) = failure.test else {
        return false;
    };
    let is_asked = test.header.preflight && test.header.tags.iter().any(|tag| tag == IDENTITY);
    let differs = |step: &StepRecord| {
        step.observation.fault.is_none()
            && step.findings.iter().any(|finding| {
                finding.state == State::NotHeld && finding.code.as_str() == "expect.json"
            })
    };
    let mut steps = test.attempts.iter().flat_map(|attempt| &attempt.steps);
    is_asked && test.status == Status::Failed && steps.any(differs)
}

/// Others see it otherwise: the same name at another server, another port of the same host, the same port at another address.
fn vantage(graph: &Graph<'_>, diagnosed: &mut [Diagnosed]) {
    let answering = answering(graph);
    let servers = servers(graph);
    for (failure, one) in graph.failures.iter().zip(diagnosed) {
        if one.layer == Layer::Transport && is_silent(failure) {
            elsewhere(&answering, failure, one);
            continue;
        }
        let found = match one.layer {
            Layer::Dns => servers
                .get(name_of(&one.resource))
                .and_then(|all| {
                    all.iter()
                        .find(|(server, _)| !asked(graph, failure, server))
                })
                .map(|(server, test)| {
                    format!("{server} resolves {} ({test})", name_of(&one.resource))
                }),
            _ => None,
        };
        let Some(text) = found else {
            continue;
        };
        if one.code.as_str() == "dns.nxdomain" && one.blame.class == Class::Configuration {
            // The name is right: somebody knows it.
            one.blame.class = Class::Infrastructure;
            one.blame.detail = Some("dns".to_owned());
            "network".clone_into(&mut one.blame.owner);
            one.blame.confidence = one.blame.confidence.min(Confidence::Medium);
        } else if one.blame.class == Class::Infrastructure && !Address::of(&one.resource).is_local()
        {
            // The signal says "network", and so does this;
            // it says nothing of another class, nor of a machine without one between.
            one.blame.confidence = one.blame.confidence.higher();
        }
        one.adjusted.push(Adjustment {
            kind: Modifier::Vantage,
            text,
        });
    }
}

/// A silent socket whose host answers at another port, or whose port answers at another address. That it is there leaves two who
/// look the same from here: what drops packets on the way, and a process that accepts nothing, so that its queue is full.
fn elsewhere(answering: &Seen<'_, u16>, failure: &Failure<'_>, one: &mut Diagnosed) {
    let at = Address::of(&one.resource);
    let (Some(host), Some(port)) = (at.host, at.port) else {
        return;
    };
    let is_near = at.is_local();
    let mut others = answering.get(host).into_iter().flatten();
    let text = if let Some((other, test)) = others.find(|(other, _)| **other != port) {
        format!("{host} answers at port {other} ({test}): only this port is silent")
    } else if let Some(other) = other_address(failure, host, port) {
        format!("{other} answers (`on_fail`): only this address is silent")
    } else {
        return;
    };
    let text = if is_near {
        text
    } else {
        format!(
            "{text}, because packets are dropped (network) or what listens there accepts nothing (app)"
        )
    };
    if !is_near && one.blame.class == Class::Infrastructure {
        one.blame.confidence = one.blame.confidence.min(Confidence::Low);
        "network+app".clone_into(&mut one.blame.owner);
    }
    one.adjusted.push(Adjustment {
        kind: Modifier::Vantage,
        text,
    });
}

/// Another address that a look of `on_fail` reached at the same port: of several the first by name.
fn other_address<'r>(failure: &Failure<'r>, host: &str, port: u16) -> Option<&'r str> {
    let looks = failure.test.into_iter().flat_map(looks_on_fail);
    let reached = looks
        .filter(|step| step.outcome == Outcome::Held && step.observation.fault.is_none())
        .flat_map(|step| &step.resources)
        .filter(|other| {
            let there = Address::of(other);
            there.kind == "sock" && there.port == Some(port) && there.host != Some(host)
        });
    reached.map(|other| bare(other)).min()
}

/// The servers that resolved a name, by the name: those of other tests, and those that `on_fail` asked.
fn servers<'r>(graph: &Graph<'r>) -> Seen<'r, &'r str> {
    let mut servers = Seen::new();
    let mut tell = |resources: &'r [String], test: &'r TestRecord| {
        for (name, server) in questions(resources) {
            see(&mut servers, name, server, &test.header.id);
        }
    };
    for test in &graph.record.tests {
        if is_good(test) {
            tell(&test.header.resources, test);
        }
        for step in looks_on_fail(test) {
            if step.outcome == Outcome::Held && step.observation.fault.is_none() {
                tell(&step.resources, test);
            }
        }
    }
    servers
}

/// Where something was seen to be, by its name, and in which test: of several the one with the smallest id.
type Seen<'r, Where> = HashMap<&'r str, BTreeMap<Where, &'r TestId>>;

fn see<'r, Where: Ord>(seen: &mut Seen<'r, Where>, name: &'r str, at: Where, test: &'r TestId) {
    let known = seen.entry(name).or_default().entry(at).or_insert(test);
    *known = (*known).min(test);
}

/// Whether it asked this server itself.
fn asked(graph: &Graph<'_>, failure: &Failure<'_>, server: &str) -> bool {
    let mut used = failure.uses.iter().map(|one| graph.name(*one));
    used.any(|one| one.strip_prefix("sock:") == Some(server) || Address::of(one).by == Some(server))
}

/// The name that was asked for, whoever was asked.
fn name_of(resource: &str) -> &str {
    let name = bare(resource);
    name.split_once('@').map_or(name, |(name, _)| name)
}

/// Without its kind.
fn bare(resource: &str) -> &str {
    resource.split_once(':').map_or(resource, |(_, rest)| rest)
}

/// Nobody said anything to who wanted in. A host that refuses is there in any case.
fn is_silent(failure: &Failure<'_>) -> bool {
    let fault = failure
        .step
        .and_then(|step| step.observation.fault.as_ref());
    fault.is_some_and(|fault| {
        let is_new = matches!(fault.phase, Phase::Connect | Phase::Startup);
        is_new && fault.kind == FaultKind::Tcp(TcpFault::Timeout)
    })
}

/// The ports of each host at which somebody got through.
fn answering<'r>(graph: &Graph<'r>) -> Seen<'r, u16> {
    let mut answering = Seen::new();
    for test in &graph.record.tests {
        let on_fail = looks_on_fail(test)
            .filter(|step| step.outcome == Outcome::Held && step.observation.fault.is_none())
            .flat_map(|step| &step.resources);
        let own = test.header.resources.iter().filter(|_| is_good(test));
        for resource in own.chain(on_fail) {
            let address = Address::of(resource);
            if let ("sock", Some(host), Some(port)) = (address.kind, address.host, address.port) {
                see(&mut answering, host, port, &test.header.id);
            }
        }
    }
    answering
}

fn is_good(test: &TestRecord) -> bool {
    let mut steps = test.attempts.iter().flat_map(|attempt| &attempt.steps);
    test.status == Status::Passed && steps.all(|step| step.observation.fault.is_none())
}
