//! Telling what happened, in the words and formats of those who read it.
//!
//! A report is one file with a `FORMAT` and a line in [`FORMATS`]. Formats are pure functions of the finished run, so a
//! run read back from disk reports exactly like a fresh one. No report counts, decides, or knows that probes exist.

mod by_actor;
mod catalogue;
mod console;
mod explained;
mod facts;
mod failure;
mod github;
mod handoff;
mod json;
mod jsonl;
mod junit;
mod live;
mod request;
mod rerun;
mod retold;
mod sample;
mod style;
mod visible;
mod wording;
mod write;

pub use catalogue::{codes_page, codes_text};
pub use console::causes;
pub use failure::instance;
pub use live::Live;
pub use request::{Destination, Request, RequestError};
pub use retold::retold;
pub use style::{Detail, Style};
pub use write::{Lost, LostCause, check_writable, write_all};

use crate::model::FinishedRun;

/// A way of telling a finished run.
#[derive(Debug)]
pub struct Format {
    /// What `--report` calls it.
    pub name: &'static str,
    /// One line for `--help`.
    pub help: &'static str,
    /// What files of it end in.
    pub extension: &'static str,
    /// Tells the run. Pure: the same run and style give the same text.
    pub render: fn(&FinishedRun, Style) -> String,
}

/// Every format, in the order `--help` lists them.
pub const FORMATS: &[Format] = &[
    console::FORMAT,
    junit::FORMAT,
    json::FORMAT,
    jsonl::FORMAT,
    github::FORMAT,
    handoff::FORMAT,
];

impl Format {
    /// The format of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        FORMATS.iter().find(|format| format.name == name)
    }
}
