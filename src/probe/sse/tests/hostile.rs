//! Servers that mean no good: whatever they do, a look ends, and holds little.

use super::*;

/// Sends a beginning, and then the same piece until nobody listens any more.
async fn flooding(beginning: &str, piece: impl Into<Vec<u8>>) -> Server {
    let beginning = std::sync::Arc::new(format!("{OPEN}{beginning}").into_bytes());
    let piece = std::sync::Arc::new(piece.into());
    Server::start(move |mut stream| {
        let (beginning, piece) = (beginning.clone(), piece.clone());
        async move {
            request(&mut stream).await;
            let _ = stream.write_all(&beginning).await;
            while stream.write_all(&piece).await.is_ok() {}
        }
    })
    .await
}

#[tokio::test]
async fn nothing_grows_without_end() {
    let events = "data:\n\n".repeat(1000);
    let large = format!("data: {}\n\n", "x".repeat(60_000));
    for (beginning, piece, phrase) in [
        (
            "data: 1\n\n",
            "x".repeat(10_000),
            "after 1 events came a line, or the data",
        ),
        (
            ": ",
            "x".repeat(10_000),
            "after 0 events came a line, or the data",
        ),
        ("", "data: 12345\n".repeat(1000), "65536 bytes"),
        ("", events, "more than 100000 events"),
        ("", large, "more than 40 MiB"),
        (
            "",
            format!("data: [0{}]\n\n", ",0".repeat(20_000)),
            "more than 40 MiB",
        ),
    ] {
        let server = flooding(beginning, piece).await;
        let (code, seen) = stopped(look(&sse(&server, ", max_event: 64KiB")).await);
        let fault = seen.fault.as_ref().unwrap();
        assert_eq!(
            (code.as_str(), fault.phase),
            ("sse.too_large", Phase::Event)
        );
        assert!(
            fault.message.contains(phrase),
            "{phrase}: {}",
            fault.message
        );
        assert!(fact(&seen, "listened").is_some());
    }
}

#[tokio::test]
async fn a_flood_that_says_nothing_ends_with_the_budget() {
    for piece in [
        ":\n".repeat(5000),
        "\n".repeat(10_000),
        "id: 7\n".repeat(2000),
    ] {
        let server = flooding("", piece).await;
        let (code, seen) = stopped(brief_look(&sse(&server, "")).await);
        assert_eq!(code.as_str(), "sse.timeout.event");
        assert!(seen.latency < AMPLE / 2, "{:?}", seen.latency);
    }
}

#[tokio::test]
async fn a_drip_never_outlasts_the_budget() {
    let server = Server::start(|mut stream| async move {
        request(&mut stream).await;
        let _ = stream.write_all(OPEN.as_bytes()).await;
        let mut ticks = tokio::time::interval(Duration::from_millis(5));
        for byte in b"data: drip\n\n".iter().cycle() {
            ticks.tick().await;
            if stream.write_all(&[*byte]).await.is_err() {
                return;
            }
        }
    })
    .await;
    for keys in [
        "",
        ", until: { event: done }",
        ", until: { event: done }, within: 250ms",
    ] {
        let (code, seen) = stopped(brief_look(&sse(&server, keys)).await);
        assert_eq!(code.as_str(), "sse.timeout.event");
        assert!(!events(&seen).is_empty());
        assert!(seen.latency < AMPLE / 2, "{:?}", seen.latency);
    }
}

#[tokio::test]
async fn what_is_no_utf8_is_told() {
    let bytes = [OPEN.as_bytes(), b"data: 1\n\ndata: \xff\n\n"].concat();
    let server = streaming(bytes, false).await;
    let (code, seen) = stopped(look(&sse(&server, ", reconnects: 3")).await);
    assert_eq!((code.as_str(), data(&seen)), ("sse.utf8", vec!["1"]));
}

#[tokio::test]
async fn rubbish_instead_of_a_chunk_is_told() {
    let head = OPEN.replace("\r\n\r\n", "\r\ntransfer-encoding: chunked\r\n\r\n");
    let server = streaming(format!("{head}9\r\ndata: 1\n\n\r\nrubbish\r\n"), false).await;
    let (code, seen) = stopped(look(&sse(&server, ", reconnects: 3")).await);
    assert_eq!((code.as_str(), data(&seen)), ("http.protocol", vec!["1"]));
    assert!(seen.phase(Phase::Body).is_some());
}
