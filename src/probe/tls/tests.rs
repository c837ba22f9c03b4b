use std::time::Duration;

use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::*;
use crate::model::{Observation, Value};
use crate::probe::testing::certificates::{
    Authority, Speaking, listen, params, self_signed, self_signed_from,
};
use crate::probe::testing::{
    AMPLE, BUDGET, Server, closed_port, code, hold, problem, read, reset, stopped, unable,
};

mod refusals;
mod revocation;
mod starttls;

fn probe(port: u16, keys: &str) -> Tls {
    read(&format!("{{ host: localhost, port: {port}{keys} }}"))
}

async fn look_at(port: u16, keys: &str, authority: &Authority) -> Looked {
    let ctx = Context::for_tests(AMPLE).trusting(authority.roots());
    probe(port, keys).observe(&ctx).await
}

async fn brief_look_at(port: u16, keys: &str, authority: &Authority) -> Looked {
    let ctx = Context::for_tests(BUDGET).trusting(authority.roots());
    probe(port, keys).observe(&ctx).await
}

fn fact<'o>(seen: &'o Observation, name: &str) -> Option<&'o Value> {
    assert!(Tls::FACTS.iter().any(|fact| fact.name == name), "{name}");
    seen.facts.get(name)
}

#[track_caller]
fn text<'o>(seen: &'o Observation, name: &str) -> &'o str {
    let value = fact(seen, name).and_then(Value::as_text);
    value.unwrap_or_else(|| panic!("no text {name}: {seen:?}"))
}

fn holds(seen: &Observation, name: &str) -> Option<bool> {
    match fact(seen, name) {
        Some(Value::Bool(holds)) => Some(*holds),
        _ => None,
    }
}

fn texts(list: &[&str]) -> Value {
    Value::List(
        list.iter()
            .map(|text| Value::Text((*text).to_owned()))
            .collect(),
    )
}

const DAY: Duration = Duration::from_hours(24);

#[tokio::test]
async fn a_trusted_server_is_described() {
    let root = Authority::new("root");
    let authority = root.intermediate("between");
    let mut params = params("web", &["localhost", "127.0.0.1", "*.web.example"]);
    params.serial_number = Some(rcgen::SerialNumber::from_slice(&[0x80, 1]));
    params.not_after = rcgen::date_time_ymd(2900, 1, 2);
    let identity = authority.signed(&params, &rcgen::KeyPair::generate().unwrap());
    let server = Speaking::default().serve(identity).await;
    let seen = look_at(server.port(), "", &root).await.unwrap();
    for (name, expected) in [
        ("version", "TLSv1.3"),
        ("cipher", "TLS_AES_256_GCM_SHA384"),
        ("subject", "CN=web"),
        ("issuer", "CN=between"),
        ("serial", "8001"),
        ("not_after", "2900-01-02T00:00:00Z"),
        ("key", "ECDSA P-256"),
        ("signature_algorithm", "ecdsa-with-SHA256"),
    ] {
        assert_eq!(text(&seen, name), expected, "{name}");
    }
    for (name, expected) in [
        ("trusted", true),
        ("covers", true),
        ("self_signed", false),
        ("asks_for_certificate", false),
    ] {
        assert_eq!(holds(&seen, name), Some(expected), "{name}");
    }
    let names = texts(&["localhost", "127.0.0.1", "*.web.example"]);
    assert_eq!(fact(&seen, "san"), Some(&names));
    assert!(matches!(fact(&seen, "expires_in"), Some(Value::Duration(left)) if *left > DAY * 365));
    for absent in ["expired_since", "covers_sibling", "alpn"] {
        assert_eq!(fact(&seen, absent), None, "{absent}");
    }
    let Some(Value::List(chain)) = fact(&seen, "chain") else {
        panic!("no chain: {seen:?}");
    };
    let subjects: Vec<_> = chain.iter().map(|link| link.get("subject")).collect();
    let expected = ["CN=web", "CN=between"].map(|text| Value::Text(text.to_owned()));
    assert_eq!(subjects, [Some(&expected[0]), Some(&expected[1])]);
    assert!(seen.phase(Phase::Tls).is_some() && seen.evidence.is_empty());
    assert!(fact(&seen, "remote_ip").is_some() && fact(&seen, "family").is_some());
}

#[tokio::test]
async fn an_address_is_not_asked_for_and_a_name_is() {
    let authority = Authority::new("ours");
    let params = params("web", &["127.0.0.1", "web.example"]);
    let identity = authority.signed(&params, &rcgen::KeyPair::generate().unwrap());
    let acceptor = Speaking::default().acceptor(identity);
    let (asked, mut names) = mpsc::unbounded_channel();
    let server = Server::start(move |stream| {
        let (acceptor, asked) = (acceptor.clone(), asked.clone());
        async move {
            let Ok(stream) = acceptor.accept(stream).await else {
                return;
            };
            let _ = asked.send(stream.get_ref().1.server_name().map(str::to_owned));
        }
    })
    .await;
    for (keys, expected) in [("", None), (", sni: web.example", Some("web.example"))] {
        let ctx = Context::for_tests(AMPLE).trusting(authority.roots());
        let probe: Tls = read(&format!(
            "{{ host: 127.0.0.1, port: {}{keys} }}",
            server.port()
        ));
        let seen = probe.observe(&ctx).await.unwrap();
        assert_eq!(holds(&seen, "covers"), Some(true));
        assert_eq!(names.recv().await.unwrap().as_deref(), expected);
    }
}

#[tokio::test]
async fn each_version_is_told_and_the_lowest_is_held() {
    let authority = Authority::new("ours");
    let old = Speaking {
        only: Some(&TLS12),
        ..Speaking::default()
    };
    let server = old.serve(authority.certificate("localhost")).await;
    let seen = look_at(server.port(), "", &authority).await.unwrap();
    assert_eq!(text(&seen, "version"), "TLSv1.2");
    assert_eq!(
        text(&seen, "cipher"),
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
    );
    let keys = ", min_version: TLSv1.3";
    let looked = look_at(server.port(), keys, &authority).await;
    assert_eq!(code(looked), "tls.alert.70"); // protocol_version
    let new = Speaking {
        only: Some(&TLS13),
        ..Speaking::default()
    };
    let server = new.serve(authority.certificate("localhost")).await;
    let seen = look_at(server.port(), keys, &authority).await.unwrap();
    assert_eq!(text(&seen, "version"), "TLSv1.3");
}

#[tokio::test]
async fn protocols_are_offered_and_the_choice_is_told() {
    let authority = Authority::new("ours");
    let picky = Speaking {
        alpn: &["http/1.1"],
        ..Speaking::default()
    };
    let server = picky.serve(authority.certificate("localhost")).await;
    let seen = look_at(server.port(), ", alpn: [h2, http/1.1]", &authority)
        .await
        .unwrap();
    assert_eq!(text(&seen, "alpn"), "http/1.1");
    let looked = look_at(server.port(), ", alpn: [h2]", &authority).await;
    assert_eq!(code(looked), "tls.alert.120"); // no_application_protocol
    let careless = Speaking::default()
        .serve(authority.certificate("localhost"))
        .await;
    let seen = look_at(careless.port(), ", alpn: [h2]", &authority)
        .await
        .unwrap();
    assert_eq!(fact(&seen, "alpn"), None);
}

#[tokio::test]
async fn authorities_of_a_file_are_trusted_instead_of_the_systems() {
    let (system, ours) = (Authority::new("system"), Authority::new("ours"));
    let file = ours.file();
    let keys = format!(", ca: {}", file.path().display());
    let server = Speaking::default()
        .serve(ours.certificate("localhost"))
        .await;
    assert!(look_at(server.port(), &keys, &system).await.is_ok());
    assert_eq!(
        code(look_at(server.port(), "", &system).await),
        "tls.unknown_issuer"
    );
    let server = Speaking::default()
        .serve(system.certificate("localhost"))
        .await;
    assert_eq!(
        code(look_at(server.port(), &keys, &system).await),
        "tls.unknown_issuer"
    );
    let error = unable(look_at(server.port(), ", ca: /nonexistent.pem", &system).await);
    assert!(
        error.message.contains("`ca`: `/nonexistent.pem`"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_certificate_that_somebody_named_may_be_the_servers_own() {
    let system = Authority::new("system");
    for is_authority in [false, true] {
        let own = self_signed("localhost", is_authority);
        let (file, _) = own.files();
        let keys = format!(", ca: {}", file.path().display());
        let server = Speaking::default().serve(own).await;
        let seen = look_at(server.port(), &keys, &system).await.unwrap();
        assert_eq!(holds(&seen, "trusted"), Some(true));
        assert_eq!(holds(&seen, "self_signed"), Some(true));
        let other_name = format!("{keys}, sni: other.example");
        let looked = look_at(server.port(), &other_name, &system).await;
        assert_eq!(code(looked), "tls.wrong_name");
        let another = self_signed("localhost", is_authority);
        let server = Speaking::default().serve(another).await;
        let looked = look_at(server.port(), &keys, &system).await;
        assert_eq!(code(looked), "tls.self_signed");
        let mut params = params("localhost", &["localhost"]);
        params.not_after = rcgen::date_time_ymd(2001, 1, 1);
        let expired = self_signed_from(params, is_authority);
        let (file, _) = expired.files();
        let keys = format!(", ca: {}", file.path().display());
        let server = Speaking::default().serve(expired).await;
        let looked = look_at(server.port(), &keys, &system).await;
        assert_eq!(code(looked), "tls.expired");
    }
}

#[tokio::test]
async fn a_server_that_wants_to_know_us_is_told() {
    let (authority, clients) = (Authority::new("ours"), Authority::new("clients"));
    let stranger = Authority::new("others").certificate("me").files();
    let known = clients.certificate("me").files();
    let shown = |(certificate, key): &(tempfile::NamedTempFile, tempfile::NamedTempFile)| {
        let (certificate, key) = (certificate.path().display(), key.path().display());
        format!(", client_certificate: {{ certificate: {certificate}, key: {key} }}")
    };
    for version in [&TLS13, &TLS12] {
        let strict = Speaking {
            only: Some(version),
            clients_of: Some(&clients),
            ..Speaking::default()
        };
        let server = strict.serve(authority.certificate("localhost")).await;
        let seen = look_at(server.port(), &shown(&known), &authority)
            .await
            .unwrap();
        assert_eq!(holds(&seen, "asks_for_certificate"), Some(true));
        let (code, seen) = stopped(look_at(server.port(), "", &authority).await);
        assert_eq!(code.as_str(), "tls.alert.116"); // certificate_required
        assert_eq!(holds(&seen, "trusted"), Some(true));
        let (code, _) = stopped(look_at(server.port(), &shown(&stranger), &authority).await);
        assert_eq!(code.as_str(), "tls.alert.48"); // unknown_ca
    }
}

#[tokio::test]
async fn a_server_that_only_would_like_to_know_us_is_no_fault() {
    let (authority, clients) = (Authority::new("ours"), Authority::new("clients"));
    let polite = Speaking {
        clients_of: Some(&clients),
        serves_strangers: true,
        ..Speaking::default()
    };
    let server = polite.serve(authority.certificate("localhost")).await;
    let seen = look_at(server.port(), "", &authority).await.unwrap();
    assert_eq!(holds(&seen, "asks_for_certificate"), Some(true));
    let silent = Speaking {
        gives_no_tickets: true,
        ..polite
    };
    let server = silent.serve(authority.certificate("localhost")).await;
    let seen = brief_look_at(server.port(), "", &authority).await.unwrap();
    assert_eq!(text(&seen, "version"), "TLSv1.3");
    // What the wait for its opinion takes is none of the handshake's time.
    let seen = look_at(server.port(), "", &authority).await.unwrap();
    let second = Duration::from_secs(1);
    assert!(seen.phase(Phase::Tls).unwrap() < second && seen.latency >= second);
}

#[test]
fn slips_are_told() {
    for (yaml, message) in [
        ("{ host: \"http://a\" }", "is a URL"),
        ("{ host: a, port: 0 }", "1 to 65535"),
        ("{ host: a..b }", "no name a certificate can have"),
        ("{ host: a, sni: 127.0.0.1 }", "is an address; only names"),
        ("{ host: a, sni: a..b }", "no name a certificate can have"),
        (
            "{ host: a, starttls: smtp }",
            "needs a `port`; the usual one is 587",
        ),
        ("{ host: a, port: 1, starttls: imap }", "imap"),
        ("{ host: a, alpn: [\"\"] }", "1 to 255 bytes"),
        ("{ host: a, min_version: TLSv1.1 }", "TLSv1.1"),
        ("{ host: a, client_certificate: { certificate: a } }", "key"),
        ("{ host: a, snl: b }", "did you mean `sni`"),
    ] {
        let told = problem("tls", yaml);
        assert!(told.contains(message), "{yaml}: {told}");
    }
}
