//! A server: over a session that is kept, or a new one.

use tokio::time::Instant;

use super::{Leaves, Sql, dialect, mysql, postgres};
use crate::model::{Connections, FaultKind, Phase, SqlFault, Stopped, Value};
use crate::probe::database::{Limits, Server, Session, knock};
use crate::probe::look::Look;

/// Knocks; or logs in unless a session is kept, asks, and keeps it.
pub(super) async fn look_at(
    look: &mut Look<'_>,
    keys: &Sql,
    server: &Server,
) -> Result<(), Stopped> {
    if keys.knock {
        let offers_tls = knock(look, server).await?;
        look.fact("offers_tls", Value::Bool(offers_tls));
        return Ok(());
    }
    let mut session = if let Some(session) = kept(look, server).await {
        session
    } else {
        if let Some(settings) = server.tls_settings() {
            // Certificates are read once, and that is not the server's time.
            look.ctx.shared.tls.get(&settings).await?;
        }
        let started = Instant::now();
        let session = Session::open(look, server).await?;
        look.fact("connect_latency", Value::Duration(started.elapsed()));
        session
    };
    look.fact("engine", Value::Text(session.engine().to_owned()));
    let version = session.server_version().map(str::to_owned);
    if let Some(version) = version {
        look.fact("server_version", Value::Text(version));
    }
    let tls = session.tls().map(str::to_owned);
    look.fact("tls", tls.map_or(Value::Null, Value::Text));
    match ask(look, keys, &mut session).await {
        Ok(()) => keep(look, keys, server, session).await,
        Err(stopped) => {
            session.close().await;
            return Err(stopped);
        }
    }
    Ok(())
}

async fn ask(look: &mut Look<'_>, keys: &Sql, session: &mut Session) -> Result<(), Stopped> {
    match session {
        Session::Postgres(session) => postgres::look_at(look, keys, session).await?,
        Session::MySql(session) => mysql::look_at(look, keys, session).await?,
    }
    if keys.rollback {
        return Ok(());
    }
    // Only now is it known that everything succeeded.
    let nothing = Limits { rows: 0, bytes: 0 };
    let committing = session.ask("COMMIT", nothing);
    let late = FaultKind::Sql(SqlFault::TimeoutQuery);
    look.phase(Phase::Query, late, committing).await.map(|_| ())
}

/// A step of this attempt may have left one, and if connections are to be reused another attempt.
async fn kept(look: &Look<'_>, server: &Server) -> Option<Session> {
    let ctx = look.ctx;
    match ctx.attempt.databases.take(server).await {
        None if ctx.connections == Connections::Reuse => ctx.shared.databases.take(server).await,
        known => known,
    }
}

/// Others than the steps of this attempt get only what is as new.
async fn keep(look: &Look<'_>, keys: &Sql, server: &Server, mut session: Session) {
    let ctx = look.ctx;
    let leaves = keys.leaves(dialect::of(server.engine));
    match (ctx.connections, leaves) {
        (Connections::Reuse, Leaves::Nothing) => ctx.shared.databases.put(server, session).await,
        (Connections::Reuse, Leaves::Little) => {
            ctx.shared.databases.put_for_others(server, session).await;
        }
        _ => {
            session.forget();
            ctx.attempt.databases.put(server, session).await;
        }
    }
}
