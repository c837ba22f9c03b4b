//! Answers to HTTP that go wrong after they began.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::Duration;

use super::{Hostile, flood, listen_to, reset, wait_for_end};

impl Hostile {
    /// Announces a megabyte and sends a byte of it a second.
    pub(crate) fn dripping() -> Self {
        Self::answering(
            "HTTP/1.1 200 OK\r\ncontent-length: 1048576\r\n\r\n",
            |stream| {
                // Who leaves is noticed at once.
                let _ = stream.set_read_timeout(Some(Duration::from_secs(1)));
                let mut stream = stream;
                while stream.write_all(b"{").is_ok() {
                    if stream.read(&mut [0]).is_ok() {
                        break;
                    }
                }
            },
        )
    }

    /// Bytes that are no HTTP.
    pub(crate) fn garbage() -> Self {
        Self::answering(
            "\x00\x7f\x13\x37 SSH-2.0-nothing you know\r\n\r\n",
            |stream| {
                wait_for_end(stream);
            },
        )
    }

    /// A reset in the middle of the body.
    pub(crate) fn resetting_mid_body() -> Self {
        Self::answering("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf", reset)
    }

    /// A close in the middle of the body.
    pub(crate) fn closing_mid_body() -> Self {
        Self::answering("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf", |_| {})
    }

    /// A close in the middle of the chunks.
    pub(crate) fn closing_mid_chunk() -> Self {
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n";
        Self::answering(head, |_| {})
    }

    /// A close in the middle of the head.
    pub(crate) fn closing_mid_head() -> Self {
        Self::answering("HTTP/1.1 200 OK\r\ncontent-le", |_| {})
    }

    /// One header after the other, and no body ever.
    pub(crate) fn endless_headers() -> Self {
        Self::answering("HTTP/1.1 200 OK\r\n", |stream| {
            flood(stream, &b"x-more: and more\r\n".repeat(1024));
        })
    }

    /// One header that does not end.
    pub(crate) fn endless_header() -> Self {
        Self::answering("HTTP/1.1 200 OK\r\nx-more: ", |stream| {
            flood(stream, &b"a".repeat(64 * 1024));
        })
    }

    /// Promises of an answer (RFC 9110 §15.2), and no answer.
    pub(crate) fn endless_promises() -> Self {
        Self::answering("", |stream| {
            flood(stream, &b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(1024));
        })
    }

    /// One chunk after the other.
    pub(crate) fn endless_chunks() -> Self {
        Self::answering(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            |stream| {
                let chunk = format!("400\r\n{}\r\n", "a".repeat(0x400));
                flood(stream, &chunk.as_bytes().repeat(64));
            },
        )
    }

    /// A chunk of one byte behind an extension that does not end.
    pub(crate) fn endless_chunk_extension() -> Self {
        Self::answering(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;",
            |stream| {
                flood(stream, &b"a".repeat(64 * 1024));
            },
        )
    }

    /// Trailers that do not end.
    pub(crate) fn endless_trailers() -> Self {
        Self::answering(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n",
            |stream| {
                flood(stream, &b"x-more: and more\r\n".repeat(1024));
            },
        )
    }

    /// A gibibyte, announced and sent.
    pub(crate) fn gibibyte() -> Self {
        Self::answering(
            "HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n",
            |mut stream| {
                let block = vec![b'a'; 1024 * 1024];
                for _ in 0..1024 {
                    if stream.write_all(&block).is_err() {
                        break;
                    }
                }
            },
        )
    }

    /// Connects whoever asks to whoever is asked for (RFC 9110 §9.3.6): nothing is wrong with it.
    pub(crate) fn proxying() -> Self {
        Self::start(|mut stream| {
            let mut asked = vec![0; 16 * 1024];
            let length = stream.read(&mut asked).unwrap_or(0);
            let asked = String::from_utf8_lossy(&asked[..length]).into_owned();
            let target = asked.split(' ').nth(1).unwrap_or_default();
            let Ok(other) = TcpStream::connect(target) else {
                let _ = stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n");
                return;
            };
            let _ = stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n");
            thread::scope(|scope| {
                scope.spawn(|| {
                    let _ = io::copy(&mut &other, &mut &*stream);
                    let _ = stream.shutdown(Shutdown::Both);
                });
                let _ = io::copy(&mut &*stream, &mut &other);
                let _ = other.shutdown(Shutdown::Both);
            });
        })
    }

    /// A mebibyte of zeros, packed, a thousand times; and its end is missing.
    pub(crate) fn gzip_bomb() -> Self {
        let head = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\nconnection: close\r\n\r\n";
        // A header of gzip (RFC 1952 §2.3), then blocks that stand for themselves.
        let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
        let mut packer = flate2::Compress::new(flate2::Compression::best(), false);
        let mut block = Vec::with_capacity(64 * 1024);
        let zeros = vec![0; 1024 * 1024];
        let flush = flate2::FlushCompress::Full;
        packer.compress_vec(&zeros, &mut block, flush).unwrap();
        Self::start(move |mut stream| {
            listen_to(stream);
            let _ = stream.write_all(&[head.as_bytes(), &header].concat());
            for _ in 0..1024 {
                if stream.write_all(&block).is_err() {
                    break;
                }
            }
        })
    }

    /// What was asked, between these words, and then a close.
    pub(crate) fn repeating(before: &'static str, after: &'static str) -> Self {
        Self::start(move |mut stream| {
            let mut asked = vec![0; 64 * 1024];
            let length = stream.read(&mut asked).unwrap_or(0);
            asked.truncate(length);
            let _ = stream.write_all(&[before.as_bytes(), &asked, after.as_bytes()].concat());
            let _ = stream.shutdown(Shutdown::Write);
            wait_for_end(stream);
        })
    }

    /// Reads a request, says this, and does that.
    fn answering(head: &'static str, then: impl Fn(&TcpStream) + Send + Sync + 'static) -> Self {
        Self::start(move |mut stream| {
            listen_to(stream);
            let _ = stream.write_all(head.as_bytes());
            then(stream);
        })
    }
}
