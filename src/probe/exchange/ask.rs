//! One request and its answer.

mod flow;

use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Incoming};
use hyper::{Response, StatusCode, Version, header::HeaderMap};
use tokio::time::{Instant, timeout_at};

use super::aside::{Aside, fields};
use super::broken::{halt_of, telling};
use super::connect::{Security, connect};
use super::connection::Connection;
use super::connections::Connections;
use super::cookies;
use super::prepared::Prepared;
use super::room;
use super::route::Place;
use crate::model::{Connections as Kept, FaultKind, HttpFault, Phase, Stopped, Value};
use crate::probe::Context;
use crate::probe::look::{Halt, Look};
use crate::probe::net;

pub(in crate::probe) use flow::Flow;

/// So much of a redirect's body is read, so that its connection can be used again.
const MOST_PASSED_OVER: usize = 64 * 1024;

/// An answer whose head was read.
pub(in crate::probe) struct Answer {
    pub(in crate::probe) status: StatusCode,
    pub(in crate::probe) version: Version,
    pub(in crate::probe) headers: HeaderMap,
    pub(super) body: Incoming,
    pub(super) connection: Connection,
    /// When it was begun to be sent.
    pub(super) asked: Instant,
    pub(super) first_byte: Instant,
}

/// Sends a request and reads the head of its answer, over a kept connection if there is one, else over a new one.
///
/// A kept connection may have been closed in the moment it is used. That says nothing about the target, so the request is sent
/// once more over a new connection if nothing of it was written, or if no byte came back and sending it twice does no harm
/// (RFC 9110 §9.2.2).
pub(in crate::probe) async fn ask(
    look: &mut Look<'_>,
    prepared: &Prepared,
    security: &Security,
) -> Result<Answer, Stopped> {
    let place = Place {
        route: prepared.route(),
        proxy: prepared.proxy(look.ctx)?,
    };
    if let Some(proxy) = &place.proxy {
        look.fact("proxy", Value::Text(proxy.authority()));
    }
    if let Some(kept) = kept(look.ctx).take(&place).await {
        match send(look, prepared, kept).await {
            Ok(answer) => {
                // Over a new connection this was seen when it was opened.
                net::see_remote(look, answer.connection.remote);
                return Ok(answer);
            }
            Err(failed) if !failed.may_be_sent_again => {
                return Err(failed.stop(look));
            }
            Err(_) => {}
        }
    }
    // Boxed: most looks of a long run find a connection that was kept, and need no room for all that it takes to make one.
    let connection = Box::pin(connect(look, prepared, security, place)).await?;
    match send(look, prepared, connection).await {
        Ok(answer) => Ok(answer),
        Err(failed) => Err(failed.stop(look)),
    }
}

fn kept(ctx: &Context) -> &Connections {
    match ctx.connections {
        Kept::Fresh => &ctx.attempt.http,
        Kept::Reuse => &ctx.shared.http,
    }
}

/// Why no answer came.
struct Failed {
    phase: Phase,
    halt: Halt,
    started: Instant,
    first_byte: Option<Instant>,
    may_be_sent_again: bool,
}

impl Failed {
    fn stop(self, look: &mut Look<'_>) -> Stopped {
        match self.first_byte {
            Some(came) => {
                look.passed(Phase::FirstByte, came.duration_since(self.started));
                look.passed(self.phase, came.elapsed());
            }
            None => look.passed(self.phase, self.started.elapsed()),
        }
        look.stop(self.phase, self.halt)
    }
}

async fn send(
    look: &mut Look<'_>,
    prepared: &Prepared,
    mut connection: Connection,
) -> Result<Answer, Failed> {
    let started = Instant::now();
    connection.meter.reset();
    let cookie = cookies::of(look.ctx, prepared);
    let mut request = match prepared.request(&connection, cookie) {
        Ok(request) => request,
        Err(halt) => {
            return Err(Failed {
                phase: Phase::Send,
                halt,
                started,
                first_byte: None,
                may_be_sent_again: false,
            });
        }
    };
    let aside = Aside::of(look.ctx, &mut request);
    let asking = connection.sender.send(request);
    let outcome = timeout_at(look.ctx.deadline, connection.driver.along(asking)).await;
    let first_byte = connection.first_byte();
    let has_begun = first_byte.is_some();
    let failed = |phase, halt, may_be_sent_again| Failed {
        phase,
        halt,
        started,
        first_byte,
        may_be_sent_again,
    };
    let response: Response<Incoming> = match outcome {
        Ok(Ok(response)) => response,
        Ok(Err(mut refused)) => {
            let was_written = refused.take_message().is_none();
            let error = refused.error();
            let cause = connection.driver.error.as_ref();
            let halt = halt_of(telling(error, cause), has_begun, Some(&connection.meter));
            let again =
                !has_begun && (!was_written || prepared.is_idempotent()) && !has_reason(&halt);
            return Err(failed(phase_of(has_begun), halt, again));
        }
        Err(_) => {
            let (phase, late) = match (has_begun, connection.is_sending(prepared.body().len())) {
                (true, _) => (Phase::Body, HttpFault::TimeoutBody),
                (false, true) => (Phase::Send, HttpFault::TimeoutSend),
                (false, false) => (Phase::FirstByte, HttpFault::TimeoutFirstByte),
            };
            let halt = look.too_late(FaultKind::Http(late));
            return Err(failed(phase, halt, false));
        }
    };
    connection.meter.answered();
    let first_byte = first_byte.unwrap_or_else(Instant::now);
    look.passed(Phase::FirstByte, first_byte.duration_since(started));
    let (head, body) = response.into_parts();
    cookies::keep(look.ctx, prepared, &head.headers);
    match aside.told(&head) {
        Ok(told) => look.beside(told),
        Err(halt) => {
            return Err(Failed {
                phase: Phase::Body,
                halt,
                started,
                first_byte: Some(first_byte),
                may_be_sent_again: false,
            });
        }
    }
    Ok(Answer {
        status: head.status,
        version: head.version,
        headers: head.headers,
        body,
        connection,
        asked: started,
        first_byte,
    })
}

impl Answer {
    /// Passes over the body of an answer that is not what was asked for. A long one costs the connection.
    pub(in crate::probe) async fn pass_over(self, look: &mut Look<'_>) -> Result<(), Stopped> {
        let mut ignored = Vec::new();
        look.beside(fields(&self.headers).collect());
        let read = self.read_body(look, MOST_PASSED_OVER, &mut ignored).await;
        look.beside(vec![String::from_utf8_lossy(&ignored).into_owned()]);
        match read {
            Ok(())
            | Err(Halt::Fault {
                kind: FaultKind::Http(HttpFault::TooLarge),
                ..
            }) => Ok(()),
            Err(halt) => Err(look.stop(Phase::Body, halt)),
        }
    }

    /// Reads the body into `read`, up to `most` bytes, as its own phase; what came before a fault stays there. A connection
    /// whose answer was read whole is kept.
    pub(in crate::probe) async fn read_body(
        self,
        look: &mut Look<'_>,
        most: usize,
        read: &mut Vec<u8>,
    ) -> Result<(), Halt> {
        let Self {
            mut body,
            mut connection,
            first_byte,
            ..
        } = self;
        let mut trailers = Vec::new();
        let taking = take(&mut body, most, read, &mut trailers);
        let outcome = timeout_at(look.ctx.deadline, connection.driver.along(taking)).await;
        look.beside(trailers);
        look.passed(Phase::Body, first_byte.elapsed());
        match outcome {
            Ok(Ok(())) if is_given_up(&connection, &body) => Err(given_up()),
            Ok(Ok(())) => {
                kept(look.ctx).put(connection).await;
                Ok(())
            }
            Ok(Err(Cut::TooLarge)) => Err(Halt::fault(
                FaultKind::Http(HttpFault::TooLarge),
                format!("the body has more than `max_body`, {most} bytes"),
            )),
            Ok(Err(Cut::Broken(error))) => {
                let cause = connection.driver.error.as_ref();
                Err(halt_of(
                    telling(&error, cause),
                    true,
                    Some(&connection.meter),
                ))
            }
            Err(_) => Err(look.too_late(FaultKind::Http(HttpFault::TimeoutBody))),
        }
    }
}

/// "No error" ends a stream or a connection of HTTP/2 also in the middle of an answer, and hyper takes that for the end of the
/// body. Only a stream that ended has all of it (RFC 9113 §8.1).
fn is_given_up(connection: &Connection, body: &Incoming) -> bool {
    connection.is_http2() && !body.is_end_stream()
}

fn given_up() -> Halt {
    Halt::fault(
        FaultKind::Http(HttpFault::ClosedBody),
        "the server gave up the stream, without an error, before the end of the answer",
    )
}

/// Why a body was not read whole.
enum Cut {
    TooLarge,
    Broken(hyper::Error),
}

async fn take(
    body: &mut Incoming,
    most: usize,
    read: &mut Vec<u8>,
    trailers: &mut Vec<String>,
) -> Result<(), Cut> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(Cut::Broken)?;
        let data: &Bytes = if let Some(data) = frame.data_ref() {
            data
        } else {
            trailers.extend(frame.trailers_ref().map(fields).into_iter().flatten());
            continue;
        };
        if !room::add(read, data, most) {
            return Err(Cut::TooLarge);
        }
    }
    Ok(())
}

/// Whether the peer said why, in HTTP/2; "no error" and "refused stream" only mean another connection (RFC 9113 §8.7).
fn has_reason(halt: &Halt) -> bool {
    let Halt::Fault { kind, .. } = halt else {
        return true;
    };
    matches!(kind, FaultKind::Http2Reset(code) | FaultKind::Http2Goaway(code) if !matches!(code, 0 | 7))
}

fn phase_of(has_begun: bool) -> Phase {
    if has_begun {
        Phase::Body
    } else {
        Phase::FirstByte
    }
}
