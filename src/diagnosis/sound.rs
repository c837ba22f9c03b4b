//! Are we fit to judge? When a control fails, failures of the network behind it are ours, unless somebody got further.

use std::collections::HashSet;

use super::address::Address;
use super::graph::{Failure, Graph, asks_a_server};
use crate::model::{
    Adjustment, Blame, Class, Confidence, Diagnosed, FaultKind, Layer, Modifier, Outcome, Phase,
    ProxyFault, RunRecord, Status, StepRecord, TcpFault, TestHeader, TestRecord, TlsFault, Unable,
};

/// The tag of a preflight test that looks at somebody who has nothing to do with the target.
const CONTROL: &str = "control";

/// What a control asks, from what is nearest to us on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Control {
    /// Whether we can talk to ourselves.
    Ourselves,
    /// Whether we have room for connections.
    Limits,
    /// Whether names are resolved here.
    Names,
    /// Whether anybody answers us.
    Way,
}

/// What others show about the way out: that it works, at least in part.
#[derive(Debug, Default, Clone, Copy)]
struct Out<'r> {
    resolved: Option<&'r TestRecord>,
    connected: Option<&'r TestRecord>,
}

/// Finds the failures that are of this machine, controls included, and says so in each; where others got further than a control did,
/// only doubts them.
pub(super) fn unfit(graph: &Graph<'_>, diagnosed: &mut [Diagnosed]) -> HashSet<usize> {
    let mut unfit = HashSet::new();
    let mut controls: Vec<(Control, usize)> = graph
        .failures
        .iter()
        .enumerate()
        .filter_map(|(number, failure)| Some((control(failure)?, number)))
        .collect();
    controls.sort_by(|(a, one), (b, other)| {
        (a, &diagnosed[*one].test).cmp(&(b, &diagnosed[*other].test))
    });
    if controls.is_empty() {
        return unfit;
    }
    let out = [true, false].map(|is_far| out(graph.record, is_far));
    let is_control: HashSet<usize> = controls.iter().map(|(_, number)| *number).collect();
    for (kind, number) in &controls {
        let control = &graph.failures[*number];
        let failed = format!(
            "{} failed ({})",
            diagnosed[*number].test, diagnosed[*number].code
        );
        // One that looks at this machine only, as in a rehearsal, says as much about the rest of it.
        let is_far = is_far(graph, control);
        let out = out[usize::from(!is_far)];
        let mut covers = false;
        for (other, failure) in graph.failures.iter().enumerate() {
            let is_asked = !is_control.contains(&other) && !unfit.contains(&other);
            let is_behind = is_asked
                && is_covered(*kind, control, failure)
                && (!is_far || self::is_far(graph, failure));
            if !is_behind {
                continue;
            }
            let one = &mut diagnosed[other];
            let got_out = match one.layer {
                Layer::Dns => out.resolved,
                _ => out.connected,
            };
            if let Some(witness) = got_out.filter(|_| *kind > Control::Ourselves) {
                let doubted = format!(
                    "{failed}, and {} got through: the network of this machine works at least in part",
                    witness.header.id
                );
                doubt(one, doubted);
            } else {
                covers = true;
                ours(one, format!("{failed}: this machine is not fit to judge"));
                unfit.insert(other);
            }
        }
        if covers || *kind == Control::Ourselves {
            ours(
                &mut diagnosed[*number],
                format!("{failed}: a control, and no part of the target"),
            );
            unfit.insert(*number);
        }
    }
    unfit
}

fn ours(one: &mut Diagnosed, text: String) {
    one.blame = Blame {
        class: Class::TestDefect,
        detail: Some("runner".to_owned()),
        confidence: Confidence::High,
        owner: "runner".to_owned(),
    };
    adjust(one, text);
}

fn doubt(one: &mut Diagnosed, text: String) {
    if one
        .adjusted
        .iter()
        .all(|known| known.kind != Modifier::Unsound)
    {
        one.blame.confidence = one.blame.confidence.lower();
        adjust(one, text);
    }
}

fn adjust(one: &mut Diagnosed, text: String) {
    one.adjusted.push(Adjustment {
        kind: Modifier::Unsound,
        text,
    });
}

/// Whether it is a control that failed, and of which kind.
fn control(failure: &Failure<'_>) -> Option<Control> {
    let header: &TestHeader = failure.test.map(|test| &test.header)?;
    let step = failure.step?;
    if !header.preflight {
        return None;
    }
    let is_tagged = header.tags.iter().any(|tag| tag == CONTROL);
    let facts = &step.observation.facts;
    let kind = step.observation.fault.as_ref().map(|fault| fault.kind);
    let is_ours = step.probe == "runner";
    if is_ours && (matches!(kind, Some(FaultKind::Runner(_))) || facts.get("echoed").is_some()) {
        return Some(Control::Ourselves);
    }
    if is_ours && facts.get("enough").is_some() {
        return Some(Control::Limits);
    }
    if is_ours && facts.get("resolved").is_some() {
        return Some(Control::Names);
    }
    // One that got an answer shows that there is a way.
    let is_stopped = is_tagged && layer(step).is_some();
    is_stopped.then_some(Control::Way)
}

/// Whether what was wrong with the control explains what was wrong here.
fn is_covered(kind: Control, control: &Failure<'_>, failure: &Failure<'_>) -> bool {
    let (Some(step), Some(of_control)) = (failure.step, control.step) else {
        return false;
    };
    if step
        .error
        .as_ref()
        .is_some_and(|error| error.kind == Unable::Limit)
    {
        return kind == Control::Limits;
    }
    let Some(met) = layer(step) else {
        return false;
    };
    let code = |step: &StepRecord| {
        step.observation
            .fault
            .as_ref()
            .map(crate::model::Fault::code)
    };
    match kind {
        // A peer that refuses is there, whatever room we have.
        Control::Limits => !is_answer(step),
        Control::Ourselves => true,
        // Where no name is resolved there may be no network at all; an address that refuses us is an answer.
        Control::Names => met == Layer::Dns || !is_answer(step),
        Control::Way => {
            let from = layer(of_control).unwrap_or(Layer::Dns);
            met >= from && (!is_answer(step) || code(step) == code(of_control))
        }
    }
}

/// Whether somebody told us something: a reset, a refusal, an alert. Who is cut off hears nothing.
fn is_answer(step: &StepRecord) -> bool {
    let kind = step.observation.fault.as_ref().map(|fault| fault.kind);
    matches!(
        kind,
        Some(
            FaultKind::Tcp(TcpFault::Refused | TcpFault::Reset | TcpFault::Closed)
                | FaultKind::Tls(TlsFault::Reset | TlsFault::Eof)
        )
    )
}

/// The layer of the network that stopped a step; `None` where it was something else. A certificate, a status or an error of a database
/// came over a network that works.
fn layer(step: &StepRecord) -> Option<Layer> {
    let fault = step.observation.fault.as_ref()?;
    match fault.kind {
        FaultKind::Dns(_) | FaultKind::DnsRcode(_) => Some(Layer::Dns),
        FaultKind::Proxy(ProxyFault::Connect) if fault.phase == Phase::Resolve => Some(Layer::Dns),
        FaultKind::Tcp(_) | FaultKind::Proxy(ProxyFault::Connect) => Some(Layer::Transport),
        FaultKind::Tls(TlsFault::Eof | TlsFault::Reset | TlsFault::Timeout) => Some(Layer::Tls),
        _ => None,
    }
}

/// Whether it looked at something beyond this machine.
fn is_far(graph: &Graph<'_>, failure: &Failure<'_>) -> bool {
    let mut used = failure.uses.iter().map(|one| Address::of(graph.name(*one)));
    used.any(|one| matches!(one.kind, "dns" | "sock") && !one.is_local())
}

/// Who got how far, beyond this machine or not.
fn out(record: &RunRecord, is_far: bool) -> Out<'_> {
    let mut out = Out::default();
    for test in &record.tests {
        if !matches!(test.status, Status::Passed | Status::Flaky) {
            continue;
        }
        let steps = test.attempts.iter().flat_map(|attempt| &attempt.steps);
        let mut held = steps.filter(|step| step.may_decide() && step.outcome == Outcome::Held);
        // Who expects a fault, and meets it, did not get through.
        if held.any(|step| step.observation.fault.is_some()) {
            continue;
        }
        let named = &test.header.resources;
        let is_wanted = |one: &Address<'_>| !is_far || !one.is_local();
        let of_kind = |kind: &str| {
            let mut all = named.iter().map(|one| Address::of(one));
            all.any(|one| one.kind == kind && is_wanted(&one))
        };
        if of_kind("dns") && !asks_a_server(&test.header.resources) {
            out.resolved = Some(first(out.resolved, test));
        }
        if of_kind("sock") && !asks_a_server(&test.header.resources) {
            out.connected = Some(first(out.connected, test));
        }
    }
    out
}

/// The one with the smaller id, whatever order they stand in.
fn first<'r>(known: Option<&'r TestRecord>, new: &'r TestRecord) -> &'r TestRecord {
    match known {
        Some(known) if known.header.id <= new.header.id => known,
        _ => new,
    }
}

/// A control that passed: that this machine cannot look is no explanation then. One that looks beyond it says more than one that does
/// not.
pub(super) fn passed_control(record: &RunRecord) -> Option<&TestRecord> {
    let mut passed: Vec<&TestRecord> = record
        .tests
        .iter()
        .filter(|test| test.status == Status::Passed && test.header.preflight)
        .filter(|test| test.header.tags.iter().any(|tag| tag == CONTROL))
        .collect();
    passed.sort_by_key(|test| {
        let resources = &test.header.resources;
        let goes_out = resources.iter().any(|one| one.starts_with("sock:"));
        (!goes_out, &test.header.id)
    });
    passed.first().copied()
}
