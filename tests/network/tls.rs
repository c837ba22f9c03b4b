//! TLS: who rejects whom, and why.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::Path;

use crate::support::case::{Case, is_unable, look_at, passes, stops};
use crate::support::{
    Certificates, Deaf, HOST, Haproxy, Hostile, Nginx, Pair, Refusing, Service, Site,
};

/// A look at the shop, wherever it is, that trusts only our root.
fn https(address: SocketAddr, root: &Path, keys: &str) -> String {
    let (port, ip, root) = (address.port(), address.ip(), root.display());
    format!("http: {{ url: \"https://{HOST}:{port}/\", resolve: [{ip}], ca: \"{root}\"{keys} }}")
}

/// The same by the probe that looks at nothing but TLS.
fn tls(address: SocketAddr, root: &Path, keys: &str) -> String {
    let (port, ip, root) = (address.port(), address.ip(), root.display());
    format!("tls: {{ host: {ip}, port: {port}, sni: {HOST}, ca: \"{root}\"{keys} }}")
}

/// Both looks at one place end in the same fault.
fn both(name: &str, address: SocketAddr, root: &Path, code: &'static str) -> [Case; 2] {
    [
        stops(name, https(address, root, ""), code, "tls"),
        stops(&format!("tls-{name}"), tls(address, root, ""), code, "tls"),
    ]
}

fn with_client(pair: &Pair) -> String {
    let (chain, key) = (pair.chain.display(), pair.key.display());
    format!(", client_certificate: {{ certificate: \"{chain}\", key: \"{key}\" }}")
}

#[test]
fn a_certificate_that_is_not_good_is_told_by_its_code() {
    let made = Certificates::make();
    let cases = [
        ("expired", made.expired(), "tls.expired"),
        ("early", made.not_yet_valid(), "tls.not_yet_valid"),
        ("wrong-host", made.wrong_host(), "tls.wrong_name"),
        ("self-signed", made.self_signed(), "tls.self_signed"),
        (
            "self-signed-authority",
            made.self_signed_authority(),
            "tls.self_signed",
        ),
        (
            "unknown-authority",
            made.unknown_authority(),
            "tls.unknown_issuer",
        ),
        (
            "missing-intermediate",
            made.missing_intermediate(),
            "tls.unknown_issuer",
        ),
        ("forged", made.forged(), "tls.bad_signature"),
        ("wrong-purpose", made.wrong_purpose(), "tls.bad_certificate"),
    ];
    let mut sites = vec![Site::tls(&made.good(), "return 200 ok;")];
    sites.extend(
        cases
            .iter()
            .map(|(_, pair, _)| Site::tls(pair, "return 200 ok;")),
    );
    let nginx = Nginx::start(&sites);
    let (root, good) = (made.root(), nginx.address(0));
    let mut all = vec![
        passes("good", https(good, &root, ""), "status: 200, body: ok"),
        passes(
            "tls-good",
            tls(good, &root, ""),
            "trusted: true, covers: true, self_signed: false",
        ),
    ];
    for ((name, _, code), site) in cases.iter().zip(1..) {
        all.extend(both(name, nginx.address(site), &root, code));
    }
    look_at(&all);
}

#[test]
fn a_certificate_that_was_taken_back_is_revoked() {
    let made = Certificates::make();
    let (root, lists) = (made.root(), made.lists());
    let sites = [made.good(), made.revoked()].map(|pair| Site::tls(&pair, "return 200 ok;"));
    let nginx = Nginx::start(&sites);
    let (good, revoked) = (nginx.address(0), nginx.address(1));
    let crl = format!(", crl: \"{}\"", lists.display());
    // Authorities are no lists.
    let wrong = format!(", crl: \"{}\"", root.display());
    look_at(&[
        passes("good", https(good, &root, &crl), "status: 200, body: ok"),
        passes("tls-good", tls(good, &root, &crl), "trusted: true"),
        stops("revoked", https(revoked, &root, &crl), "tls.revoked", "tls"),
        stops(
            "tls-revoked",
            tls(revoked, &root, &crl),
            "tls.revoked",
            "tls",
        ),
        // Who is given no list knows nothing of it.
        passes("no-list", https(revoked, &root, ""), "status: 200"),
        is_unable("wrong-file", https(good, &root, &wrong), "error.file"),
    ]);
}

#[test]
fn a_client_says_who_it_is() {
    let made = Certificates::make();
    let root = made.root();
    let (good, client, unknown) = (made.good(), made.client(), made.unknown_client());
    let wants = format!(
        "ssl_client_certificate \"{}\"; ssl_verify_client on; ssl_verify_depth 2; return 200 \"$ssl_client_s_dn\";",
        root.display()
    );
    let older = format!("ssl_protocols TLSv1.2; {wants}");
    let nginx = Nginx::start(&[Site::tls(&good, &wants), Site::tls(&good, &older)]);
    let verifies = |more: &str| Service {
        bind: format!(
            "ssl crt {} ca-file {} verify required {more}",
            good.together().display(),
            root.display()
        ),
        lines: "http-request return status 200".to_owned(),
    };
    let haproxy = Haproxy::start(&[verifies(""), verifies("ssl-max-ver TLSv1.2")]);
    let (known, stranger) = (with_client(&client), with_client(&unknown));
    let at = |address, keys: &str| https(address, &root, keys);
    let missing = ", client_certificate: { certificate: nowhere.pem, key: nowhere.key }";
    look_at(&[
        passes(
            "nginx-known",
            at(nginx.address(0), &known),
            "status: 200, body: \"CN=A client\"",
        ),
        // nginx answers in HTTP, with the code 400 that it also uses for others.
        passes("nginx-nobody", at(nginx.address(0), ""), "status: 400"),
        passes(
            "nginx-stranger",
            at(nginx.address(0), &stranger),
            "status: 400",
        ),
        passes("older-known", at(nginx.address(1), &known), "status: 200"),
        passes(
            "haproxy-known",
            at(haproxy.address(0), &known),
            "status: 200",
        ),
        passes(
            "haproxy-older",
            at(haproxy.address(1), &known),
            "status: 200",
        ),
        // Under TLS 1.3 the server looks at our certificate when we are done with the handshake.
        stops(
            "haproxy-nobody",
            at(haproxy.address(0), ""),
            "tls.alert.116",
            "first_byte",
        ),
        stops(
            "haproxy-stranger",
            at(haproxy.address(0), &stranger),
            "tls.alert.48",
            "first_byte",
        ),
        stops(
            "haproxy-older-nobody",
            at(haproxy.address(1), ""),
            "tls.alert.40",
            "tls",
        ),
        stops(
            "haproxy-older-stranger",
            at(haproxy.address(1), &stranger),
            "tls.alert.48",
            "tls",
        ),
        is_unable("no-such-key", at(nginx.address(0), missing), "error.file"),
        is_unable(
            "no-such-ca",
            https(nginx.address(0), Path::new("nowhere.pem"), ""),
            "error.file",
        ),
    ]);
}

#[test]
fn a_handshake_that_does_not_end_is_told_by_its_code() {
    let made = Certificates::make();
    let root = made.root();
    let (refusing, deaf, hanging) = (Refusing::hold(), Deaf::hold(), Hostile::hanging());
    let (resetting, closing) = (Hostile::resetting(), Hostile::closing());
    let (alerting, broken) = (Hostile::alerting(40), Hostile::broken_handshake());
    let (half_closed, flooding) = (Hostile::half_closed(), Hostile::flooding());
    let (records, handshake) = (Hostile::endless_records(), Hostile::endless_handshake());
    let good = Hostile::over_tls(&made.good(), &[], |session| {
        let _ = session.read(&mut [0; 4096]);
        let _ = session.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    });
    let old = Hostile::speaking_tls_1_1();
    let mut all = vec![
        passes(
            "good",
            https(good.address(), &root, ""),
            "status: 200, body: ok",
        ),
        passes("tls-good", tls(good.address(), &root, ""), "trusted: true"),
        stops(
            "refused",
            https(refusing.address(), &root, ""),
            "tcp.refused",
            "connect",
        ),
        stops(
            "tls-refused",
            tls(refusing.address(), &root, ""),
            "tcp.refused",
            "connect",
        ),
    ];
    for (name, address) in [
        ("nobody-accepts", deaf.address()),
        ("silent", hanging.address()),
    ] {
        let silent = both(name, address, &root, "tls.timeout");
        all.extend(silent.map(Case::by_its_budget));
    }
    for (name, server, code) in [
        ("reset", &resetting, "tls.reset"),
        ("closed", &closing, "tls.eof"),
        ("half-closed", &half_closed, "tls.eof"),
        ("alert", &alerting, "tls.alert.40"),
        ("broken", &broken, "tls.protocol"),
        ("records", &records, "tls.protocol"),
        ("handshake", &handshake, "tls.protocol"),
        ("plaintext", &flooding, "tls.plaintext"),
        ("old", &old, "tls.incompatible"),
    ] {
        all.extend(both(name, server.address(), &root, code));
    }
    look_at(&all);
}

#[test]
fn what_goes_wrong_after_a_good_handshake_is_told_by_its_code() {
    let made = Certificates::make();
    let (root, good) = (made.root(), made.good());
    let answering = |words: &'static str, says_bye: bool| {
        Hostile::over_tls(&good, &[], move |session| {
            let _ = session.read(&mut [0; 4096]);
            let _ = session.write_all(words.as_bytes());
            if says_bye {
                session.conn.send_close_notify();
            }
            let _ = session.flush();
        })
    };
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf";
    let open = "HTTP/1.1 200 OK\r\n\r\nall";
    let (whole, nothing) = (answering(open, true), answering("", true));
    let (cut, silently, truncated) = (
        answering(half, true),
        answering(half, false),
        answering(open, false),
    );
    let hanging = Hostile::over_tls(&good, &[], |session| {
        let _ = std::io::copy(session, &mut std::io::sink());
    });
    let keys = Hostile::endless_keys(&good);
    let at = |server: &Hostile| https(server.address(), &root, "");
    let cases: Vec<Case> = vec![
        passes("whole", at(&whole), "status: 200, body: all"),
        stops(
            "nothing",
            at(&nothing),
            "http.closed.first_byte",
            "first_byte",
        ),
        stops("cut", at(&cut), "http.closed.body", "body"),
        stops("cut-silently", at(&silently), "http.closed.body", "body"),
        // Without a length only the end of TLS says that all of it came (RFC 8446 §6.1).
        stops("truncated", at(&truncated), "http.closed.body", "body"),
        stops("keys", at(&keys), "tls.protocol", "first_byte"),
        stops(
            "silent",
            at(&hanging),
            "http.timeout.first_byte",
            "first_byte",
        )
        .by_its_budget(),
    ];
    look_at(&cases);
}

#[test]
fn an_old_version_is_spoken_and_no_older() {
    let made = Certificates::make();
    let good = made.good();
    let nginx = Nginx::start(&[
        Site::tls(&good, "ssl_protocols TLSv1.2; return 200 $ssl_protocol;"),
        Site::tls(&good, "return 200 $ssl_protocol;"),
    ]);
    let oldest = Hostile::alerting(70);
    let root = made.root();
    let at = |address| https(address, &root, "");
    let new_only = ", min_version: TLSv1.3";
    look_at(&[
        passes("new", at(nginx.address(1)), "status: 200, body: TLSv1.3"),
        passes("old", at(nginx.address(0)), "status: 200, body: TLSv1.2"),
        stops("oldest", at(oldest.address()), "tls.alert.70", "tls"),
        passes(
            "tls-new",
            tls(nginx.address(1), &root, new_only),
            "version: TLSv1.3",
        ),
        passes(
            "tls-old",
            tls(nginx.address(0), &root, ""),
            "version: TLSv1.2",
        ),
        stops(
            "tls-too-old",
            tls(nginx.address(0), &root, new_only),
            "tls.alert.70",
            "tls",
        ),
    ]);
}

#[test]
fn a_protocol_is_agreed_on_or_not() {
    let made = Certificates::make();
    let (root, good) = (made.root(), made.good());
    let nginx = Nginx::start(&[
        Site::http2(&good, "return 200 ok;"),
        Site::tls(&good, "return 200 ok;"),
    ]);
    let (both, one) = (", alpn: [h2, http/1.1]", ", alpn: [h2]");
    look_at(&[
        passes("best", tls(nginx.address(0), &root, both), "alpn: h2"),
        passes(
            "common",
            tls(nginx.address(1), &root, both),
            "alpn: http/1.1",
        ),
        stops(
            "none",
            tls(nginx.address(1), &root, one),
            "tls.alert.120",
            "tls",
        ),
    ]);
}

#[test]
fn tls_is_agreed_on_in_plain_words_or_not() {
    let made = Certificates::make();
    let root = made.root();
    let (smtp, expired) = (Hostile::smtp(&made.good()), Hostile::smtp(&made.expired()));
    let (hanging, garbage) = (Hostile::hanging(), Hostile::garbage());
    let (closing, resetting) = (Hostile::closing(), Hostile::resetting());
    let (no, yes) = (
        Hostile::hearing(b"N".to_vec()),
        Hostile::hearing(b"S".to_vec()),
    );
    let busy = Hostile::saying("554 no service\r\n");
    let at = |server: &Hostile, dialect: &str| {
        tls(server.address(), &root, &format!(", starttls: {dialect}"))
    };
    look_at(&[
        passes("smtp", at(&smtp, "smtp"), "trusted: true"),
        stops("smtp-expired", at(&expired, "smtp"), "tls.expired", "tls"),
        stops(
            "smtp-busy",
            at(&busy, "smtp"),
            "tls.unavailable",
            "starttls",
        ),
        stops(
            "smtp-silent",
            at(&hanging, "smtp"),
            "tls.timeout",
            "starttls",
        )
        .by_its_budget(),
        stops(
            "smtp-garbage",
            at(&garbage, "smtp"),
            "tls.timeout",
            "starttls",
        )
        .by_its_budget(),
        stops(
            "postgres-no",
            at(&no, "postgres"),
            "tls.not_offered",
            "starttls",
        ),
        stops(
            "postgres-then-silence",
            at(&yes, "postgres"),
            "tls.timeout",
            "tls",
        )
        .by_its_budget(),
        stops(
            "postgres-closed",
            at(&closing, "postgres"),
            "tls.eof",
            "starttls",
        ),
        stops(
            "postgres-reset",
            at(&resetting, "postgres"),
            "tls.reset",
            "starttls",
        ),
        stops(
            "postgres-garbage",
            at(&garbage, "postgres"),
            "tls.protocol",
            "starttls",
        ),
        stops(
            "postgres-silent",
            at(&hanging, "postgres"),
            "tls.timeout",
            "starttls",
        )
        .by_its_budget(),
    ]);
}

#[test]
fn a_certificate_is_described_also_when_it_is_not_good() {
    let made = Certificates::make();
    let root = made.root();
    let sites = [
        made.good(),
        made.expired(),
        made.wrong_host(),
        made.missing_intermediate(),
        made.self_signed(),
    ]
    .map(|pair| Site::tls(&pair, "return 200 ok;"));
    let nginx = Nginx::start(&sites);
    let at = |site| tls(nginx.address(site), &root, "");
    look_at(&[
        passes(
            "good",
            at(0),
            "trusted: true, version: TLSv1.3, san: { any: shop.test }, chain: { length: 2 }, expires_in: { above: 365d }",
        ),
        passes(
            "expired",
            at(1),
            "fault: tls.expired, trusted: false, covers: true, expired_since: { above: 365d }, expires_in: 0s",
        ),
        passes(
            "wrong-host",
            at(2),
            "fault: tls.wrong_name, trusted: false, covers: false, san: [other.test]",
        ),
        passes(
            "missing-intermediate",
            at(3),
            "fault: tls.unknown_issuer, trusted: false, issuer: { contains: The intermediate }, chain: { length: 1 }",
        ),
        passes(
            "self-signed",
            at(4),
            "fault: tls.self_signed, trusted: false, self_signed: true",
        ),
    ]);
}
