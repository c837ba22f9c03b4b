//! Certificates we do not accept.

use std::net::SocketAddr;

use allclear::model::{Class, Layer};

use crate::expert::Answer::{self, Is, Leans};
use crate::row::{Row, look_at, row};
use crate::support::{Certificates, HOST, Nginx, Site};
use crate::told::Told;

pub(super) fn faults() -> Vec<Told> {
    use Class::{Configuration, Infrastructure};
    let made = Certificates::make();
    let (root, lists) = (made.root(), made.lists());
    let cases = [
        ("tls.expired", made.expired(), Infrastructure),
        ("tls.not_yet_valid", made.not_yet_valid(), Infrastructure),
        ("tls.self_signed", made.self_signed(), Configuration),
        (
            "tls.unknown_issuer",
            made.unknown_authority(),
            Configuration,
        ),
        ("tls.bad_signature", made.forged(), Infrastructure),
        ("tls.revoked", made.revoked(), Infrastructure),
    ];
    let mut sites: Vec<Site> = cases
        .iter()
        .map(|(_, pair, _)| Site::tls(pair, "return 200 ok;"))
        .collect();
    let others = [
        made.missing_intermediate(),
        made.wrong_host(),
        made.for_names("above", &["*.shop.test"]),
        made.for_names("above-again", &["*.shop.test"]),
    ];
    sites.extend(others.iter().map(|pair| Site::tls(pair, "return 200 ok;")));
    let nginx = Nginx::start(&sites);
    let other = |number: usize| nginx.address(cases.len() + number);
    let (crl, root) = (lists.display(), root.display());
    let https = |host: &str, address: SocketAddr, keys: &str| {
        let (port, ip) = (address.port(), address.ip());
        format!(
            "http: {{ url: \"https://{host}:{port}/\", resolve: [{ip}], ca: \"{root}\"{keys} }}"
        )
    };
    let tls = |sni: &str, address: SocketAddr| {
        let (port, ip) = (address.port(), address.ip());
        format!("tls: {{ host: {ip}, port: {port}, sni: {sni}, ca: \"{root}\" }}")
    };
    let broken = |name: &str, probe: String, code, answer: Answer| -> Row {
        row(name, probe, code, Layer::Tls, answer)
    };
    let mut rows = Vec::new();
    for ((code, _, class), site) in cases.iter().zip(0..) {
        let keys = match *code {
            "tls.revoked" => format!(", crl: \"{crl}\""),
            _ => String::new(),
        };
        let name = code.replace("tls.", "certificate-").replace('_', "-");
        let probe = https(HOST, nginx.address(site), &keys);
        rows.push(broken(&name, probe, code, Is(*class)));
    }
    let below = "api.staging.shop.test";
    rows.extend([
        broken(
            "certificate-without-its-intermediate",
            https(HOST, other(0), ""),
            "tls.unknown_issuer",
            Is(Configuration),
        ),
        // It has nothing to do with the name: a balancer shows this to those it does not know, and so does who installed the wrong one.
        broken(
            "certificate-of-a-stranger",
            tls(HOST, other(1)),
            "tls.wrong_name",
            Leans(Infrastructure),
        ),
        // A wildcard is for one label, and here there are two.
        broken(
            "certificate-of-a-sibling",
            tls(below, other(2)),
            "tls.wrong_name",
            Is(Configuration),
        ),
        // Who only asks for a page is told whose it is as well.
        broken(
            "certificate-of-somebody",
            https(below, other(3), ""),
            "tls.wrong_name",
            Is(Configuration),
        ),
    ]);
    look_at(rows)
}
