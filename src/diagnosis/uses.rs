//! What a step looked at, and what that stands on.

use std::net::SocketAddr;

use super::address::Address;
use crate::model::{StepRecord, Value};

/// What a step looked at. A proxy of the environment stands between, whatever the URL says, and finds the host its own
/// way, whatever name server the step has.
pub(super) fn used(step: &StepRecord) -> Vec<String> {
    let Some(proxy) = proxy(step) else {
        return step.resources.clone();
    };
    let direct = |one: &&String| !one.starts_with("sock:") && !one.starts_with("dns:");
    let others = step.resources.iter().filter(direct);
    let mut used: Vec<String> = others
        .map(|one| Address::wherever(one).to_owned())
        .collect();
    used.push(format!("proxy:{}", proxy.to_ascii_lowercase()));
    used
}

/// `host:port` of the proxy that a step went through.
pub(super) fn proxy(step: &StepRecord) -> Option<&str> {
    let facts = &step.observation.facts;
    facts.get("proxy").and_then(Value::as_text)
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

/// The names that certain name servers were asked for, each with the server: `shop.test` and `10.0.0.2:53` of
/// `dns:shop.test@10.0.0.2:53`.
pub(super) fn questions(resources: &[String]) -> Vec<(&str, &str)> {
    let server = server_of_an_older_record(resources);
    names(resources)
        .filter_map(|name| Some((name.host?, name.by.or(server)?)))
        .collect()
}

/// The names that the system was asked for.
pub(super) fn names_of_the_system(resources: &[String]) -> impl Iterator<Item = Address<'_>> {
    let is_older = server_of_an_older_record(resources).is_some();
    names(resources).filter(move |name| !is_older && name.by.is_none())
}

/// The name server of a look that asked one for a name, where its resources do not say so: they are the name and a socket.
pub(super) fn server_of_an_older_record(resources: &[String]) -> Option<&str> {
    let mut others = resources.iter().filter(|one| !one.starts_with("dns:"));
    let (first, second) = (others.next()?, others.next());
    let is_told = names(resources).any(|name| name.by.is_some());
    let server = first.strip_prefix("sock:")?;
    // A `resolver` is an address; what has a name was connected to.
    let is_resolver = server.ends_with(":53") && server.parse::<SocketAddr>().is_ok();
    (second.is_none() && !is_told && is_resolver).then_some(server)
}

fn names(resources: &[String]) -> impl Iterator<Item = Address<'_>> {
    let all = resources.iter().map(|one| Address::of(one));
    all.filter(|one| one.kind == "dns")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Rules;
    use crate::diagnosis::classify::classify_one;
    use crate::diagnosis::examples::Short;

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
        // The name is as another server knows it.
        let asked = [
            "sock:shop.test:80@10.0.0.2:53",
            "origin:http://shop.test:80@10.0.0.2:53",
        ];
        assert_eq!(
            all(&asked),
            [asked[0], asked[1], "dns:shop.test@10.0.0.2:53"]
        );
    }

    #[test]
    fn who_was_asked_for_a_name_is_known() {
        let asked = |resources: &[&str]| {
            let resources: Vec<String> = resources.iter().map(ToString::to_string).collect();
            let system = names_of_the_system(&resources).filter_map(|name| name.host);
            let questions = questions(&resources).into_iter();
            let questions: Vec<String> =
                questions.map(|(name, by)| format!("{name} {by}")).collect();
            (questions, system.map(str::to_owned).collect::<Vec<_>>())
        };
        let none: [&str; 0] = [];
        let (questions, system) =
            asked(&["dns:a.test@10.0.0.2:53", "sock:10.0.0.2:53", "dns:b.test"]);
        assert_eq!(
            (questions, system),
            (
                vec!["a.test 10.0.0.2:53".to_owned()],
                vec!["b.test".to_owned()]
            )
        );
        // As older records have it.
        let (questions, system) = asked(&["dns:a.test", "sock:10.0.0.2:53"]);
        assert_eq!(questions, ["a.test 10.0.0.2:53"]);
        assert_eq!(system, none);
        let (questions, system) =
            asked(&["dns:a.test", "sock:a.test:443", "origin:https://a.test:443"]);
        assert_eq!(questions, none);
        assert_eq!(system, ["a.test"]);
        // A port of a name is connected to; name servers that are asked are addresses.
        let (questions, system) = asked(&["dns:ns.example", "sock:ns.example:53"]);
        assert_eq!(questions, none);
        assert_eq!(system, ["ns.example"]);
    }

    #[test]
    fn behind_a_proxy_a_place_is_one_whoever_was_to_be_asked_for_its_name() {
        let through = |rest: &str, by: &str| {
            let host = "api.example:443";
            let seen = Short::parse(&format!(
                "{{ probe: http, status: 503, {rest} resources: [\"dns:api.example{by}\", \"sock:{host}{by}\", \
                 \"tls:{host}:api.example{by}\", \"origin:https://{host}{by}\"] }}"
            ));
            let record = seen.record();
            let found = classify_one(&record, Rules::embedded()).unwrap();
            (found.resource, used(&record.attempts[0].steps[0]))
        };
        let proxied = "facts: { proxy: \"Squid.example:3128\" },";
        let (resource, all) = through(proxied, "@10.0.0.2:53");
        assert_eq!(resource, "origin:https://api.example:443");
        assert_eq!(
            all,
            [
                "tls:api.example:443:api.example",
                "origin:https://api.example:443",
                "proxy:squid.example:3128"
            ]
        );
        assert_eq!(through(proxied, ""), (resource, all));
        // Without one it is another place.
        let (resource, all) = through("", "@10.0.0.2:53");
        assert_eq!(resource, "origin:https://api.example:443@10.0.0.2:53");
        assert_eq!(all.len(), 4);
    }
}
