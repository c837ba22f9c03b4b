//! An HTTP server with the answers a test gives it, which remembers every request.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Longer than anything here takes.
const TOO_LONG: Duration = Duration::from_secs(30);

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// With its query.
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// From 1, over all paths.
    pub(crate) number: usize,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// What the server does with a request.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// Status, content type and body.
    Reply(u16, &'static str, String),
    /// Bytes as they are, then the connection is closed.
    Raw(Vec<u8>),
    /// Nothing, until the client leaves or the server is dropped.
    Silence,
    /// [`Answer::ok`], but only when the test [releases](Canary::release) it.
    Held,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &str) -> Self {
        Self::Reply(status, "application/json", body.to_owned())
    }

    pub(crate) fn ok() -> Self {
        Self::json(200, r#"{"status":"healthy"}"#)
    }
}

type Answering = dyn Fn(&Asked) -> Answer + Send + Sync;

/// The server; its port is closed and its threads have ended when the drop returns.
pub(crate) struct Canary {
    address: SocketAddr,
    inner: Arc<Inner>,
    accepting: Option<JoinHandle<()>>,
}

struct Inner {
    answer: Box<Answering>,
    asked: Mutex<Vec<Asked>>,
    arrived: Condvar,
    streams: Mutex<Vec<TcpStream>>,
    is_ending: AtomicBool,
    is_released: Mutex<bool>,
    released: Condvar,
}

impl Canary {
    /// Answers every request with 200 and `{"status":"healthy"}`.
    pub(crate) fn healthy() -> Self {
        Self::answering(|_| Answer::ok())
    }

    pub(crate) fn answering(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        Self::at((Ipv4Addr::LOCALHOST, 0), answer)
    }

    /// The same at an address of its own.
    pub(crate) fn at(
        address: (Ipv4Addr, u16),
        answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let inner = Arc::new(Inner {
            answer: Box::new(answer),
            asked: Mutex::default(),
            arrived: Condvar::new(),
            streams: Mutex::default(),
            is_ending: AtomicBool::new(false),
            is_released: Mutex::new(false),
            released: Condvar::new(),
        });
        let accepting = thread::spawn({
            let inner = inner.clone();
            move || accept(&listener, &inner)
        });
        Self {
            address,
            inner,
            accepting: Some(accepting),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every request so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.inner.asked.lock().unwrap().clone()
    }

    /// The paths of every request so far, in the order they came.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.path).collect()
    }

    /// Waits until so many requests have come.
    #[track_caller]
    pub(crate) fn wait_for(&self, requests: usize) {
        let asked = self.inner.asked.lock().unwrap();
        let (asked, waited) = self
            .inner
            .arrived
            .wait_timeout_while(asked, TOO_LONG, |asked| asked.len() < requests)
            .unwrap();
        assert!(!waited.timed_out(), "only {} requests came", asked.len());
    }
}

impl Canary {
    /// Answers what is [held](Answer::Held), now and from now on.
    pub(crate) fn release(&self) {
        *self.inner.is_released.lock().unwrap() = true;
        self.inner.released.notify_all();
    }
}

impl Drop for Canary {
    fn drop(&mut self) {
        self.inner.is_ending.store(true, Ordering::SeqCst);
        // A test that fails must not wait for those it never released.
        self.release();
        // Wakes `accept`, which then looks at the flag.
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

fn accept(listener: &TcpListener, inner: &Arc<Inner>) {
    let mut conversations = Vec::new();
    while let Ok((stream, _)) = listener.accept() {
        if inner.is_ending.load(Ordering::SeqCst) {
            break;
        }
        inner
            .streams
            .lock()
            .unwrap()
            .push(stream.try_clone().unwrap());
        let inner = inner.clone();
        conversations.push(thread::spawn(move || {
            let _ = converse(&stream, &inner);
            let _ = stream.shutdown(Shutdown::Both);
        }));
    }
    for stream in inner.streams.lock().unwrap().drain(..) {
        let _ = stream.shutdown(Shutdown::Both);
    }
    for conversation in conversations {
        let _ = conversation.join();
    }
}

/// Answers the requests of one connection until its other side leaves.
fn converse(stream: &TcpStream, inner: &Inner) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    while let Some(mut asked) = read_request(&mut reader)? {
        {
            let mut log = inner.asked.lock().unwrap();
            asked.number = log.len() + 1;
            log.push(asked.clone());
            inner.arrived.notify_all();
        }
        let mut answer = (inner.answer)(&asked);
        if let Answer::Held = answer {
            let is_released = inner.is_released.lock().unwrap();
            drop(
                inner
                    .released
                    .wait_while(is_released, |is_released| !*is_released),
            );
            answer = Answer::ok();
        }
        match answer {
            Answer::Held => {}
            Answer::Reply(status, kind, body) => {
                let length = body.len();
                write!(
                    writer,
                    "HTTP/1.1 {status} As-Told\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}"
                )?;
            }
            Answer::Raw(bytes) => return writer.write_all(&bytes),
            Answer::Silence => {
                reader.read_to_end(&mut Vec::new())?;
                return Ok(());
            }
        }
    }
    Ok(())
}

fn read_request(reader: &mut BufReader<&TcpStream>) -> std::io::Result<Option<Asked>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim_end().is_empty() {
            break;
        }
        if let Some((name, value)) = line.trim_end().split_once(':') {
            headers.push((name.to_lowercase(), value.trim().to_owned()));
        }
    }
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some(Asked {
        method,
        path,
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
        number: 0,
    }))
}
