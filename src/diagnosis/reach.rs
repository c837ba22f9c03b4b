//! How far a look got: what it shows to work, whatever it was that did not.

use crate::model::{
    Fault, FaultKind, Layer, Outcome, Phase, Status, StepRecord, TcpFault, TestRecord, Value,
};

use super::probe_kind::ProbeKind;
use super::uses::questions;

/// Who held, held everything.
pub(super) const ALL_OF_IT: Layer = Layer::Performance;

/// The last layer that a step which did not hold got through, by the phase it was stopped in.
/// Nobody got through the layer it broke at.
pub(super) fn passed(step: &StepRecord, broke: Layer) -> Option<Layer> {
    if step.error.is_some() {
        return None;
    }
    let passed = match &step.observation.fault {
        Some(fault) => stopped_behind(fault),
        None => answered(step),
    }?;
    let mut before = Layer::ALL.iter().rev().copied();
    before.find(|layer| *layer <= passed && *layer < broke)
}

/// How far an instance that did not fail got, and with how many of its looks; `None` where that says nothing.
///
/// One that expects a fault, and met it, shows nothing of what it looked at.
pub(super) fn whole(test: &TestRecord) -> Option<(Layer, u64)> {
    let (is_heard, held) = match (&test.sample, test.status) {
        (Some(sample), _) => (sample.held > 0, sample.held),
        (None, Status::Passed | Status::Flaky) => (true, 1),
        (None, _) => (false, 0),
    };
    if !is_heard {
        return None;
    }
    let steps = test.attempts.iter().flat_map(|attempt| &attempt.steps);
    let mut layer = ALL_OF_IT;
    for step in steps.filter(|step| step.may_decide() && step.outcome == Outcome::Held) {
        if step.observation.fault.is_some() {
            return None;
        }
        let refused = matches!(
            step.observation.facts.get("status"),
            Some(Value::Number(status)) if status.to_f64() >= 400.0
        );
        if refused {
            // Somebody answered, and not what others may have wanted.
            layer = Layer::Tls;
        }
    }
    Some((layer, held))
}

/// The layer that a look of `on_fail` got through.
pub(super) fn got_through(step: &StepRecord) -> Option<Layer> {
    if step.outcome != Outcome::Held || step.observation.fault.is_some() {
        return None;
    }
    match ProbeKind::of(&step.probe)? {
        ProbeKind::Dns => questions(&step.resources).is_empty().then_some(Layer::Dns),
        ProbeKind::Tcp => Some(Layer::Transport),
        // An answer may be one that says no.
        ProbeKind::Tls | ProbeKind::Http | ProbeKind::WebSocket | ProbeKind::Sse => {
            Some(Layer::Tls)
        }
        ProbeKind::Sql | ProbeKind::Redis | ProbeKind::Pool => Some(Layer::Protocol),
        ProbeKind::Command | ProbeKind::Process | ProbeKind::Log | ProbeKind::Runner => None,
    }
}

/// What `on_fail` looked at once a test had failed.
pub(super) fn looks_on_fail(test: &TestRecord) -> impl Iterator<Item = &StepRecord> {
    let steps = test.attempts.iter().flat_map(|attempt| &attempt.steps);
    steps.filter(|step| step.diagnostic)
}

/// How many looks of an instance failed.
pub(super) fn failed_looks(test: &TestRecord) -> u64 {
    match &test.sample {
        Some(sample) => (sample.rows.len() as u64)
            .saturating_sub(sample.held)
            .max(1),
        None if test.status == Status::Flaky => test.attempts_made.saturating_sub(1).max(1),
        None => 1,
    }
}

fn stopped_behind(fault: &Fault) -> Option<Layer> {
    let is_new = matches!(fault.phase, Phase::Connect | Phase::Startup);
    match fault.kind {
        // SQLite and unix sockets connect as they start.
        FaultKind::Tcp(_) if is_new => return Some(Layer::Dns),
        FaultKind::Tcp(TcpFault::Refused) => return Some(Layer::Dns),
        _ => {}
    }
    match fault.phase {
        Phase::Resolve
        | Phase::Process
        | Phase::Ready
        | Phase::Stable
        | Phase::Recover
        | Phase::Stop
        | Phase::Local => None,
        Phase::Connect => Some(Layer::Dns),
        Phase::Proxy | Phase::StartTls | Phase::Tls => Some(Layer::Transport),
        Phase::Send
        | Phase::FirstByte
        | Phase::Upgrade
        | Phase::Body
        | Phase::Read
        | Phase::Startup
        | Phase::Auth
        | Phase::Event => Some(Layer::Tls),
        Phase::Query => Some(Layer::Auth),
    }
}

/// Somebody answered, and it was not what was expected.
fn answered(step: &StepRecord) -> Option<Layer> {
    let facts = &step.observation.facts;
    match ProbeKind::of(&step.probe) {
        Some(ProbeKind::Sql | ProbeKind::Redis) => Some(Layer::Protocol),
        Some(ProbeKind::Pool) => Some(Layer::Auth),
        Some(ProbeKind::Dns) => Some(Layer::Configuration),
        Some(ProbeKind::Tcp) => Some(Layer::Transport),
        Some(ProbeKind::Command | ProbeKind::Process | ProbeKind::Runner) => None,
        Some(
            ProbeKind::Http
            | ProbeKind::WebSocket
            | ProbeKind::Sse
            | ProbeKind::Tls
            | ProbeKind::Log,
        )
        | None => match facts.get("status")? {
            Value::Number(status) => Some(behind(step, status.to_f64())),
            _ => None,
        },
    }
}

/// How far an answer over HTTP came from. What a proxy says of an application it did not reach is a 502, 503 or 504; any other
/// answer that is no page of a proxy we know came from behind all of them,
/// and one that does not ask who we are from behind that as well.
fn behind(step: &StepRecord, status: f64) -> Layer {
    let hop = step.observation.facts.get("hop").and_then(Value::as_text);
    let is_of_application = match hop {
        Some("app") => true,
        Some("unknown") | None => !(502.0..=504.0).contains(&status),
        Some(_) => false,
    };
    let asks_who_we_are = [401.0, 403.0, 407.0].contains(&status);
    match (is_of_application, asks_who_we_are) {
        (true, false) => Layer::Protocol,
        (true, true) => Layer::Proxy,
        (false, _) => Layer::Tls,
    }
}
