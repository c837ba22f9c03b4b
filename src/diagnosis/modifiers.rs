//! What the rest of the run says about single failures: another build answered, another way works, every attempt took the same time.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::address::Address;
use super::graph::{Failure, Graph, asks_a_server, looks_on_fail};
use crate::model::{
    Adjustment, Class, Confidence, Diagnosed, FaultKind, Layer, Modifier, Outcome, RunHeader,
    State, Status, StepRecord, TcpFault, TestId, TestRecord,
};
use crate::yaml::parse_duration;

/// The tag of a preflight test that asks what answers there.
const IDENTITY: &str = "identity";

/// Changes what each failure says by what the rest of the run shows.
pub(super) fn modify(graph: &Graph<'_>, diagnosed: &mut [Diagnosed]) {
    vantage(graph, diagnosed);
    fixed_timeout(graph, diagnosed);
    identity(graph, diagnosed);
}

/// Whatever is found in some other build is true of that one.
fn identity(graph: &Graph<'_>, diagnosed: &mut [Diagnosed]) {
    let mut wrong: Vec<usize> = (0..diagnosed.len())
        .filter(|number| is_other_build(&graph.failures[*number]))
        .collect();
    wrong.sort_by_key(|number| diagnosed[*number].test.clone());
    let Some(first) = wrong.first() else {
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
        let found = match one.layer {
            Layer::Dns => servers
                .get(one.resource.as_str())
                .and_then(|all| {
                    all.iter()
                        .find(|(server, _)| !asked(graph, failure, server))
                })
                .map(|(server, test)| {
                    format!("{server} resolves {} ({test})", bare(&one.resource))
                }),
            Layer::Transport if is_silent(failure) => elsewhere(&answering, &one.resource, failure),
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
            // The signal says "network", and so does this; it says nothing of another class, nor of a machine without one between.
            one.blame.confidence = one.blame.confidence.higher();
        }
        one.adjusted.push(Adjustment {
            kind: Modifier::Vantage,
            text,
        });
    }
}

/// A silent socket that answers at another port or another address.
fn elsewhere(answering: &Seen<'_, u16>, resource: &str, failure: &Failure<'_>) -> Option<String> {
    let at = Address::of(resource);
    let (host, port) = (at.host?, at.port?);
    let mut others = answering.get(host).into_iter().flatten();
    if let Some((other, test)) = others.find(|(other, _)| **other != port) {
        let text = format!("{host} answers at port {other} ({test}): only this port is silent");
        return Some(text);
    }
    let looks = failure.test.into_iter().flat_map(looks_on_fail);
    let mut reached: Vec<&str> = looks
        .filter(|step| step.outcome == Outcome::Held && step.observation.fault.is_none())
        .flat_map(|step| &step.resources)
        .filter(|other| {
            let there = Address::of(other);
            there.kind == "sock" && there.port == Some(port) && there.host != Some(host)
        })
        .map(String::as_str)
        .collect();
    reached.sort_unstable();
    let other = reached.first()?;
    Some(format!(
        "{} answers (`on_fail`): the way to this address is silent",
        bare(other)
    ))
}

/// The servers that resolved a name, by the name: those of other tests, and those that `on_fail` asked.
fn servers<'r>(graph: &Graph<'r>) -> Seen<'r, &'r str> {
    let mut servers = Seen::new();
    let mut tell = |resources: &'r [String], test: &'r TestRecord| {
        let server = resources.iter().find(|one| one.starts_with("sock:"));
        let name = resources.iter().find(|one| one.starts_with("dns:"));
        if let (Some(server), Some(name), true) = (server, name, asks_a_server(resources)) {
            see(&mut servers, name, bare(server), &test.header.id);
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
    used.any(|one| one.strip_prefix("sock:") == Some(server))
}

/// Without its kind.
fn bare(resource: &str) -> &str {
    resource.split_once(':').map_or(resource, |(_, rest)| rest)
}

/// Nobody said anything. A host that refuses is there in any case.
fn is_silent(failure: &Failure<'_>) -> bool {
    let fault = failure
        .step
        .and_then(|step| step.observation.fault.as_ref());
    matches!(
        fault.map(|fault| fault.kind),
        Some(FaultKind::Tcp(TcpFault::Timeout))
    )
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

/// So many attempts that take the same time are no accident.
const ENOUGH: usize = 3;

/// What is this fast is no timeout of anybody.
const SHORTEST: Duration = Duration::from_secs(1);

/// Timeouts that many leave as they came, and who has them.
const USUAL: &[(u64, &str)] = &[
    (5, "what resolvers and health checks wait"),
    (8, "what some clients wait"),
    (15, "what some clients wait"),
    (30, "what load balancers and pools of connections wait"),
    (60, "what nginx and most load balancers wait"),
    (75, "what nginx keeps a connection for"),
    (300, "what Cloud Run and many gateways wait"),
];

/// Every attempt took the same time: somebody stopped waiting, and it can be said who.
fn fixed_timeout(graph: &Graph<'_>, diagnosed: &mut [Diagnosed]) {
    for (failure, one) in graph.failures.iter().zip(diagnosed) {
        let Some(took) = failure.test.map(times) else {
            continue;
        };
        if let Some((middle, spread)) = same(took) {
            let whose = whose(failure, middle, &graph.record.header);
            one.adjusted.push(Adjustment {
                kind: Modifier::FixedTimeout,
                text: format!(
                    "every attempt took {:.1} s (± {spread:.1} %): a fixed timeout, {whose}",
                    middle.as_secs_f64()
                ),
            });
        }
    }
}

/// How long each attempt took that did not hold.
fn times(test: &TestRecord) -> Vec<Duration> {
    if let Some(sample) = &test.sample {
        let failed = sample
            .rows
            .iter()
            .filter(|row| row.outcome == Outcome::NotHeld);
        return failed
            .map(|row| Duration::from_micros(row.latency_us))
            .collect();
    }
    let failed = test
        .attempts
        .iter()
        .filter(|one| one.outcome == Outcome::NotHeld);
    failed.map(|one| one.elapsed).collect()
}

/// The middle of them and how far they are from it, in per cent, where that is at most two.
fn same(mut took: Vec<Duration>) -> Option<(Duration, f64)> {
    took.sort_unstable();
    let middle = took.get(took.len() / 2).copied()?;
    let (first, last) = (took.first()?, took.last()?);
    let far = middle
        .saturating_sub(*first)
        .max(last.saturating_sub(middle));
    let spread = far.as_secs_f64() / middle.as_secs_f64().max(f64::MIN_POSITIVE) * 100.0;
    (took.len() >= ENOUGH && middle >= SHORTEST && spread <= 2.0).then_some((middle, spread))
}

fn whose(failure: &Failure<'_>, time: Duration, header: &RunHeader) -> String {
    let fault = failure
        .step
        .and_then(|step| step.observation.fault.as_ref());
    let is_ours = fault.is_some_and(|fault| {
        // Where no typed signal is behind it, it was our own budget that ended.
        fault.origin.is_none()
            && fault
                .code()
                .as_str()
                .split('.')
                .any(|part| part == "timeout")
    });
    if is_ours {
        return "our own: the budget of the test ended".to_owned();
    }
    let is_near = |other: Duration| {
        let far = other.abs_diff(time).as_secs_f64();
        far <= time.as_secs_f64() * 0.02
    };
    let declared = header
        .variables
        .iter()
        .find(|(_, value)| parse_duration(value).is_ok_and(is_near));
    if let Some((name, value)) = declared {
        return format!("as the target's `{name}` says ({value})");
    }
    let usual = USUAL
        .iter()
        .find(|(seconds, _)| is_near(Duration::from_secs(*seconds)));
    match usual {
        Some((seconds, who)) => format!("not ours; {seconds} s is {who}"),
        None => "not ours".to_owned(),
    }
}
