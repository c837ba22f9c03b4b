//! What a step looked at, and what that stands on.

use super::address::Address;
use crate::model::{StepRecord, Value};

/// What a step looked at. A proxy of the environment stands between, whatever the URL says.
pub(super) fn used(step: &StepRecord) -> Vec<String> {
    let proxy = step.observation.facts.get("proxy").and_then(Value::as_text);
    let Some(proxy) = proxy else {
        return step.resources.clone();
    };
    let direct = |one: &&String| !one.starts_with("sock:") && !one.starts_with("dns:");
    let mut used: Vec<String> = step.resources.iter().filter(direct).cloned().collect();
    used.push(format!("proxy:{}", proxy.to_ascii_lowercase()));
    used
}

/// With all that these stand on. What is asked for through a proxy has no name and no socket of our own.
pub(super) fn closed(mut used: Vec<String>) -> Vec<String> {
    let has_proxy = used.iter().any(|one| one.starts_with("proxy:"));
    let mut below: Vec<String> = Vec::new();
    for resource in &used {
        let address = Address::of(resource);
        if !has_proxy || !matches!(address.kind, "origin" | "tls") {
            below.extend(address.below());
        }
    }
    used.append(&mut below);
    used
}

/// Whether these are of a question to a certain name server.
pub(super) fn asks_a_server(resources: &[String]) -> bool {
    let mut others = resources.iter().filter(|one| !one.starts_with("dns:"));
    others
        .next()
        .is_some_and(|one| one.starts_with("sock:") && one.ends_with(":53"))
        && others.next().is_none()
}
