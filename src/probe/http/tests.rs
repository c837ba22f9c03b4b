//! Against servers that behave, and servers that do not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::*;
use crate::model::{self, Observation, Value};
use crate::probe::testing::{
    AMPLE, BUDGET, Server, brief_look, closed_port, code, hold, look, look_in, problem, read,
    reset, stopped,
};

fn http(server: &Server, keys: &str) -> Http {
    let address = server.address;
    read(&format!("{{ url: \"http://{address}/\"{keys} }}"))
}

/// Reads one request, its body included; empty when the peer closed.
async fn request(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(end) = text.find("\r\n\r\n") {
            let head = text[..end].to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            if text.len() >= end + 4 + length.unwrap_or_default() {
                return text;
            }
        }
        match stream.read(&mut buffer).await {
            Ok(count) if count > 0 => text.push_str(std::str::from_utf8(&buffer[..count]).unwrap()),
            _ => return String::new(),
        }
    }
}

#[derive(Clone, Copy)]
enum Then {
    Close,
    Hold,
    Reset,
}

/// Answers every connection's first request with these bytes.
async fn answering(bytes: impl Into<Vec<u8>>, then: Then) -> Server {
    let bytes = Arc::new(bytes.into());
    Server::start(move |mut stream| {
        let bytes = bytes.clone();
        async move {
            request(&mut stream).await;
            let _ = stream.write_all(&bytes).await;
            match then {
                Then::Close => {}
                Then::Hold => hold(stream).await,
                Then::Reset => reset(stream),
            }
        }
    })
    .await
}

/// Answers every request with a status and keeps the connection; tells each request.
async fn keeping() -> (Server, mpsc::UnboundedReceiver<String>, Arc<AtomicUsize>) {
    let (tell, told) = mpsc::unbounded_channel();
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = connections.clone();
    let server = Server::start(move |mut stream| {
        counter.fetch_add(1, Ordering::SeqCst);
        let tell = tell.clone();
        async move {
            loop {
                let asked = request(&mut stream).await;
                if asked.is_empty() {
                    return;
                }
                let _ = tell.send(asked);
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
                let _ = stream.write_all(answer).await;
            }
        }
    })
    .await;
    (server, told, connections)
}

/// Answers every request of every connection, and tells it.
async fn answering_each(
    answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static,
) -> (Server, mpsc::UnboundedReceiver<String>) {
    let (tell, told) = mpsc::unbounded_channel();
    let answer = Arc::new(answer);
    let server = Server::start(move |mut stream| {
        let (tell, answer) = (tell.clone(), answer.clone());
        async move {
            loop {
                let asked = request(&mut stream).await;
                if asked.is_empty() {
                    return;
                }
                let bytes = answer(&asked);
                let _ = tell.send(asked);
                let _ = stream.write_all(&bytes).await;
            }
        }
    })
    .await;
    (server, told)
}

/// An answer with these lines of a head and this body.
fn ok(lines: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\n{lines}content-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// The evidence of this name.
fn evidence<'o>(seen: &'o Observation, label: &str) -> &'o str {
    let found = seen.evidence.iter().find(|it| it.label == label);
    &found.expect("it is there").text
}

fn fact<'o>(seen: &'o Observation, name: &str) -> Option<&'o Value> {
    seen.facts.get(name)
}

fn text<'o>(seen: &'o Observation, name: &str) -> Option<&'o str> {
    fact(seen, name).and_then(Value::as_text)
}

#[tokio::test]
async fn an_answer_becomes_facts_and_phases() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/problem+json\r\nSet-Cookie: a=1\r\n\
                  set-cookie: b=2\r\ncontent-length: 19\r\n\r\n{\"status\":\"healthy\"";
    let server = answering(format!("{answer}}}").replace("19", "20"), Then::Hold).await;
    let seen = look(&http(&server, "")).await.unwrap();
    assert_eq!(fact(&seen, "status"), Some(&Value::int(200)));
    assert_eq!(fact(&seen, "size"), Some(&Value::int(20)));
    assert_eq!(text(&seen, "version"), Some("HTTP/1.1"));
    assert_eq!(text(&seen, "remote_ip"), Some("127.0.0.1"));
    assert_eq!(text(&seen, "body"), Some("{\"status\":\"healthy\"}"));
    let json = fact(&seen, "json").unwrap();
    assert_eq!(json.get("status"), Some(&Value::Text("healthy".to_owned())));
    let cookies = fact(&seen, "headers").unwrap().get("set-cookie");
    let untyped = |text: &str| Value::Untyped(text.to_owned());
    assert_eq!(
        cookies,
        Some(&Value::List(vec![untyped("a=1"), untyped("b=2")]))
    );
    let phases: Vec<_> = seen.phases.iter().map(|time| time.phase.name()).collect();
    assert_eq!(phases, ["resolve", "connect", "first_byte", "body"]);
    let sum: std::time::Duration = seen.phases.iter().map(|time| time.took).sum();
    assert!(sum <= seen.latency, "{sum:?} {:?}", seen.latency);
    let labels: Vec<_> = seen.evidence.iter().map(|it| &*it.label).collect();
    assert_eq!(labels, ["curl", "body"]);
    assert_eq!(text(&seen, "hop"), Some("app"));
}

#[tokio::test]
async fn the_request_is_what_the_keys_say() {
    let (server, mut told, _) = keeping().await;
    let keys = ", method: POST, query: { page: 2, q: a b }, json: { user: \"ä\", n: 1 }, headers: { X-Tag: 1, accept: text/plain }, \
                auth: { basic: { user: me, password: secret-word } }";
    let probe = http(&server, keys);
    look(&probe).await.unwrap();
    let asked = told.recv().await.unwrap();
    assert!(
        asked.starts_with("POST /?page=2&q=a+b HTTP/1.1\r\n"),
        "{asked}"
    );
    for line in [
        format!("host: {}", server.address),
        format!("user-agent: allclear/{}", env!("CARGO_PKG_VERSION")),
        "accept: text/plain".to_owned(),
        "x-tag: 1".to_owned(),
        "content-type: application/json".to_owned(),
        "authorization: Basic bWU6c2VjcmV0LXdvcmQ=".to_owned(),
    ] {
        assert!(
            asked.contains(&format!("\r\n{line}\r\n")),
            "{line}: {asked}"
        );
    }
    assert!(asked.ends_with("{\"user\":\"ä\",\"n\":1}"), "{asked}");
    assert!(!asked.contains("accept-encoding"), "{asked}");
    assert_eq!(probe.request(), format!("POST http://{}/", server.address));
}

#[tokio::test]
async fn credentials_are_masked_in_every_form() {
    let (server, _told, _) = keeping().await;
    let port = server.port();
    let probe: Http = read(&format!("url: \"http://me:secret-word@127.0.0.1:{port}/\""));
    assert!(!probe.request().contains("secret-word"));
    let ctx = Context::for_tests(AMPLE);
    probe.observe(&ctx).await.unwrap();
    for leak in ["secret-word", "bWU6c2VjcmV0LXdvcmQ="] {
        let masked = ctx.shared.mask.apply(leak);
        assert!(!masked.contains(leak), "{masked}");
    }
}

#[tokio::test]
async fn errors_of_http_are_answers_and_no_faults() {
    let server = answering("HTTP/1.0 503 No\r\n\r\nplain [text]", Then::Close).await;
    let seen = look(&http(&server, "")).await.unwrap();
    assert_eq!(fact(&seen, "status"), Some(&Value::int(503)));
    assert_eq!(text(&seen, "version"), Some("HTTP/1.0"));
    assert_eq!(fact(&seen, "json"), None);
}

#[tokio::test]
async fn interim_answers_and_answers_without_a_body_are_understood() {
    let hints = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n";
    let server = answering(hints, Then::Hold).await;
    let seen = look(&http(&server, "")).await.unwrap();
    assert_eq!(fact(&seen, "status"), Some(&Value::int(204)));
    assert_eq!(fact(&seen, "size"), Some(&Value::int(0)));
    let server = answering("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n", Then::Hold).await;
    let seen = look(&http(&server, ", method: HEAD")).await.unwrap();
    assert_eq!(text(&seen, "body"), Some(""));
}

#[tokio::test]
async fn each_way_to_break_an_exchange_has_its_code() {
    let whole = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n";
    for (answer, then, expected) in [
        (String::new(), Then::Close, "http.closed.first_byte"),
        (String::new(), Then::Reset, "http.reset.first_byte"),
        (
            "HTTP/1.1 200 OK\r\nx-a".to_owned(),
            Then::Close,
            "http.closed.body",
        ),
        (format!("{whole}half"), Then::Close, "http.closed.body"),
        (format!("{whole}half"), Then::Reset, "http.reset.body"),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhal".to_owned(),
            Then::Close,
            "http.closed.body",
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_owned(),
            Then::Hold,
            "http.protocol",
        ),
        (
            "SSH-2.0-OpenSSH_9.2\r\n".to_owned(),
            Then::Hold,
            "http.protocol",
        ),
        (
            format!(
                "HTTP/1.1 200 OK\r\nx: {}\r\n\r\n",
                "a".repeat(2 * 1024 * 1024)
            ),
            Then::Hold,
            "http.protocol",
        ),
        (
            format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(1000)),
            Then::Hold,
            "http.protocol",
        ),
        (
            "HTTP/1.1 100 Continue\r\n\r\n".repeat(60_000),
            Then::Hold,
            "http.protocol",
        ),
    ] {
        let server = answering(answer.clone(), then).await;
        let start = answer.chars().take(60).collect::<String>();
        assert_eq!(code(look(&http(&server, "")).await), expected, "{start:?}");
    }
}

#[tokio::test]
async fn what_came_before_a_fault_is_kept() {
    let answer =
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\ncontent-type: application/json\r\n\r\n{}";
    let server = answering(answer, Then::Close).await;
    let (code, seen) = stopped(look(&http(&server, "")).await);
    assert_eq!(code.as_str(), "http.closed.body");
    assert_eq!(fact(&seen, "status"), Some(&Value::int(200)));
    assert_eq!(text(&seen, "body"), Some("{}"));
    assert_eq!(fact(&seen, "json"), None, "a body cut short is no JSON");
    assert!(seen.phase(Phase::Body).is_some());
}

#[tokio::test]
async fn silence_and_drips_end_with_the_budget_in_their_own_phase() {
    let silent = Server::start(hold).await;
    let (code, seen) = stopped(brief_look(&http(&silent, "")).await);
    assert_eq!(code.as_str(), "http.timeout.first_byte");
    assert_eq!(seen.fault.unwrap().phase, Phase::FirstByte);
    assert!(seen.phases.last().unwrap().took <= seen.latency && seen.latency >= BUDGET);
    for begun in [
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
        "HTTP/1.1 2",
    ] {
        let server = answering(begun, Then::Hold).await;
        let (code, seen) = stopped(brief_look(&http(&server, "")).await);
        assert_eq!(code.as_str(), "http.timeout.body", "{begun:?}");
        assert!(seen.phase(Phase::FirstByte).is_some());
    }
}

#[tokio::test]
async fn a_request_that_is_not_taken_is_a_send_timeout() {
    let stuck = Server::start(async |stream| {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let body = "x".repeat(16 * 1024 * 1024);
    let probe = http(&stuck, &format!(", method: POST, body: {body}"));
    assert_eq!(code(brief_look(&probe).await), "http.timeout.send");
}

#[tokio::test]
async fn a_body_larger_than_the_cap_is_cut() {
    let flood = format!("HTTP/1.1 200 OK\r\n\r\n{}", "a".repeat(100_000));
    let server = answering(flood, Then::Hold).await;
    let (code, seen) = stopped(look(&http(&server, ", max_body: 64KiB")).await);
    assert_eq!(code.as_str(), "http.too_large");
    assert_eq!(fact(&seen, "size"), Some(&Value::int(65536)));
    assert!(seen.evidence.iter().all(|it| it.text.len() <= 64 * 1024));
}

#[tokio::test]
async fn nobody_there_is_told_by_tcp() {
    let port = closed_port().await;
    let probe: Http = read(&format!("url: \"http://127.0.0.1:{port}/\""));
    assert_eq!(code(look(&probe).await), "tcp.refused");
    assert_eq!(
        probe.resources(),
        [
            format!("sock:127.0.0.1:{port}"),
            format!("origin:http://127.0.0.1:{port}")
        ]
    );
}

#[tokio::test]
async fn fresh_attempts_connect_anew_and_their_steps_share() {
    let (server, _told, connections) = keeping().await;
    let probe = http(&server, "");
    let ctx = Context::for_tests(AMPLE);
    probe.observe(&ctx).await.unwrap();
    let second = probe.observe(&ctx).await.unwrap();
    assert_eq!(connections.load(Ordering::SeqCst), 1);
    assert_eq!(second.phase(Phase::Connect), None);
    assert_eq!(text(&second, "remote_ip"), Some("127.0.0.1"));
    let next_attempt = Context {
        attempt: Arc::default(),
        ..ctx
    };
    probe.observe(&next_attempt).await.unwrap();
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn reuse_shares_connections_between_attempts() {
    let (server, _told, connections) = keeping().await;
    let probe = http(&server, "");
    let ctx = Context {
        connections: model::Connections::Reuse,
        ..Context::for_tests(AMPLE)
    };
    for _ in 0..20 {
        let attempt = Context {
            attempt: Arc::default(),
            ..ctx.clone()
        };
        probe.observe(&attempt).await.unwrap();
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn connections_are_shared_only_where_everything_is_the_same() {
    let (server, _told, connections) = keeping().await;
    let ctx = Context {
        connections: model::Connections::Reuse,
        ..Context::for_tests(AMPLE)
    };
    // Another address, proxy or version must be looked at, and not the connection of an earlier test.
    for (keys, opened) in [
        ("", 1),
        (", resolve: [127.0.0.1]", 2),
        (", resolve: [\"::ffff:127.0.0.1\"]", 3),
        (", version: HTTP/1.1", 4),
        (", resolve: [127.0.0.1]", 4),
        ("", 4),
    ] {
        http(&server, keys).observe(&ctx).await.unwrap();
        assert_eq!(connections.load(Ordering::SeqCst), opened, "{keys}");
    }
}

/// Answers one request and then closes when the next one arrives, without a byte.
async fn closing_on_the_second() -> (Server, Arc<AtomicUsize>) {
    let requests = Arc::new(AtomicUsize::new(0));
    let counter = requests.clone();
    let server = Server::start(move |mut stream| {
        let counter = counter.clone();
        async move {
            request(&mut stream).await;
            counter.fetch_add(1, Ordering::SeqCst);
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
            let _ = stream.write_all(answer).await;
            if !request(&mut stream).await.is_empty() {
                counter.fetch_add(1, Ordering::SeqCst);
            }
        }
    })
    .await;
    (server, requests)
}

#[tokio::test]
async fn a_kept_connection_closed_meanwhile_is_not_blamed_on_the_target() {
    let (server, requests) = closing_on_the_second().await;
    let ctx = Context::for_tests(AMPLE);
    let probe = http(&server, "");
    probe.observe(&ctx).await.unwrap();
    let seen = probe.observe(&ctx).await.unwrap();
    assert!(seen.phase(Phase::Connect).is_some());
    assert_eq!(requests.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_request_with_effects_is_not_sent_twice() {
    let (server, requests) = closing_on_the_second().await;
    let ctx = Context::for_tests(AMPLE);
    let probe = http(&server, ", method: POST, body: x");
    probe.observe(&ctx).await.unwrap();
    assert_eq!(code(probe.observe(&ctx).await), "http.closed.first_byte");
    assert_eq!(requests.load(Ordering::SeqCst), 2);
}

#[test]
fn slips_are_told() {
    for (yaml, message) in [
        ("url: web/health", "no scheme"),
        ("{ url: \"http://a\", method: get }", "write `GET`"),
        (
            "{ url: \"http://a\", headers: { \"a b\": x } }",
            "no name of a header",
        ),
        (
            "{ url: \"http://a\", headers: { a: \"x\\r\\ny: z\" } }",
            "line break",
        ),
        (
            "{ url: \"http://a\", headers: { content-length: 3 } }",
            "leave it out",
        ),
        (
            "{ url: \"http://a\", body: x, form: { a: b } }",
            "only one of",
        ),
        ("{ url: \"http://a\", json: {}, body: x }", "only one of"),
        (
            "{ url: \"http://u:p@a\", auth: { bearer: x } }",
            "use one of them",
        ),
        (
            "{ url: \"http://a\", auth: { bearer: \"x\\ny\" } }",
            "line break",
        ),
        (
            "{ url: \"http://a\", auth: { basic: { user: \"a:b\", password: c } } }",
            "cannot hold `:`",
        ),
        ("{ url: \"http://a\", follow: 3 }", "unknown key `follow`"),
        ("{ url: \"http://a\", max_body: 5 }", "unit is missing"),
    ] {
        let told = problem("http", yaml);
        assert!(told.contains(message), "{yaml}: {told}");
    }
}

mod cookies;
mod http2;
mod packed;
mod payloads;
mod proxies;
mod redirects;

mod over_tls {
    use rcgen::{CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use rustls::{RootCertStore, ServerConfig};
    use tokio_rustls::TlsAcceptor;

    use super::*;

    pub(super) struct Authority {
        issuer: CertifiedIssuer<'static, KeyPair>,
    }

    impl Authority {
        pub(super) fn new(name: &str) -> Self {
            let mut params = CertificateParams::new(Vec::new()).unwrap();
            params.distinguished_name.push(DnType::CommonName, name);
            params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
            let key = KeyPair::generate().unwrap();
            let issuer = CertifiedIssuer::self_signed(params, key).unwrap();
            Self { issuer }
        }

        pub(super) fn roots(&self) -> RootCertStore {
            let mut roots = RootCertStore::empty();
            roots.add(self.issuer.der().clone()).unwrap();
            roots
        }

        pub(super) fn certificate(
            &self,
            name: &str,
            change: impl FnOnce(&mut CertificateParams),
        ) -> Identity {
            let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
            change(&mut params);
            let key = KeyPair::generate().unwrap();
            let certificate = params.signed_by(&key, &self.issuer).unwrap();
            (
                certificate.der().clone(),
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
        }
    }

    pub(super) type Identity = (CertificateDer<'static>, PrivateKeyDer<'static>);

    pub(super) async fn serving(
        (certificate, key): Identity,
        tls: &'static rustls::SupportedProtocolVersion,
    ) -> Server {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[tls])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Server::start(move |stream| {
            let acceptor = acceptor.clone();
            async move {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let mut buffer = [0; 1024];
                let _ = stream.read(&mut buffer).await;
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
                let _ = stream.write_all(answer).await;
                let _ = stream.shutdown().await;
            }
        })
        .await
    }

    fn https(port: u16) -> Http {
        read(&format!("url: \"https://localhost:{port}/\""))
    }

    async fn look_at(port: u16, authority: &Authority) -> model::Looked {
        let ctx = Context::for_tests(AMPLE).trusting(authority.roots());
        https(port).observe(&ctx).await
    }

    #[tokio::test]
    async fn a_trusted_server_is_spoken_to() {
        let authority = Authority::new("ours");
        for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
            let server = serving(authority.certificate("localhost", |_| {}), version).await;
            let seen = look_at(server.port(), &authority).await.unwrap();
            assert_eq!(fact(&seen, "status"), Some(&Value::int(200)));
            assert!(seen.phase(Phase::Tls).is_some());
        }
    }

    #[tokio::test]
    async fn each_bad_certificate_has_its_code() {
        let authority = Authority::new("ours");
        let expired = authority.certificate("localhost", |params| {
            params.not_before = date_time_ymd(2000, 1, 1);
            params.not_after = date_time_ymd(2001, 1, 1);
        });
        let future = authority.certificate("localhost", |params| {
            params.not_before = date_time_ymd(2900, 1, 1);
            params.not_after = date_time_ymd(2901, 1, 1);
        });
        let other_name = authority.certificate("web.example", |_| {});
        let stranger = Authority::new("theirs").certificate("localhost", |_| {});
        let mut own = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        own.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let self_signed = (
            own.self_signed(&key).unwrap().der().clone(),
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        );
        for (identity, expected) in [
            (expired, "tls.expired"),
            (future, "tls.not_yet_valid"),
            (other_name, "tls.wrong_name"),
            (stranger, "tls.unknown_issuer"),
            (self_signed, "tls.self_signed"),
        ] {
            let server = serving(identity, &rustls::version::TLS13).await;
            let (code, seen) = stopped(look_at(server.port(), &authority).await);
            assert_eq!(code.as_str(), expected);
            let mut evidence = seen.evidence.iter();
            let evidence = evidence.find(|one| one.label == "certificate").unwrap();
            assert!(evidence.text.contains("names: "), "{}", evidence.text);
            let names = Value::List(vec![Value::Text("web.example".to_owned())]);
            let is_other = expected == "tls.wrong_name";
            assert_eq!(seen.facts.get("san"), is_other.then_some(&names));
            assert_eq!(seen.facts.get("covers_sibling"), None);
            assert_eq!(seen.fault.unwrap().phase, Phase::Tls);
        }
    }

    #[tokio::test]
    async fn what_does_not_speak_tls_is_told_apart() {
        let authority = Authority::new("ours");
        let plain = Server::start(async |mut stream: TcpStream| {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            hold(stream).await;
        })
        .await;
        assert_eq!(
            code(look_at(plain.port(), &authority).await),
            "tls.plaintext"
        );
        let closing = Server::start(async |mut stream: TcpStream| {
            let _ = stream.read(&mut [0; 1024]).await;
        })
        .await;
        assert_eq!(code(look_at(closing.port(), &authority).await), "tls.eof");
        let resetting = Server::start(async |mut stream: TcpStream| {
            let _ = stream.read(&mut [0; 16]).await;
            reset(stream);
        })
        .await;
        assert_eq!(
            code(look_at(resetting.port(), &authority).await),
            "tls.reset"
        );
        let alerting = Server::start(async |mut stream: TcpStream| {
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(&[21, 3, 3, 0, 2, 2, 40]).await;
            hold(stream).await;
        })
        .await;
        assert_eq!(
            code(look_at(alerting.port(), &authority).await),
            "tls.alert.40"
        );
        let silent = Server::start(hold).await;
        let ctx = Context::for_tests(BUDGET).trusting(authority.roots());
        assert_eq!(
            code(https(silent.port()).observe(&ctx).await),
            "tls.timeout"
        );
    }

    #[tokio::test]
    async fn tls_spoken_to_a_plain_client_is_no_http() {
        let authority = Authority::new("ours");
        let server = serving(
            authority.certificate("localhost", |_| {}),
            &rustls::version::TLS13,
        )
        .await;
        let probe: Http = read(&format!("url: \"http://127.0.0.1:{}/\"", server.port()));
        assert_eq!(code(look(&probe).await), "http.protocol");
    }
}

#[test]
fn no_password_is_shown() {
    let probe: Http = read(
        "{ url: \"http://a:hunter2@b/c\", headers: { x-key: hunter2 }, body: hunter2, method: POST }",
    );
    assert_eq!(format!("{probe:?}"), "POST http://b/c");
    for yaml in [
        "{ basic: { user: a, password: hunter2 } }",
        "{ bearer: hunter2 }",
    ] {
        let probe: Http = read(&format!("{{ url: \"http://b\", auth: {yaml} }}"));
        assert!(!format!("{:?}", probe.auth).contains("hunter2"));
    }
}

#[tokio::test]
async fn what_is_said_beside_an_answer_is_kept_where_all_is_searched() {
    let answer = "HTTP/1.1 103 Early Hints\r\nlink: l1\r\n\r\nHTTP/1.1 200 For You\r\n\
                  transfer-encoding: chunked\r\ntrailer: x-late\r\n\r\n2;ext=1\r\nhi\r\n0\r\nx-late: t1\r\n\r\n";
    let server = answering(answer, Then::Close).await;
    let probe = http(&server, "");
    let seen = look_in(&probe, &Context::for_tests(AMPLE).searched())
        .await
        .unwrap();
    let expected =
        ["link: l1", "For You", "x-late: t1"].map(|text| Value::Untyped(text.to_owned()));
    assert_eq!(
        seen.facts.get("beside"),
        Some(&Value::List(expected.into()))
    );
    assert_eq!(look(&probe).await.unwrap().facts.get("beside"), None);
    // More than is kept is not passed over.
    let hint = format!(
        "HTTP/1.1 103 Early Hints\r\nlink: {}\r\n\r\n",
        "l".repeat(100_000)
    );
    let server = answering(format!("{}{answer}", hint.repeat(3)), Then::Close).await;
    let probe = http(&server, "");
    assert!(look(&probe).await.is_ok());
    let looked = look_in(&probe, &Context::for_tests(AMPLE).searched()).await;
    assert_eq!(code(looked), "http.too_large");
}
