//! The request, made once and sent many times.

use std::fmt;
use std::sync::{Arc, LazyLock};

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{
    ACCEPT, COOKIE, HOST, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT,
};
use hyper::http::uri::PathAndQuery;
use hyper::{Method, Request, Uri};

use super::connection::Connection;
use super::proxy::{Proxy, Via};
use super::route::{Route, Spoken};
use super::url::{self, Parsed, Target};
use crate::model::{ProbeError, Unable};
use crate::probe::look::Halt;
use crate::probe::net::{self, Resolving, TlsSettings};
use crate::probe::{Context, Invalid};
use crate::yaml::visible;

/// Who asks, when a test does not say.
const AGENT: &str = concat!("allclear/", env!("CARGO_PKG_VERSION"));

/// Everything that is the same for each attempt.
#[derive(Clone)]
pub(in crate::probe) struct Prepared {
    pub(in crate::probe) target: Target,
    /// How the host of the URL becomes addresses.
    pub(in crate::probe) resolving: Resolving,
    /// The host of the URL, once a redirect has led away from it.
    own_host: Option<Box<str>>,
    /// Shared by all where TLS is not spoken.
    pub(in crate::probe) tls: Arc<TlsSettings>,
    pub(in crate::probe) method: Method,
    pub(in crate::probe) spoken: Spoken,
    pub(in crate::probe) via: Via,
    pub(super) path: PathAndQuery,
    /// As the `Host` header has it when none is given: without the scheme's own port.
    pub(super) authority: Box<str>,
    /// Those that not every request has; `host` where it is not the authority.
    pub(in crate::probe) headers: Arc<HeaderMap>,
    /// Few have one.
    body: Option<Box<Bytes>>,
    /// What must be masked because it is derived from credentials.
    pub(in crate::probe) secrets: Vec<String>,
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.url())
    }
}

impl Prepared {
    /// A request without a body; headers that every request has are added where they are not given, when it is sent.
    pub(in crate::probe) fn new(
        url: Parsed,
        method: Method,
        headers: HeaderMap,
    ) -> Result<Self, Invalid> {
        if HeaderValue::from_str(&url.authority).is_err() {
            let shown = visible(&url.authority);
            let why = format!("`{shown}` cannot stand in a header");
            return Err(Invalid::new("url", why));
        }
        Ok(Self {
            own_host: None,
            tls: if url.target.is_tls {
                let alpn = Spoken::Http1.alpn();
                Arc::new(TlsSettings {
                    alpn,
                    ..TlsSettings::default()
                })
            } else {
                NO_TLS.clone()
            },
            target: url.target,
            resolving: Resolving::System,
            method,
            spoken: Spoken::Http1,
            via: Via::default(),
            path: path_of(url.path),
            authority: url.authority.into(),
            headers: if headers.is_empty() {
                NO_HEADERS.clone()
            } else {
                Arc::new(compact(headers))
            },
            body: None,
            secrets: Vec::new(),
        })
    }

    /// A plain GET.
    pub(in crate::probe) fn get(url: &str) -> Result<Self, Invalid> {
        Self::new(url::parse(url, None)?, Method::GET, HeaderMap::new())
    }

    /// Which version is spoken.
    pub(in crate::probe) fn speak(&mut self, spoken: Spoken) {
        self.spoken = spoken;
        if self.target.is_tls {
            Arc::make_mut(&mut self.tls).alpn = spoken.alpn();
        }
    }

    /// The way to the target. Made for each request: ten thousand that are kept would be large, and one is quickly made.
    pub(super) fn route(&self) -> Arc<Route> {
        Arc::new(Route {
            target: self.target.clone(),
            resolving: self.resolving_here(),
            tls: self.tls.clone(),
            spoken: self.spoken,
        })
    }

    /// The proxy to go through. With addresses of its own a test looks at these, and the environment's proxy would look
    /// elsewhere.
    pub(super) fn proxy(&self, ctx: &Context) -> Result<Option<Arc<Proxy>>, ProbeError> {
        match &self.via {
            Via::Direct => Ok(None),
            Via::Given(proxy) => Ok(Some(proxy.clone())),
            Via::Environment if matches!(self.resolving_here(), Resolving::Given(_)) => Ok(None),
            Via::Environment => ctx.shared.proxies.of(&self.target),
        }
    }

    /// How the host of the target becomes addresses.
    pub(super) fn resolving_here(&self) -> Resolving {
        let own_host = self.own_host.as_deref();
        if own_host.is_none_or(|host| host == self.target.host) {
            self.resolving.clone()
        } else {
            self.resolving_of_others()
        }
    }

    /// How hosts other than the one of the URL become addresses: what is given is given for that one only.
    pub(super) fn resolving_of_others(&self) -> Resolving {
        match &self.resolving {
            Resolving::Given(_) => Resolving::System,
            other @ (Resolving::System | Resolving::Server(_)) => other.clone(),
        }
    }

    /// Elsewhere from now on.
    pub(super) fn lead_to(&mut self, url: Parsed) {
        let before = std::mem::replace(&mut self.target, url.target).host;
        self.own_host.get_or_insert(before.into());
        self.authority = url.authority.into();
        self.path = path_of(url.path);
    }

    /// The same at another URL; `None` where that is none.
    pub(in crate::probe) fn elsewhere(&self, url: &str) -> Option<Self> {
        let mut there = self.clone();
        there.lead_to(url::parse(url, None).ok()?);
        Some(there)
    }

    /// With this body.
    pub(in crate::probe) fn with_body(&self, body: Bytes) -> Self {
        let mut sent = self.clone();
        sent.set_body(body);
        sent
    }

    /// What is sent, which may be nothing.
    pub(in crate::probe) fn body(&self) -> Bytes {
        self.body.as_deref().cloned().unwrap_or_default()
    }

    /// Sends this from now on.
    pub(in crate::probe) fn set_body(&mut self, body: Bytes) {
        self.body = (!body.is_empty()).then(|| Box::new(body));
    }

    /// The request to send over this connection.
    pub(super) fn request(
        &self,
        connection: &Connection,
        cookie: Option<HeaderValue>,
    ) -> Result<Request<Full<Bytes>>, Halt> {
        let mut request = Request::new(Full::new(self.body()));
        *request.method_mut() = self.method.clone();
        // With room for what is added: a map that grows is made anew.
        let mut headers = HeaderMap::with_capacity(self.headers.len() + 3);
        for (name, value) in &*self.headers {
            headers.append(name, value.clone());
        }
        if !headers.contains_key(HOST)
            && let Ok(host) = HeaderValue::from_str(&self.authority)
        {
            headers.insert(HOST, host);
        }
        default(&mut headers, USER_AGENT, AGENT);
        default(&mut headers, ACCEPT, "*/*");
        if let Some(cookie) = cookie {
            headers.insert(COOKIE, cookie);
        }
        *request.uri_mut() = if connection.is_http2() {
            // The authority of HTTP/2 is what `Host` was (RFC 9113 §8.3.1).
            let host = headers.remove(HOST);
            let host = host
                .as_ref()
                .map_or(self.authority.as_bytes(), |host| host.as_bytes());
            self.absolute(host)?
        } else if let Some(proxy) = &connection.place.proxy
            && !self.target.is_tls
            && self.spoken != Spoken::Switched
        {
            if let Some(value) = &proxy.authorization {
                headers.insert(PROXY_AUTHORIZATION, value.clone());
            }
            self.absolute(self.authority.as_bytes())?
        } else {
            self.path.clone().into()
        };
        *request.headers_mut() = headers;
        Ok(request)
    }

    fn absolute(&self, authority: &[u8]) -> Result<Uri, Halt> {
        Uri::builder()
            .scheme(self.target.scheme())
            .authority(authority)
            .path_and_query(self.path.clone())
            .build()
            .map_err(|error| {
                let message = format!("the host cannot be sent: {error}");
                Halt::unable(Unable::Value, message)
            })
    }

    /// The host as `Host` has it when nothing else is written.
    pub(in crate::probe) fn own_authority(&self) -> &str {
        &self.authority
    }

    /// The cookies of the jar that it carries, by name: none beside a header that is written.
    pub(in crate::probe) fn cookie_names(&self, ctx: &Context) -> Vec<String> {
        if self.headers.contains_key(COOKIE) {
            return Vec::new();
        }
        ctx.attempt.cookies.names(&self.target, self.path.path())
    }

    /// The URL that is asked for, without credentials.
    pub(in crate::probe) fn url(&self) -> String {
        let (scheme, path) = (self.target.scheme(), self.path.as_str());
        format!("{scheme}://{}{path}", self.authority)
    }

    /// Whether sending it twice is the same as sending it once (RFC 9110 §9.2.2).
    pub(super) fn is_idempotent(&self) -> bool {
        self.method.is_idempotent()
    }

    /// What it looks at: the name and the socket, both of a proxy where one is given, then the proxy, TLS, and the origin. With
    /// addresses of its own it resolves nothing, and looks at these.
    pub(in crate::probe) fn resources(&self) -> Vec<String> {
        let Target { host, port, .. } = &self.target;
        // Through a proxy it resolves the name of that, and the proxy the other.
        let is_through = matches!(self.via, Via::Given(_));
        let resolving = if is_through {
            Resolving::System
        } else {
            self.resolving_here()
        };
        let mut resources = match &self.via {
            Via::Given(proxy) => {
                let way = self.resolving_of_others();
                let mut resources = net::resources(&proxy.host, proxy.port, &way);
                let at = net::authority(&proxy.host, proxy.port).to_ascii_lowercase();
                resources.push(format!("proxy:{at}"));
                resources
            }
            Via::Environment | Via::Direct => net::resources(host, *port, &resolving),
        };
        if self.target.is_tls {
            resources.push(net::tls_resource(host, *port, host, &resolving));
        }
        let (scheme, at) = (self.target.scheme(), net::authority(host, *port));
        let by = net::found_at(host, &resolving);
        resources.push(format!("origin:{scheme}://{at}{by}"));
        resources
    }
}

/// Where TLS is not spoken, and where no header is written: most of ten thousand requests to an `http` URL.
static NO_TLS: LazyLock<Arc<TlsSettings>> = LazyLock::new(Arc::default);
static NO_HEADERS: LazyLock<Arc<HeaderMap>> = LazyLock::new(Arc::default);

fn path_of(uri: Uri) -> PathAndQuery {
    let path = uri.into_parts().path_and_query;
    path.unwrap_or_else(|| PathAndQuery::from_static("/"))
}

/// Without room to grow: a map that was grown to its first header has room for six, in each of ten thousand tests.
fn compact(headers: HeaderMap) -> HeaderMap {
    let mut small = HeaderMap::with_capacity(headers.len());
    small.extend(headers);
    small
}

/// Adds a header where it is not given.
pub(in crate::probe) fn default(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    if !headers.contains_key(&name) {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_shown() {
        let mut prepared = Prepared::get("http://a:hunter2@b/c").unwrap();
        prepared.secrets.push("hunter2".to_owned());
        let prepared = prepared.with_body(Bytes::from_static(b"hunter2"));
        assert_eq!(format!("{prepared:?}"), "GET http://b/c");
    }
}
