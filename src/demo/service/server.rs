//! The service's ports: who listens, who answers, and the date on every answer.

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
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::agents::Agents;
use super::endpoints::Endpoints;
use super::limits::Limits;
use super::reply::Reply;
use crate::demo::Fault;
use crate::demo::connector::{hold_port, swallow};
use crate::demo::tasks::Tasks;

/// How wrong the clock of [`Fault::Clock`] is.
const SKEW: SignedDuration = SignedDuration::from_hours(-1);

/// How long a client may take to send its headers, and before them to shake hands.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// What the service is told when it starts.
#[derive(Debug)]
pub(in crate::demo) struct Config {
    pub(in crate::demo) environment: String,
    pub(in crate::demo) commit: String,
    pub(in crate::demo) password: String,
    /// What tokens are signed with.
    pub(in crate::demo) token_key: String,
    pub(in crate::demo) connector: SocketAddr,
    pub(in crate::demo) cache: SocketAddr,
    pub(in crate::demo) limits: Limits,
}

/// The service's ports, open or held: one for the API, one for the page, one that speaks TLS. Each answers everything.
#[derive(Debug)]
pub(in crate::demo) struct Server {
    api: SocketAddr,
    web: SocketAddr,
    tls: SocketAddr,
    /// Held, never listening: see [`Fault::Down`].
    _held: Vec<TcpSocket>,
}

impl Server {
    /// Opens ports of its own and answers there.
    pub(in crate::demo) async fn start(
        fault: Fault,
        config: Config,
        acceptor: TlsAcceptor,
        tasks: &Tasks,
    ) -> io::Result<Self> {
        if fault == Fault::Down {
            let held = [hold_port()?, hold_port()?, hold_port()?];
            return Ok(Self {
                api: held[0].local_addr()?,
                web: held[1].local_addr()?,
                tls: held[2].local_addr()?,
                _held: held.into(),
            });
        }
        let any = (Ipv4Addr::LOCALHOST, 0);
        let (api, web) = (TcpListener::bind(any).await?, TcpListener::bind(any).await?);
        let tls = TcpListener::bind(any).await?;
        let server = Self {
            api: api.local_addr()?,
            web: web.local_addr()?,
            tls: tls.local_addr()?,
            _held: Vec::new(),
        };
        let agents = match fault {
            Fault::Fallback => Agents::none(),
            _ => Agents::start(tasks),
        };
        let endpoints = Endpoints::new(fault, config, server.web, agents, tasks);
        let endpoints = Arc::new(endpoints);
        for listener in [api, web] {
            let endpoints = Arc::clone(&endpoints);
            tasks.serve(listener, move |stream| {
                converse(stream, Arc::clone(&endpoints))
            });
        }
        tasks.serve(tls, move |stream| {
            secure(stream, acceptor.clone(), Arc::clone(&endpoints))
        });
        Ok(server)
    }

    pub(in crate::demo) fn address(&self) -> SocketAddr {
        self.api
    }

    pub(in crate::demo) fn web(&self) -> SocketAddr {
        self.web
    }

    pub(in crate::demo) fn tls(&self) -> SocketAddr {
        self.tls
    }
}

/// The same conversation over TLS, unless something is wrong with that.
async fn secure(mut stream: TcpStream, acceptor: TlsAcceptor, endpoints: Arc<Endpoints>) {
    match endpoints.fault() {
        Fault::TlsPlaintext => converse(stream, endpoints).await,
        // Until the client gives up.
        Fault::TlsSilent => drop(swallow(&mut stream).await),
        _ => {
            let shaking = tokio::time::timeout(HEADER_TIMEOUT, acceptor.accept(stream));
            // Who does not trust us goes away.
            if let Ok(Ok(stream)) = shaking.await {
                converse(stream, endpoints).await;
            }
        }
    }
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    endpoints: Arc<Endpoints>,
) {
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
        .with_upgrades()
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
