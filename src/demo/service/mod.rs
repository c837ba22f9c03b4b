//! The service: HTTP/1.1 in front, the database behind the connector, three agents inside.

mod agents;
mod endpoints;
mod reply;
mod server;
mod store;

pub(super) use server::{Config, Server};
