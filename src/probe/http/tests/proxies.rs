//! Through proxies, and around them.

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio_rustls::TlsAcceptor;

use super::over_tls::{Authority, serving};
use super::*;
use crate::model::{Origin, Proxies, ProxySetting};
use crate::probe::{Inventory, Shared};
use crate::template::Mask;

trait Both: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Both for S {}

/// Opens a tunnel to this port of this machine, whatever host is asked for; tells what was asked.
async fn tunnelling(
    port: u16,
    acceptor: Option<TlsAcceptor>,
) -> (Server, mpsc::UnboundedReceiver<String>) {
    let (tell, told) = mpsc::unbounded_channel();
    let server = Server::start(move |stream| {
        let (tell, acceptor) = (tell.clone(), acceptor.clone());
        async move {
            let mut stream: Box<dyn Both> = match acceptor {
                None => Box::new(stream),
                Some(acceptor) => match acceptor.accept(stream).await {
                    Ok(stream) => Box::new(stream),
                    Err(_) => return,
                },
            };
            let mut asked = String::new();
            while !asked.ends_with("\r\n\r\n") {
                asked.push(char::from(stream.read_u8().await.unwrap()));
            }
            let _ = tell.send(asked);
            let mut target = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let _ = stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await;
            let _ = copy_bidirectional(&mut stream, &mut target).await;
        }
    })
    .await;
    (server, told)
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_not_taken_for_the_target() {
    let port = closed_port().await;
    for scheme in ["http", "https"] {
        let probe: Http = read(&format!(
            "{{ url: \"{scheme}://web.example/\", proxy: \"http://127.0.0.1:{port}\" }}"
        ));
        let (code, seen) = stopped(look(&probe).await);
        assert_eq!(code.as_str(), "proxy.connect");
        let proxy = format!("127.0.0.1:{port}");
        assert_eq!(text(&seen, "proxy"), Some(proxy.as_str()));
        let message = seen.fault.unwrap().message;
        assert!(
            message.starts_with("on the way to the proxy: tcp.refused: "),
            "{message}"
        );
    }
}

#[tokio::test]
async fn plain_targets_are_asked_for_with_their_whole_url() {
    let (proxy, mut told) = answering_each(|_| ok("", b"relayed")).await;
    let yaml = format!(
        "{{ url: \"http://web.example/x?y\", proxy: \"http://me:secret-word@{}\" }}",
        proxy.address
    );
    let probe: Http = read(&yaml);
    let ctx = Context::for_tests(AMPLE);
    let seen = look_in(&probe, &ctx).await.unwrap();
    assert_eq!(text(&seen, "body"), Some("relayed"));
    assert_eq!(
        text(&seen, "proxy"),
        Some(proxy.address.to_string().as_str())
    );
    let asked = told.recv().await.unwrap();
    assert!(
        asked.starts_with("GET http://web.example/x?y HTTP/1.1\r\n"),
        "{asked}"
    );
    assert!(asked.contains("\r\nhost: web.example\r\n"), "{asked}");
    assert!(
        asked.contains("\r\nproxy-authorization: Basic bWU6c2VjcmV0LXdvcmQ=\r\n"),
        "{asked}"
    );
    assert_eq!(
        probe.resources(),
        [
            format!("sock:{}", proxy.address),
            format!("proxy:{}", proxy.address),
            "origin:http://web.example:80".to_owned()
        ]
    );
    let line = evidence(&seen, "curl");
    assert!(line.contains("--proxy 'http://***@127.0.0.1:"), "{line}");
    assert!(ctx.shared.mask.apply("secret-word") == "***");
}

#[tokio::test]
async fn tls_goes_through_a_tunnel_and_is_checked_at_its_end() {
    let authority = Authority::new("ours");
    let identity = authority.certificate("web.example", |_| {});
    let target = serving(identity, &rustls::version::TLS13).await;
    let (proxy, mut told) = tunnelling(target.port(), None).await;
    for (host, expected) in [
        ("web.example", None),
        ("other.example", Some("tls.wrong_name")),
    ] {
        let yaml = format!(
            "{{ url: \"https://{host}/\", proxy: \"{}\" }}",
            proxy.address
        );
        let probe: Http = read(&yaml);
        let ctx = Context::for_tests(AMPLE).trusting(authority.roots());
        let looked = probe.observe(&ctx).await;
        let asked = told.recv().await.unwrap();
        let start = format!("CONNECT {host}:443 HTTP/1.1\r\nhost: {host}:443\r\n");
        assert!(asked.starts_with(&start), "{asked}");
        match expected {
            None => {
                let seen = looked.unwrap();
                assert_eq!(fact(&seen, "status"), Some(&Value::int(200)));
                assert!(seen.phase(Phase::Proxy).is_some() && seen.phase(Phase::Tls).is_some());
            }
            Some(expected) => assert_eq!(code(looked), expected),
        }
    }
}

#[tokio::test]
async fn each_way_a_proxy_fails_has_its_code() {
    for (answer, then, expected) in [
        (
            "HTTP/1.1 407 No\r\ncontent-length: 0\r\n\r\n",
            Then::Hold,
            "proxy.407",
        ),
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", Then::Close, "proxy.502"),
        ("HTTP/1.1 302 Go\r\n\r\n", Then::Close, "proxy.302"),
        ("SSH-2.0-x\r\n", Then::Hold, "http.protocol"),
        ("HTTP/1.1 200 OK\r\n\r\nmore", Then::Hold, "http.protocol"),
        ("HTTP/1.1 2", Then::Close, "tcp.closed"),
        ("", Then::Close, "tcp.closed"),
        ("", Then::Reset, "tcp.reset"),
        ("HTTP/1.1 2", Then::Hold, "http.timeout.proxy"),
    ] {
        let proxy = answering(answer, then).await;
        let yaml = format!(
            "{{ url: \"https://web.example/\", proxy: \"{}\" }}",
            proxy.address
        );
        let probe: Http = read(&yaml);
        let (code, seen) = stopped(brief_look(&probe).await);
        assert_eq!(code.as_str(), expected, "{answer:?}");
        let fault = seen.fault.unwrap();
        assert_eq!(fault.phase, Phase::Proxy, "{answer:?}");
        if expected == "proxy.407" {
            assert_eq!(fault.origin, Some(Origin::HttpStatus(407)));
        }
    }
}

#[tokio::test]
async fn a_head_without_end_is_cut() {
    let flood = format!("HTTP/1.1 200 OK\r\n{}", "x: y\r\n".repeat(100_000));
    let proxy = answering(flood, Then::Hold).await;
    let yaml = format!(
        "{{ url: \"https://web.example/\", proxy: \"{}\" }}",
        proxy.address
    );
    let probe: Http = read(&yaml);
    assert_eq!(code(look(&probe).await), "http.protocol");
}

fn through(proxy: &Server, except: &str) -> Context {
    let setting = ProxySetting {
        name: "http_proxy".to_owned(),
        url: format!("http://{}", proxy.address),
    };
    let proxies = Proxies {
        http: Some(setting),
        https: None,
        except: except.to_owned(),
    };
    Context {
        shared: Shared::knowing(
            Mask::default(),
            Inventory::default(),
            &proxies,
            crate::model::RunId::new("run"),
        ),
        ..Context::for_tests(AMPLE)
    }
}

#[tokio::test]
async fn the_environment_is_heard_unless_the_target_is_here_or_the_test_says_no() {
    let (proxy, _told) = answering_each(|_| ok("", b"relayed")).await;
    let (target, _told_target) = answering_each(|_| ok("", b"direct")).await;
    let port = target.port();
    for (url, keys, expected) in [
        ("http://web.example/".to_owned(), "", "relayed"),
        (format!("http://127.0.0.1:{port}/"), "", "direct"),
        (format!("http://localhost:{port}/"), "", "direct"),
        (
            format!("http://web.example:{port}/"),
            ", resolve: [127.0.0.1]",
            "direct",
        ),
        (
            format!("http://127.0.0.1:{port}/"),
            ", proxy: none",
            "direct",
        ),
    ] {
        let probe: Http = read(&format!("{{ url: \"{url}\"{keys} }}"));
        let seen = probe.observe(&through(&proxy, "")).await.unwrap();
        assert_eq!(text(&seen, "body"), Some(expected), "{url}{keys}");
        assert_eq!(fact(&seen, "proxy").is_some(), expected == "relayed");
    }
}

#[test]
fn slips_of_proxies_are_told() {
    for (keys, why) in [
        ("proxy: \"socks5://p:1080\"", "SOCKS is not spoken"),
        ("proxy: \"http://p\", resolve: [127.0.0.1]", "leave out"),
        ("proxy: \"http://p\", version: HTTP/2", "in HTTP/1.1"),
        ("proxy: \"ftp://p\"", "or `none`"),
    ] {
        let told = problem("http", &format!("{{ url: \"http://a\", {keys} }}"));
        assert!(told.contains(why), "{keys}: {told}");
    }
}

#[tokio::test]
async fn tls_is_spoken_inside_tls_to_a_proxy_that_wants_it() {
    let authority = Authority::new("ours");
    let identity = authority.certificate("web.example", |_| {});
    let target = serving(identity, &rustls::version::TLS13).await;
    for (name, expected) in [("localhost", None), ("proxy.example", Some("proxy.tls"))] {
        let (certificate, key) = authority.certificate(name, |_| {});
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let (proxy, _told) = tunnelling(target.port(), Some(acceptor)).await;
        let probe: Http = read(&format!(
            "{{ url: \"https://web.example/\", proxy: \"https://localhost:{}\" }}",
            proxy.port()
        ));
        let ctx = Context::for_tests(AMPLE).trusting(authority.roots());
        let looked = probe.observe(&ctx).await;
        match expected {
            None => assert_eq!(fact(&looked.unwrap(), "status"), Some(&Value::int(200))),
            Some(expected) => assert_eq!(code(looked), expected),
        }
    }
}
