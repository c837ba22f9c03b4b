//! The service's port: who listens, who answers, and the date on every answer.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::header::{DATE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::{SignedDuration, Timestamp};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::agents::Agents;
use super::endpoints::Endpoints;
use super::reply::Reply;
use super::store::Store;
use crate::demo::Fault;
use crate::demo::connector::hold_port;
use crate::demo::tasks::Tasks;

/// How wrong the clock of [`Fault::Clock`] is.
const SKEW: SignedDuration = SignedDuration::from_hours(-1);

/// How long a client may take to send its headers.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// What the service is told when it starts.
#[derive(Debug)]
pub(in crate::demo) struct Config {
    pub(in crate::demo) environment: String,
    pub(in crate::demo) password: String,
    pub(in crate::demo) connector: SocketAddr,
}

/// The service's port, open or held.
#[derive(Debug)]
pub(in crate::demo) struct Server {
    address: SocketAddr,
    /// Held, never listening: see [`Fault::Down`].
    _held: Option<TcpSocket>,
}

impl Server {
    /// Opens a port of its own and answers there.
    pub(in crate::demo) async fn start(
        fault: Fault,
        config: Config,
        tasks: &Tasks,
    ) -> io::Result<Self> {
        if fault == Fault::Down {
            let held = hold_port()?;
            return Ok(Self {
                address: held.local_addr()?,
                _held: Some(held),
            });
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let agents = match fault {
            Fault::Fallback => Agents::none(),
            _ => Agents::start(tasks),
        };
        let store = Store {
            connector: config.connector,
        };
        let endpoints = Arc::new(Endpoints::new(fault, config, store, agents));
        tasks.serve(listener, move |stream| {
            converse(stream, Arc::clone(&endpoints))
        });
        Ok(Self {
            address,
            _held: None,
        })
    }

    pub(in crate::demo) fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn converse(stream: TcpStream, endpoints: Arc<Endpoints>) {
    let answer = service_fn(move |request| {
        let endpoints = Arc::clone(&endpoints);
        async move {
            let mut reply = endpoints.answer(request).await;
            // hyper writes the date by itself; only a wrong one is ours to write.
            if endpoints.fault() == Fault::Clock {
                skew(&mut reply);
            }
            Ok::<_, Infallible>(reply)
        }
    });
    // A client that breaks the protocol or goes away is the end of its connection, and no news.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), answer)
        .await;
}

/// Writes a date (RFC 9110 §6.6.1) that is wrong by [`SKEW`].
fn skew(reply: &mut Reply) {
    let wrong = Timestamp::now() + SKEW;
    let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&wrong);
    if let Some(date) = date.ok().and_then(|date| HeaderValue::try_from(date).ok()) {
        reply.headers_mut().insert(DATE, date);
    }
}
