//! Finished runs built by hand: nothing in them depends on a clock or a machine.

use std::sync::Arc;
use std::time::Duration;

use allclear::model::*;

/// A run with at least one instance of every status, built from the enum's own list; NO-GO.
pub(crate) fn every_status() -> FinishedRun {
    let mut tests: Vec<TestRecord> = Status::ALL
        .iter()
        .map(|status| of_status(*status))
        .collect();
    let blocked = of_status(Status::Blocked);
    for row in ["orders", "users", "invoices", "payments", "audit"] {
        tests.push(TestRecord {
            header: Arc::new(TestHeader {
                id: blocked.header.id.with_row(row),
                ..(*blocked.header).clone()
            }),
            ..blocked.clone()
        });
    }
    let mut proved = test("latency/p95", "suites/50-latency.yaml", Status::Passed);
    proved.sample = Some(Arc::new(sample(46, 46, Vec::new())));
    tests.push(proved);
    finished(tests, verdict(Word::NoGo))
}

/// The same tests under each word; partial.
pub(crate) fn every_word() -> Vec<(&'static str, FinishedRun)> {
    [Word::Go, Word::NoGo, Word::Inconclusive]
        .into_iter()
        .map(|word| {
            let run = finished(vec![of_status(Status::Passed)], verdict(word));
            let header = RunHeader {
                partial: Some(Partial {
                    by: "--only connectivity/*".to_owned(),
                    selected: 12,
                    of: 80,
                }),
                filtered: 68,
                ..(*run.record.header).clone()
            };
            let record = RunRecord {
                header: Arc::new(header),
                ..(*run.record).clone()
            };
            let record = Arc::new(record);
            (word.name(), FinishedRun { record, ..run })
        })
        .collect()
}

/// `n` failures of one code, and `passing` tests that pass.
pub(crate) fn many(n: usize, passing: usize) -> FinishedRun {
    let failing = (0..n).map(|i| {
        let mut test = of_status(Status::Failed);
        test.header = Arc::new(TestHeader {
            id: test.header.id.with_row(format!("row {i}")),
            ..(*test.header).clone()
        });
        test
    });
    let good = (0..passing).map(|i| {
        test(
            &format!("platform/t{i}"),
            "suites/15-platform.yaml",
            Status::Passed,
        )
    });
    let word = if n == 0 { Word::Go } else { Word::NoGo };
    let mut verdict = verdict(word);
    verdict.conditions.clear();
    finished(failing.chain(good).collect(), verdict)
}

/// A run of these tests.
pub(crate) fn finished(tests: Vec<TestRecord>, verdict: Verdict) -> FinishedRun {
    let category = |name: &str, critical| CategoryPolicy {
        name: Category::new(name),
        critical,
        preflight: name == "preflight",
        pass_rate: None,
        flaky_passes: false,
    };
    let header = RunHeader {
        id: RunId::new("20261121T085751Z-3f9a1c"),
        tool_version: "0.1.0".to_owned(),
        started: "2026-11-21T08:57:51.123Z".parse().unwrap(),
        host: "runner-7".to_owned(),
        shipped: false,
        vantage: "eu-west".to_owned(),
        target: "staging".to_owned(),
        variables: vec![("base_url".to_owned(), "http://127.0.0.1:8080".to_owned())],
        flags: vec!["--deadline 10m".to_owned()],
        policy: Policy {
            categories: vec![category("preflight", false), category("database", true)],
            ..Policy::default()
        },
        overridden: vec!["max_skipped".to_owned()],
        omitted: vec![Omitted {
            pattern: "agents/*".to_owned(),
            reason: "no agents here".to_owned(),
            instances: 4,
        }],
        lints: vec!["`http` does not see `stauts`; did you mean `status`?".to_owned()],
        digests: Digests {
            suites: "5".repeat(64),
            target: "7".repeat(64),
        },
        partial: None,
        filtered: 0,
        tests: tests.iter().map(|test| test.header.clone()).collect(),
    };
    let session = SessionRecord {
        name: SessionName::new("admin"),
        status: Status::Failed,
        code: Some(Code::fixed("expect.status")),
        why: None,
        attempt: Some(attempt(
            1,
            Outcome::NotHeld,
            "expect.status",
            vec![wrong_status()],
        )),
        started: Duration::from_millis(3),
        left_behind: vec!["table tmp_42".to_owned()],
    };
    FinishedRun {
        record: Arc::new(RunRecord {
            header: Arc::new(header),
            elapsed: Duration::from_millis(12_345),
            ended: true,
            interrupted: None,
            sessions: vec![Arc::new(session)],
            tests,
        }),
        verdict: Arc::new(verdict),
        diagnosis: Arc::default(),
    }
}

/// An instance without attempts.
pub(crate) fn test(id: &str, file: &str, status: Status) -> TestRecord {
    let header = TestHeader {
        id: TestId::parse(id).unwrap(),
        place: Place {
            file: file.into(),
            line: 12,
            column: 3,
        },
        title: None,
        description: None,
        tags: vec!["smoke".to_owned()],
        owner: None,
        critical: id.starts_with("database/"),
        invariant: false,
        preflight: id.starts_with("preflight/"),
        requires: Vec::new(),
        requires_categories: Vec::new(),
        uses: Vec::new(),
        resources: Vec::new(),
        on_fail: OnFail::default(),
        connections: Connections::Fresh,
        pulled_in: false,
        alone: false,
        expectations: vec![ExpectationText {
            step: None,
            text: "status equals 200".to_owned(),
        }],
        digest: "ab".repeat(32),
    };
    TestRecord {
        header: Arc::new(header),
        status,
        code: None,
        why: None,
        attempts: Vec::new(),
        attempts_made: u64::from(status.is_executed()),
        sample: None,
        started: Duration::from_millis(10),
        elapsed: Duration::from_millis(124),
        left_behind: Vec::new(),
    }
}

/// An instance of this status with what the runner would record beside it.
pub(crate) fn of_status(status: Status) -> TestRecord {
    let place = "suites/20-database.yaml";
    let web = "suites/10-connectivity/web.yaml";
    match status {
        Status::Passed => test("preflight/identity", "suites/00-preflight.yaml", status),
        Status::Flaky => TestRecord {
            code: Some(Code::fixed("http.timeout.first_byte")),
            attempts: vec![
                attempt(
                    1,
                    Outcome::NotHeld,
                    "http.timeout.first_byte",
                    vec![too_slow()],
                ),
                attempt(2, Outcome::Held, "", Vec::new()),
            ],
            attempts_made: 2,
            ..test("connectivity/slow", web, status)
        },
        Status::Failed => {
            let plain = test("database/login", place, status);
            let header = TestHeader {
                title: Some("the service can log in".to_owned()),
                on_fail: OnFail {
                    class: Some("configuration".to_owned()),
                    owner: Some("team data".to_owned()),
                    hint: Some("was the password rotated?".to_owned()),
                    runbook: Some("https://wiki.example/db-login".to_owned()),
                },
                ..(*plain.header).clone()
            };
            TestRecord {
                header: Arc::new(header),
                code: Some(Code::fixed("tcp.refused")),
                attempts: vec![attempt(1, Outcome::NotHeld, "tcp.refused", vec![refused()])],
                ..plain
            }
        }
        Status::UnexpectedPass => TestRecord {
            code: Some(Code::fixed("gate.unexpected_pass")),
            attempts: vec![attempt(1, Outcome::Held, "", Vec::new())],
            ..test("connectivity/known-bug", web, status)
        },
        Status::Unproved => TestRecord {
            code: Some(Code::fixed("claim.pass_rate")),
            attempts_made: 46,
            sample: Some(Arc::new(sample(44, 46, vec![undecided()]))),
            ..test("latency/rate", "suites/50-latency.yaml", status)
        },
        Status::Errored => TestRecord {
            code: Some(Code::fixed("error.program")),
            why: Some(Why::Errored("no program `kubectl`".to_owned())),
            attempts: vec![attempt(
                1,
                Outcome::Unable,
                "error.program",
                vec![no_program()],
            )],
            ..test("platform/nodes", "suites/15-platform.yaml", status)
        },
        Status::Blocked => TestRecord {
            code: Some(Code::fixed("tcp.refused")),
            why: Some(Why::Blocked(vec![Blamed {
                root: Root::Test(TestId::parse("database/login").unwrap()),
                status: Status::Failed,
                code: Some(Code::fixed("tcp.refused")),
            }])),
            ..test("database/tables", place, status)
        },
        Status::NotRun => TestRecord {
            why: Some(Why::NotRun(NotRun::Deadline)),
            ..test("startup/cold", "suites/20-startup.yaml", status)
        },
        Status::Skipped => TestRecord {
            why: Some(Why::Skipped("needs --allow-writes".to_owned())),
            ..test("startup/write", "suites/20-startup.yaml", status)
        },
        Status::ExpectedFailure => TestRecord {
            code: Some(Code::fixed("expect.status")),
            attempts: vec![attempt(
                1,
                Outcome::NotHeld,
                "expect.status",
                vec![wrong_status()],
            )],
            ..test("connectivity/bug-1234", web, status)
        },
        Status::Waived => TestRecord {
            code: Some(Code::fixed("expect.status")),
            attempts: vec![attempt(
                1,
                Outcome::NotHeld,
                "expect.status",
                vec![wrong_status()],
            )],
            ..test("connectivity/admin", web, status)
        },
    }
}

pub(crate) fn verdict(word: Word) -> Verdict {
    let reason = |rule,
                  word,
                  category: Option<&str>,
                  required: &str,
                  actual: &str,
                  tests: &[(&str, &str)]| Reason {
        rule,
        word,
        category: category.map(Category::new),
        required: required.to_owned(),
        actual: actual.to_owned(),
        tests: tests
            .iter()
            .map(|(id, code)| (TestId::parse(id).unwrap(), Some(Code::new(*code))))
            .collect(),
    };
    let lost = reason(
        Rule::Critical,
        Word::NoGo,
        Some("database"),
        "4 of 4 good",
        "3 of 4 good",
        &[("database/login", "tcp.refused")],
    );
    let open = reason(
        Rule::MaxSkipped,
        Word::Inconclusive,
        None,
        "at most 10 % skipped",
        "2 of 17 skipped",
        &[],
    );
    let condition = |kind, subject: &str, text: &str| Condition {
        kind,
        subject: Some(subject.to_owned()),
        text: text.to_owned(),
    };
    Verdict {
        word,
        reasons: match word {
            Word::Go => Vec::new(),
            Word::NoGo => vec![lost, open],
            Word::Inconclusive => vec![open],
        },
        conditions: vec![
            condition(
                ConditionKind::Waived,
                "connectivity/admin",
                "until 2026-12-01, by ops, OPS-7",
            ),
            condition(
                ConditionKind::Omitted,
                "agents/*",
                "no agents here (4 tests)",
            ),
        ],
    }
}

fn attempt(
    number: u64,
    outcome: Outcome,
    code: &'static str,
    steps: Vec<StepRecord>,
) -> Arc<AttemptRecord> {
    Arc::new(AttemptRecord {
        number,
        started: Duration::from_millis(10),
        elapsed: Duration::from_millis(120),
        steps,
        outcome,
        code: (!code.is_empty()).then(|| Code::fixed(code)),
        decided_by: None,
        kept: None,
        flaps: None,
    })
}

/// A failed test with so many actors: one met a wrong status, all the others waited for it in vain.
pub(crate) fn acted(actors: usize, guilty: usize) -> FinishedRun {
    let steps = (1..=actors).map(|number| StepRecord {
        actor: Some(ActorName::new(format!("actor{number}"))),
        ..if number == guilty {
            wrong_status()
        } else {
            let error = ProbeError::new(Unable::Barrier, "an actor never came to `sent`");
            let request = "wss://agent.example/chat";
            StepRecord {
                error: Some(error),
                outcome: Outcome::Unable,
                ..step("websocket", request, Observation::default(), Vec::new())
            }
        }
    });
    let mut test = of_status(Status::Failed);
    test.code = Some(Code::fixed("expect.status"));
    test.attempts = vec![attempt(
        1,
        Outcome::NotHeld,
        "expect.status",
        steps.collect(),
    )];
    test.attempts_made = 1;
    finished(vec![test], verdict(Word::NoGo))
}

fn step(
    probe: &str,
    request: &str,
    observation: Observation,
    findings: Vec<Finding>,
) -> StepRecord {
    StepRecord {
        name: None,
        probe: probe.to_owned(),
        request: request.to_owned(),
        resources: Vec::new(),
        observation: Observation {
            latency: Duration::from_millis(120),
            ..observation
        },
        findings,
        captured: Vec::new(),
        error: None,
        outcome: Outcome::NotHeld,
        cleanup: false,
        cold: false,
        diagnostic: false,
        polls: None,
        flaps: None,
        actor: None,
    }
}

fn finding(
    code: &'static str,
    path: &str,
    expected: &str,
    actual: Option<&str>,
    state: State,
) -> Finding {
    Finding {
        code: Code::fixed(code),
        path: path.to_owned(),
        expected: expected.to_owned(),
        actual: actual.map(str::to_owned),
        state,
        detail: None,
        place: Some(Place {
            file: "suites/20-database.yaml".into(),
            line: 19,
            column: 7,
        }),
    }
}

fn stopped(kind: FaultKind, phase: Phase, message: &str, origin: Option<Origin>) -> Observation {
    Observation {
        phases: vec![PhaseTime {
            phase,
            took: Duration::from_millis(2),
        }],
        fault: Some(Fault {
            kind,
            phase,
            message: message.to_owned(),
            origin,
        }),
        ..Observation::default()
    }
}

fn refused() -> StepRecord {
    let seen = stopped(
        FaultKind::Tcp(TcpFault::Refused),
        Phase::Connect,
        "nobody listens on 127.0.0.1:5432",
        Some(Origin::Errno(111)),
    );
    let findings = vec![
        finding(
            "tcp.refused",
            "fault",
            "none",
            Some("tcp.refused"),
            State::NotHeld,
        ),
        finding("expect.rows", "rows", "equals 1", None, State::NotReached),
        finding(
            "expect.latency",
            "latency",
            "below 1s",
            None,
            State::NotReached,
        ),
    ];
    step(
        "sql",
        "postgres://app@127.0.0.1:5432/app SELECT 1",
        seen,
        findings,
    )
}

fn too_slow() -> StepRecord {
    let seen = stopped(
        FaultKind::Http(HttpFault::TimeoutFirstByte),
        Phase::FirstByte,
        "no answer within 500 ms",
        None,
    );
    let findings = vec![finding(
        "http.timeout.first_byte",
        "fault",
        "none",
        Some("http.timeout.first_byte"),
        State::NotHeld,
    )];
    step("http", "GET http://127.0.0.1:8080/slow", seen, findings)
}

fn wrong_status() -> StepRecord {
    let seen = Observation {
        evidence: vec![Excerpt {
            label: "body".into(),
            text: "<h1>503</h1>\r\n\tupstream \u{1b}[31mgone\u{1b}[0m ]]> & more\n".to_owned(),
            keep: Keep::First(2048),
        }],
        ..Observation::default()
    }
    .with("status", Value::int(503));
    let mut different = finding(
        "expect.json",
        "json $.items",
        "equals […]",
        Some("[1, 2]"),
        State::NotHeld,
    );
    different.detail = Some("$.items[1]: expected 3, got 2".to_owned());
    let findings = vec![
        finding(
            "expect.status",
            "status",
            "equals 200",
            Some("503"),
            State::NotHeld,
        ),
        different,
        finding(
            "expect.headers",
            "headers x-id",
            "is present",
            None,
            State::NotHeld,
        ),
    ];
    step("http", "GET http://127.0.0.1:8080/admin", seen, findings)
}

fn no_program() -> StepRecord {
    let error = ProbeError::new(Unable::Program, "no program `kubectl` in PATH");
    StepRecord {
        error: Some(error),
        outcome: Outcome::Unable,
        ..step(
            "command",
            "kubectl get nodes",
            Observation::default(),
            Vec::new(),
        )
    }
}

fn undecided() -> Finding {
    let state = State::Undecided {
        more_successes_needed: Some(15),
    };
    finding(
        "claim.pass_rate",
        "pass_rate",
        "at least 90 %",
        Some("44 of 46"),
        state,
    )
}

fn sample(held: u64, n: u64, findings: Vec<Finding>) -> Sample {
    let row = |i: u64| SampleRow {
        outcome: if i < held {
            Outcome::Held
        } else {
            Outcome::NotHeld
        },
        latency_us: 10_000 + i * 1000,
        phases_us: Box::new([]),
    };
    Sample {
        times: n,
        held,
        rows: (0..n).map(row).collect(),
        findings,
        futile: false,
        skew: None,
    }
}
