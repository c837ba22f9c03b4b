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
    let (mut session, source) = if let Some(known) = kept(look, server).await {
        known
    } else {
        if let Some(settings) = server.tls_settings() {
            // Certificates are read once, and that is not the server's time.
            look.ctx.shared.tls.get(&settings).await?;
        }
        let started = Instant::now();
        let session = Session::open(look, server).await?;
        look.fact("connect_latency", Value::Duration(started.elapsed()));
        (session, Source::New)
    };
    look.fact("engine", Value::Text(session.engine().to_owned()));
    let version = session.server_version().map(str::to_owned);
    if let Some(version) = version {
        look.fact("server_version", Value::Text(version));
    }
    let tls = session.tls().map(str::to_owned);
    look.fact("tls", tls.map_or(Value::Null, Value::Text));
    match ask(look, keys, &mut session).await {
        Ok(()) => keep(look, keys, server, session, source).await,
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

/// Where a session comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// We logged in.
    New,
    /// Another attempt kept it for others, and it is as new.
    Others,
    /// A step of this attempt kept it for the next, with whatever it left there.
    Step,
}

/// A step of this attempt may have left one, and if connections are to be reused another attempt.
async fn kept(look: &Look<'_>, server: &Server) -> Option<(Session, Source)> {
    let ctx = look.ctx;
    if let Some(session) = ctx.attempt.databases.take(server).await {
        return Some((session, Source::Step));
    }
    if ctx.connections != Connections::Reuse {
        return None;
    }
    let session = ctx.shared.databases.take(server).await?;
    Some((session, Source::Others))
}

/// Others than the steps of this attempt get only what is as new. What one of these left is there still, however little the next
/// one leaves; and what it is then asked about itself is no matter of others either.
async fn keep(look: &Look<'_>, keys: &Sql, server: &Server, mut session: Session, source: Source) {
    let ctx = look.ctx;
    let leaves = keys.leaves(dialect::of(server.engine));
    match (ctx.connections, source, leaves) {
        (Connections::Reuse, Source::New | Source::Others, Leaves::Nothing) => {
            ctx.shared.databases.put(server, session).await;
        }
        (Connections::Reuse, Source::New | Source::Others, Leaves::Little) => {
            ctx.shared.databases.put_for_others(server, session).await;
        }
        (Connections::Reuse, Source::New | Source::Others, Leaves::Traces)
        | (Connections::Reuse, Source::Step, _)
        | (Connections::Fresh, _, _) => {
            session.forget();
            ctx.attempt.databases.put(server, session).await;
        }
    }
}
