//! Peers that break the protocol, flood, or say nothing.

use super::*;

fn frame(head: &[u8], payload: &[u8]) -> Vec<u8> {
    [head, payload].concat()
}

#[tokio::test]
async fn what_breaks_the_protocol_is_told_by_its_kind() {
    for (bytes, expected) in [
        // A frame of 1 GiB, of which nothing comes but the head.
        (
            &[0x82, 127, 0, 0, 0, 0, 0x40, 0, 0, 0][..],
            "websocket.too_large",
        ),
        (
            &[0x81, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            "websocket.too_large",
        ),
        // Masked, as only a client may.
        (&[0x81, 0x82, 1, 2, 3, 4, 5, 6], "websocket.protocol"),
        (&[0xc1, 0x01, b'x'], "websocket.protocol"),
        (&[0x91, 0x01, b'x'], "websocket.protocol"),
        (&[0x83, 0x01, b'x'], "websocket.protocol"),
        (&[0x8b, 0x00], "websocket.protocol"),
        // A ping in pieces, and one that is too long.
        (&[0x09, 0x01, b'x'], "websocket.protocol"),
        (&[0x89, 126, 0, 126], "websocket.protocol"),
        // Nothing to continue, and something that was not finished.
        (&[0x80, 0x01, b'x'], "websocket.protocol"),
        (&[0x01, 0x01, b'x', 0x81, 0x01, b'y'], "websocket.protocol"),
        // Half a code, and codes that are never sent.
        (&[0x88, 0x01, 0x03], "websocket.protocol"),
        (&[0x88, 0x02, 0x03, 0xee], "websocket.protocol"),
        (&[0x88, 0x02, 0x00, 0x01], "websocket.protocol"),
        (&[0x88, 0x02, 0x13, 0x88], "websocket.protocol"),
        // No UTF-8: at once, in the second of two fragments, in a reason.
        (&[0x81, 0x02, 0xc3, 0x28], "websocket.utf8"),
        (&[0x01, 0x01, 0xc3, 0x80, 0x01, 0x28], "websocket.utf8"),
        (&[0x88, 0x03, 0x03, 0xe8, 0xff], "websocket.utf8"),
    ] {
        let mut padded = bytes.to_vec();
        if bytes == [0x89, 126, 0, 126] {
            padded.extend([b'x'; 126]);
        }
        let server = saying(padded).await;
        let (code, seen) = stopped(look(&scripted(&server, "{ receive: {} }")).await);
        assert_eq!(code.as_str(), expected, "{bytes:02x?}: {seen:?}");
        assert_eq!(events(&seen), []);
    }
}

#[tokio::test]
async fn a_message_may_be_as_large_as_is_said_and_no_larger() {
    let bytes = frame(&[0x82, 10], b"0123456789");
    let server = saying(bytes).await;
    for (most, is_taken) in [("10B", true), ("9B", false)] {
        let keys = format!(", max_message: {most}, script: [{{ receive: {{}} }}, {{ drop: fin }}]");
        let looked = look(&probe(&server, &keys)).await;
        if is_taken {
            assert_eq!(events(&looked.unwrap()).len(), 1);
        } else {
            assert_eq!(code(looked), "websocket.too_large");
        }
    }
    // In fragments, of which each is small.
    let server = saying(b"\x02\x05abcde\x80\x05fghij".to_vec()).await;
    let keys = ", max_message: 9B, script: [{ receive: {} }]";
    assert_eq!(
        code(look(&probe(&server, keys)).await),
        "websocket.too_large"
    );
}

#[tokio::test]
async fn fragments_are_put_together_and_pings_in_between_are_answered() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let server = Server::start(move |mut stream: TcpStream| {
        let tell = tell.clone();
        async move {
            shake(&mut stream, "").await;
            // "hä" cut inside of its second letter, with a ping there.
            stream
                .write_all(b"\x01\x02h\xc3\x89\x02hi\x80\x01\xa4")
                .await
                .unwrap();
            // A masked pong with our payload.
            let mut pong = [0; 8];
            stream.read_exact(&mut pong).await.unwrap();
            let _ = tell.send(pong);
            stream.write_all(b"\x88\x02\x03\xe8").await.unwrap();
            hold(stream).await;
        }
    })
    .await;
    let seen = look(&scripted(
        &server,
        "{ receive: { text: hä } }, { receive_none: { for: 5s } }",
    ))
    .await
    .unwrap();
    assert_eq!(said(&seen), ["hä"]);
    let pong = told.recv().await.unwrap();
    assert_eq!(pong[..2], [0x8a, 0x82]);
    assert_eq!([pong[6] ^ pong[2], pong[7] ^ pong[3]], *b"hi");
}

#[tokio::test]
async fn all_events_together_are_bounded() {
    let server = serving(async |mut socket| {
        let message = Message::binary(vec![7; 1024 * 1024]);
        while socket.send(message.clone()).await.is_ok() {}
    })
    .await;
    let script = "{ receive: { text: never } }";
    let (code, seen) = stopped(look(&scripted(&server, script)).await);
    assert_eq!(code.as_str(), "websocket.too_large");
    // Each counts as a little more than it has.
    assert_eq!(events(&seen).len(), 39);
}

#[tokio::test]
async fn a_peer_that_pings_and_never_reads_is_bounded_by_the_budget() {
    let server = Server::start(|mut stream: TcpStream| async move {
        shake(&mut stream, "").await;
        let pings = [&[0x89, 125][..], &[b'x'; 125]].concat().repeat(512);
        while stream.write_all(&pings).await.is_ok() {}
    })
    .await;
    let script = "{ receive: {} }";
    // It speaks, so it is there.
    assert_eq!(
        code(brief_look(&scripted(&server, script)).await),
        "websocket.timeout.event"
    );
}

#[tokio::test]
async fn silence_is_told_apart_by_a_ping() {
    let answering = serving(listening).await;
    let deaf = saying(Vec::new()).await;
    let script = "{ receive: { within: 1s } }";
    let (answering, deaf) = (scripted(&answering, script), scripted(&deaf, script));
    let (answered, unanswered) = tokio::join!(look(&answering), look(&deaf));
    for (looked, expected) in [
        (answered, "websocket.timeout.event"),
        (unanswered, "websocket.timeout.pong"),
    ] {
        let (code, seen) = stopped(looked);
        assert_eq!(code.as_str(), expected);
        assert_eq!(events(&seen), []);
        assert!(seen.latency >= Duration::from_secs(1));
    }
}

#[tokio::test]
async fn drips_end_no_wait_before_its_time_and_are_all_there() {
    let server = Server::start(|mut stream: TcpStream| async move {
        shake(&mut stream, "").await;
        for byte in b"\x81\x05hello\x81\x01" {
            stream.write_all(&[*byte]).await.unwrap();
            stream.flush().await.unwrap();
        }
        hold(stream).await;
    })
    .await;
    let (code, seen) = stopped(brief_look(&scripted(&server, "{ receive: { times: 2 } }")).await);
    assert!(code.as_str().starts_with("websocket.timeout."), "{code}");
    assert_eq!(said(&seen), ["hello"]);
    let message = seen.fault.unwrap().message;
    assert!(message.starts_with("1 of 2 that match came"), "{message}");
}

#[tokio::test]
async fn who_is_in_the_middle_of_a_message_is_there() {
    let server = Server::start(|mut stream: TcpStream| async move {
        shake(&mut stream, "").await;
        stream.write_all(b"\x81\x7e\x10\x00begun").await.unwrap();
        // No pong may stand in the middle of a frame; the message goes on.
        stream.read_exact(&mut [0; 6]).await.unwrap();
        stream.write_all(b"and goes on").await.unwrap();
        hold(stream).await;
    })
    .await;
    let script = "{ receive: { within: 1s } }";
    assert_eq!(
        code(look(&scripted(&server, script)).await),
        "websocket.timeout.event"
    );
}

#[tokio::test]
async fn pongs_that_say_something_else_are_no_answer() {
    let server = saying(b"\x8a\x02hi".to_vec()).await;
    let script = "{ ping: { within: 100ms } }";
    let (code, seen) = stopped(look(&scripted(&server, script)).await);
    assert_eq!(code.as_str(), "websocket.timeout.pong");
    assert_eq!(fact(&seen, "pings"), Some(&Value::int(0)));
    assert_eq!(fact(&seen, "ping_max"), None);
}

#[tokio::test]
async fn what_nobody_takes_is_ended_by_the_budget() {
    let server = Server::start(|mut stream: TcpStream| async move {
        shake(&mut stream, "").await;
        std::future::pending::<()>().await;
    })
    .await;
    let large = "x".repeat(12 * 1024 * 1024);
    let script = format!("{{ send: {{ text: \"{large}\" }} }}");
    assert_eq!(
        code(brief_look(&scripted(&server, &script)).await),
        "websocket.timeout.send"
    );
}

#[tokio::test]
async fn events_are_read_while_something_large_is_sent() {
    let server = serving(async |socket| {
        let (mut write, mut read) = socket.split();
        // Nothing is read before all this is taken.
        for _ in 0..64 {
            write
                .send(Message::text("y".repeat(64 * 1024)))
                .await
                .unwrap();
        }
        let asked = read.next().await.unwrap().unwrap();
        write
            .send(Message::text(asked.len().to_string()))
            .await
            .unwrap();
        while let Some(Ok(_)) = read.next().await {}
    })
    .await;
    let large = "x".repeat(8 * 1024 * 1024);
    let script = format!(
        "{{ send: {{ text: \"{large}\" }} }}, {{ receive: {{ text: \"{}\" }} }}",
        large.len()
    );
    let seen = look(&scripted(&server, &script)).await.unwrap();
    assert_eq!(events(&seen).len(), 65);
    // The server has not read before they were taken, so most came before the send was complete.
    assert_eq!(Received::since_send(&events(&seen)[0]), None);
    assert!(Received::since_send(&events(&seen)[64]).is_some());
}
