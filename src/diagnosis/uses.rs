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

/// With all that these stand on. What is asked for through a proxy has no name and no socket of our own; and where the look says
/// which socket it was, what an origin is called is not asked: it may have been connected to elsewhere (`resolve`).
pub(super) fn closed(mut used: Vec<String>) -> Vec<String> {
    let has_proxy = used.iter().any(|one| one.starts_with("proxy:"));
    let has_socket = used.iter().any(|one| one.starts_with("sock:"));
    let mut below: Vec<String> = Vec::new();
    for resource in &used {
        let address = Address::of(resource);
        if !(has_proxy || has_socket) || !matches!(address.kind, "origin" | "tls") {
            below.extend(address.below());
        }
    }
    used.append(&mut below);
    used
}

/// Whether these are of a question to a certain name server.
pub(super) fn asks_a_server(resources: &[String]) -> bool {
    if resources.iter().any(|one| is_of_a_server(one)) {
        return true;
    }
    // An older record has the name alone.
    let mut others = resources.iter().filter(|one| !one.starts_with("dns:"));
    others
        .next()
        .is_some_and(|one| one.starts_with("sock:") && one.ends_with(":53"))
        && others.next().is_none()
}

/// Whether it is a name as a certain server knows it: `dns:shop.test@10.0.0.2:53`.
pub(super) fn is_of_a_server(resource: &str) -> bool {
    resource.starts_with("dns:") && resource.contains('@')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(resources: &[&str]) -> Vec<String> {
        closed(resources.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn what_was_connected_to_is_not_what_an_origin_is_called() {
        let given = ["sock:127.0.0.9:80", "origin:http://shop.test:80"];
        assert_eq!(all(&given), given);
        assert_eq!(
            all(&given[1..]),
            [given[1], "dns:shop.test", "sock:shop.test:80"]
        );
        let database = ["sock:127.0.0.9:80", "dsn:postgres:db:5432/app"];
        assert!(all(&database).contains(&"dns:db".to_owned()));
    }
}
