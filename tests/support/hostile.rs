//! Servers that do what broken networks and broken services do.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::thread::{self, JoinHandle};

use tokio::net::TcpSocket;

/// A port that is taken and where nobody listens: connections are refused, and nobody else can take it meanwhile.
pub(crate) struct Refusing(TcpSocket);

impl Refusing {
    pub(crate) fn hold() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        Self(socket)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address())
    }
}

/// A server that misbehaves on every connection; its threads have ended when the drop returns.
pub(crate) struct Hostile {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    is_ending: AtomicBool,
    connections: AtomicUsize,
    /// Weak, so that a conversation that ends closes its connection.
    streams: Mutex<Vec<Weak<TcpStream>>>,
}

impl Hostile {
    /// Accepts, reads, and never says a word.
    pub(crate) fn hanging() -> Self {
        Self::start(|stream| {
            let _ = (&*stream).read_to_end(&mut Vec::new());
        })
    }

    /// Accepts, waits for the first byte, and resets the connection.
    pub(crate) fn resetting() -> Self {
        Self::start(|stream| {
            // What is left unread makes the close a reset.
            let _ = stream.peek(&mut [0]);
        })
    }

    /// Announces a megabyte, sends the first byte of it and no other.
    pub(crate) fn dripping() -> Self {
        Self::start(|stream| {
            let mut stream = stream;
            let head = "HTTP/1.1 200 OK\r\ncontent-length: 1048576\r\n\r\n{";
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(head.as_bytes());
            // The rest never comes; the client leaving ends it.
            let _ = stream.read_to_end(&mut Vec::new());
        })
    }

    /// Answers with bytes that are no HTTP.
    pub(crate) fn garbage() -> Self {
        Self::start(|stream| {
            let mut stream = stream;
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"\x00\xff\x13\x37 SSH-2.0-nothing you know\r\n\r\n");
        })
    }

    fn start(behave: fn(&TcpStream)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let accepting = thread::spawn({
            let shared = shared.clone();
            move || accept(&listener, &shared, behave)
        });
        Self {
            address,
            shared,
            accepting: Some(accepting),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many connections were accepted so far.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.shared.is_ending.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Shared, behave: fn(&TcpStream)) {
    let mut conversations = Vec::new();
    while let Ok((stream, _)) = listener.accept() {
        if shared.is_ending.load(Ordering::SeqCst) {
            break;
        }
        shared.connections.fetch_add(1, Ordering::SeqCst);
        let stream = Arc::new(stream);
        let mut streams = shared.streams.lock().unwrap();
        streams.push(Arc::downgrade(&stream));
        conversations.push(thread::spawn(move || behave(&stream)));
    }
    for stream in shared
        .streams
        .lock()
        .unwrap()
        .drain(..)
        .filter_map(|stream| stream.upgrade())
    {
        let _ = stream.shutdown(Shutdown::Both);
    }
    for conversation in conversations {
        let _ = conversation.join();
    }
}
