//! Removing what is too old to matter.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::folder::{RunFolder, list};
use super::{JOURNAL, JournalError};
use crate::model::RunId;

/// What was removed, and what could not be.
#[derive(Debug, Default)]
pub struct Pruned {
    /// The runs that are gone, oldest first.
    pub removed: Vec<RunId>,
    /// Why others are still there.
    pub failed: Vec<JournalError>,
}

/// Removes all recorded runs but the last `keep`. A run that is still being written, by this process or another, and
/// one that somebody is reading, stay; so does every folder that does not look like a run.
pub fn prune(runs: &Path, keep: usize) -> Pruned {
    let mut pruned = Pruned::default();
    let known = list(runs);
    let old = known.len().saturating_sub(keep);
    for run in known.into_iter().take(old) {
        match remove(&run) {
            Ok(true) => pruned.removed.push(run.id),
            Ok(false) => {}
            Err(error) => pruned
                .failed
                .push(JournalError::io("remove", run.path)(error)),
        }
    }
    pruned
}

/// Removes a run unless it is in use; the lock is held until it is gone.
fn remove(run: &RunFolder) -> io::Result<bool> {
    let journal = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NOFOLLOW)
        .open(run.path.join(JOURNAL))?;
    // A journal without a byte is about to be locked by the run that just created it.
    if journal.try_lock().is_err() || journal.metadata()?.len() == 0 {
        return Ok(false);
    }
    fs::remove_dir_all(&run.path)?;
    Ok(true)
}
