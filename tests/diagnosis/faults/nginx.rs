//! What nginx says when something is wrong with itself, with us, or with who is behind it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use allclear::model::{Class, Layer};

use crate::expert::Answer::{self, Is, Leans, Rather};
use crate::row::{Row, look_at, row};
use crate::support::{Answer as Said, Canary, Certificates, Full, Hostile, Nginx, Refusing, Site};
use crate::told::Told;

pub(super) fn faults() -> Vec<Told> {
    use Class::{Application, Configuration, Infrastructure};
    let made = Certificates::make();
    let (refusing, full) = (Refusing::hold(), Full::hold());
    let (resetting, closing) = (Hostile::resetting(), Hostile::closing());
    let (hanging, app) = (Hostile::hanging(), Canary::healthy());
    let sick = Canary::answering(|_| Said::json(500, "{\"error\":\"division by zero\"}"));
    let pass = |address: SocketAddr, more: &str| {
        Site::plain(format!(
            "location / {{ proxy_pass http://{address}; {more} }}"
        ))
    };
    let zone = "limit_req_zone $server_port zone=few:32k rate=1r/m;";
    let sites = [
        pass(refusing.address(), ""),
        pass(resetting.address(), ""),
        pass(closing.address(), ""),
        pass(hanging.address(), "proxy_read_timeout 100ms;"),
        pass(app.address(), "client_max_body_size 10;"),
        pass(app.address(), "limit_req zone=few;"),
        Site::plain("return 404;"),
        Site::plain("deny all;"),
        Site::tls(&made.good(), "return 200 secret;"),
        pass(sick.address(), ""),
        pass(refusing.address(), ""),
        pass(full.address(), "proxy_connect_timeout 100ms;"),
    ];
    let nginx = Nginx::start_with(zone, &sites);
    // Somebody before us had all that is allowed in a minute.
    ask(nginx.address(5));
    let at = |site: usize| format!("http: {{ url: \"http://{}/\" }}", nginx.address(site));
    let said = |name: &str, probe: String, answer: Answer| -> Row {
        row(name, probe, "expect.status", Layer::Proxy, answer).expecting("status: 200")
    };
    let much = nginx.address(4);
    look_at(vec![
        // The page is the same for all three, and the truth is not.
        said("nginx-502-refused", at(0), Leans(Infrastructure)),
        said("nginx-502-reset", at(1), Leans(Infrastructure)),
        said("nginx-502-closed", at(2), Leans(Infrastructure)),
        // Of these two as well.
        said("nginx-504-slow", at(3), Leans(Application)),
        said("nginx-504-not-connected", at(11), Leans(Application)),
        said(
            "nginx-413-too-much",
            format!("http: {{ method: POST, url: \"http://{much}/\", body: more than ten }}"),
            Rather(Configuration),
        ),
        said("nginx-503-limit", at(5), Rather(Configuration)),
        said("nginx-404", at(6), Is(Configuration)),
        said("nginx-403", at(7), Rather(Configuration)),
        said("nginx-400-plain-to-tls", at(8), Is(Configuration)),
        row(
            "nginx-502-to-a-websocket",
            format!("websocket: {{ url: \"ws://{}/\" }}", nginx.address(10)),
            "websocket.refused.502",
            Layer::Proxy,
            Leans(Infrastructure),
        ),
        row(
            "nginx-500-relayed",
            at(9),
            "expect.status",
            Layer::Application,
            Leans(Application),
        )
        .expecting("status: 200"),
    ])
}

/// Asks once, and waits for the answer.
fn ask(address: SocketAddr) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    stream.read_exact(&mut [0]).unwrap();
}
