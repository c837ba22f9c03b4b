//! An observation in as few words as possible, made into a record.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use crate::model::*;
use crate::yaml::{Diagnostics, Raw, Resolved, Sources, decode, parse};

/// What was seen, in as few words as possible. A number that belongs to the fault's kind of origin becomes its origin.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::diagnosis) struct Short {
    probe: String,
    fault: Option<String>,
    phase: Option<String>,
    errno: Option<i32>,
    eai: Option<i32>,
    rcode: Option<u16>,
    redis: Option<String>,
    /// The code of the instance: that of the fault, or `expect.status`, unless it is written.
    code: Option<String>,
    /// failed, errored, unproved, flaky or unexpected_pass.
    ended: Option<String>,
    status: Option<u16>,
    hop: Option<String>,
    headers: BTreeMap<String, String>,
    body: Option<String>,
    /// Any other fact.
    facts: BTreeMap<String, Raw>,
    json: Option<Raw>,
    exit_code: Option<i32>,
    signal: Option<i32>,
    close_code: Option<u16>,
    log: Option<String>,
    stderr: Option<String>,
    stdout: Option<String>,
    /// Other evidence by its label.
    evidence: BTreeMap<String, String>,
    /// Path, what was expected, what was seen.
    findings: Vec<(String, String, Option<String>)>,
    resources: Vec<String>,
    /// How the attempts came out, the deciding one not among them: `[held, not_held]`.
    before: Vec<String>,
    /// How many polls the step took.
    polls: Option<u64>,
    /// The class that the author of the test gives it.
    on_fail: Option<String>,
}

impl Short {
    /// Reads one.
    pub(in crate::diagnosis) fn parse(yaml: &str) -> Self {
        let mut sources = Sources::default();
        let file = sources.add("seen.yaml", yaml);
        let mut problems = Diagnostics::default();
        let tree = parse(&sources, file, &mut problems);
        let short = tree.and_then(|tree| decode(&tree, &mut problems));
        short.unwrap_or_else(|| panic!("{yaml}: {problems:?}"))
    }

    /// The record of an instance that saw this.
    pub(in crate::diagnosis) fn record(&self) -> TestRecord {
        let fault = self.fault.as_deref().map(|code| self.fault_of(code));
        let code = match (&self.code, &fault) {
            (Some(code), _) => Code::new(code.clone()),
            (None, Some(fault)) => fault.code(),
            (None, None) => Code::fixed("expect.status"),
        };
        let is_unable = code.as_str().starts_with("error.");
        let unable = Unable::ALL
            .iter()
            .copied()
            .find(|unable| unable.code() == code);
        let outcome = if is_unable {
            Outcome::Unable
        } else {
            Outcome::NotHeld
        };
        let step = StepRecord {
            name: None,
            probe: self.probe.clone(),
            request: String::new(),
            resources: self.resources.clone(),
            observation: Observation {
                facts: self.facts(),
                fault,
                evidence: self.excerpts(),
                latency: Duration::from_millis(2),
                ..Observation::default()
            },
            findings: self.findings(&code),
            captured: Vec::new(),
            error: unable.map(|unable| ProbeError::new(unable, "it could not be")),
            outcome,
            cleanup: false,
            diagnostic: false,
            cold: false,
            polls: self.polls,
            flaps: None,
            actor: None,
        };
        let last = attempt(
            self.before.len() as u64 + 1,
            outcome,
            vec![step],
            Some(code.clone()),
        );
        let earlier = self.before.iter().zip(1..).map(|(outcome, number)| {
            let outcome = *Outcome::ALL
                .iter()
                .find(|one| one.name() == outcome)
                .unwrap();
            attempt(number, outcome, Vec::new(), None)
        });
        let attempts: Vec<_> = earlier.chain([last]).map(Arc::new).collect();
        let ended = match &self.ended {
            Some(word) => Status::parse(word).unwrap(),
            None if is_unable => Status::Errored,
            None => Status::Failed,
        };
        TestRecord {
            header: Arc::new(self.header()),
            status: ended,
            code: Some(code),
            why: None,
            attempts_made: attempts.len() as u64,
            attempts,
            sample: None,
            started: Duration::ZERO,
            elapsed: Duration::from_millis(2),
            left_behind: Vec::new(),
        }
    }

    fn fault_of(&self, code: &str) -> Fault {
        let kind = FaultKind::parse(code).unwrap_or_else(|| panic!("no fault `{code}`"));
        let known = kind.known();
        let phase = match &self.phase {
            Some(name) => Phase::parse(name).unwrap_or_else(|| panic!("no phase `{name}`")),
            None => known.phases[0],
        };
        assert!(
            known.phases.contains(&phase),
            "{code} is never in phase {phase}"
        );
        let origin = self.origin(kind);
        if let Some(origin) = origin {
            let is_possible = known.origins.contains(&origin.kind());
            assert!(is_possible, "{code} never comes of {origin}");
        }
        Fault {
            kind,
            phase,
            message: String::new(),
            origin,
        }
    }

    /// What is written, else what the kind carries.
    fn origin(&self, kind: FaultKind) -> Option<Origin> {
        let written = [
            self.errno.map(Origin::Errno),
            self.eai.map(Origin::Eai),
            self.rcode.map(Origin::Rcode),
            self.redis
                .as_ref()
                .map(|word| Origin::Redis(word.parse().unwrap())),
        ];
        let written = written.into_iter().flatten().next();
        written.or_else(|| kind.own_origin())
    }

    fn facts(&self) -> Facts {
        let mut facts = Facts::default();
        let mut put = |name: &'static str, value: Option<Value>| {
            if let Some(value) = value {
                facts.insert(name, value);
            }
        };
        put("status", self.status.map(Value::int));
        put("hop", self.hop.clone().map(Value::Text));
        let header = |(name, value): (&String, &String)| {
            (
                name.clone(),
                Value::List(vec![Value::Untyped(value.clone())]),
            )
        };
        let headers = (!self.headers.is_empty())
            .then(|| Value::Map(self.headers.iter().map(header).collect()));
        put("headers", headers);
        put("body", self.body.clone().map(Value::Untyped));
        put("json", self.json.as_ref().map(|raw| value(&raw.0)));
        put("exit_code", self.exit_code.map(Value::int));
        put("signal", self.signal.map(Value::int));
        put("close_code", self.close_code.map(Value::int));
        put("log", self.log.clone().map(Value::Untyped));
        put("stderr", self.stderr.clone().map(Value::Untyped));
        put("stdout", self.stdout.clone().map(Value::Untyped));
        for (name, raw) in &self.facts {
            facts.insert(name.clone(), value(&raw.0));
        }
        facts
    }

    fn excerpts(&self) -> Vec<Excerpt> {
        let excerpt = |(label, text): (&String, &String)| Excerpt {
            label: label.clone().into(),
            text: text.clone(),
            keep: Keep::First(2048),
        };
        self.evidence.iter().map(excerpt).collect()
    }

    fn findings(&self, code: &Code) -> Vec<Finding> {
        let finding = |path: &str, expected: &str, actual: Option<String>| Finding {
            code: code.clone(),
            path: path.to_owned(),
            expected: expected.to_owned(),
            actual,
            state: State::NotHeld,
            detail: None,
            place: None,
        };
        if self.findings.is_empty() {
            let actual = self.status.map(|status| status.to_string());
            return vec![finding("status", "equals 200", actual)];
        }
        let all = self.findings.iter();
        all.map(|(path, expected, actual)| finding(path, expected, actual.clone()))
            .collect()
    }

    fn header(&self) -> TestHeader {
        TestHeader {
            id: TestId::parse("examples/one").unwrap(),
            place: Place {
                file: "examples.yaml".into(),
                line: 1,
                column: 1,
            },
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
            resources: self.resources.clone(),
            on_fail: OnFail {
                class: self.on_fail.clone(),
                ..OnFail::default()
            },
            connections: Connections::Fresh,
            pulled_in: false,
            alone: false,
            expectations: Vec::new(),
            digest: String::new(),
        }
    }
}

fn attempt(
    number: u64,
    outcome: Outcome,
    steps: Vec<StepRecord>,
    code: Option<Code>,
) -> AttemptRecord {
    AttemptRecord {
        number,
        started: Duration::ZERO,
        elapsed: Duration::from_millis(2),
        steps,
        outcome,
        code,
        decided_by: None,
        kept: None,
        flaps: None,
    }
}

/// What stands in YAML, as a probe would have seen it.
fn value(node: &crate::yaml::Node) -> Value {
    if let Some(items) = node.as_sequence() {
        return Value::List(items.iter().map(value).collect());
    }
    if let Some(entries) = node.as_mapping() {
        let entries = entries.iter();
        return Value::Map(
            entries
                .map(|entry| (entry.key.to_string(), value(&entry.value)))
                .collect(),
        );
    }
    let scalar = node.as_scalar().expect("a scalar");
    match scalar.resolve() {
        Resolved::Null => Value::Null,
        Resolved::Bool(truth) => Value::Bool(truth),
        Resolved::Int(number) => Value::int(number),
        Resolved::Float(number) => Value::Number(Number::Float(number)),
        Resolved::Text | Resolved::Unclear(_) => Value::Text(scalar.text.to_string()),
    }
}
