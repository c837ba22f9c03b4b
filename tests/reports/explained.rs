//! What every format tells of the causes of a run.

use std::sync::Arc;
use std::time::Duration;

use allclear::model::*;
use allclear::report::{self, Detail, FORMATS, Format, Style};

use super::built;

pub(crate) fn id(text: &str) -> TestId {
    TestId::parse(text).unwrap()
}

pub(crate) fn cited(test: &str, attempt: u64, text: &str) -> Cited {
    Cited {
        test: id(test),
        attempt: (attempt > 0).then_some(attempt),
        text: text.to_owned(),
    }
}

pub(crate) fn why(text: &str, evidence: Option<Cited>) -> WhyLine {
    WhyLine {
        text: text.to_owned(),
        evidence,
    }
}

pub(crate) fn blame(class: Class, detail: &str, confidence: Confidence, owner: &str) -> Blame {
    Blame {
        class,
        detail: (!detail.is_empty()).then(|| detail.to_owned()),
        confidence,
        owner: owner.to_owned(),
    }
}

/// What somebody wrote for the day a test fails.
pub(crate) fn advice(test: &str, tests: u64) -> Advice {
    Advice {
        test: id(test),
        tests,
        on_fail: OnFail {
            class: Some("configuration".to_owned()),
            owner: Some("team data".to_owned()),
            hint: Some("was the password rotated?".to_owned()),
            runbook: Some("https://wiki.example/db-login".to_owned()),
        },
    }
}

/// A cause with nothing but what is given.
pub(crate) fn cause(
    rule: &str,
    layer: Layer,
    resource: &str,
    blame: Blame,
    failed: &[&str],
) -> Cause {
    Cause {
        resource: resource.to_owned(),
        layer,
        rule: rule.to_owned(),
        code: Code::fixed("tcp.refused"),
        lead: None,
        blame,
        standing: Standing::Down,
        unexplained: false,
        failed: failed.iter().map(|text| id(text)).collect(),
        blocked: Vec::new(),
        tied_with: Vec::new(),
        evidence: Vec::new(),
        refuting: Vec::new(),
        seen: (Duration::from_millis(1130), Duration::from_millis(2130)),
        why: Vec::new(),
        rejected: None,
        confirm: String::new(),
        falsify: String::new(),
        hint: String::new(),
        meaning: String::new(),
        advice: Vec::new(),
        looks: Vec::new(),
        left_out: LeftOut::default(),
        commands: Vec::new(),
    }
}

/// What a cause says of the first of its tests.
pub(crate) fn diagnosed(cause: &Cause, position: usize) -> Diagnosed {
    Diagnosed {
        test: cause.failed[0].clone(),
        attempt: 1,
        step: None,
        rule: cause.rule.clone(),
        layer: cause.layer,
        resource: cause.resource.clone(),
        behind: None,
        code: cause.code.clone(),
        blame: cause.blame.clone(),
        evidence: cause
            .evidence
            .iter()
            .map(|cited| cited.text.clone())
            .collect(),
        alternatives: vec!["the application crashed".to_owned()],
        next: "Ask the host who listens there.".to_owned(),
        adjusted: Vec::new(),
        cause: position,
    }
}

pub(crate) fn with(
    run: FinishedRun,
    causes: Vec<Cause>,
    failures: Vec<Diagnosed>,
    hidden: u64,
) -> FinishedRun {
    FinishedRun {
        diagnosis: Arc::new(Diagnosis {
            ruleset: "2026.1".to_owned(),
            instead_of: None,
            causes,
            failures,
            hidden,
        }),
        ..run
    }
}

/// A database that nobody listens for, and a service of which it is not known why it is slow.
fn causes() -> Vec<Cause> {
    let seen = "tcp.refused (errno 111) in phase connect, after 2 ms";
    let down = Cause {
        blocked: [
            "database/tables",
            "database/tables[orders]",
            "database/tables[users]",
            "database/tables[invoices]",
            "database/tables[payments]",
            "database/tables[audit]",
        ]
        .map(id)
        .to_vec(),
        evidence: vec![cited("database/login", 1, seen)],
        why: vec![
            why(
                "database/tables was not run: blocked by database/login",
                Some(cited("database/tables", 0, "blocked")),
            ),
            why(
                "database/login was refused by sock:127.0.0.1:5432",
                Some(cited("database/login", 1, seen)),
            ),
        ],
        rejected: Some(why(
            "dns:db.internal does not resolve",
            Some(cited("preflight/identity", 1, "resolved in 1 ms")),
        )),
        meaning: "The host is there, and nobody listens on that port.".to_owned(),
        advice: vec![advice("database/login", 1)],
        looks: vec![cited(
            "database/login",
            0,
            "the-pool · tcp 127.0.0.1:6432: connected true",
        )],
        confirm: "Nobody listens on port 5432 of the host.".to_owned(),
        falsify: "A listener on port 5432 accepts a connection from the same machine.".to_owned(),
        hint: String::new(),
        commands: vec![
            "ss -ltnp \"sport = :5432\"".to_owned(),
            "kubectl get endpointslices -l \"kubernetes.io/service-name=SERVICE\"".to_owned(),
        ],
        ..cause(
            "TCP-1",
            Layer::Transport,
            "sock:127.0.0.1:5432",
            blame(
                Class::Infrastructure,
                "service-down",
                Confidence::Medium,
                "platform+app",
            ),
            &["database/login"],
        )
    };
    let slow = Cause {
        code: Code::fixed("http.timeout.first_byte"),
        standing: Standing::Intermittent { failed: 1, of: 4 },
        evidence: vec![cited(
            "connectivity/slow",
            1,
            "http.timeout.first_byte, no answer within 500 ms",
        )],
        refuting: vec![cited("connectivity/slow", 2, "held, 120 ms")],
        falsify: "`/live` of the same origin answers as late.".to_owned(),
        hint: String::new(),
        ..cause(
            "HTTP-9",
            Layer::Application,
            "origin:http://127.0.0.1:8080",
            blame(Class::Application, "slow", Confidence::Low, "app"),
            &["connectivity/slow"],
        )
    };
    vec![down, slow]
}

pub(crate) fn two_causes() -> FinishedRun {
    let causes = causes();
    let mut failures: Vec<Diagnosed> = (0..)
        .zip(&causes)
        .map(|(at, cause)| diagnosed(cause, at))
        .collect();
    failures[0].adjusted.push(Adjustment {
        kind: Modifier::Vantage,
        text: "platform/nodes reaches it from another vantage".to_owned(),
    });
    with(built::every_status(), causes, failures, 6)
}

/// The same, what else went wrong in the run, and two explanations that tie.
pub(crate) fn several_causes() -> FinishedRun {
    use Class::{Application, Configuration, TestDefect};
    use Confidence::{High, Low, Medium};
    let mut causes = causes();
    let tooling = blame(TestDefect, "tooling", High, "runner");
    causes.push(cause(
        "TEST-2",
        Layer::Runner,
        "runner",
        tooling,
        &["platform/nodes"],
    ));
    let stale = blame(Configuration, "stale", Medium, "release");
    let tied = cause(
        "GATE-1",
        Layer::Configuration,
        "rev:42",
        stale,
        &["connectivity/known-bug"],
    );
    let fixed = blame(Application, "fixed", Medium, "app");
    let other = cause(
        "GATE-2",
        Layer::Application,
        "origin:http://127.0.0.1:8080",
        fixed,
        &["connectivity/known-bug"],
    );
    causes.push(Cause {
        tied_with: vec![4],
        ..tied
    });
    causes.push(Cause {
        tied_with: vec![3],
        ..other
    });
    let weak = blame(Application, "", Low, "app");
    causes.push(Cause {
        unexplained: true,
        ..cause(
            "PERF-1",
            Layer::Performance,
            "origin:http://127.0.0.1:8080",
            weak,
            &["latency/rate"],
        )
    });
    let failures = (0..).zip(&causes).filter(|(at, _)| *at != 4);
    let mut failures: Vec<Diagnosed> = failures.map(|(at, cause)| diagnosed(cause, at)).collect();
    let run = built::every_status();
    let position = |test: &TestId| {
        run.record
            .tests
            .iter()
            .position(|record| record.header.id == *test)
    };
    failures.sort_by_key(|one| position(&one.test));
    with(run, causes, failures, 6)
}

fn render(format: &str, run: &FinishedRun) -> String {
    (Format::named(format).unwrap().render)(run, Style::default())
}

fn console(run: &FinishedRun, detail: Detail) -> String {
    let style = Style {
        detail,
        colour: false,
    };
    (Format::named("console").unwrap().render)(run, style)
}

#[test]
fn every_format_tells_several_causes() {
    let run = several_causes();
    for format in FORMATS {
        let text = render(format.name, &run);
        insta::assert_snapshot!(format!("{}_of_causes", format.name), text);
        // What is seen at a glance, wherever one looks.
        for word in [
            "TCP-1",
            "service-down",
            "platform+app",
            "sock:127.0.0.1:5432",
            "A listener on port 5432",
        ] {
            let told = text.contains(word) || text.contains(&word.replace(':', "%3A"));
            assert!(told, "{} does not tell {word}: {text}", format.name);
        }
        assert!(
            !text.contains("application/slow (low)") && !text.to_lowercase().contains("certain"),
            "{}: a leaning is told as a class",
            format.name
        );
    }
}

#[test]
fn few_causes_are_told_whole_and_fit_on_a_screen() {
    let run = two_causes();
    let text = console(&run, Detail::Normal);
    let from = text.find("NO-GO: ").unwrap();
    let causes = &text[from..text.find("━").unwrap()];
    insta::assert_snapshot!(causes);
    assert!(causes.trim_end().lines().count() <= 30, "{causes}");
    assert_eq!(report::causes(&run).unwrap().trim(), causes.trim());
}

#[test]
fn the_words_of_a_cause_are_those_of_the_failure_that_speaks_for_it() {
    let one = causes().remove(0);
    let one = Cause {
        failed: vec![id("connectivity/slow"), id("database/login")],
        commands: Vec::new(),
        ..one
    };
    let says = |test: &str, word: &str| Diagnosed {
        test: id(test),
        alternatives: vec![format!("{word} alternative")],
        next: format!("Look for the {word} check."),
        adjusted: vec![Adjustment {
            kind: Modifier::Consequence,
            text: format!("{word} adjustment"),
        }],
        ..diagnosed(&one, 0)
    };
    let failures = vec![
        says("connectivity/slow", "first"),
        says("database/login", "second"),
    ];
    for (lead, told, other) in [
        (Some("database/login"), "second", "first"),
        // A document from before the lead was written.
        (None, "first", "second"),
    ] {
        let cause = Cause {
            lead: lead.map(id),
            ..one.clone()
        };
        let run = with(built::every_status(), vec![cause], failures.clone(), 0);
        for text in [
            report::causes(&run).unwrap(),
            render("handoff", &run),
            render("github", &run),
        ] {
            for what in ["alternative", "check", "adjustment"] {
                assert!(!text.contains(&format!("{other} {what}")), "{text}");
            }
            assert!(text.contains(&format!("{told} check")), "{text}");
        }
        let whole = render("handoff", &run);
        assert!(whole.contains(&format!("{told} alternative")), "{whole}");
        assert!(whole.contains(&format!("{told} adjustment")), "{whole}");
    }
}

#[test]
fn what_the_suite_says_of_a_cause_is_told_wherever_it_is_told() {
    let run = two_causes();
    let console = report::causes(&run).unwrap();
    for text in [&console, &render("handoff", &run), &render("github", &run)] {
        for said in [
            "The host is there, and nobody listens on that port.",
            "team data, as the suite says; by the rule platform+app",
            "https://wiki.example/db-login",
            "says it is configuration, where the evidence says infrastructure; was the password rotated? (database/login)",
            "the-pool · tcp 127.0.0.1:6432: connected true",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
    }
    // An opinion is no class.
    assert!(!console.contains("configuration ("), "{console}");
    for format in ["json", "jsonl"] {
        let text = render(format, &run);
        for said in [
            "nobody listens on that port.",
            "the-pool · tcp",
            "\"advice\":",
        ] {
            assert!(text.contains(said), "{format}, {said}: {text}");
        }
    }
}

#[test]
fn whom_the_suite_names_is_called_and_whom_the_rule_names_is_told_beside() {
    let told = |owners: &[&str]| {
        let advice = owners.iter().map(|owner| Advice {
            on_fail: OnFail {
                owner: Some((*owner).to_owned()),
                ..OnFail::default()
            },
            ..advice("database/login", 1)
        });
        let cause = Cause {
            advice: advice.collect(),
            ..causes().remove(0)
        };
        let run = with(built::every_status(), vec![cause], Vec::new(), 0);
        let text = report::causes(&run).unwrap();
        let line = text.lines().find(|line| line.contains("owner "));
        line.unwrap().trim().to_owned()
    };
    assert_eq!(told(&[]), "owner platform+app · transport · rule TCP-1");
    assert_eq!(
        told(&["platform+app"]),
        "owner platform+app, as the suite says · transport · rule TCP-1"
    );
    assert_eq!(
        told(&["team data", "team web", "team data"]),
        "owner team data, team web, as the suite says; by the rule platform+app · transport · rule TCP-1"
    );
}

#[test]
fn what_several_tests_saw_alike_is_told_once() {
    let cause = Cause {
        evidence: vec![
            cited("database/login", 1, "tcp.refused (errno 111)"),
            cited("database/rows", 2, "tcp.refused (errno 111)"),
            cited("database/size", 1, "tcp.timeout"),
        ],
        why: vec![why(
            "database/rows failed as well",
            Some(cited("database/rows", 2, "tcp.refused (errno 111)")),
        )],
        ..causes().remove(0)
    };
    let run = with(built::every_status(), vec![cause], Vec::new(), 0);
    let console = report::causes(&run).unwrap();
    assert!(
        console.contains("evidence   database/login#1, database/rows#2: tcp.refused (errno 111)\n"),
        "{console}"
    );
    assert!(
        console.contains("database/rows failed as well [database/rows#2, above]"),
        "{console}"
    );
    let page = render("handoff", &run);
    assert!(
        page.contains("- `database/login#1`, `database/rows#2`: `tcp.refused (errno 111)`\n"),
        "{page}"
    );
    assert_eq!(page.matches("tcp.refused (errno 111)").count(), 1, "{page}");
}

#[test]
fn what_is_not_explained_is_called_so_in_the_headline_and_at_its_place() {
    let run = several_causes();
    let console = console(&run, Detail::Normal);
    assert!(
        console.contains("at least 4 causes, 1 failure not explained\n"),
        "{console}"
    );
    let page = render("handoff", &run);
    assert!(
        page.contains("## 6: not explained, leaning application at"),
        "{page}"
    );
    assert!(page.contains("too little to call it a cause"), "{page}");
}

#[test]
fn many_causes_stay_short() {
    let one = causes().remove(0);
    let causes: Vec<Cause> = (0..300)
        .map(|port| Cause {
            resource: format!("sock:127.0.0.1:{port}"),
            ..one.clone()
        })
        .collect();
    let run = with(built::every_status(), causes, Vec::new(), 0);
    let text = console(&run, Detail::Normal);
    let from = text.find("NO-GO: ").unwrap();
    let told = &text[from..text.find("━").unwrap()];
    assert!(told.contains("… and 295 more; -v tells them all"), "{told}");
    // Of five the title, a gap and ten lines at most: two of these come from the suite.
    assert!(told.lines().count() < 66, "{told}");
    assert!(text.contains("— 300 causes"), "{text}");
    let verbose = console(&run, Detail::Verbose);
    assert!(verbose.contains("at sock:127.0.0.1:299"), "{verbose}");
    for format in ["junit", "github", "handoff"] {
        let size = render(format, &run).len();
        assert!(size < 100_000, "{format}: {size}");
    }
}

#[test]
fn a_blocked_test_stands_under_its_cause_and_nowhere_else() {
    let text = console(&two_causes(), Detail::Normal);
    assert!(!text.contains("⊘"), "{text}");
    assert!(text.contains("6 blocked (database/tables, "), "{text}");
    // One that no cause explains is told as ever.
    let mut run = two_causes();
    let diagnosis = Arc::make_mut(&mut run.diagnosis);
    diagnosis.causes[0].blocked.truncate(4);
    let text = console(&run, Detail::Normal);
    assert!(
        text.contains("⊘ 2 blocked by database/login: tcp.refused  database/tables[payments], database/tables[audit]"),
        "{text}"
    );
}

#[test]
fn a_go_has_nothing_to_explain() {
    let run = two_causes();
    let verdict = Verdict {
        reasons: Vec::new(),
        ..built::verdict(Word::Go)
    };
    let run = FinishedRun {
        verdict: Arc::new(verdict),
        ..run
    };
    assert_eq!(report::causes(&run), None);
    for format in ["console", "github", "handoff"] {
        let text = render(format, &run);
        assert!(
            !text.contains("causes") && !text.contains("cause 1"),
            "{format}: {text}"
        );
    }
    assert!(render("handoff", &run).contains("Nothing is to be handed over"));
}

#[test]
fn quiet_names_the_causes_in_a_line_each() {
    insta::assert_snapshot!(console(&two_causes(), Detail::Quiet));
}

#[test]
fn a_github_step_shows_ten_of_a_level_and_counts_the_rest() {
    let text = render("github", &built::many(40, 3));
    let errors: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("::error "))
        .collect();
    assert_eq!(errors.len(), 10, "{text}");
    assert!(
        errors[0].starts_with("::error title=allclear NO-GO%3A staging::"),
        "{text}"
    );
    assert!(
        errors[9].contains("title=… and 32 more annotations::"),
        "{text}"
    );
    assert!(!text.contains("platform/t1"), "{text}");
    assert!(text.lines().all(|line| line.starts_with("::")), "{text}");
}
