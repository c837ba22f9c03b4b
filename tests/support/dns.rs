//! A name server that says what a test wants, over UDP and TCP at one port of the loopback. Its messages are put together by hand
//! (RFC 1035 §4), so that they share no mistake with the program. It needs nothing but the standard library and tokio.

use std::io::{Read, Write};
use std::net::{
    IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket,
};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::net::TcpSocket;

pub(crate) const A: u16 = 1;
pub(crate) const NS: u16 = 2;
pub(crate) const CNAME: u16 = 5;
pub(crate) const SOA: u16 = 6;
pub(crate) const PTR: u16 = 12;
pub(crate) const MX: u16 = 15;
pub(crate) const TXT: u16 = 16;
pub(crate) const AAAA: u16 = 28;
pub(crate) const SRV: u16 = 33;
const OPT: u16 = 41;
pub(crate) const CAA: u16 = 257;

/// Far more than anything here takes.
const TOO_LONG: Duration = Duration::from_secs(30);

/// A question that came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) id: u16,
    /// In lower case, with its last dot.
    pub(crate) name: String,
    pub(crate) kind: u16,
    pub(crate) is_tcp: bool,
    /// How much may come in one datagram, when the question says so (EDNS, RFC 6891).
    pub(crate) payload: Option<u16>,
    /// How many questions came until now, this one included.
    pub(crate) count: usize,
    question: Vec<u8>,
}

/// What the server does about a question, in order; then a connection is closed.
#[derive(Debug)]
pub(crate) enum Act {
    /// Says this: a datagram, or a message with its length before it.
    Say(Vec<u8>),
    /// Over TCP, sends these bytes as they are.
    Raw(Vec<u8>),
    /// Over TCP, waits until the other side closes.
    Wait,
}

/// The server; its threads have ended when the drop returns.
pub(crate) struct NameServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    /// Keeps the port from others, and refuses.
    refusing: Option<TcpSocket>,
}

type Answers = Box<dyn Fn(&Asked) -> Vec<Act> + Send + Sync>;

struct Shared {
    answers: Answers,
    is_ending: AtomicBool,
    asked: Mutex<Vec<Asked>>,
    has_come: Condvar,
    connection: Mutex<Option<TcpStream>>,
}

impl NameServer {
    /// Answers over both.
    pub(crate) fn start(answers: impl Fn(&Asked) -> Vec<Act> + Send + Sync + 'static) -> Self {
        Self::on(Ipv4Addr::LOCALHOST.into(), answers)
    }

    /// Answers over both at this address.
    pub(crate) fn on(
        ip: IpAddr,
        answers: impl Fn(&Asked) -> Vec<Act> + Send + Sync + 'static,
    ) -> Self {
        let (udp, tcp) = both(ip, |address| TcpListener::bind(address).ok());
        let mut server = Self::with(&udp, Box::new(answers));
        let shared = server.shared.clone();
        server
            .threads
            .push(thread::spawn(move || shared.connections(&tcp)));
        server
    }

    /// Answers over UDP; TCP connections are refused.
    pub(crate) fn without_tcp(
        answers: impl Fn(&Asked) -> Vec<Act> + Send + Sync + 'static,
    ) -> Self {
        let (udp, refusing) = both(Ipv4Addr::LOCALHOST.into(), |address| {
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind(address).is_ok().then_some(socket)
        });
        let mut server = Self::with(&udp, Box::new(answers));
        server.refusing = Some(refusing);
        server
    }

    /// Gives every question the same treatment: one message.
    pub(crate) fn saying(reply: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        Self::start(move |asked| vec![Act::Say(reply(asked).bytes())])
    }

    fn with(udp: &UdpSocket, answers: Answers) -> Self {
        let shared = Arc::new(Shared {
            answers,
            is_ending: AtomicBool::new(false),
            asked: Mutex::default(),
            has_come: Condvar::new(),
            connection: Mutex::default(),
        });
        let (socket, listening) = (udp.try_clone().unwrap(), shared.clone());
        Self {
            address: udp.local_addr().unwrap(),
            shared,
            threads: vec![thread::spawn(move || listening.datagrams(&socket))],
            refusing: None,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The questions that came, once there are so many.
    pub(crate) fn asked(&self, count: usize) -> Vec<Asked> {
        let asked = self.shared.asked.lock().unwrap();
        let (asked, waited) = self
            .shared
            .has_come
            .wait_timeout_while(asked, TOO_LONG, |asked| asked.len() < count)
            .unwrap();
        assert!(
            !waited.timed_out(),
            "{count} questions did not come: {asked:?}"
        );
        asked.clone()
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.shared.is_ending.store(true, Ordering::SeqCst);
        if let Ok(waker) = UdpSocket::bind((self.address.ip(), 0)) {
            let _ = waker.send_to(&[], self.address);
        }
        let _ = TcpStream::connect(self.address);
        if let Some(stream) = self.shared.connection.lock().unwrap().take() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
        drop(self.refusing.take());
    }
}

/// A UDP socket, and what `take` makes of the same port for TCP; another port when that one is taken.
fn both<T>(ip: IpAddr, take: impl Fn(SocketAddr) -> Option<T>) -> (UdpSocket, T) {
    for _ in 0..100 {
        let udp = UdpSocket::bind((ip, 0)).unwrap();
        if let Some(taken) = take(udp.local_addr().unwrap()) {
            return (udp, taken);
        }
    }
    panic!("no port is free for both UDP and TCP");
}

impl Shared {
    fn is_ending(&self) -> bool {
        self.is_ending.load(Ordering::SeqCst)
    }

    fn datagrams(&self, socket: &UdpSocket) {
        let mut buffer = [0; 4096];
        // An error is that of an earlier answer, which nobody was there for any more.
        while !self.is_ending() {
            let Ok((length, from)) = socket.recv_from(&mut buffer) else {
                continue;
            };
            for act in self.acts(&buffer[..length], false) {
                if let Act::Say(bytes) = act {
                    let _ = socket.send_to(&bytes, from);
                }
            }
        }
    }

    fn connections(&self, listener: &TcpListener) {
        while let Ok((stream, _)) = listener.accept() {
            *self.connection.lock().unwrap() = stream.try_clone().ok();
            // Only now: an end that came earlier did not know of this connection.
            if self.is_ending() {
                return;
            }
            let _ = self.converse(stream);
            // The last handle: this closes it.
            self.connection.lock().unwrap().take();
        }
    }

    fn converse(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut length = [0; 2];
        stream.read_exact(&mut length)?;
        let mut question = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut question)?;
        for act in self.acts(&question, true) {
            match act {
                Act::Say(bytes) => {
                    let length = u16::try_from(bytes.len()).unwrap();
                    stream.write_all(&[&length.to_be_bytes()[..], &bytes].concat())?;
                }
                Act::Raw(bytes) => stream.write_all(&bytes)?,
                Act::Wait => {
                    stream.read_to_end(&mut Vec::new())?;
                }
            }
        }
        Ok(())
    }

    fn acts(&self, bytes: &[u8], is_tcp: bool) -> Vec<Act> {
        let Some(mut asked) = Asked::read(bytes, is_tcp) else {
            return Vec::new();
        };
        {
            let mut all = self.asked.lock().unwrap();
            asked.count = all.len() + 1;
            all.push(asked.clone());
        }
        self.has_come.notify_all();
        (self.answers)(&asked)
    }
}

impl Asked {
    /// Reads a query with one question and at most an OPT record after it.
    fn read(bytes: &[u8], is_tcp: bool) -> Option<Self> {
        let number = |at: usize| Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
        if number(4)? != 1 {
            return None;
        }
        let mut name = String::new();
        let mut at = 12;
        loop {
            let length = usize::from(*bytes.get(at)?);
            at += 1;
            if length == 0 {
                break;
            }
            let label = bytes.get(at..at + length)?;
            name.push_str(&String::from_utf8_lossy(label).to_ascii_lowercase());
            name.push('.');
            at += length;
        }
        let kind = number(at)?;
        let question = bytes.get(12..at + 4)?.to_vec();
        let has_edns = number(10)? == 1 && number(at + 5)? == OPT;
        Some(Self {
            id: number(0)?,
            name: if name.is_empty() {
                ".".to_owned()
            } else {
                name
            },
            kind,
            is_tcp,
            payload: if has_edns { number(at + 7) } else { None },
            count: 0,
            question,
        })
    }
}

/// A message under construction.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    id: u16,
    flags: u16,
    question: Vec<u8>,
    answers: Vec<Vec<u8>>,
    authorities: Vec<Vec<u8>>,
    options: Vec<u8>,
}

impl Reply {
    /// NOERROR, with recursion, and without any record.
    pub(crate) fn to(asked: &Asked) -> Self {
        Self {
            id: asked.id,
            flags: 0x8180,
            question: asked.question.clone(),
            answers: Vec::new(),
            authorities: Vec::new(),
            options: Vec::new(),
        }
    }

    /// With this code, of four bits.
    pub(crate) fn code(mut self, rcode: u16) -> Self {
        self.flags = self.flags & !0xf | rcode;
        self
    }

    /// From somebody who looks no names up for others.
    pub(crate) fn without_recursion(mut self) -> Self {
        self.flags &= !0x0080;
        self
    }

    pub(crate) fn authoritative(mut self) -> Self {
        self.flags |= 0x0400;
        self
    }

    pub(crate) fn truncated(mut self) -> Self {
        self.flags |= 0x0200;
        self
    }

    /// As if it were for somebody else.
    pub(crate) fn with_another_id(mut self) -> Self {
        self.id = !self.id;
        self
    }

    /// As if this had been asked.
    pub(crate) fn about(mut self, owner: &str, kind: u16) -> Self {
        self.question = [name(owner), kind.to_be_bytes().to_vec(), vec![0, 1]].concat();
        self
    }

    /// Its head alone, as of a server that could not read the question.
    pub(crate) fn without_question(mut self) -> Self {
        self.question.clear();
        self
    }

    pub(crate) fn record(mut self, owner: &str, ttl: u32, kind: u16, data: &[u8]) -> Self {
        self.answers.push(record(owner, ttl, kind, data));
        self
    }

    pub(crate) fn authority(mut self, owner: &str, ttl: u32, kind: u16, data: &[u8]) -> Self {
        self.authorities.push(record(owner, ttl, kind, data));
        self
    }

    /// With an extended error (RFC 8914).
    pub(crate) fn explained(mut self, code: u16, text: &str) -> Self {
        let length = u16::try_from(text.len() + 2).unwrap();
        for word in [15, length, code] {
            self.options.extend(word.to_be_bytes());
        }
        self.options.extend(text.as_bytes());
        self
    }

    pub(crate) fn a(self, owner: &str, address: &str) -> Self {
        let address: Ipv4Addr = address.parse().unwrap();
        self.record(owner, 300, A, &address.octets())
    }

    pub(crate) fn aaaa(self, owner: &str, address: &str) -> Self {
        let address: Ipv6Addr = address.parse().unwrap();
        self.record(owner, 300, AAAA, &address.octets())
    }

    pub(crate) fn cname(self, owner: &str, target: &str) -> Self {
        self.record(owner, 300, CNAME, &name(target))
    }

    pub(crate) fn bytes(self) -> Vec<u8> {
        let count = |records: &[Vec<u8>]| u16::try_from(records.len()).unwrap();
        let head = [
            self.id,
            self.flags,
            u16::from(!self.question.is_empty()),
            count(&self.answers),
            count(&self.authorities),
            u16::from(!self.options.is_empty()),
        ];
        let mut bytes: Vec<u8> = head.iter().flat_map(|word| word.to_be_bytes()).collect();
        bytes.extend(self.question);
        bytes.extend(self.answers.concat());
        bytes.extend(self.authorities.concat());
        if !self.options.is_empty() {
            bytes.extend(record("", 0, OPT, &self.options));
        }
        bytes
    }
}

/// A name on the wire, uncompressed; its last dot may be left out.
pub(crate) fn name(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in text.split('.').filter(|label| !label.is_empty()) {
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes
}

/// Numbers of 16 bits, then a name: the data of MX and SRV.
pub(crate) fn numbers_then_name(numbers: &[u16], target: &str) -> Vec<u8> {
    let mut bytes: Vec<u8> = numbers.iter().flat_map(|word| word.to_be_bytes()).collect();
    bytes.extend(name(target));
    bytes
}

/// The data of a TXT record.
pub(crate) fn texts(parts: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.push(u8::try_from(part.len()).unwrap());
        bytes.extend(part.as_bytes());
    }
    bytes
}

/// The data of an SOA record.
pub(crate) fn soa(server: &str, mail: &str, numbers: [u32; 5]) -> Vec<u8> {
    let mut bytes = [name(server), name(mail)].concat();
    bytes.extend(numbers.iter().flat_map(|word| word.to_be_bytes()));
    bytes
}

fn record(owner: &str, ttl: u32, kind: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap();
    let mut bytes = name(owner);
    bytes.extend(kind.to_be_bytes());
    bytes.extend([0, 1]);
    bytes.extend(ttl.to_be_bytes());
    bytes.extend(length.to_be_bytes());
    bytes.extend(data);
    bytes
}
