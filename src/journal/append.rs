//! Writing: the events of one moment, one write.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::{JOURNAL, JournalError};
use crate::model::{Event, RunId};
use crate::wire;

/// So much of a long event is in memory at once: the first lists every planned test.
const ROOM: usize = 64 * 1024;

/// The journal of the run that is going on. It is locked while it lives, so that nobody prunes it away.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    tail: Tail,
    is_stopped: bool,
}

/// The end of the file.
#[derive(Debug)]
struct Tail {
    file: File,
    /// What is not written yet: at most [`ROOM`] and one piece of an event.
    pending: Vec<u8>,
    /// The bytes before it.
    written: u64,
}

impl Journal {
    /// Makes the run's folder below `runs` (which is made as well when it is missing) and begins its journal. Folders
    /// are made 0700 and files 0600: what a run saw is its owner's business. Fails when the folder, or anything else
    /// of that name, is there already.
    pub fn create(runs: &Path, id: &RunId) -> Result<Self, JournalError> {
        // The name becomes a path: nothing that could leave `runs` gets any further.
        let id = RunId::parse(id.as_str()).ok_or_else(|| JournalError::Name(id.clone()))?;
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(runs)
            .map_err(JournalError::io("create", runs))?;
        let folder = runs.join(id.as_str());
        if let Err(error) = DirBuilder::new().mode(0o700).create(&folder) {
            // mkdir follows no link here, not even a dangling one.
            return Err(match error.kind() {
                io::ErrorKind::AlreadyExists => JournalError::Exists(folder),
                _ => JournalError::io("create", folder)(error),
            });
        }
        let path = folder.join(JOURNAL);
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(JournalError::io("create", path))?;
        // A file system without locks still records. `prune` then takes no lock either, and leaves everything alone.
        let _ = file.try_lock();
        let mut journal = Self {
            folder,
            tail: Tail {
                file,
                pending: Vec::with_capacity(ROOM),
                written: 0,
            },
            is_stopped: false,
        };
        journal.write(|tail| writeln!(tail, "{}", wire::preface(&id)))?;
        Ok(journal)
    }

    /// Records events. When this returns, the operating system has them. After a failure the journal ends before the
    /// first of them, and takes no more.
    pub fn append(&mut self, events: &[Event]) -> Result<(), JournalError> {
        if self.is_stopped {
            return Err(JournalError::Stopped(self.folder.join(JOURNAL)));
        }
        self.write(|tail| {
            for event in events {
                wire::write_event(tail, event)?;
                tail.write_all(b"\n")?;
            }
            Ok(())
        })
    }

    /// The folder of the run.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn write(
        &mut self,
        lines: impl FnOnce(&mut Tail) -> io::Result<()>,
    ) -> Result<(), JournalError> {
        let whole = self.tail.written;
        let outcome = lines(&mut self.tail).and_then(|()| self.tail.flush());
        outcome.map_err(|error| {
            self.is_stopped = true;
            // A full disk takes the beginning of an event; a reader forgives that too, should this fail as well.
            let _ = self.tail.file.set_len(whole);
            JournalError::io("write", self.folder.join(JOURNAL))(error)
        })
    }
}

impl Write for Tail {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pending.extend_from_slice(bytes);
        if self.pending.len() >= ROOM {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    /// JSON comes in pieces of a few bytes, none of them half taken.
    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write(bytes).map(|_| ())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all(&self.pending)?;
        self.written += self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Journal {
        pub(in crate::journal) fn on_a_full_disk() -> Self {
            Self {
                folder: "runs/20261121T085751Z-3f9a1c".into(),
                tail: Tail {
                    file: OpenOptions::new().append(true).open("/dev/full").unwrap(),
                    pending: Vec::new(),
                    written: 0,
                },
                is_stopped: false,
            }
        }
    }

    #[test]
    fn a_full_disk_is_an_error_with_the_path_and_the_journal_takes_no_more() {
        let mut journal = Journal::on_a_full_disk();
        let ended = [Event::RunEnded {
            elapsed: std::time::Duration::ZERO,
            interrupted: None,
        }];
        let error = journal.append(&ended).unwrap_err();
        assert!(
            matches!(&error, JournalError::Io { action: "write", error, .. } if error.kind() == io::ErrorKind::StorageFull),
            "{error}"
        );
        assert!(
            error.to_string().contains("3f9a1c/journal.jsonl"),
            "{error}"
        );
        assert!(matches!(
            journal.append(&ended),
            Err(JournalError::Stopped(_))
        ));
    }
}
