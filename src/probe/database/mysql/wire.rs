//! Packets of MySQL: a length, a number in the exchange, and a payload
//! (<https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_packets.html>).

use std::io;

use futures_util::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};

use crate::model::{FaultKind, Origin, SqlFault};
use crate::probe::database::Server;
use crate::probe::database::broken::{broken, closed};
use crate::probe::database::way::Way;
use crate::probe::look::Halt;
use crate::probe::net::{self, Stream};
use crate::yaml::visible;

/// A payload of this length goes on in the next packet.
const FULL: usize = 0x00ff_ffff;

/// The first byte of a packet that says what went wrong.
pub(super) const ERROR: u8 = 0xff;

/// A connection, packet by packet.
#[derive(Debug)]
pub(super) struct Wire {
    stream: BufReader<Stream>,
    /// The number of the next packet, whoever sends it.
    next: u8,
    /// When it broke, if it breaks now.
    pub(super) when: &'static str,
}

impl Wire {
    pub(super) fn new(stream: Stream) -> Self {
        Self {
            stream: BufReader::with_capacity(16 * 1024, stream),
            next: 0,
            when: "before its greeting was whole",
        }
    }

    /// The connection below, to speak TLS over it. What came already is not of the handshake and would be taken for it
    /// (CVE-2011-0411): then there is none.
    pub(super) fn into_stream(self) -> Result<Stream, Halt> {
        if self.stream.buffer().is_empty() {
            Ok(self.stream.into_inner())
        } else {
            Err(protocol(
                "the server sent more before TLS than its greeting",
            ))
        }
    }

    /// The same connection with TLS over it: the exchange goes on with its numbers.
    pub(super) fn over(stream: Stream, next: u8) -> Self {
        Self {
            next,
            ..Self::new(stream)
        }
    }

    /// The number of the next packet.
    pub(super) fn next(&self) -> u8 {
        self.next
    }

    /// Whether TLS is spoken.
    pub(super) fn is_tls(&self) -> bool {
        matches!(self.stream.get_ref(), Stream::Tls(_))
    }

    /// Who can read along on it.
    pub(super) fn way(&self, server: &Server) -> Way {
        Way::over(self.stream.get_ref(), server)
    }

    /// The version of TLS that is spoken: `TLSv1.3`.
    pub(super) fn tls(&self) -> Option<String> {
        net::spoken(self.stream.get_ref())
    }

    /// A command begins a new exchange.
    pub(super) async fn command(&mut self, command: u8, text: &[u8]) -> Result<(), Halt> {
        self.next = 0;
        let mut payload = Vec::with_capacity(1 + text.len());
        payload.push(command);
        payload.extend_from_slice(text);
        self.send(&payload).await
    }

    /// Sends one payload, in as many packets as it needs.
    pub(super) async fn send(&mut self, payload: &[u8]) -> Result<(), Halt> {
        let mut bytes = Vec::with_capacity(payload.len() + 4);
        let mut rest = payload;
        loop {
            let (now, later) = rest.split_at(rest.len().min(FULL));
            let [low, middle, high, _] = u32::try_from(now.len()).unwrap_or(0).to_le_bytes();
            bytes.extend_from_slice(&[low, middle, high, self.next]);
            bytes.extend_from_slice(now);
            self.next = self.next.wrapping_add(1);
            if now.len() < FULL {
                break;
            }
            rest = later;
        }
        let sent = async {
            self.stream.write_all(&bytes).await?;
            self.stream.flush().await
        };
        match sent.await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.last_words(&error).await),
        }
    }

    /// Who hangs up may have said why: what an idle connection is told (MySQL's 4031, 1053 at a shutdown) is read first.
    async fn last_words(&mut self, error: &io::Error) -> Halt {
        match self.short().await {
            Ok(payload) if payload.first() == Some(&ERROR) => failed(&payload),
            Ok(_) | Err(_) => broken(error, self.when),
        }
    }

    /// The next payload, which is short in all that is no row.
    pub(super) async fn short(&mut self) -> Result<Vec<u8>, Halt> {
        /// So many bytes at most; an error has 512, a public key less than a thousand.
        const MOST: usize = 64 * 1024;
        self.receive(MOST, || {
            protocol(format!("a packet of more than {MOST} bytes"))
        })
        .await
    }

    /// The next payload, of at most so many bytes.
    pub(super) async fn receive(
        &mut self,
        most: usize,
        too_long: impl Fn() -> Halt,
    ) -> Result<Vec<u8>, Halt> {
        let mut payload = Vec::new();
        loop {
            let mut header = [0; 4];
            self.read(&mut header).await?;
            let [low, middle, high, number] = header;
            let length = u32::from_le_bytes([low, middle, high, 0]) as usize;
            let is_in_turn = number == self.next;
            self.next = number.wrapping_add(1);
            // An error may come out of turn: from a server that had to say it before it was asked.
            if !is_in_turn && number > 1 {
                return Err(self.strange(header));
            }
            if payload.len() + length > most {
                return Err(too_long());
            }
            // Room is made for what comes, not for what is announced.
            let came = (&mut self.stream)
                .take(length as u64)
                .read_to_end(&mut payload)
                .await
                .map_err(|error| broken(&error, self.when))?;
            if came < length {
                return Err(closed(self.when));
            }
            if !is_in_turn && payload.first() != Some(&ERROR) {
                return Err(protocol(format!(
                    "a packet came out of turn, as number {number}"
                )));
            }
            if length < FULL {
                return Ok(payload);
            }
        }
    }

    async fn read(&mut self, bytes: &mut [u8]) -> Result<(), Halt> {
        match self.stream.read_exact(bytes).await {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(closed(self.when)),
            Err(error) => Err(broken(&error, self.when)),
        }
    }

    /// Somebody else's protocol, as far as it came.
    fn strange(&self, header: [u8; 4]) -> Halt {
        let mut came = header.to_vec();
        came.extend_from_slice(self.stream.buffer());
        let end = came.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        came.truncate(end.unwrap_or(came.len()).min(128));
        let line = String::from_utf8_lossy(&came).into_owned();
        protocol(format!(
            "what came is no packet of MySQL but begins with `{}`",
            visible(&line)
        ))
    }

    /// Whether nothing came that was not asked for, and the connection is not at its end.
    pub(super) fn is_quiet(&mut self) -> bool {
        let mut byte = [0; 1];
        self.stream.buffer().is_empty() && self.stream.read(&mut byte).now_or_never().is_none()
    }

    /// Says goodbye, and waits until the server has closed, too: then nobody is counted as connected any more.
    pub(super) async fn quit(&mut self) {
        self.leave().await;
        let _ = self.stream.read_u8().await;
    }

    /// Says goodbye.
    pub(super) async fn leave(&mut self) {
        /// One byte, the first of a new exchange.
        const QUIT: [u8; 5] = [1, 0, 0, 0, 0x01];
        let _ = self.stream.write_all(&QUIT).await;
        // Under TLS this says that nothing was cut off.
        let _ = self.stream.shutdown().await;
    }
}

/// What came does not follow the protocol.
pub(super) fn protocol(why: impl Into<String>) -> Halt {
    Halt::fault(FaultKind::Sql(SqlFault::Protocol), why)
}

/// What a server says that failed: a number, with the five characters of an SQLSTATE or without, and words.
pub(super) fn failed(payload: &[u8]) -> Halt {
    /// So many bytes of its words are kept.
    const MOST: usize = 1024;
    let [ERROR, low, high, words @ ..] = payload else {
        return protocol("an error without its number");
    };
    let number = u16::from_le_bytes([*low, *high]);
    let words = match words {
        [b'#', _, _, _, _, _, rest @ ..] => rest,
        _ => words,
    };
    let words = String::from_utf8_lossy(&words[..words.len().min(MOST)]).into_owned();
    Halt::fault(FaultKind::MySql(number), words).by(Origin::MySql(number))
}
