//! The request as a line for a shell, so that a failure can be looked at by hand.
//!
//! Credentials are stars here already: what is derived from a secret must not depend on the mask knowing its form. Each word
//! is masked before it is quoted, because quoting may change a secret's form.

use std::fmt::Write;
use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use hyper::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, HeaderName, HeaderValue, PROXY_AUTHORIZATION,
};

use super::keys::Keys;
use super::payload::Part;
use crate::model::{Excerpt, Keep};
use crate::probe::exchange::{Prepared, Spoken, Via};
use crate::probe::net::Resolving;
use crate::template::Mask;

/// A text body up to so many bytes is shown.
const MOST_BODY: usize = 4096;

/// So much of the line is kept.
const SHOWN: usize = 16 * 1024;

/// The label of the line.
pub(in crate::probe) const LABEL: &str = "curl";

/// The line, as evidence. `cookies` are the names of those that were sent, `options` what else curl is to do.
pub(in crate::probe) fn line(
    keys: &Keys<'_>,
    prepared: &Prepared,
    cookies: &[String],
    options: &[&str],
    mask: &Mask,
) -> Excerpt {
    let mut line = Line {
        text: String::with_capacity(256),
        mask,
    };
    line.text.push_str("curl");
    method(&mut line, keys, prepared);
    way(&mut line, keys, prepared);
    headers(&mut line, keys, prepared);
    for name in cookies {
        line.pair("--cookie", &format!("{name}=***"));
    }
    body(&mut line, keys, prepared);
    for option in options {
        line.word(option);
    }
    line.word(&prepared.url());
    Excerpt {
        label: LABEL.into(),
        text: line.text,
        keep: Keep::First(SHOWN),
    }
}

struct Line<'m> {
    text: String,
    mask: &'m Mask,
}

impl Line<'_> {
    /// Adds a word, quoted where a shell would understand it otherwise.
    fn word(&mut self, word: &str) {
        let word = self.mask.apply(word);
        self.text.push(' ');
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
        if !word.is_empty() && word.chars().all(is_plain) {
            self.text.push_str(&word);
        } else {
            let _ = write!(self.text, "'{}'", word.replace('\'', "'\\''"));
        }
    }

    fn pair(&mut self, option: &str, value: &str) {
        self.word(option);
        self.word(value);
    }
}

fn method(line: &mut Line<'_>, keys: &Keys<'_>, prepared: &Prepared) {
    let method = &prepared.method;
    if *method == Method::HEAD {
        line.word("--head");
    } else if *method != Method::GET || sends_body(keys, prepared) {
        line.pair("--request", method.as_str());
    }
}

fn sends_body(keys: &Keys<'_>, prepared: &Prepared) -> bool {
    keys.file.is_some() || keys.multipart.is_some() || !prepared.body().is_empty()
}

fn way(line: &mut Line<'_>, keys: &Keys<'_>, prepared: &Prepared) {
    let target = &prepared.target;
    match prepared.spoken {
        Spoken::Agreed | Spoken::Switched => {}
        Spoken::Http1 => line.word("--http1.1"),
        Spoken::Http2 if target.is_tls => line.word("--http2"),
        Spoken::Http2 => line.word("--http2-prior-knowledge"),
    }
    if let Resolving::Given(addresses) = &prepared.resolving {
        let all: Vec<_> = addresses
            .iter()
            .map(|address| match address {
                IpAddr::V6(_) => format!("[{address}]"),
                IpAddr::V4(_) => address.to_string(),
            })
            .collect();
        let at = format!("{}:{}:{}", target.host, target.port, all.join(","));
        line.pair("--resolve", &at);
    }
    match &prepared.via {
        Via::Environment => {}
        Via::Direct => line.pair("--noproxy", "*"),
        Via::Given(proxy) => line.pair("--proxy", &proxy.shown()),
    }
    if let Some(ca) = keys.ca {
        line.pair("--cacert", &ca.to_string_lossy());
    }
    if let Some(crl) = keys.crl {
        line.pair("--crlfile", &crl.to_string_lossy());
    }
    if let Some(ours) = keys.client_certificate {
        line.pair("--cert", &ours.certificate.to_string_lossy());
        line.pair("--key", &ours.key.to_string_lossy());
    }
}

fn headers(line: &mut Line<'_>, keys: &Keys<'_>, prepared: &Prepared) {
    for (name, value) in &*prepared.headers {
        let shown = String::from_utf8_lossy(value.as_bytes());
        let is_own = (name == HOST && shown == prepared.own_authority())
            || (name == ACCEPT && shown == "*/*")
            || (name == CONTENT_TYPE && keys.multipart.is_some());
        if is_own {
            continue;
        }
        if name == AUTHORIZATION
            && let Some(user) = basic_user(value)
        {
            line.pair("--user", &format!("{user}:***"));
        } else if shown.is_empty() {
            // With `:` curl would leave it out.
            line.pair("--header", &format!("{name};"));
        } else {
            line.pair(
                "--header",
                &format!("{name}: {}", without_secret(name, &shown)),
            );
        }
    }
}

fn basic_user(value: &HeaderValue) -> Option<String> {
    let encoded = value.to_str().ok()?.strip_prefix("Basic ")?;
    let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    decoded.split_once(':').map(|(user, _)| user.to_owned())
}

fn without_secret(name: &HeaderName, value: &str) -> String {
    if name == COOKIE {
        return "***".to_owned();
    }
    if name == AUTHORIZATION || name == PROXY_AUTHORIZATION {
        return match value.split_once(' ') {
            Some((scheme, _)) => format!("{scheme} ***"),
            None => "***".to_owned(),
        };
    }
    value.to_owned()
}

fn body(line: &mut Line<'_>, keys: &Keys<'_>, prepared: &Prepared) {
    if let Some(path) = keys.file {
        line.pair("--data-binary", &format!("@{}", path.to_string_lossy()));
    } else if let Some(parts) = keys.multipart {
        for each in parts {
            part(line, each);
        }
    } else if !prepared.body().is_empty() {
        match std::str::from_utf8(&prepared.body()) {
            Ok(text) if text.len() <= MOST_BODY => line.pair("--data-raw", text),
            _ => line.pair("--data-binary", "@body"),
        }
    }
}

fn part(line: &mut Line<'_>, part: &Part) {
    let Part {
        name, text, file, ..
    } = part;
    let mut value = match (text, file) {
        (Some(text), _) if part.filename.is_none() && part.content_type.is_none() => {
            let cut = &text[..text.floor_char_boundary(MOST_BODY)];
            line.pair("--form-string", &format!("{name}={cut}"));
            return;
        }
        (Some(text), _) => format!("{name}={}", quoted(text)),
        (None, Some(path)) => format!("{name}=@{}", quoted(&path.to_string_lossy())),
        (None, None) => return,
    };
    if let Some(shown) = &part.filename {
        let _ = write!(value, ";filename={}", quoted(shown));
    }
    if let Some(media_type) = part.media_type() {
        let _ = write!(value, ";type={media_type}");
    }
    line.pair("--form", &value);
}

/// As `--form` wants a value that may hold `;` or `,`.
fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}
