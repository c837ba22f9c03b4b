//! HTTP/2: who takes the request back, and who ends the connection.

use std::net::SocketAddr;
use std::path::Path;

use crate::support::case::{look_at, passes, stops};
use crate::support::{Certificates, Hostile, Nginx, Site};

fn https(address: SocketAddr, root: &Path, keys: &str) -> String {
    let root = root.display();
    format!("http: {{ url: \"https://{address}/\", ca: \"{root}\"{keys} }}")
}

#[test]
fn http2_is_spoken_where_tls_agrees_on_it() {
    let made = Certificates::make();
    let (root, good) = (made.root(), made.good());
    let nginx = Nginx::start(&[
        Site::http2(&good, "return 200 $server_protocol;"),
        Site::tls(&good, "return 200 $server_protocol;"),
    ]);
    let at = |site, keys: &str| https(nginx.address(site), &root, keys);
    look_at(&[
        passes(
            "agreed",
            at(0, ""),
            "status: 200, version: HTTP/2, body: HTTP/2.0",
        ),
        passes(
            "not-offered",
            at(1, ""),
            "status: 200, version: HTTP/1.1, body: HTTP/1.1",
        ),
        passes(
            "not-wanted",
            at(0, ", version: HTTP/1.1"),
            "version: HTTP/1.1, body: HTTP/1.1",
        ),
        stops(
            "nothing-else",
            at(1, ", version: HTTP/2"),
            "tls.alert.120",
            "tls",
        ),
    ]);
}

#[test]
fn what_goes_wrong_in_http2_is_told_by_its_code() {
    let made = Certificates::make();
    let (root, good) = (made.root(), made.good());
    let nginx = Nginx::start(&[Site::http2(&good, "return 200 ok;")]);
    let (refused, cancelled) = (
        Hostile::resetting_streams(&good, 7),
        Hostile::resetting_answers(&good, 2),
    );
    let (calm, gone) = (
        Hostile::going_away(&good, 11),
        Hostile::going_away(&good, 0),
    );
    let (hanging, closing) = (
        Hostile::hanging_streams(&good),
        Hostile::closing_mid_stream(&good),
    );
    let (continuing, pinging) = (
        Hostile::endless_continuation(&good),
        Hostile::endless_pings(&good),
    );
    let other = Hostile::speaking_http1(&good);
    let at = |server: &Hostile| https(server.address(), &root, "");
    look_at(&[
        passes(
            "control",
            https(nginx.address(0), &root, ""),
            "status: 200, version: HTTP/2",
        ),
        stops("refused", at(&refused), "http2.reset.7", "first_byte"),
        stops("cancelled", at(&cancelled), "http2.reset.2", "body"),
        stops("calm", at(&calm), "http2.goaway.11", "first_byte"),
        stops("gone", at(&gone), "http2.goaway.0", "first_byte"),
        stops("cut", at(&closing), "http.closed.body", "body"),
        stops("continued", at(&continuing), "http.protocol", "first_byte"),
        stops("another", at(&other), "http.protocol", "first_byte"),
        stops(
            "silent",
            at(&hanging),
            "http.timeout.first_byte",
            "first_byte",
        )
        .by_its_budget(),
        stops("pinged", at(&pinging), "http.protocol", "first_byte"),
    ]);
}
