//! What name servers say, and what they do not.

use std::net::SocketAddr;

use allclear::model::{Class, Layer};

use crate::expert::Answer::{Is, Rather};
use crate::row::{Row, look_at, row};
use crate::support::{Act, Canary, NameServer, Refusing, Reply};
use crate::told::Told;

/// One that behaves by the first label of a name.
fn by_label() -> NameServer {
    NameServer::start(|asked| {
        let reply = Reply::to(asked);
        let said = match asked.name.split('.').next() {
            Some("silent") => return Vec::new(),
            Some("nodata") => reply,
            Some("servfail") => reply.code(2),
            Some("refused") => reply.code(5),
            Some("garbage") => return vec![Act::Say(vec![0xff; 7])],
            _ => reply.code(3),
        };
        vec![Act::Say(said.bytes())]
    })
}

pub(super) fn faults() -> Vec<Told> {
    let (server, nobody, app) = (by_label(), Refusing::hold(), Canary::healthy());
    let port = app.address().port();
    // Each name is one of its own, and so is what is broken.
    let http = |label: &str, server: SocketAddr| {
        format!("http: {{ url: \"http://{label}.test:{port}/\", resolver: \"{server}\" }}")
    };
    let at = |label: &str| http(label, server.address());
    let broken = |name: &str, label: &str, code, class| -> Row {
        row(name, at(label), code, Layer::Dns, Is(class))
    };
    look_at(vec![
        broken(
            "a-name-nobody-knows",
            "nxdomain",
            "dns.nxdomain",
            Class::Configuration,
        ),
        broken(
            "a-name-without-an-address",
            "nodata",
            "dns.nodata",
            Class::Configuration,
        ),
        broken(
            "a-name-server-that-fails",
            "servfail",
            "dns.servfail",
            Class::Infrastructure,
        ),
        broken(
            "a-name-server-that-refuses",
            "refused",
            "dns.refused",
            Class::Infrastructure,
        ),
        broken(
            "a-name-server-that-is-silent",
            "silent",
            "dns.timeout",
            Class::Infrastructure,
        )
        .by_its_budget(),
        row(
            "a-name-server-that-is-not-there",
            http("absent", nobody.address()),
            "dns.unreachable",
            Layer::Dns,
            Rather(Class::Infrastructure),
        ),
    ])
}
