//! What a test points at: an application says that something behind it is not there, and a look that the author of the test wrote for
//! that case (`on_fail`) finds it broken.
//!
//! Neither is enough alone. An answer that says so can mean anything behind it, and a look that fails from here may fail because it is
//! made from here. So it is an edge only to what a test of its own met as broken at the same layer, and only for failures that say
//! themselves that they are somebody else's.

use std::collections::HashMap;

use super::address::Address;
use super::family::layer_of;
use super::graph::{Graph, Resource};
use super::reach::looks_on_fail;
use crate::model::{Class, Confidence, Diagnosed, Layer};

/// What is found broken behind each application, by what its failures are of. One of its tests that looks is enough for all of them: they
/// say the same.
#[derive(Debug)]
pub(super) struct Pointed {
    behind: HashMap<Resource, Vec<(Resource, Layer)>>,
}

/// So many things are asked for behind one application.
const MOST: usize = 16;

impl Pointed {
    /// Reads what was looked at once tests had failed.
    pub(super) fn of(graph: &Graph<'_>, diagnosed: &[Diagnosed]) -> Self {
        let mut behind: HashMap<Resource, Vec<(Resource, Layer)>> = HashMap::new();
        for (failure, one) in graph.failures.iter().zip(diagnosed) {
            if !is_of_another(one) {
                continue;
            }
            for look in failure.test.into_iter().flat_map(looks_on_fail) {
                let Some(fault) = &look.observation.fault else {
                    continue;
                };
                let layer = layer_of(&fault.code());
                let below = look
                    .resources
                    .iter()
                    .flat_map(|one| Address::of(one).below());
                let used = look.resources.iter().cloned().chain(below);
                let known = used.filter_map(|name| graph.resource(&name));
                let found = behind.entry(failure.at).or_default();
                found.extend(known.map(|resource| (resource, layer)));
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

    /// What is broken behind a failure at `at`, and at which layer, where it says itself that something is.
    pub(super) fn by(&self, one: &Diagnosed, at: Resource) -> &[(Resource, Layer)] {
        match self.behind.get(&at) {
            Some(found) if is_of_another(one) => found,
            _ => &[],
        }
    }
}

/// Whether what answered says, and is not sure of it, that something behind it is not there.
fn is_of_another(one: &Diagnosed) -> bool {
    one.layer == Layer::Application
        && one.blame.class == Class::Infrastructure
        && one.blame.detail.as_deref() == Some("dependency")
        && one.blame.confidence == Confidence::Low
}
