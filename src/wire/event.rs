//! Events, one a line of JSON: `{"test_ended":{"test":3,"status":"passed",…}}`.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::attempt::{Attempt, Sample, Step};
use super::diagnosis::Diagnosis;
use super::document::{WireError, check};
use super::header::Header;
use super::mirror::{Mirror, mirror};
use super::scalar::Nanos;
use super::test::{Session, Why};
use super::verdict::Verdict;
use super::word::Named;
use crate::model::{self, Event, Interrupt, RunId};

/// The `format` in the preface of a journal.
pub const JOURNAL_FORMAT: &str = "allclear-journal";

/// Grows only when an old reader would be misled; a new kind of event is such a case, a new field is not.
///
/// 2: `looks_ended` follows the end of a test; before, its steps stood in the attempt from the start.
const VERSION: u64 = 2;

/// Writes an event as one line, without its end. Never contains a line break. Fails only where `out` does.
pub fn write_event(out: &mut impl Write, event: &Event) -> io::Result<()> {
    Ok(serde_json::to_writer(out, &Line::of(event))?)
}

/// An event as one line, without its end.
pub fn event_to_line(event: &Event) -> String {
    serde_json::to_string(&Line::of(event))
        .expect("finite numbers and string keys can always be written")
}

/// The event of a line.
pub fn event_from_line(line: &str) -> Result<Event, WireError> {
    Ok(serde_json::from_str::<Line<'_>>(line)?.back())
}

/// The line a journal begins with: its format, its version, and whose run it is.
pub fn preface(run: &RunId) -> String {
    let preface = Preface {
        format: JOURNAL_FORMAT.into(),
        version: VERSION,
        run: run.as_str().into(),
    };
    serde_json::to_string(&preface).expect("strings can always be written")
}

/// Accepts the first line of a journal this version can read, and says whose run it is.
pub fn read_preface(line: &str) -> Result<RunId, WireError> {
    check(line, JOURNAL_FORMAT, VERSION)?;
    Ok(RunId::new(
        serde_json::from_str::<Preface<'_>>(line)?.run.into_owned(),
    ))
}

#[derive(Serialize, Deserialize)]
struct Preface<'a> {
    format: Cow<'a, str>,
    version: u64,
    run: Cow<'a, str>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line<'a> {
    RunStarted(Box<Header<'a>>),
    TestStarted {
        test: usize,
        at_ns: Nanos,
    },
    AttemptEnded(AttemptEnded<'a>),
    TestEnded(Box<TestEnded<'a>>),
    LooksEnded(LooksEnded<'a>),
    SessionEnded(Box<Session<'a>>),
    RunEnded {
        elapsed_ns: Nanos,
        #[serde(skip_serializing_if = "Option::is_none")]
        interrupted: Option<Named<Interrupt>>,
    },
    Judged(Box<Judged<'a>>),
}

mirror! {
    AttemptEnded<'a> of AttemptEnded {
        test: usize,
        attempt: Attempt<'a>,
    }
}

mirror! {
    TestEnded<'a> of TestEnded {
        test: usize,
        status: Named<model::Status>,
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<Cow<'a, str>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        why: Option<Why<'a>>,
        attempts_made: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        sample: Option<Sample<'a>>,
        #[serde(rename = "started_ns")]
        started: Nanos,
        #[serde(rename = "elapsed_ns")]
        elapsed: Nanos,
        left_behind: Vec<Cow<'a, str>>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        looks_follow: bool,
    }
}

mirror! {
    LooksEnded<'a> of LooksEnded {
        test: usize,
        attempt: u64,
        steps: Vec<Step<'a>>,
    }
}

/// The verdict as it always was, and the diagnosis beside it.
#[derive(Debug, Serialize, Deserialize)]
struct Judged<'a> {
    #[serde(flatten)]
    verdict: Verdict<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    diagnosis: Option<Diagnosis<'a>>,
}

impl<'a> Line<'a> {
    fn of(event: &'a Event) -> Self {
        match event {
            Event::RunStarted(header) => Self::RunStarted(Box::new(Header::of(header.as_ref()))),
            Event::TestStarted { test, at } => Self::TestStarted {
                test: *test,
                at_ns: Mirror::of(at),
            },
            Event::AttemptEnded(ended) => Self::AttemptEnded(Mirror::of(ended)),
            Event::TestEnded(ended) => Self::TestEnded(Box::new(TestEnded::of(ended))),
            Event::LooksEnded(looks) => Self::LooksEnded(Mirror::of(looks)),
            Event::SessionEnded(session) => {
                Self::SessionEnded(Box::new(Session::of(session.as_ref())))
            }
            Event::RunEnded {
                elapsed,
                interrupted,
            } => Self::RunEnded {
                elapsed_ns: Mirror::of(elapsed),
                interrupted: Mirror::of(interrupted),
            },
            Event::Judged(judged) => Self::Judged(Box::new(Judged {
                verdict: Mirror::of(&judged.verdict),
                diagnosis: (judged.diagnosis.is_made()).then(|| Mirror::of(&judged.diagnosis)),
            })),
        }
    }

    fn back(self) -> Event {
        match self {
            Self::RunStarted(header) => Event::RunStarted(Arc::new((*header).back())),
            Self::TestStarted { test, at_ns } => Event::TestStarted {
                test,
                at: at_ns.back(),
            },
            Self::AttemptEnded(ended) => Event::AttemptEnded(ended.back()),
            Self::TestEnded(ended) => Event::TestEnded((*ended).back()),
            Self::LooksEnded(looks) => Event::LooksEnded(looks.back()),
            Self::SessionEnded(session) => Event::SessionEnded(Arc::new((*session).back())),
            Self::RunEnded {
                elapsed_ns,
                interrupted,
            } => Event::RunEnded {
                elapsed: elapsed_ns.back(),
                interrupted: interrupted.back(),
            },
            Self::Judged(judged) => Event::Judged(model::Judged {
                verdict: judged.verdict.back(),
                diagnosis: Arc::new(judged.diagnosis.map(Mirror::back).unwrap_or_default()),
            }),
        }
    }
}
