//! Against peers that follow the documentation, and against those that do not. Real servers are in `tests/database`.

mod greeting;
mod kill;
mod login;
mod query;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::Session;
use crate::model::Stopped;
use crate::probe::Context;
use crate::probe::database::{Dsn, Limits, Server};
use crate::probe::look::Look;
use crate::probe::testing::AMPLE;

/// The password of all logins here.
const PASSWORD: &str = "s3cret/+ü";

/// The server behind this DSN.
fn server(dsn: &str) -> Server {
    match Dsn::parse(dsn) {
        Ok(Dsn::Server(server)) => *server,
        other => panic!("{dsn}: {other:?}"),
    }
}

/// Somebody at this port, without TLS.
fn at(port: u16) -> Server {
    server(&format!(
        "mysql://app:s3cret%2F+%C3%BC@127.0.0.1:{port}/shop?sslmode=disable"
    ))
}

async fn open(server: &Server) -> Result<Session, Stopped> {
    Session::open(&mut Look::begin(&Context::for_tests(AMPLE)), server).await
}

const ALL: Limits = Limits {
    rows: 1000,
    bytes: 1 << 20,
};

/// OK, with the state of a session that commits by itself.
const OK: [u8; 7] = [0, 0, 0, 2, 0, 0, 0];

/// EOF.
const EOF: [u8; 5] = [0xfe, 0, 0, 2, 0];

/// An error with its SQLSTATE.
fn error(number: u16, state: &str, words: &str) -> Vec<u8> {
    let number = number.to_le_bytes();
    [
        &[0xff],
        &number[..],
        b"#",
        state.as_bytes(),
        words.as_bytes(),
    ]
    .concat()
}

/// What MySQL 8.4 offers, without TLS.
const OFFERS: u32 = 0xdfff_f7ff;
/// CLIENT_SSL.
const TLS: u32 = 0x0800;

const NONCE: [u8; 20] = *b"0123456789abcdefghij";

/// A greeting as the documentation has it.
fn greeting(version: &str, offers: u32, plugin: &str) -> Vec<u8> {
    let [low, lower, high, higher] = offers.to_le_bytes();
    let mut bytes = vec![10];
    bytes.extend_from_slice(version.as_bytes());
    bytes.extend_from_slice(&[0, 7, 1, 0, 0]);
    bytes.extend_from_slice(&NONCE[..8]);
    bytes.extend_from_slice(&[0, low, lower, 255, 2, 0, high, higher, 21]);
    bytes.extend_from_slice(&[0; 10]);
    bytes.extend_from_slice(&NONCE[8..]);
    bytes.push(0);
    bytes.extend_from_slice(plugin.as_bytes());
    bytes.push(0);
    bytes
}

/// A server that says what a test tells it.
struct Peer<S> {
    stream: S,
    next: u8,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    async fn greeting(stream: S, greeting: &[u8]) -> Self {
        let mut peer = Self { stream, next: 0 };
        peer.say(greeting).await;
        peer
    }

    /// One that lets everybody in.
    async fn open(stream: S) -> Self {
        let greeting = greeting("8.4.3", OFFERS, "mysql_native_password");
        let mut peer = Self::greeting(stream, &greeting).await;
        peer.hear().await;
        peer.say(&OK).await;
        peer.settle().await;
        peer
    }

    /// Takes the statements every session begins with. It knows no limit, as old versions.
    async fn settle(&mut self) {
        let unknown = error(1193, "HY000", "Unknown system variable");
        for (begins, answer) in [("SET NAMES utf8mb4", &OK[..]), ("SELECT @@max_", &unknown)] {
            let said = self.hear().await;
            let text = String::from_utf8_lossy(&said[1..]).into_owned();
            assert!(said[0] == 3 && text.starts_with(begins), "{text}");
            self.say(answer).await;
        }
    }

    async fn say(&mut self, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap().to_le_bytes();
        let mut bytes = vec![length[0], length[1], length[2], self.next];
        bytes.extend_from_slice(payload);
        self.raw(&bytes).await;
        self.next = self.next.wrapping_add(1);
    }

    async fn raw(&mut self, bytes: &[u8]) {
        // Who is not listened to any more sees the end of it when he listens himself.
        let _ = self.stream.write_all(bytes).await;
        let _ = self.stream.flush().await;
    }

    /// What is said, in one packet; nothing when the connection ends instead.
    async fn hear(&mut self) -> Vec<u8> {
        let mut header = [0; 4];
        if self.stream.read_exact(&mut header).await.is_err() {
            return Vec::new();
        }
        let [low, middle, high, number] = header;
        self.next = number.wrapping_add(1);
        let mut payload = vec![0; u32::from_le_bytes([low, middle, high, 0]) as usize];
        self.stream.read_exact(&mut payload).await.unwrap();
        payload
    }
}
