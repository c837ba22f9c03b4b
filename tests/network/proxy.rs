//! Through a proxy: what is the proxy's fault, and what is that of whoever is behind it.

use std::net::SocketAddr;

use crate::support::case::{look_at, passes, stops};
use crate::support::{Canary, Certificates, HOST, Hostile, Nginx, Refusing, Site};

#[test]
fn what_a_proxy_does_is_told_by_its_code() {
    let made = Certificates::make();
    let root = made.root();
    let nginx = Nginx::start(&[
        Site::tls(&made.good(), "return 200 ok;"),
        Site::tls(&made.expired(), "return 200 ok;"),
        Site::plain("return 200 ok;"),
    ]);
    let (proxy, refusing, hanging) = (Hostile::proxying(), Refusing::hold(), Hostile::hanging());
    let (closing, resetting) = (Hostile::closing(), Hostile::resetting());
    let garbage = Hostile::garbage();
    let answering = |status: &str| {
        Hostile::hearing(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").into_bytes())
    };
    let (stranger, down) = (answering("407 Who are you"), answering("502 Bad Gateway"));
    let through = |proxy: SocketAddr, target: SocketAddr| {
        let root = root.display();
        format!("http: {{ url: \"https://{target}/\", ca: \"{root}\", proxy: \"http://{proxy}\" }}")
    };
    let through_tls = |proxy: SocketAddr, target: SocketAddr| {
        through(proxy, target).replace("\"http://", "\"https://")
    };
    let good = nginx.address(0);
    let by = |proxy: &Hostile| through(proxy.address(), good);
    look_at(&[
        passes("control", by(&proxy), "status: 200, body: ok"),
        stops(
            "refused",
            through(refusing.address(), good),
            "proxy.connect",
            "connect",
        ),
        stops(
            "expired",
            through_tls(nginx.address(1), good),
            "proxy.tls",
            "tls",
        ),
        stops("who", by(&stranger), "proxy.407", "proxy"),
        stops("down", by(&down), "proxy.502", "proxy"),
        stops("silent", by(&hanging), "http.timeout.proxy", "proxy").by_its_budget(),
        stops("closed", by(&closing), "tcp.closed", "proxy"),
        stops("reset", by(&resetting), "tcp.reset", "proxy"),
        stops("garbage", by(&garbage), "http.protocol", "proxy"),
        // nginx is no proxy for others.
        stops(
            "nginx",
            through(nginx.address(2), good),
            "proxy.400",
            "proxy",
        ),
        stops(
            "behind-expired",
            through(proxy.address(), nginx.address(1)),
            "tls.expired",
            "tls",
        ),
        stops(
            "behind-plaintext",
            through(proxy.address(), nginx.address(2)),
            "tls.plaintext",
            "tls",
        ),
        stops(
            "behind-refused",
            through(proxy.address(), refusing.address()),
            "proxy.502",
            "proxy",
        ),
        stops(
            "behind-silent",
            through(proxy.address(), hanging.address()),
            "tls.timeout",
            "tls",
        )
        .by_its_budget(),
    ]);
}

#[test]
fn a_proxy_of_plain_http_is_asked_for_the_whole_url() {
    let canary = Canary::healthy();
    let proxy = canary.url();
    look_at(&[passes(
        "whole",
        format!("http: {{ url: \"http://{HOST}/health\", proxy: \"{proxy}\" }}"),
        "status: 200",
    )]);
    assert_eq!(canary.paths(), [format!("http://{HOST}/health")]);
}
