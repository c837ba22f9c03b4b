//! Handshakes that do not end well, and who says so.

use std::net::SocketAddr;
use std::path::Path;

use allclear::model::{Class, Layer};

use crate::expert::Answer::{self, Is, Leans, Rather};
use crate::row::{Row, look_at, row};
use crate::support::{Certificates, HOST, Haproxy, Hostile, Nginx, Service, Site};
use crate::told::Told;

fn https(address: SocketAddr, root: &Path, keys: &str) -> String {
    let (port, ip, root) = (address.port(), address.ip(), root.display());
    format!("http: {{ url: \"https://{HOST}:{port}/\", resolve: [{ip}], ca: \"{root}\"{keys} }}")
}

fn tls(address: SocketAddr, root: &Path, keys: &str) -> String {
    let (port, ip, root) = (address.port(), address.ip(), root.display());
    format!("tls: {{ host: {ip}, port: {port}, sni: {HOST}, ca: \"{root}\"{keys} }}")
}

fn broken(name: &str, probe: String, code: &'static str, answer: Answer) -> Row {
    row(
        &format!("handshake-{name}"),
        probe,
        code,
        Layer::Tls,
        answer,
    )
}

pub(super) fn faults() -> Vec<Told> {
    let made = Certificates::make();
    let mut all = with_those_who_lie(&made.root());
    all.extend(with_real_servers(&made));
    all
}

fn with_those_who_lie(root: &Path) -> Vec<Told> {
    use Class::{Configuration, Infrastructure};
    let cases = [
        ("tls.alert.40", Hostile::alerting(40), Is(Configuration)),
        ("tls.alert.70", Hostile::alerting(70), Is(Configuration)),
        ("tls.alert.80", Hostile::alerting(80), Leans(Infrastructure)),
        ("tls.alert.112", Hostile::alerting(112), Is(Configuration)),
        (
            "tls.incompatible",
            Hostile::speaking_tls_1_1(),
            Is(Configuration),
        ),
        ("tls.eof", Hostile::closing(), Is(Infrastructure)),
        ("tls.reset", Hostile::resetting(), Is(Infrastructure)),
        ("tls.timeout", Hostile::hanging(), Rather(Infrastructure)),
    ];
    let rows = cases.iter().map(|(code, server, answer)| {
        let name = code.replace("tls.", "").replace('.', "-");
        let row = broken(&name, https(server.address(), root, ""), code, *answer);
        if *code == "tls.timeout" {
            row.by_its_budget()
        } else {
            row
        }
    });
    look_at(rows.collect())
}

fn with_real_servers(made: &Certificates) -> Vec<Told> {
    use Class::Configuration;
    let (root, good) = (made.root(), made.good());
    let nginx = Nginx::start(&[
        Site::tls(&good, "return 200 ok;"),
        Site::tls(&good, "ssl_protocols TLSv1.2; return 200 ok;"),
        Site::plain("return 200 plain;"),
    ]);
    let haproxy = Haproxy::start(&[mutual(made), mutual(made)]);
    let no_tls = Hostile::hearing(b"N".to_vec());
    let stranger = made.unknown_client();
    let (chain, key) = (stranger.chain.display(), stranger.key.display());
    let stranger = format!(", client_certificate: {{ certificate: \"{chain}\", key: \"{key}\" }}");
    let is = |name: &str, probe, code| broken(name, probe, code, Is(Configuration));
    let mut not_offered = is(
        "that-is-not-offered",
        tls(no_tls.address(), &root, ", starttls: postgres"),
        "tls.not_offered",
    );
    // It is the database that says so, in its own words.
    not_offered.layer = Layer::Protocol;
    look_at(vec![
        is(
            "too-new-for-them",
            tls(nginx.address(1), &root, ", min_version: TLSv1.3"),
            "tls.alert.70",
        ),
        is(
            "without-a-common-protocol",
            tls(nginx.address(0), &root, ", alpn: [h2]"),
            "tls.alert.120",
        ),
        is(
            "without-our-certificate",
            https(haproxy.address(0), &root, ""),
            "tls.alert.116",
        ),
        is(
            "with-a-certificate-nobody-knows",
            https(haproxy.address(1), &root, &stranger),
            "tls.alert.48",
        ),
        is(
            "with-plain-text",
            https(nginx.address(2), &root, ""),
            "tls.plaintext",
        ),
        not_offered,
    ])
}

/// One that wants to know who comes.
fn mutual(made: &Certificates) -> Service {
    let (pair, root) = (made.good().together(), made.root());
    let (pair, root) = (pair.display(), root.display());
    Service {
        bind: format!("ssl crt {pair} ca-file {root} verify required"),
        lines: "http-request return status 200".to_owned(),
    }
}
