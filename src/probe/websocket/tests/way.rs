//! How it is come to: TLS, proxies, headers, cookies.

use tokio::io::copy_bidirectional;

use super::*;
use crate::probe::AnyProbe;
use crate::probe::testing::certificates::{Authority, Speaking};
use crate::probe::testing::node;
use crate::yaml::Diagnostics;

#[tokio::test]
async fn over_tls_it_is_the_same_conversation() {
    let authority = Authority::new("ours");
    let acceptor = Speaking::default().acceptor(authority.certificate("localhost"));
    let server = Server::start(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let stream = acceptor.accept(stream).await.unwrap();
            let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
            while let Some(Ok(message)) = socket.next().await {
                if message.is_text() {
                    socket.send(message).await.unwrap();
                }
            }
        }
    })
    .await;
    for end in ["", ", { drop: rst }", ", { drop: fin }"] {
        let yaml = format!(
            "{{ url: \"wss://localhost:{}/\", script: [{{ send: {{ text: hello }} }}, {{ receive: {{ text: hello }} }}{end}] }}",
            server.port()
        );
        let ctx = Context::for_tests(AMPLE).trusting(authority.roots());
        let seen = look_in(&read::<WebSocket>(&yaml), &ctx).await.unwrap();
        assert_eq!(said(&seen), ["hello"]);
        assert!(seen.phase(crate::model::Phase::Tls).is_some());
    }
    // Nobody we trust has signed it.
    let yaml = format!("{{ url: \"wss://localhost:{}/\" }}", server.port());
    let stranger = Authority::new("stranger");
    let ctx = Context::for_tests(AMPLE).trusting(stranger.roots());
    let (code, seen) = stopped(look_in(&read::<WebSocket>(&yaml), &ctx).await);
    assert!(code.as_str().starts_with("tls."), "{code}");
    assert_eq!(fact(&seen, "events"), None);
}

#[tokio::test]
async fn a_proxy_has_to_open_a_tunnel_also_without_tls() {
    let server = serving(echo).await;
    let port = server.port();
    let (tell, mut told) = mpsc::unbounded_channel();
    let proxy = Server::start(move |mut stream: TcpStream| {
        let tell = tell.clone();
        async move {
            let _ = tell.send(head(&mut stream).await);
            let mut target = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let _ = stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await;
            let _ = copy_bidirectional(&mut stream, &mut target).await;
        }
    })
    .await;
    let yaml = format!(
        "{{ url: \"ws://web.example/chat\", proxy: \"http://{}\", script: [{{ send: {{ text: a }} }}, {{ receive: {{}} }}] }}",
        proxy.address
    );
    let seen = look(&read::<WebSocket>(&yaml)).await.unwrap();
    assert_eq!(said(&seen), ["a"]);
    assert_eq!(
        text(&seen, "proxy"),
        Some(proxy.address.to_string().as_str())
    );
    let asked = told.recv().await.unwrap();
    assert!(
        asked.starts_with("CONNECT web.example:80 HTTP/1.1\r\n"),
        "{asked}"
    );
}

#[tokio::test]
async fn the_handshake_carries_what_was_written_and_the_cookies_of_the_attempt() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let server = Server::start(move |mut stream: TcpStream| {
        let tell = tell.clone();
        async move {
            let head = head(&mut stream).await;
            let is_login = head.starts_with("GET /login ");
            let _ = tell.send(head);
            let answer: &[u8] = if is_login {
                b"HTTP/1.1 200 OK\r\nset-cookie: sid=7\r\ncontent-length: 0\r\n\r\n"
            } else {
                b"HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n"
            };
            stream.write_all(answer).await.unwrap();
            hold(stream).await;
        }
    })
    .await;
    let ctx = Context::for_tests(AMPLE);
    let login = format!("{{ url: \"http://127.0.0.1:{}/login\" }}", server.port());
    let mut problems = Diagnostics::default();
    let login = AnyProbe::decode("http", &node(&login), false, &mut problems).unwrap();
    login.observe(&ctx).await.unwrap();
    let keys = ", origin: \"https://evil.example\", headers: { x-tenant: a }, query: { q: \"1 2\" }, auth: { bearer: hunter2 }";
    let looked = look_in(&probe(&server, keys), &ctx).await;
    assert_eq!(code(looked), "websocket.refused.403");
    told.recv().await.unwrap();
    let asked = told.recv().await.unwrap();
    for line in [
        "GET /chat?q=1+2 HTTP/1.1\r\n",
        &format!("host: 127.0.0.1:{}\r\n", server.port()),
        "connection: Upgrade\r\n",
        "upgrade: websocket\r\n",
        "sec-websocket-version: 13\r\n",
        "origin: https://evil.example\r\n",
        "x-tenant: a\r\n",
        "authorization: Bearer hunter2\r\n",
        "cookie: sid=7\r\n",
    ] {
        assert!(asked.contains(line), "{line}: {asked}");
    }
    assert_eq!(&*ctx.shared.mask.apply("hunter2"), "***");
}

#[tokio::test]
async fn a_server_that_wants_to_know_us_rejects_us_with_its_alert() {
    let authority = Authority::new("ours");
    let speaking = Speaking {
        clients_of: Some(&authority),
        ..Speaking::default()
    };
    let server = speaking.serve(authority.certificate("localhost")).await;
    let yaml = format!("{{ url: \"wss://localhost:{}/\" }}", server.port());
    let ctx = Context::for_tests(AMPLE).trusting(authority.roots());
    let (code, seen) = stopped(look_in(&read::<WebSocket>(&yaml), &ctx).await);
    assert_eq!(code.as_str(), "tls.alert.116");
    assert_eq!(seen.fault.unwrap().phase, crate::model::Phase::Upgrade);
}

#[tokio::test]
async fn tls_that_ends_or_breaks_in_the_middle_is_told() {
    use crate::model::Phase;

    for (rubbish, expected) in [
        // Whoever vanishes says no goodbye in TLS, either.
        (&b""[..], "websocket.lost"),
        (
            b"\x17\x03\x03\x00\x20no record that anybody has made.",
            "tls.protocol",
        ),
    ] {
        let authority = Authority::new("ours");
        let acceptor = Speaking::default().acceptor(authority.certificate("localhost"));
        let server = Server::start(move |stream| {
            let acceptor = acceptor.clone();
            async move {
                let mut stream = acceptor.accept(stream).await.unwrap();
                shake(&mut stream, "").await;
                stream.flush().await.unwrap();
                // The other side is in its script by now.
                stream.read_u8().await.unwrap();
                let (mut tcp, _) = stream.into_inner();
                tcp.write_all(rubbish).await.unwrap();
                tcp.shutdown().await.unwrap();
                hold(tcp).await;
            }
        })
        .await;
        let yaml = format!(
            "{{ url: \"wss://localhost:{}/\", script: [{{ send: {{ text: go }} }}, {{ receive: {{}} }}] }}",
            server.port()
        );
        let ctx = Context::for_tests(AMPLE).trusting(authority.roots());
        let (code, seen) = stopped(look_in(&read::<WebSocket>(&yaml), &ctx).await);
        assert_eq!(code.as_str(), expected);
        assert_eq!(seen.fault.as_ref().unwrap().phase, Phase::Event);
        assert_eq!(events(&seen), []);
    }
}

#[tokio::test]
async fn a_reconnect_that_hangs_is_told_by_the_phase_it_hangs_in() {
    use crate::model::Phase;

    let authority = Authority::new("ours");
    let acceptor = Speaking::default().acceptor(authority.certificate("localhost"));
    let is_first = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let server = Server::start(move |stream| {
        let (acceptor, is_first) = (acceptor.clone(), is_first.clone());
        async move {
            if is_first.swap(false, std::sync::atomic::Ordering::SeqCst) {
                let mut stream = acceptor.accept(stream).await.unwrap();
                shake(&mut stream, "").await;
                stream.write_all(b"\x81\x02hi").await.unwrap();
                stream.flush().await.unwrap();
                let _ = stream.read_u8().await;
            } else {
                // It never says a word of TLS.
                hold(stream).await;
            }
        }
    })
    .await;
    let yaml = format!(
        "{{ url: \"wss://localhost:{}/\", script: [{{ receive: {{}} }}, {{ drop: fin }}, {{ reconnect: {{ within: 200ms }} }}] }}",
        server.port()
    );
    let ctx = Context::for_tests(AMPLE).trusting(authority.roots());
    let (code, seen) = stopped(look_in(&read::<WebSocket>(&yaml), &ctx).await);
    assert_eq!(code.as_str(), "tls.timeout");
    assert_eq!(seen.fault.as_ref().unwrap().phase, Phase::Tls);
    assert_eq!(said(&seen), ["hi"]);
    assert!(seen.latency < AMPLE / 2, "{:?}", seen.latency);
}
