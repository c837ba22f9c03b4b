//! The smallest plan that shows a point, run.

use std::sync::Arc;
use std::time::Duration;

use crate::check::testing::{captures, expectations};
use crate::check::{Captured, Captures, Expectations};
use crate::model::{
    Connections, Digests, Event, OnFail, Place, Policy, RunHeader, RunId, RunRecord, SessionName,
    Status, StepName, TestHeader, TestId, TestRecord, Value,
};
use crate::plan::{Alone, Look, Mode, Plan, PlannedSession, PlannedStep, PlannedTest};
use crate::probe::{Scene, Scripted, Shared};
use crate::runner::{Cancel, run};
use crate::settings::RunConfig;
use crate::template::Mask;

pub(in crate::runner) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A look that holds and takes so many seconds.
pub(in crate::runner) fn takes(time: u64) -> Scene {
    Scene::status(200).after(seconds(time))
}

/// A step that plays these scenes and expects `status: 200`.
pub(in crate::runner) fn step(scenes: impl Into<Vec<Scene>>) -> PlannedStep {
    PlannedStep {
        name: None,
        probe: "scripted",
        look: Look::Ready(
            Box::new(Scripted::new(scenes).into()),
            expectations("status: 200"),
        ),
        captures: Captures::default(),
        wants: Vec::new(),
        timeout: seconds(10),
        until: None,
        isolation: None,
        place: place(),
    }
}

/// A step that expects no fault, and captures.
pub(in crate::runner) fn capturing(scenes: impl Into<Vec<Scene>>, capture: &str) -> PlannedStep {
    PlannedStep {
        look: Look::Ready(
            Box::new(Scripted::new(scenes).into()),
            Expectations::no_fault(),
        ),
        captures: captures(capture),
        ..step([])
    }
}

pub(in crate::runner) fn named(name: &str, step: PlannedStep) -> PlannedStep {
    PlannedStep {
        name: Some(StepName::new(name)),
        ..step
    }
}

/// A test of one step.
pub(in crate::runner) fn test(id: &str, scenes: impl Into<Vec<Scene>>) -> PlannedTest {
    PlannedTest {
        header: Arc::new(header(id)),
        skip: None,
        mode: Mode::Once,
        timeout: seconds(10),
        cold: None,
        steps: vec![step(scenes)],
        cleanup: Vec::new(),
        looks: Vec::new(),
        alone: Alone::No,
        connections: Connections::Fresh,
        expect_failure: None,
        requires: Vec::new(),
        compare_with: None,
        is_compared: false,
        requires_groups: Vec::new(),
        uses: Vec::new(),
        actors: Vec::new(),
        side_effects: false,
        guards: false,
        origins: Vec::new(),
        origins_of_looks: Vec::new(),
    }
}

/// A test that holds at once.
pub(in crate::runner) fn good(id: &str) -> PlannedTest {
    test(id, [Scene::status(200)])
}

/// A test that fails at once, with `tcp.refused`.
pub(in crate::runner) fn refused(id: &str) -> PlannedTest {
    test(id, [Scene::fault("tcp.refused")])
}

/// The same, changed.
pub(in crate::runner) fn with<T>(mut thing: T, change: impl FnOnce(&mut T)) -> T {
    change(&mut thing);
    thing
}

/// A session of one step.
pub(in crate::runner) fn session(name: &str, step: PlannedStep) -> PlannedSession {
    PlannedSession {
        name: SessionName::new(name),
        called: SessionName::new(name),
        parameters: Vec::new(),
        skip: None,
        steps: vec![step],
        cleanup: Vec::new(),
        timeout: seconds(10),
        longest: None,
        place: place(),
    }
}

/// The session `user`, opened for somebody.
pub(in crate::runner) fn session_of(name: &str, step: PlannedStep) -> PlannedSession {
    let opened = SessionName::keyed("user", [("name", name)]);
    with(session("user", step), |session| {
        session.name = opened;
        session.parameters = vec![Captured {
            name: "name".to_owned(),
            value: Value::Text(name.to_owned()),
            secret: false,
        }];
    })
}

pub(in crate::runner) fn place() -> Place {
    Place {
        file: "test.yaml".into(),
        line: 1,
        column: 1,
    }
}

fn header(id: &str) -> TestHeader {
    TestHeader {
        id: TestId::parse(id).unwrap(),
        place: place(),
        title: None,
        description: None,
        tags: Vec::new(),
        owner: None,
        critical: false,
        invariant: false,
        preflight: false,
        requires: Vec::new(),
        requires_categories: Vec::new(),
        uses: Vec::new(),
        resources: Vec::new(),
        on_fail: OnFail::default(),
        connections: Connections::Fresh,
        pulled_in: false,
        alone: false,
        expectations: Vec::new(),
        digest: String::new(),
    }
}

/// A plan and how it is run.
pub(in crate::runner) struct Bench {
    pub(in crate::runner) tests: Vec<PlannedTest>,
    pub(in crate::runner) groups: Vec<Vec<usize>>,
    pub(in crate::runner) sessions: Vec<PlannedSession>,
    pub(in crate::runner) config: RunConfig,
    pub(in crate::runner) policy: Policy,
    pub(in crate::runner) cancel: Cancel,
    pub(in crate::runner) mask: Mask,
}

impl Bench {
    pub(in crate::runner) fn new(tests: impl Into<Vec<PlannedTest>>) -> Self {
        Self {
            tests: tests.into(),
            groups: Vec::new(),
            sessions: Vec::new(),
            config: RunConfig::default(),
            policy: Policy::default(),
            cancel: Cancel::new(),
            mask: Mask::default(),
        }
    }

    pub(in crate::runner) fn jobs(mut self, jobs: usize) -> Self {
        self.config.jobs = jobs;
        self
    }

    /// Groups that instances require, each by the positions of its own.
    pub(in crate::runner) fn groups(mut self, groups: &[&[usize]]) -> Self {
        self.groups = groups.iter().map(|group| group.to_vec()).collect();
        self
    }

    pub(in crate::runner) fn sessions(mut self, sessions: impl Into<Vec<PlannedSession>>) -> Self {
        self.sessions = sessions.into();
        self
    }

    pub(in crate::runner) async fn run(self) -> Ran {
        let mut ran = self.run_watching(|_| {}).await;
        ran.check();
        ran
    }

    pub(in crate::runner) fn plan(self) -> Arc<Plan> {
        let header = RunHeader {
            id: RunId::new("r1"),
            tool_version: "0".to_owned(),
            started: jiff::Timestamp::UNIX_EPOCH,
            host: String::new(),
            shipped: false,
            vantage: String::new(),
            target: String::new(),
            variables: Vec::new(),
            flags: Vec::new(),
            policy: self.policy,
            overridden: Vec::new(),
            omitted: Vec::new(),
            lints: Vec::new(),
            digests: Digests::default(),
            partial: None,
            filtered: 0,
            tests: self.tests.iter().map(|test| test.header.clone()).collect(),
        };
        Arc::new(Plan {
            header: Arc::new(header),
            tests: self.tests,
            groups: self.groups,
            sessions: self.sessions,
        })
    }

    /// Runs, and shows each event while it happens.
    pub(in crate::runner) async fn run_watching(self, mut watch: impl FnMut(&Event)) -> Ran {
        let (config, shared) = (self.config.clone(), Shared::new(self.mask.clone()));
        let (cancel, plan) = (self.cancel.clone(), self.plan());
        let mut events = Vec::new();
        let record = run(plan, &config, shared, cancel, &mut |moment| {
            moment.iter().for_each(&mut watch);
            events.extend_from_slice(moment);
        })
        .await;
        Ran { events, record }
    }
}

/// What a run has shown.
pub(in crate::runner) struct Ran {
    pub(in crate::runner) events: Vec<Event>,
    pub(in crate::runner) record: RunRecord,
}

impl Ran {
    pub(in crate::runner) fn test(&self, id: &str) -> &TestRecord {
        self.record.test(&TestId::parse(id).unwrap()).unwrap()
    }

    pub(in crate::runner) fn status(&self, id: &str) -> Status {
        self.test(id).status
    }

    pub(in crate::runner) fn code(&self, id: &str) -> Option<&str> {
        self.test(id).code.as_ref().map(crate::model::Code::as_str)
    }

    /// The events in words: `a/x started`, `a/x attempt 1`, `a/x passed`.
    pub(in crate::runner) fn story(&self) -> Vec<String> {
        let id = |test: usize| self.record.tests[test].header.id.to_string();
        let tell = |event: &Event| match event {
            Event::RunStarted(_) => "run started".to_owned(),
            Event::TestStarted { test, .. } => format!("{} started", id(*test)),
            Event::AttemptEnded(ended) => {
                format!("{} attempt {}", id(ended.test), ended.attempt.number)
            }
            Event::TestEnded(ended) => format!("{} {}", id(ended.test), ended.status),
            Event::LooksEnded(looks) => format!("{} looked into", id(looks.test)),
            Event::SessionEnded(session) => format!("session {} {}", session.name, session.status),
            Event::RunEnded { .. } => "run ended".to_owned(),
            Event::Judged(_) => "judged".to_owned(),
        };
        self.events.iter().map(tell).collect()
    }

    /// When each test started looking, in seconds; in the order they started.
    pub(in crate::runner) fn starts(&self) -> Vec<(String, u64)> {
        let start = |event: &Event| match event {
            Event::TestStarted { test, at } => {
                Some((self.record.tests[*test].header.id.to_string(), at.as_secs()))
            }
            _ => None,
        };
        self.events.iter().filter_map(start).collect()
    }

    /// What holds of every run.
    pub(in crate::runner) fn check(&mut self) {
        let story = self.story();
        assert_eq!(story.first().map(String::as_str), Some("run started"));
        assert_eq!(story.last().map(String::as_str), Some("run ended"));
        let ends = |at: usize| {
            let is_end =
                |event: &&Event| matches!(event, Event::TestEnded(ended) if ended.test == at);
            self.events.iter().filter(is_end).count()
        };
        for at in 0..self.record.tests.len() {
            assert_eq!(
                ends(at),
                1,
                "ends of {}: {story:#?}",
                self.record.tests[at].header.id
            );
        }
        let mut ended = std::collections::HashSet::new();
        let mut looked_into = std::collections::HashSet::new();
        for event in &self.events {
            match event {
                Event::TestEnded(end) => {
                    ended.insert(end.test);
                    if end.looks_follow {
                        looked_into.insert(end.test);
                    }
                }
                Event::TestStarted { test, .. } => assert!(!ended.contains(test), "{story:#?}"),
                Event::AttemptEnded(attempt) => {
                    assert!(!ended.contains(&attempt.test), "{story:#?}");
                }
                Event::LooksEnded(looks) => {
                    assert!(looked_into.remove(&looks.test), "{story:#?}");
                }
                _ => {}
            }
        }
        assert_eq!(self.record.counts().total(), self.record.tests.len() as u64);
    }
}
