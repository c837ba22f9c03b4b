//! The service: HTTP/1.1 in front, the database behind the connector and a cache beside it, three agents inside.

mod about;
mod access;
mod accounts;
mod agents;
mod business;
mod chat;
mod cors;
mod endpoints;
mod health;
mod limits;
mod reply;
mod server;
mod store;
mod tokens;

pub(super) use limits::Limits;
pub(super) use server::{Config, Server};
pub(super) use tokens::{AUDIENCE, ISSUER};
