//! What a handshake showed, as facts.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;

use crate::model::{Keep, Value};
use crate::probe::look::Look;
use crate::probe::net::{Certificate, Examined, covers, version_name};

/// Records everything that was seen, however the handshake ended.
pub(super) fn record(look: &mut Look<'_>, seen: &Examined, name: &ServerName<'_>) {
    if let Some(version) = seen.version {
        look.fact("version", Value::Text(version_name(version)));
    }
    if let Some(cipher) = seen.cipher {
        // The registry of IANA has no 13 in these names.
        let name = format!("{:?}", cipher.suite()).replacen("TLS13_", "TLS_", 1);
        look.fact("cipher", Value::Text(name));
    }
    if let Some(alpn) = &seen.alpn {
        let protocol = String::from_utf8_lossy(alpn).into_owned();
        look.fact("alpn", Value::Text(protocol));
    }
    let Some(presented) = seen.chain.first() else {
        return;
    };
    let is_covered = covers(presented, name);
    look.fact("trusted", Value::Bool(seen.is_trusted));
    look.fact("covers", Value::Bool(is_covered));
    look.fact("asks_for_certificate", Value::Bool(seen.is_asking));
    let known = &look.ctx.shared.certificates;
    let certificate = known.read(presented);
    let sent_along = seen.chain.iter().skip(1).map(|der| known.read(der));
    let chain = std::iter::once(certificate.clone()).chain(sent_along);
    let chain = chain.flatten().map(|one| link(&one)).collect();
    look.fact("chain", Value::List(chain));
    let Some(certificate) = certificate else {
        return;
    };
    if !is_covered && let Some(sibling) = certificate.sibling_of(&name.to_str()) {
        look.fact("covers_sibling", Value::Text(sibling.to_owned()));
    }
    if seen.outcome.is_err() {
        look.evidence("certificate", certificate.to_string(), Keep::First(2048));
    }
    validity(look, &certificate);
    let Certificate {
        subject,
        issuer,
        names,
        serial,
        key,
        signature_algorithm,
        is_self_signed,
        ..
    } = Arc::unwrap_or_clone(certificate);
    let names = names.into_iter().map(Value::Text).collect();
    look.fact("subject", Value::Text(subject));
    look.fact("issuer", Value::Text(issuer));
    look.fact("san", Value::List(names));
    look.fact("serial", Value::Text(serial));
    look.fact("key", Value::Text(key));
    look.fact("signature_algorithm", Value::Text(signature_algorithm));
    look.fact("self_signed", Value::Bool(is_self_signed));
}

/// A length of time is never negative: what has expired expires in nothing, since some time.
fn validity(look: &mut Look<'_>, certificate: &Certificate) {
    let Certificate {
        not_before,
        not_after,
        ..
    } = certificate;
    let now = jiff::Timestamp::now().as_second();
    let left = not_after.unix.saturating_sub(now);
    let seconds = |count: i64| Duration::from_secs(count.max(0).unsigned_abs());
    look.fact("not_before", Value::Text(not_before.to_string()));
    look.fact("not_after", Value::Text(not_after.to_string()));
    look.fact("expires_in", Value::Duration(seconds(left)));
    if left < 0 {
        let since = Value::Duration(seconds(left.saturating_neg()));
        look.fact("expired_since", since);
    }
}

fn link(certificate: &Certificate) -> Value {
    let entry = |name: &str, text: String| (name.to_owned(), Value::Text(text));
    Value::Map(vec![
        entry("subject", certificate.subject.clone()),
        entry("issuer", certificate.issuer.clone()),
        entry("not_after", certificate.not_after.to_string()),
    ])
}
