//! What a URL of ours may look like, and where it leads.

use std::borrow::Cow;
use std::fmt;

use hyper::Uri;
use url::{Host, Url};

use crate::probe::pairs::Pairs;
use crate::probe::{Invalid, net};
use crate::yaml::visible;

/// Where a URL leads.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::probe) struct Target {
    pub(in crate::probe) is_tls: bool,
    /// Name or address, without brackets.
    pub(in crate::probe) host: String,
    pub(in crate::probe) port: u16,
}

impl Target {
    pub(in crate::probe) fn scheme(&self) -> &'static str {
        if self.is_tls { "https" } else { "http" }
    }
}

/// A URL taken apart.
pub(in crate::probe) struct Parsed {
    pub(in crate::probe) target: Target,
    /// As the `Host` header has it: without the scheme's own port.
    pub(in crate::probe) authority: String,
    /// Path and query, as the request line has them.
    pub(in crate::probe) path: Uri,
    /// User and password that stood in the URL.
    pub(in crate::probe) userinfo: Option<(String, String)>,
}

impl fmt::Debug for Parsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.target.scheme();
        write!(f, "{scheme}://{}{}", self.authority, self.path)
    }
}

/// What is spoken: without and with TLS, as a URL says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::probe) enum Scheme {
    /// `http` and `https`.
    Http,
    /// `ws` and `wss` (RFC 6455 §3).
    WebSocket,
}

impl Scheme {
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Http => ("http", "https"),
            Self::WebSocket => ("ws", "wss"),
        }
    }
}

/// Reads an `http` or `https` URL and adds a query.
pub(in crate::probe) fn parse(text: &str, query: Option<&Pairs>) -> Result<Parsed, Invalid> {
    parse_as(Scheme::Http, text, query)
}

/// Reads a URL and adds a query. The fragment is dropped: it never leaves the client (RFC 9110 §4.2.5).
///
/// The URL standard quietly repairs white space, backslashes and missing slashes; we say what is wrong instead, because a
/// repaired URL is not the one that the application under test is given.
pub(in crate::probe) fn parse_as(
    scheme: Scheme,
    text: &str,
    query: Option<&Pairs>,
) -> Result<Parsed, Invalid> {
    let (plain, secure) = scheme.names();
    let wrong = |why: &str| Invalid::new("url", why.to_owned());
    if text.is_empty() {
        return Err(wrong("the URL is empty"));
    }
    if let Some(at) = text.find(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
        let found = text[at..]
            .chars()
            .next()
            .map(String::from)
            .unwrap_or_default();
        let found = if found == " " {
            "a space".to_owned()
        } else {
            format!("`{}`", visible(&found))
        };
        return Err(wrong(&format!(
            "the URL holds {found} at character {}; encode it or take it out",
            text[..at].chars().count() + 1
        )));
    }
    if userinfo_is_torn(text) {
        return Err(wrong(
            "`@` stands before the host and again behind a `/`: a user or password with a `/` in it must be encoded (`| urlencode`)",
        ));
    }
    let is_tls = match text.split_once("://") {
        Some((scheme, rest)) if !rest.is_empty() && !rest.starts_with('/') => {
            match scheme.to_ascii_lowercase() {
                known if known == plain => false,
                known if known == secure => true,
                other => {
                    return Err(wrong(&format!(
                        "the scheme is `{other}`; `{plain}` and `{secure}` are spoken here"
                    )));
                }
            }
        }
        Some(_) => return Err(wrong("the URL has no host")),
        None => {
            return Err(wrong(&format!(
                "the URL has no scheme; it begins with `{plain}://` or `{secure}://`"
            )));
        }
    };
    let mut url = Url::parse(text).map_err(|error| wrong(&format!("no URL: {error}")))?;
    let host = match url.host() {
        Some(Host::Domain(name)) => name.to_owned(),
        Some(Host::Ipv4(address)) => address.to_string(),
        Some(Host::Ipv6(address)) => address.to_string(),
        None => return Err(wrong("the URL has no host")),
    };
    url.port().map_or(Ok(()), net::check_port).map_err(wrong)?;
    if let Some(Pairs(pairs)) = query
        && !pairs.is_empty()
    {
        url.query_pairs_mut().extend_pairs(pairs);
    }
    let port = url
        .port_or_known_default()
        .unwrap_or(if is_tls { 443 } else { 80 });
    let authority = match url.port() {
        Some(port) => net::authority(&host, port),
        None if host.contains(':') => format!("[{host}]"),
        None => host.clone(),
    };
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let path = path
        .parse()
        .map_err(|error| wrong(&format!("its path cannot be sent: {error}")))?;
    let userinfo = (!url.username().is_empty() || url.password().is_some()).then(|| {
        (
            net::percent_decoded(url.username()),
            net::percent_decoded(url.password().unwrap_or_default()),
        )
    });
    Ok(Parsed {
        target: Target { is_tls, host, port },
        authority,
        path,
        userinfo,
    })
}

/// Whether a `/` in what was to be a password has ended the host: what stands behind it would be asked for, and shown.
fn userinfo_is_torn(text: &str) -> bool {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    rest.split_once('/')
        .is_some_and(|(authority, path)| authority.contains('@') && path.contains('@'))
}

/// The URL as it may be shown.
pub(in crate::probe) fn without_userinfo(text: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.into();
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://{host}{path}").into(),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_that_would_be_repaired_are_refused() {
        for (text, why) in [
            ("", "empty"),
            ("web/health", "no scheme"),
            ("ftp://web/", "`ftp`"),
            ("http:///health", "no host"),
            ("http://", "no host"),
            ("http://web/a b", "a space"),
            ("http://web/\r\nx: y", "`␍`"),
            ("http://web\n", "at character 11"),
            ("http:\\\\web", "`\\`"),
            ("http://web:0/", "port 0"),
            ("http://web:99999/", "port"),
            ("http://me:p@ss/word@web/", "must be encoded"),
        ] {
            let told = parse(text, None).unwrap_err().message;
            assert!(told.contains(why), "{text:?}: {told}");
        }
    }

    #[test]
    fn a_url_is_taken_apart() {
        let query = Pairs(vec![("q".to_owned(), "a b&c".to_owned())]);
        let parsed = parse(
            "https://me:p%40ss+w&x=%@Web.example:8443/ä?x=1#top",
            Some(&query),
        )
        .unwrap();
        assert_eq!(parsed.target.host, "web.example");
        assert_eq!((parsed.target.is_tls, parsed.target.port), (true, 8443));
        assert_eq!(parsed.authority, "web.example:8443");
        assert_eq!(parsed.path, "/%C3%A4?x=1&q=a+b%26c");
        assert_eq!(
            parsed.userinfo,
            Some(("me".to_owned(), "p@ss+w&x=%".to_owned()))
        );
        let parsed = parse("http://[::1]", None).unwrap();
        assert_eq!(
            (parsed.target.host.as_str(), parsed.target.port),
            ("::1", 80)
        );
        assert_eq!(
            (parsed.authority.as_str(), parsed.path.path()),
            ("[::1]", "/")
        );
        assert_eq!(without_userinfo("http://a:b@web/x@y"), "http://web/x@y");
    }
}
