//! The format, row by row: `docs/suites.md`.

mod actors;
mod files;
mod keys;
mod programs;
mod sessions;
mod shipped;
mod steps;
mod strict;
mod variables;

pub(super) use shipped::demo;
