//! What looked at what: failures and passes, and the resources they share.
//!
//! Edges come from what probes say they look at, and what that stands on: a database has a socket, and the socket a name. So twelve
//! tests of one database share its name and its socket whether or not anybody wrote `requires`.

use std::collections::HashMap;
use std::time::Duration;

use super::address::Address;
use super::passes::{Pass, Passes, Span};
use super::seen::session_id;
use crate::model::{
    Diagnosed, Fault, FaultKind, Layer, Outcome, Phase, Root, RunRecord, SessionRecord, Status,
    StepRecord, TcpFault, TestId, TestRecord, Value,
};

/// A resource by its number in a graph.
pub(super) type Resource = usize;

/// The record as a graph, as far as something failed.
#[derive(Debug)]
pub(super) struct Graph<'r> {
    pub(super) record: &'r RunRecord,
    /// What is known of each failure, in their order.
    pub(super) failures: Vec<Failure<'r>>,
    numbers: HashMap<String, Resource>,
    names: Vec<String>,
    /// Who got through a layer of a resource, and no further.
    passes: HashMap<(Resource, Layer), Passes<'r>>,
    /// Who got all it asked for, by what was asked: another request of the same application shows little.
    alike: HashMap<(Resource, &'r str), Passes<'r>>,
    by_test: HashMap<TestId, usize>,
}

/// One failed instance or session, as the graph sees it.
#[derive(Debug)]
pub(super) struct Failure<'r> {
    /// What it broke at.
    pub(super) at: Resource,
    /// What its deciding step used, what that stands on included.
    pub(super) uses: Vec<Resource>,
    /// From its start to its end.
    pub(super) span: Span,
    /// The last layer that its own look got through: a cause there or deeper does not explain it.
    pub(super) passed: Option<Layer>,
    /// How many of its looks failed.
    pub(super) looks: u64,
    /// The step that decided.
    pub(super) step: Option<&'r StepRecord>,
    /// The instance; `None` of a session.
    pub(super) test: Option<&'r TestRecord>,
}

impl<'r> Graph<'r> {
    /// Reads a record for what failed in it.
    pub(super) fn of(record: &'r RunRecord, diagnosed: &[Diagnosed]) -> Self {
        let tests: HashMap<&TestId, &TestRecord> = record
            .tests
            .iter()
            .map(|test| (&test.header.id, test))
            .collect();
        let mut graph = Self {
            record,
            failures: Vec::with_capacity(diagnosed.len()),
            numbers: HashMap::new(),
            names: Vec::new(),
            passes: HashMap::new(),
            alike: HashMap::new(),
            by_test: HashMap::with_capacity(diagnosed.len()),
        };
        let sessions: HashMap<TestId, &SessionRecord> = record
            .sessions
            .iter()
            .map(|session| (session_id(&session.name), session.as_ref()))
            .collect();
        for (number, one) in diagnosed.iter().enumerate() {
            let test = tests.get(&one.test).copied();
            let failure = graph.failure(one, test, sessions.get(&one.test).copied());
            graph.failures.push(failure);
            graph.by_test.insert(one.test.clone(), number);
        }
        graph.hear();
        graph
    }

    /// The failure of an instance or a session.
    pub(super) fn failure_of(&self, root: &Root) -> Option<usize> {
        match root {
            Root::Test(id) => self.by_test.get(id),
            Root::Session(name) => self.by_test.get(&session_id(name)),
        }
        .copied()
    }

    /// The name of a resource.
    pub(super) fn name(&self, resource: Resource) -> &str {
        self.names.get(resource).map_or("", String::as_str)
    }

    /// The resource of this name, where a failure used it.
    pub(super) fn resource(&self, name: &str) -> Option<Resource> {
        self.numbers.get(name).copied()
    }

    /// Who got through this layer of it: whatever it met behind.
    pub(super) fn passes(
        &self,
        resource: Resource,
        layer: Layer,
    ) -> impl Iterator<Item = &Passes<'r>> {
        let reached = Layer::ALL.iter().filter(move |one| **one >= layer);
        reached.filter_map(move |one| self.passes.get(&(resource, *one)))
    }

    /// Who asked the same there, and got it.
    pub(super) fn alike(&self, resource: Resource, request: &'r str) -> Option<&Passes<'r>> {
        self.alike.get(&(resource, request))
    }

    fn failure(
        &mut self,
        one: &Diagnosed,
        test: Option<&'r TestRecord>,
        session: Option<&'r SessionRecord>,
    ) -> Failure<'r> {
        let session = session.filter(|_| test.is_none());
        let attempt = match (test, session) {
            (Some(test), _) => test
                .attempts
                .iter()
                .find(|attempt| attempt.number == one.attempt),
            (None, session) => session.and_then(|session| session.attempt.as_ref()),
        };
        let step = attempt.and_then(|attempt| attempt.deciding_step());
        let mut used = step.map(used).unwrap_or_default();
        if used.is_empty()
            && let Some(test) = test
        {
            // An older record does not say which step looked at what.
            used.extend(test.header.resources.iter().cloned());
        }
        used.push(one.resource.clone());
        let sessions = test.map(|test| test.header.uses.as_slice());
        let credentials = sessions.unwrap_or_default().iter();
        used.extend(credentials.map(|name| format!("cred:{name}")));
        used.push("runner".to_owned());
        let uses = self.numbered(closed(used));
        let at = self.number(one.resource.clone());
        let started = test.map_or_else(
            || session.map_or(Duration::ZERO, |session| session.started),
            |test| test.started,
        );
        let elapsed = test.map_or_else(
            || attempt.map_or(Duration::ZERO, |attempt| attempt.elapsed),
            |test| test.elapsed,
        );
        Failure {
            at,
            uses,
            span: Span {
                from: started,
                to: started + elapsed,
            },
            // Nobody got through what it broke at.
            passed: step
                .and_then(passed)
                .and_then(|passed| below(passed, one.layer)),
            looks: test.map_or(1, failed_looks),
            step,
            test,
        }
    }

    /// Asks everybody how far they got through what failed for somebody.
    fn hear(&mut self) {
        let mut heard: Vec<(Resource, Layer, &'r str, Pass<'r>)> = Vec::new();
        for test in &self.record.tests {
            let Some((through, held)) = whole(test) else {
                continue;
            };
            let of_steps = test.attempts.iter().flat_map(|attempt| &attempt.steps);
            let of_steps = of_steps.filter(|step| step.may_decide());
            let mut used: Vec<String> = test.header.resources.clone();
            if asks_a_server(&used) {
                // How others resolve a name is another vantage, and says nothing of how it is resolved here.
                used.retain(|one| !one.starts_with("dns:"));
            }
            used.extend(of_steps.flat_map(|step| step.resources.iter().cloned()));
            let request = only_request(test);
            let pass = Pass::of(test, held);
            for resource in self.known(&closed(used)) {
                heard.push((resource, through, request, pass));
            }
        }
        // Who failed further on shows as well that everything before was there.
        for failure in &self.failures {
            if let (Some(test), Some(passed)) = (failure.test, failure.passed) {
                let pass = Pass::of(test, failure.looks);
                let reached = failure.uses.iter();
                let remote = reached.filter(|one| self.name(**one) != "runner");
                heard.extend(remote.map(|resource| (*resource, passed, "", pass)));
            }
        }
        // A look of `on_fail` that got through where its test had not.
        for test in self.failures.iter().filter_map(|failure| failure.test) {
            for step in looks_on_fail(test) {
                if let Some(layer) = got_through(step) {
                    let ended = test.started + test.elapsed;
                    let pass = Pass {
                        span: Span {
                            from: ended,
                            to: ended,
                        },
                        ..Pass::of(test, 1)
                    };
                    let used = self.known(&closed(used(step)));
                    heard.extend(used.into_iter().map(|one| (one, layer, "", pass)));
                }
            }
        }
        for (resource, layer, request, pass) in heard {
            self.passes.entry((resource, layer)).or_default().push(pass);
            if !request.is_empty() && layer == ALL_OF_IT {
                self.alike
                    .entry((resource, request))
                    .or_default()
                    .push(pass);
            }
        }
        self.passes.values_mut().for_each(Passes::sort);
        self.alike.values_mut().for_each(Passes::sort);
    }

    fn number(&mut self, name: String) -> Resource {
        if let Some(known) = self.numbers.get(&name) {
            return *known;
        }
        self.names.push(name.clone());
        self.numbers.insert(name, self.names.len() - 1);
        self.names.len() - 1
    }

    fn numbered(&mut self, names: Vec<String>) -> Vec<Resource> {
        let mut numbers: Vec<Resource> = names.into_iter().map(|name| self.number(name)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// Those of them that some failure used.
    fn known(&self, names: &[String]) -> Vec<Resource> {
        let mut numbers: Vec<Resource> = names
            .iter()
            .filter_map(|name| self.resource(name))
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }
}

/// Who held, held everything.
const ALL_OF_IT: Layer = Layer::Performance;

/// What a step looked at. A proxy of the environment stands between, whatever the URL says.
fn used(step: &StepRecord) -> Vec<String> {
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
fn closed(mut used: Vec<String>) -> Vec<String> {
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

/// How far an instance that did not fail got, and with how many of its looks; `None` where that says nothing.
///
/// One that expects a fault, and met it, shows nothing of what it looked at.
fn whole(test: &TestRecord) -> Option<(Layer, u64)> {
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

/// What `on_fail` looked at once a test had failed.
pub(super) fn looks_on_fail(test: &TestRecord) -> impl Iterator<Item = &StepRecord> {
    let steps = test.attempts.iter().flat_map(|attempt| &attempt.steps);
    steps.filter(|step| step.diagnostic)
}

/// Whether these are of a question to a certain name server.
pub(super) fn asks_a_server(resources: &[String]) -> bool {
    let mut others = resources.iter().filter(|one| !one.starts_with("dns:"));
    others
        .next()
        .is_some_and(|one| one.starts_with("sock:") && one.ends_with(":53"))
        && others.next().is_none()
}

/// The layer that a look of `on_fail` got through.
fn got_through(step: &StepRecord) -> Option<Layer> {
    if step.outcome != Outcome::Held || step.observation.fault.is_some() {
        return None;
    }
    match step.probe.as_str() {
        "dns" if !asks_a_server(&step.resources) => Some(Layer::Dns),
        "tcp" => Some(Layer::Transport),
        // An answer may be one that says no.
        "tls" | "http" | "websocket" | "sse" => Some(Layer::Tls),
        "sql" | "redis" | "pool" => Some(Layer::Protocol),
        _ => None,
    }
}

/// What an instance of one step asked: of those with several nobody can say which is meant.
fn only_request(test: &TestRecord) -> &str {
    let Some(attempt) = test.attempts.last() else {
        return "";
    };
    let mut steps = attempt.steps.iter().filter(|step| step.may_decide());
    match (steps.next(), steps.next()) {
        (Some(step), None) => &step.request,
        _ => "",
    }
}

/// How many looks of an instance failed.
fn failed_looks(test: &TestRecord) -> u64 {
    match &test.sample {
        Some(sample) => (sample.rows.len() as u64)
            .saturating_sub(sample.held)
            .max(1),
        None if test.status == Status::Flaky => test.attempts_made.saturating_sub(1).max(1),
        None => 1,
    }
}

/// This layer, or the last one before where it broke.
fn below(passed: Layer, broke: Layer) -> Option<Layer> {
    let mut before = Layer::ALL.iter().rev().copied();
    before.find(|layer| *layer <= passed && *layer < broke)
}

/// The last layer that a step which did not hold got through, by the phase it was stopped in.
fn passed(step: &StepRecord) -> Option<Layer> {
    if step.error.is_some() {
        return None;
    }
    match &step.observation.fault {
        Some(fault) => stopped_behind(fault),
        None => answered(step),
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
    match step.probe.as_str() {
        "sql" | "pool" | "redis" => Some(Layer::Auth),
        "dns" => Some(Layer::Configuration),
        "tcp" => Some(Layer::Transport),
        "command" | "process" | "runner" => None,
        _ => match facts.get("status")? {
            Value::Number(status) => Some(behind(step, status.to_f64())),
            _ => None,
        },
    }
}

/// How far an answer over HTTP came from. What a proxy says of an application it did not reach is a 502, 503 or 504; any other answer
/// that is no page of a proxy we know came from behind all of them.
fn behind(step: &StepRecord, status: f64) -> Layer {
    let hop = step.observation.facts.get("hop").and_then(Value::as_text);
    match hop {
        Some("app") => Layer::Proxy,
        Some("unknown") | None if !(502.0..=504.0).contains(&status) => Layer::Proxy,
        _ => Layer::Tls,
    }
}
