//! Files and forms with files on the wire, and the line for a shell.

use super::*;
use crate::model::Unable;
use crate::probe::testing::unable;

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.txt"), "one\r\ntwo").unwrap();
    folder
}

#[tokio::test]
async fn parts_are_sent_as_browsers_send_them() {
    let (server, mut told) = answering_each(|_| ok("", b"")).await;
    let folder = folder();
    let file = folder.path().join("a.txt");
    let keys = format!(
        ", method: POST, multipart: [{{ name: 'a\"b', text: hello }}, {{ name: doc, file: {0} }}, \
         {{ name: doc, file: {0}, filename: b.csv, content_type: text/csv }}]",
        file.display()
    );
    let probe = http(&server, &keys);
    let seen = look(&probe).await.unwrap();
    let asked = told.recv().await.unwrap();
    let (head, body) = asked.split_once("\r\n\r\n").unwrap();
    let boundary = head
        .lines()
        .find_map(|line| line.strip_prefix("content-type: multipart/form-data; boundary="))
        .unwrap();
    let expected = format!(
        "--{boundary}\r\ncontent-disposition: form-data; name=\"a%22b\"\r\n\r\nhello\r\n\
         --{boundary}\r\ncontent-disposition: form-data; name=\"doc\"; filename=\"a.txt\"\r\n\
         content-type: application/octet-stream\r\n\r\none\r\ntwo\r\n\
         --{boundary}\r\ncontent-disposition: form-data; name=\"doc\"; filename=\"b.csv\"\r\n\
         content-type: text/csv\r\n\r\none\r\ntwo\r\n--{boundary}--\r\n"
    );
    assert_eq!(body, expected);
    let line = evidence(&seen, "curl");
    let form = format!(
        "--form 'doc=@\"{}\";filename=\"b.csv\";type=text/csv'",
        file.display()
    );
    assert!(line.contains(&form), "{line}");
    assert!(!line.contains("boundary"), "{line}");
}

#[tokio::test]
async fn a_file_is_sent_as_it_is() {
    let (server, mut told) = answering_each(|_| ok("", b"")).await;
    let folder = folder();
    let file = folder.path().join("a.txt");
    let keys = format!(", method: PUT, file: {}", file.display());
    look(&http(&server, &keys)).await.unwrap();
    let asked = told.recv().await.unwrap();
    assert!(asked.ends_with("\r\n\r\none\r\ntwo"), "{asked}");
    assert!(
        asked.contains("content-type: application/octet-stream\r\n"),
        "{asked}"
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_no_fault_of_the_target() {
    let server = Server::start(hold).await;
    for keys in [
        ", method: POST, file: /nonexistent".to_owned(),
        ", method: POST, file: /dev/zero".to_owned(),
        ", method: POST, multipart: [{ name: a, file: /nonexistent }]".to_owned(),
    ] {
        let error = unable(look(&http(&server, &keys)).await);
        assert_eq!(error.kind, Unable::File, "{keys}");
    }
}

#[test]
fn slips_of_bodies_are_told() {
    for (keys, why) in [
        ("multipart: []", "no part"),
        ("multipart: [{ name: a }]", "neither"),
        (
            "multipart: [{ name: a, text: b, file: c }]",
            "write one of them",
        ),
        ("multipart: [{ name: a, text: b }], body: x", "only one of"),
        ("file: a, json: {}", "only one of"),
        (
            "multipart: [{ name: a, text: b }], headers: { content-type: text/plain }",
            "names its boundary",
        ),
    ] {
        let told = problem("http", &format!("{{ url: \"http://a\", {keys} }}"));
        assert!(told.contains(why), "{keys}: {told}");
    }
}

#[tokio::test]
async fn the_line_for_a_shell_is_whole_and_holds_no_secret() {
    let port = closed_port().await;
    let yaml = format!(
        "{{ url: \"http://me:hunter2-word@web.example:{port}/a?b=c&d\", method: POST, resolve: [127.0.0.1], redirects: 2, \
         headers: {{ X-Key: \"it's-secret\", x-empty: \"\", cookie: a=b }}, json: {{ say: \"it's\", key: \"it's-secret\" }} }}"
    );
    let probe: Http = read(&yaml);
    let ctx = Context::for_tests(AMPLE);
    ctx.shared.mask.add("it's-secret");
    let (_, seen) = stopped(look_in(&probe, &ctx).await);
    assert_eq!(
        evidence(&seen, "curl"),
        format!(
            "curl --request POST --resolve web.example:{port}:127.0.0.1 --header 'x-key: ***' --header 'x-empty;' \
             --header 'cookie: ***' --header 'content-type: application/json' --user 'me:***' \
             --data-raw '{{\"say\":\"it'\\''s\",\"key\":\"***\"}}' \
             --location --max-redirs 2 'http://web.example:{port}/a?b=c&d'"
        )
    );
}
