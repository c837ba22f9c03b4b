//! What is shown while the run runs, where there is no terminal.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use allclear::model::{Event, FinishedRun, Judged, TestEnded};
use allclear::report::{Detail, Live, Style};

use super::built;

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
}

fn follow(mut live: Live, run: &FinishedRun) {
    live.hear(&Event::RunStarted(run.record.header.clone()));
    for (position, test) in run.record.tests.iter().enumerate() {
        live.hear(&Event::TestStarted {
            test: position,
            at: test.started,
        });
        live.hear(&Event::TestEnded(TestEnded {
            test: position,
            status: test.status,
            code: test.code.clone(),
            why: test.why.clone(),
            attempts_made: test.attempts_made,
            sample: test.sample.clone(),
            started: test.started,
            elapsed: test.elapsed,
            left_behind: test.left_behind.clone(),
            looks_follow: false,
        }));
    }
    live.hear(&Event::RunEnded {
        elapsed: run.record.elapsed,
        interrupted: None,
    });
    live.hear(&Event::Judged(Judged {
        verdict: run.verdict.clone(),
        diagnosis: run.diagnosis.clone(),
    }));
}

fn shown(detail: Detail) -> String {
    let out = Shared::default();
    let style = Style {
        colour: false,
        detail,
    };
    follow(
        Live::in_lines(style, Box::new(out.clone())),
        &built::every_status(),
    );
    let bytes = out.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_line_for_each_test_that_is_not_good() {
    insta::assert_snapshot!(shown(Detail::Normal));
}

#[test]
fn verbose_shows_every_test_and_quiet_none() {
    let tests = built::every_status().record.tests.len();
    assert_eq!(shown(Detail::Verbose).lines().count(), tests);
    assert_eq!(shown(Detail::Quiet), "");
}

#[test]
fn a_closed_standard_error_stops_nothing() {
    follow(
        Live::in_lines(Style::default(), Box::new(Closed)),
        &built::every_status(),
    );
}

/// Only a position outside the plan, or an event before the header, which a cut journal may have.
#[test]
fn an_event_without_its_header_is_not_shown() {
    let out = Shared::default();
    let mut live = Live::in_lines(Style::default(), Box::new(out.clone()));
    live.hear(&Event::TestEnded(TestEnded {
        test: 99,
        status: allclear::model::Status::Failed,
        code: None,
        why: None,
        attempts_made: 1,
        sample: None,
        started: std::time::Duration::ZERO,
        elapsed: std::time::Duration::ZERO,
        left_behind: Vec::new(),
        looks_follow: false,
    }));
    assert!(out.0.lock().unwrap().is_empty());
}
