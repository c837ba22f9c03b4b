//! A finished run told again as events.

use allclear::model::{Event, Fold, Status};
use allclear::report::retold;

use super::built;

#[test]
fn the_fold_of_a_retold_run_is_the_run() {
    let run = built::every_status();
    let events = retold(&run);
    let Event::RunStarted(header) = &events[0] else {
        panic!("{:?}", events[0]);
    };
    let mut fold = Fold::new(header.clone());
    for event in &events {
        fold.apply(event);
    }
    assert!(fold.is_complete());
    assert_eq!(fold.verdict(), Some(run.verdict.clone()));
    assert_eq!(fold.finish(), *run.record);
}

#[test]
fn the_last_events_are_the_end_and_the_verdict() {
    let events = retold(&built::every_status());
    let [.., Event::RunEnded { .. }, Event::Judged(_)] = &events[..] else {
        panic!("{:?}", events.last());
    };
}

#[test]
fn what_never_looked_has_no_start() {
    let run = built::every_status();
    let starts = |status: Status| {
        let at = run
            .record
            .tests
            .iter()
            .position(|test| test.status == status)
            .unwrap();
        let started =
            |event: &Event| matches!(event, Event::TestStarted { test, .. } if *test == at);
        retold(&run).iter().filter(|event| started(event)).count()
    };
    assert_eq!(starts(Status::Passed), 1);
    assert_eq!(starts(Status::Errored), 1);
    for status in [Status::Blocked, Status::Skipped, Status::NotRun] {
        assert_eq!(starts(status), 0, "{status}");
    }
}
