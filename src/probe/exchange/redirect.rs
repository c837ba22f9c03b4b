//! Where a redirect leads, and what may go there (RFC 9110 §15.4).

use std::sync::Arc;

use hyper::body::Bytes;
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LANGUAGE,
    CONTENT_LOCATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, USER_AGENT,
};
use hyper::{Method, StatusCode};
use url::Url;

use super::prepared::Prepared;
use super::url::{self as urls, Parsed};
use crate::template::Mask;

/// What may go to another origin, as long as it holds no secret. Whatever else somebody wrote may be meant for one server
/// only (CVE-2018-1000007, CVE-2022-27774).
const HARMLESS: &[HeaderName] = &[
    ACCEPT,
    ACCEPT_ENCODING,
    ACCEPT_LANGUAGE,
    CACHE_CONTROL,
    CONTENT_TYPE,
    USER_AGENT,
];

/// What describes a body.
const OF_THE_BODY: &[HeaderName] = &[
    CONTENT_TYPE,
    CONTENT_ENCODING,
    CONTENT_LANGUAGE,
    CONTENT_LOCATION,
];

/// Whether an answer asks to go elsewhere.
pub(in crate::probe) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// The request that follows a redirect; else why there is none.
pub(in crate::probe) fn redirected(
    from: &Prepared,
    status: StatusCode,
    headers: &HeaderMap,
    mask: &Mask,
) -> Result<Prepared, String> {
    let to = location(from, headers)?;
    let mut next = from.clone();
    let is_same_origin = to.target == from.target;
    if becomes_get(status, &from.method) {
        next.method = Method::GET;
        next.set_body(Bytes::new());
        let headers = Arc::make_mut(&mut next.headers);
        for name in OF_THE_BODY {
            headers.remove(name);
        }
    }
    if !is_same_origin {
        let is_secret = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            mask.apply(&text) != text
        };
        let path = to.path.path_and_query().map_or("", |path| path.as_str());
        if is_secret(path.as_bytes()) {
            return Err(format!(
                "`{}` is another origin, and the URL that would be asked for there holds a secret",
                shown(&to)
            ));
        }
        if is_secret(&next.body()) {
            return Err(format!(
                "`{}` is another origin, and the body that would go there holds a secret",
                shown(&to)
            ));
        }
        let headers: HeaderMap = from
            .headers
            .iter()
            .filter(|(name, value)| HARMLESS.contains(name) && !is_secret(value.as_bytes()))
            .filter(|(name, _)| next.headers.contains_key(*name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        next.headers = Arc::new(headers);
        if HeaderValue::from_str(&to.authority).is_err() {
            return Err("the host of the new place cannot be sent".to_owned());
        }
        if next.tls.client_certificate.is_some() {
            Arc::make_mut(&mut next.tls).client_certificate = None;
        }
    }
    next.lead_to(to);
    Ok(next)
}

/// RFC 9110 §15.4.2 to §15.4.4: as everybody does it, POST becomes GET, and 303 means it for every method but HEAD.
fn becomes_get(status: StatusCode, method: &Method) -> bool {
    match status.as_u16() {
        301 | 302 => *method == Method::POST,
        303 => *method != Method::HEAD,
        _ => false,
    }
}

fn location(from: &Prepared, headers: &HeaderMap) -> Result<Parsed, String> {
    let mut all = headers.get_all(LOCATION).iter();
    let value = all.next().ok_or("the redirect has no `location`")?;
    if all.next().is_some() {
        return Err("the redirect has several `location`s".to_owned());
    }
    let text = std::str::from_utf8(value.as_bytes())
        .map_err(|_| "the `location` of the redirect is not UTF-8".to_owned())?;
    let here = from.url();
    let there = Url::parse(&here)
        .and_then(|here| here.join(text))
        .map_err(|error| format!("the `location` of the redirect is no URL: {error}"))?;
    if there.scheme() != from.target.scheme() {
        return Err(format!(
            "the redirect leads from `{}` to `{}`, which is another scheme",
            from.target.scheme(),
            there.scheme()
        ));
    }
    if !there.username().is_empty() || there.password().is_some() {
        return Err("the `location` of the redirect holds credentials".to_owned());
    }
    urls::parse(there.as_str(), None)
        .map_err(|invalid| format!("the `location` of the redirect: {}", invalid.message))
}

fn shown(to: &Parsed) -> String {
    format!("{}://{}", to.target.scheme(), to.authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: Method) -> Prepared {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("authorization", "Bearer abc"),
            ("cookie", "a=b"),
            ("x-api-key", "key"),
            ("accept-language", "hunter2-de"),
            ("accept", "text/plain"),
            ("content-type", "text/plain"),
        ] {
            let name = HeaderName::from_static(name);
            headers.insert(name, HeaderValue::from_static(value));
        }
        let url = urls::parse("https://web.example/a/b?x=1", None).unwrap();
        let mut prepared = Prepared::new(url, method, headers).unwrap();
        prepared.set_body(Bytes::from_static(b"body"));
        prepared
    }

    fn go(from: &Prepared, status: u16, to: &'static str) -> Result<Prepared, String> {
        let mut headers = HeaderMap::new();
        headers.insert(LOCATION, HeaderValue::from_static(to));
        let mask = Mask::default();
        mask.add("hunter2");
        redirected(from, StatusCode::from_u16(status).unwrap(), &headers, &mask)
    }

    #[test]
    fn methods_change_as_everybody_changes_them() {
        for (status, method, expected) in [
            (301, Method::POST, Method::GET),
            (302, Method::POST, Method::GET),
            (303, Method::POST, Method::GET),
            (303, Method::PUT, Method::GET),
            (303, Method::HEAD, Method::HEAD),
            (302, Method::PUT, Method::PUT),
            (307, Method::POST, Method::POST),
            (308, Method::POST, Method::POST),
        ] {
            let next = go(&asked(method.clone()), status, "/c").unwrap();
            assert_eq!(next.method, expected, "{status} {method}");
            let keeps = expected == method && method != Method::GET;
            assert_eq!(next.body().is_empty(), !keeps, "{status} {method}");
            assert_eq!(next.headers.contains_key(CONTENT_TYPE), keeps);
            assert!(next.headers.contains_key("x-api-key"), "same origin");
        }
    }

    #[test]
    fn what_may_be_secret_stays_with_its_origin() {
        for status in [301, 302, 303, 307, 308] {
            for to in [
                "https://other.example/",
                "https://web.example:8443/",
                "//other.example/",
                "\\\\other.example/",
                "https://web.example.other/",
            ] {
                let next = go(&asked(Method::GET), status, to).unwrap();
                let mut names: Vec<_> = next.headers.keys().map(HeaderName::as_str).collect();
                names.sort_unstable();
                let content = if status == 303 {
                    None
                } else {
                    Some("content-type")
                };
                let expected: Vec<_> = ["accept"].into_iter().chain(content).collect();
                let expected: Vec<_> = expected.into_iter().collect();
                assert_eq!(names, expected, "{status} {to}");
                assert_ne!(next.target, asked(Method::GET).target);
            }
        }
    }

    #[test]
    fn a_secret_body_goes_nowhere_else() {
        let mut from = asked(Method::POST);
        from.set_body(Bytes::from_static(b"{\"password\":\"hunter2\"}"));
        let told = go(&from, 307, "https://other.example/").unwrap_err();
        assert!(told.contains("holds a secret"), "{told}");
        assert!(go(&from, 307, "/other").is_ok());
        assert!(go(&from, 302, "https://other.example/").is_ok());
    }

    #[test]
    fn places_nobody_should_go_to_are_refused() {
        for (to, why) in [
            ("http://web.example/", "another scheme"),
            ("ftp://web.example/", "another scheme"),
            ("javascript:alert(1)", "another scheme"),
            ("file:///etc/passwd", "another scheme"),
            ("https://me:pw@web.example/", "credentials"),
            ("https://", "no URL"),
            ("https://web.example:0/", "port 0"),
        ] {
            let told = go(&asked(Method::GET), 302, to).unwrap_err();
            assert!(told.contains(why), "{to}: {told}");
        }
        let from = asked(Method::GET);
        let none = HeaderMap::new();
        let told = redirected(&from, StatusCode::FOUND, &none, &Mask::default()).unwrap_err();
        assert!(told.contains("no `location`"), "{told}");
    }

    #[test]
    fn relative_places_are_resolved() {
        for (to, expected) in [
            ("c", "https://web.example/a/c"),
            ("/c?y=2#z", "https://web.example/c?y=2"),
            ("?y", "https://web.example/a/b?y"),
            ("//web.example:443/d", "https://web.example/d"),
        ] {
            let next = go(&asked(Method::GET), 302, to).unwrap();
            assert_eq!(next.url(), expected);
            assert!(next.headers.contains_key("authorization"), "{to}");
        }
    }
}
