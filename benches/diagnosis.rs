//! What saying why costs: a run in which ten thousand instances failed at a thousand places, and as many passed beside them; and the
//! runs in which most of them have something to do with each other.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use allclear::diagnosis::{Rules, diagnose};
use allclear::gate::decide;
use allclear::model::{
    AttemptRecord, Code, Connections, Digests, Excerpt, Fault, FaultKind, Finding, FinishedRun,
    Keep, Observation, OnFail, Origin, Outcome, Phase, Place, Policy, RunHeader, RunId, RunRecord,
    State, Status, StepRecord, TestHeader, TestId, TestRecord, Value, Why,
};
use allclear::report::{FORMATS, Style};
use anyhow::{Context, Result, ensure};

use crate::table::{Amount, Bound, Row};

/// Failures, and ten times fewer places they are at.
const MANY: u32 = 10_000;
const FEW: u32 = 1_000;

const TIMES: usize = 11;

pub(crate) fn rows() -> Result<Vec<Row>> {
    let (many, few) = (places(MANY)?, places(FEW)?);
    let mut rows = vec![Row {
        promise: "10 000 failures at 1 000 places: why",
        ours: Amount::Time(many),
        floor: None,
        bound: Bound::AtMost(Amount::Time(Duration::from_millis(250))),
    }];
    let scaling = [
        ("why, a failure among 10 000, against 1 000", (many, few)),
        (
            "the same, 10 000 requests at one origin",
            (requests(MANY)?, requests(FEW)?),
        ),
        (
            "the same, 10 000 ports that bodies name",
            (ports(MANY)?, ports(FEW)?),
        ),
        (
            "the same, half of them controls",
            (controls(MANY)?, controls(FEW)?),
        ),
        (
            "the same, written as each report",
            (reports(MANY)?, reports(FEW)?),
        ),
    ];
    // The logarithm of ten times as many is a third larger, and the record no longer fits into the caches; what is quadratic is ten times.
    rows.extend(scaling.map(|(promise, (many, few))| Row {
        promise,
        ours: Amount::Time(many / MANY),
        floor: Some(Amount::Time(few / FEW)),
        bound: Bound::Times(2.0),
    }));
    Ok(rows)
}

fn places(failures: u32) -> Result<Duration> {
    why(&record(failures)?, failures, failures / 10)
}

/// An application that fails each of its requests now and then.
fn requests(failures: u32) -> Result<Duration> {
    let mut tests = Vec::new();
    for number in 0..failures {
        let request = format!("GET http://host0.example/t{number}");
        let mut bad = failed(number, 0, answered())?;
        asks(&mut bad, &request);
        let mut good = failed(number, 0, Observation::default())?;
        let header = instance(&format!("good/t{number}"), Status::Passed, number, 0)?;
        good = TestRecord {
            attempts: good.attempts,
            ..header
        };
        asks(&mut good, &request);
        for attempt in &mut good.attempts {
            let attempt = Arc::make_mut(attempt);
            attempt.outcome = Outcome::Held;
            attempt
                .steps
                .iter_mut()
                .for_each(|step| step.outcome = Outcome::Held);
        }
        tests.extend([bad, good]);
    }
    why(&run(tests), failures, 1)
}

fn asks(test: &mut TestRecord, request: &str) {
    for attempt in &mut test.attempts {
        for step in &mut Arc::make_mut(attempt).steps {
            request.clone_into(&mut step.request);
        }
    }
}

/// A host of which each port is silent, and an application that names them one by one.
fn ports(failures: u32) -> Result<Duration> {
    let mut tests = Vec::new();
    for number in 0..failures {
        let port = 1_000 + number / 2;
        let mut test = if number % 2 == 0 {
            let seen = stopped("tcp.timeout", Phase::Connect, None)?;
            let mut test = failed(number, 0, seen)?;
            let socket = vec![format!("sock:10.0.0.5:{port}")];
            looks_at(&mut test, &socket);
            test
        } else {
            let body = format!("10.0.0.5 is not there: asked 10.0.0.5, port {port} of 10.0.0.5");
            let mut seen = Observation::default().with("status", Value::int(503));
            seen.evidence.push(Excerpt {
                label: "body".into(),
                text: body,
                keep: Keep::First(2048),
            });
            failed(number, 0, seen)?
        };
        test.started = Duration::from_millis(5);
        tests.push(test);
    }
    why(&run(tests), failures, 1)
}

fn looks_at(test: &mut TestRecord, resources: &[String]) {
    Arc::make_mut(&mut test.header).resources = resources.to_vec();
    for attempt in &mut test.attempts {
        for step in &mut Arc::make_mut(attempt).steps {
            step.resources = resources.to_vec();
        }
    }
}

/// Nobody answers, and of those who do not every second has nothing to do with the target.
fn controls(failures: u32) -> Result<Duration> {
    let mut tests = Vec::new();
    for number in 0..failures {
        let seen = stopped("tcp.timeout", Phase::Connect, None)?;
        let mut test = failed(number, number, seen)?;
        if number % 2 == 0 {
            let header = Arc::make_mut(&mut test.header);
            header.id = TestId::parse(&format!("preflight/t{number}")).context("no id")?;
            header.preflight = true;
            header.tags.push("control".to_owned());
        }
        tests.push(test);
    }
    why(&run(tests), failures, 1)
}

/// All that is written of such a run, in each format.
fn reports(failures: u32) -> Result<Duration> {
    let record = record(failures)?;
    let finished = FinishedRun {
        verdict: Arc::new(decide(&record)),
        diagnosis: Arc::new(diagnose(&record, Some(Rules::embedded()))),
        record: Arc::new(record),
    };
    median(|| {
        let mut written = 0;
        for format in FORMATS {
            written += (format.render)(black_box(&finished), Style::default()).len();
        }
        ensure!(written > 0, "nothing was written");
        Ok(())
    })
}

fn why(record: &RunRecord, failures: u32, causes: u32) -> Result<Duration> {
    let rules = Rules::embedded();
    median(|| {
        let diagnosis = diagnose(black_box(record), Some(rules));
        let (told, found) = (diagnosis.failures.len(), diagnosis.causes.len());
        ensure!(
            told == usize::try_from(failures)?,
            "{told} failures were told"
        );
        ensure!(
            found >= usize::try_from(causes)?,
            "{found} causes were found"
        );
        Ok(())
    })
}

fn median(once: impl Fn() -> Result<()>) -> Result<Duration> {
    let mut took = Vec::new();
    for _ in 0..TIMES {
        let started = Instant::now();
        once()?;
        took.push(started.elapsed());
    }
    took.sort_unstable();
    took.get(TIMES / 2).copied().context("nothing was measured")
}

/// At each place ten failures, eleven passes before or after them, and one instance that was not run.
fn record(failures: u32) -> Result<RunRecord> {
    let mut tests = Vec::new();
    for number in 0..failures {
        let place = number / 10;
        let seen = match place % 4 {
            0 => stopped("dns.nxdomain", Phase::Resolve, Origin::Eai(-2))?,
            1 => stopped("tcp.refused", Phase::Connect, Origin::Errno(111))?,
            2 => stopped("http.timeout.first_byte", Phase::FirstByte, None)?,
            _ => answered(),
        };
        tests.push(failed(number, place, seen)?);
        tests.push(instance(
            &format!("good/t{number}"),
            Status::Passed,
            number,
            place,
        )?);
        if number % 10 == 0 {
            let mut blocked = instance(&format!("late/t{number}"), Status::Blocked, number, place)?;
            blocked.why = Some(Why::Blocked(Vec::new()));
            tests.push(blocked);
        }
    }
    Ok(run(tests))
}

fn run(tests: Vec<TestRecord>) -> RunRecord {
    let header = RunHeader {
        id: RunId::new("20261121T085751Z-3f9a1c"),
        tool_version: String::new(),
        started: jiff::Timestamp::UNIX_EPOCH,
        host: String::new(),
        vantage: String::new(),
        target: String::new(),
        shipped: false,
        variables: Vec::new(),
        flags: Vec::new(),
        policy: Policy::default(),
        overridden: Vec::new(),
        omitted: Vec::new(),
        lints: Vec::new(),
        digests: Digests::default(),
        partial: None,
        filtered: 0,
        tests: tests.iter().map(|test| test.header.clone()).collect(),
    };
    RunRecord {
        header: Arc::new(header),
        elapsed: Duration::from_mins(1),
        ended: true,
        interrupted: None,
        sessions: Vec::new(),
        tests,
    }
}

fn stopped(code: &str, phase: Phase, origin: impl Into<Option<Origin>>) -> Result<Observation> {
    let fault = Fault {
        kind: FaultKind::parse(code).context("no such fault")?,
        phase,
        message: code.to_owned(),
        origin: origin.into(),
    };
    Ok(Observation {
        fault: Some(fault),
        ..Observation::default()
    })
}

fn answered() -> Observation {
    let body = "{\"detail\": \"Traceback (most recent call last): …\"}".repeat(20);
    let mut seen = Observation::default()
        .with("status", Value::int(500))
        .with("hop", Value::Text("app".to_owned()))
        .with("body", Value::Untyped(body.clone()));
    seen.evidence.push(Excerpt {
        label: "body".into(),
        text: body,
        keep: Keep::First(2048),
    });
    seen
}

fn failed(number: u32, place: u32, observation: Observation) -> Result<TestRecord> {
    let mut test = instance(&format!("bad/t{number}"), Status::Failed, number, place)?;
    let code = observation
        .fault
        .as_ref()
        .map_or(Code::fixed("expect.status"), Fault::code);
    let finding = Finding {
        code: code.clone(),
        path: "status".to_owned(),
        expected: "equals 200".to_owned(),
        actual: None,
        state: State::NotHeld,
        detail: None,
        place: None,
    };
    let step = StepRecord {
        name: None,
        probe: "http".to_owned(),
        request: format!("GET http://host{place}.example/t{number}"),
        resources: test.header.resources.clone(),
        observation,
        findings: vec![finding],
        captured: Vec::new(),
        error: None,
        outcome: Outcome::NotHeld,
        cleanup: false,
        cold: false,
        diagnostic: false,
        polls: None,
        flaps: None,
        actor: None,
    };
    test.code = Some(code);
    test.attempts = vec![Arc::new(AttemptRecord {
        number: 1,
        started: test.started,
        elapsed: test.elapsed,
        steps: vec![step],
        outcome: Outcome::NotHeld,
        code: test.code.clone(),
        decided_by: None,
        kept: None,
        flaps: None,
    })];
    Ok(test)
}

fn instance(id: &str, status: Status, number: u32, place: u32) -> Result<TestRecord> {
    let host = format!("host{place}.example");
    let header = TestHeader {
        id: TestId::parse(id).context("no id")?,
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
        preflight: false,
        requires: Vec::new(),
        requires_categories: Vec::new(),
        uses: Vec::new(),
        resources: vec![
            format!("dns:{host}"),
            format!("sock:{host}:80"),
            format!("origin:http://{host}:80"),
        ],
        on_fail: OnFail::default(),
        connections: Connections::Fresh,
        pulled_in: false,
        alone: false,
        expectations: Vec::new(),
        digest: String::new(),
    };
    Ok(TestRecord {
        header: Arc::new(header),
        status,
        code: None,
        why: None,
        attempts: Vec::new(),
        attempts_made: 1,
        sample: None,
        started: Duration::from_millis(u64::from(number)),
        elapsed: Duration::from_millis(20),
        left_behind: Vec::new(),
    })
}
