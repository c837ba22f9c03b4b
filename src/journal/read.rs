//! Reading a journal back into a record.

use std::fs::{File, TryLockError};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{JOURNAL, JournalError};
use crate::model::{Diagnosis, Event, Fold, RunId, RunRecord, Verdict};
use crate::wire;

/// A run as far as it is recorded.
#[derive(Debug)]
pub struct Recorded {
    /// What happened. Instances without an end were not run: the run was killed, or goes on.
    pub record: RunRecord,
    /// What the gate decided, if it got so far.
    pub verdict: Option<Arc<Verdict>>,
    /// What explains it, if it got so far and was written by a version that diagnoses.
    pub diagnosis: Option<Arc<Diagnosis>>,
    /// Whether the run came to its end.
    pub complete: bool,
    /// Whether it is still being written.
    pub running: bool,
}

/// Reads the run of a folder, or of a journal. A torn last line is what a killed run leaves behind and is left out;
/// any other damage is an error, since a record with a hole in it would be judged as if it were whole.
pub fn read(path: &Path) -> Result<Recorded, JournalError> {
    let path = if path.is_dir() {
        path.join(JOURNAL)
    } else {
        path.to_owned()
    };
    let file = File::open(&path).map_err(JournalError::io("read", &path))?;
    // Shared, so that nobody prunes it away meanwhile; refused while the run itself holds it.
    let running = matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
    let mut lines = Lines {
        file: BufReader::new(file),
        path,
        number: 0,
        bytes: Vec::new(),
    };
    let run = lines.preface()?;
    let header = match lines.event()? {
        None => return Err(JournalError::Empty(lines.path)),
        Some(Event::RunStarted(header)) if header.id == run => header,
        Some(Event::RunStarted(_)) => return Err(lines.misplaced("it is the start of another run")),
        Some(_) => return Err(lines.misplaced("the start of the run is missing")),
    };
    let planned = header.tests.len();
    let mut fold = Fold::new(header);
    while let Some(event) = lines.event()? {
        let test = match &event {
            Event::RunStarted(_) => return Err(lines.misplaced("the run starts once more")),
            Event::TestStarted { test, .. } => Some(*test),
            Event::AttemptEnded(ended) => Some(ended.test),
            Event::TestEnded(ended) => Some(ended.test),
            Event::LooksEnded(looks) => Some(looks.test),
            Event::SessionEnded(_) | Event::RunEnded { .. } | Event::Judged(_) => None,
        };
        if test.is_some_and(|test| test >= planned) {
            return Err(lines.misplaced("it is about a test that is not in the plan"));
        }
        if let Event::LooksEnded(looks) = &event
            && let Some(problem) = fold.objection(looks)
        {
            return Err(lines.misplaced(problem));
        }
        fold.apply(&event);
    }
    Ok(Recorded {
        verdict: fold.verdict(),
        diagnosis: fold.diagnosis(),
        complete: fold.is_complete(),
        record: fold.finish(),
        running,
    })
}

/// The lines of a journal, one at a time: a long run's need not be in memory at once.
struct Lines {
    file: BufReader<File>,
    path: PathBuf,
    /// Of the line last read, from 1.
    number: usize,
    bytes: Vec<u8>,
}

impl Lines {
    fn preface(&mut self) -> Result<RunId, JournalError> {
        if !self.advance()? {
            return Err(JournalError::Empty(self.path.clone()));
        }
        wire::read_preface(&String::from_utf8_lossy(&self.bytes)).map_err(|error| {
            JournalError::Foreign {
                path: self.path.clone(),
                error,
            }
        })
    }

    /// The next event; `None` at the end, and at a last line that is torn.
    fn event(&mut self) -> Result<Option<Event>, JournalError> {
        if !self.advance()? {
            return Ok(None);
        }
        let is_whole = self.bytes.ends_with(b"\n");
        // A line can be torn in the middle of a character.
        let line = match std::str::from_utf8(&self.bytes) {
            Ok(line) => line,
            Err(_) if !is_whole => return Ok(None),
            Err(_) => return Err(self.misplaced("it is not UTF-8")),
        };
        match wire::event_from_line(line) {
            Ok(event) => Ok(Some(event)),
            Err(_) if !is_whole => Ok(None),
            Err(error) => Err(JournalError::Damaged {
                path: self.path.clone(),
                line: self.number,
                error,
            }),
        }
    }

    fn advance(&mut self) -> Result<bool, JournalError> {
        self.bytes.clear();
        self.number += 1;
        let read = self
            .file
            .read_until(b'\n', &mut self.bytes)
            .map_err(JournalError::io("read", &self.path))?;
        Ok(read > 0)
    }

    fn misplaced(&self, problem: &'static str) -> JournalError {
        JournalError::Misplaced {
            path: self.path.clone(),
            line: self.number,
            problem,
        }
    }
}
