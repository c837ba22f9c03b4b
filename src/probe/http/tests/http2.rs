//! HTTP/2: agreed on, asked for, and broken.

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use tokio::io::{copy, sink};
use tokio_rustls::TlsAcceptor;

use super::over_tls::{Authority, serving};
use super::*;

/// Echoes method, URL and body of each request; counts connections.
async fn echoing(authority: &Authority, alpn: &[&str]) -> (Server, Arc<AtomicUsize>) {
    let (certificate, key) = authority.certificate("localhost", |_| {});
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = connections.clone();
    let server = Server::start(move |stream| {
        let acceptor = acceptor.clone();
        counter.fetch_add(1, Ordering::SeqCst);
        async move {
            let Ok(stream) = acceptor.accept(stream).await else {
                return;
            };
            let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            let io = TokioIo::new(stream);
            if is_http2 {
                let builder = http2::Builder::new(TokioExecutor::new());
                let _ = builder.serve_connection(io, service_fn(echo)).await;
            } else {
                let builder = hyper::server::conn::http1::Builder::new();
                let _ = builder.serve_connection(io, service_fn(echo)).await;
            }
        }
    })
    .await;
    (server, connections)
}

async fn echo(asked: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let line = format!(
        "{} {} {:?} ",
        asked.method(),
        asked.uri(),
        asked.headers().get("host")
    );
    let body = asked.into_body().collect().await?.to_bytes();
    let answer = [line.into_bytes(), body.to_vec()].concat();
    Ok(Response::new(Full::new(answer.into())))
}

fn https(server: &Server, keys: &str) -> Http {
    read(&format!(
        "{{ url: \"https://localhost:{}/a?b\"{keys} }}",
        server.port()
    ))
}

#[tokio::test]
async fn it_is_spoken_where_both_agree_and_connections_are_kept() {
    let authority = Authority::new("ours");
    let (server, connections) = echoing(&authority, &["h2", "http/1.1"]).await;
    let ctx = Context::for_tests(AMPLE).trusting(authority.roots());
    for n in 0..3 {
        let keys = format!(", method: POST, body: hello-{n}, headers: {{ connection: close }}");
        let seen = https(&server, &keys).observe(&ctx).await.unwrap();
        assert_eq!(text(&seen, "version"), Some("HTTP/2"));
        let port = server.port();
        let expected = format!("POST https://localhost:{port}/a?b None hello-{n}");
        assert_eq!(text(&seen, "body"), Some(expected.as_str()));
        assert!(seen.phase(Phase::FirstByte).is_some() && seen.phase(Phase::Body).is_some());
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
    let reuse = Context {
        connections: model::Connections::Reuse,
        ..ctx
    };
    for _ in 0..5 {
        let attempt = Context {
            attempt: Arc::default(),
            ..reuse.clone()
        };
        https(&server, "").observe(&attempt).await.unwrap();
    }
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_large_body_comes_whole() {
    let authority = Authority::new("ours");
    let (server, _) = echoing(&authority, &["h2"]).await;
    let ctx = Context::for_tests(AMPLE).trusting(authority.roots());
    let body = "x".repeat(3 * 1024 * 1024);
    let probe = https(
        &server,
        &format!(", method: POST, max_body: 4MiB, body: {body}"),
    );
    let seen = probe.observe(&ctx).await.unwrap();
    assert!(text(&seen, "body").unwrap().ends_with(&body));
}

#[tokio::test]
async fn a_version_can_be_asked_for() {
    let authority = Authority::new("ours");
    let (both, _) = echoing(&authority, &["h2", "http/1.1"]).await;
    let (only_new, _) = echoing(&authority, &["h2"]).await;
    let neither = serving(
        authority.certificate("localhost", |_| {}),
        &rustls::version::TLS13,
    )
    .await;
    for (server, version, expected) in [
        (&both, "HTTP/1.1", Ok("HTTP/1.1")),
        (&both, "HTTP/2", Ok("HTTP/2")),
        (&only_new, "HTTP/1.1", Err("tls.alert.120")),
        (&neither, "HTTP/2", Err("tls.no_alpn")),
        (&neither, "HTTP/1.1", Ok("HTTP/1.1")),
    ] {
        let ctx = Context::for_tests(AMPLE).trusting(authority.roots());
        let looked = https(server, &format!(", version: {version}"))
            .observe(&ctx)
            .await;
        match expected {
            Ok(spoken) => assert_eq!(text(&looked.unwrap(), "version"), Some(spoken)),
            Err(expected) => assert_eq!(code(looked), expected, "{version}"),
        }
    }
    let told = problem("http", "{ url: \"http://a\", version: 2 }");
    assert!(told.contains("unknown value `2`"), "{told}");
}

/// One frame (RFC 9113 §4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;

/// Reads the preface and frames until the request has come.
async fn request_of(stream: &mut TcpStream) {
    let mut preface = [0; 24];
    stream.read_exact(&mut preface).await.unwrap();
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.unwrap();
        let length = usize::from(head[1]) << 8 | usize::from(head[2]);
        let mut payload = vec![0; length];
        stream.read_exact(&mut payload).await.unwrap();
        if head[3] == HEADERS {
            return;
        }
    }
}

/// Takes a request over plain TCP and answers with these frames.
async fn framing(frames: Vec<u8>, then: Then) -> Server {
    Server::start(move |mut stream| {
        let frames = frames.clone();
        async move {
            let _ = stream.write_all(&frame(SETTINGS, 0, 0, &[])).await;
            request_of(&mut stream).await;
            let _ = stream.write_all(&frames).await;
            match then {
                Then::Close => {
                    // What we said is to arrive: a close with unread bytes would reset it away.
                    let _ = stream.shutdown().await;
                    hold(stream).await;
                }
                Then::Hold => hold(stream).await,
                Then::Reset => reset(stream),
            }
        }
    })
    .await
}

fn plain(server: &Server) -> Http {
    http(server, ", version: HTTP/2")
}

#[tokio::test]
async fn each_way_to_break_it_has_its_code() {
    let ok = frame(HEADERS, 4, 1, &[0x88]);
    let with = |rest: Vec<u8>| [ok.clone(), rest].concat();
    let goaway = |code: u32| {
        let payload = [0u32.to_be_bytes(), code.to_be_bytes()].concat();
        frame(GOAWAY, 0, 0, &payload)
    };
    let rst = |code: u32| frame(RST_STREAM, 0, 1, &code.to_be_bytes());
    for (frames, then, expected, phase) in [
        (rst(7), Then::Hold, "http2.reset.7", Phase::FirstByte),
        (goaway(11), Then::Close, "http2.goaway.11", Phase::FirstByte),
        (with(rst(2)), Then::Hold, "http2.reset.2", Phase::Body),
        (
            with([frame(DATA, 0, 1, b"half"), goaway(2)].concat()),
            Then::Close,
            "http2.goaway.2",
            Phase::Body,
        ),
        // "No error" in the middle of an answer does not make a whole of it.
        (
            with([frame(DATA, 0, 1, b"half"), rst(0)].concat()),
            Then::Hold,
            "http.closed.body",
            Phase::Body,
        ),
        (
            with([frame(DATA, 0, 1, b"half"), goaway(0)].concat()),
            Then::Close,
            "http.closed.body",
            Phase::Body,
        ),
        (
            Vec::new(),
            Then::Close,
            "http.closed.first_byte",
            Phase::FirstByte,
        ),
        (
            Vec::new(),
            Then::Reset,
            "http.reset.first_byte",
            Phase::FirstByte,
        ),
        (
            Vec::new(),
            Then::Hold,
            "http.timeout.first_byte",
            Phase::FirstByte,
        ),
        (
            with(frame(DATA, 0, 1, b"half")),
            Then::Close,
            "http.closed.body",
            Phase::Body,
        ),
        (
            with(frame(DATA, 0, 1, b"half")),
            Then::Hold,
            "http.timeout.body",
            Phase::Body,
        ),
        (
            frame(DATA, 0, 3, b"x"),
            Then::Hold,
            "http.protocol",
            Phase::FirstByte,
        ),
        (
            frame(HEADERS, 4, 1, &[0xff; 20]),
            Then::Hold,
            "http.protocol",
            Phase::FirstByte,
        ),
        (
            b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
            Then::Hold,
            "http.protocol",
            Phase::FirstByte,
        ),
    ] {
        let server = framing(frames, then).await;
        let (code, seen) = stopped(brief_look(&plain(&server)).await);
        assert_eq!(code.as_str(), expected, "{:?}", seen.fault);
        let fault = seen.fault.as_ref().unwrap();
        assert_eq!(fault.phase, phase, "{expected}");
        assert_eq!(
            fault.origin.is_some(),
            expected.starts_with("http2") || expected.contains("reset"),
            "{fault}"
        );
        assert_eq!(
            fact(&seen, "status").is_some(),
            phase == Phase::Body,
            "{expected}"
        );
    }
}

/// RFC 9113 §5.2: the window of a stream begins with 65535 bytes, and this server never opens it again.
#[tokio::test]
async fn a_body_that_does_not_go_through_a_closed_window_is_not_waited_for_an_answer() {
    for (length, expected, phase) in [
        (65_535, "http.timeout.first_byte", Phase::FirstByte),
        (65_536, "http.timeout.send", Phase::Send),
        (1_000_000, "http.timeout.send", Phase::Send),
    ] {
        let server = framing(Vec::new(), Then::Hold).await;
        let body = "x".repeat(length);
        let keys = format!(", version: HTTP/2, method: POST, body: {body}");
        let (code, seen) = stopped(brief_look(&http(&server, &keys)).await);
        assert_eq!(code.as_str(), expected, "{length}");
        assert_eq!(seen.fault.unwrap().phase, phase, "{length}");
    }
}

#[tokio::test]
async fn a_whole_answer_stays_whole_when_the_stream_is_given_up_after_it() {
    let ok = frame(HEADERS, 4, 1, &[0x88]);
    let none = 0u32.to_be_bytes();
    let goaway = frame(GOAWAY, 0, 0, &[none, none].concat());
    for (frames, body) in [
        (
            [
                ok.clone(),
                frame(DATA, 1, 1, b"whole"),
                frame(RST_STREAM, 0, 1, &none),
            ]
            .concat(),
            "whole",
        ),
        (
            [ok.clone(), frame(DATA, 1, 1, b"whole"), goaway.clone()].concat(),
            "whole",
        ),
        (
            // Trailers end it.
            [ok, frame(DATA, 0, 1, b"whole"), frame(HEADERS, 5, 1, &[])].concat(),
            "whole",
        ),
        ([frame(HEADERS, 5, 1, &[0x88]), goaway].concat(), ""),
    ] {
        let server = framing(frames, Then::Close).await;
        let seen = brief_look(&plain(&server)).await.unwrap();
        assert_eq!(text(&seen, "body"), Some(body));
    }
}

#[tokio::test]
async fn floods_of_frames_end_the_look_and_not_the_budget_of_others() {
    for flood in [
        frame(PING, 0, 0, &[0; 8]).repeat(100),
        frame(SETTINGS, 0, 0, &[]).repeat(100),
        frame(HEADERS, 4, 1, &[0x08, 3, b'1', b'0', b'3']).repeat(100),
    ] {
        let server = Server::start(move |mut stream| {
            let flood = flood.clone();
            async move {
                let _ = stream.write_all(&frame(SETTINGS, 0, 0, &[])).await;
                request_of(&mut stream).await;
                let (mut reading, mut writing) = stream.split();
                let flooding = async { while writing.write_all(&flood).await.is_ok() {} };
                let mut unread = sink();
                tokio::join!(flooding, async {
                    let _ = copy(&mut reading, &mut unread).await;
                });
            }
        })
        .await;
        let (code, seen) = stopped(brief_look(&plain(&server)).await);
        assert!(code.as_str().starts_with("http"), "{code}");
        assert!(seen.latency < BUDGET * 3, "{code} {:?}", seen.latency);
    }
}

#[tokio::test]
async fn a_look_that_gave_up_leaves_no_connection_behind() {
    let (tell, mut closed) = mpsc::unbounded_channel();
    let server = Server::start(move |mut stream| {
        let tell = tell.clone();
        async move {
            let _ = stream.write_all(&frame(SETTINGS, 0, 0, &[])).await;
            request_of(&mut stream).await;
            hold(stream).await;
            let _ = tell.send(());
        }
    })
    .await;
    let ctx = Context::for_tests(BUDGET);
    let looked = plain(&server).observe(&ctx).await;
    assert_eq!(code(looked), "http.timeout.first_byte");
    closed.recv().await.unwrap();
}
