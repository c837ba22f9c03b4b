//! `http`: what does it answer, and how long does each part of that take?

mod follow;

use std::sync::OnceLock;

use hyper::header::{ACCEPT_ENCODING, HeaderName};
use tokio::time::Instant;

use super::exchange::{Prepared, tls_for, unpack};
use super::look::Look;
use super::request::keys::request_keys;
use super::request::{body, curl, payload, prepare};
use super::{Context, Invalid, Probe};
use crate::model::{Excerpt, KnownFact, Looked, Observation, Phase, Value};
use crate::yaml::Size;

request_keys! {
    /// Sends one HTTP request and reads the answer whole. HTTP/2 is spoken where TLS agrees on it (ALPN), else HTTP/1.1.
    /// Redirects are answers, unless `redirects` says otherwise. Cookies that an answer sets are sent by later steps of the same
    /// attempt, where they belong (RFC 6265); a `cookie` header that is written stands for itself. An answer that is packed
    /// (`gzip`, `deflate`, `br`, `zstd`) is unpacked, and nothing packed is asked for unless `compressed` says so. Text is read
    /// by its `charset`. The proxies of the environment are used (`http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`), never
    /// for this machine itself or with `resolve`. Certificates must be valid, up to an authority of the system or of
    /// `SSL_CERT_FILE`. `hop` says who wrote the answer: `app`, the proxy whose own page it is (`nginx`, `haproxy`, `envoy`,
    /// `google-frontend`, `awselb`, `cloudflare`, `openresty`, `apache`, `varnish`, `squid`), or `unknown`. `size` is what is
    /// left after unpacking, `wire_size` what came. `beside`, of a step that expects `isolation`, is what was sent and stands in
    /// no other fact: unusual words beside the status, the fields of answers 1xx and of trailers, and what redirects said that
    /// were followed. `redirects` lists the URLs that were followed, `proxy` is `host:port` of the proxy that was used;
    /// `remote_ip` is then the proxy's.
    pub struct Http {
        /// Follow so many redirects at most, 1 to 20; more end in `http.redirect`. They are never followed to another scheme. To
        /// another host or port no credentials go, no cookies but its own, no header that you wrote beside `accept`,
        /// `accept-language`, `accept-encoding`, `cache-control`, `content-type` and `user-agent`,
        /// and nothing that holds a secret.
        #[serde(default)]
        redirects: u8,
        /// Ask for a packed answer: `accept-encoding: gzip, br, zstd`.
        #[serde(default)]
        compressed: bool,
        /// The name of a header that only the application itself sets: an answer that has it is `hop: app`.
        app_marker: Option<Box<str>>,
        /// The body may have so many bytes, as it came and unpacked, or the look ends in `http.too_large`.
        #[serde(default = "two_mebibytes")]
        max_body: Size,
        #[serde(skip)]
        prepared: OnceLock<Prepared>,
    }
}

fn two_mebibytes() -> Size {
    Size(2 * 1024 * 1024)
}

impl Http {
    /// The request, made when first asked for.
    fn prepared(&self) -> Result<&Prepared, Invalid> {
        if let Some(known) = self.prepared.get() {
            return Ok(known);
        }
        if self.max_body.0 > 1024 * 1024 * 1024 {
            return Err(Invalid::new("max_body", "at most 1GiB is read"));
        }
        if self.redirects > 20 {
            return Err(Invalid::new("redirects", "at most 20 are followed"));
        }
        self.marker()?;
        let packed = [(ACCEPT_ENCODING, "gzip, br, zstd")];
        let ours = if self.compressed { &packed[..] } else { &[] };
        let made = prepare::prepare(&self.keys(), ours)?;
        Ok(self.prepared.get_or_init(|| made))
    }

    fn marker(&self) -> Result<Option<HeaderName>, Invalid> {
        let name = self.app_marker.as_ref();
        name.map(|name| HeaderName::from_bytes(name.as_bytes()))
            .transpose()
            .map_err(|_| Invalid::new("app_marker", "this is no name of a header"))
    }

    /// The request as a line for a shell.
    fn line(&self, prepared: &Prepared, cookies: &[String], ctx: &Context) -> Excerpt {
        let most = self.redirects.to_string();
        let following = ["--location", "--max-redirs", &most];
        let following = if self.redirects > 0 {
            &following[..]
        } else {
            &[]
        };
        let mask = &ctx.shared.mask;
        curl::line(&self.keys(), prepared, cookies, following, mask)
    }
}

impl Probe for Http {
    const FACTS: &'static [KnownFact] = &[
        KnownFact::number("status"),
        KnownFact::HEADERS,
        KnownFact::text("body"),
        KnownFact::JSON,
        KnownFact::size("size"),
        KnownFact::size("wire_size"),
        KnownFact::text("version"),
        KnownFact::list("beside"),
        KnownFact::text("hop"),
        KnownFact::truth("app_marker"),
        KnownFact::list("redirects"),
        KnownFact::text("proxy"),
        KnownFact::text("remote_ip"),
        KnownFact::text("family"),
    ];

    fn prepare(&self) -> Result<(), Invalid> {
        self.prepared().map(|_| ())
    }

    fn resources(&self) -> Vec<String> {
        self.prepared().map(Prepared::resources).unwrap_or_default()
    }

    fn led_to(&self, seen: &Observation) -> Option<Vec<String>> {
        let Value::List(followed) = seen.facts.get("redirects")? else {
            return None;
        };
        let last = followed.last()?.as_text()?;
        let there = self.prepared().ok()?.elsewhere(last)?;
        Some(there.resources())
    }

    fn request(&self) -> String {
        self.keys().asked()
    }

    fn show(&self, ctx: &Context, seen: &mut Observation) {
        let has_line = seen.evidence.iter().any(|one| one.label == curl::LABEL);
        if !has_line && let Ok(prepared) = self.prepared() {
            seen.evidence.insert(0, self.line(prepared, &[], ctx));
        }
        body::show(seen);
    }

    async fn observe(&self, ctx: &Context) -> Looked {
        let prepared = self.prepared()?;
        for secret in &prepared.secrets {
            ctx.shared.mask.add(secret);
        }
        let marker = self.marker()?;
        let filled = payload::filled(&self.keys(), prepared).await?;
        let security = tls_for(ctx, &filled).await?;
        let mut look = Look::begin(ctx);
        // The answer may change the jar: what was sent is known only now.
        let cookies = filled.cookie_names(ctx);
        if !cookies.is_empty() {
            look.show(self.line(&filled, &cookies, ctx));
        }
        let mut answer =
            follow::follow(&mut look, &filled, security, self.redirects.into()).await?;
        body::see_head(&mut look, &answer);
        let (status, headers) = (answer.status, std::mem::take(&mut answer.headers));
        let most = usize::try_from(self.max_body.0).unwrap_or(usize::MAX);
        let mut bytes = Vec::new();
        let mut ended = answer.read_body(&mut look, most, &mut bytes).await;
        look.fact("wire_size", Value::int(bytes.len() as u64));
        let started = Instant::now();
        if let Some(unpacked) = unpack(&look, status, &headers, &mut bytes, most).await {
            look.passed(Phase::Body, started.elapsed());
            ended = ended.and(unpacked);
        }
        body::see_hop(
            &mut look,
            status.as_u16(),
            &headers,
            &bytes,
            marker.as_ref(),
        );
        body::see_body(&mut look, &headers, bytes, ended.is_ok());
        ended.map_err(|halt| look.stop(Phase::Body, halt))?;
        Ok(look.finish())
    }
}

/// Ten thousand of them are kept to the end of a run.
const _: () = assert!(size_of::<Http>() <= 648);

#[cfg(test)]
mod tests;
