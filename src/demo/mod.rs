//! The embedded environment: a service, its database and the connector between them, on 127.0.0.1 and in this process, with
//! faults that can be switched on.
//!
//! It is what `allclear run` looks at when nobody has an environment at hand, and what the shipped suites are tested against:
//! each [`Fault`] breaks one thing, and the tests that look at that thing must turn red. It shares no code with what it is
//! used to test, so a mistake in a probe cannot hide behind the same mistake here.
//!
//! ```text
//! HTTP, HTTPS ──► service ──► connector ──► database (line protocol) ──► SQLite file
//!                        └──► cache (Redis protocol)
//! HTTPS ──► control: always whole, what a look from here to elsewhere finds
//! ```

mod cache;
mod certificates;
mod connector;
mod control;
mod database;
mod directory;
mod environment;
mod fault;
mod service;
mod tasks;

pub use certificates::CertificateError;
pub use environment::{Environment, StartError, VARIABLES};
pub use fault::Fault;
