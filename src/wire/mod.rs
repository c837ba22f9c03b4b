//! What others may read: versioned JSON of a finished run and of an event, from the model and back.
//!
//! The types in here mirror the model with explicit names, so that a change of the model cannot break a reader out
//! there. A document carries its `format` and `version`. It grows by adding: fields nobody knows are ignored when
//! reading, a newer version is refused. What is read back is exactly what was written; a report made from it is the
//! same to the byte.
//!
//! Not for: files and folders (`journal`), words for people (`report`).

mod attempt;
mod diagnosis;
mod document;
mod event;
mod header;
mod mirror;
mod observation;
mod policy;
mod run;
mod scalar;
mod test;
mod value;
mod verdict;
mod word;

pub use document::WireError;
pub use event::{JOURNAL_FORMAT, event_from_line, event_to_line, write_event};
pub use event::{preface, read_preface};
pub use run::{RUN_FORMAT, run_from_json, run_schema, run_to_json};

#[cfg(test)]
pub(crate) mod specimen;
#[cfg(test)]
mod tests;
