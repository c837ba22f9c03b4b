//! Streams of hyper's own server, in each way a body can come; over TLS also with HTTP/2.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::stream;
use http_body_util::StreamBody;
use hyper::body::{Bytes, Frame, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::probe::testing::certificates::{Authority, Identity};

type Piece = Result<Frame<Bytes>, io::Error>;

/// The other end of a stream that was asked for.
struct Stream {
    asked: Request<Incoming>,
    pieces: mpsc::UnboundedSender<Piece>,
}

impl Stream {
    fn send(&self, text: &str) {
        let frame = Frame::data(Bytes::copy_from_slice(text.as_bytes()));
        let _ = self.pieces.send(Ok(frame));
    }
}

struct Hyper {
    server: Server,
    streams: mpsc::UnboundedReceiver<Stream>,
    connections: Arc<AtomicUsize>,
}

/// Hands over every stream that is asked for.
async fn hyper(authority: &Authority, alpn: &[&str]) -> Hyper {
    let Identity { chain, key } = authority.certificate("localhost");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (tell, streams) = mpsc::unbounded_channel();
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = connections.clone();
    let server = Server::start(move |stream| {
        let (acceptor, tell) = (acceptor.clone(), tell.clone());
        counter.fetch_add(1, Ordering::SeqCst);
        async move {
            let Ok(stream) = acceptor.accept(stream).await else {
                return;
            };
            let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            let io = TokioIo::new(stream);
            let service = service_fn(move |asked| {
                let (pieces, mut coming) = mpsc::unbounded_channel::<Piece>();
                let _ = tell.send(Stream { asked, pieces });
                let body = StreamBody::new(stream::poll_fn(move |poller| coming.poll_recv(poller)));
                let answer = Response::builder().header("content-type", "text/event-stream");
                async { Ok::<_, Infallible>(answer.body(body).unwrap()) }
            });
            if is_http2 {
                let builder = http2::Builder::new(TokioExecutor::new());
                let _ = builder.serve_connection(io, service).await;
            } else {
                let _ = http1::Builder::new().serve_connection(io, service).await;
            }
        }
    })
    .await;
    Hyper {
        server,
        streams,
        connections,
    }
}

fn https(server: &Server, keys: &str) -> Sse {
    let port = server.port();
    read(&format!(
        "{{ url: \"https://localhost:{port}/events\"{keys} }}"
    ))
}

#[tokio::test]
async fn events_come_as_they_are_sent_over_either_version() {
    let authority = Authority::new("ours");
    for (alpn, version) in [
        (&["h2", "http/1.1"][..], "HTTP/2"),
        (&["http/1.1"], "HTTP/1.1"),
    ] {
        let Hyper {
            server,
            mut streams,
            connections,
        } = hyper(&authority, alpn).await;
        let ctx = Context::for_tests(AMPLE).trusting(authority.roots());
        let probe = https(
            &server,
            ", until: { event: done }, reconnects: 1, method: POST, json: { n: 1 }",
        );
        let serving = async {
            let stream = streams.recv().await.unwrap();
            stream.send("retry: 0\nid: 7\nda");
            stream.send("ta: 1\n\n");
            drop(stream);
            let stream = streams.recv().await.unwrap();
            assert_eq!(stream.asked.headers()["last-event-id"], "7");
            assert_eq!(stream.asked.headers()["accept"], "text/event-stream");
            stream.send("event: done\ndata: 2\n\n");
            // It is open until nobody listens any more.
            stream.pieces.closed().await;
        };
        let (looked, ()) = tokio::join!(
            async {
                let looked = look_in(&probe, &ctx).await;
                // Only now everything of it is given back.
                drop(ctx);
                looked
            },
            serving
        );
        let seen = looked.unwrap();
        assert_eq!(
            fact(&seen, "version").and_then(Value::as_text),
            Some(version)
        );
        assert_eq!(data(&seen), ["1", "2"]);
        assert_eq!(fact(&seen, "ended"), Some(&Value::Bool(false)));
        assert!(seen.phase(Phase::Tls).is_some() && seen.phase(Phase::Event).is_some());
        // A stream that was read to its end leaves its connection for the next one.
        assert_eq!(connections.load(Ordering::SeqCst), 1, "{version}");
    }
}

#[tokio::test]
async fn a_stream_that_the_server_resets_keeps_its_code() {
    let authority = Authority::new("ours");
    let Hyper {
        server,
        mut streams,
        ..
    } = hyper(&authority, &["h2"]).await;
    let ctx = Context::for_tests(AMPLE).trusting(authority.roots());
    let probe = https(&server, ", until: { event: done }, reconnects: 1");
    let serving = async {
        let stream = streams.recv().await.unwrap();
        stream.send("retry: 0\ndata: 1\n\n");
        let _ = stream.pieces.send(Err(io::Error::other("broken")));
        let stream = streams.recv().await.unwrap();
        let _ = stream.pieces.send(Err(io::Error::other("broken again")));
    };
    let (looked, ()) = tokio::join!(look_in(&probe, &ctx), serving);
    let (code, seen) = stopped(looked);
    assert_eq!(code.as_str(), "http2.reset.2");
    assert_eq!(fact(&seen, "reconnects"), Some(&Value::int(1)));
}

#[tokio::test]
async fn a_body_may_come_in_any_way() {
    let stream = "data: 1\n\n";
    for (head, body) in [
        ("HTTP/1.0 200 OK\r\n", stream.to_owned()),
        (
            "HTTP/1.1 200 OK\r\nconnection: close\r\n",
            stream.to_owned(),
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n",
            stream.to_owned(),
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n",
            "1\r\nd\r\n8;x=y\r\nata: 1\n\n\r\n0\r\nx-trailer: 1\r\n\r\n".to_owned(),
        ),
    ] {
        let server = streaming(
            format!("{head}content-type: text/event-stream\r\n\r\n{body}"),
            true,
        )
        .await;
        let seen = look(&sse(&server, "")).await.unwrap();
        assert_eq!(data(&seen), ["1"], "{head}");
        assert_eq!(fact(&seen, "ended"), Some(&Value::Bool(true)), "{head}");
    }
}
