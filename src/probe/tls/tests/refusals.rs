//! What goes wrong, and on which side.

use rustls::ServerConnection;

use super::*;
use crate::probe::testing::certificates::Identity;

#[tokio::test]
async fn each_bad_certificate_has_its_code_and_is_described() {
    let authority = Authority::new("ours");
    let mut forged = authority.certificate("localhost");
    let mut der = forged.chain[0].to_vec();
    *der.last_mut().unwrap() ^= 1;
    forged.chain[0] = der.into();
    let mut stolen = authority.certificate("localhost");
    stolen.key = authority.certificate("localhost").key;
    let missing = {
        let mut identity = authority.intermediate("between").certificate("localhost");
        identity.chain.truncate(1);
        identity
    };
    for (what, identity, expected) in [
        ("expired", authority.expired("localhost"), "tls.expired"),
        (
            "future",
            authority.not_yet_valid("localhost"),
            "tls.not_yet_valid",
        ),
        (
            "other name",
            authority.certificate("web.example"),
            "tls.wrong_name",
        ),
        (
            "stranger",
            Authority::new("theirs").certificate("localhost"),
            "tls.unknown_issuer",
        ),
        ("no intermediate", missing, "tls.unknown_issuer"),
        (
            "own key",
            self_signed("localhost", false),
            "tls.self_signed",
        ),
        (
            "own authority",
            self_signed("localhost", true),
            "tls.self_signed",
        ),
        ("forged", forged, "tls.bad_signature"),
    ] {
        for version in [&TLS12, &TLS13] {
            let speaking = Speaking {
                only: Some(version),
                ..Speaking::default()
            };
            let server = speaking.serve(identity.clone()).await;
            let (code, seen) = stopped(look_at(server.port(), "", &authority).await);
            assert_eq!(code.as_str(), expected, "{what}");
            assert_eq!(holds(&seen, "trusted"), Some(false), "{what}");
            let told = if version.version == TLS12.version {
                "TLSv1.2"
            } else {
                "TLSv1.3"
            };
            assert_eq!(text(&seen, "version"), told, "{what}");
            assert!(text(&seen, "subject").starts_with("CN="), "{what}");
            assert!(fact(&seen, "cipher").is_some() && fact(&seen, "not_after").is_some());
            assert!(
                seen.evidence.iter().any(|text| text.label == "certificate"),
                "{what}"
            );
            assert_eq!(seen.fault.unwrap().phase, Phase::Tls);
        }
    }
    let server = Speaking::default().serve(stolen).await;
    let (code, seen) = stopped(look_at(server.port(), "", &authority).await);
    assert_eq!(code.as_str(), "tls.bad_signature");
    assert_eq!(holds(&seen, "trusted"), Some(false));
}

/// A server of TLS 1.2 that says everything up to `ServerHelloDone`, and never the last word.
async fn stalling(identity: Identity) -> Server {
    let speaking = Speaking {
        only: Some(&TLS12),
        ..Speaking::default()
    };
    let config = speaking.acceptor(identity).config().clone();
    Server::start(move |mut stream: TcpStream| {
        let config = config.clone();
        async move {
            let mut hello = [0; 4096];
            let count = stream.read(&mut hello).await.unwrap();
            let mut session = ServerConnection::new(config).unwrap();
            session.read_tls(&mut &hello[..count]).unwrap();
            session.process_new_packets().unwrap();
            let mut flight = Vec::new();
            while session.wants_write() {
                session.write_tls(&mut flight).unwrap();
            }
            let _ = stream.write_all(&flight).await;
            hold(stream).await;
        }
    })
    .await
}

#[tokio::test]
async fn a_certificate_that_was_refused_is_not_trusted_however_late_it_gets() {
    let authority = Authority::new("ours");
    for (identity, expected, is_trusted) in [
        (authority.expired("localhost"), "tls.expired", false),
        (authority.certificate("localhost"), "tls.timeout", true),
    ] {
        let server = stalling(identity).await;
        let (code, seen) = stopped(brief_look_at(server.port(), "", &authority).await);
        assert_eq!(code.as_str(), expected);
        assert_eq!(holds(&seen, "trusted"), Some(is_trusted), "{expected}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_trusted_is_not_told_who_we_are() {
    let (authority, clients) = (Authority::new("ours"), Authority::new("clients"));
    let (certificate, key) = clients.certificate("me").files();
    let keys = format!(
        ", client_certificate: {{ certificate: {}, key: {} }}",
        certificate.path().display(),
        key.path().display()
    );
    for version in [&TLS13, &TLS12] {
        let asking = Speaking {
            only: Some(version),
            clients_of: Some(&clients),
            ..Speaking::default()
        };
        for (identity, knows_us) in [
            (authority.certificate("localhost"), true),
            (authority.expired("localhost"), false),
        ] {
            let acceptor = asking.acceptor(identity);
            let (met, mut clients) = mpsc::unbounded_channel();
            let server = Server::start(move |stream| {
                let (acceptor, met) = (acceptor.clone(), met.clone());
                async move {
                    let shaken = acceptor.accept(stream).await;
                    let _ = met.send(shaken.is_ok());
                }
            })
            .await;
            let looked = look_at(server.port(), &keys, &authority).await;
            assert_eq!(clients.recv().await, Some(knows_us));
            if knows_us {
                continue;
            }
            let (code, seen) = stopped(looked);
            assert_eq!(code.as_str(), "tls.expired");
            assert_eq!(holds(&seen, "trusted"), Some(false));
            assert_eq!(holds(&seen, "asks_for_certificate"), Some(true));
            assert_eq!(fact(&seen, "version"), None);
        }
    }
}

#[tokio::test]
async fn an_expired_certificate_tells_since_when() {
    let authority = Authority::new("ours");
    let server = Speaking::default()
        .serve(authority.expired("localhost"))
        .await;
    let (_, seen) = stopped(look_at(server.port(), "", &authority).await);
    assert_eq!(text(&seen, "not_after"), "2001-01-01T00:00:00Z");
    assert_eq!(
        fact(&seen, "expires_in"),
        Some(&Value::Duration(Duration::ZERO))
    );
    let Some(Value::Duration(since)) = fact(&seen, "expired_since") else {
        panic!("{seen:?}");
    };
    assert!(*since > DAY * 365 * 20);
    let message = seen.fault.unwrap().message;
    assert!(
        message.contains("CN=localhost` expired at 2001-01-01T00:00:00Z"),
        "{message}"
    );
}

#[tokio::test]
async fn the_right_certificate_under_the_wrong_name_is_told_from_the_wrong_one() {
    let authority = Authority::new("ours");
    for (name, sibling) in [
        ("*.web.example", Some("*.web.example")),
        ("www.api.web.example", Some("www.api.web.example")),
        ("balancer.internal", None),
    ] {
        let server = Speaking::default().serve(authority.certificate(name)).await;
        let keys = ", sni: staging.api.web.example";
        let (code, seen) = stopped(look_at(server.port(), keys, &authority).await);
        assert_eq!(code.as_str(), "tls.wrong_name");
        assert_eq!(holds(&seen, "covers"), Some(false));
        let told = fact(&seen, "covers_sibling").and_then(Value::as_text);
        assert_eq!(told, sibling, "{name}");
    }
}

async fn speaking(first: &'static [u8], then: &'static [u8]) -> Server {
    Server::start(async move |mut stream: TcpStream| {
        let _ = stream.write_all(first).await;
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream.write_all(then).await;
        let _ = stream.shutdown().await;
        hold(stream).await;
    })
    .await
}

#[tokio::test]
async fn plain_text_is_told_whoever_speaks_it_and_when() {
    let authority = Authority::new("ours");
    for (first, then, line) in [
        (
            "",
            "HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n",
            "HTTP/1.1 400 Bad Request",
        ),
        ("SSH-2.0-OpenSSH_9.6\r\n", "", "SSH-2.0-OpenSSH_9.6"),
        (
            "220 mail.example ESMTP\r\n",
            "502 5.5.2 Error\r\n",
            "220 mail.example ESMTP",
        ),
        ("", "hm\n", "hm"),
        ("hi", "", "hi"),
        ("\x16\x16\x16\x16\x16", "", "␖␖␖␖␖"),
    ] {
        let server = speaking(first.as_bytes(), then.as_bytes()).await;
        let (code, seen) = stopped(look_at(server.port(), "", &authority).await);
        assert_eq!(code.as_str(), "tls.plaintext", "{line}");
        let message = seen.fault.unwrap().message;
        assert!(message.contains(&format!("`{line}`")), "{message}");
    }
}

#[tokio::test]
async fn alerts_and_old_servers_are_told_apart() {
    let authority = Authority::new("ours");
    let refusing = speaking(b"", &[21, 3, 3, 0, 2, 2, 40]).await;
    let (code, seen) = stopped(look_at(refusing.port(), "", &authority).await);
    assert_eq!(code.as_str(), "tls.alert.40");
    let origin = seen.fault.unwrap().origin;
    assert_eq!(origin, Some(crate::model::Origin::TlsAlert(40)));
    // A ServerHello of TLS 1.2 to somebody who speaks 1.3 only (RFC 5246 §7.4.1.3).
    let mut hello = vec![22, 3, 3, 0, 42, 2, 0, 0, 38, 3, 3];
    hello.extend([7; 32]);
    hello.extend([0, 0xc0, 0x2f, 0]);
    let old = speaking(b"", hello.leak()).await;
    let keys = ", min_version: TLSv1.3";
    let looked = look_at(old.port(), keys, &authority).await;
    assert_eq!(super::code(looked), "tls.incompatible");
    let nonsense = speaking(b"", &[22, 3, 3, 0, 4, 99, 0, 0, 0]).await;
    let looked = look_at(nonsense.port(), "", &authority).await;
    assert_eq!(super::code(looked), "tls.protocol");
}

#[tokio::test]
async fn closing_resetting_hanging_and_dripping_are_told_apart() {
    let authority = Authority::new("ours");
    let closing = speaking(b"", b"").await;
    let (code, seen) = stopped(look_at(closing.port(), "", &authority).await);
    assert_eq!(code.as_str(), "tls.eof");
    assert_eq!(fact(&seen, "trusted"), None);
    let resetting = Server::start(async |mut stream: TcpStream| {
        let _ = stream.read(&mut [0; 16]).await;
        reset(stream);
    })
    .await;
    let looked = look_at(resetting.port(), "", &authority).await;
    assert_eq!(super::code(looked), "tls.reset");
    let silent = Server::start(hold).await;
    let looked = brief_look_at(silent.port(), "", &authority).await;
    assert_eq!(super::code(looked), "tls.timeout");
    let dripping = Server::start(async |mut stream: TcpStream| {
        // The head of a record, and never its end.
        let _ = stream.write_all(&[22, 3, 3, 0x20]).await;
        hold(stream).await;
    })
    .await;
    let looked = brief_look_at(dripping.port(), "", &authority).await;
    assert_eq!(super::code(looked), "tls.timeout");
    let looked = look_at(closed_port().await, "", &authority).await;
    assert_eq!(super::code(looked), "tcp.refused");
}
