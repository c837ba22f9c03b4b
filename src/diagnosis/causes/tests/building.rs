//! Small runs, told test by test.

use std::sync::Arc;
use std::time::Duration;

use super::super::causes;
use crate::diagnosis::Rules;
use crate::model::{
    AttemptRecord, Blame, Blamed, Category, Cause, Class, Code, Confidence, Connections, Diagnosed,
    Diagnosis, Digests, Excerpt, Facts, Fault, FaultKind, Finding, Keep, Layer, Observation,
    OnFail, Origin, Outcome, Phase, PhaseTime, Place, Policy, Root, RunHeader, RunId, RunRecord,
    Sample, SampleRow, SessionName, SessionRecord, State, Status, StepRecord, TestHeader, TestId,
    TestRecord, Value, Why,
};

/// A run, and what each failure in it says by itself.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) record: RunRecord,
    pub(super) failures: Vec<Diagnosed>,
}

/// What a rule says.
#[derive(Debug, Clone)]
pub(super) struct Says {
    pub(super) rule: &'static str,
    pub(super) layer: Layer,
    pub(super) at: String,
    pub(super) class: Class,
    pub(super) confidence: Confidence,
}

pub(super) fn says(
    rule: &'static str,
    layer: Layer,
    at: &str,
    class: Class,
    confidence: Confidence,
) -> Says {
    Says {
        rule,
        layer,
        at: at.to_owned(),
        class,
        confidence,
    }
}

pub(super) fn id(text: &str) -> TestId {
    TestId::parse(text).unwrap()
}

impl Told {
    pub(super) fn new() -> Self {
        let header = RunHeader {
            id: RunId::new("20261121T085751Z-3f9a1c"),
            tool_version: "0.1.0".to_owned(),
            started: jiff::Timestamp::UNIX_EPOCH,
            host: "here".to_owned(),
            shipped: false,
            vantage: "here".to_owned(),
            target: "demo".to_owned(),
            variables: Vec::new(),
            flags: Vec::new(),
            policy: Policy::default(),
            overridden: Vec::new(),
            omitted: Vec::new(),
            lints: Vec::new(),
            digests: Digests::default(),
            partial: None,
            filtered: 0,
            tests: Vec::new(),
        };
        Self {
            record: RunRecord {
                header: Arc::new(header),
                elapsed: Duration::from_mins(1),
                ended: true,
                interrupted: None,
                sessions: Vec::new(),
                tests: Vec::new(),
            },
            failures: Vec::new(),
        }
    }

    pub(super) fn variable(mut self, name: &str, value: &str) -> Self {
        let header = Arc::make_mut(&mut self.record.header);
        header.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The next test: half of a tenth of a second, and then a pause as long.
    fn test(mut self, name: &str, status: Status, resources: &[&str]) -> Self {
        let number = self.record.tests.len() as u64;
        let header = TestHeader {
            id: id(name),
            place: Place {
                file: "suite.yaml".into(),
                line: 1,
                column: 1,
            },
            title: None,
            description: None,
            tags: Vec::new(),
            owner: None,
            critical: false,
            invariant: false,
            preflight: name.starts_with("preflight/"),
            requires: Vec::new(),
            requires_categories: Vec::<Category>::new(),
            uses: Vec::new(),
            resources: resources.iter().map(ToString::to_string).collect(),
            on_fail: OnFail::default(),
            connections: Connections::Fresh,
            pulled_in: false,
            alone: false,
            expectations: Vec::new(),
            digest: String::new(),
        };
        self.record.tests.push(TestRecord {
            header: Arc::new(header),
            status,
            code: None,
            why: None,
            attempts: Vec::new(),
            attempts_made: 1,
            sample: None,
            started: Duration::from_millis(number * 100),
            elapsed: Duration::from_millis(50),
            left_behind: Vec::new(),
        });
        self
    }

    pub(super) fn pass(self, name: &str, resources: &[&str]) -> Self {
        let told = self.test(name, Status::Passed, resources);
        told.attempt(Outcome::Held, &Code::fixed("x"), Observation::default())
    }

    /// A failure that something stopped.
    pub(super) fn fail(
        self,
        name: &str,
        code: &str,
        phase: Phase,
        uses: &[&str],
        says: &Says,
    ) -> Self {
        let fault = Fault {
            kind: FaultKind::parse(code).unwrap(),
            phase,
            message: "said".to_owned(),
            origin: (code == "tcp.refused").then_some(Origin::Errno(111)),
        };
        let observation = Observation {
            fault: Some(fault),
            ..Observation::default()
        };
        let told = self.test(name, Status::Failed, uses);
        told.attempt(Outcome::NotHeld, &Code::new(code), observation)
            .diagnosed(says, code)
    }

    /// A failure that got an answer with this status.
    pub(super) fn answered(self, name: &str, status: u16, uses: &[&str], says: &Says) -> Self {
        let mut facts = Facts::default();
        facts.insert("status", Value::int(status));
        let observation = Observation {
            facts,
            phases: vec![PhaseTime {
                phase: Phase::Connect,
                took: Duration::from_millis(2),
            }],
            ..Observation::default()
        };
        let told = self.test(name, Status::Failed, uses);
        told.attempt(Outcome::NotHeld, &Code::fixed("expect.status"), observation)
            .diagnosed(says, "expect.status")
    }

    fn attempt(self, outcome: Outcome, code: &Code, observation: Observation) -> Self {
        self.last(|test| {
            let finding = Finding {
                code: code.clone(),
                path: "status".to_owned(),
                expected: "equals 200".to_owned(),
                actual: None,
                state: State::NotHeld,
                detail: None,
                place: None,
            };
            let held = outcome == Outcome::Held;
            let probe = match test.header.id.category().as_str() {
                "preflight" => "runner",
                _ => "http",
            };
            let step = StepRecord {
                name: None,
                probe: probe.to_owned(),
                request: format!("GET {}", test.header.id),
                resources: if held {
                    Vec::new()
                } else {
                    test.header.resources.clone()
                },
                observation,
                findings: if held { Vec::new() } else { vec![finding] },
                captured: Vec::new(),
                error: None,
                outcome,
                cleanup: false,
                cold: false,
                diagnostic: false,
                polls: None,
                flaps: None,
                actor: None,
            };
            test.code = (!held).then(|| code.clone());
            test.attempts = vec![Arc::new(AttemptRecord {
                number: 1,
                started: test.started,
                elapsed: test.elapsed,
                steps: vec![step],
                outcome,
                code: test.code.clone(),
                decided_by: None,
                kept: None,
                flaps: None,
            })];
        })
    }

    fn diagnosed(mut self, says: &Says, code: &str) -> Self {
        let test = self.record.tests.last().unwrap().header.id.clone();
        self.failures.push(Diagnosed {
            test,
            attempt: 1,
            step: None,
            rule: says.rule.to_owned(),
            layer: says.layer,
            resource: says.at.clone(),
            behind: None,
            code: Code::new(code),
            blame: Blame {
                class: says.class,
                detail: None,
                confidence: says.confidence,
                owner: "somebody".to_owned(),
            },
            evidence: vec![format!("{code} was seen")],
            alternatives: Vec::new(),
            next: "look".to_owned(),
            adjusted: Vec::new(),
            cause: 0,
        });
        self
    }

    pub(super) fn blocked(self, name: &str, by: &[&str]) -> Self {
        let roots = by.iter().map(|root| Blamed {
            root: match root.strip_prefix("session:") {
                Some(name) => Root::Session(SessionName::new(name)),
                None => Root::Test(id(root)),
            },
            status: Status::Failed,
            code: None,
        });
        let why = Why::Blocked(roots.collect());
        self.test(name, Status::Blocked, &[])
            .last(|test| test.why = Some(why))
    }

    pub(super) fn last(mut self, change: impl FnOnce(&mut TestRecord)) -> Self {
        change(self.record.tests.last_mut().unwrap());
        self
    }

    pub(super) fn step(self, change: impl FnOnce(&mut StepRecord)) -> Self {
        self.last(|test| {
            let attempt = Arc::make_mut(test.attempts.last_mut().unwrap());
            change(attempt.steps.last_mut().unwrap());
        })
    }

    pub(super) fn tagged(self, tag: &str) -> Self {
        self.last(|test| Arc::make_mut(&mut test.header).tags.push(tag.to_owned()))
    }

    pub(super) fn says_body(self, text: &str) -> Self {
        self.step(|step| {
            step.observation.evidence.push(Excerpt {
                label: "body".into(),
                text: text.to_owned(),
                keep: Keep::First(2048),
            });
        })
    }

    /// The last test had a look of `on_fail`, which saw what it asked for.
    pub(super) fn looked_on_fail(self, probe: &str, resources: &[&str]) -> Self {
        self.last(|test| {
            let attempt = Arc::make_mut(test.attempts.last_mut().unwrap());
            let look = StepRecord {
                probe: probe.to_owned(),
                resources: resources.iter().map(ToString::to_string).collect(),
                observation: Observation::default(),
                findings: Vec::new(),
                outcome: Outcome::Held,
                diagnostic: true,
                ..attempt.steps[0].clone()
            };
            attempt.steps.push(look);
        })
    }

    /// The last test had a look of `on_fail`, which nobody answered.
    pub(super) fn refused_on_fail(self, resource: &str) -> Self {
        let told = self.looked_on_fail("tcp", &[resource]);
        told.step(|step| {
            step.outcome = Outcome::NotHeld;
            step.observation.fault = Some(Fault {
                kind: FaultKind::parse("tcp.refused").unwrap(),
                phase: Phase::Connect,
                message: "said".to_owned(),
                origin: Some(Origin::Errno(111)),
            });
        })
    }

    /// What the last test says is this part of its class.
    pub(super) fn detail(mut self, detail: &str) -> Self {
        self.failures.last_mut().unwrap().blame.detail = Some(detail.to_owned());
        self
    }

    /// What the last test says it was met with behind it.
    pub(super) fn retelling(mut self, behind: &str) -> Self {
        self.failures.last_mut().unwrap().behind = Some(behind.to_owned());
        self
    }

    /// What the author of the last test wrote for the day it fails.
    pub(super) fn advised(self, owner: &str, hint: &str) -> Self {
        self.last(|test| {
            Arc::make_mut(&mut test.header).on_fail = OnFail {
                class: Some("configuration".to_owned()),
                owner: Some(owner.to_owned()),
                hint: Some(hint.to_owned()),
                runbook: None,
            };
        })
    }

    /// From when to when the last test looked, in milliseconds.
    pub(super) fn at(self, from: u64, to: u64) -> Self {
        self.last(|test| {
            test.started = Duration::from_millis(from);
            test.elapsed = Duration::from_millis(to - from);
        })
    }

    /// The last test looked often: so many held, the others took so long.
    pub(super) fn sampled(self, held: u64, missed: u64, each: Duration) -> Self {
        self.last(|test| {
            let row = |outcome| SampleRow {
                outcome,
                latency_us: u64::try_from(each.as_micros()).unwrap(),
                phases_us: Box::new([]),
            };
            let rows = (0..held)
                .map(|_| row(Outcome::Held))
                .chain((0..missed).map(|_| row(Outcome::NotHeld)));
            test.sample = Some(Arc::new(Sample {
                times: held + missed,
                held,
                rows: rows.collect(),
                findings: Vec::new(),
                futile: false,
                skew: None,
            }));
        })
    }

    /// The last test was none, but a session of this name.
    pub(super) fn into_session(mut self, name: &str) -> Self {
        let test = self.record.tests.pop().unwrap();
        let said = self.failures.pop().unwrap();
        // Sessions come before instances.
        self.failures.insert(self.record.sessions.len(), said);
        let session = SessionRecord {
            name: SessionName::new(name),
            status: test.status,
            code: test.code,
            why: None,
            attempt: test.attempts.into_iter().next_back(),
            started: test.started,
            left_behind: Vec::new(),
        };
        self.record.sessions.push(Arc::new(session));
        self
    }

    pub(super) fn diagnosis(&self) -> Diagnosis {
        self.diagnosis_by(Rules::embedded())
    }

    /// What is told with these rules.
    pub(super) fn diagnosis_by(&self, rules: &Rules) -> Diagnosis {
        causes(&self.record, self.failures.clone(), rules)
    }
}

/// `sock:db.internal:5432 transport TCP-1 x30 +2 infrastructure low`
pub(super) fn told(cause: &Cause) -> String {
    let unexplained = if cause.unexplained {
        " unexplained"
    } else {
        ""
    };
    format!(
        "{} {} {} x{} +{} {} {}{unexplained}",
        cause.resource,
        cause.layer,
        cause.rule,
        cause.failed.len(),
        cause.blocked.len(),
        cause.blame.class,
        cause.blame.confidence,
    )
}

pub(super) fn all(diagnosis: &Diagnosis) -> Vec<String> {
    diagnosis.causes.iter().map(told).collect()
}
