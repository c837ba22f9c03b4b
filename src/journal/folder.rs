//! Which runs there are, and which one is meant.

use std::fs;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};

use super::{JOURNAL, JournalError};
use crate::model::RunId;

/// A recorded run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFolder {
    /// The run.
    pub id: RunId,
    /// Where it is recorded.
    pub path: PathBuf,
}

/// The runs recorded in a folder, newest last. Only folders that are called like a run and hold a journal; links are
/// not followed. Without the folder there are none.
pub fn list(runs: &Path) -> Vec<RunFolder> {
    let Ok(entries) = fs::read_dir(runs) else {
        return Vec::new();
    };
    let mut found: Vec<RunFolder> = entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter_map(|entry| {
            Some(RunFolder {
                id: RunId::parse(entry.file_name().to_str()?)?,
                path: entry.path(),
            })
        })
        .filter(|run| {
            fs::symlink_metadata(run.path.join(JOURNAL)).is_ok_and(|journal| journal.is_file())
        })
        .collect();
    found.sort_by(|left, right| left.id.cmp(&right.id));
    found
}

/// The run that is meant by `last`, a run id, the beginning of one, or the path of a run's folder or journal. What is
/// returned can be given to [`read`](super::read()).
pub fn find(runs: &Path, wanted: &str) -> Result<PathBuf, JournalError> {
    let unknown = || JournalError::Unknown {
        wanted: wanted.to_owned(),
        runs: runs.to_owned(),
    };
    let path = Path::new(wanted);
    if wanted.contains(MAIN_SEPARATOR) {
        return is_record(path).then(|| path.to_owned()).ok_or_else(unknown);
    }
    let mut known = list(runs);
    if wanted == "last" {
        let newest = known.pop().map(|run| run.path);
        return newest.ok_or_else(|| JournalError::NoRuns(runs.to_owned()));
    }
    if wanted.is_empty() {
        return Err(unknown());
    }
    // A whole id may also be the beginning of a longer one; it means itself.
    if let Some(exact) = known.iter().find(|run| run.id.as_str() == wanted) {
        return Ok(exact.path.clone());
    }
    known.retain(|run| run.id.as_str().starts_with(wanted));
    match known.as_slice() {
        [] if is_record(path) => Ok(path.to_owned()),
        [] => Err(unknown()),
        [only] => Ok(only.path.clone()),
        _ => Err(JournalError::Ambiguous {
            wanted: wanted.to_owned(),
            matches: known.into_iter().map(|run| run.id).collect(),
        }),
    }
}

fn is_record(path: &Path) -> bool {
    path.is_file() || path.join(JOURNAL).is_file()
}
