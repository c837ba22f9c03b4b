//! PostgreSQL, spoken over a stream of ours (<https://www.postgresql.org/docs/current/protocol.html>): the format of messages is
//! `postgres-protocol`'s, the exchange is ours, so that each part of it is a phase with its own faults.

mod ask;
mod auth;
mod cancel;
mod login;
mod said;
mod scram;
mod session;
mod ssl_request;
mod value;
mod wire;

pub(in crate::probe) use ask::Asked;
pub(in crate::probe) use login::{knock, refusal};
pub(super) use scram::KnownKeys;
pub(in crate::probe) use session::{Remembered, Session};
pub(in crate::probe) use ssl_request::{Offer, ask_for_tls};
