//! The database: an SQLite file, and a small server that speaks a line protocol in front of it.

mod file;
mod messages;
mod server;

pub(super) use file::{ENVIRONMENT, File};
pub(super) use server::start;
