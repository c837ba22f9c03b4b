//! What looked at what: failures and passes, and the resources they share.
//!
//! Edges come from what probes say they look at, and what that stands on: a database has a socket, and the socket a name. So
//! twelve tests of one database share its name and its socket whether or not anybody wrote `requires`.

use std::collections::HashMap;
use std::time::Duration;

use super::passes::{Pass, Passes, Span};
use super::reach::{ALL_OF_IT, failed_looks, got_through, looks_on_fail, passed, whole};
use super::uses::{closed, server_of_an_older_record, used};
use crate::model::{
    Diagnosed, Layer, Root, RunRecord, SessionRecord, Status, StepRecord, TestId, TestRecord,
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
    by_session: HashMap<TestId, usize>,
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

/// What tells requests apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Asked<'r> {
    /// The request, as the probe words it.
    For(&'r str),
    /// Nobody knows what this test asked for.
    By(&'r TestId),
}

impl<'r> Failure<'r> {
    /// What its step asked for. `None` of a session that did not come to ask.
    pub(super) fn asked(&self) -> Option<Asked<'r>> {
        let request = self.step.map(|step| step.request.as_str());
        let request = request.filter(|request| !request.is_empty());
        let of_test = || self.test.map(|test| Asked::By(&test.header.id));
        request.map(Asked::For).or_else(of_test)
    }
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
            by_session: HashMap::new(),
        };
        let failed = record.sessions.iter().filter(|session| has_failed(session));
        let mut sessions: HashMap<TestId, &SessionRecord> = failed
            .map(|session| (TestId::of_session(&session.name), session.as_ref()))
            .collect();
        for (number, one) in diagnosed.iter().enumerate() {
            // Sessions come first, so that a test of the same name is the next.
            let session = sessions.remove(&one.test);
            let test = tests.get(&one.test).filter(|_| session.is_none()).copied();
            let failure = graph.failure(one, test, session);
            graph.failures.push(failure);
            let known = match test {
                Some(_) => &mut graph.by_test,
                None => &mut graph.by_session,
            };
            known.insert(one.test.clone(), number);
        }
        graph.hear();
        graph
    }

    /// The failure of an instance or a session.
    pub(super) fn failure_of(&self, root: &Root) -> Option<usize> {
        match root {
            Root::Test(id) => self.by_test.get(id),
            Root::Session(name) => self.by_session.get(&TestId::of_session(name)),
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

    /// Whether it answers requests, and each of these can have somebody else behind it.
    pub(super) fn is_asked_by_requests(&self, resource: Resource) -> bool {
        let name = self.name(resource);
        name.starts_with("origin:") || name.starts_with("proxy:")
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
            passed: step.and_then(|step| passed(step, one.layer)),
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
            if server_of_an_older_record(&used).is_some() {
                // How others resolve a name is another vantage, and says nothing of how it is resolved here.
                used.retain(|one| !one.starts_with("dns:"));
            }
            // Also as those who failed behind the same proxy have it.
            used.extend(of_steps.flat_map(self::used));
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

/// Whether it failed of its own.
fn has_failed(session: &SessionRecord) -> bool {
    matches!(session.status, Status::Failed | Status::Errored)
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
