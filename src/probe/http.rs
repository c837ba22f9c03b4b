//! `http`: what does it answer, and how long does each part of that take?

mod body;
mod request;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::OnceLock;

use schemars::JsonSchema;
use serde::Deserialize;

use super::exchange::{Prepared, ask, tls_for, without_userinfo};
use super::look::Look;
use super::net::ClientCertificate;
use super::pairs::Pairs;
use super::{Context, Invalid, Probe};
use crate::model::{Looked, Phase};
use crate::yaml::{Raw, Size};

/// Sends one HTTP/1.1 request and reads the answer whole. Redirects are answers and are not followed; proxies of the
/// environment are not used, so that what is looked at is what is named; no compression is asked for. Certificates must be
/// valid, up to an authority of the system or of `SSL_CERT_FILE`.
#[derive(Debug, Deserialize, JsonSchema)]
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
    json: Option<Raw>,
    /// Sent as an HTML form is.
    form: Option<Pairs>,
    /// Text, sent as it is.
    body: Option<String>,
    /// Credentials.
    auth: Option<Auth>,
    /// Addresses to connect to instead of looking up the host of the URL, to test a new balancer before the switch. The host is
    /// asked for, and must be certified, all the same.
    resolve: Option<Vec<IpAddr>>,
    /// The address of a name server to ask for the host instead of the system: `10.0.0.2`, `10.0.0.2:5353`, `[fd00::2]:5353`. The
    /// host is then fully qualified.
    resolver: Option<String>,
    /// A PEM file of authorities, trusted instead of the system's. Relative paths begin where the program was started.
    ca: Option<PathBuf>,
    /// Who we say we are, for servers that want to know.
    client_certificate: Option<ClientCertificate>,
    /// The body may have so many bytes, or the look ends in `http.too_large`.
    #[serde(default = "eight_mebibytes")]
    max_body: Size,
    #[serde(skip)]
    prepared: OnceLock<Prepared>,
}

/// Credentials.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
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

fn get() -> String {
    "GET".to_owned()
}

fn eight_mebibytes() -> Size {
    Size(8 * 1024 * 1024)
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
        let made = request::prepare(self)?;
        Ok(self.prepared.get_or_init(|| made))
    }
}

impl Probe for Http {
    const FACTS: &'static [&'static str] = &[
        "status",
        "headers",
        "body",
        "json",
        "size",
        "version",
        "remote_ip",
        "family",
    ];

    fn prepare(&self) -> Result<(), Invalid> {
        self.prepared().map(|_| ())
    }

    fn resources(&self) -> Vec<String> {
        self.prepared().map(Prepared::resources).unwrap_or_default()
    }

    fn request(&self) -> String {
        format!("{} {}", self.method, without_userinfo(&self.url))
    }

    async fn observe(&self, ctx: &Context) -> Looked {
        let prepared = self.prepared()?;
        for secret in &prepared.secrets {
            ctx.shared.mask.add(secret);
        }
        let tls = tls_for(ctx, prepared).await?;
        let mut look = Look::begin(ctx);
        let answer = ask(&mut look, prepared, tls).await?;
        let says_json = body::see_head(&mut look, &answer);
        let most = usize::try_from(self.max_body.0).unwrap_or(usize::MAX);
        let mut bytes = Vec::new();
        let ended = answer.read_body(&mut look, most, &mut bytes).await;
        body::see_body(&mut look, bytes, says_json, ended.is_ok());
        ended.map_err(|halt| look.stop(Phase::Body, halt))?;
        Ok(look.finish())
    }
}

#[cfg(test)]
mod tests;
