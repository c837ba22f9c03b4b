//! A journal that is written beside the run: what happens next need not wait for the last line.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use super::{Journal, JournalError};
use crate::model::Event;

/// Handed over and not written yet, in moments. Whoever is further ahead of the disk waits for it.
const AHEAD: usize = 64;

/// Writes a journal on a thread of its own.
#[derive(Debug)]
pub struct Recorder {
    moments: SyncSender<Vec<Event>>,
    thread: JoinHandle<(Journal, Option<JournalError>)>,
}

impl Recorder {
    /// Takes the journal. Events that the operating system has are given to `recorded`, in their order; those that it
    /// could not take as well, for the run goes on without a record.
    ///
    /// Fails where no thread may be had.
    pub fn start(
        journal: Journal,
        recorded: impl FnMut(Vec<Event>) + Send + 'static,
    ) -> Result<Self, JournalError> {
        let folder = journal.folder().to_owned();
        let (moments, handed) = sync_channel(AHEAD);
        let thread = thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || write(journal, &handed, recorded))
            .map_err(JournalError::io("begin to write", folder))?;
        Ok(Self { moments, thread })
    }

    /// Hands over the events of one moment.
    pub fn record(&self, moment: Vec<Event>) {
        // Nobody takes them only where the thread has panicked, which `finish` tells.
        let _ = self.moments.send(moment);
    }

    /// Waits until all is written. Gives the journal back, which is locked as long as it lives, and what went wrong first. A
    /// panic of the thread is a panic here.
    pub fn finish(self) -> (Journal, Option<JournalError>) {
        drop(self.moments);
        match self.thread.join() {
            Ok(ended) => ended,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

fn write(
    mut journal: Journal,
    handed: &Receiver<Vec<Event>>,
    mut recorded: impl FnMut(Vec<Event>),
) -> (Journal, Option<JournalError>) {
    let mut lost = None;
    for moment in handed {
        if lost.is_none() {
            lost = journal.append(&moment).err();
        }
        recorded(moment);
    }
    (journal, lost)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;
    use crate::model::RunId;

    fn moment(test: usize) -> Vec<Event> {
        let at = Duration::from_millis(3);
        vec![Event::TestStarted { test, at }]
    }

    #[test]
    fn what_is_told_is_in_the_file_and_the_order_stays() {
        let runs = tempfile::tempdir().unwrap();
        let journal = Journal::create(runs.path(), &RunId::new("20261122T080000Z-3f9a1c")).unwrap();
        let path = journal.folder().join("journal.jsonl");
        let (tell, told) = mpsc::channel();
        let recorder = Recorder::start(journal, move |events| {
            // Of the moment that is told, and not only in the end.
            let lines = fs::read_to_string(&path).unwrap().lines().count();
            tell.send((events, lines)).unwrap();
        })
        .unwrap();
        for test in 0..1_000 {
            recorder.record(moment(test));
        }
        let (_, lost) = recorder.finish();
        assert!(lost.is_none(), "{lost:?}");
        let told: Vec<_> = told.iter().collect();
        assert_eq!(told.len(), 1_000);
        for (test, (events, lines)) in told.into_iter().enumerate() {
            assert_eq!(events, moment(test));
            assert_eq!(lines, test + 2, "the preface, and all up to this one");
        }
    }

    #[test]
    fn a_run_whose_journal_is_lost_is_told_to_its_end() {
        let journal = Journal::on_a_full_disk();
        let (tell, told) = mpsc::channel();
        let recorder = Recorder::start(journal, move |events| tell.send(events).unwrap()).unwrap();
        recorder.record(moment(1));
        recorder.record(moment(2));
        let (_, lost) = recorder.finish();
        assert!(
            matches!(
                lost,
                Some(JournalError::Io {
                    action: "write",
                    ..
                })
            ),
            "{lost:?}"
        );
        assert_eq!(told.iter().collect::<Vec<_>>(), [moment(1), moment(2)]);
    }
}
