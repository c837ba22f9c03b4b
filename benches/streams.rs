//! Streams of events. A thousand sessions of WebSockets, each with one echo, against a minimal client of tokio-tungstenite; what a
//! session costs that is open and silent; and whether a long stream is judged in linear time.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures_util::{SinkExt, StreamExt};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{accept_async, client_async};

use crate::allclear;
use crate::child::{Cost, cost};
use crate::table::{Amount, Bound, Row};

/// The first argument of a process that is the server.
pub(crate) const SERVER: &str = "--as-streams";

/// The first argument of a process that is the floor.
pub(crate) const ROLE: &str = "--as-stream-floor";

const SESSIONS: usize = 1_000;

/// So many of them at once.
const AT_ONCE: usize = 200;

/// So many are open and silent at once: below the descriptors a process has by default.
const IDLE: usize = 800;

/// And so few: more than fit into what the start of a process took and gave back.
const FEW: usize = 200;

/// So long they are silent; the first must still be open when the last has come.
const SILENCE: Duration = Duration::from_secs(3);

pub(crate) fn rows() -> Result<Vec<Row>> {
    Ok(vec![echoes()?, idle()?, linear()?])
}

/// The two take turns.
fn echoes() -> Result<Row> {
    let suite = websocket(
        "[{ send: { text: hello } }, { receive: { text: hello, within: 10s } }]",
        SESSIONS,
        AT_ONCE,
    );
    let (mut of_ours, mut of_floor) = (Vec::new(), Vec::new());
    for _ in 0..11 {
        of_floor.push(floor(SESSIONS, AT_ONCE, Duration::ZERO)?);
        of_ours.push(sessions(&suite, SESSIONS, AT_ONCE)?);
    }
    Ok(crate::time(
        "1 000 sessions of WebSockets, an echo each",
        Cost::of(&of_ours),
        Some(Cost::of(&of_floor)),
        Bound::Times(1.3),
    ))
}

/// What one more session takes, of each side: many of them against few.
fn idle() -> Result<Row> {
    let silence = format!("[{{ receive_none: {{ for: {}s }} }}]", SILENCE.as_secs());
    let ours = |count| sessions(&websocket(&silence, count, count), count, count);
    let floor = |count| floor(count, count, SILENCE);
    let each = |many: Cost, few: Cost| {
        Amount::Memory(many.peak.saturating_sub(few.peak) / (IDLE - FEW) as u64)
    };
    Ok(Row {
        promise: "an open and silent session of a WebSocket",
        ours: each(ours(IDLE)?, ours(FEW)?),
        floor: Some(each(floor(IDLE)?, floor(FEW)?)),
        bound: Bound::Over(Amount::Memory(64 * 1024)),
    })
}

/// Asked for, read and judged: an event among 100 000 against one among 10 000, the start of the process taken off.
fn linear() -> Result<Row> {
    let median = |events: usize, times: usize| {
        let suite = judged(events);
        let runs = (0..times).map(|_| run(&Server::start()?, &suite, 1));
        let runs = runs.collect::<Result<Vec<_>>>()?;
        anyhow::Ok(Cost::of(&runs).wall)
    };
    let start = median(3, 11)?;
    let each = |events: usize, times: usize| {
        let took = median(events, times)?.saturating_sub(start);
        anyhow::Ok(Amount::Time(took / u32::try_from(events)?))
    };
    let (short, long) = (each(10_000, 11)?, each(100_000, 5)?);
    Ok(Row {
        promise: "an event of 100 000 judged, against one of 10 000",
        ours: long,
        floor: Some(short),
        bound: Bound::Times(1.25),
    })
}

/// Sessions with this script.
fn websocket(script: &str, times: usize, at_once: usize) -> String {
    format!(
        "category: streams\ntests:\n  - name: sessions\n    timeout: 30s\n    websocket: {{ url: \"${{ws}}/\", script: {script} }}\n    \
         expect: {{ status: 101, closed_cleanly: true }}\n    repeat: {{ times: {times}, concurrency: {at_once} }}\n"
    )
}

/// One stream of so many events, with a rule of each kind.
fn judged(events: usize) -> String {
    format!(
        "category: streams\ntests:\n  - name: stream\n    timeout: 60s\n    \
         sse: {{ url: \"${{events}}/?{events}\", until: {{ json: {{ $.type: done }} }}, within: 50s }}\n    \
         expect:\n      events:\n        partial:\n          before: [[started, \"*\"]]\n          \
         pairs: [{{ first: executing, then: completed, by: $.tool }}]\n          once: [started, done]\n          last: done\n        \
         count: {events}\n        counts: {{ executing: {{ at_least: 0 }} }}\n        forbidden: [error]\n        \
         each: {{ completed: {{ $.answer: {{ type: string, empty: false }} }} }}\n        gap: {{ below: 10s }}\n"
    )
}

/// What runs of the server are asked with: a new server, as many sessions as there were to be, as many at once.
fn sessions(suite: &str, count: usize, at_once: usize) -> Result<Cost> {
    let server = Server::start()?;
    let cost = run(&server, suite, at_once)?;
    server.has_served(count, at_once)?;
    Ok(cost)
}

fn run(server: &Server, suite: &str, jobs: usize) -> Result<Cost> {
    let folder = TempDir::with_prefix("allclear-bench-")?;
    let at = |name: &str| folder.path().join(name);
    fs::write(at("streams.yaml"), suite)?;
    fs::create_dir(at("targets"))?;
    let target = format!(
        "vars: {{ ws: \"ws://{}\", events: \"http://{}\" }}\n",
        server.ws, server.events
    );
    fs::write(at("targets/here.yaml"), target)?;
    let project = "target: here\ncategories: { streams: { critical: true } }\n";
    fs::write(at("allclear.yaml"), project)?;
    let mut command = allclear("run");
    command.args(["--quiet", "--jobs", &jobs.to_string()]);
    command.arg("--suites").arg(folder.path());
    command.arg("--runs").arg(at("runs"));
    cost(&mut command)
}

fn floor(count: usize, at_once: usize, silence: Duration) -> Result<Cost> {
    let server = Server::start()?;
    let mut command = Command::new(std::env::current_exe()?);
    let numbers = [count, at_once, silence.as_secs().try_into()?];
    command.args([ROLE, &server.ws.to_string()]);
    command.args(numbers.map(|number: usize| number.to_string()));
    let cost = cost(&mut command)?;
    server.has_served(count, at_once)?;
    Ok(cost)
}

/// The floor: connects, has its echo or its silence, and closes.
pub(crate) fn talk(arguments: &[String]) -> Result<()> {
    let [at, count, at_once, silence] = arguments else {
        anyhow::bail!("wrong arguments");
    };
    let (at, count): (SocketAddr, usize) = (at.parse()?, count.parse()?);
    let silence = Duration::from_secs(silence.parse()?);
    let at_once: usize = at_once.parse()?;
    single_threaded()?.block_on(async {
        let next = Arc::new(AtomicUsize::new(0));
        let mut lanes = JoinSet::new();
        for _ in 0..at_once {
            let next = next.clone();
            lanes.spawn(async move {
                while next.fetch_add(1, Ordering::Relaxed) < count {
                    session(at, silence).await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(lane) = lanes.join_next().await {
            lane??;
        }
        Ok(())
    })
}

async fn session(at: SocketAddr, silence: Duration) -> Result<()> {
    let stream = TcpStream::connect(at).await?;
    stream.set_nodelay(true)?;
    let (mut socket, _) = client_async(format!("ws://{at}/"), stream).await?;
    if silence.is_zero() {
        socket.send(Message::text("hello")).await?;
        let came = socket.next().await.context("no echo")??;
        ensure!(came == Message::text("hello"), "another echo: {came}");
    } else {
        let came = timeout(silence, socket.next()).await;
        ensure!(came.is_err(), "{came:?} came");
    }
    socket.close(None).await?;
    while let Some(rest) = socket.next().await {
        ensure!(rest?.is_close(), "something came after all");
    }
    Ok(())
}

/// A running server; gone when dropped.
struct Server {
    process: Child,
    ws: SocketAddr,
    events: SocketAddr,
}

impl Server {
    fn start() -> Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg(SERVER)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = process.stdout.take().context("it has no output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let said = line.split_once(' ').context("it did not say where")?;
        Ok(Self {
            process,
            ws: said.0.parse()?,
            events: said.1.trim().parse()?,
        })
    }

    /// Whether there were as many sessions as there should be, and as many of them at once.
    fn has_served(&self, count: usize, at_once: usize) -> Result<()> {
        let mut stream = std::net::TcpStream::connect(self.events)?;
        stream.write_all(b"GET /served HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let told = answer.lines().last().unwrap_or_default();
        // Who is silent stays; of those that echo one may be gone before the next has come.
        let is_full = |most: usize| most == at_once || count > at_once && most < at_once;
        let (served, most) = told.split_once(' ').context("it does not count")?;
        ensure!(
            served.parse() == Ok(count) && most.parse().is_ok_and(is_full),
            "{served} sessions, at most {most} at once"
        );
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Sessions that were opened, that are open, and the most that were at once.
static SERVED: AtomicUsize = AtomicUsize::new(0);
static OPEN: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

/// Serves until standard input ends.
pub(crate) fn serve() -> Result<()> {
    single_threaded()?.block_on(async {
        let ws = TcpListener::bind("127.0.0.1:0").await?;
        let events = TcpListener::bind("127.0.0.1:0").await?;
        let (at_ws, at_events) = (ws.local_addr()?, events.local_addr()?);
        writeln!(std::io::stdout(), "{at_ws} {at_events}")?;
        std::thread::spawn(|| {
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            std::process::exit(0);
        });
        tokio::try_join!(echoing(ws), streaming(events))?;
        Ok(())
    })
}

async fn echoing(listener: TcpListener) -> Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            let Ok(mut socket) = accept_async(stream).await else {
                return;
            };
            SERVED.fetch_add(1, Ordering::Relaxed);
            let open = OPEN.fetch_add(1, Ordering::Relaxed) + 1;
            MOST.fetch_max(open, Ordering::Relaxed);
            while let Some(Ok(message)) = socket.next().await {
                if !message.is_close() && socket.send(message).await.is_err() {
                    break;
                }
            }
            OPEN.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

/// `/served` says what came; `/?100` streams so many events.
async fn streaming(listener: TcpListener) -> Result<()> {
    loop {
        let (mut stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            let mut head = [0; 4096];
            let count = stream.read(&mut head).await.unwrap_or_default();
            let head = String::from_utf8_lossy(&head[..count]);
            let path = head.split(' ').nth(1).unwrap_or_default();
            let body = if let Some(Ok(events)) = path.strip_prefix("/?").map(str::parse) {
                stream_of(events)
            } else {
                let [served, most] = [&SERVED, &MOST].map(|count| count.load(Ordering::Relaxed));
                format!("{served} {most}")
            };
            let head =
                "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
            let _ = stream.write_all([head, &body].concat().as_bytes()).await;
        });
    }
}

/// Starts, works with tools, two at a time, and is done.
fn stream_of(events: usize) -> String {
    let middle = events.saturating_sub(2);
    let mut text = String::from("data: {\"type\":\"started\"}\n\n");
    for at in 0..middle {
        let (round, turn) = (at / 4, at % 4);
        let tool = round * 2 + turn % 2;
        // Writing to a string cannot fail.
        let _ = match turn {
            _ if round * 4 + 4 > middle => write!(text, "data: {{\"type\":\"thinking\"}}\n\n"),
            0 | 1 => write!(text, "data: {{\"type\":\"executing\",\"tool\":{tool}}}\n\n"),
            _ => write!(
                text,
                "data: {{\"type\":\"completed\",\"tool\":{tool},\"answer\":\"42\"}}\n\n"
            ),
        };
    }
    text.push_str("data: {\"type\":\"done\"}\n\n");
    text
}

fn single_threaded() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?)
}
