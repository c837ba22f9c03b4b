//! A journal that is written beside the run: what happens next need not wait for the last line.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use super::{Journal, JournalError};
use crate::model::Event;

/// Handed over and not written yet, in moments. Whoever is further ahead of the disk waits for it.
const AHEAD: usize = 64;

/// Writes a journal on a thread of its own. Dropped, it waits until all is written: also when we fail.
#[derive(Debug)]
pub struct Recorder {
    /// `None` once nothing more will be handed over.
    handing: Option<SyncSender<Handed>>,
    thread: Option<JoinHandle<(Journal, Option<JournalError>)>>,
}

#[derive(Debug)]
enum Handed {
    Moment(Vec<Event>),
    /// All before this is written.
    Mark(SyncSender<()>),
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
        let (handing, handed) = sync_channel(AHEAD);
        let thread = thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || write(journal, &handed, recorded))
            .map_err(JournalError::io("begin to write", folder))?;
        Ok(Self {
            handing: Some(handing),
            thread: Some(thread),
        })
    }

    /// Hands over the events of one moment.
    ///
    /// # Panics
    ///
    /// When the thread has panicked: a run that nobody records and nobody is shown must not go on.
    pub fn record(&self, moment: Vec<Event>) {
        self.hand(Handed::Moment(moment));
    }

    /// Waits until the operating system has all that was handed over. Panics as [`record`](Self::record) does.
    pub fn catch_up(&self) {
        let (mark, reached) = sync_channel(1);
        self.hand(Handed::Mark(mark));
        // The thread has panicked since, which is told where the next moment is handed over.
        let _ = reached.recv();
    }

    fn hand(&self, what: Handed) {
        let is_taken = self
            .handing
            .as_ref()
            .is_some_and(|handing| handing.send(what).is_ok());
        assert!(is_taken, "the thread of the journal is gone");
    }

    /// Waits until all is written. Gives the journal back, which is locked as long as it lives, and what went wrong first. A
    /// panic of the thread is a panic here.
    pub fn finish(mut self) -> (Journal, Option<JournalError>) {
        self.handing = None;
        let thread = self.thread.take().expect("only this and the drop take it");
        match thread.join() {
            Ok(ended) => ended,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.handing = None;
        if let Some(thread) = self.thread.take() {
            // Whoever drops it has something worse to tell than that the thread panicked as well.
            let _ = thread.join();
        }
    }
}

fn write(
    mut journal: Journal,
    handed: &Receiver<Handed>,
    mut recorded: impl FnMut(Vec<Event>),
) -> (Journal, Option<JournalError>) {
    let mut lost = None;
    for handed in handed {
        match handed {
            Handed::Moment(moment) => {
                if lost.is_none() {
                    lost = journal.append(&moment).err();
                }
                recorded(moment);
            }
            // Whoever waits may be gone.
            Handed::Mark(reached) => drop(reached.send(())),
        }
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

    #[test]
    fn who_catches_up_finds_all_of_it_in_the_file() {
        let runs = tempfile::tempdir().unwrap();
        let journal = Journal::create(runs.path(), &RunId::new("20261122T080000Z-3f9a1c")).unwrap();
        let path = journal.folder().join("journal.jsonl");
        let recorder = Recorder::start(journal, |_| {}).unwrap();
        for test in 0..50 {
            recorder.record(moment(test));
            recorder.catch_up();
            let lines = fs::read_to_string(&path).unwrap().lines().count();
            assert_eq!(lines, test + 2);
        }
    }

    #[test]
    fn a_run_that_fails_loses_nothing_that_was_handed_over() {
        let runs = tempfile::tempdir().unwrap();
        let journal = Journal::create(runs.path(), &RunId::new("20261122T080000Z-3f9a1c")).unwrap();
        let path = journal.folder().join("journal.jsonl");
        let recorder = Recorder::start(journal, |_| {}).unwrap();
        (0..50).for_each(|test| recorder.record(moment(test)));
        drop(recorder);
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 51);
    }

    #[test]
    #[should_panic(expected = "the thread of the journal is gone")]
    fn nothing_goes_on_that_nobody_records() {
        let (fell, fallen) = mpsc::channel::<()>();
        let recorder = Recorder::start(Journal::on_a_full_disk(), move |_| {
            let _fell = &fell;
            panic!("a bug")
        })
        .unwrap();
        recorder.record(moment(1));
        // Its end of the channel goes with it.
        assert!(fallen.recv().is_err());
        loop {
            recorder.record(moment(2));
        }
    }
}
