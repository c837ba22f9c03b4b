//! Which way a request goes: what must be the same for a connection to be used again.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::proxy::Proxy;
use super::url::Target;
use crate::probe::net::{Resolving, TlsSettings};

/// The version of HTTP that is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(in crate::probe) enum Spoken {
    /// What TLS agrees on (ALPN), else HTTP/1.1.
    #[default]
    Agreed,
    /// HTTP/1.1.
    Http1,
    /// HTTP/2; without TLS it is spoken at once (RFC 9113 §3.3).
    Http2,
    /// HTTP/1.1, only to switch to something else, so that no proxy may relay it: it has to open a tunnel.
    Switched,
}

impl Spoken {
    /// The protocols to offer (ALPN), best first.
    pub(in crate::probe) fn alpn(self) -> Vec<String> {
        let names: &[&str] = match self {
            Self::Agreed => &["h2", "http/1.1"],
            Self::Http1 | Self::Switched => &["http/1.1"],
            Self::Http2 => &["h2"],
        };
        names.iter().map(|name| (*name).to_owned()).collect()
    }
}

/// A way to a target. Two requests to one host that differ in who is trusted, or in where the host is looked for, must not
/// share a connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) target: Target,
    pub(super) resolving: Resolving,
    pub(super) tls: Arc<TlsSettings>,
    pub(super) spoken: Spoken,
}

impl Hash for Route {
    /// Few routes to one target differ in the rest, and every look over a kept connection hashes its route twice.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.target.hash(state);
    }
}

/// A route, and the proxy it leads through.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) route: Arc<Route>,
    pub(super) proxy: Option<Arc<Proxy>>,
}
