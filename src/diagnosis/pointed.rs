//! What a test points at: an application says that something behind it is not there, and a look that the author of the test wrote
//! for that case (`on_fail`) finds it broken.
//!
//! Neither is enough alone. An answer that says so can mean anything behind it, and a look that fails from here may fail because
//! it is made from here. So it is an edge only to what a test of its own met as broken at the same layer, and only for failures
//! that say themselves that they are somebody else's.

use std::collections::HashMap;

use super::address::Address;
use super::family::layer_of;
use super::graph::{Asked, Failure, Graph, Resource};
use super::reach::looks_on_fail;
use crate::model::{Class, Code, Confidence, Diagnosed, Layer};

/// What is found broken behind what was asked of each application. One test that looks is enough for all that asked the same:
/// they were told the same. Another request at the same address may be of another application:
/// a gateway has one address for many.
#[derive(Debug)]
pub(super) struct Pointed<'r> {
    behind: HashMap<(Resource, Asked<'r>), Vec<Found>>,
}

/// What a look found broken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    pub(super) at: Resource,
    code: Code,
}

impl Found {
    /// Whether who failed there with `code`, at `layer` by its rule, met the same.
    ///
    /// Rules know more than codes do, so layers of the one are not compared with layers of the other, except where any failure
    /// means that nobody is there.
    pub(super) fn is_met(&self, layer: Layer, code: &Code) -> bool {
        let is_gone = matches!(layer, Layer::Dns | Layer::Transport);
        self.code == *code || (is_gone && layer_of(&self.code) == layer && layer_of(code) == layer)
    }
}

/// So many things are asked for behind one application.
const MOST: usize = 16;

impl<'r> Pointed<'r> {
    /// Reads what was looked at once tests had failed.
    pub(super) fn of(graph: &Graph<'r>, diagnosed: &[Diagnosed]) -> Self {
        let mut behind: HashMap<(Resource, Asked<'_>), Vec<Found>> = HashMap::new();
        for (failure, one) in graph.failures.iter().zip(diagnosed) {
            let Some(asked) = failure.asked().filter(|_| is_of_another(one)) else {
                continue;
            };
            for look in failure.test.into_iter().flat_map(looks_on_fail) {
                let Some(fault) = &look.observation.fault else {
                    continue;
                };
                let below = look
                    .resources
                    .iter()
                    .flat_map(|one| Address::of(one).below());
                let used = look.resources.iter().cloned().chain(below);
                let known = used.filter_map(|name| graph.resource(&name));
                let found = behind.entry((failure.at, asked)).or_default();
                let code = fault.code();
                found.extend(known.map(|at| Found {
                    at,
                    code: code.clone(),
                }));
            }
        }
        for found in behind.values_mut() {
            found.sort_unstable();
            found.dedup();
            // Each of its failures asks for all of them.
            found.truncate(MOST);
        }
        Self { behind }
    }

    /// What is broken behind a failure, where it says itself that something is.
    pub(super) fn by(&self, one: &Diagnosed, failure: &Failure<'r>) -> &[Found] {
        let asked = failure.asked().filter(|_| is_of_another(one));
        let found = asked.and_then(|asked| self.behind.get(&(failure.at, asked)));
        found.map_or(&[], Vec::as_slice)
    }
}

/// Whether what answered says, and is not sure of it, that something behind it is not there.
pub(super) fn is_of_another(one: &Diagnosed) -> bool {
    one.layer == Layer::Application
        && one.blame.class == Class::Infrastructure
        && one.blame.detail.as_deref() == Some("dependency")
        && one.blame.confidence == Confidence::Low
}
