//! `ready`: any other probe, with what it must see; as a step has it.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::check::{Expectations, ExpectedFault};
use crate::probe::{AnyProbe, Invalid, authority_of};
use crate::yaml::{Diagnostic, Diagnostics, Fields, Kind, Node, NonZeroDuration, Sources, Span};

/// How long one look may take unless something else is said.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The probe that cannot stand in it: its own.
const OWN: &str = "process";

/// How to see that a program is ready.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) probe: AnyProbe,
    pub(super) expect: Expectations,
    /// From the end of a look to the next; a share of the time since the start where nothing is said.
    pub(super) every: Option<Duration>,
    /// Of one look.
    pub(super) timeout: Duration,
}

impl Ready {
    /// Reads it; what is wrong is told at the field of the probe's mapping it stands in, as far as that can be named.
    pub(super) fn decode(node: &Node) -> Result<Self, Invalid> {
        let mut problems = Diagnostics::default();
        let decoded = decode(node, &mut problems);
        match (decoded, problems.iter().next()) {
            (Some(ready), None) => Ok(ready),
            (_, problem) => Err(problem.map_or_else(
                || Invalid::new("ready", "this cannot be read"),
                |problem| invalid(node, problem),
            )),
        }
    }

    /// Where on this machine it looks: the listener there must be the program's own. Of a name that stands for this machine both
    /// addresses.
    pub(super) fn sockets(&self) -> Vec<SocketAddr> {
        let authorities = self.authorities();
        authorities
            .iter()
            .flat_map(|one| own_addresses(one))
            .collect()
    }

    /// The ports it looks at, wherever.
    pub(super) fn ports(&self) -> impl Iterator<Item = u16> {
        let authorities = self.authorities().into_iter();
        authorities.filter_map(|one| one.rsplit_once(':')?.1.parse().ok())
    }

    fn authorities(&self) -> Vec<String> {
        let resources = self.probe.resources().into_iter();
        let authority = |one: String| authority_of(&one).map(str::to_owned);
        resources.filter_map(authority).collect()
    }
}

/// Where a connection to this address leads: to "any" it is one to oneself.
pub(super) fn reached(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(any) if any.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(any) if any.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        known => known,
    }
}

fn own_addresses(authority: &str) -> Vec<SocketAddr> {
    if let Ok(address) = authority.parse::<SocketAddr>() {
        let ip = reached(address.ip());
        let is_own = ip.is_loopback();
        let own = is_own.then(|| SocketAddr::new(ip, address.port()));
        return own.into_iter().collect();
    }
    let Some((host, port)) = authority.rsplit_once(':') else {
        return Vec::new();
    };
    let host = host.trim_end_matches('.');
    // RFC 6761 §6.3: all of them are this machine.
    let is_own = host == "localhost" || host.ends_with(".localhost");
    let port = port.parse::<u16>().ok().filter(|_| is_own);
    let both: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    port.into_iter()
        .flat_map(|port| both.map(|ip| SocketAddr::new(ip, port)))
        .collect()
}

fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Ready> {
    let keys = ["expect", "every", "timeout"];
    let known: Vec<&str> = keys.iter().chain(AnyProbe::NAMES).copied().collect();
    let fields = Fields::of(node, "ready", &known, problems)?;
    let mut probes = fields
        .entries()
        .filter(|entry| AnyProbe::NAMES.contains(&&*entry.key));
    let Some(probe) = probes.next() else {
        let why = "there is no probe: `ready` takes one, as a step does, and what it must see";
        problems.push(Diagnostic::error(fields.span(), why));
        return None;
    };
    if let Some(second) = probes.next() {
        let why = format!(
            "`{}` is a second probe: which one would be meant?",
            second.key
        );
        problems.push(Diagnostic::error(second.value.span, why));
        return None;
    }
    if &*probe.key == OWN {
        let why =
            "a program is not ready because another one can be started: look at it from outside";
        problems.push(Diagnostic::error(probe.value.span, why));
        return None;
    }
    let Some(expect) = fields.get("expect") else {
        let why = "it expects nothing, so anything that answers would be ready: write `expect`, as in a step; the shortest honest one is `{ fault: none }`";
        problems.push(Diagnostic::error(fields.span(), why));
        return None;
    };
    let vocabulary = AnyProbe::vocabulary(&probe.key)?;
    // Nobody is told where in the file these stand: what they found is shown as evidence of another look.
    let nowhere = Sources::default();
    let expectations = Expectations::decode(expect, vocabulary, &nowhere, problems);
    if let Some(expectations) = &expectations {
        let wrong = if expectations.fault != ExpectedFault::None {
            Some("what is ready gives an answer; a fault is none")
        } else if expectations.isolation().is_some() {
            Some("there is nobody to be isolated from")
        } else {
            None
        };
        if let Some(why) = wrong {
            problems.push(Diagnostic::error(expect.span, why));
        }
    }
    let timeout = fields.decode::<NonZeroDuration>("timeout", problems);
    let timeout = timeout.map_or(TIMEOUT, NonZeroDuration::get);
    let every = fields.decode::<NonZeroDuration>("every", problems);
    let is_late = !is_complete(&probe.value);
    let read = AnyProbe::decode(&probe.key, &probe.value, is_late, problems)?;
    if read.waits().is_some() {
        let why = "nobody else looks whether the program is ready, so there is nobody to wait for";
        problems.push(Diagnostic::error(probe.value.span, why));
    }
    if let Some(least) = read
        .least()
        .filter(|least| !is_late && least.time > timeout)
    {
        let why = format!(
            "`{}` takes {:?} at least, and has {timeout:?}; {}: a longer `timeout` is needed",
            probe.key, least.time, least.why
        );
        problems.push(Diagnostic::error(probe.value.span, why));
    }
    Some(Ready {
        probe: read,
        expect: expectations?,
        every: every.map(NonZeroDuration::get),
        timeout,
    })
}

/// Whether nothing in it is only known later.
fn is_complete(node: &Node) -> bool {
    match &node.resolved().kind {
        Kind::Pending => false,
        Kind::Scalar(_) | Kind::Alias(_) => true,
        Kind::Sequence(items) => items.iter().all(is_complete),
        Kind::Mapping(entries) => entries.iter().all(|entry| is_complete(&entry.value)),
    }
}

fn invalid(node: &Node, problem: &Diagnostic) -> Invalid {
    let mut field = "ready".to_owned();
    if let Some(span) = problem.span {
        name(node, span, &mut field);
    }
    let mut message = problem.message.clone();
    for help in &problem.help {
        message.push_str("; ");
        message.push_str(help);
    }
    Invalid::new(field, message)
}

/// Adds to `field` the way to what holds the span.
fn name(node: &Node, span: Span, field: &mut String) {
    let holds = |outer: Span| outer.start <= span.start && span.end <= outer.end;
    let inner = match &node.resolved().kind {
        Kind::Mapping(entries) => {
            let mut entries = entries.iter();
            let found = entries.find(|one| holds(one.value.span) || holds(one.key_span));
            found.map(|one| (one.key.to_string(), &one.value))
        }
        Kind::Sequence(items) => {
            let found = items.iter().position(|one| holds(one.span));
            found.map(|at| (at.to_string(), &items[at]))
        }
        Kind::Scalar(_) | Kind::Alias(_) | Kind::Pending => None,
    };
    if let Some((key, node)) = inner {
        field.push('.');
        field.push_str(&key);
        name(node, span, field);
    }
}

/// What the schema says of it, which knows what can be expected of each probe.
pub(super) struct ReadySchema;

impl JsonSchema for ReadySchema {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Ready".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "$ref": "#/$defs/ready" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::testing::node;

    fn read(yaml: &str) -> Result<Ready, Invalid> {
        Ready::decode(&node(yaml))
    }

    #[test]
    fn slips_are_told_where_they_are() {
        for (yaml, field, why) in [
            ("{ expect: { fault: none } }", "ready", "there is no probe"),
            (
                "{ http: { url: \"http://a\" } }",
                "ready",
                "expects nothing",
            ),
            (
                "{ http: { url: \"http://a\" }, expect: { satus: 200 } }",
                "ready.expect.satus",
                "did you mean `status`",
            ),
            (
                "{ http: { url: \"a\" }, expect: { status: 200 } }",
                "ready.http.url",
                "no scheme",
            ),
            (
                "{ http: { url: \"http://a\" }, tcp: { host: a, port: 1 }, expect: { status: 200 } }",
                "ready.tcp",
                "second probe",
            ),
            (
                "{ tcp: { host: a, port: 1 }, expect: { fault: tcp.refused } }",
                "ready.expect",
                "a fault is none",
            ),
            (
                "{ process: { argv: [a] }, expect: { exit_code: 0 } }",
                "ready.process",
                "another one can be started",
            ),
            (
                "{ tcp: { host: a, port: 1 }, expect: { connected: true }, every: 0s }",
                "ready.every",
                "longer than zero",
            ),
            (
                "{ tcp: { host: a, port: 1 }, expect: { connected: true }, evry: 1s }",
                "ready.evry",
                "did you mean `every`",
            ),
        ] {
            let told = read(yaml).unwrap_err();
            assert!(told.message.contains(why), "{yaml}: {told:?}");
            assert_eq!(told.field, field, "{yaml}: {told:?}");
        }
    }

    #[test]
    fn it_is_known_where_on_this_machine_it_looks() {
        for (url, sockets) in [
            ("http://127.0.0.1:8080/health", vec!["127.0.0.1:8080"]),
            ("http://0.0.0.0:8080/", vec!["127.0.0.1:8080"]),
            ("http://[::1]:8080/", vec!["[::1]:8080"]),
            ("http://localhost:80/", vec!["127.0.0.1:80", "[::1]:80"]),
            ("http://web.example/", vec![]),
            ("http://10.0.0.1/", vec![]),
        ] {
            let yaml = format!("{{ http: {{ url: \"{url}\" }}, expect: {{ status: 200 }} }}");
            let sockets: Vec<SocketAddr> = sockets.iter().map(|one| one.parse().unwrap()).collect();
            assert_eq!(read(&yaml).unwrap().sockets(), sockets, "{url}");
        }
    }
}
