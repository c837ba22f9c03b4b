//! `http`: what does it answer, and how long does each part of that take?

mod body;
mod curl;
mod follow;
mod hop;
mod payload;
mod request;
mod text;

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use schemars::JsonSchema;
use serde::Deserialize;

use hyper::header::HeaderName;
use tokio::time::Instant;

use super::exchange::{Prepared, tls_for, unpack, without_userinfo};
use super::look::Look;
use super::net::ClientCertificate;
use super::pairs::Pairs;
use super::{Context, Invalid, Probe};
use crate::model::{KnownFact, Looked, Observation, Phase, Value};
use crate::yaml::{Raw, Size};

/// Sends one HTTP request and reads the answer whole. HTTP/2 is spoken where TLS agrees on it (ALPN), else HTTP/1.1. Redirects
/// are answers, unless `redirects` says otherwise. Cookies that an answer sets are sent by later steps of the same attempt, where
/// they belong (RFC 6265); a `cookie` header that is written stands for itself. An answer that is packed (`gzip`, `deflate`, `br`,
/// `zstd`) is unpacked, and nothing packed is asked for unless `compressed` says so. Text is read by its `charset`. The proxies of
/// the environment are used (`http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`), never for this machine itself or with
/// `resolve`. Certificates must be valid, up to an authority of the system or of `SSL_CERT_FILE`. `hop` says who wrote the answer: `app`, the proxy whose own page it is (`nginx`, `haproxy`, `envoy`, `google-frontend`, `awselb`,
/// `cloudflare`, `openresty`, `apache`, `varnish`, `squid`), or `unknown`. `size` is what is left after unpacking, `wire_size`
/// what came. `redirects` lists the URLs that were followed, `proxy` is `host:port` of the proxy that was used; `remote_ip` is then
/// the proxy's.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// An `http` or `https` URL. A user and password in it become basic authentication.
    url: String,
    /// The method, in capitals.
    #[serde(default = "get")]
    method: String,
    /// Headers; one of ours (`host`, `user-agent`, `accept`, `content-type`) is replaced.
    #[serde(default)]
    headers: Pairs,
    /// Added to the query of the URL, form-encoded.
    query: Option<Pairs>,
    /// Any YAML, sent as JSON.
    json: Option<Box<Raw>>,
    /// Sent as an HTML form is.
    form: Option<Pairs>,
    /// Parts of a form with files (`multipart/form-data`).
    multipart: Option<Vec<payload::Part>>,
    /// A file, sent as it is; read before the clock starts. Relative paths begin where the program was started.
    file: Option<PathBuf>,
    /// Text, sent as it is.
    body: Option<Box<str>>,
    /// Credentials.
    auth: Option<Box<Auth>>,
    /// Follow so many redirects at most, 1 to 20; more end in `http.redirect`. They are never followed to another scheme. To
    /// another host or port no credentials go, no cookies but its own, no header that you wrote beside `accept`, `accept-language`,
    /// `accept-encoding`, `cache-control`, `content-type` and `user-agent`, and nothing that holds a secret.
    #[serde(default)]
    redirects: u8,
    /// The only version to speak: `HTTP/1.1` or `HTTP/2`; by default what TLS agrees on. `HTTP/2` to an `http` URL is spoken at once.
    version: Option<Version>,
    /// Ask for a packed answer: `accept-encoding: gzip, br, zstd`.
    #[serde(default)]
    compressed: bool,
    /// The URL of an `http` or `https` proxy, instead of the environment's; `none` for no proxy at all. A user and password in it
    /// become its basic authentication.
    proxy: Option<String>,
    /// The name of a header that only the application itself sets: an answer that has it is `hop: app`.
    app_marker: Option<String>,
    /// Addresses to connect to instead of looking up the host of the URL, to test a new balancer before the switch. The host is
    /// asked for, and must be certified, all the same.
    resolve: Option<Vec<IpAddr>>,
    /// The address of a name server to ask for the host instead of the system: `10.0.0.2`, `10.0.0.2:5353`, `[fd00::2]:5353`. The
    /// host is then fully qualified.
    resolver: Option<String>,
    /// A PEM file of authorities, trusted instead of the system's. Relative paths begin where the program was started. `system`
    /// says what holds without it, for a variable that has to say something.
    ca: Option<Box<Path>>,
    /// A file of lists of revoked certificates (CRL): any number in PEM form, or one in DER form. Nothing is fetched. Each
    /// certificate below the authority that is trusted needs a list of who signed it; where one is missing or out of date nothing
    /// is known, and the look is an error. Relative paths begin where the program was started.
    crl: Option<Box<Path>>,
    /// Who we say we are, for servers that want to know.
    client_certificate: Option<Box<ClientCertificate>>,
    /// The body may have so many bytes, as it came and unpacked, or the look ends in `http.too_large`.
    #[serde(default = "two_mebibytes")]
    max_body: Size,
    #[serde(skip)]
    prepared: OnceLock<Prepared>,
    #[serde(skip)]
    boundary: OnceLock<Box<str>>,
}

/// A version of HTTP.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
enum Version {
    /// RFC 9112.
    #[serde(rename = "HTTP/1.1")]
    Http1,
    /// RFC 9113.
    #[serde(rename = "HTTP/2")]
    Http2,
}

/// Credentials.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Auth {
    /// User and password (RFC 7617).
    Basic {
        /// The user, without `:`.
        user: String,
        /// The password.
        password: String,
    },
    /// A token (RFC 6750).
    Bearer(String),
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basic { .. } => "basic",
            Self::Bearer(_) => "bearer",
        })
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.request())
    }
}

fn get() -> String {
    "GET".to_owned()
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
        let made = request::prepare(self)?;
        Ok(self.prepared.get_or_init(|| made))
    }

    fn marker(&self) -> Result<Option<HeaderName>, Invalid> {
        let name = self.app_marker.as_ref();
        name.map(|name| HeaderName::from_bytes(name.as_bytes()))
            .transpose()
            .map_err(|_| Invalid::new("app_marker", "this is no name of a header"))
    }

    /// What stands between the parts of a `multipart` body.
    fn boundary(&self) -> &str {
        self.boundary
            .get_or_init(|| format!("allclear-{}", uuid::Uuid::new_v4().simple()).into())
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
        KnownFact::text("hop"),
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

    fn request(&self) -> String {
        [self.method.as_ref(), " ", &without_userinfo(&self.url)].concat()
    }

    fn show(&self, ctx: &Context, seen: &mut Observation) {
        let has_line = seen.evidence.iter().any(|one| one.label == curl::LABEL);
        if !has_line && let Ok(prepared) = self.prepared() {
            let line = curl::line(self, prepared, &[], &ctx.shared.mask);
            seen.evidence.insert(0, line);
        }
        body::show(seen);
    }

    async fn observe(&self, ctx: &Context) -> Looked {
        let prepared = self.prepared()?;
        for secret in &prepared.secrets {
            ctx.shared.mask.add(secret);
        }
        let marker = self.marker()?;
        let filled = payload::filled(self, prepared, self.boundary()).await?;
        let security = tls_for(ctx, &filled).await?;
        let mut look = Look::begin(ctx);
        // The answer may change the jar: what was sent is known only now.
        let cookies = filled.cookie_names(ctx);
        if !cookies.is_empty() {
            look.show(curl::line(self, &filled, &cookies, &ctx.shared.mask));
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
