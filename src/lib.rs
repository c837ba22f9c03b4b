//! **allclear** proves that an environment is healthy after an infrastructure change.
//!
//! The whole program in one breath: a suite is planned, probes look, checks judge, diagnosis explains, the gate decides, reports
//! tell. Each verb is one room, listed here in reading order; `docs/architecture.md` says which may import which.

// What everybody speaks, and how text becomes it.
pub mod model;
pub mod yaml;

pub mod template;

pub mod statistics;

// Planned …
pub mod suite;

pub mod settings;

pub mod plan;

// … looked at, judged …
pub mod runner;

pub mod probe;

pub mod check;

// … decided …
pub mod gate;

// … explained …
pub mod diagnosis;

// … told, and kept.
pub mod wire;

pub mod journal;

pub mod report;

// One validation, and its doors.
pub mod demo;

pub mod validation;

pub mod libtest;

pub mod cli;
