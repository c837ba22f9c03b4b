//! Peers that do not do what PostgreSQL does, over real connections.

use std::time::Duration;

use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::model::Phase;
use crate::probe::Context;
use crate::probe::Probe;
use crate::probe::sql::Sql;
use crate::probe::testing::{Server, brief_look, code, hold, look, read, reset, stopped};

fn sql(port: u16, keys: &str) -> Sql {
    read(&format!(
        "{{ dsn: \"postgres://u:hunter2@127.0.0.1:{port}/d\", tls: disable{keys} }}"
    ))
}

fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[tag], &length.to_be_bytes()[..], body].concat()
}

fn authentication(kind: u32, more: &[u8]) -> Vec<u8> {
    message(b'R', &[&kind.to_be_bytes()[..], more].concat())
}

fn said(tag: u8, severity: &str, state: &str, words: &str) -> Vec<u8> {
    let body = format!("S{severity}\0V{severity}\0C{state}\0M{words}\0\0");
    message(tag, body.as_bytes())
}

fn ready() -> Vec<u8> {
    [
        authentication(0, &[]),
        message(b'S', b"server_version\09.9\0"),
        message(b'K', &[0; 8]),
        message(b'Z', b"I"),
    ]
    .concat()
}

/// What it says after the first and after the second thing it hears; then, and where it has nothing to say, it closes.
async fn saying(first: Vec<u8>, second: Vec<u8>) -> Server {
    Server::start(move |mut stream: TcpStream| {
        let turns = [first.clone(), second.clone()];
        async move {
            for turn in turns {
                if turn.is_empty() {
                    break;
                }
                if matches!(stream.read(&mut [0; 4096]).await, Ok(0) | Err(_)) {
                    return;
                }
                let _ = stream.write_all(&turn).await;
            }
            let _ = stream.shutdown().await;
            hold(stream).await;
        }
    })
    .await
}

/// How a look at it ends: the code, the phase, the message.
async fn ends(first: Vec<u8>, second: Vec<u8>) -> (String, Phase, String) {
    let server = saying(first, second).await;
    let (code, seen) = stopped(look(&sql(server.port(), ", query: SELECT 1")).await);
    let fault = seen.fault.unwrap();
    (code.to_string(), fault.phase, fault.message)
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table")]
async fn what_is_said_at_startup_has_its_code() {
    for (first, second, code, phase, told) in [
        (
            b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
            vec![],
            "sql.protocol",
            Phase::Startup,
            "`HTTP/1.1 400",
        ),
        (
            b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(),
            vec![],
            "sql.protocol",
            Phase::Startup,
            "`SSH-2.0",
        ),
        (
            b"Ecould not fork new process: no room\n\0".to_vec(),
            vec![],
            "sql.protocol",
            Phase::Startup,
            "could not fork",
        ),
        (vec![], vec![], "sql.closed", Phase::Startup, "closed"),
        (
            message(b'Z', b"I"),
            vec![],
            "sql.protocol",
            Phase::Auth,
            "no place",
        ),
        (
            said(b'E', "FATAL", "57P03", "starting"),
            vec![],
            "postgres.57P03",
            Phase::Startup,
            "starting",
        ),
        (
            said(b'E', "FATAL", "nonsense", "what"),
            vec![],
            "sql.protocol",
            Phase::Startup,
            "without an SQLSTATE: what",
        ),
        (
            said(b'N', "WARNING", "57P01", "going"),
            vec![],
            "postgres.57P01",
            Phase::Startup,
            "going",
        ),
        (
            authentication(7, &[]),
            vec![],
            "sql.auth.unsupported",
            Phase::Auth,
            "GSSAPI",
        ),
        (
            authentication(10, b"OTHER\0\0"),
            vec![],
            "sql.auth.unsupported",
            Phase::Auth,
            "OTHER",
        ),
        (
            authentication(3, &[]),
            vec![],
            "sql.auth.server",
            Phase::Auth,
            "only over a unix socket, or over TLS",
        ),
        (
            authentication(10, b"SCRAM-SHA-256\0\0"),
            authentication(0, &[]),
            "sql.auth.server",
            Phase::Auth,
            "without proving",
        ),
        (
            authentication(10, b"SCRAM-SHA-256\0\0"),
            authentication(11, b"r=x,s=YQ==,i=1"),
            "sql.auth.server",
            Phase::Auth,
            "nonce",
        ),
        (
            authentication(12, b"v=x"),
            vec![],
            "sql.protocol",
            Phase::Auth,
            "SCRAM",
        ),
        (
            authentication(99, &[]),
            vec![],
            "sql.protocol",
            Phase::Startup,
            "cannot be read",
        ),
        (
            authentication(5, &[1, 2, 3, 4]),
            said(b'E', "FATAL", "28P01", "no"),
            "postgres.28P01",
            Phase::Auth,
            "no",
        ),
        (
            message(b'v', &[0; 8]),
            vec![],
            "sql.protocol",
            Phase::Startup,
            "`v`",
        ),
        (
            vec![b'R', 0xff, 0xff, 0xff, 0xff],
            vec![],
            "sql.protocol",
            Phase::Startup,
            "begins with",
        ),
        (
            vec![b'E', 0x7f, 0xff, 0xff, 0xff],
            vec![],
            "sql.protocol",
            Phase::Startup,
            "begins with",
        ),
    ] {
        let told_of = format!("{:?}", String::from_utf8_lossy(&first));
        let (seen, at, message) = ends(first, second).await;
        assert_eq!((seen.as_str(), at), (code, phase), "{told_of}: {message}");
        assert!(message.contains(told), "{told_of}: {message}");
        assert!(!message.contains("hunter2"));
    }
}

fn columns(types: &[u32]) -> Vec<u8> {
    let mut body = u16::try_from(types.len()).unwrap().to_be_bytes().to_vec();
    for oid in types {
        body.extend(b"c\0\0\0\0\0\0\0");
        body.extend(oid.to_be_bytes());
        body.extend([0, 4, 0, 0, 0, 0, 0, 0]);
    }
    message(b'T', &body)
}

fn row(values: &[&[u8]]) -> Vec<u8> {
    let mut body = u16::try_from(values.len()).unwrap().to_be_bytes().to_vec();
    for value in values {
        body.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
        body.extend(*value);
    }
    message(b'D', &body)
}

#[tokio::test]
async fn what_is_said_instead_of_an_answer_has_its_code() {
    let begun = [message(b'1', &[]), message(b'2', &[]), columns(&[23])].concat();
    for (second, code, told) in [
        (vec![], "sql.closed", "closed"),
        (
            said(b'N', "WARNING", "57P02", "crashed"),
            "postgres.57P02",
            "crashed",
        ),
        (
            said(b'N', "NOTICE", "00000", "hello"),
            "sql.closed",
            "closed",
        ),
        (
            said(b'E', "FATAL", "57P01", "ended"),
            "postgres.57P01",
            "ended",
        ),
        (
            said(b'E', "ERROR", "42601", "syntax"),
            "postgres.42601",
            "syntax",
        ),
        (begun.clone(), "sql.closed", "closed"),
        (
            [begun.clone(), row(&[b"1", b"2"])].concat(),
            "sql.protocol",
            "were described",
        ),
        (
            [begun.clone(), row(&[])].concat(),
            "sql.protocol",
            "a row of 0 values",
        ),
        (row(&[b"1"]), "sql.protocol", "before its columns"),
        (
            [begun.clone(), columns(&[23])].concat(),
            "sql.protocol",
            "no place",
        ),
        (vec![b'D', 0x7f, 0, 0, 0], "sql.too_large", "a row of"),
        (message(b'Z', b"I"), "sql.protocol", "no place"),
        (
            [begun, b"D\0\0\0\x0a\0\x01\0\0\xff\xff".to_vec()].concat(),
            "sql.protocol",
            "cannot be read",
        ),
    ] {
        let (seen, at, message) = ends(ready(), second).await;
        assert_eq!((seen.as_str(), at), (code, Phase::Query), "{message}");
        assert!(message.contains(told), "{message}");
    }
}

#[tokio::test]
async fn whoever_copies_is_left_and_not_waited_for() {
    for tag in [b'G', b'H'] {
        let server = saying(ready(), message(tag, &[0, 0, 0])).await;
        let ended = look(&sql(server.port(), ", query: SELECT 1")).await;
        let error = crate::probe::testing::unable(ended);
        assert!(error.message.contains("copies"), "{error:?}");
    }
}

#[tokio::test]
async fn a_long_word_is_cut_and_a_longer_one_not_read() {
    let long = "x".repeat(100_000);
    let (_, _, message) = ends(said(b'E', "FATAL", "28000", &long), vec![]).await;
    assert_eq!(message.len(), 1000);
    let endless = "x".repeat(2_000_000);
    let (code, ..) = ends(said(b'E', "FATAL", "28000", &endless), vec![]).await;
    assert_eq!(code, "sql.protocol");
}

#[tokio::test]
async fn a_reset_is_told_from_a_close() {
    let server = Server::start(async |mut stream: TcpStream| {
        let _ = stream.read(&mut [0; 4]).await;
        reset(stream);
    })
    .await;
    let (code, seen) = stopped(look(&sql(server.port(), "")).await);
    let fault = seen.fault.unwrap();
    assert_eq!(code.as_str(), "sql.closed");
    assert_eq!(
        fault.origin,
        Some(crate::model::Origin::Errno(libc::ECONNRESET))
    );
}

#[tokio::test]
async fn silence_and_drips_end_with_the_budget_in_their_phase() {
    for (first, expected) in [
        (vec![], "sql.timeout.startup"),
        (authentication(0, &[]), "sql.timeout.auth"),
        (ready(), "sql.timeout.query"),
    ] {
        let server = Server::start(move |mut stream: TcpStream| {
            let first = first.clone();
            async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(&first).await;
                hold(stream).await;
            }
        })
        .await;
        assert_eq!(code(brief_look(&sql(server.port(), "")).await), expected);
    }
    let dripping = Server::start(async |mut stream: TcpStream| {
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream.write_all(&ready()).await;
        let notice = said(b'N', "NOTICE", "00000", "still here");
        while stream.write_all(&notice).await.is_ok() {}
    })
    .await;
    let ended = brief_look(&sql(dripping.port(), "")).await;
    assert_eq!(code(ended), "sql.timeout.query");
}

#[tokio::test]
async fn what_answers_a_request_for_tls_is_told() {
    for (answer, keys, expected) in [
        ("HTTP/1.1 400\r\n\r\n", "", "sql.protocol"),
        ("", "", "sql.closed"),
        ("N", ", tls: require", "tls.not_offered"),
        ("Sinjected", "", "sql.protocol"),
        ("Ninjected", "", "sql.protocol"),
        ("E\0\0\0\x13SFATAL\0C53300\0\0", "", "postgres.53300"),
        ("E\0\0\0\x13SFATAL\0C28P01\0\0", "", "tls.unavailable"),
        ("E\0\0\0\x30SFATAL\0C53300\0", "", "tls.unavailable"),
    ] {
        let server = saying(answer.as_bytes().to_vec(), vec![]).await;
        let port = server.port();
        let probe: Sql = read(&format!(
            "{{ dsn: \"postgres://u@127.0.0.1:{port}/d\"{keys} }}"
        ));
        let (code, seen) = stopped(look(&probe).await);
        let phase = seen.fault.unwrap().phase;
        assert_eq!(
            (code.as_str(), phase),
            (expected, Phase::StartTls),
            "{answer:?}"
        );
    }
    // With `prefer`, the session goes on in plain words after `N`.
    let server = saying(b"N".to_vec(), b"HTTP/1.1".to_vec()).await;
    let port = server.port();
    let probe: Sql = read(&format!("{{ dsn: \"postgres://u@127.0.0.1:{port}/d\" }}"));
    let (code, seen) = stopped(look(&probe).await);
    let phase = seen.fault.unwrap().phase;
    assert_eq!((code.as_str(), phase), ("sql.protocol", Phase::Startup));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_panic_or_hang(tags in prop::collection::vec((prop::sample::select(b"RSKZTDCEN12nIAGHt".to_vec()), prop::collection::vec(any::<u8>(), 0..40)), 0..6), tail: Vec<u8>, logs_in: bool) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut bytes: Vec<u8> = tags.iter().flat_map(|(tag, body)| message(*tag, body)).collect();
            bytes.extend(&tail);
            let (first, second) = if logs_in { (ready(), bytes) } else { (bytes, vec![]) };
            let server = saying(first, second).await;
            let ctx = Context::for_tests(Duration::from_secs(5));
            let started = std::time::Instant::now();
            let _ = sql(server.port(), ", query: SELECT 1").observe(&ctx).await;
            assert!(started.elapsed() < Duration::from_secs(4));
        });
    }
}
