//! Knocking: whoever is behind the door says a first word, and nobody is asked who he is.

use super::server::{Engine, Server};
use super::{mysql, postgres};
use crate::model::Stopped;
use crate::probe::look::Look;

/// Resolves, connects, and hears whether TLS is offered. Whether we would be let in is not known then.
pub(in crate::probe) async fn knock(look: &mut Look<'_>, server: &Server) -> Result<bool, Stopped> {
    match server.engine {
        Engine::Postgres => postgres::knock(look, server).await,
        Engine::MySql => mysql::knock(look, server).await,
    }
}
