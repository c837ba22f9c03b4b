use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::*;
use crate::model::{Received, Value};
use crate::probe::testing::{
    AMPLE, BUDGET, Server, brief_look, code, hold, look, look_in, problem, read, reset, stopped,
    unable,
};

mod closing;
mod hostile;
mod scripts;
mod way;

/// A server of tokio-tungstenite.
pub(super) async fn serving<F>(
    talk: impl Fn(WebSocketStream<TcpStream>) -> F + Send + Sync + Clone + 'static,
) -> Server
where
    F: Future<Output = ()> + Send + 'static,
{
    Server::start(move |stream| {
        let talk = talk.clone();
        async move {
            if let Ok(socket) = tokio_tungstenite::accept_async(stream).await {
                talk(socket).await;
            }
        }
    })
    .await
}

/// Says what it is told, and answers a close.
async fn echo(mut socket: WebSocketStream<TcpStream>) {
    while let Some(Ok(message)) = socket.next().await {
        if message.is_text() || message.is_binary() {
            socket.send(message).await.unwrap();
        }
    }
}

/// Reads and answers pings, and says nothing.
async fn listening(mut socket: WebSocketStream<TcpStream>) {
    while let Some(Ok(_)) = socket.next().await {}
}

/// The head of a request.
pub(super) async fn head<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        head.push(char::from(stream.read_u8().await.unwrap()));
    }
    head
}

/// Shakes hands by hand: what comes then is whatever a test wants. The head of the request.
pub(super) async fn shake<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, more: &str) -> String {
    shake_saying(stream, more, b"").await
}

/// The same, with these bytes right behind the answer.
async fn shake_saying<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    more: &str,
    bytes: &[u8],
) -> String {
    let head = head(stream).await;
    let line = head
        .lines()
        .find_map(|line| line.strip_prefix("sec-websocket-key: "))
        .unwrap();
    let accept = derive_accept_key(line.as_bytes());
    let answer = format!(
        "HTTP/1.1 101 Yes\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n{more}\r\n"
    );
    let answer = [answer.as_bytes(), bytes].concat();
    stream.write_all(&answer).await.unwrap();
    head
}

/// Shakes hands, says these bytes, and then nothing until the peer goes.
async fn saying(bytes: impl Into<Vec<u8>>) -> Server {
    let bytes = bytes.into();
    Server::start(move |mut stream| {
        let bytes = bytes.clone();
        async move {
            shake(&mut stream, "").await;
            let _ = stream.write_all(&bytes).await;
            hold(stream).await;
        }
    })
    .await
}

fn probe(server: &Server, keys: &str) -> WebSocket {
    read(&format!(
        "{{ url: \"ws://127.0.0.1:{}/chat\"{keys} }}",
        server.port()
    ))
}

fn scripted(server: &Server, script: &str) -> WebSocket {
    probe(server, &format!(", script: [{script}]"))
}

#[track_caller]
fn fact<'o>(seen: &'o Observation, name: &str) -> Option<&'o Value> {
    assert!(
        WebSocket::FACTS.iter().any(|fact| fact.name == name),
        "{name}"
    );
    seen.facts.get(name)
}

#[track_caller]
fn text<'o>(seen: &'o Observation, name: &str) -> Option<&'o str> {
    fact(seen, name).and_then(Value::as_text)
}

#[track_caller]
fn time(seen: &Observation, name: &str) -> Duration {
    match fact(seen, name) {
        Some(Value::Duration(time)) => *time,
        other => panic!("{name}: {other:?}"),
    }
}

#[track_caller]
fn events(seen: &Observation) -> &[Value] {
    match fact(seen, "events") {
        Some(Value::List(events)) => events,
        other => panic!("no events: {other:?}"),
    }
}

#[track_caller]
fn said(seen: &Observation) -> Vec<&str> {
    let said = |event| Value::get(event, "data").and_then(Value::as_text);
    events(seen).iter().filter_map(said).collect()
}

/// What is shown under a label.
fn shown<'o>(seen: &'o Observation, label: &str) -> Option<&'o str> {
    let shown = seen.evidence.iter().find(|one| one.label == label);
    shown.map(|one| one.text.as_str())
}

/// Every fact that is there is listed.
#[track_caller]
fn all_are_known(seen: &Observation) {
    for (name, _) in seen.facts.iter() {
        fact(seen, name);
    }
}

#[tokio::test]
async fn without_a_script_it_is_opened_and_closed() {
    let server = serving(listening).await;
    let seen = look(&probe(&server, "")).await.unwrap();
    assert_eq!(fact(&seen, "status"), Some(&Value::int(101)));
    assert_eq!(events(&seen), []);
    assert_eq!(text(&seen, "closed_by"), Some("us"));
    assert_eq!(fact(&seen, "close_code"), Some(&Value::int(1000)));
    assert_eq!(fact(&seen, "closed_cleanly"), Some(&Value::Bool(true)));
    assert_eq!(fact(&seen, "ended"), Some(&Value::Bool(false)));
    assert_eq!(text(&seen, "remote_ip"), Some("127.0.0.1"));
    assert_eq!(fact(&seen, "first_event"), None);
    let phases: Vec<_> = seen.phases.iter().map(|time| time.phase.name()).collect();
    assert_eq!(phases, ["resolve", "connect", "upgrade", "event"]);
    all_are_known(&seen);
}

#[tokio::test]
async fn what_is_sent_comes_back_with_its_times() {
    let server = serving(echo).await;
    let script = "
        { send: { text: hello } }, { receive: { text: { starts_with: he } } },
        { send: { json: { type: done, n: [1, 2] } } }, { receive: { json: { $.type: done } } },
        { send: { binary: AP8= } }, { receive: { binary: true } }, { ping: { times: 3 } }";
    let seen = look(&scripted(&server, script)).await.unwrap();
    assert_eq!(
        said(&seen),
        ["hello", "{\"type\":\"done\",\"n\":[1,2]}", "00ff"]
    );
    let [hello, done, binary] = events(&seen) else {
        panic!("three are sent");
    };
    assert_eq!(hello.get("json"), None);
    let kind = done.get("json").and_then(|json| json.get("type"));
    assert_eq!(kind, Some(&Value::Text("done".to_owned())));
    assert_eq!(binary.get("bytes"), Some(&Value::int(2)));
    let longest = events(&seen).iter().filter_map(Received::since_send).max();
    assert_eq!(longest, Some(time(&seen, "first_event")));
    assert_eq!(time(&seen, "max_gap"), time(&seen, "first_event"));
    assert!(Received::at(hello) < Received::at(binary));
    assert!(Received::at(binary).unwrap() <= time(&seen, "listened"));
    assert_eq!(fact(&seen, "pings"), Some(&Value::int(3)));
    assert!(time(&seen, "ping_p50") <= time(&seen, "ping_p95"));
    assert!(time(&seen, "ping_p95") <= time(&seen, "ping_max"));
    all_are_known(&seen);
}

#[tokio::test]
async fn whatever_comes_is_recorded_also_what_nobody_waits_for() {
    let server = serving(async |mut socket| {
        let asked = socket.next().await.unwrap().unwrap();
        for text in ["one", "two", "three", "two", "four"] {
            socket.send(Message::text(text)).await.unwrap();
        }
        assert_eq!(asked, Message::text("go"));
        listening(socket).await;
    })
    .await;
    let script = "{ send: { text: go } }, { receive: { text: two, times: 2 } }, { receive: {} }";
    let seen = look(&scripted(&server, script)).await.unwrap();
    assert_eq!(said(&seen), ["one", "two", "three", "two", "four"]);
}

#[tokio::test]
async fn what_is_behind_the_answer_in_the_same_packet_came_before_anything_was_sent() {
    let server = Server::start(|mut stream: TcpStream| async move {
        shake_saying(&mut stream, "", b"\x81\x02hi").await;
        let mut asked = [0; 8];
        stream.read_exact(&mut asked).await.unwrap();
        stream.write_all(b"\x81\x03yes").await.unwrap();
        hold(stream).await;
    })
    .await;
    let script = "{ send: { text: go } }, { receive: { text: yes } }, { drop: fin }";
    let seen = look(&scripted(&server, script)).await.unwrap();
    assert_eq!(said(&seen), ["hi", "yes"]);
    let since: Vec<_> = events(&seen).iter().map(Received::since_send).collect();
    assert_eq!(since, [None, Some(time(&seen, "first_event"))]);
}

#[tokio::test]
async fn a_refused_handshake_is_told_with_its_answer() {
    for (status, expected) in [
        ("200 OK", "websocket.refused.200"),
        ("302 Found", "websocket.refused.302"),
        ("401 Unauthorized", "websocket.refused.401"),
        ("403 Forbidden", "websocket.refused.403"),
        ("426 Upgrade Required", "websocket.refused.426"),
        ("502 Bad Gateway", "websocket.refused.502"),
        ("503 Service Unavailable", "websocket.refused.503"),
    ] {
        let server = Server::start(move |mut stream: TcpStream| async move {
            head(&mut stream).await;
            let answer =
                format!("HTTP/1.1 {status}\r\ncontent-length: 4\r\nx-why: because\r\n\r\nnope");
            stream.write_all(answer.as_bytes()).await.unwrap();
            hold(stream).await;
        })
        .await;
        let (code, seen) = stopped(look(&probe(&server, "")).await);
        assert_eq!(code.as_str(), expected);
        let number: u16 = status[..3].parse().unwrap();
        assert_eq!(fact(&seen, "status"), Some(&Value::int(number)));
        let headers = fact(&seen, "headers").unwrap();
        assert!(headers.get("x-why").is_some(), "{headers:?}");
        assert_eq!(events(&seen), []);
        assert_eq!(shown(&seen, "body"), Some("nope"));
        assert_eq!(text(&seen, "hop"), Some("unknown"));
        for absent in ["listened", "ended", "reconnects"] {
            assert_eq!(fact(&seen, absent), None);
        }
        all_are_known(&seen);
    }
}

#[tokio::test]
async fn a_refusal_whose_body_never_ends_is_told_all_the_same() {
    let server = Server::start(|mut stream: TcpStream| async move {
        head(&mut stream).await;
        let _ = stream
            .write_all(b"HTTP/1.1 401 No\r\n\r\nwho are you?")
            .await;
        hold(stream).await;
    })
    .await;
    let (code, seen) = stopped(brief_look(&probe(&server, "")).await);
    assert_eq!(code.as_str(), "websocket.refused.401");
    assert_eq!(shown(&seen, "body"), Some("who are you?"));
}

#[tokio::test]
async fn a_packed_refusal_is_unpacked_and_tells_who_refuses() {
    use std::io::Write as _;

    let page = "<html><body><center>nginx</center></body></html>";
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(page.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let server = Server::start(move |mut stream: TcpStream| {
        let packed = packed.clone();
        async move {
            head(&mut stream).await;
            let answer = format!(
                "HTTP/1.1 502 Bad Gateway\r\ncontent-encoding: gzip\r\ncontent-type: text/html\r\ncontent-length: {}\r\n\r\n",
                packed.len()
            );
            let answer = [answer.as_bytes(), &packed].concat();
            stream.write_all(&answer).await.unwrap();
            hold(stream).await;
        }
    })
    .await;
    let (code, seen) = stopped(look(&probe(&server, "")).await);
    assert_eq!(code.as_str(), "websocket.refused.502");
    assert_eq!(text(&seen, "hop"), Some("nginx"));
    assert_eq!(shown(&seen, "body"), Some(page));
}

#[tokio::test]
async fn what_is_no_handshake_is_told() {
    let good = "upgrade: websocket\r\nconnection: upgrade\r\n";
    for (answer, expected) in [
        (
            format!("HTTP/1.1 101 Yes\r\n{good}sec-websocket-accept: d3Jvbmc=\r\n\r\n"),
            "websocket.handshake",
        ),
        (
            format!("HTTP/1.1 101 Yes\r\n{good}\r\n"),
            "websocket.handshake",
        ),
        ("HTTP/1.1 101 Yes\r\n\r\n".to_owned(), "websocket.handshake"),
        ("SSH-2.0-OpenSSH_9.2\r\n".to_owned(), "websocket.handshake"),
        (String::new(), "websocket.lost"),
        ("HTTP/1.1 101 Yes\r\nupgr".to_owned(), "websocket.lost"),
    ] {
        let said = answer.clone();
        let server = Server::start(move |mut stream: TcpStream| {
            let said = said.clone();
            async move {
                head(&mut stream).await;
                let _ = stream.write_all(said.as_bytes()).await;
            }
        })
        .await;
        let (code, seen) = stopped(look(&probe(&server, "")).await);
        assert_eq!(code.as_str(), expected, "{answer}: {seen:?}");
        assert_eq!(seen.fault.unwrap().phase, crate::model::Phase::Upgrade);
    }
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_ended_by_the_budget() {
    for bytes in [&b""[..], b"HTTP/1.1 101 Yes\r\nupgrade: web"] {
        let server = Server::start(move |mut stream: TcpStream| async move {
            let _ = stream.write_all(bytes).await;
            hold(stream).await;
        })
        .await;
        assert_eq!(
            code(brief_look(&probe(&server, "")).await),
            "websocket.timeout.upgrade"
        );
    }
    let server = Server::start(|mut stream: TcpStream| async move {
        // Interim answers without end (RFC 9110 §15.2).
        while stream
            .write_all(b"HTTP/1.1 103 Early Hints\r\n\r\n")
            .await
            .is_ok()
        {}
    })
    .await;
    let ended = code(brief_look(&probe(&server, "")).await);
    assert!(
        [
            "websocket.handshake",
            "websocket.timeout.upgrade",
            "websocket.lost"
        ]
        .contains(&ended.as_str()),
        "{ended}"
    );
}

#[tokio::test]
async fn extensions_and_subprotocols_that_nobody_offered_are_told() {
    for (keys, more, expected) in [
        (
            "",
            "sec-websocket-extensions: permessage-deflate\r\n",
            Some("websocket.handshake"),
        ),
        (
            "",
            "sec-websocket-protocol: chat\r\n",
            Some("websocket.subprotocol"),
        ),
        (", subprotocols: [a, b]", "", Some("websocket.subprotocol")),
        (
            ", subprotocols: [a, b]",
            "sec-websocket-protocol: c\r\n",
            Some("websocket.subprotocol"),
        ),
        (
            ", subprotocols: [a, b]",
            "sec-websocket-protocol: A\r\n",
            Some("websocket.subprotocol"),
        ),
        (
            ", subprotocols: [a, b]",
            "sec-websocket-protocol: b\r\n",
            None,
        ),
    ] {
        let (tell, mut told) = mpsc::unbounded_channel();
        let server = Server::start(move |mut stream: TcpStream| {
            let tell = tell.clone();
            async move {
                let _ = tell.send(shake(&mut stream, more).await);
                let _ = stream.write_all(b"\x88\x02\x03\xe8").await;
                hold(stream).await;
            }
        })
        .await;
        let looked = look(&probe(&server, keys)).await;
        let asked = told.recv().await.unwrap();
        assert!(!asked.contains("extensions"), "{asked}");
        assert_eq!(
            asked.contains("sec-websocket-protocol: a, b\r\n"),
            !keys.is_empty()
        );
        match expected {
            Some(expected) => assert_eq!(code(looked), expected, "{more}"),
            None => assert_eq!(text(&looked.unwrap(), "subprotocol"), Some("b")),
        }
    }
}

#[tokio::test]
async fn what_pings_say_is_kept_where_all_is_searched() {
    let bytes = b"\x89\x02hi\x89\x00\x8a\x03you\x89\x02\xff\x00\x81\x01x".to_vec();
    let server = saying(bytes).await;
    let probe = scripted(&server, "receive: {}");
    let ctx = Context::for_tests(AMPLE).searched();
    let seen = look_in(&probe, &ctx).await.unwrap();
    let said = ["Yes", "hi", "you", "ff00"].map(|text| Value::Untyped(text.to_owned()));
    assert_eq!(fact(&seen, "beside"), Some(&Value::List(said.into())));
    let seen = look(&probe).await.unwrap();
    assert_eq!(fact(&seen, "beside"), None);
}
