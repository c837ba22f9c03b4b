//! Logs that servers send, and what is none.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::probe::testing::{Server, hold};

/// Answers every connection with these bytes once its request was read, and then closes it or does nothing.
async fn answering(bytes: Vec<u8>, then_closes: bool) -> Server {
    let bytes = std::sync::Arc::new(bytes);
    Server::start(move |mut stream| {
        let bytes = bytes.clone();
        async move {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n")
                && stream.read_buf(&mut request).await.is_ok_and(|n| n > 0)
            {}
            let _ = stream.write_all(&bytes).await;
            if !then_closes {
                hold(stream).await;
            }
        }
    })
    .await
}

fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

fn log(server: &Server, more: &str) -> Log {
    let (address, keys) = (server.address, keys(more));
    read(&format!("{{ url: \"http://{address}/app.log\", {keys} }}"))
}

#[tokio::test]
async fn an_answer_is_a_log() {
    let server = answering(
        answer("200 OK", "content-type: text/plain\r\n", APP.as_bytes()),
        true,
    )
    .await;
    let seen = look(&log(&server, ", since: \"2026-11-21T10:00:02Z\""))
        .await
        .unwrap();
    assert_eq!(count(&seen, "container_exit"), Some(Value::int(1)));
    assert_eq!(count(&seen, "missing_module"), Some(Value::int(0)));
    assert_eq!(fact(&seen, "status"), Some(&Value::int(200)));
    assert!(evidence(&seen, "curl").unwrap().contains("/app.log"));
    assert!(seen.phase(Phase::Connect).is_some() && seen.phase(Phase::Read).is_some());
}

#[tokio::test]
async fn a_packed_answer_is_unpacked_up_to_the_cap() {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(APP.repeat(1000).as_bytes()).unwrap();
    let packed = packer.finish().unwrap();
    let server = answering(
        answer("200 OK", "content-encoding: gzip\r\n", &packed),
        true,
    )
    .await;
    let seen = look(&log(&server, "")).await.unwrap();
    assert_eq!(count(&seen, "missing_module"), Some(Value::int(1000)));
    let (fault, _) = stopped(look(&log(&server, ", max_size: 64KiB")).await);
    assert_eq!(fault.as_str(), "log.too_large");
}

#[tokio::test]
async fn what_is_no_log_is_told_from_a_log_without_such_lines() {
    for (status, headers, expected) in [
        ("404 Not Found", "", "log.refused.404"),
        ("302 Found", "location: /login\r\n", "log.refused.302"),
        ("206 Partial Content", "", "log.refused.206"),
        (
            "200 OK",
            "content-type: text/html; charset=utf-8\r\n",
            "log.no_log",
        ),
    ] {
        let server = answering(answer(status, headers, b"<html>log in"), true).await;
        let (fault, seen) = stopped(look(&log(&server, "")).await);
        assert_eq!(fault.as_str(), expected);
        assert_eq!(fact(&seen, "counts"), None, "{status}");
        assert_eq!(evidence(&seen, "body"), Some("<html>log in"), "{status}");
    }
    let server = answering(answer("200 OK", "", b""), true).await;
    assert_eq!(code(look(&log(&server, "")).await), "log.empty");
}

#[tokio::test]
async fn what_came_before_an_answer_broke_is_known() {
    let mut half = answer("200 OK", "", APP.as_bytes());
    half.truncate(half.len() - 20);
    let server = answering(half.clone(), true).await;
    let (fault, seen) = stopped(look(&log(&server, "")).await);
    assert_eq!(fault.as_str(), "http.closed.body");
    assert_eq!(count(&seen, "missing_module"), Some(Value::int(1)));
    let server = answering(half, false).await;
    let (fault, seen) = stopped(brief_look(&log(&server, "")).await);
    assert_eq!(fault.as_str(), "http.timeout.body");
    assert_eq!(count(&seen, "missing_module"), Some(Value::int(1)));
}

#[tokio::test]
async fn credentials_are_sent_and_masked() {
    let server = answering(answer("401 Unauthorized", "", b"hunter22 is wrong"), true).await;
    let ctx = Context::for_tests(crate::probe::testing::AMPLE);
    let log = log(&server, ", auth: { bearer: hunter22-of-the-log }");
    let looked = crate::probe::testing::look_in(&log, &ctx).await;
    assert_eq!(code(looked), "log.refused.401");
    assert!(
        !ctx.shared
            .mask
            .apply("Bearer hunter22-of-the-log")
            .contains("hunter22")
    );
}
