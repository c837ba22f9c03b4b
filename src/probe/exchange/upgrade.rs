//! From HTTP/1.1 to another protocol over the same connection (RFC 9110 §7.8).

use std::time::Duration;

use http_body_util::BodyExt;
use hyper::StatusCode;
use hyper::body::{Bytes, Incoming};
use hyper::header::HeaderMap;
use tokio::time::Instant;
use tokio::time::timeout_at;

use super::broken::{halt_of, telling};
use super::connect::{Security, connect};
use super::connection::Connection;
use super::cookies;
use super::prepared::Prepared;
use super::room;
use super::route::Place;
use crate::model::{FaultKind, HttpFault, Phase, Stopped, Value, WebSocketFault};
use crate::probe::Context;
use crate::probe::look::{Halt, Look};
use crate::probe::net::Stream;

/// What was answered to the wish to switch.
pub(in crate::probe) enum Upgrade {
    /// 101: from now on it is the other protocol.
    Switched(Switched),
    /// Any other answer.
    Refused(Box<Refused>),
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

/// An answer that is no switch, whose head was read.
pub(in crate::probe) struct Refused {
    pub(in crate::probe) status: StatusCode,
    pub(in crate::probe) headers: HeaderMap,
    body: Incoming,
    connection: Connection,
}

/// What explains a refusal is short, and comes at once.
const MOST_WHY: usize = 64 * 1024;
const WHY: Duration = Duration::from_secs(1);

impl Refused {
    /// The beginning of its body, as far as it comes within a second.
    pub(in crate::probe) async fn read(self, ctx: &Context) -> Vec<u8> {
        let Self {
            mut body,
            mut connection,
            ..
        } = self;
        let mut read = Vec::new();
        let reading = connection.driver.along(async {
            while let Some(Ok(frame)) = body.frame().await {
                if let Some(data) = frame.data_ref()
                    && !room::add(&mut read, data, MOST_WHY)
                {
                    break;
                }
            }
        });
        let ends = ctx.deadline.min(Instant::now() + WHY);
        let _ = timeout_at(ends, reading).await;
        read
    }
}

/// Opens a connection of its own and asks to switch, as the phase `upgrade`. Through a proxy it goes by a tunnel, also without TLS
/// (RFC 6455 §4.1); [`Spoken::Switched`](super::Spoken) says so.
pub(in crate::probe) async fn upgrade(
    look: &mut Look<'_>,
    prepared: &Prepared,
    security: &Security,
) -> Result<Upgrade, Stopped> {
    let place = Place {
        route: prepared.route(),
        proxy: prepared.proxy(look.ctx)?,
    };
    if let Some(proxy) = &place.proxy {
        look.fact("proxy", Value::Text(proxy.authority()));
    }
    let connection = Box::pin(connect(look, prepared, security, place)).await?;
    let late = FaultKind::WebSocket(WebSocketFault::TimeoutUpgrade);
    let switching = switch(look.ctx, prepared, connection);
    look.phase(Phase::Upgrade, late, switching).await
}

async fn switch(
    ctx: &Context,
    prepared: &Prepared,
    mut connection: Connection,
) -> Result<Upgrade, Halt> {
    let started = Instant::now();
    connection.meter.reset();
    let request = prepared.request(&connection, cookies::of(ctx, prepared))?;
    let asking = connection.sender.send(request);
    let response = match connection.driver.along(asking).await {
        Ok(response) => response,
        Err(refused) => {
            let has_begun = connection.first_byte().is_some();
            let error = telling(refused.error(), connection.driver.error.as_ref());
            let halt = halt_of(error, has_begun, Some(&connection.meter));
            return Err(of_the_handshake(halt));
        }
    };
    connection.meter.answered();
    let took = started.elapsed();
    let (head, body) = response.into_parts();
    cookies::keep(ctx, prepared, &head.headers);
    if head.status != StatusCode::SWITCHING_PROTOCOLS {
        return Ok(Upgrade::Refused(Box::new(Refused {
            status: head.status,
            headers: head.headers,
            body,
            connection,
        })));
    }
    match connection.into_stream().await {
        Some((stream, early)) => Ok(Upgrade::Switched(Switched {
            headers: head.headers,
            stream,
            early,
            took,
        })),
        None => Err(lost("the connection ended with the answer")),
    }
}

fn lost(words: &str) -> Halt {
    Halt::fault(FaultKind::WebSocket(WebSocketFault::Lost), words)
}

/// What broke a request is told as what broke the handshake.
fn of_the_handshake(halt: Halt) -> Halt {
    match halt {
        Halt::Fault {
            kind: FaultKind::Http(fault),
            message,
            origin,
        } => {
            let fault = match fault {
                HttpFault::Protocol => WebSocketFault::Handshake,
                _ => WebSocketFault::Lost,
            };
            Halt::Fault {
                kind: FaultKind::WebSocket(fault),
                message,
                origin,
            }
        }
        Halt::Fault {
            kind: FaultKind::Tcp(_),
            message,
            origin,
        } => Halt::Fault {
            kind: FaultKind::WebSocket(WebSocketFault::Lost),
            message,
            origin,
        },
        other => other,
    }
}
