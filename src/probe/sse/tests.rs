//! Against servers that stream, and servers that do not.

mod agreed;
mod hostile;
mod reconnecting;

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::*;
use crate::model::{Phase, Received, Value};
use crate::probe::testing::{
    AMPLE, Server, brief_look, code, hold, look, look_in, problem, read, reset, stopped,
};

/// A stream that goes on until the connection is closed.
const OPEN: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";

fn sse(server: &Server, keys: &str) -> Sse {
    let address = server.address;
    read(&format!("{{ url: \"http://{address}/events\"{keys} }}"))
}

/// Reads one request, its body included; empty when the peer closed.
async fn request(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(end) = text.find("\r\n\r\n") {
            let head = text[..end].to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            if text.len() >= end + 4 + length.unwrap_or_default() {
                return text;
            }
        }
        match stream.read(&mut buffer).await {
            Ok(count) if count > 0 => text.push_str(std::str::from_utf8(&buffer[..count]).unwrap()),
            _ => return String::new(),
        }
    }
}

/// Hands over every connection when its request was read.
async fn handing_over() -> (Server, mpsc::UnboundedReceiver<(String, TcpStream)>) {
    let (tell, told) = mpsc::unbounded_channel();
    let server = Server::start(move |mut stream| {
        let tell = tell.clone();
        async move {
            let asked = request(&mut stream).await;
            let _ = tell.send((asked, stream));
        }
    })
    .await;
    (server, told)
}

/// Answers every connection with these bytes, and then closes it or does nothing.
async fn streaming(bytes: impl Into<Vec<u8>>, then_closes: bool) -> Server {
    let bytes = std::sync::Arc::new(bytes.into());
    Server::start(move |mut stream| {
        let bytes = bytes.clone();
        async move {
            request(&mut stream).await;
            let _ = stream.write_all(&bytes).await;
            if !then_closes {
                hold(stream).await;
            }
        }
    })
    .await
}

fn fact<'o>(seen: &'o Observation, name: &str) -> Option<&'o Value> {
    seen.facts.get(name)
}

fn events(seen: &Observation) -> &[Value] {
    match fact(seen, "events") {
        Some(Value::List(events)) => events,
        other => panic!("no events: {other:?}"),
    }
}

fn data(seen: &Observation) -> Vec<&str> {
    let data = |event| Value::get(event, "data").and_then(Value::as_text);
    let all = events(seen).iter().map(|event| data(event).unwrap());
    all.collect()
}

fn time(seen: &Observation, name: &str) -> Duration {
    match fact(seen, name) {
        Some(Value::Duration(time)) => *time,
        other => panic!("{name}: {other:?}"),
    }
}

#[tokio::test]
async fn events_become_facts() {
    let stream = "\u{feff}: hello\nretry: 10\n\nevent: add\nid: 7\ndata: {\"n\": 1}\n\n\
                  data: two\ndata: lines\n\nevent: gone\n\ndata: unfinished\n";
    let server = streaming(format!("{OPEN}{stream}"), true).await;
    let seen = look(&sse(&server, "")).await.unwrap();
    assert_eq!(fact(&seen, "status"), Some(&Value::int(200)));
    let types = fact(&seen, "headers").unwrap().get("content-type");
    let expected = Value::Untyped("text/event-stream".to_owned());
    assert_eq!(types, Some(&Value::List(vec![expected])));
    assert_eq!(data(&seen), ["{\"n\": 1}", "two\nlines"]);
    let text = |text: &str| Value::Text(text.to_owned());
    let first = &events(&seen)[0];
    assert_eq!(first.get("event"), Some(&text("add")));
    assert_eq!(first.get("id"), Some(&text("7")));
    assert_eq!(first.get("json").unwrap().get("n"), Some(&Value::int(1)));
    let second = &events(&seen)[1];
    assert_eq!(second.get("event"), Some(&text("message")));
    assert_eq!(second.get("id"), None);
    assert_eq!(fact(&seen, "last_event_id"), Some(&text("7")));
    assert_eq!(fact(&seen, "reconnects"), Some(&Value::int(0)));
    assert_eq!(fact(&seen, "ended"), Some(&Value::Bool(true)));
    assert_eq!(fact(&seen, "remote_ip"), Some(&text("127.0.0.1")));
    let at: Vec<_> = events(&seen).iter().map(Received::at).collect();
    assert!(
        at[0] <= at[1] && at[1] <= Some(time(&seen, "listened")),
        "{at:?}"
    );
    let since = Received::since_send(first);
    assert_eq!(since, Some(time(&seen, "first_event")));
    assert!(since > at[0], "{since:?} {at:?}");
    assert!(time(&seen, "max_gap") >= time(&seen, "first_event"));
    let phases: Vec<_> = seen.phases.iter().map(|time| time.phase.name()).collect();
    assert_eq!(phases, ["resolve", "connect", "first_byte", "event"]);
    let labels: Vec<_> = seen.evidence.iter().map(|it| &*it.label).collect();
    assert_eq!(labels, ["curl", "events"]);
}

#[tokio::test]
async fn the_request_is_what_the_keys_say() {
    let (server, mut told) = handing_over().await;
    let probe = sse(
        &server,
        ", method: POST, json: { ask: me }, auth: { bearer: tok-1 }, headers: { cache-control: max-age=0 }",
    );
    let asking = async {
        let (asked, mut stream) = told.recv().await.unwrap();
        stream.write_all(OPEN.as_bytes()).await.unwrap();
        asked
    };
    let (looked, asked) = tokio::join!(look(&probe), asking);
    let seen = looked.unwrap();
    assert!(asked.starts_with("POST /events HTTP/1.1\r\n"), "{asked}");
    for line in [
        "accept: text/event-stream",
        "cache-control: max-age=0",
        "content-type: application/json",
        "authorization: Bearer tok-1",
    ] {
        assert!(
            asked.contains(&format!("\r\n{line}\r\n")),
            "{line}: {asked}"
        );
    }
    assert!(asked.ends_with("{\"ask\":\"me\"}"), "{asked}");
    for absent in ["accept-encoding", "last-event-id", "no-cache"] {
        assert!(!asked.contains(absent), "{absent}: {asked}");
    }
    assert_eq!(events(&seen), []);
    assert_eq!(fact(&seen, "first_event"), None);
    let curl = &seen.evidence[0].text;
    assert!(
        curl.starts_with("curl --request POST") && curl.contains(" --no-buffer "),
        "{curl}"
    );
    assert!(!curl.contains("tok-1"), "{curl}");
    assert_eq!(
        probe.request(),
        format!("POST http://{}/events", server.address)
    );
}

#[tokio::test]
async fn until_ends_it_and_what_came_with_it_is_kept() {
    let stream =
        "event: a\ndata: 1\n\nevent: done\ndata: {\"type\": \"end\"}\n\ndata: after\n\ndata: cut";
    let server = streaming(format!("{OPEN}{stream}"), false).await;
    for until in [
        "event: done",
        "json: { $.type: end }",
        "data: { contains: end }",
        "event: done, json: { $.type: { not: begin } }, data: { starts_with: \"{\" }",
    ] {
        let seen = look(&sse(&server, &format!(", until: {{ {until} }}")))
            .await
            .unwrap();
        assert_eq!(
            data(&seen),
            ["1", "{\"type\": \"end\"}", "after"],
            "{until}"
        );
        assert_eq!(fact(&seen, "ended"), Some(&Value::Bool(false)), "{until}");
    }
    for until in [
        "event: \"\"",
        "event: message, json: { $.type: end }",
        "json: { $.kind: end }",
        "data: end",
    ] {
        let probe = sse(&server, &format!(", until: {{ {until} }}, within: 50ms"));
        let (code, seen) = stopped(look(&probe).await);
        assert_eq!(
            (code.as_str(), events(&seen).len()),
            ("sse.timeout.event", 3),
            "{until}"
        );
    }
}

#[tokio::test]
async fn it_is_listened_on_as_long_as_quiet_says() {
    let (server, mut told) = handing_over().await;
    let probe = sse(
        &server,
        ", until: { event: done }, quiet: 500ms, within: 5s",
    );
    let serving = async {
        let (_, mut stream) = told.recv().await.unwrap();
        stream
            .write_all(format!("{OPEN}event: done\ndata: 1\n\ndata: late\n\n").as_bytes())
            .await
            .unwrap();
        stream
    };
    let (looked, held) = tokio::join!(look(&probe), serving);
    let seen = looked.unwrap();
    assert_eq!(data(&seen), ["1", "late"]);
    assert_eq!(fact(&seen, "ended"), Some(&Value::Bool(false)));
    let done = Received::at(&events(&seen)[0]).unwrap();
    assert!(time(&seen, "listened") >= done + Duration::from_millis(500));
    drop(held);
    // Nothing can come after the end.
    let server = streaming(format!("{OPEN}event: done\ndata: 1\n\n"), true).await;
    let seen = look(&sse(&server, ", until: { event: done }, quiet: 9s"))
        .await
        .unwrap();
    assert_eq!(fact(&seen, "ended"), Some(&Value::Bool(true)));
    assert!(seen.latency < Duration::from_secs(9), "{:?}", seen.latency);
}

#[tokio::test]
async fn what_does_not_come_in_time_has_its_code() {
    let none = Server::start(hold).await;
    let unanswered = brief_look(&sse(&none, "")).await;
    assert_eq!(code(unanswered), "http.timeout.first_byte");
    let hasty = look(&sse(&none, ", until: { event: done }, within: 50ms")).await;
    let (code, seen) = stopped(hasty);
    assert_eq!(code.as_str(), "http.timeout.first_byte");
    assert!(seen.latency < AMPLE / 2, "{:?}", seen.latency);
    let silent = streaming(format!("{OPEN}data: 1\n\n"), false).await;
    for (keys, phrase) in [
        ("", "the budget ended before the stream had ended"),
        (", within: 50ms", "50ms passed before the stream had ended"),
        (
            ", until: { event: done }, within: 1m",
            "the budget ended before what was waited for had come",
        ),
        (
            ", until: { event: done }, within: 50ms",
            "50ms passed before what was waited for had come",
        ),
        (
            ", until: { data: 1 }, quiet: 9s",
            "the budget ended before it was listened as long as `quiet` says",
        ),
    ] {
        let (code, seen) = stopped(brief_look(&sse(&silent, keys)).await);
        let fault = seen.fault.as_ref().unwrap();
        assert_eq!(code.as_str(), "sse.timeout.event", "{keys}");
        assert_eq!(
            fault.message,
            format!("{phrase}; events that came: 1"),
            "{keys}"
        );
        assert_eq!(data(&seen), ["1"], "{keys}");
        assert_eq!(fact(&seen, "ended"), Some(&Value::Bool(false)), "{keys}");
        assert!(seen.latency < AMPLE / 2, "{:?}", seen.latency);
    }
}

#[tokio::test]
async fn an_end_before_what_was_waited_for_is_told() {
    let server = streaming(format!("{OPEN}event: done\ndata: cut\n"), true).await;
    let (code, seen) = stopped(look(&sse(&server, ", until: { event: done }")).await);
    assert_eq!(code.as_str(), "sse.closed");
    assert_eq!(events(&seen), []);
    assert_eq!(fact(&seen, "ended"), Some(&Value::Bool(true)));
    assert_eq!(seen.fault.unwrap().phase, Phase::Event);
}

#[tokio::test]
async fn what_is_no_stream_is_told_with_what_it_is() {
    let page = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\
                \r\n<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n";
    for (head, body, phrase, hop) in [
        (
            "502 Bad Gateway\r\nserver: nginx\r\ncontent-type: text/html",
            page,
            "not 200",
            "nginx",
        ),
        (
            "200 OK\r\ncontent-type: application/json",
            "{\"error\": 1}",
            "`application/json`",
            "app",
        ),
        ("200 OK", "data: 1\n\n", "no `content-type`", "unknown"),
        (
            "302 Found\r\nlocation: /elsewhere",
            "",
            "not 200",
            "unknown",
        ),
        (
            "204 No Content\r\ncontent-type: text/event-stream",
            "",
            "not 200",
            "unknown",
        ),
    ] {
        let server = streaming(format!("HTTP/1.1 {head}\r\n\r\n{body}"), true).await;
        let (code, seen) = stopped(look(&sse(&server, ", until: { event: done }")).await);
        let expected = match &head[..3] {
            "200" => "sse.no_stream".to_owned(),
            status => format!("sse.refused.{status}"),
        };
        assert_eq!(code.as_str(), expected, "{head}");
        let fault = seen.fault.as_ref().unwrap();
        assert!(fault.message.contains(phrase), "{head}: {}", fault.message);
        assert_eq!(
            fault.origin.unwrap().to_string(),
            format!("HTTP status {}", &head[..3])
        );
        assert_eq!(
            fact(&seen, "status"),
            Some(&Value::int(head[..3].parse::<u16>().unwrap()))
        );
        assert!(fact(&seen, "headers").is_some() && events(&seen).is_empty());
        // As of a refused WebSocket: nothing was listened to.
        for absent in ["listened", "ended", "reconnects"] {
            assert_eq!(fact(&seen, absent), None, "{head}");
        }
        assert_eq!(
            fact(&seen, "hop").and_then(Value::as_text),
            Some(hop),
            "{head}"
        );
        let shown = seen.evidence.iter().find(|it| it.label == "body");
        assert_eq!(shown.map_or("", |it| &it.text), body, "{head}");
    }
}

#[tokio::test]
async fn a_refusal_that_never_ends_is_told_all_the_same() {
    let head = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 99\r\n\r\nno";
    let server = streaming(head, false).await;
    let (code, seen) = stopped(look(&sse(&server, "")).await);
    assert_eq!(code.as_str(), "sse.refused.401");
    assert!(seen.latency < AMPLE / 2, "{:?}", seen.latency);
    assert!(
        seen.evidence
            .iter()
            .any(|it| it.label == "body" && it.text == "no")
    );
}

#[tokio::test]
async fn a_stream_that_is_packed_is_told() {
    let head = OPEN.replace("\r\n\r\n", "\r\ncontent-encoding: gzip\r\n\r\n");
    let server = streaming(head, true).await;
    let (code, seen) = stopped(look(&sse(&server, "")).await);
    assert_eq!(code.as_str(), "http.encoding");
    assert!(seen.phase(Phase::Body).is_some());
}

#[test]
fn slips_are_told_at_load() {
    for (keys, message) in [
        ("until: {}", "nothing is waited for"),
        ("until: { json: { type: done } }", "begins with `$`"),
        ("until: { evnt: done }", "unknown key `evnt`"),
        ("quiet: 2s", "begins when `until` is met"),
        ("until: { event: a }, quiet: 0s", "longer than zero"),
        ("within: 0s", "longer than zero"),
        ("reconnects: 101", "at most 100 times"),
        ("max_event: 17MiB", "may have 16MiB"),
        ("max_event: 0B", "no event has 0 bytes"),
        ("redirects: 1", "unknown key `redirects`"),
        ("compressed: true", "unknown key `compressed`"),
        ("method: post", "write `POST`"),
        ("json: 1, body: x", "only one of"),
        ("ca: x.pem", "the URL is `http`"),
    ] {
        let told = problem("sse", &format!("{{ url: \"http://a\", {keys} }}"));
        assert!(told.contains(message), "{keys}: {told}");
    }
}

#[test]
fn quiet_takes_its_time_also_when_all_goes_well() {
    let probe: Sse = read("{ url: \"http://a\", until: { event: a }, quiet: 2s }");
    let least = probe.least().unwrap();
    assert_eq!((least.field, least.time), ("quiet", Duration::from_secs(2)));
}

/// What the fact `beside` says.
fn beside(seen: &Observation) -> Vec<&str> {
    match fact(seen, "beside") {
        Some(Value::List(all)) => all.iter().filter_map(Value::as_text).collect(),
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn what_is_no_event_is_kept_where_all_is_searched() {
    let head = "HTTP/1.1 103 Early Hints\r\nx-early: e1\r\n\r\nHTTP/1.1 200 For You\r\n\
                content-type: text/event-stream\r\ntransfer-encoding: chunked\r\ntrailer: x-late\r\n\r\n";
    let said = ": dbg c1\n\nid: i1\n\ndata: 1\n\nevent: v1\n\ndata: cut";
    let stream = format!(
        "{head}{:x}\r\n{said}\r\n0\r\nx-late: t1\r\n\r\n",
        said.len()
    );
    let server = streaming(stream, true).await;
    let probe = sse(&server, "");
    let seen = look_in(&probe, &Context::for_tests(AMPLE).searched()).await;
    let expected = [
        "x-early: e1",
        "For You",
        "x-late: t1",
        " dbg c1",
        "id: i1",
        "event: v1",
        "data: cut",
    ];
    assert_eq!(beside(&seen.unwrap()), expected);
    // Nobody else pays for it.
    assert_eq!(fact(&look(&probe).await.unwrap(), "beside"), None);
}
