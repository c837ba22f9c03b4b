//! One connection, driven by whoever uses it: no task of its own, so nothing is left running and little is switched.

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context as Poller, Poll};

use futures_util::future::Either;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{TrySendError, http1, http2};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::time::Instant;

use super::crew::{Crew, Recruiter};
use super::frames::Frames;
use super::meter::{Meter, Metered};
use super::route::Place;
use crate::probe::net::Stream;

/// The head of an answer may have so many bytes.
const MOST_HEAD: u32 = 256 * 1024;

/// So many bytes of a body may be on their way in HTTP/2 before we have read them.
const WINDOW: u32 = 1024 * 1024;

type Body = Full<Bytes>;
type Io = TokioIo<Metered>;

/// An open connection.
#[derive(Debug)]
pub(in crate::probe) struct Connection {
    pub(super) sender: Sender,
    pub(super) driver: Driving,
    pub(super) meter: Arc<Meter>,
    pub(super) place: Place,
    pub(super) remote: SocketAddr,
}

impl Connection {
    /// Speaks HTTP/1.1 over a stream; nothing is sent yet.
    pub(super) async fn http1(
        stream: Stream,
        place: Place,
        remote: SocketAddr,
    ) -> Result<Self, hyper::Error> {
        let (io, meter) = metered(stream, None);
        let (sender, driver) = http1::Builder::new()
            .max_buf_size(MOST_HEAD as usize)
            .handshake(io)
            .await?;
        Ok(Self {
            sender: Sender::Http1(sender),
            driver: Driving {
                running: Some(Driver::Http1(Box::new(driver))),
                ended: None,
                crew: None,
                error: None,
            },
            meter,
            place,
            remote,
        })
    }

    /// Speaks HTTP/2 over a stream; our preface is written (RFC 9113 §3.4).
    pub(super) async fn http2(
        stream: Stream,
        place: Place,
        remote: SocketAddr,
    ) -> Result<Self, hyper::Error> {
        let (io, meter) = metered(stream, Some(Frames::new()));
        let crew = Crew::default();
        let (sender, driver) = http2::Builder::new(crew.recruiter())
            .max_header_list_size(MOST_HEAD)
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .handshake(io)
            .await?;
        Ok(Self {
            sender: Sender::Http2(sender),
            driver: Driving {
                running: Some(Driver::Http2(driver)),
                ended: None,
                crew: Some(crew),
                error: None,
            },
            meter,
            place,
            remote,
        })
    }

    pub(super) fn is_http2(&self) -> bool {
        matches!(self.sender, Sender::Http2(_))
    }

    /// When the first byte of the answer came. In HTTP/2 the peer speaks before it answers, so bytes say nothing there.
    pub(super) fn first_byte(&self) -> Option<Instant> {
        match self.sender {
            Sender::Http1(_) => self.meter.first_byte(),
            Sender::Http2(_) => None,
        }
    }

    /// Whether the peer has not taken all of a request with a body of this length.
    pub(super) fn is_sending(&self, length: usize) -> bool {
        self.meter.is_stuck() || self.is_http2() && self.meter.body_sent() < length as u64
    }

    /// The stream below, and what was read of it and not yet looked at, once both sides have agreed on another protocol than
    /// HTTP/1.1; `None` when it broke.
    pub(super) async fn into_stream(mut self) -> Option<(Stream, Bytes)> {
        self.driver.end().await;
        match self.driver {
            Driving {
                ended: Some(Driver::Http1(driver)),
                error: None,
                ..
            } => {
                let parts = driver.into_parts();
                Some((parts.io.into_inner().stream, parts.read_buf))
            }
            _ => None,
        }
    }

    /// Whether another request can be sent: the last answer was read whole and the peer has not closed.
    pub(super) async fn is_usable(&mut self) -> bool {
        // One turn of the driver notices the end of the last answer, and a close that has already come.
        self.driver.along(async {}).await;
        self.driver.running.is_some() && self.sender.is_ready()
    }
}

fn metered(stream: Stream, frames: Option<Frames>) -> (Io, Arc<Meter>) {
    let meter = Arc::new(Meter::new());
    let io = TokioIo::new(Metered {
        stream,
        meter: meter.clone(),
        frames,
    });
    (io, meter)
}

/// The half of a connection that takes requests.
#[derive(Debug)]
pub(super) enum Sender {
    Http1(http1::SendRequest<Body>),
    Http2(http2::SendRequest<Body>),
}

impl Sender {
    fn is_ready(&self) -> bool {
        match self {
            Self::Http1(sender) => sender.is_ready(),
            Self::Http2(sender) => sender.is_ready() && !sender.is_closed(),
        }
    }

    /// Sends a request; it comes back when nothing of it was written.
    pub(super) fn send(
        &mut self,
        request: Request<Body>,
    ) -> impl Future<Output = Result<Response<Incoming>, TrySendError<Request<Body>>>> {
        match self {
            Self::Http1(sender) => Either::Left(sender.try_send_request(request)),
            Self::Http2(sender) => Either::Right(sender.try_send_request(request)),
        }
    }
}

#[derive(Debug)]
enum Driver {
    Http1(Box<http1::Connection<Io, Body>>),
    Http2(http2::Connection<Io, Body, Recruiter>),
}

/// The half of a connection that moves bytes.
#[derive(Debug)]
pub(super) struct Driving {
    running: Option<Driver>,
    /// One that is through with HTTP.
    ended: Option<Driver>,
    /// In HTTP/2, what moves frames.
    crew: Option<Crew>,
    /// How it ended, when it ended badly.
    pub(super) error: Option<hyper::Error>,
}

impl Driving {
    /// Moves bytes while `work` waits for them.
    pub(super) async fn along<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|poller| {
            self.turn(poller);
            work.as_mut().poll(poller)
        })
        .await
    }

    /// Moves what can be moved now.
    fn turn(&mut self, poller: &mut Poller<'_>) {
        let ended = match &mut self.running {
            None => Poll::Pending,
            Some(Driver::Http1(driver)) => Pin::new(&mut **driver).poll(poller),
            Some(Driver::Http2(driver)) => Pin::new(driver).poll(poller),
        };
        if let Poll::Ready(ended) = ended {
            self.ended = self.running.take();
            self.error = ended.err();
        }
        if let Some(crew) = &mut self.crew {
            crew.poll(poller);
        }
    }

    /// Moves bytes until no more HTTP is spoken.
    async fn end(&mut self) {
        poll_fn(|poller| {
            self.turn(poller);
            match self.running {
                Some(_) => Poll::Pending,
                None => Poll::Ready(()),
            }
        })
        .await;
    }
}
