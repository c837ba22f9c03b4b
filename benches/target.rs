//! What is asked: a small server, in a process of its own, so that its work is not counted as anybody's.
//!
//! Every run gets a target of its own. It counts what came, so that a run that did less than it says is found out; and its
//! port is new, so that no connection of an earlier run, waiting for its last packets, is in the way.

use std::convert::Infallible;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// The first argument of a process that is the target.
pub(crate) const ROLE: &str = "--as-target";

/// How long a slow answer took by the target's own clock, in microseconds.
const OWN_TIME: HeaderName = HeaderName::from_static("x-own-us");

const HEALTHY: &str =
    r#"{"status":"healthy","version":"1.42.0","core_db":"connected","uptime_s":86400}"#;

static REQUESTS: AtomicU64 = AtomicU64::new(0);
static CONNECTIONS: AtomicU64 = AtomicU64::new(0);

/// A running target; gone when dropped.
pub(crate) struct Target {
    process: Child,
    pub(crate) address: SocketAddr,
}

/// What came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Served {
    pub(crate) requests: u64,
    pub(crate) connections: u64,
}

impl Target {
    /// Starts one on a port that nobody has.
    pub(crate) fn start() -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut process = command
            .arg(ROLE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = process.stdout.take().context("the target has no output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line
            .trim()
            .parse()
            .context("the target did not say where it listens")?;
        Ok(Self { process, address })
    }

    /// What came so far, without this question.
    pub(crate) fn served(&self) -> Result<Served> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.write_all(b"GET /served HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let body = answer.lines().last().unwrap_or_default();
        let (requests, connections) = body.split_once(' ').context("the target does not count")?;
        Ok(Served {
            requests: requests.parse::<u64>()? - 1,
            connections: connections.parse::<u64>()? - 1,
        })
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Serves until standard input ends, so that it never outlives who started it.
pub(crate) fn serve() -> Result<()> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            writeln!(std::io::stdout(), "{}", listener.local_addr()?)?;
            std::thread::spawn(|| {
                let _ = std::io::stdin().read_to_end(&mut Vec::new());
                std::process::exit(0);
            });
            loop {
                let (stream, _) = listener.accept().await?;
                CONNECTIONS.fetch_add(1, Ordering::Relaxed);
                stream.set_nodelay(true)?;
                tokio::spawn(
                    http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service_fn(answer)),
                );
            }
        })
}

/// `/slow?ms=100` waits, `/served` says what came, everything else is healthy at once.
async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let came = Instant::now();
    let requests = REQUESTS.fetch_add(1, Ordering::Relaxed) + 1;
    let body = match request.uri().path() {
        "/served" => format!("{requests} {}", CONNECTIONS.load(Ordering::Relaxed)).into(),
        "/slow" => {
            let mut parameters = request.uri().query().unwrap_or_default().split('&');
            let wait = parameters.find_map(|one| one.strip_prefix("ms=")?.parse().ok());
            tokio::time::sleep(Duration::from_millis(wait.unwrap_or(100))).await;
            Bytes::from_static(HEALTHY.as_bytes())
        }
        _ => Bytes::from_static(HEALTHY.as_bytes()),
    };
    let mut response = Response::new(Full::new(body));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if request.uri().path() == "/slow" {
        let micros = u64::try_from(came.elapsed().as_micros()).unwrap_or(u64::MAX);
        response.headers_mut().insert(OWN_TIME, micros.into());
    }
    Ok(response)
}
