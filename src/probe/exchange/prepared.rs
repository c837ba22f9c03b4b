//! The request, made once and sent many times.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Method, Request, Uri};

use super::url::{self, Parsed, Target};
use crate::probe::Invalid;
use crate::probe::net::{self, Resolving, TlsSettings};
use crate::yaml::visible;

const AGENT: &str = concat!("allclear/", env!("CARGO_PKG_VERSION"));

/// Everything that is the same for each attempt.
#[derive(Debug)]
pub(in crate::probe) struct Prepared {
    pub(in crate::probe) target: Target,
    /// How the host of the target becomes addresses.
    pub(in crate::probe) resolving: Resolving,
    pub(in crate::probe) tls: TlsSettings,
    pub(in crate::probe) method: Method,
    path: Uri,
    /// Those that not every request has, as a list: ten thousand maps would be large, and one is quickly made.
    headers: Box<[(HeaderName, HeaderValue)]>,
    pub(in crate::probe) body: Bytes,
    /// What must be masked because it is derived from credentials.
    pub(in crate::probe) secrets: Vec<String>,
}

impl Prepared {
    /// A request without a body; headers that every request has are added where they are not given.
    pub(in crate::probe) fn new(
        url: Parsed,
        method: Method,
        mut headers: HeaderMap,
    ) -> Result<Self, Invalid> {
        if !headers.contains_key(HOST) {
            let host = HeaderValue::from_str(&url.authority).map_err(|_| {
                let shown = visible(&url.authority);
                Invalid::new("url", format!("`{shown}` cannot stand in a header"))
            })?;
            headers.insert(HOST, host);
        }
        Ok(Self {
            target: url.target,
            resolving: Resolving::System,
            tls: TlsSettings {
                alpn: vec!["http/1.1".to_owned()],
                ..TlsSettings::default()
            },
            method,
            path: url.path,
            headers: list(headers),
            body: Bytes::new(),
            secrets: Vec::new(),
        })
    }

    /// A plain GET.
    pub(in crate::probe) fn get(url: &str) -> Result<Self, Invalid> {
        Self::new(url::parse(url, None)?, Method::GET, HeaderMap::new())
    }

    /// The request to send.
    pub(super) fn request(&self) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.path.clone();
        let headers = request.headers_mut();
        headers.reserve(self.headers.len() + 2);
        for (name, value) in &self.headers {
            headers.append(name, value.clone());
        }
        default(headers, USER_AGENT, AGENT);
        default(headers, ACCEPT, "*/*");
        request
    }

    /// Whether sending it twice is the same as sending it once (RFC 9110 §9.2.2).
    pub(super) fn is_idempotent(&self) -> bool {
        self.method.is_idempotent()
    }

    /// What it looks at: the name, the socket, the origin.
    pub(in crate::probe) fn resources(&self) -> Vec<String> {
        let Target { host, port, is_tls } = &self.target;
        let scheme = if *is_tls { "https" } else { "http" };
        let mut resources = net::resources(host, *port);
        resources.push(format!("origin:{scheme}://{}", net::authority(host, *port)));
        resources
    }
}

/// Adds a header where it is not given.
pub(in crate::probe) fn default(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    if !headers.contains_key(&name) {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// The headers in their order, those of one name together.
fn list(headers: HeaderMap) -> Box<[(HeaderName, HeaderValue)]> {
    let mut list: Vec<(HeaderName, HeaderValue)> = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        // A further value of a name comes without it.
        if let Some(name) = name.or_else(|| list.last().map(|(name, _)| name.clone())) {
            list.push((name, value));
        }
    }
    list.into()
}
