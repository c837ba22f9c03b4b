//! What each status becomes for readers of JUnit.

use allclear::model::{
    CategoryPolicy, FinishedRun, Policy, RunHeader, RunRecord, Status, TestRecord,
};
use allclear::report::{Format, Style};

use super::built;

fn junit(run: &FinishedRun) -> String {
    (Format::named("junit").unwrap().render)(run, Style::default())
}

fn of(test: TestRecord) -> String {
    let verdict = (*built::every_status().verdict).clone();
    junit(&built::finished(vec![test], verdict))
}

#[test]
fn each_status_becomes_the_element_readers_count() {
    for (status, element) in [
        (Status::Passed, None),
        (Status::ExpectedFailure, None),
        (
            Status::Flaky,
            Some("<flakyFailure type=\"http.timeout.first_byte\""),
        ),
        (Status::Failed, Some("<failure type=\"tcp.refused\"")),
        (
            Status::UnexpectedPass,
            Some("<failure type=\"gate.unexpected_pass\""),
        ),
        (Status::Unproved, Some("<error type=\"claim.pass_rate\"")),
        (Status::Errored, Some("<error type=\"error.program\"")),
        (
            Status::Blocked,
            Some("<skipped message=\"blocked by database/login: tcp.refused\""),
        ),
        (Status::NotRun, Some("<skipped message=\"not run: ")),
        (
            Status::Skipped,
            Some("<skipped message=\"skipped: needs --allow-writes\""),
        ),
        (
            Status::Waived,
            Some("<skipped message=\"waived: expect.status: "),
        ),
    ] {
        let text = of(built::of_status(status));
        let children = ["<failure", "<error", "<skipped", "<flakyFailure"];
        let found = children
            .iter()
            .filter(|child| text.contains(*child))
            .count();
        assert_eq!(found, usize::from(element.is_some()), "{status}: {text}");
        assert!(
            element.is_none_or(|element| text.contains(element)),
            "{status}: {text}"
        );
    }
    assert!(of(built::of_status(Status::ExpectedFailure)).contains("name=\"expected_failure\""));
}

#[test]
fn a_critical_flaky_test_is_an_error_unless_its_category_lets_it_pass() {
    let mut test = built::of_status(Status::Flaky);
    let mut header = (*test.header).clone();
    header.critical = true;
    test.header = header.into();
    let run = built::finished(vec![test], (*built::every_status().verdict).clone());
    let text = junit(&run);
    assert!(text.contains("<error type=\"gate.flaky\""), "{text}");
    assert!(text.contains("errors=\"1\""), "{text}");

    let lenient = CategoryPolicy {
        name: run.record.header.tests[0].id.category().clone(),
        critical: true,
        preflight: false,
        pass_rate: None,
        flaky_passes: true,
    };
    let header = RunHeader {
        policy: Policy {
            categories: vec![lenient],
            ..Policy::default()
        },
        ..(*run.record.header).clone()
    };
    let record = RunRecord {
        header: header.into(),
        ..(*run.record).clone()
    };
    let text = junit(&FinishedRun {
        record: record.into(),
        ..run
    });
    assert!(text.contains("<flakyFailure"), "{text}");
    assert!(text.contains("errors=\"0\""), "{text}");
}

#[test]
fn instances_that_read_alike_are_told_apart() {
    let alike = |id: &str, file: &str| built::test(id, file, Status::Passed);
    let tests = vec![
        alike("a/x", "suites/b.c.yaml"),
        alike("a.b/x", "suites/c.yaml"),
        alike("a/y[\n]", "suites/b.c.yaml"),
        alike("a/y[␊]", "suites/b.c.yaml"),
    ];
    let text = junit(&built::finished(
        tests,
        (*built::every_status().verdict).clone(),
    ));
    for name in [
        "name=\"x\"",
        "name=\"x (2)\"",
        "name=\"y[␊]\"",
        "name=\"y[␊] (2)\"",
    ] {
        assert_eq!(text.matches(name).count(), 1, "{name}: {text}");
    }
}

#[test]
fn a_run_of_nothing_still_tells_its_verdict() {
    let run = built::finished(Vec::new(), (*built::every_status().verdict).clone());
    let text = junit(&run);
    assert!(text.contains("tests=\"0\""), "{text}");
    assert!(text.contains("name=\"verdict\" value=\"NO-GO\""), "{text}");
}
