//! A finished run that holds every variant of every enum, built from the enums' own lists.

use std::sync::Arc;
use std::time::Duration;

use crate::model::*;

/// The run, with `text` wherever people or systems can put theirs.
pub(crate) fn finished(text: &str) -> FinishedRun {
    let tests = tests(text);
    let header = RunHeader {
        id: RunId::new("20261121T085751Z-3f9a1c"),
        tool_version: "0.1.0".to_owned(),
        started: "2026-11-21T08:57:51.123456789Z".parse().unwrap(),
        host: text.to_owned(),
        shipped: true,
        vantage: text.to_owned(),
        target: "demo".to_owned(),
        variables: vec![
            ("zone".to_owned(), text.to_owned()),
            ("base_url".to_owned(), "http://127.0.0.1".to_owned()),
        ],
        flags: vec!["--deadline 10m".to_owned(), text.to_owned()],
        policy: policy(),
        overridden: vec!["pass_rate".to_owned()],
        omitted: vec![Omitted {
            pattern: "agents/*".to_owned(),
            reason: text.to_owned(),
            instances: 3,
        }],
        lints: vec![text.to_owned()],
        digests: Digests {
            suites: "ab".repeat(32),
            target: "cd".repeat(32),
        },
        partial: Some(Partial {
            by: text.to_owned(),
            selected: 12,
            of: 80,
        }),
        filtered: 68,
        tests: tests.iter().map(|test| test.header.clone()).collect(),
    };
    let diagnosis = diagnosis(&tests, text);
    let record = RunRecord {
        header: Arc::new(header),
        elapsed: Duration::new(98, 765_432_101),
        ended: true,
        interrupted: Some(Interrupt::Int),
        sessions: sessions(text),
        tests,
    };
    FinishedRun {
        record: Arc::new(record),
        verdict: Arc::new(verdict(text)),
        diagnosis: Arc::new(diagnosis),
    }
}

/// The events such a run is made of.
pub(crate) fn events(run: &FinishedRun) -> Vec<Event> {
    let record = &run.record;
    let mut events = vec![Event::RunStarted(record.header.clone())];
    for (position, test) in record.tests.iter().enumerate() {
        events.push(Event::TestStarted {
            test: position,
            at: test.started,
        });
        let mut looks = Vec::new();
        for attempt in &test.attempts {
            let mut attempt = AttemptRecord::clone(attempt);
            let own = attempt.steps.iter().rposition(|step| !step.diagnostic);
            let steps = attempt.steps.split_off(own.map_or(0, |own| own + 1));
            if !steps.is_empty() {
                looks.push(Event::LooksEnded(LooksEnded {
                    test: position,
                    attempt: attempt.number,
                    steps,
                }));
            }
            events.push(Event::AttemptEnded(AttemptEnded {
                test: position,
                attempt: Arc::new(attempt),
            }));
        }
        events.push(Event::TestEnded(TestEnded {
            test: position,
            status: test.status,
            code: test.code.clone(),
            why: test.why.clone(),
            attempts_made: test.attempts_made,
            sample: test.sample.clone(),
            started: test.started,
            elapsed: test.elapsed,
            left_behind: test.left_behind.clone(),
            looks_follow: !looks.is_empty(),
        }));
        events.extend(looks);
    }
    events.extend(record.sessions.iter().cloned().map(Event::SessionEnded));
    events.push(Event::RunEnded {
        elapsed: record.elapsed,
        interrupted: record.interrupted,
    });
    events.push(Event::Judged(Judged {
        verdict: run.verdict.clone(),
        diagnosis: run.diagnosis.clone(),
    }));
    events
}

fn policy() -> Policy {
    let agents = Category::new("agents");
    Policy {
        min_executed: MinExecuted {
            tests: Some(20),
            percent: Rate::from_millionths(999_500),
        },
        require_categories: vec![agents.clone()],
        invariants: vec![TestId::parse("agents/isolation").unwrap()],
        categories: vec![
            CategoryPolicy {
                name: Category::new("preflight"),
                critical: false,
                preflight: true,
                pass_rate: None,
                flaky_passes: false,
            },
            CategoryPolicy {
                name: agents,
                critical: true,
                preflight: false,
                pass_rate: Rate::from_millionths(1),
                flaky_passes: true,
            },
        ],
        mode: GateMode::Selection,
        strict: true,
        ..Policy::default()
    }
}

fn verdict(text: &str) -> Verdict {
    let reasons = Rule::ALL.iter().enumerate().map(|(position, rule)| Reason {
        rule: *rule,
        word: [Word::Go, Word::NoGo, Word::Inconclusive][position % 3],
        category: (position % 2 == 0).then(|| Category::new("database")),
        required: "4 of 4 good".to_owned(),
        actual: text.to_owned(),
        tests: vec![
            (
                TestId::parse("database/login").unwrap(),
                Some(Code::new("postgres.28P01")),
            ),
            (TestId::parse("database/row[a [b]]").unwrap(), None),
        ],
    });
    let conditions = ConditionKind::ALL
        .iter()
        .enumerate()
        .map(|(position, kind)| Condition {
            kind: *kind,
            subject: (position % 2 == 0).then(|| text.to_owned()),
            text: text.to_owned(),
        });
    Verdict {
        word: Word::NoGo,
        reasons: reasons.collect(),
        conditions: conditions.collect(),
    }
}

/// Every class at every confidence, every layer and every modifier; the first failure is of no instance.
fn diagnosis(tests: &[TestRecord], text: &str) -> Diagnosis {
    let cited = |attempt| Cited {
        test: TestId::parse("agents/test-0").unwrap(),
        attempt,
        text: text.to_owned(),
    };
    let why = |evidence| WhyLine {
        text: text.to_owned(),
        evidence,
    };
    let blames = Class::ALL.iter().flat_map(|class| {
        let confidences = Confidence::ALL.iter();
        confidences.map(|confidence| Blame {
            class: *class,
            detail: (*confidence == Confidence::Low).then(|| text.to_owned()),
            confidence: *confidence,
            owner: text.to_owned(),
        })
    });
    let layers = Layer::ALL.iter().copied().cycle();
    let causes = blames.clone().zip(layers.clone()).enumerate();
    let causes = causes.map(|(position, (blame, layer))| {
        let odd = position % 2 == 1;
        Cause {
            resource: text.to_owned(),
            layer,
            rule: "TCP-1".to_owned(),
            meaning: if odd { text.to_owned() } else { String::new() },
            code: Code::fixed("tcp.refused"),
            lead: odd.then(|| tests[1].header.id.clone()),
            blame,
            standing: if odd {
                Standing::Intermittent { failed: 3, of: 20 }
            } else {
                Standing::Down
            },
            unexplained: odd,
            failed: vec![tests[1].header.id.clone()],
            blocked: vec![tests[0].header.id.clone()],
            tied_with: if odd { vec![position - 1] } else { Vec::new() },
            evidence: vec![cited(Some(2)), cited(None)],
            refuting: vec![cited(Some(1))],
            advice: tests[..position % 3]
                .iter()
                .zip(1..)
                .map(|(test, tests)| Advice {
                    test: test.header.id.clone(),
                    tests,
                    on_fail: test.header.on_fail.clone(),
                })
                .collect(),
            looks: if odd { vec![cited(None)] } else { Vec::new() },
            left_out: LeftOut {
                looks: usize::from(odd),
                ..LeftOut::default()
            },
            seen: (Duration::from_nanos(1), Duration::from_nanos(7_000_000_001)),
            why: vec![why(Some(cited(Some(1)))), why(None)],
            rejected: odd.then(|| why(Some(cited(None)))),
            confirm: text.to_owned(),
            falsify: text.to_owned(),
            hint: if odd { text.to_owned() } else { String::new() },
            commands: vec![text.to_owned()],
        }
    });
    let elsewhere = TestId::new(Category::new("elsewhere"), "gone");
    let ids = tests.iter().map(|test| test.header.id.clone());
    let failures = [elsewhere]
        .into_iter()
        .chain(ids)
        .zip(blames.zip(layers))
        .enumerate();
    let failures = failures.map(|(position, (test, (blame, layer)))| Diagnosed {
        test,
        attempt: 1 + position as u64,
        step: (position % 2 == 0).then(|| StepName::new(text)),
        rule: text.to_owned(),
        layer,
        resource: text.to_owned(),
        behind: (position % 2 == 0).then(|| text.to_owned()),
        code: Code::new("postgres.28P01"),
        blame,
        evidence: vec![text.to_owned()],
        alternatives: vec![text.to_owned()],
        next: text.to_owned(),
        adjusted: Modifier::ALL
            .iter()
            .map(|kind| Adjustment {
                kind: *kind,
                text: text.to_owned(),
            })
            .collect(),
        cause: position,
    });
    Diagnosis {
        ruleset: text.to_owned() + "2026.1",
        instead_of: Some(text.to_owned()),
        causes: causes.collect(),
        failures: failures.collect(),
        hidden: 9,
    }
}

/// One test a status, and every reason and attempt spread over them.
fn tests(text: &str) -> Vec<TestRecord> {
    let whys = whys(text);
    let tests = Status::ALL
        .iter()
        .cycle()
        .take(whys.len().max(Status::ALL.len()));
    tests
        .enumerate()
        .map(|(position, status)| TestRecord {
            header: Arc::new(header(position, text)),
            status: *status,
            code: (position % 2 == 0).then(|| Code::fixed("expect.status")),
            why: whys.get(position).cloned(),
            attempts: if position == 0 {
                attempts(text)
            } else {
                Vec::new()
            },
            attempts_made: 7 + position as u64,
            sample: (position == 1).then(|| Arc::new(sample(text))),
            started: Duration::from_nanos(position as u64 * 1_000_000_007),
            elapsed: Duration::new(1, 1_000_001),
            left_behind: vec![text.to_owned()],
        })
        .collect()
}

fn header(position: usize, text: &str) -> TestHeader {
    let odd = position % 2 == 1;
    let some = |text: &str| odd.then(|| text.to_owned());
    let name = format!("test-{position}");
    let id = TestId::new(Category::new("agents"), name);
    TestHeader {
        id: if odd { id.with_row(text) } else { id },
        place: Place {
            file: text.into(),
            line: 3,
            column: 5,
        },
        title: some(text),
        description: some(text),
        tags: vec![text.to_owned()],
        owner: some(text),
        critical: odd,
        invariant: position.is_multiple_of(3),
        preflight: position % 3 == 1,
        requires: vec![TestId::parse("agents/test-0").unwrap()],
        requires_categories: if odd {
            vec![Category::new("agents")]
        } else {
            Vec::new()
        },
        uses: vec![SessionName::new("admin")],
        resources: vec!["sock:127.0.0.1:5432".to_owned()],
        on_fail: OnFail {
            class: some("infrastructure"),
            owner: some(text),
            hint: some(text),
            runbook: some(text),
        },
        connections: if odd {
            Connections::Reuse
        } else {
            Connections::Fresh
        },
        pulled_in: position.is_multiple_of(5),
        alone: position % 5 == 1,
        expectations: vec![ExpectationText {
            step: odd.then(|| StepName::new(text)),
            text: "status equals 200".to_owned(),
        }],
        digest: "ef".repeat(32),
    }
}

fn whys(text: &str) -> Vec<Why> {
    let blamed = |root, code| Blamed {
        root,
        status: Status::Failed,
        code,
    };
    let mut whys = vec![
        Why::Blocked(vec![
            blamed(
                Root::Test(TestId::parse("agents/test-0").unwrap()),
                Some(Code::fixed("tcp.refused")),
            ),
            blamed(Root::Session(SessionName::new(text)), None),
        ]),
        Why::Skipped(text.to_owned()),
        Why::Errored(text.to_owned()),
    ];
    whys.extend(NotRun::ALL.iter().map(|reason| Why::NotRun(*reason)));
    whys
}

/// Every outcome, every reason to keep one, every fault, phase, origin and kind of value.
fn attempts(text: &str) -> Vec<Arc<AttemptRecord>> {
    let mut kept: Vec<Option<Kept>> = Kept::ALL.iter().copied().map(Some).collect();
    kept.push(None);
    let outcomes = Outcome::ALL.iter().cycle();
    kept.into_iter()
        .zip(outcomes)
        .zip(1..)
        .map(|((kept, outcome), number)| {
            Arc::new(AttemptRecord {
                number,
                started: Duration::from_nanos(number),
                elapsed: Duration::from_millis(number),
                steps: if number == 1 { steps(text) } else { Vec::new() },
                outcome: *outcome,
                code: (*outcome != Outcome::Held).then(|| Code::new("postgres.53300")),
                decided_by: (*outcome != Outcome::Held).then(|| ActorName::new(text)),
                kept,
                flaps: (number == 1).then_some(2),
            })
        })
        .collect()
}

fn steps(text: &str) -> Vec<StepRecord> {
    let step = |observation, error| StepRecord {
        name: Some(StepName::new(text)),
        probe: "http".to_owned(),
        request: text.to_owned(),
        resources: vec![text.to_owned()],
        observation,
        findings: findings(text),
        captured: vec!["token".to_owned()],
        error,
        outcome: Outcome::NotHeld,
        cleanup: true,
        cold: false,
        diagnostic: false,
        polls: Some(4),
        flaps: Some(3),
        actor: Some(ActorName::new(text)),
    };
    let mut steps: Vec<StepRecord> = FaultKind::all_codes()
        .iter()
        .map(|code| {
            let code = code.replace("postgres.N", "postgres.53300");
            FaultKind::parse(&code.replace(".N", ".14")).unwrap()
        })
        .zip(origins().into_iter().cycle())
        .map(|(kind, origin)| {
            let fault = Fault {
                kind,
                phase: Phase::Connect,
                message: text.to_owned(),
                origin,
            };
            step(
                Observation {
                    fault: Some(fault),
                    ..Observation::default()
                },
                None,
            )
        })
        .collect();
    steps.extend(
        Unable::ALL
            .iter()
            .map(|kind| step(Observation::default(), Some(ProbeError::new(*kind, text)))),
    );
    steps.push(StepRecord {
        name: None,
        resources: Vec::new(),
        cleanup: false,
        cold: true,
        polls: None,
        flaps: None,
        actor: None,
        ..step(observation(text), None)
    });
    steps.push(StepRecord {
        cleanup: false,
        diagnostic: true,
        findings: Vec::new(),
        ..step(observation(text), None)
    });
    steps
}

fn origins() -> Vec<Option<Origin>> {
    vec![
        Some(Origin::Errno(111)),
        Some(Origin::Eai(-2)),
        Some(Origin::TlsAlert(255)),
        Some(Origin::Rcode(3)),
        Some(Origin::Http2(u32::MAX)),
        Some(Origin::HttpStatus(407)),
        Some(Origin::CloseCode(1011)),
        Some(Origin::SqlState(SqlState::default())),
        Some(Origin::MySql(1045)),
        Some(Origin::Redis(RedisPrefix::default())),
        Some(Origin::Sqlite(i32::MAX)),
        Some(Origin::ExitCode(-1)),
        Some(Origin::Signal(9)),
        None,
    ]
}

fn observation(text: &str) -> Observation {
    let number = |number| Value::Number(number);
    let map = vec![
        (text.to_owned(), Value::Null),
        ("b".to_owned(), Value::int(-1)),
    ];
    // As deep as a JSON body that a probe can read.
    let deep = (0..126).fold(Value::Null, |inner, _| Value::List(vec![inner]));
    let mut facts = Facts::default();
    for (name, value) in [
        ("null", Value::Null),
        ("connected", Value::Bool(true)),
        ("status", Value::int(200)),
        ("huge", Value::int(i128::MAX)),
        ("ratio", number(Number::Float(0.1 + 0.2))),
        ("infinite", number(Number::Float(f64::NEG_INFINITY))),
        ("amount", number(Number::Decimal("12.50".to_owned()))),
        ("body", Value::Text(text.to_owned())),
        ("header", Value::Untyped(text.to_owned())),
        ("uptime", Value::Duration(Duration::MAX)),
        ("deep", deep),
        ("rows", Value::List(vec![Value::Map(map)])),
    ] {
        facts.insert(name, value);
    }
    let phases = Phase::ALL.iter().zip(1..).map(|(phase, nanos)| PhaseTime {
        phase: *phase,
        took: Duration::from_nanos(nanos),
    });
    Observation {
        facts,
        phases: phases.collect(),
        latency: Duration::from_nanos(123_456_789),
        fault: None,
        evidence: vec![
            Excerpt {
                label: "body".into(),
                text: text.to_owned(),
                keep: Keep::First(2048),
            },
            Excerpt {
                label: text.to_owned().into(),
                text: text.to_owned(),
                keep: Keep::Last(65536),
            },
        ],
    }
}

fn findings(text: &str) -> Vec<Finding> {
    let undecided = |more_successes_needed| State::Undecided {
        more_successes_needed,
    };
    [
        State::Held,
        State::NotHeld,
        State::NotReached,
        undecided(Some(13)),
        undecided(None),
    ]
    .into_iter()
    .zip([false, true].into_iter().cycle())
    .map(|(state, full)| Finding {
        code: Code::fixed("expect.status"),
        path: "json $.status".to_owned(),
        expected: "equals 200".to_owned(),
        actual: full.then(|| text.to_owned()),
        state,
        detail: full.then(|| text.to_owned()),
        place: full.then(|| Place {
            file: "suites/a.yaml".into(),
            line: u32::MAX,
            column: 1,
        }),
    })
    .collect()
}

fn sample(text: &str) -> Sample {
    let rows = Outcome::ALL.iter().map(|outcome| SampleRow {
        outcome: *outcome,
        latency_us: u64::MAX,
        phases_us: [(Phase::Connect, 12), (Phase::FirstByte, 345)].into(),
    });
    Sample {
        times: 46,
        held: 1,
        rows: rows.collect(),
        findings: findings(text),
        futile: true,
        skew: Some(Duration::from_nanos(1_234_567)),
    }
}

fn sessions(text: &str) -> Vec<Arc<SessionRecord>> {
    let opened = SessionRecord {
        name: SessionName::new("admin"),
        status: Status::Errored,
        code: Some(Code::fixed("error.limit")),
        why: Some(Why::Errored(text.to_owned())),
        attempt: attempts(text).pop(),
        started: Duration::from_nanos(1),
        left_behind: vec![text.to_owned()],
    };
    let plain = SessionRecord {
        name: SessionName::keyed("guest", [("name", "alice")]),
        status: Status::Passed,
        code: None,
        why: None,
        attempt: None,
        started: Duration::ZERO,
        left_behind: Vec::new(),
    };
    vec![Arc::new(opened), Arc::new(plain)]
}
