//! Servers that do what broken networks and broken services do.

mod http;
mod http2;
mod tcp;
mod tls;

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::net::TcpSocket;

pub(crate) use tls::Session;

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

/// A port that listens and where nobody accepts: the system answers for a peer that never hears nor says a word.
pub(crate) struct Deaf(TcpListener);

impl Deaf {
    pub(crate) fn hold() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        // The less the system takes for it, the sooner who sends is stuck.
        let socket = socket2::SockRef::from(&listener);
        socket.set_recv_buffer_size(4096).unwrap();
        Self(listener)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }
}

/// A port whose queue is full: the system drops whoever else wants to connect, as a firewall does.
pub(crate) struct Full {
    listener: TcpListener,
    _queued: TcpStream,
}

impl Full {
    pub(crate) fn hold() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        // The queue has room for one.
        socket2::SockRef::from(&listener).listen(0).unwrap();
        let queued = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        Self {
            listener,
            _queued: queued,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }
}

/// A server that misbehaves on every connection; its threads have ended when the drop returns.
pub(crate) struct Hostile {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

type Behaviour = dyn Fn(&TcpStream) + Send + Sync;

#[derive(Default)]
struct Shared {
    is_ending: AtomicBool,
    connections: AtomicUsize,
    /// Weak, so that a conversation that ends closes its connection.
    streams: Mutex<Vec<Weak<TcpStream>>>,
}

impl Hostile {
    /// Does this with each connection, in a thread of its own. The connection is closed when it returns.
    pub(crate) fn start(behave: impl Fn(&TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let behave: Arc<Behaviour> = Arc::new(behave);
        let accepting = thread::spawn({
            let shared = shared.clone();
            move || accept(&listener, &shared, &behave)
        });
        Self {
            address,
            shared,
            accepting: Some(accepting),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
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

fn accept(listener: &TcpListener, shared: &Shared, behave: &Arc<Behaviour>) {
    let mut conversations = Vec::new();
    while let Ok((stream, _)) = listener.accept() {
        if shared.is_ending.load(Ordering::SeqCst) {
            break;
        }
        shared.connections.fetch_add(1, Ordering::SeqCst);
        let stream = Arc::new(stream);
        let mut streams = shared.streams.lock().unwrap();
        streams.push(Arc::downgrade(&stream));
        let behave = behave.clone();
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

/// Waits for the first bytes: a request, a hello.
fn listen_to(mut stream: impl Read) {
    let _ = stream.read(&mut [0; 16 * 1024]);
}

/// Waits until the peer leaves. Whatever it says until then is thrown away.
fn wait_for_end(mut stream: impl Read) {
    let _ = io::copy(&mut stream, &mut io::sink());
}

/// Says this again and again, until the peer leaves.
fn flood(mut stream: impl Write, bytes: &[u8]) {
    while stream.write_all(bytes).is_ok() {}
}

/// Makes the close a reset.
fn reset(stream: &TcpStream) {
    let _ = socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO));
}
