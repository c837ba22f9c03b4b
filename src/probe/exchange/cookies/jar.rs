//! The cookies of one attempt, and who is given them.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::date;
use crate::probe::exchange::url::Target;

/// So many are kept (RFC 6265 §6.1 asks for 50 a host); the oldest goes first.
const MOST: usize = 300;

/// Name and value may have so many bytes together (RFC 6265 §6.1).
const LONGEST: usize = 4096;

/// The cookies of one attempt. Locked: steps run in order, but nothing says so to the compiler.
#[derive(Default)]
pub(in crate::probe) struct Jar(Mutex<Vec<Cookie>>);

struct Cookie {
    name: String,
    value: String,
    domain: String,
    /// RFC 6265 §8.5 gives cookies to every port of a host; what runs on another port may be somebody else's.
    port: u16,
    /// Only the host itself is given it (no `Domain`).
    is_host_only: bool,
    path: String,
    is_secure: bool,
    expires: Option<SystemTime>,
}

impl Jar {
    /// The header for a request; `None` without cookies. Longer paths come first (RFC 6265 §5.4).
    pub(super) fn header(&self, target: &Target, path: &str) -> Option<String> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.is_empty() {
            return None;
        }
        let now = SystemTime::now();
        kept.retain(|cookie| !cookie.is_over(now));
        let mut given: Vec<&Cookie> = kept
            .iter()
            .filter(|cookie| cookie.is_for(target, path))
            .collect();
        given.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<_> = given
            .iter()
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// The names of the cookies for a request, to be shown.
    pub(in crate::probe) fn names(&self, target: &Target, path: &str) -> Vec<String> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let given = kept.iter().filter(|cookie| cookie.is_for(target, path));
        given.map(|cookie| cookie.name.clone()).collect()
    }

    /// Takes one `set-cookie`; what is not for this server to set is passed over.
    pub(super) fn keep(&self, target: &Target, path: &str, text: &str) {
        let Some(cookie) = read(target, path, text, SystemTime::now()) else {
            return;
        };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|known| {
            (&known.name, &known.domain, known.port, &known.path)
                != (&cookie.name, &cookie.domain, cookie.port, &cookie.path)
        });
        if cookie.is_over(SystemTime::now()) {
            return;
        }
        if kept.len() >= MOST {
            kept.remove(0);
        }
        kept.push(cookie);
    }
}

impl std::fmt::Debug for Jar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Jar(***)")
    }
}

impl Cookie {
    fn is_over(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|end| end <= now)
    }

    fn is_for(&self, target: &Target, path: &str) -> bool {
        let is_host = if self.is_host_only {
            target.host.eq_ignore_ascii_case(&self.domain)
        } else {
            is_within(&target.host, &self.domain)
        };
        is_host
            && self.port == target.port
            && is_below(path, &self.path)
            && (target.is_tls || !self.is_secure)
    }
}

/// RFC 6265 §5.2 and §5.3.
fn read(target: &Target, path: &str, text: &str, now: SystemTime) -> Option<Cookie> {
    let mut parts = text.split(';');
    let (name, value) = parts.next()?.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    let is_sendable = |text: &str| !text.chars().any(char::is_control);
    if name.is_empty() || name.len() + value.len() > LONGEST {
        return None;
    }
    if !is_sendable(name) || !is_sendable(value) {
        return None;
    }
    let mut cookie = Cookie {
        name: name.to_owned(),
        value: value.to_owned(),
        domain: target.host.to_ascii_lowercase(),
        port: target.port,
        is_host_only: true,
        path: default_path(path),
        is_secure: false,
        expires: None,
    };
    let mut max_age = None;
    for part in parts {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let value = value.trim();
        match key.trim().to_ascii_lowercase().as_str() {
            "domain" => {
                let domain = value.trim_start_matches('.').to_ascii_lowercase();
                if !domain.is_empty() {
                    cookie.is_host_only = false;
                    cookie.domain = domain;
                }
            }
            "path" if value.starts_with('/') => value.clone_into(&mut cookie.path),
            "path" => cookie.path = default_path(path),
            "secure" => cookie.is_secure = true,
            "expires" => cookie.expires = date::read(value).or(cookie.expires),
            "max-age" => max_age = value.parse::<i64>().ok().or(max_age),
            _ => {}
        }
    }
    // `Max-Age` has the last word (RFC 6265 §5.3).
    if let Some(seconds) = max_age {
        cookie.expires = match u64::try_from(seconds) {
            Ok(seconds) if seconds > 0 => now.checked_add(Duration::from_secs(seconds)),
            _ => Some(SystemTime::UNIX_EPOCH),
        };
    }
    let is_own = target.host.eq_ignore_ascii_case(&cookie.domain);
    if !cookie.is_host_only {
        let is_name = cookie.domain.contains('.') && is_within(&target.host, &cookie.domain);
        if !is_own && !is_name {
            return None;
        }
        // An address has no domain below it.
        cookie.is_host_only = target.host.parse::<IpAddr>().is_ok();
    }
    // A plain answer must not set what only TLS may carry (RFC 6265bis §5.7).
    let is_allowed = target.is_tls || !cookie.is_secure;
    is_allowed.then_some(cookie)
}

/// RFC 6265 §5.1.3.
fn is_within(host: &str, domain: &str) -> bool {
    let host = host.to_ascii_lowercase();
    match host.strip_suffix(domain) {
        Some("") => true,
        Some(rest) => rest.ends_with('.') && host.parse::<IpAddr>().is_err(),
        None => false,
    }
}

/// RFC 6265 §5.1.4.
fn is_below(path: &str, of: &str) -> bool {
    match path.strip_prefix(of) {
        Some(rest) => rest.is_empty() || of.ends_with('/') || rest.starts_with('/'),
        None => false,
    }
}

fn default_path(path: &str) -> String {
    match path.rfind('/') {
        None | Some(0) => "/".to_owned(),
        Some(at) => path[..at].to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(host: &str, is_tls: bool) -> Target {
        Target {
            is_tls,
            host: host.to_owned(),
            port: 80,
        }
    }

    fn given(set: &[&str], by: &str, to: &str) -> Option<String> {
        let place = |url: &str| {
            let (scheme, rest) = url.split_once("://").unwrap();
            let at = rest.find('/').unwrap();
            (
                target(&rest[..at], scheme == "https"),
                rest[at..].to_owned(),
            )
        };
        let jar = Jar::default();
        let (target, path) = place(by);
        for text in set {
            jar.keep(&target, &path, text);
        }
        let (target, path) = place(to);
        jar.header(&target, &path)
    }

    #[test]
    fn cookies_go_where_they_belong() {
        for (set, by, to, expected) in [
            ("a=1", "http://web.ex/", "http://web.ex/x", true),
            ("a=1", "http://web.ex/", "http://other.ex/", false),
            ("a=1", "http://web.ex:81/", "http://web.ex:81/x", true),
            ("a=1", "http://web.ex:81/", "http://web.ex/", false),
            ("a=1", "http://web.ex/", "http://sub.web.ex/", false),
            (
                "a=1; Domain=web.ex",
                "http://web.ex/",
                "http://sub.web.ex/",
                true,
            ),
            (
                "a=1; Domain=.web.ex",
                "http://sub.web.ex/",
                "http://web.ex/",
                true,
            ),
            (
                "a=1; Domain=web.ex",
                "http://web.ex/",
                "http://notweb.ex/",
                false,
            ),
            (
                "a=1; Domain=other.ex",
                "http://web.ex/",
                "http://other.ex/",
                false,
            ),
            (
                "a=1; Domain=ex",
                "http://web.ex/",
                "http://other.ex/",
                false,
            ),
            (
                "a=1; Domain=0.0.1",
                "http://127.0.0.1/",
                "http://10.0.0.1/",
                false,
            ),
            (
                "a=1; Domain=127.0.0.1",
                "http://127.0.0.1/",
                "http://127.0.0.1/",
                true,
            ),
            ("a=1; Secure", "https://web.ex/", "http://web.ex/", false),
            ("a=1; Secure", "https://web.ex/", "https://web.ex/", true),
            ("a=1; Secure", "http://web.ex/", "https://web.ex/", false),
            ("a=1", "http://web.ex/in/login", "http://web.ex/in/me", true),
            ("a=1", "http://web.ex/in/login", "http://web.ex/out", false),
            (
                "a=1; Path=/",
                "http://web.ex/in/login",
                "http://web.ex/out",
                true,
            ),
            (
                "a=1; Path=/in",
                "http://web.ex/",
                "http://web.ex/inn",
                false,
            ),
            (
                "a=1; Path=/in",
                "http://web.ex/",
                "http://web.ex/in/x",
                true,
            ),
            ("a=1; Max-Age=60", "http://web.ex/", "http://web.ex/", true),
            ("a=1; Max-Age=0", "http://web.ex/", "http://web.ex/", false),
            ("a=1; Max-Age=-1", "http://web.ex/", "http://web.ex/", false),
            (
                "a=1; Max-Age=999999999999999999",
                "http://web.ex/",
                "http://web.ex/",
                true,
            ),
            (
                "a=1; Expires=Wed, 21 Oct 2015 07:28:00 GMT",
                "http://web.ex/",
                "http://web.ex/",
                false,
            ),
            (
                "a=1; Expires=Wed, 21 Oct 2015 07:28:00 GMT; Max-Age=9",
                "http://web.ex/",
                "http://web.ex/",
                true,
            ),
            ("=1", "http://web.ex/", "http://web.ex/", false),
            ("a", "http://web.ex/", "http://web.ex/", false),
        ] {
            let seen = given(&[set], by, to);
            assert_eq!(seen.is_some(), expected, "{set} by {by} to {to}: {seen:?}");
        }
    }

    #[test]
    fn the_last_value_counts_and_longer_paths_come_first() {
        let set = ["a=1", "a=2", "b=3; Path=/in", "gone=1", "gone=; Max-Age=0"];
        let seen = given(&set, "http://web.ex/in/login", "http://web.ex/in/me");
        assert_eq!(seen.as_deref(), Some("a=2; b=3"));
        let seen = given(
            &["a=1; Path=/", "b=2; Path=/in"],
            "http://web.ex/",
            "http://web.ex/in",
        );
        assert_eq!(seen.as_deref(), Some("b=2; a=1"));
    }

    #[test]
    fn a_flood_of_cookies_stays_bounded() {
        let jar = Jar::default();
        let target = target("web.ex", false);
        for n in 0..1000 {
            jar.keep(&target, "/", &format!("n{n}=x"));
        }
        jar.keep(&target, "/", &format!("long={}", "x".repeat(5000)));
        let names = jar.names(&target, "/");
        assert_eq!(names.len(), MOST);
        assert_eq!(names.last().map(String::as_str), Some("n999"));
    }
}
