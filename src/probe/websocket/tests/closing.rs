//! Who ends a connection, and how.

use super::*;
use crate::model::{Fault, Origin};

/// Shakes hands, says these bytes, and closes the connection.
async fn leaving(bytes: &'static [u8], says: fn(TcpStream)) -> Server {
    Server::start(move |mut stream: TcpStream| async move {
        shake(&mut stream, "").await;
        // What the peer says first is read: closing with something unread is a reset.
        if bytes.starts_with(b"\x81") {
            let mut asked = [0; 8];
            stream.read_exact(&mut asked).await.unwrap();
        }
        stream.write_all(bytes).await.unwrap();
        says(stream);
    })
    .await
}

#[tokio::test]
async fn a_close_before_the_script_is_through_is_told_with_its_code() {
    for (bytes, expected, reason) in [
        (
            &b"\x88\x09\x03\xf3aborted"[..],
            "websocket.closed.1011",
            "aborted",
        ),
        (b"\x88\x02\x03\xe8", "websocket.closed.1000", ""),
        (
            b"\x88\x09\x03\xf6no lead",
            "websocket.closed.1014",
            "no lead",
        ),
        (b"\x88\x02\x11\x30", "websocket.closed.4400", ""),
        (b"\x88\x00", "websocket.closed.1005", ""),
    ] {
        let server = saying(bytes).await;
        let script = "{ receive: { within: 5s } }, { send: { text: more } }";
        let (code, seen) = stopped(look(&scripted(&server, script)).await);
        assert_eq!(code.as_str(), expected);
        let number: u16 = expected.rsplit('.').next().unwrap().parse().unwrap();
        assert_eq!(fact(&seen, "close_code"), Some(&Value::int(number)));
        assert_eq!(text(&seen, "close_reason"), Some(reason));
        assert_eq!(text(&seen, "closed_by"), Some("peer"));
        let is_good = matches!(number, 1000 | 1005);
        assert_eq!(fact(&seen, "ended"), Some(&Value::Bool(is_good)));
        let Fault { origin, .. } = seen.fault.unwrap();
        assert_eq!(origin, Some(Origin::CloseCode(number)));
    }
}

#[tokio::test]
async fn a_close_that_takes_nothing_away_is_no_fault() {
    for script in [
        "{ receive: {} }",
        "{ receive: {} }, { receive_none: { for: 9s } }",
        "{ receive: {} }, { receive_none: { for: 9s } }, { close: 1000 }",
        "{ receive: {} }, { receive_none: { for: 9s } }, { drop: rst }",
    ] {
        let server = saying(b"\x81\x02hi\x88\x02\x03\xe9".to_vec()).await;
        let seen = look(&scripted(&server, script)).await.unwrap();
        assert_eq!(said(&seen), ["hi"], "{script}");
        if script.contains("none") {
            assert_eq!(text(&seen, "closed_by"), Some("peer"), "{script}");
            assert_eq!(fact(&seen, "close_code"), Some(&Value::int(1001)));
            assert_eq!(fact(&seen, "closed_cleanly"), Some(&Value::Bool(true)));
        }
    }
}

#[tokio::test]
async fn an_end_by_an_error_is_no_silence() {
    let server = saying(b"\x81\x02hi\x88\x02\x03\xf3".to_vec()).await;
    let script = "{ receive: {} }, { receive_none: { for: 9s } }";
    let (code, seen) = stopped(look(&scripted(&server, script)).await);
    assert_eq!(code.as_str(), "websocket.closed.1011");
    assert_eq!(fact(&seen, "ended"), Some(&Value::Bool(false)));
}

#[tokio::test]
async fn a_close_that_crosses_ours_is_no_answer_to_it() {
    let server = Server::start(|mut stream: TcpStream| async move {
        shake(&mut stream, "").await;
        // Our close frame, with a code, masked.
        stream.read_exact(&mut [0; 8]).await.unwrap();
        stream.write_all(b"\x88\x02\x11\x31").await.unwrap();
        hold(stream).await;
    })
    .await;
    let seen = look(&scripted(&server, "{ close: 1000 }")).await.unwrap();
    assert_eq!(text(&seen, "closed_by"), Some("peer"));
    assert_eq!(fact(&seen, "close_code"), Some(&Value::int(4401)));
    assert_eq!(fact(&seen, "closed_cleanly"), Some(&Value::Bool(false)));
}

#[tokio::test]
async fn what_came_before_a_close_can_still_be_received() {
    let server = saying(b"\x81\x03one\x81\x03two\x88\x02\x03\xe8".to_vec()).await;
    let script = "{ receive: { text: one } }, { receive: { text: two } }";
    let seen = look(&scripted(&server, script)).await.unwrap();
    assert_eq!(said(&seen), ["one", "two"]);
}

#[tokio::test]
async fn a_connection_that_breaks_is_lost() {
    for (bytes, says, errno) in [
        (&b""[..], reset as fn(TcpStream), Some(Origin::Errno(104))),
        (b"", drop as fn(TcpStream), None),
        // In the middle of a message.
        (b"\x82\x05abc", drop as fn(TcpStream), None),
    ] {
        for script in [
            "{ receive: {} }",
            "{ receive_none: { for: 5s } }",
            "{ ping: {} }",
        ] {
            let server = leaving(bytes, says).await;
            let (code, seen) = stopped(look(&scripted(&server, script)).await);
            assert_eq!(code.as_str(), "websocket.lost", "{script}");
            assert_eq!(text(&seen, "closed_by"), Some("nobody"));
            assert_eq!(fact(&seen, "ended"), Some(&Value::Bool(false)));
            assert_eq!(fact(&seen, "closed_cleanly"), Some(&Value::Bool(false)));
            assert_eq!(fact(&seen, "close_code"), None);
            let origin = seen.fault.unwrap().origin;
            // A ping may be what notices it.
            assert!(origin == errno || script.contains("ping"), "{origin:?}");
        }
    }
    // After the last entry nothing is taken away.
    let server = leaving(b"\x81\x02hi", drop).await;
    let script = "{ send: { text: go } }, { receive: {} }";
    let seen = look(&scripted(&server, script)).await.unwrap();
    assert_eq!(fact(&seen, "closed_cleanly"), Some(&Value::Bool(false)));
}

#[tokio::test]
async fn a_peer_that_ignores_our_close_is_waited_for_a_bounded_time() {
    let server = saying(b"\x81\x02hi".to_vec()).await;
    for script in [
        "{ receive: {} }",
        "{ receive: {} }, { close: { code: 4001, reason: bye } }",
    ] {
        let seen = brief_look(&scripted(&server, script)).await.unwrap();
        assert_eq!(text(&seen, "closed_by"), Some("us"));
        assert_eq!(fact(&seen, "closed_cleanly"), Some(&Value::Bool(false)));
        assert_eq!(fact(&seen, "close_code"), None);
        assert_eq!(fact(&seen, "ended"), Some(&Value::Bool(false)));
    }
}

#[tokio::test]
async fn a_close_says_its_code_and_reason() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let server = serving(move |mut socket| {
        let tell = tell.clone();
        async move {
            while let Some(Ok(message)) = socket.next().await {
                let _ = tell.send(message);
            }
        }
    })
    .await;
    let script = "{ close: { code: 4001, reason: bye } }";
    let seen = look(&scripted(&server, script)).await.unwrap();
    assert_eq!(fact(&seen, "closed_cleanly"), Some(&Value::Bool(true)));
    let Some(Message::Close(Some(frame))) = told.recv().await else {
        panic!("it was closed");
    };
    assert_eq!(
        (u16::from(frame.code), frame.reason.as_str()),
        (4001, "bye")
    );
}

#[tokio::test]
async fn a_connection_can_be_dropped_both_ways() {
    for (how, errno) in [("fin", None), ("rst", Some(104))] {
        let (tell, mut told) = mpsc::unbounded_channel();
        let server = Server::start(move |mut stream: TcpStream| {
            let tell = tell.clone();
            async move {
                shake(&mut stream, "").await;
                let read = stream.read(&mut [0; 64]).await;
                let _ = tell.send(read.map_err(|error| error.raw_os_error()));
            }
        })
        .await;
        let seen = look(&scripted(&server, &format!("{{ drop: {how} }}")))
            .await
            .unwrap();
        assert_eq!(text(&seen, "closed_by"), Some("nobody"));
        assert_eq!(fact(&seen, "ended"), Some(&Value::Bool(false)));
        let read = told.recv().await.unwrap();
        assert_eq!(read, errno.map_or(Ok(0), |errno| Err(Some(errno))), "{how}");
    }
}

#[tokio::test]
async fn a_close_that_came_with_the_last_event_is_the_peers() {
    let server = saying(b"\x81\x02hi\x88\x02\x03\xe9".to_vec()).await;
    for script in ["{ receive: {} }", "{ receive: {} }, { close: 1000 }"] {
        let seen = look(&scripted(&server, script)).await.unwrap();
        assert_eq!(text(&seen, "closed_by"), Some("peer"), "{script}");
        assert_eq!(fact(&seen, "close_code"), Some(&Value::int(1001)));
        assert_eq!(fact(&seen, "ended"), Some(&Value::Bool(true)));
    }
}
