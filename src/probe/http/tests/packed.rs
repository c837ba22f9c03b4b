//! Packed answers, and answers in other charsets.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const GZIP: &str = "content-encoding: gzip\r\ncontent-type: application/json\r\n";

#[tokio::test]
async fn what_is_packed_is_unpacked_and_asked_for_only_when_told() {
    let packed = gzip(b"{\"status\":\"healthy\"}");
    let length = packed.len() as u64;
    let (server, mut told) = answering_each(move |_| ok(GZIP, &packed)).await;
    let seen = look(&http(&server, ", compressed: true")).await.unwrap();
    let json = fact(&seen, "json").unwrap();
    assert_eq!(json.get("status"), Some(&Value::Text("healthy".to_owned())));
    assert_eq!(fact(&seen, "size"), Some(&Value::int(20)));
    assert_eq!(fact(&seen, "wire_size"), Some(&Value::int(length)));
    let asked = told.recv().await.unwrap();
    assert!(
        asked.contains("\r\naccept-encoding: gzip, br, zstd\r\n"),
        "{asked}"
    );
}

#[tokio::test]
async fn a_bomb_and_a_spoiled_body_have_their_codes() {
    let bomb = gzip(&vec![b'a'; 32 * 1024 * 1024]);
    let server = answering(ok(GZIP, &bomb), Then::Hold).await;
    let (code_of_bomb, seen) = stopped(look(&http(&server, ", max_body: 1MiB")).await);
    assert_eq!(code_of_bomb.as_str(), "http.too_large");
    assert_eq!(fact(&seen, "size"), Some(&Value::int(1024 * 1024)));
    assert_eq!(
        fact(&seen, "wire_size"),
        Some(&Value::int(bomb.len() as u64))
    );
    let whole = gzip(b"{}");
    let server = answering(ok(GZIP, &whole[..whole.len() - 4]), Then::Hold).await;
    let (code_of_cut, seen) = stopped(look(&http(&server, "")).await);
    assert_eq!(code_of_cut.as_str(), "http.encoding");
    assert_eq!(text(&seen, "body"), Some("{}"));
    assert_eq!(fact(&seen, "json"), None);
}

/// RFC 9112 §7: packed for its way, in chunks or up to the end of the connection.
#[tokio::test]
async fn what_is_packed_for_its_way_only_is_never_shown_as_it_came() {
    let packed = gzip(b"{\"status\":\"healthy\"}");
    let head = |coding| {
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: {coding}\r\n\r\n"
        )
    };
    let length = format!("{:x}\r\n", packed.len());
    let begun = head("gzip, chunked") + &length;
    let chunked = [begun.as_bytes(), &packed, b"\r\n0\r\n\r\n"].concat();
    let server = answering(chunked, Then::Hold).await;
    let seen = look(&http(&server, "")).await.unwrap();
    assert_eq!(text(&seen, "body"), Some("{\"status\":\"healthy\"}"));
    let answer = [head("gzip").as_bytes(), &packed].concat();
    let server = answering(answer, Then::Close).await;
    let seen = look(&http(&server, "")).await.unwrap();
    assert_eq!(text(&seen, "body"), Some("{\"status\":\"healthy\"}"));
    let answer = [head("compress").as_bytes(), &packed].concat();
    let server = answering(answer, Then::Close).await;
    assert_eq!(code(look(&http(&server, "")).await), "http.encoding");
}

#[tokio::test]
async fn an_answer_without_a_body_is_not_unpacked() {
    let answer = "HTTP/1.1 304 Not Modified\r\ncontent-encoding: gzip\r\n\r\n";
    let server = answering(answer, Then::Hold).await;
    let seen = look(&http(&server, "")).await.unwrap();
    assert_eq!(fact(&seen, "size"), Some(&Value::int(0)));
}

#[tokio::test]
async fn text_is_read_by_its_charset() {
    let lines = "content-type: text/plain; charset=ISO-8859-1\r\n";
    let server = answering(ok(lines, b"gr\xfc\xdf dich"), Then::Hold).await;
    let seen = look(&http(&server, "")).await.unwrap();
    assert_eq!(text(&seen, "body"), Some("grüß dich"));
    assert_eq!(fact(&seen, "size"), Some(&Value::int(9)));
}

#[tokio::test]
async fn a_page_of_a_proxy_is_told_from_the_application() {
    let page = b"<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n";
    let head = format!(
        "HTTP/1.1 503 No\r\ncontent-type: text/html\r\ncontent-length: {}\r\n\r\n",
        page.len()
    );
    let answer = [head.as_bytes(), &page[..]].concat();
    let server = answering(answer.clone(), Then::Hold).await;
    let seen = look(&http(&server, "")).await.unwrap();
    assert_eq!(text(&seen, "hop"), Some("haproxy"));
    assert_eq!(evidence(&seen, "hop"), "haproxy: a page of HAProxy");
    let server = answering(answer, Then::Hold).await;
    let keys = ", app_marker: Content-Type";
    let seen = look(&http(&server, keys)).await.unwrap();
    assert_eq!(text(&seen, "hop"), Some("app"));
    let told = problem("http", "{ url: \"http://a\", app_marker: \"a b\" }");
    assert!(told.contains("no name of a header"), "{told}");
}
