//! A tunnel through a proxy (RFC 9110 §9.3.6).

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::proxy::Proxy;
use super::url::Target;
use crate::model::{FaultKind, HttpFault, Origin, Phase, Stopped, TcpFault};
use crate::probe::look::{Halt, Look};
use crate::probe::net::{self, Stream};

/// The head of the proxy's answer may have so many bytes.
const MOST_HEAD: usize = 64 * 1024;

/// Asks the proxy to connect us, as its own phase.
pub(super) async fn tunnel(
    look: &mut Look<'_>,
    proxy: &Proxy,
    target: &Target,
    mut stream: Stream,
) -> Result<Stream, Stopped> {
    let late = FaultKind::Http(HttpFault::TimeoutProxy);
    let asking = async {
        ask(&mut stream, proxy, target).await?;
        Ok(stream)
    };
    look.phase(Phase::Proxy, late, asking).await
}

async fn ask(stream: &mut Stream, proxy: &Proxy, target: &Target) -> Result<(), Halt> {
    let to = net::authority(&target.host, target.port);
    let mut request = format!(
        "CONNECT {to} HTTP/1.1\r\nhost: {to}\r\nuser-agent: allclear/{}\r\n",
        env!("CARGO_PKG_VERSION")
    )
    .into_bytes();
    if let Some(value) = &proxy.authorization {
        request.extend_from_slice(b"proxy-authorization: ");
        request.extend_from_slice(value.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    stream.write_all(&request).await.map_err(|e| broken(&e))?;
    stream.flush().await.map_err(|e| broken(&e))?;
    let mut read = Vec::new();
    loop {
        if let Some(end) = end_of_head(&read) {
            let status =
                status(&read).ok_or_else(|| protocol("what the proxy answered is not HTTP"))?;
            if (100..200).contains(&status) {
                read.drain(..end);
                continue;
            }
            if !(200..300).contains(&status) {
                let message = format!("the proxy {} answered {status}", proxy.authority());
                let halt = Halt::fault(FaultKind::ProxyStatus(status), message);
                return Err(halt.by(Origin::HttpStatus(status)));
            }
            // In TLS we speak first: whatever comes before that is not from the target.
            return if read.len() == end {
                Ok(())
            } else {
                Err(protocol("the proxy sent more than its answer"))
            };
        }
        if read.len() > MOST_HEAD {
            return Err(protocol("the head of the proxy's answer does not end"));
        }
        if !b"HTTP/".starts_with(&read[..read.len().min(5)]) {
            return Err(protocol("what the proxy answered is not HTTP"));
        }
        let count = stream.read_buf(&mut read).await.map_err(|e| broken(&e))?;
        if count == 0 {
            let message = "the proxy closed instead of opening a tunnel";
            return Err(Halt::fault(FaultKind::Tcp(TcpFault::Closed), message));
        }
    }
}

fn end_of_head(read: &[u8]) -> Option<usize> {
    let at = read.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some(at + 4)
}

/// `HTTP/1.1 200 …` (RFC 9112 §4).
fn status(head: &[u8]) -> Option<u16> {
    let rest = head.strip_prefix(b"HTTP/1.")?;
    let digits = rest.get(1..5)?.strip_prefix(b" ")?;
    if matches!(rest.get(5), Some(byte) if byte.is_ascii_digit()) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn protocol(words: &str) -> Halt {
    Halt::fault(FaultKind::Http(HttpFault::Protocol), words)
}

fn broken(error: &io::Error) -> Halt {
    match net::tls_error(error) {
        Some(cause) => net::tls_halt(cause),
        None => net::socket_halt(error, "asking the proxy"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_status_line_has_a_status() {
        for (head, expected) in [
            (&b"HTTP/1.1 200 OK\r\n\r\n"[..], Some(200)),
            (b"HTTP/1.0 407\r\n\r\n", Some(407)),
            (b"HTTP/1.1 2000\r\n\r\n", None),
            (b"HTTP/1.1 2x0 \r\n\r\n", None),
            (b"HTTP/1.1\r\n\r\n", None),
            (b"SSH-2.0\r\n\r\n", None),
        ] {
            assert_eq!(status(head), expected, "{head:?}");
        }
    }
}
