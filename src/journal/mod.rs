//! The events of a run on disk, appended as they happen: `.allclear/runs/<run id>/journal.jsonl`.
//!
//! Each event is handed to the operating system in one write before anybody is shown it, so a run that is killed can
//! still be reported. Nothing is synchronised to the disk: a power cut may cost the last seconds.
//!
//! Not for: what an event looks like (`wire`), what a run came to (`gate`).

mod append;
mod error;
mod folder;
mod prune;
mod read;

pub use append::Journal;
pub use error::JournalError;
pub use folder::{RunFolder, find, list};
pub use prune::{Pruned, prune};
pub use read::{Recorded, read};

/// The one file a run's folder must have.
const JOURNAL: &str = "journal.jsonl";

#[cfg(test)]
mod tests;
