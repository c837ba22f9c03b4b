//! The events of a run on disk, appended as they happen: `.allclear/runs/<run id>/journal.jsonl`.
//!
//! Each event is handed to the operating system before anybody is shown it, by a thread of its own: a run that is killed
//! can still be reported, up to what was on its way there. Nothing is synchronised to the disk: a power cut may cost the
//! last seconds.
//!
//! Not for: what an event looks like (`wire`), what a run came to (`gate`).

mod append;
mod error;
mod folder;
mod prune;
mod read;
mod recorder;

pub use append::Journal;
pub use error::JournalError;
pub use folder::{RunFolder, find, list};
pub use prune::{Pruned, prune};
pub use read::{Recorded, read};
pub use recorder::Recorder;

/// The one file a run's folder must have.
const JOURNAL: &str = "journal.jsonl";

#[cfg(test)]
mod tests;
