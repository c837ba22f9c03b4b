//! Answers of HTTP that do not come, or break off.

use std::net::SocketAddr;
use std::path::Path;

use allclear::model::{Class, Layer};

use crate::expert::Answer::{self, Is, Leans, Open, Rather};
use crate::row::{look_at, row};
use crate::support::{Certificates, Hostile, Nginx, Refusing, Site};
use crate::told::Told;

fn http(address: SocketAddr, keys: &str) -> String {
    format!("http: {{ url: \"http://{address}/\"{keys} }}")
}

fn https(address: SocketAddr, root: &Path, keys: &str) -> String {
    let root = root.display();
    format!("http: {{ url: \"https://{address}/\", ca: \"{root}\"{keys} }}")
}

pub(super) fn faults() -> Vec<Told> {
    let mut all = without_an_answer();
    all.extend(with_http2());
    all.extend(through_a_proxy());
    all
}

fn without_an_answer() -> Vec<Told> {
    let (refusing, nginx) = (
        Refusing::hold(),
        Nginx::start(&[Site::plain("return 302 /;")]),
    );
    let app = Layer::Application;
    let cases = [
        // The application may be slow, or what it needs, or there is no room for it to run.
        (Hostile::hanging(), "http.timeout.first_byte", app, Open),
        (Hostile::closing(), "http.closed.first_byte", app, Open),
        (Hostile::resetting(), "http.reset.first_byte", app, Open),
        (Hostile::closing_mid_body(), "http.closed.body", app, Open),
        (Hostile::resetting_mid_body(), "http.reset.body", app, Open),
        (
            Hostile::dripping(),
            "http.timeout.body",
            app,
            Leans(Class::Application),
        ),
        (
            Hostile::garbage(),
            "http.protocol",
            Layer::Protocol,
            Rather(Class::Configuration),
        ),
    ];
    let broken = cases
        .iter()
        .map(|(server, code, layer, answer): &(_, _, _, Answer)| {
            let name = code.replace(['.', '_'], "-");
            let row = row(&name, http(server.address(), ""), code, *layer, *answer);
            if code.contains("timeout") {
                row.by_its_budget()
            } else {
                row
            }
        });
    let mut rows: Vec<_> = broken.collect();
    rows.extend([
        row(
            "http-refused",
            http(refusing.address(), ""),
            "tcp.refused",
            Layer::Transport,
            Leans(Class::Infrastructure),
        ),
        row(
            "http-redirects-in-a-circle",
            http(nginx.address(0), ", redirects: 3"),
            "http.redirect",
            app,
            Is(Class::Configuration),
        ),
    ]);
    look_at(rows)
}

fn with_http2() -> Vec<Told> {
    let made = Certificates::make();
    let (root, good) = (made.root(), made.good());
    let (calm, refused) = (
        Hostile::going_away(&good, 11),
        Hostile::resetting_streams(&good, 7),
    );
    look_at(vec![
        row(
            "http2-enhance-your-calm",
            https(calm.address(), &root, ""),
            "http2.goaway.11",
            Layer::Protocol,
            Leans(Class::Infrastructure),
        ),
        row(
            "http2-refused-stream",
            https(refused.address(), &root, ""),
            "http2.reset.7",
            Layer::Protocol,
            Leans(Class::Infrastructure),
        ),
    ])
}

fn through_a_proxy() -> Vec<Told> {
    let made = Certificates::make();
    let root = made.root();
    let nginx = Nginx::start(&[Site::tls(&made.good(), "return 200 ok;")]);
    let refusing = Refusing::hold();
    let answering = |status: &str| {
        Hostile::hearing(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").into_bytes())
    };
    let (stranger, forbidding) = (answering("407 Who are you"), answering("403 Not there"));
    let through = |proxy: SocketAddr| {
        let keys = format!(", proxy: \"http://{proxy}\"");
        https(nginx.address(0), &root, &keys)
    };
    look_at(vec![
        row(
            "proxy-that-is-not-there",
            through(refusing.address()),
            "proxy.connect",
            Layer::Proxy,
            Rather(Class::Configuration),
        ),
        row(
            "proxy-that-does-not-know-us",
            through(stranger.address()),
            "proxy.407",
            Layer::Proxy,
            Is(Class::Configuration),
        ),
        row(
            "proxy-that-forbids-it",
            through(forbidding.address()),
            "proxy.403",
            Layer::Proxy,
            Is(Class::Configuration),
        ),
    ])
}
