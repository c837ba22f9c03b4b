//! SAYING WHY: which layer a failure is of, whose it is, and which few causes explain the many failures of a run.
//!
//! Pure: no clock, no files. The same record and rules give the same diagnosis, byte for byte; it is never part of the verdict.
//! Rules are data (`rules.yaml`); each failed instance gets the first one that its evidence matches,
//! and the rest of the run changes its words.

mod address;
mod advice;
mod candidates;
mod causes;
mod classify;
mod commands;
mod control;
mod cover;
mod diagnose;
#[cfg(test)]
mod examples;
mod explain;
mod family;
mod graph;
mod lint;
mod mention;
mod modifiers;
mod nested;
mod passes;
mod pointed;
mod probe_kind;
mod reach;
mod refute;
mod resource;
mod rule;
mod rules;
mod seen;
mod short;
mod signal;
mod sound;
mod timeouts;
mod uses;
mod vocabulary;
mod why;

pub use diagnose::diagnose;
pub use explain::{Explained, Subject, explain, page};
pub use rule::Rule;
pub use rules::Rules;
pub use signal::Signal;
pub use vocabulary::{reference, rules_schema};
