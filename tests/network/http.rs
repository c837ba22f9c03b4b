//! HTTP/1.1: answers that do not come, do not end, or are none.

use std::net::SocketAddr;

use crate::support::case::{Case, look_at, look_at_with, passes, stops};
use crate::support::{Canary, Certificates, Deaf, Hostile, Nginx, Refusing, Site, Tool};

/// `status: 200`, and that is all.
const OK: &str = "status: 200";

fn http(address: SocketAddr, keys: &str) -> String {
    format!("http: {{ url: \"http://{address}/\"{keys} }}")
}

#[test]
fn an_answer_that_does_not_come_is_told_by_its_code() {
    let (refusing, deaf, canary) = (Refusing::hold(), Deaf::hold(), Canary::healthy());
    let (hanging, promising) = (Hostile::hanging(), Hostile::endless_promises());
    let (resetting, at_once) = (Hostile::resetting(), Hostile::resetting_at_once());
    let (closing, half_closed) = (Hostile::closing(), Hostile::half_closed());
    let much = format!(", method: POST, body: \"{}\"", "${x}".repeat(128));
    // A suite with megabytes in it takes its time.
    let tool = Tool::new().var("x", "x".repeat(32 * 1024));
    look_at_with(
        tool,
        &[
            passes("control", http(canary.address(), ""), OK),
            stops(
                "refused",
                http(refusing.address(), ""),
                "tcp.refused",
                "connect",
            ),
            never("silent", http(hanging.address(), ""), "first_byte"),
            never("nobody-accepts", http(deaf.address(), ""), "first_byte"),
            stops(
                "takes-nothing",
                http(deaf.address(), &much),
                "http.timeout.send",
                "send",
            )
            .by_its_budget(),
            stops(
                "promises",
                http(promising.address(), ""),
                "http.protocol",
                "body",
            ),
            stops(
                "reset",
                http(resetting.address(), ""),
                "http.reset.first_byte",
                "first_byte",
            ),
            stops(
                "reset-at-once",
                http(at_once.address(), ""),
                "http.reset.first_byte",
                "first_byte",
            )
            .or("tcp.reset", "connect"),
            stops(
                "closed",
                http(closing.address(), ""),
                "http.closed.first_byte",
                "first_byte",
            ),
            stops(
                "half-closed",
                http(half_closed.address(), ""),
                "http.closed.first_byte",
                "first_byte",
            ),
        ],
    );
}

fn never(name: &str, probe: String, phase: &'static str) -> Case {
    let code = match phase {
        "first_byte" => "http.timeout.first_byte",
        _ => "http.timeout.body",
    };
    stops(name, probe, code, phase).by_its_budget()
}

#[test]
fn an_answer_that_does_not_end_well_is_told_by_its_code() {
    let (canary, garbage) = (Canary::healthy(), Hostile::garbage());
    let (reset, closed) = (Hostile::resetting_mid_body(), Hostile::closing_mid_body());
    let (chunk, head) = (Hostile::closing_mid_chunk(), Hostile::closing_mid_head());
    let (dripping, gibibyte) = (Hostile::dripping(), Hostile::gibibyte());
    let (headers, header) = (Hostile::endless_headers(), Hostile::endless_header());
    let (chunks, extension) = (
        Hostile::endless_chunks(),
        Hostile::endless_chunk_extension(),
    );
    let trailers = Hostile::endless_trailers();
    let broken =
        |name, server: &Hostile, code, phase| stops(name, http(server.address(), ""), code, phase);
    look_at(&[
        passes("control", http(canary.address(), ""), OK),
        never("dripping", http(dripping.address(), ""), "body"),
        broken("reset", &reset, "http.reset.body", "body"),
        broken("closed", &closed, "http.closed.body", "body"),
        broken("closed-chunk", &chunk, "http.closed.body", "body"),
        broken("closed-head", &head, "http.closed.body", "body"),
        broken("garbage", &garbage, "http.protocol", "body"),
        broken("headers", &headers, "http.protocol", "body"),
        broken("header", &header, "http.protocol", "body"),
        broken("extension", &extension, "http.protocol", "body"),
        broken("trailers", &trailers, "http.protocol", "body"),
        broken("chunks", &chunks, "http.too_large", "body"),
        broken("gibibyte", &gibibyte, "http.too_large", "body"),
    ]);
}

#[test]
fn the_wrong_scheme_is_told() {
    let certificates = Certificates::make();
    let nginx = Nginx::start(&[
        Site::plain("return 200 plain;"),
        Site::tls(&certificates.good(), "return 200 secret;"),
    ]);
    let alerting = Hostile::alerting(70);
    let root = certificates.root();
    let (plain, secret) = (nginx.address(0), nginx.address(1));
    let https = |address: SocketAddr| {
        let root = root.display();
        format!("http: {{ url: \"https://{address}/\", ca: \"{root}\" }}")
    };
    look_at(&[
        passes("plain", http(plain, ""), "status: 200, body: plain"),
        passes("secret", https(secret), "status: 200, body: secret"),
        stops("http-to-a-hello", https(plain), "tls.plaintext", "tls"),
        // nginx notices, and says so in plain text.
        passes("plain-to-tls", http(secret, ""), "status: 400"),
        stops(
            "alert-to-plain",
            http(alerting.address(), ""),
            "http.protocol",
            "body",
        ),
    ]);
}

#[test]
fn what_is_packed_is_unpacked_up_to_a_limit() {
    let text = "again and ".repeat(300);
    let text = text.as_str();
    let nginx = Nginx::start(&[Site::plain(format!(
        "gzip on; gzip_types *; default_type text/plain; return 200 \"{text}\";"
    ))]);
    let (bomb, canary) = (Hostile::gzip_bomb(), Canary::healthy());
    let packed = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 5\r\n\r\n";
    let liar = Hostile::hearing([packed.as_bytes(), b"plain"].concat());
    let zip = [0x1f, 0x8b, 8, 0, 0];
    let cut = Hostile::hearing([packed.as_bytes(), &zip].concat());
    let (ask, length) = (", compressed: true", text.len());
    look_at(&[
        passes(
            "packed",
            http(nginx.address(0), ask),
            format!(
                "headers: {{ content-encoding: gzip }}, size: {length}, wire_size: {{ below: 1000 }}"
            ),
        ),
        passes(
            "not-asked-for",
            http(nginx.address(0), ""),
            format!("headers: {{ content-encoding: {{ exists: false }} }}, size: {length}"),
        ),
        passes("not-packed", http(canary.address(), ask), OK),
        stops("bomb", http(bomb.address(), ""), "http.too_large", "body"),
        stops("liar", http(liar.address(), ""), "http.encoding", "body"),
        stops("cut", http(cut.address(), ""), "http.encoding", "body"),
    ]);
}

#[test]
fn a_redirect_is_followed_where_it_may_lead() {
    let certificates = Certificates::make();
    let nginx = Nginx::start(&[
        Site::plain(
            "location / { return 200 here; }
             location /once { return 302 /; }
             location /loop { return 302 /loop; }
             location /secure { return 302 https://shop.test/; }",
        ),
        Site::tls(&certificates.good(), "return 302 http://shop.test/;"),
    ]);
    let (plain, root) = (nginx.address(0), certificates.root());
    let (secure, root) = (nginx.address(1), root.display());
    let at = |path: &str| format!("http: {{ url: \"http://{plain}/{path}\", redirects: 3 }}");
    let down = format!("http: {{ url: \"https://{secure}/\", ca: \"{root}\", redirects: 3 }}");
    look_at(&[
        passes("followed", at("once"), "status: 200, body: here"),
        passes(
            "not-followed",
            format!("http: {{ url: \"http://{plain}/once\" }}"),
            "status: 302",
        ),
        stops("loop", at("loop"), "http.redirect", "first_byte"),
        stops(
            "to-another-scheme",
            at("secure"),
            "http.redirect",
            "first_byte",
        ),
        stops("to-plain-text", down, "http.redirect", "first_byte"),
    ]);
}

#[test]
fn who_speaks_first_does_not_speak_http() {
    let (ssh, smtp) = (
        Hostile::saying("SSH-2.0-OpenSSH_9.2\r\n"),
        Hostile::saying("220 mail.test ESMTP\r\n"),
    );
    let flooding = Hostile::flooding();
    look_at(&[
        stops("ssh", http(ssh.address(), ""), "http.protocol", "body"),
        stops("smtp", http(smtp.address(), ""), "http.protocol", "body"),
        stops(
            "flood",
            http(flooding.address(), ""),
            "http.protocol",
            "body",
        ),
    ]);
}
