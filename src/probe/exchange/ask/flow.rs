//! A body that is read as it comes.

use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use tokio::time::Instant;

use super::{Answer, given_up, halt_of, is_given_up, kept, telling};
use crate::probe::Context;
use crate::probe::exchange::aside::fields;
use crate::probe::exchange::connection::Connection;
use crate::probe::look::Halt;

/// The body of an answer, piece by piece. Dropping it closes the connection.
pub(in crate::probe) struct Flow {
    body: Incoming,
    connection: Connection,
    trailers: Vec<String>,
}

impl Answer {
    /// When its request was begun to be sent.
    pub(in crate::probe) fn asked(&self) -> Instant {
        self.asked
    }

    /// When its first byte came.
    pub(in crate::probe) fn began(&self) -> Instant {
        self.first_byte
    }

    /// Its body, to be read as it comes.
    pub(in crate::probe) fn into_flow(self) -> Flow {
        Flow {
            body: self.body,
            connection: self.connection,
            trailers: Vec::new(),
        }
    }
}

impl Flow {
    /// The next bytes, `None` when there are no more. Not bounded in time: whoever stops waiting loses nothing that came.
    pub(in crate::probe) async fn next(&mut self) -> Result<Option<Bytes>, Halt> {
        let Self {
            body,
            connection,
            trailers,
        } = self;
        loop {
            match connection.driver.along(body.frame()).await {
                None if is_given_up(connection, body) => return Err(given_up()),
                None => return Ok(None),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => return Ok(Some(data)),
                    Err(frame) => {
                        trailers.extend(frame.trailers_ref().map(fields).into_iter().flatten());
                    }
                },
                Some(Err(error)) => {
                    let cause = connection.driver.error.as_ref();
                    let wire = Some(&*connection.meter);
                    return Err(halt_of(telling(&error, cause), true, wire));
                }
            }
        }
    }

    /// The fields behind the body, each a line.
    pub(in crate::probe) fn take_trailers(&mut self) -> Vec<String> {
        std::mem::take(&mut self.trailers)
    }

    /// Keeps the connection of a body that was read to its end.
    pub(in crate::probe) async fn keep(self, ctx: &Context) {
        kept(ctx).put(self.connection).await;
    }
}
