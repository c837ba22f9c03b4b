//! What a proxy says when the server behind it is not as it should be.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};

use crate::support::case::{Case, look_at, passes, stops};
use crate::support::{Answer, Canary, Haproxy, Hostile, Nginx, Refusing, Service, Site};

fn get(address: SocketAddr) -> String {
    format!("http: {{ url: \"http://{address}/\" }}")
}

#[test]
fn nginx_answers_for_what_is_behind_it() {
    let (canary, sick) = (
        Canary::healthy(),
        Canary::answering(|_| Answer::json(503, "{}")),
    );
    let (refusing, hanging) = (Refusing::hold(), Hostile::hanging());
    let (closing, cut) = (Hostile::closing(), Hostile::closing_mid_body());
    let pass = |address: SocketAddr, more: &str| {
        Site::plain(format!(
            "location / {{ proxy_pass http://{address}; {more} }}"
        ))
    };
    let nginx = Nginx::start(&[
        pass(canary.address(), "client_max_body_size 10;"),
        pass(refusing.address(), ""),
        pass(closing.address(), ""),
        pass(hanging.address(), "proxy_read_timeout 100ms;"),
        pass(cut.address(), ""),
        Site::plain("return 444;"),
        pass(sick.address(), ""),
    ]);
    let at = |site| get(nginx.address(site));
    let control = nginx.address(0);
    let long = "a".repeat(9000);
    look_at(&[
        passes(
            "control",
            at(0),
            "status: 200, hop: app, json: { $.status: healthy }",
        ),
        passes("sick", at(6), "status: 503, hop: app"),
        passes("refused", at(1), "hop: nginx, status: 502"),
        passes("closed", at(2), "hop: nginx, status: 502"),
        passes(
            "slow",
            at(3),
            "hop: nginx, status: 504, latency: { at_least: 100ms }",
        ),
        stops("cut", at(4), "http.closed.body", "body"),
        stops("dropped", at(5), "http.closed.first_byte", "first_byte"),
        passes(
            "too-much",
            format!(
                "http: {{ method: POST, url: \"http://{control}/\", body: \"more than ten\" }}"
            ),
            "hop: nginx, status: 413",
        ),
        passes(
            "too-long",
            format!("http: {{ url: \"http://{control}/{long}\" }}"),
            "hop: nginx, status: 414",
        ),
    ]);
}

/// HAProxy forgets the connection without a word where it may (`TCP_REPAIR`, for those with `CAP_NET_ADMIN`). Where it may not, it
/// sends its goodbye so that it dies at the first hop, and on one machine there is none: it arrives.
fn silently_dropped(
    name: &str,
    probe: String,
    [silent, heard]: [&'static str; 2],
    phase: &'static str,
) -> Case {
    if may_administer_networks() {
        stops(name, probe, silent, phase).by_its_budget()
    } else {
        stops(name, probe, heard, phase)
    }
}

fn may_administer_networks() -> bool {
    const CAP_NET_ADMIN: u32 = 12;
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let mut lines = status.lines();
    let mask = lines.find_map(|line| line.strip_prefix("CapEff:")).unwrap();
    u64::from_str_radix(mask.trim(), 16).unwrap() & 1 << CAP_NET_ADMIN != 0
}

#[test]
fn haproxy_answers_for_what_is_behind_it() {
    let (canary, sick) = (
        Canary::healthy(),
        Canary::answering(|_| Answer::json(503, "{}")),
    );
    let (refusing, hanging) = (Refusing::hold(), Hostile::hanging());
    let (closing, garbage) = (Hostile::closing(), Hostile::garbage());
    let (busy, cut) = (
        Canary::answering(|_| Answer::Held),
        Hostile::closing_mid_body(),
    );
    let server = |address: SocketAddr, more: &str| {
        Service::plain(format!(
            "timeout server 100ms\ntimeout queue 100ms\nserver one {address} {more}"
        ))
    };
    let haproxy = Haproxy::start(&[
        Service::plain(format!("server one {}", canary.address())),
        server(refusing.address(), ""),
        Service::plain("timeout queue 100ms"),
        server(closing.address(), ""),
        server(garbage.address(), ""),
        server(hanging.address(), ""),
        Service::plain(format!(
            "timeout queue 100ms\nserver one {} maxconn 1",
            busy.address()
        )),
        server(cut.address(), ""),
        Service::plain("http-request reject"),
        Service::plain("http-request deny"),
        Service::plain("timeout tarpit 30s\nhttp-request tarpit"),
        Service::plain(format!("server one {}", sick.address())),
        Service::plain("http-request silent-drop"),
        Service::plain(
            "mode tcp\ntcp-request inspect-delay 5s\ntcp-request content silent-drop if { req.len gt 0 }",
        ),
    ]);
    let at = |service| get(haproxy.address(service));
    let greeting = format!(
        "tcp: {{ host: 127.0.0.1, port: {}, send: hello, read: {{ count: 1B }} }}",
        haproxy.address(13).port()
    );
    // The one who is served keeps everybody else in the queue.
    let mut served = TcpStream::connect(haproxy.address(6)).unwrap();
    served.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    busy.wait_for(1);
    look_at(&[
        passes(
            "control",
            at(0),
            "status: 200, hop: app, json: { $.status: healthy }",
        ),
        passes("sick", at(11), "status: 503, hop: app"),
        passes("refused", at(1), "hop: haproxy, status: 503"),
        passes("nobody", at(2), "hop: haproxy, status: 503"),
        passes("closed", at(3), "hop: haproxy, status: 502"),
        passes("garbage", at(4), "hop: haproxy, status: 502"),
        passes(
            "slow",
            at(5),
            "hop: haproxy, status: 504, latency: { at_least: 100ms }",
        ),
        stops("cut", at(7), "http.closed.body", "body"),
        stops("rejected", at(8), "http.closed.first_byte", "first_byte"),
        passes("denied", at(9), "hop: haproxy, status: 403"),
        stops("tarpit", at(10), "http.timeout.first_byte", "first_byte").by_its_budget(),
        passes("queued", at(6), "hop: haproxy, status: 503"),
        silently_dropped(
            "http-dropped",
            at(12),
            ["http.timeout.first_byte", "http.reset.first_byte"],
            "first_byte",
        ),
        silently_dropped(
            "tcp-dropped",
            greeting,
            ["tcp.timeout.read", "tcp.reset"],
            "read",
        ),
    ]);
}
