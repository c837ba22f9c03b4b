//! A peer that repeats what it heard, in every broken way, makes us say no secret.

use std::fmt::Write as _;
use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::{Canary, Certificates, Hostile, Tool, is_kept, tell_all};

/// What is planted; each has characters that encodings write differently.
const PASSWORD: &str = "p4ss-of-the-url";
const HEADER: &str = "h34d&<er>";
const COOKIE: &str = "c00k13-crumbs";
const QUERY: &str = "qu3ry \"value\"";
const BODY: &str = "b0dy\\of/the+post";

const PROXY: &str = "pr0xy-p4ss";

const SECRETS: [&str; 6] = [PASSWORD, HEADER, COOKIE, QUERY, BODY, PROXY];

/// A project in which the secrets go to each of these peers by every way a request has.
fn telling(peers: &[(&str, &Hostile)]) -> Tool {
    let mut suite = String::new();
    for (name, peer) in peers {
        let (address, port) = (peer.address(), peer.port());
        suite.push_str(
            &r#"
  - name: http-NAME
    timeout: 2s
    http:
      method: POST
      url: "http://me:${secret.password}@ADDRESS/"
      headers: { x-key: "${secret.header}", cookie: "session=${secret.cookie}" }
      query: { q: "${secret.query}" }
      body: "${secret.body}"
    expect: { status: 299 }
  - name: tcp-NAME
    timeout: 2s
    tcp: { host: 127.0.0.1, port: PORT, send: "${secret.body} ${secret.header}", read: { until: "\\AX{9}" } }
    expect: { received: "${secret.query}" }
  - name: proxy-NAME
    timeout: 2s
    http: { url: "https://shop.test/", proxy: "http://me:${secret.proxy}@ADDRESS" }
    expect: { status: 299 }
"#
            .replace("NAME", name)
            .replace("ADDRESS", &address.to_string())
            .replace("PORT", &port.to_string()),
        );
    }
    let names = ["password", "header", "cookie", "query", "body", "proxy"];
    let secrets: String = names
        .map(|name| format!("  {name}: {{ env: {} }}\n", name.to_uppercase()))
        .concat();
    let tool = Tool::new()
        .suite(&suite)
        .file("suites/targets/here.yaml", &format!("secrets:\n{secrets}"));
    names
        .iter()
        .zip(SECRETS)
        .fold(tool, |tool, (name, secret)| {
            tool.env(&name.to_uppercase(), secret)
        })
}

#[test]
fn what_a_broken_peer_repeats_is_kept() {
    let status = Hostile::repeating("HTTP/1.1 500 ", "\r\n\r\n");
    let version = Hostile::repeating("", "");
    let cut = Hostile::repeating("HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n", "");
    let chunk = Hostile::repeating("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "");
    let header = Hostile::repeating("HTTP/1.1 200 OK\r\nx-heard: ", "\r\n\r\n");
    let json = Hostile::repeating(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"heard\": \"",
        "\"}",
    );
    let location = Hostile::repeating("HTTP/1.1 302 Found\r\nlocation: /", "\r\n\r\n");
    let peers = [
        ("status", &status),
        ("version", &version),
        ("cut", &cut),
        ("chunk", &chunk),
        ("header", &header),
        ("json", &json),
        ("location", &location),
    ];
    let tool = telling(&peers);
    let output = tell_all(&tool, &[]);
    let run = tool.json("out.json");
    assert_eq!(run["counts"]["failed"], 3 * peers.len(), "{output}");
    for secret in SECRETS {
        is_kept(&tool, &output, secret);
    }
    // How they are sent (RFC 7617).
    for password in [PASSWORD, PROXY] {
        is_kept(&tool, &output, &STANDARD.encode(format!("me:{password}")));
    }
}

#[test]
fn the_key_of_a_client_is_kept() {
    let made = Certificates::make();
    let (client, other, canary) = (made.client(), made.unknown_client(), Canary::healthy());
    let key = fs::read_to_string(&client.key).unwrap();
    let line = key.lines().nth(1).unwrap();
    // A line is lost, the other's key, and the key where the certificate should be.
    let broken = made.path("broken.key");
    fs::write(&broken, key.replace("-----END", "----END")).unwrap();
    let (chain, whole) = (client.chain.display(), client.key.display());
    let mut suite = String::new();
    for (name, certificate, key) in [
        ("whole", chain.to_string(), whole.to_string()),
        ("broken", chain.to_string(), broken.display().to_string()),
        ("other", chain.to_string(), other.key.display().to_string()),
        ("swapped", whole.to_string(), chain.to_string()),
    ] {
        let _ = write!(
            suite,
            "  - name: {name}\n    http: {{ url: \"https://{}\", client_certificate: {{ certificate: \"{certificate}\", key: \"{key}\" }} }}\n    \
             expect: {{ status: 200 }}\n",
            canary.address()
        );
    }
    let tool = Tool::new().suite(&suite);
    let output = tell_all(&tool, &[]);
    let run = tool.json("out.json");
    assert_eq!(run["counts"]["errored"], 3, "{output}");
    is_kept(&tool, &output, line);
}
