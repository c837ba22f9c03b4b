//! The controls of a run: looks of the preflight at ourselves, and at somebody who has nothing to do with the target.

use std::collections::HashMap;

use super::address::Address;
use super::graph::{Failure, Graph};
use super::probe_kind::ProbeKind;
use crate::model::{
    Code, Diagnosed, Fault, FaultKind, Layer, Phase, ProxyFault, RunRecord, Status, StepRecord,
    TcpFault, TestHeader, TestRecord, TlsFault, Unable,
};

/// The tag of a preflight test that looks at somebody who has nothing to do with the target.
const CONTROL: &str = "control";

/// What a control asks, from what is nearest to us on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Control {
    /// Whether we can talk to ourselves.
    Ourselves,
    /// Whether we have room for connections.
    Limits,
    /// Whether names are resolved here.
    Names,
    /// Whether anybody answers us.
    Way,
}

/// What a control that failed says of other failures. Those that say the same speak with one voice.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Says {
    pub(super) kind: Control,
    /// One that looks at this machine only, as in a rehearsal, says as much about the rest of it.
    pub(super) is_far: bool,
    /// Where the way ended, and how.
    end: Option<(Layer, Option<Code>)>,
}

/// The controls that failed, by what they say: what is nearest to us first, and of one voice by their names.
pub(super) fn red_controls(graph: &Graph<'_>, diagnosed: &[Diagnosed]) -> Vec<(Says, Vec<usize>)> {
    let failures = graph.failures.iter().enumerate();
    let mut red: Vec<(Says, usize)> = failures
        .filter_map(|(number, failure)| Some((Says::of(graph, failure)?, number)))
        .collect();
    red.sort_by(|(a, one), (b, other)| {
        (a.kind, &diagnosed[*one].test).cmp(&(b.kind, &diagnosed[*other].test))
    });
    let mut places: HashMap<Says, usize> = HashMap::new();
    let mut voices: Vec<(Says, Vec<usize>)> = Vec::new();
    for (says, number) in red {
        let place = *places.entry(says.clone()).or_insert(voices.len());
        match voices.get_mut(place) {
            Some((_, all)) => all.push(number),
            None => voices.push((says, vec![number])),
        }
    }
    voices
}

/// A control that passed: that this machine cannot look is no explanation then.
/// One that looks beyond it says more than one that does not.
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

impl Says {
    fn of(graph: &Graph<'_>, failure: &Failure<'_>) -> Option<Self> {
        let kind = control(failure)?;
        let step = failure.step.filter(|_| kind == Control::Way);
        Some(Self {
            kind,
            is_far: is_far(graph, failure),
            end: step.map(|step| (layer(step).unwrap_or(Layer::Dns), code(step))),
        })
    }

    /// Whether what was wrong with the control explains what was wrong here.
    pub(super) fn covers(&self, failure: &Failure<'_>) -> bool {
        let Some(step) = failure.step else {
            return false;
        };
        if step
            .error
            .as_ref()
            .is_some_and(|error| error.kind == Unable::Limit)
        {
            return self.kind == Control::Limits;
        }
        let Some(met) = layer(step) else {
            return false;
        };
        match (self.kind, &self.end) {
            // A peer that refuses is there, whatever room we have.
            (Control::Limits, _) => !is_answer(step),
            (Control::Ourselves, _) => true,
            // Where no name is resolved there may be no network at all; an address that refuses us is an answer.
            (Control::Names, _) => met == Layer::Dns || !is_answer(step),
            (Control::Way, Some((from, ended))) => {
                met >= *from && (!is_answer(step) || code(step) == *ended)
            }
            (Control::Way, None) => false,
        }
    }
}

fn code(step: &StepRecord) -> Option<Code> {
    step.observation.fault.as_ref().map(Fault::code)
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
    let is_ours = ProbeKind::of(&step.probe) == Some(ProbeKind::Runner);
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

/// The layer of the network that stopped a step; `None` where it was something else. A certificate, a status or an error of a
/// database came over a network that works.
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
pub(super) fn is_far(graph: &Graph<'_>, failure: &Failure<'_>) -> bool {
    let mut used = failure.uses.iter().map(|one| Address::of(graph.name(*one)));
    used.any(|one| matches!(one.kind, "dns" | "sock") && !one.is_local())
}
