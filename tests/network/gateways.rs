//! What a proxy says when the server behind it is not as it should be.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};

use crate::case::{look_at, passes, stops};
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
    ]);
    let at = |service| get(haproxy.address(service));
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
    ]);
}
