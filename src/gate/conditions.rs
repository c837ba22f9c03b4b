//! What everybody should know, also at GO.

use crate::model::{Condition, ConditionKind, RunRecord, Status, TestRecord, Why};

/// Every condition of a run, by kind in the order of [`ConditionKind::ALL`], then in the order of the record.
pub(super) fn conditions(record: &RunRecord) -> Vec<Condition> {
    ConditionKind::ALL
        .iter()
        .flat_map(|kind| of_kind(*kind, record))
        .collect()
}

fn of_kind(kind: ConditionKind, record: &RunRecord) -> Vec<Condition> {
    let ended = |status: Status, text: fn(&TestRecord) -> String| {
        let tests = record.tests.iter().filter(|test| test.status == status);
        tests
            .map(|test| condition(kind, test.header.id.to_string(), text(test)))
            .collect()
    };
    match kind {
        ConditionKind::NotGood => {
            // Flaky ones have a kind of their own, critical or not.
            let tests = record.tests.iter();
            let tests = tests.filter(|test| test.status.is_bad_or_open());
            tests
                .map(|test| condition(kind, test.header.id.to_string(), not_good(test)))
                .collect()
        }
        ConditionKind::Waived => ended(Status::Waived, waived),
        ConditionKind::Flaky => ended(Status::Flaky, flaky),
        ConditionKind::Skipped => ended(Status::Skipped, skipped),
        ConditionKind::ExpectedFailure => ended(Status::ExpectedFailure, expected_failure),
        ConditionKind::Omitted => {
            let omitted = record.header.omitted.iter();
            omitted
                .map(|one| condition(kind, one.pattern.clone(), one.reason.clone()))
                .collect()
        }
        ConditionKind::LeftBehind => left_behind(record),
        ConditionKind::Lint => {
            let lints = record.header.lints.iter();
            lints
                .map(|lint| Condition {
                    kind,
                    subject: None,
                    text: lint.clone(),
                })
                .collect()
        }
    }
}

fn condition(kind: ConditionKind, subject: String, text: String) -> Condition {
    Condition {
        kind,
        subject: Some(subject),
        text,
    }
}

fn not_good(test: &TestRecord) -> String {
    match &test.code {
        Some(code) => format!("{} ({code})", test.status),
        None => test.status.to_string(),
    }
}

fn waived(test: &TestRecord) -> String {
    match &test.code {
        Some(code) => format!("failed with {code}, waived"),
        None => "failed, waived".to_owned(),
    }
}

fn flaky(test: &TestRecord) -> String {
    format!("held only on attempt {}", test.attempts_made)
}

fn expected_failure(test: &TestRecord) -> String {
    match &test.code {
        Some(code) => format!("failed with {code}, as its suite says"),
        None => "failed, as its suite says".to_owned(),
    }
}

fn skipped(test: &TestRecord) -> String {
    match &test.why {
        Some(Why::Skipped(reason)) => reason.clone(),
        _ => "no reason recorded".to_owned(),
    }
}

/// Of tests, then of sessions.
fn left_behind(record: &RunRecord) -> Vec<Condition> {
    let tests = record.tests.iter().flat_map(|test| {
        let subject = test.header.id.to_string();
        test.left_behind
            .iter()
            .map(move |what| (subject.clone(), what))
    });
    let sessions = record.sessions.iter().flat_map(|session| {
        let subject = format!("session {}", session.name);
        session
            .left_behind
            .iter()
            .map(move |what| (subject.clone(), what))
    });
    tests
        .chain(sessions)
        .map(|(subject, what)| condition(ConditionKind::LeftBehind, subject, what.clone()))
        .collect()
}
