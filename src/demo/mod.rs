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
//!
//! Beside it there is a service that is started and ended by those who look at starts: a process of its own, this very
//! program with [`SERVICE_FLAG`] as its first argument, of which [`startup_service`] is told first.

mod cache;
mod certificates;
mod connector;
mod control;
mod database;
mod directory;
mod environment;
mod fault;
mod service;
mod startup;
mod tasks;

pub use certificates::CertificateError;
pub use environment::{Environment, StartError, VARIABLES};
pub use fault::Fault;
pub use startup::{SERVICE_FLAG, startup_service};
