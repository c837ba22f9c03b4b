//! Are we fit to judge? When a control fails, failures of the network behind it are ours, unless somebody got further.

use std::collections::{HashMap, HashSet};

use super::address::Address;
use super::control::{Control, is_far, red_controls};
use super::graph::Graph;
use super::uses::{names_of_the_system, questions};
use crate::model::{
    Adjustment, Blame, Class, Confidence, Diagnosed, Layer, Modifier, Outcome, RunRecord, Status,
    TestRecord,
};

/// Finds the failures that are of this machine, controls included, and says so in each;
/// where others got further than a control did, only doubts them.
pub(super) fn unfit(graph: &Graph<'_>, diagnosed: &mut [Diagnosed]) -> HashSet<usize> {
    let mut unfit = HashSet::new();
    let controls = red_controls(graph, diagnosed);
    if controls.is_empty() {
        return unfit;
    }
    let out = [true, false].map(|is_far| out(graph.record, is_far));
    let kinds: HashMap<usize, Control> = controls
        .iter()
        .flat_map(|(says, all)| all.iter().map(|number| (*number, says.kind)))
        .collect();
    let far: Vec<bool> = graph
        .failures
        .iter()
        .map(|one| is_far(graph, one))
        .collect();
    for (says, all) in &controls {
        let failed = |number: usize, diagnosed: &[Diagnosed]| {
            format!(
                "{} failed ({})",
                diagnosed[number].test, diagnosed[number].code
            )
        };
        let first = failed(all[0], diagnosed);
        let out = out[usize::from(!says.is_far)];
        let mut covers = false;
        for (other, failure) in graph.failures.iter().enumerate() {
            // Of two controls the one that asks what is nearer explains the other.
            let is_asked = kinds.get(&other).is_none_or(|kind| *kind > says.kind);
            if !is_asked || (says.is_far && !far[other]) || !says.covers(failure) {
                continue;
            }
            let one = &mut diagnosed[other];
            let got_out = match one.layer {
                Layer::Dns => out.resolved,
                _ => out.connected,
            };
            if unfit.contains(&other) {
                // What is nearer to us explains it already, and this control with it.
                covers = true;
            } else if let Some(witness) = got_out.filter(|_| says.kind > Control::Ourselves) {
                let doubted = format!(
                    "{first}, and {} got through: the network of this machine works at least in part",
                    witness.header.id
                );
                doubt(one, doubted);
            } else {
                covers = true;
                ours(one, format!("{first}: this machine is not fit to judge"));
                unfit.insert(other);
            }
        }
        if !covers && says.kind != Control::Ourselves {
            continue;
        }
        for number in all {
            if unfit.insert(*number) {
                let failed = failed(*number, diagnosed);
                let text = format!("{failed}: a control, and no part of the target");
                ours(&mut diagnosed[*number], text);
            }
        }
    }
    unfit
}

/// What others show about the way out: that it works, at least in part.
#[derive(Debug, Default, Clone, Copy)]
struct Out<'r> {
    resolved: Option<&'r TestRecord>,
    connected: Option<&'r TestRecord>,
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
    let mut known = one.adjusted.iter();
    if known.all(|known| known.kind != Modifier::Unsound) {
        one.blame.confidence = one.blame.confidence.lower();
    }
    // Each control has witnesses of its own, and whoever spoke is named.
    adjust(one, text);
}

fn adjust(one: &mut Diagnosed, text: String) {
    one.adjusted.push(Adjustment {
        kind: Modifier::Unsound,
        text,
    });
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
        if names_of_the_system(named).any(|one| is_wanted(&one)) {
            out.resolved = Some(first(out.resolved, test));
        }
        // A name server is asked without a connection.
        let asked = questions(named);
        let is_peer = |socket: &str| asked.iter().all(|(_, server)| *server != socket);
        let mut sockets = named.iter().filter(|one| is_wanted(&Address::of(one)));
        if sockets.any(|one| one.strip_prefix("sock:").is_some_and(is_peer)) {
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
