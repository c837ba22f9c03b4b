//! Streams that end or break, and are asked for again.

use super::*;

const DONE: &str = ", until: { event: done }";

/// Answers each connection in turn with these, and tells the requests; each closes afterwards.
async fn in_turn(answers: &[&str]) -> (Server, mpsc::UnboundedReceiver<String>) {
    let (tell, told) = mpsc::unbounded_channel();
    let answers: Vec<_> = answers.iter().map(|text| (*text).to_owned()).collect();
    let answers = std::sync::Arc::new(std::sync::Mutex::new(answers.into_iter()));
    let server = Server::start(move |mut stream| {
        let (tell, answers) = (tell.clone(), answers.clone());
        async move {
            let asked = request(&mut stream).await;
            let answer = answers.lock().unwrap().next().unwrap_or_default();
            let _ = tell.send(asked);
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    })
    .await;
    (server, told)
}

#[tokio::test]
async fn it_goes_on_after_the_last_event() {
    let first = format!("{OPEN}retry: 0\nid: \u{e4}7\ndata: 1\n\nid: 8\ndata: cut");
    let second = format!("{OPEN}data: 2\n\n");
    let third = format!("{OPEN}event: done\nid: 9\ndata: 3\n\n");
    let (server, mut told) = in_turn(&[&first, &second, &third]).await;
    let keys = format!(
        "{DONE}, reconnects: 5, method: POST, body: hello, headers: {{ last-event-id: old }}"
    );
    let seen = look(&sse(&server, &keys)).await.unwrap();
    assert_eq!(data(&seen), ["1", "2", "3"]);
    assert_eq!(fact(&seen, "reconnects"), Some(&Value::int(2)));
    let last = Value::Text("9".to_owned());
    assert_eq!(fact(&seen, "last_event_id"), Some(&last));
    // Nothing new was asked, and the time without a connection is nobody's.
    let (at, since): (Vec<_>, Vec<_>) = events(&seen)
        .iter()
        .map(|event| {
            (
                Received::at(event).unwrap(),
                Received::since_send(event).unwrap(),
            )
        })
        .unzip();
    assert!(at.is_sorted() && since.is_sorted(), "{at:?} {since:?}");
    assert!(
        since[2].checked_sub(since[0]) < at[2].checked_sub(at[0]),
        "{at:?} {since:?}"
    );
    for id in ["old", "\u{e4}7", "\u{e4}7"] {
        let asked = told.recv().await.unwrap();
        assert!(
            asked.starts_with("POST ") && asked.ends_with("hello"),
            "{asked}"
        );
        assert!(
            asked.contains(&format!("\r\nlast-event-id: {id}\r\n")),
            "{id}: {asked}"
        );
    }
}

#[tokio::test]
async fn our_own_pause_is_no_silence_of_the_server() {
    let pause = Duration::from_millis(500);
    let first = format!("{OPEN}retry: 500\ndata: 1\n\n");
    let second = format!("{OPEN}event: done\ndata: 2\n\n");
    let (server, _told) = in_turn(&[&first, &second]).await;
    let seen = look(&sse(&server, &format!("{DONE}, reconnects: 1")))
        .await
        .unwrap();
    let at: Vec<_> = events(&seen).iter().filter_map(Received::at).collect();
    assert!(at[1].checked_sub(at[0]) >= Some(pause), "{at:?}");
    assert!(time(&seen, "max_gap") < pause);
    let since = Received::since_send(&events(&seen)[1]).unwrap();
    assert!(since < pause, "{since:?}");
}

#[tokio::test]
async fn when_reconnections_are_used_up_it_is_told() {
    let again = format!("{OPEN}retry: 0\ndata: x\n\n");
    let (server, _told) = in_turn(&[again.as_str(); 9]).await;
    let (code, seen) = stopped(look(&sse(&server, &format!("{DONE}, reconnects: 2"))).await);
    assert_eq!(code.as_str(), "sse.closed");
    assert_eq!(
        (events(&seen).len(), fact(&seen, "reconnects")),
        (3, Some(&Value::int(2)))
    );
    // Without `until`, that is the end.
    let (server, _told) = in_turn(&[again.as_str(); 9]).await;
    let seen = look(&sse(&server, ", reconnects: 1")).await.unwrap();
    assert_eq!(events(&seen).len(), 2);
    assert_eq!(fact(&seen, "ended"), Some(&Value::Bool(true)));
}

#[tokio::test]
async fn what_was_waited_for_needs_no_more_connections() {
    let (server, mut told) =
        in_turn(&[format!("{OPEN}retry: 0\n\nevent: done\ndata: x\n\n").as_str(); 2]).await;
    let keys = format!("{DONE}, reconnects: 2, quiet: 9s");
    let seen = look(&sse(&server, &keys)).await.unwrap();
    assert_eq!(
        (events(&seen).len(), fact(&seen, "reconnects")),
        (1, Some(&Value::int(0)))
    );
    told.recv().await.unwrap();
    assert!(told.try_recv().is_err());
}

#[tokio::test]
async fn a_204_means_that_nothing_more_comes() {
    let first = format!("{OPEN}retry: 0\ndata: 1\n\n");
    let answers = [&first, "HTTP/1.1 204 No Content\r\n\r\n"];
    let (server, _told) = in_turn(&answers).await;
    let seen = look(&sse(&server, ", reconnects: 9")).await.unwrap();
    assert_eq!(
        (data(&seen), fact(&seen, "status")),
        (vec!["1"], Some(&Value::int(200)))
    );
    let (server, _told) = in_turn(&answers).await;
    let (code, seen) = stopped(look(&sse(&server, &format!("{DONE}, reconnects: 9"))).await);
    assert_eq!(code.as_str(), "sse.closed");
    assert!(seen.fault.unwrap().message.contains("(204)"));
}

#[tokio::test]
async fn a_stream_that_breaks_is_lost_unless_it_is_asked_for_again() {
    let broken = OPEN.replace(
        "\r\n\r\n",
        "\r\ntransfer-encoding: chunked\r\n\r\n12\r\nretry: 0\ndata: 1\n\n\r\n9\r\nda",
    );
    let (server, _told) = in_turn(&[&broken]).await;
    let (code, seen) = stopped(look(&sse(&server, DONE)).await);
    assert_eq!((code.as_str(), data(&seen)), ("sse.lost", vec!["1"]));
    assert_eq!(fact(&seen, "ended"), Some(&Value::Bool(true)));
    let done = format!("{OPEN}event: done\ndata: 2\n\n");
    let (server, _told) = in_turn(&[&broken, &done]).await;
    let seen = look(&sse(&server, &format!("{DONE}, reconnects: 1")))
        .await
        .unwrap();
    assert_eq!(data(&seen), ["1", "2"]);
    // Also a reset.
    let (server, mut told) = handing_over().await;
    let probe = sse(&server, ", until: { event: done }, reconnects: 1");
    let serving = async {
        let (_, mut stream) = told.recv().await.unwrap();
        stream
            .write_all(format!("{OPEN}retry: 0\n\n").as_bytes())
            .await
            .unwrap();
        reset(stream);
        let (_, mut stream) = told.recv().await.unwrap();
        stream
            .write_all(format!("{OPEN}data: 1\n\n").as_bytes())
            .await
            .unwrap();
        reset(stream);
    };
    let (looked, ()) = tokio::join!(look(&probe), serving);
    let (code, seen) = stopped(looked);
    let fault = seen.fault.as_ref().unwrap();
    assert_eq!((code.as_str(), fault.phase), ("sse.lost", Phase::Event));
    assert_eq!(fault.origin.unwrap().to_string(), "errno 104");
}

#[tokio::test]
async fn what_stops_a_reconnection_stops_the_look_and_what_came_is_kept() {
    let first = format!("{OPEN}retry: 0\nid: 1\ndata: 1\n\n");
    let refusal = "HTTP/1.1 503 Service Unavailable\r\n\r\ndown";
    let (server, _told) = in_turn(&[&first, refusal]).await;
    let (code, seen) = stopped(look(&sse(&server, ", reconnects: 9")).await);
    assert_eq!((code.as_str(), data(&seen)), ("sse.refused.503", vec!["1"]));
    assert_eq!(fact(&seen, "status"), Some(&Value::int(503)));
    assert_eq!(fact(&seen, "ended"), Some(&Value::Bool(true)));
    // Nobody listens any more.
    let (server, mut told) = handing_over().await;
    let probe = sse(&server, ", reconnects: 9");
    let serving = async {
        let (_, mut stream) = told.recv().await.unwrap();
        drop(server);
        // The listener is gone when its task has ended, and with it the one who hands over.
        assert!(told.recv().await.is_none());
        stream.write_all(first.as_bytes()).await.unwrap();
    };
    let (looked, ()) = tokio::join!(look(&probe), serving);
    let (code, seen) = stopped(looked);
    assert_eq!((code.as_str(), data(&seen)), ("tcp.refused", vec!["1"]));
    assert_eq!(fact(&seen, "reconnects"), Some(&Value::int(1)));
    assert_eq!(fact(&seen, "ended"), Some(&Value::Bool(true)));
}

#[tokio::test]
async fn a_pause_that_is_too_long_is_not_waited_for() {
    for (retry, keys) in [
        ("retry: 60000\n", ""),
        ("retry: 99999999999999999999\n", ""),
        ("", ", within: 2s"),
    ] {
        let (server, mut told) = in_turn(&[&format!("{OPEN}{retry}data: 1\n\n")]).await;
        let probe = sse(&server, &format!("{DONE}, reconnects: 1{keys}"));
        let (code, seen) = stopped(look(&probe).await);
        assert_eq!(
            (code.as_str(), data(&seen)),
            ("sse.timeout.event", vec!["1"])
        );
        assert!(seen.latency < Duration::from_secs(2), "{:?}", seen.latency);
        told.recv().await.unwrap();
        assert!(told.try_recv().is_err());
    }
}

#[tokio::test]
async fn an_id_that_cannot_be_sent_back_is_the_servers() {
    let (server, _told) = in_turn(&[&format!("{OPEN}retry: 0\nid: \u{1}\ndata: 1\n\n")]).await;
    let (code, seen) = stopped(look(&sse(&server, ", reconnects: 1")).await);
    assert_eq!((code.as_str(), data(&seen)), ("sse.id", vec!["1"]));
}
