//! The program seen from outside: what it says, writes and leaves with.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking"
)]

mod actors;
mod check;
mod cold;
mod demo;
mod events;
mod exit;
mod explain;
mod features;
mod init;
mod limits;
mod list;
mod log;
mod look_on_fail;
mod report;
mod rules;
mod run;
mod samples;
mod secrets;
mod startup_service;

#[expect(dead_code, unused_imports, reason = "each test binary uses its part")]
#[path = "../support/mod.rs"]
mod support;
