//! From HTTP/1.1 to another protocol over the same connection (RFC 9110 §7.8).

use std::time::Duration;

use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::HeaderMap;
use tokio::time::Instant;

use super::aside::Aside;
use super::ask::Answer;
use super::broken::{halt_of, telling};
use super::connect::{Security, connect};
use super::connection::Connection;
use super::cookies;
use super::prepared::Prepared;
use super::route::Place;
use crate::model::{FaultKind, HttpFault, Phase, Stopped, Value};
use crate::probe::Context;
use crate::probe::look::{Halt, Look};
use crate::probe::net::Stream;

/// What was answered to the wish to switch.
pub(in crate::probe) enum Upgrade {
    /// 101: from now on it is the other protocol.
    Switched(Switched),
    /// Any other answer.
    Refused(Box<Answer>),
}

/// A connection that has switched.
pub(in crate::probe) struct Switched {
    /// Those of the answer.
    pub(in crate::probe) headers: HeaderMap,
    pub(in crate::probe) stream: Stream,
    /// What came behind the answer already.
    pub(in crate::probe) early: Bytes,
    /// From the request to its answer: one way there and back, and what the peer needed.
    pub(in crate::probe) took: Duration,
}

/// Opens a connection of its own and asks to switch, as the phase `upgrade`. Through a proxy it goes by a tunnel, also without
/// TLS (RFC 6455 §4.1); [`Spoken::Switched`](super::Spoken) says so. Whoever wishes to switch says what it is called that this
/// took too long, and tells what broke the exchange in words of its own protocol.
pub(in crate::probe) async fn upgrade(
    look: &mut Look<'_>,
    prepared: &Prepared,
    security: &Security,
    late: FaultKind,
    told: fn(Halt) -> Halt,
) -> Result<Upgrade, Stopped> {
    let place = Place {
        route: prepared.route(),
        proxy: prepared.proxy(look.ctx)?,
    };
    if let Some(proxy) = &place.proxy {
        look.fact("proxy", Value::Text(proxy.authority()));
    }
    let connection = Box::pin(connect(look, prepared, security, place)).await?;
    let ctx = look.ctx;
    let switching = async { switch(ctx, prepared, connection).await.map_err(told) };
    let (upgrade, beside) = look.phase(Phase::Upgrade, late, switching).await?;
    look.beside(beside);
    Ok(upgrade)
}

async fn switch(
    ctx: &Context,
    prepared: &Prepared,
    mut connection: Connection,
) -> Result<(Upgrade, Vec<String>), Halt> {
    let started = Instant::now();
    connection.meter.reset();
    let mut request = prepared.request(&connection, cookies::of(ctx, prepared))?;
    let aside = Aside::of(ctx, &mut request);
    let asking = connection.sender.send(request);
    let response = match connection.driver.along(asking).await {
        Ok(response) => response,
        Err(refused) => {
            let has_begun = connection.first_byte().is_some();
            let error = telling(refused.error(), connection.driver.error.as_ref());
            return Err(halt_of(error, has_begun, Some(&connection.meter)));
        }
    };
    connection.meter.answered();
    let took = started.elapsed();
    let (head, body) = response.into_parts();
    cookies::keep(ctx, prepared, &head.headers);
    let beside = aside.told(&head)?;
    if head.status != StatusCode::SWITCHING_PROTOCOLS {
        let first_byte = connection.first_byte().unwrap_or_else(Instant::now);
        let refused = Upgrade::Refused(Box::new(Answer {
            status: head.status,
            version: head.version,
            headers: head.headers,
            body,
            connection,
            asked: started,
            first_byte,
        }));
        return Ok((refused, beside));
    }
    match connection.into_stream().await {
        Some((stream, early)) => {
            let switched = Upgrade::Switched(Switched {
                headers: head.headers,
                stream,
                early,
                took,
            });
            Ok((switched, beside))
        }
        None => Err(Halt::fault(
            FaultKind::Http(HttpFault::ClosedBody),
            "the connection ended with the answer",
        )),
    }
}
