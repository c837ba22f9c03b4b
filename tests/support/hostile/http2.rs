//! HTTP/2 that goes wrong (RFC 9113), frame by frame.

use std::io::{self, Read, Write};

use super::super::certificates::Pair;
use super::tls::Session;
use super::{Hostile, flood, wait_for_end};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;

const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

/// `:status: 200`, from the static table (RFC 7541, appendix A).
const OK: u8 = 0x88;

impl Hostile {
    /// Resets the stream of every request with this code.
    pub(crate) fn resetting_streams(pair: &Pair, code: u32) -> Self {
        Self::over_http2(pair, move |session, stream| {
            let _ = session.write_all(&frame(RESET, 0, stream, &code.to_be_bytes()));
            wait_for_end(session);
        })
    }

    /// Begins an answer, and resets its stream with this code.
    pub(crate) fn resetting_answers(pair: &Pair, code: u32) -> Self {
        Self::over_http2(pair, move |session, stream| {
            let answer = [
                frame(HEADERS, END_HEADERS, stream, &[OK]),
                frame(DATA, 0, stream, b"half"),
                frame(RESET, 0, stream, &code.to_be_bytes()),
            ];
            let _ = session.write_all(&answer.concat());
            wait_for_end(session);
        })
    }

    /// Says goodbye to every request with this code, and that none was looked at.
    pub(crate) fn going_away(pair: &Pair, code: u32) -> Self {
        Self::over_http2(pair, move |session, _| {
            let nothing_done = [[0; 4], code.to_be_bytes()].concat();
            let _ = session.write_all(&frame(GOAWAY, 0, 0, &nothing_done));
            wait_for_end(session);
        })
    }

    /// Takes the request, and says no more.
    pub(crate) fn hanging_streams(pair: &Pair) -> Self {
        Self::over_http2(pair, |session, _| wait_for_end(session))
    }

    /// Begins an answer, and closes the connection in the middle.
    pub(crate) fn closing_mid_stream(pair: &Pair) -> Self {
        Self::over_http2(pair, |session, stream| {
            let answer = [
                frame(HEADERS, END_HEADERS, stream, &[OK]),
                frame(DATA, 0, stream, b"half"),
            ];
            let _ = session.write_all(&answer.concat());
            session.conn.send_close_notify();
            let _ = session.flush();
        })
    }

    /// A head that goes on in one frame after the other.
    pub(crate) fn endless_continuation(pair: &Pair) -> Self {
        Self::over_http2(pair, |session, stream| {
            let _ = session.write_all(&frame(HEADERS, 0, stream, &[OK]));
            // A header that is not to be indexed: `x: a`.
            let more = [0, 1, b'x', 1, b'a'].repeat(1024);
            flood(session, &frame(CONTINUATION, 0, stream, &more));
        })
    }

    /// Wants an echo, again and again, and nothing else.
    pub(crate) fn endless_pings(pair: &Pair) -> Self {
        Self::over_http2(pair, |session, _| {
            flood(session, &frame(PING, 0, 0, &[0; 8]).repeat(1024));
        })
    }

    /// Answers in HTTP/1.1 what was asked in HTTP/2.
    pub(crate) fn speaking_http1(pair: &Pair) -> Self {
        Self::over_tls(pair, &["h2"], |session| {
            let _ = session.read(&mut [0; 4096]);
            let _ = session.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
            wait_for_end(session);
        })
    }

    /// Reads until a request came, and does this with its stream.
    fn over_http2(
        pair: &Pair,
        behave: impl Fn(&mut Session<'_>, u32) + Send + Sync + 'static,
    ) -> Self {
        Self::over_tls(pair, &["h2"], move |session| {
            if let Ok(stream) = read_request(session) {
                behave(session, stream);
            }
        })
    }
}

/// The stream of the first request.
fn read_request(session: &mut Session<'_>) -> io::Result<u32> {
    session.read_exact(&mut [0; 24])?;
    session.write_all(&frame(SETTINGS, 0, 0, &[]))?;
    loop {
        let mut head = [0; 9];
        session.read_exact(&mut head)?;
        let [a, b, c, kind, flags, rest @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        session.read_exact(&mut payload)?;
        match kind {
            HEADERS => return Ok(u32::from_be_bytes(rest)),
            SETTINGS if flags & ACK == 0 => session.write_all(&frame(SETTINGS, ACK, 0, &[]))?,
            _ => {}
        }
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}
