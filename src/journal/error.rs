//! Why a run is not recorded, found or read.

use std::io;
use std::path::PathBuf;

use crate::model::RunId;
use crate::wire::WireError;

/// Why a run is not recorded, found or read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The operating system refused: a full disk, a folder that cannot be written, a file that is gone.
    #[error("could not {action} `{}`: {error}", path.display())]
    Io {
        /// What was tried: `create`, `write`, `read`, `remove`.
        action: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The folder of the run is there already, or something else has its name.
    #[error("`{}` exists already: every run has a folder of its own", .0.display())]
    Exists(PathBuf),
    /// A run has a name that cannot be its folder's.
    #[error("`{0}` is no run id: it should look like `20261121T085751Z-3f9a1c`")]
    Name(RunId),
    /// An earlier event could not be written; the journal ends before it, like that of a killed run.
    #[error("`{}` ends early: an event before this one could not be written", .0.display())]
    Stopped(PathBuf),
    /// The journal holds nothing: the run was killed before it began, or is about to begin.
    #[error("`{}` holds no run: it ended before its first event", .0.display())]
    Empty(PathBuf),
    /// The file is not a journal, or a newer allclear's.
    #[error("`{}` is no journal this allclear can read: {error}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What its first line says.
        error: WireError,
    },
    /// A line is not an event. Only the last line may be torn.
    #[error("`{}` line {line}: {error}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong with it.
        error: WireError,
    },
    /// A line is an event that cannot stand there.
    #[error("`{}` line {line}: damaged: {problem}", path.display())]
    Misplaced {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// There is no run at all.
    #[error("no run is recorded in `{}`", .0.display())]
    NoRuns(PathBuf),
    /// No run is called so.
    #[error("no run `{wanted}` in `{}`: name a run id, the beginning of one, `last`, or the path of a run's folder", runs.display())]
    Unknown {
        /// What was asked for.
        wanted: String,
        /// Where it was looked for.
        runs: PathBuf,
    },
    /// More than one run begins so.
    #[error("`{wanted}` could be {}: write more of it", list(matches))]
    Ambiguous {
        /// What was asked for.
        wanted: String,
        /// The runs that begin so, newest last.
        matches: Vec<RunId>,
    },
}

impl JournalError {
    /// Wraps what the system said of this path.
    pub(super) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |error| Self::Io {
            action,
            path,
            error,
        }
    }
}

/// The newest few of them.
fn list(runs: &[RunId]) -> String {
    let shown: Vec<String> = runs
        .iter()
        .rev()
        .take(5)
        .map(|run| format!("`{run}`"))
        .collect();
    match runs.len() - shown.len() {
        0 => shown.join(" or "),
        more => format!("{} or {more} more", shown.join(", ")),
    }
}
