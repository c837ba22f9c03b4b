//! One request and its answer.

use std::error::Error;
use std::io;
use std::sync::Arc;

use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use hyper::{Response, StatusCode, Version, header::HeaderMap};
use nix::errno::Errno;
use rustls::ClientConfig;
use tokio::time::{Instant, timeout_at};

use super::connection::Connection;
use super::connections::Connections;
use super::prepared::Prepared;
use crate::model::{
    Connections as Kept, FaultKind, HttpFault, Origin, Phase, ProbeError, Stopped, Unable,
};
use crate::probe::Context;
use crate::probe::look::{Halt, Look};
use crate::probe::net::{self, Opened};

/// An answer whose head was read.
pub(in crate::probe) struct Answer {
    pub(in crate::probe) status: StatusCode,
    pub(in crate::probe) version: Version,
    pub(in crate::probe) headers: HeaderMap,
    body: Incoming,
    connection: Connection,
    first_byte: Instant,
}

/// Sends a request and reads the head of its answer, over a kept connection if there is one, else over a new one.
///
/// A kept connection may have been closed in the moment it is used. That says nothing about the target, so the request is sent
/// once more over a new connection if nothing of it was written, or if no byte came back and sending it twice does no harm
/// (RFC 9110 §9.2.2).
pub(in crate::probe) async fn ask(
    look: &mut Look<'_>,
    prepared: &Prepared,
    tls: Option<Arc<ClientConfig>>,
) -> Result<Answer, Stopped> {
    if let Some(kept) = kept(look.ctx).take(&prepared.target).await {
        match send(look, prepared, kept).await {
            Ok(answer) => return Ok(answer),
            Err(failed) if !failed.may_be_sent_again => {
                return Err(failed.stop(look));
            }
            Err(_) => {}
        }
    }
    let connection = connect(look, prepared, tls).await?;
    match send(look, prepared, connection).await {
        Ok(answer) => Ok(answer),
        Err(failed) => Err(failed.stop(look)),
    }
}

/// What TLS needs, if the target wants it. Asked for before the clock of the look starts: reading the system's certificates
/// is not the target's time.
pub(in crate::probe) async fn tls_for(
    ctx: &Context,
    prepared: &Prepared,
) -> Result<Option<Arc<ClientConfig>>, ProbeError> {
    if prepared.target.is_tls {
        ctx.shared.tls.get(&prepared.tls).await.map(Some)
    } else {
        Ok(None)
    }
}

fn kept(ctx: &Context) -> &Connections {
    match ctx.connections {
        Kept::Fresh => &ctx.attempt.http,
        Kept::Reuse => &ctx.shared.http,
    }
}

async fn connect(
    look: &mut Look<'_>,
    prepared: &Prepared,
    tls: Option<Arc<ClientConfig>>,
) -> Result<Connection, Stopped> {
    let target = &prepared.target;
    let Opened { stream, remote } =
        net::open(look, &target.host, target.port, &prepared.resolving).await?;
    let stream = match tls {
        None => stream,
        Some(config) => net::handshake(look, config, &target.host, stream).await?,
    };
    Connection::new(stream, target.clone(), remote)
        .await
        .map_err(|error| look.stop(Phase::FirstByte, halt_of(&error, false)))
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
    let asking = connection.sender.try_send_request(prepared.request());
    let outcome = timeout_at(look.ctx.deadline, connection.driver.along(asking)).await;
    let first_byte = connection.meter.first_byte();
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
            let halt = halt_of(telling(error, cause), has_begun);
            let again = !has_begun && (!was_written || prepared.is_idempotent());
            return Err(failed(phase_of(has_begun), halt, again));
        }
        Err(_) => {
            let (phase, late) = match (has_begun, connection.meter.is_stuck()) {
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
    net::see_remote(look, connection.remote);
    let (head, body) = response.into_parts();
    Ok(Answer {
        status: head.status,
        version: head.version,
        headers: head.headers,
        body,
        connection,
        first_byte,
    })
}

impl Answer {
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
        let reading = connection.driver.along(take(&mut body, most, read));
        let outcome = timeout_at(look.ctx.deadline, reading).await;
        look.passed(Phase::Body, first_byte.elapsed());
        match outcome {
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
                Err(halt_of(telling(&error, cause), true))
            }
            Err(_) => Err(look.too_late(FaultKind::Http(HttpFault::TimeoutBody))),
        }
    }
}

/// Why a body was not read whole.
enum Cut {
    TooLarge,
    Broken(hyper::Error),
}

async fn take(body: &mut Incoming, most: usize, read: &mut Vec<u8>) -> Result<(), Cut> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(Cut::Broken)?;
        let data: &Bytes = match frame.data_ref() {
            Some(data) => data,
            None => continue,
        };
        let room = most - read.len();
        read.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            return Err(Cut::TooLarge);
        }
    }
    Ok(())
}

fn phase_of(has_begun: bool) -> Phase {
    if has_begun {
        Phase::Body
    } else {
        Phase::FirstByte
    }
}

/// Of the two errors a broken connection leaves, the one that says more.
fn telling<'e>(error: &'e hyper::Error, cause: Option<&'e hyper::Error>) -> &'e hyper::Error {
    match cause {
        Some(cause) if error.is_canceled() || error.is_closed() => cause,
        _ => error,
    }
}

/// What broke an exchange, by the typed signal below it. `has_begun`: bytes of the answer had come.
fn halt_of(error: &hyper::Error, has_begun: bool) -> Halt {
    let (reset, closed) = if has_begun {
        (HttpFault::ResetBody, HttpFault::ClosedBody)
    } else {
        (HttpFault::ResetFirstByte, HttpFault::ClosedFirstByte)
    };
    let http = |fault, words: &str| Halt::fault(FaultKind::Http(fault), words);
    let closed = || {
        http(
            closed,
            if has_begun {
                "closed in the middle of the answer"
            } else {
                "closed before the first byte of the answer"
            },
        )
    };
    if let Some(cause) = stream_error(error) {
        if let Some(cause) = net::tls_error(cause) {
            return net::tls_halt(cause);
        }
        return match (cause.raw_os_error().map(Errno::from_raw), cause.kind()) {
            (Some(errno @ (Errno::ECONNRESET | Errno::EPIPE | Errno::ECONNABORTED)), _) => {
                http(reset, "the peer reset the connection").by(Origin::Errno(errno as i32))
            }
            (Some(_), _) => net::socket_halt(cause, "exchanging"),
            (None, io::ErrorKind::UnexpectedEof) => closed(),
            (None, _) => http(HttpFault::Protocol, &cause.to_string()),
        };
    }
    if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
        return closed();
    }
    if error.is_user() {
        return Halt::unable(
            Unable::Value,
            format!("the request cannot be sent: {error}"),
        );
    }
    http(
        HttpFault::Protocol,
        &format!("what came is not HTTP: {error}"),
    )
}

fn stream_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e io::Error> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref() {
            return Some(found);
        }
        next = cause.source();
    }
    None
}
