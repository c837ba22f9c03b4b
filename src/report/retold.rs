//! A finished run told again as the events it could have been.

use crate::model::{AttemptEnded, Event, FinishedRun, Judged, Status, TestEnded, TestRecord};

/// The events of the run, one instance after the other in plan order, then the sessions. Their fold is the record again;
/// what overlapped in time does not overlap here.
pub fn retold(run: &FinishedRun) -> Vec<Event> {
    let record = &*run.record;
    let mut events = vec![Event::RunStarted(record.header.clone())];
    for (position, test) in record.tests.iter().enumerate() {
        if was_started(test) {
            events.push(Event::TestStarted {
                test: position,
                at: test.started,
            });
        }
        events.extend(test.attempts.iter().map(|attempt| {
            Event::AttemptEnded(AttemptEnded {
                test: position,
                attempt: attempt.clone(),
            })
        }));
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
            // They stand in its attempt already.
            looks_follow: false,
        }));
    }
    let sessions = record.sessions.iter().cloned();
    events.extend(sessions.map(Event::SessionEnded));
    events.extend(record.ended.then_some(Event::RunEnded {
        elapsed: record.elapsed,
        interrupted: record.interrupted,
    }));
    events.push(Event::Judged(Judged {
        verdict: run.verdict.clone(),
        diagnosis: run.diagnosis.clone(),
    }));
    events
}

/// Whether it came to looking: what was skipped, blocked or never reached has an end without a start.
fn was_started(test: &TestRecord) -> bool {
    test.attempts_made > 0
        || !test.attempts.is_empty()
        || test.status.is_executed()
        || test.status == Status::Errored
}
