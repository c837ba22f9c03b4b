//! Scripts: what loads, and what becomes of it.

use std::sync::{Arc, Mutex};

use super::*;
use crate::model::Unable;
use crate::probe::{AnyProbe, Barriers};
use crate::yaml::Diagnostics;

fn told(keys: &str) -> String {
    problem(
        "websocket",
        &format!("{{ url: \"ws://web.example/\"{keys} }}"),
    )
}

#[test]
fn a_script_that_cannot_be_played_is_told_at_load() {
    for (script, why) in [
        ("", "nothing is to be done"),
        (
            "{ drop: fin }, { receive: {} }",
            "`receive` needs a connection, and `drop` has ended it",
        ),
        (
            "{ close: 1000 }, { wait_for: all }, { send: { text: x } }",
            "and `close` has ended it",
        ),
        (
            "{ close: 1000 }, { close: 1000 }",
            "`close` needs a connection",
        ),
        ("{ reconnect: {} }", "it is still connected here"),
        (
            "{ drop: fin }, { reconnect: {} }, { reconnect: {} }",
            "it is still connected here",
        ),
        (
            "{ receive_none: { for: 1s } }, { ping: {} }, { reconnect: {} }",
            "it is still connected",
        ),
        ("{ send: {} }", "one of `text`, `json`, `binary` and `raw`"),
        (
            "{ send: { text: x, json: {} } }",
            "one of `text`, `json`, `binary` and `raw`",
        ),
        ("{ send: { binary: \"?\" } }", "no base64"),
        ("{ send: { raw: \"8\" } }", "hexadecimal"),
        ("{ send: { raw: \"zz\" } }", "hexadecimal"),
        ("{ send: { raw: \"\" } }", "hexadecimal"),
        (
            "{ send: { text: x, with: { a: $.a } } }",
            "into the object of `json`",
        ),
        ("{ send: { json: [], with: { a: $.a } } }", "`json` is none"),
        (
            "{ send: { json: {}, with: { a: \"$..a\" } } }",
            "may find several",
        ),
        ("{ send: { json: {}, with: { a: a } } }", "begins with `$`"),
        ("{ receive: { text: a, binary: true } }", "only one of"),
        ("{ receive: { binary: false } }", "`true` or absent"),
        ("{ receive: { times: 0 } }", "1 to 100000"),
        ("{ receive: { json: { type: x } } }", "begins with `$`"),
        (
            "{ receive: { text: { startswith: x } } }",
            "did you mean `starts_with`",
        ),
        ("{ receive: { within: 0s } }", "longer than zero"),
        ("{ receive_none: {} }", "missing key `for`"),
        ("{ ping: { times: 0 } }", "1 to 10000"),
        ("{ wait_for: \"\" }", "has a name"),
        ("{ close: 1005 }", "never sent"),
        ("{ close: 1006 }", "never sent"),
        ("{ close: { code: 1015 } }", "never sent"),
        ("{ close: 999 }", "may not be sent"),
        ("{ close: 5000 }", "may not be sent"),
        ("{ close: 2000 }", "has no meaning yet"),
        ("{ close: 70000 }", "no code"),
        ("{ close: soon }", "expected a code"),
        ("{ drop: gently }", "unknown value `gently`"),
        ("{ recieve: {} }", "did you mean `receive`"),
        (
            "{ drop: fin }, { reconnect: { query: { a: b } } }",
            "begins with `$`",
        ),
        (
            "{ drop: fin }, { reconnect: { headers: { upgrade: $.a } } }",
            "the handshake's own",
        ),
        (
            "{ drop: fin }, { reconnect: { headers: { a b: $.a } } }",
            "a b",
        ),
    ] {
        let told = told(&format!(", script: [{script}]"));
        assert!(told.contains(why), "{script}: {told}");
    }
    let reason = "x".repeat(124);
    let told = told(&format!(
        ", script: [{{ close: {{ code: 1000, reason: {reason} }} }}]"
    ));
    assert!(told.contains("at most 123 bytes"), "{told}");
}

#[test]
fn keys_that_cannot_be_meant_are_told_at_load() {
    for (keys, why) in [
        (", ca: a.pem", "write `wss`"),
        (", max_message: 0B", "1B to 16MiB"),
        (", max_message: 17MiB", "1B to 16MiB"),
        (", subprotocols: [\"a b\"]", "no name of a subprotocol"),
        (", subprotocols: [a, a]", "offered twice"),
        (", headers: { upgrade: x }", "the handshake's own"),
        (", headers: { Sec-WebSocket-Key: x }", "the handshake's own"),
        (", headers: { origin: x }, origin: y", "use one of them"),
        (", method: POST", "unknown key `method`"),
    ] {
        let told = told(keys);
        assert!(told.contains(why), "{keys}: {told}");
    }
    for (url, why) in [
        ("http://web.example/", "`ws` and `wss` are spoken here"),
        ("web.example", "begins with `ws://` or `wss://`"),
        ("ws://web.example:0/", "port 0"),
    ] {
        let told = problem("websocket", &format!("{{ url: \"{url}\" }}"));
        assert!(told.contains(why), "{url}: {told}");
    }
}

/// As if every `x` were a variable that has no value yet.
fn make_late(node: &mut crate::yaml::Node) {
    use crate::yaml::Kind;

    match &mut node.kind {
        Kind::Scalar(scalar) if &*scalar.text == "x" => node.kind = Kind::Pending,
        Kind::Sequence(items) => items.iter_mut().for_each(make_late),
        Kind::Mapping(entries) => entries.iter_mut().for_each(|one| make_late(&mut one.value)),
        Kind::Scalar(_) | Kind::Pending | Kind::Alias(_) => {}
    }
}

#[test]
fn a_mistake_is_told_at_its_entry_also_when_something_is_only_known_later() {
    use crate::probe::testing::node;

    for (yaml, is_late, line) in [
        (
            "url: ws://web/\nscript:\n- send: { text: a }\n- drop: fin\n- receive: {}\n",
            false,
            5,
        ),
        (
            "url: ws://web/\nscript:\n- send: { text: a }\n- drop: fin\n- receive: {}\n",
            true,
            5,
        ),
        (
            "url: ws://web/\nscript:\n- receive: {}\n- close: 1005\n",
            false,
            4,
        ),
    ] {
        let mut sources = crate::yaml::Sources::default();
        let file = sources.add("test.yaml", yaml);
        let mut problems = Diagnostics::default();
        let tree = crate::yaml::parse(&sources, file, &mut problems).unwrap();
        assert!(AnyProbe::decode("websocket", &tree, is_late, &mut problems).is_none());
        let span = problems.iter().next().unwrap().span.unwrap();
        assert_eq!(sources.position(span).line, line, "{yaml}");
    }
    // A code that is only known later may be any; what is written instead of one may not.
    for close in ["x", "{ code: x, reason: x }"] {
        let mut tree = node(&format!(
            "{{ url: \"ws://web/\", script: [{{ close: {close} }}] }}"
        ));
        make_late(&mut tree);
        let mut problems = Diagnostics::default();
        let probe = AnyProbe::decode("websocket", &tree, true, &mut problems);
        assert!(probe.is_some(), "{close}: {problems:?}");
    }
    assert!(told(", script: [{ close: pending }]").contains("expected a code"));
    let mut problems = Diagnostics::default();
    let yaml = "{ url: \"ws://web/\", script: [{ receive: {} }, { wait_for: sent }, { ping: { times: 3, every: 1s } }, { receive_none: { for: 2s } }] }";
    let probe = AnyProbe::decode("websocket", &node(yaml), false, &mut problems).unwrap();
    assert_eq!(probe.waits().as_deref(), Some("script.1.wait_for"));
    assert_eq!(probe.request(), "GET ws://web/ (4 steps)");
    let least = probe.least().unwrap();
    assert_eq!(least.time, Duration::from_secs(4));
    assert_eq!(least.why, "2s of `ping` and 2s of `receive_none`");
}

#[test]
fn credentials_are_not_in_what_is_asked() {
    let probe: WebSocket = read("{ url: \"wss://me:hunter2@web.example/chat\" }");
    assert_eq!(probe.request(), "GET wss://web.example/chat");
    assert_eq!(format!("{probe:?}"), "GET wss://web.example/chat");
    assert_eq!(
        probe.resources(),
        [
            "dns:web.example",
            "sock:web.example:443",
            "tls:web.example:443:web.example",
            "origin:https://web.example:443"
        ]
    );
    assert!(
        probe
            .prepared()
            .unwrap()
            .secrets
            .contains(&"hunter2".to_owned())
    );
}

#[tokio::test]
async fn nothing_may_come_while_nothing_is_to_come() {
    let quiet = serving(listening).await;
    let seen = look(&scripted(&quiet, "{ receive_none: { for: 50ms } }"))
        .await
        .unwrap();
    assert!(time(&seen, "listened") >= Duration::from_millis(50));
    let chatty = saying(b"\x81\x02hi\x81\x03you".to_vec()).await;
    let script = "{ receive: { text: hi } }, { receive_none: { for: 5s } }";
    let (code, seen) = stopped(look(&scripted(&chatty, script)).await);
    assert_eq!(code.as_str(), "websocket.unexpected");
    assert_eq!(said(&seen), ["hi", "you"]);
    // What the receive has gone past was not waited for, and is not held against the silence.
    let script = "{ receive: { text: you } }, { receive_none: { for: 50ms } }, { drop: fin }";
    look(&scripted(&chatty, script)).await.unwrap();
    // What cannot be come to within the budget says nothing of the peer.
    let script = "{ receive_none: { for: 5s } }";
    let error = unable(brief_look(&scripted(&quiet, script)).await);
    assert_eq!(error.kind, Unable::Value);
    assert!(
        error
            .message
            .starts_with("5s are needed at least (5s of `receive_none`)"),
        "{error:?}"
    );
    // What the peer has taken of the budget is missing.
    let slow = serving(async |mut socket| {
        let pinged = socket.next().await;
        assert!(matches!(pinged, Some(Ok(Message::Ping(_)))));
        socket.send(Message::text("late")).await.unwrap();
        listening(socket).await;
    })
    .await;
    let script = "{ receive: {} }, { receive_none: { for: 200ms } }";
    let (code, _) = stopped(brief_look(&scripted(&slow, script)).await);
    assert_eq!(code.as_str(), "websocket.timeout.event");
}

#[tokio::test]
async fn bytes_that_are_no_frame_go_over_the_wire_as_they_are() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let server = Server::start(move |mut stream: TcpStream| {
        let tell = tell.clone();
        async move {
            shake(&mut stream, "").await;
            let mut bytes = [0; 4];
            stream.read_exact(&mut bytes).await.unwrap();
            let _ = tell.send(bytes);
            stream.write_all(b"\x88\x02\x03\xea").await.unwrap();
            hold(stream).await;
        }
    })
    .await;
    let script = "{ send: { raw: \"81 02 68 69\" } }, { receive: {} }";
    let looked = look(&scripted(&server, script)).await;
    assert_eq!(code(looked), "websocket.closed.1002");
    assert_eq!(told.recv().await, Some([0x81, 2, b'h', b'i']));
}

/// Gives out a token, and when it is asked for with one, what comes after it.
async fn resumable() -> (Server, Arc<Mutex<Vec<String>>>) {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let seen = heads.clone();
    let server = Server::start(move |mut stream: TcpStream| {
        let heads = heads.clone();
        async move {
            let head = shake(&mut stream, "").await;
            let is_first = !head.contains("resume=");
            heads.lock().unwrap().push(head);
            let role = tokio_tungstenite::tungstenite::protocol::Role::Server;
            let mut socket = WebSocketStream::from_raw_socket(stream, role, None).await;
            let text = if is_first {
                "{\"seq\": 7, \"resume_token\": \"a b\", \"list\": [1], \"lines\": \"a\\nb\"}"
            } else {
                "{\"seq\": 8}"
            };
            let _ = socket.send(Message::text(text)).await;
            echo_until_gone(socket).await;
        }
    })
    .await;
    (server, seen)
}

async fn echo_until_gone(mut socket: WebSocketStream<TcpStream>) {
    while let Some(Ok(message)) = socket.next().await {
        if message.is_text() && socket.send(message).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_conversation_goes_on_over_another_connection() {
    for end in ["{ drop: fin }", "{ drop: rst }", "{ close: 1000 }"] {
        let (server, heads) = resumable().await;
        let script = format!(
            "{{ receive: {{}} }}, {end}, {{ reconnect: {{ query: {{ resume: $.resume_token }}, headers: {{ last-seq: $.seq }}, after: 1ms, within: 5s }} }}, {{ receive: {{ json: {{ $.seq: 8 }} }} }}, {{ send: {{ json: {{ a: 1 }}, with: {{ token: $.resume_token, list: $.list }} }} }}, {{ receive: {{ json: {{ $.token: a b }} }} }}"
        );
        let seen = look(&scripted(&server, &script)).await.unwrap();
        assert_eq!(fact(&seen, "reconnects"), Some(&Value::int(1)));
        assert_eq!(
            said(&seen)[1..],
            ["{\"seq\": 8}", "{\"a\":1,\"token\":\"a b\",\"list\":[1]}"]
        );
        let heads = heads.lock().unwrap();
        let [first, second] = heads.as_slice() else {
            panic!("{heads:?}");
        };
        assert!(
            second.starts_with("GET /chat?resume=a+b HTTP/1.1\r\n"),
            "{second}"
        );
        assert!(second.contains("last-seq: 7\r\n"), "{second}");
        let key = |head: &str| {
            let line = head
                .lines()
                .find(|line| line.starts_with("sec-websocket-key"));
            line.map(str::to_owned)
        };
        assert_ne!(key(first), key(second));
    }
}

#[tokio::test]
async fn what_no_event_has_is_missing() {
    let (server, _heads) = resumable().await;
    for (script, why) in [
        (
            "{ receive: {} }, { send: { json: {}, with: { a: $.nope } } }",
            "no event has `$.nope`",
        ),
        (
            "{ receive: {} }, { drop: fin }, { reconnect: { query: { a: $.nope } } }",
            "no event has `$.nope`",
        ),
        (
            "{ receive: {} }, { drop: fin }, { reconnect: { headers: { a: $.list } } }",
            "which is no one value",
        ),
        (
            "{ receive: {} }, { drop: fin }, { reconnect: { headers: { a: $.lines } } }",
            "cannot be sent",
        ),
    ] {
        let (code, seen) = stopped(look(&scripted(&server, script)).await);
        assert_eq!(code.as_str(), "websocket.missing", "{script}");
        let fault = seen.fault.as_ref().unwrap();
        assert!(fault.message.contains(why), "{script}: {fault}");
        assert_eq!(events(&seen).len(), 1);
    }
}

#[tokio::test]
async fn a_reconnect_that_is_refused_keeps_what_came_before() {
    let server = Server::start(|mut stream: TcpStream| async move {
        let head = head(&mut stream).await;
        if head.contains("again=1") {
            let _ = stream.write_all(b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n").await;
            hold(stream).await;
            return;
        }
        let key = head.lines().find_map(|line| line.strip_prefix("sec-websocket-key: "));
        let accept = derive_accept_key(key.unwrap().as_bytes());
        let answer = format!("HTTP/1.1 101 Yes\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: {accept}\r\n\r\n");
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.write_all(b"\x81\x07{\"n\":1}\x88\x02\x03\xe9").await;
        hold(stream).await;
    })
    .await;
    let script =
        "{ receive: {} }, { receive_none: { for: 9s } }, { reconnect: { query: { again: $.n } } }";
    let (code, seen) = stopped(look(&scripted(&server, script)).await);
    assert_eq!(code.as_str(), "websocket.refused.503");
    assert_eq!(said(&seen), ["{\"n\":1}"]);
    assert_eq!(fact(&seen, "status"), Some(&Value::int(503)));
    assert_eq!(fact(&seen, "close_code"), Some(&Value::int(1001)));
    // A peer that was to close and did not.
    let server = serving(listening).await;
    let script = "{ receive_none: { for: 20ms } }, { reconnect: {} }";
    let (code, _) = stopped(look(&scripted(&server, script)).await);
    assert_eq!(code.as_str(), "websocket.timeout.event");
}

fn actor(budget: Duration, barriers: &Arc<Barriers>) -> Context {
    let mut ctx = Context::for_tests(budget);
    ctx.barriers = Some(barriers.clone());
    ctx
}

#[tokio::test]
async fn actors_wait_for_each_other_and_listen_meanwhile() {
    let (came, mut coming) = mpsc::unbounded_channel();
    let server = serving(move |mut socket: WebSocketStream<TcpStream>| {
        let came = came.clone();
        async move {
            let _ = came.send(());
            let _ = socket.send(Message::text("early")).await;
            echo_until_gone(socket).await;
        }
    })
    .await;
    let barriers = Arc::new(Barriers::new(2));
    let script = "{ wait_for: here }, { send: { text: go } }, { receive: { text: go } }";
    let probe = scripted(&server, script);
    let ctx = actor(AMPLE, &barriers);
    let first = look_in(&probe, &ctx);
    let second = async {
        coming.recv().await.unwrap();
        barriers.wait("here").await.unwrap();
    };
    let (seen, ()) = tokio::join!(first, second);
    assert_eq!(said(&seen.unwrap()), ["early", "go"]);
}

#[tokio::test]
async fn a_barrier_that_never_is_whole_means_that_we_could_not_look() {
    let server = serving(listening).await;
    let probe = scripted(&server, "{ wait_for: here }, { send: { text: go } }");
    let barriers = Arc::new(Barriers::new(2));
    let error = unable(look_in(&probe, &actor(BUDGET, &barriers)).await);
    assert_eq!(error.kind, Unable::Barrier);
    assert!(error.message.contains("the budget ended"), "{error:?}");
    let barriers = Arc::new(Barriers::new(2));
    barriers.leave();
    let error = unable(look_in(&probe, &actor(AMPLE, &barriers)).await);
    assert_eq!(error.kind, Unable::Barrier);
    assert!(error.message.contains("another actor ended"), "{error:?}");
    assert_eq!(unable(look(&probe).await).kind, Unable::Barrier);
}

#[tokio::test]
async fn what_came_before_it_was_asked_is_no_answer() {
    let server = serving(|mut socket| async move {
        socket.send(Message::text("done")).await.unwrap();
        listening(socket).await;
    })
    .await;
    // The greeting is here once the ping is answered.
    let script = "{ ping: {} }, { send: { text: go } }, { receive: { text: done, within: 300ms } }";
    let (code, seen) = stopped(look(&scripted(&server, script)).await);
    assert_eq!(code.as_str(), "websocket.timeout.event");
    assert_eq!(said(&seen), ["done"]);
    let server = serving(echo).await;
    // To the second thing that is said answers to the first may still be there.
    let script = "{ send: { text: one } }, { ping: {} }, { send: { text: two } }, \
        { receive: { text: one } }, { receive: { text: two } }";
    look(&scripted(&server, script)).await.unwrap();
}

#[tokio::test]
async fn what_came_over_the_old_connection_is_no_answer_of_the_new_one() {
    let turn = Arc::new(Mutex::new(0));
    let server = serving(move |mut socket| {
        let turn = turn.clone();
        async move {
            let is_first = std::mem::replace(&mut *turn.lock().unwrap(), 1) == 0;
            if is_first {
                socket.feed(Message::text("begun")).await.unwrap();
                socket.feed(Message::text("done")).await.unwrap();
                let _ = socket.flush().await;
            }
            listening(socket).await;
        }
    })
    .await;
    let script = "{ receive: { text: begun } }, { ping: {} }, { drop: fin }, { reconnect: {} }, \
        { receive: { text: done, within: 300ms } }";
    let (code, seen) = stopped(look(&scripted(&server, script)).await);
    assert_eq!(code.as_str(), "websocket.timeout.event");
    assert_eq!(said(&seen), ["begun", "done"]);
}

#[tokio::test]
async fn our_own_pause_is_no_silence_of_the_peer() {
    let is_first = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let server = Server::start(move |mut stream: TcpStream| {
        let is_first = is_first.clone();
        async move {
            shake(&mut stream, "").await;
            if !is_first.swap(false, std::sync::atomic::Ordering::SeqCst) {
                let _ = stream.write_all(b"\x81\x02hi").await;
            }
            hold(stream).await;
        }
    })
    .await;
    let pause = Duration::from_millis(500);
    let script = "{ send: { text: go } }, { drop: fin }, { reconnect: { after: 500ms } }, { receive: {} }, { drop: fin }";
    let seen = look(&scripted(&server, script)).await.unwrap();
    assert!(Received::at(&events(&seen)[0]) >= Some(pause));
    assert!(Received::since_send(&events(&seen)[0]) < Some(pause));
    assert!(time(&seen, "first_event") < pause && time(&seen, "max_gap") < pause);
}

#[tokio::test]
async fn a_send_is_awaited_where_something_is_received_before_the_next() {
    let server = serving(async |mut socket| {
        // The ping is something to read, too.
        for answer in [true, false, false, false, true] {
            let _ = socket.next().await;
            if answer {
                socket.send(Message::text("yes")).await.unwrap();
            }
        }
        listening(socket).await;
    })
    .await;
    let script = "{ send: { text: one } }, { receive: {} }, { send: { text: two } }, { ping: {} }, \
        { send: { text: three } }, { send: { text: four } }, { receive: {} }";
    let seen = look(&scripted(&server, script)).await.unwrap();
    let Some(Value::List(sends)) = fact(&seen, "sends") else {
        panic!("{seen:?}");
    };
    let awaited: Vec<_> = sends.iter().map(|send| send.get("awaited")).collect();
    let (yes, no) = (Value::Bool(true), Value::Bool(false));
    assert_eq!(awaited, [Some(&yes), Some(&no), Some(&no), Some(&yes)]);
    let at: Vec<_> = sends.iter().map(Received::at).collect();
    assert!(at.is_sorted() && at[0].is_some(), "{at:?}");
    // The last answer came after the last send, and so before no other.
    assert!(Received::at(&events(&seen)[1]) >= at[3]);
}
