//! Which hop answered: the application, or a proxy on the way to it.
//!
//! Bodies tell, headers alone lie: nginx writes its name over the `server` of what it relays, and HAProxy's own pages have
//! none.

use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, SERVER, VIA};

/// So much of a body is looked at.
const HEAD: usize = 4096;

/// Who answered, and how we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hop {
    /// `app`, the name of a proxy, or `unknown`.
    pub(super) who: &'static str,
    /// One line for people.
    pub(super) why: &'static str,
}

impl Hop {
    const fn new(who: &'static str, why: &'static str) -> Self {
        Self { who, why }
    }
}

/// Decides from what was seen. `marker` is a header that only the application sets.
pub(super) fn attribute(
    status: u16,
    headers: &HeaderMap,
    body: &[u8],
    marker: Option<&HeaderName>,
) -> Hop {
    if marker.is_some_and(|name| headers.contains_key(name)) {
        return Hop::new(
            "app",
            "the answer has the header that marks the application",
        );
    }
    let has = |name: &str| headers.contains_key(name);
    let is_relayed_by_envoy = has("x-envoy-upstream-service-time");
    // What Envoy relays may be the page of another proxy behind it.
    if status >= 300
        && let Some(proxy) =
            by_headers(status, headers).or_else(|| by_body(headers, body, is_relayed_by_envoy))
    {
        return proxy;
    }
    if is_json(headers) {
        return Hop::new("app", "the answer is JSON, and no page of a proxy");
    }
    if is_relayed_by_envoy {
        return Hop::new("app", "Envoy says how long its upstream took");
    }
    if is_via_google(headers) {
        let why = "`via: 1.1 google` is on all that Google's load balancer relays or writes; its log says in `statusDetails` which it was";
        return Hop::new("unknown", why);
    }
    Hop::new("unknown", "nothing in the answer tells who wrote it")
}

/// Signs that proxies set only on what they answer themselves.
fn by_headers(status: u16, headers: &HeaderMap) -> Option<Hop> {
    let has = |name: &str| headers.contains_key(name);
    if has("cf-mitigated") {
        return Some(Hop::new(
            "cloudflare",
            "`cf-mitigated`: the request was challenged",
        ));
    }
    if has("cf-ray") && matches!(status, 520..=527 | 530) {
        return Some(Hop::new(
            "cloudflare",
            "a status only Cloudflare's edge gives",
        ));
    }
    if has("x-squid-error") {
        return Some(Hop::new("squid", "`x-squid-error`"));
    }
    if has("x-envoy-overloaded") {
        return Some(Hop::new(
            "envoy",
            "`x-envoy-overloaded`: a limit of the proxy",
        ));
    }
    None
}

/// Sentences of HAProxy's own pages.
const HAPROXY: &[&str] = &[
    "No server is available to handle this request.",
    "The server returned an invalid or incomplete response.",
    "The server didn't respond in time.",
    "Your browser sent an invalid request.",
    "Your browser didn't send a complete request in time.",
    "Request forbidden by administrative rules.",
    "You have sent too many requests in a given amount of time.",
];

/// How the plain texts of Envoy begin.
const ENVOY: &[&str] = &[
    "upstream connect error or disconnect/reset before headers",
    "no healthy upstream",
    "upstream request timeout",
    "stream timeout",
    "upstream max stream duration reached",
    "no_healthy_upstream",
];

/// What stands in the pages of Google's front ends.
const GOOGLE: &[&str] = &[
    "The server encountered a temporary error and could not complete your request",
    "that\u{2019}s all we know",
    "That\u{2019}s all we know",
    "That\u{2019}s an error",
    "Your client does not have permission to get URL",
    "<title>Error 404 (Not Found)!!1</title>",
    "Error: Page not found</h1>\n<h2>The requested URL was not found on this server.",
];

fn by_body(headers: &HeaderMap, body: &[u8], is_relayed_by_envoy: bool) -> Option<Hop> {
    let head = String::from_utf8_lossy(&body[..body.len().min(HEAD)]);
    let head = head.trim_start();
    let holds_one = |texts: &[&str]| texts.iter().any(|text| head.contains(text));
    if ENVOY.iter().any(|text| head.starts_with(text)) {
        return Some(Hop::new("envoy", "a text Envoy answers itself"));
    }
    if head == "Rate exceeded." && is_server(headers, "Google Frontend") {
        return Some(Hop::new("google-frontend", "a text of Google's front end"));
    }
    if head.is_empty() && is_server(headers, "envoy") && !is_relayed_by_envoy {
        return Some(Hop::new(
            "envoy",
            "an empty answer without the time of an upstream",
        ));
    }
    // An application may quote such a page in an answer of its own; a page begins with a tag.
    if !head.starts_with('<') {
        return None;
    }
    let page = |who, why| Some(Hop::new(who, why));
    if head.contains("<center>awselb/") {
        return page("awselb", "a page of the AWS load balancer");
    }
    if head.contains("<center>openresty") {
        return page("openresty", "a page of OpenResty");
    }
    if head.contains("<center>nginx") {
        return page("nginx", "a page of nginx");
    }
    if head.starts_with("<html><body><h1>") && holds_one(HAPROXY) {
        return page("haproxy", "a page of HAProxy");
    }
    if holds_one(GOOGLE) {
        return page("google-frontend", "a page of Google's front end");
    }
    if head.contains("cf-error-details") || head.contains("<center>cloudflare") {
        return page("cloudflare", "a page of Cloudflare's edge");
    }
    if head.contains("<address>Apache/") {
        return page("apache", "a page of Apache");
    }
    if head.contains("<p>Varnish cache server</p>") {
        return page("varnish", "a page of Varnish");
    }
    None
}

fn is_server(headers: &HeaderMap, name: &str) -> bool {
    headers
        .get(SERVER)
        .is_some_and(|value| value.as_bytes() == name.as_bytes())
}

fn is_via_google(headers: &HeaderMap) -> bool {
    let values = headers.get_all(VIA).iter();
    values
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.split(',').any(|hop| hop.trim() == "1.1 google"))
}

/// Whether the media type is JSON (`application/json`, `application/problem+json`).
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE);
    value
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .and_then(|essence| essence.trim().as_bytes().last_chunk::<5>())
        .is_some_and(|end| matches!(end[0], b'/' | b'+') && end[1..].eq_ignore_ascii_case(b"json"))
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn who(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> &'static str {
        let map: HeaderMap = headers
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect();
        let marker = HeaderName::from_static("x-app-revision");
        attribute(status, &map, body.as_bytes(), Some(&marker)).who
    }

    #[test]
    fn googles_load_balancer_is_on_the_way_and_decides_nothing() {
        let map: HeaderMap = [(VIA, HeaderValue::from_static("1.1 proxy, 1.1 google"))]
            .into_iter()
            .collect();
        let hop = attribute(502, &map, b"bad", None);
        assert_eq!(hop.who, "unknown");
        assert!(hop.why.contains("statusDetails"), "{}", hop.why);
        assert!(
            !attribute(502, &HeaderMap::new(), b"bad", None)
                .why
                .contains("google")
        );
    }

    const NGINX: &str = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n\
        <center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n";
    const HAPROXY_503: &str = "<html><body><h1>503 Service Unavailable</h1>\n\
        No server is available to handle this request.\n</body></html>\n";

    #[test]
    fn bodies_tell_who_answered() {
        let json = ("content-type", "application/json");
        for (status, headers, body, expected) in [
            (502, &[("server", "nginx/1.22.1")][..], NGINX, "nginx"),
            (502, &[], NGINX, "nginx"),
            (503, &[("server", "nginx/1.22.1"), json], "{}", "app"),
            (
                500,
                &[json],
                "{\"upstream\": \"<hr><center>nginx</center>\"}",
                "app",
            ),
            (503, &[("server", "nginx/1.22.1")], "down", "unknown"),
            (503, &[], HAPROXY_503, "haproxy"),
            (503, &[json], HAPROXY_503, "haproxy"),
            (503, &[("x-app-revision", "7")], HAPROXY_503, "app"),
            (503, &[("server", "envoy")], "no healthy upstream", "envoy"),
            (
                503,
                &[("x-envoy-upstream-service-time", "3")],
                "no healthy upstream",
                "envoy",
            ),
            (
                502,
                &[("server", "envoy"), ("x-envoy-upstream-service-time", "3")],
                NGINX,
                "nginx",
            ),
            (
                404,
                &[("server", "envoy"), ("x-envoy-upstream-service-time", "3")],
                "",
                "app",
            ),
            (404, &[("server", "envoy")], "", "envoy"),
            (
                503,
                &[("x-envoy-overloaded", "true")],
                "overloaded",
                "envoy",
            ),
            (
                502,
                &[],
                "<html><center>awselb/2.0</center></html>",
                "awselb",
            ),
            (522, &[("cf-ray", "1")], "", "cloudflare"),
            (503, &[("cf-ray", "1"), json], "{}", "app"),
            (
                429,
                &[("server", "Google Frontend")],
                "Rate exceeded.",
                "google-frontend",
            ),
            (429, &[], "Rate exceeded.", "unknown"),
            (200, &[("server", "Google Frontend"), json], "{}", "app"),
            (200, &[("content-type", "text/html")], NGINX, "unknown"),
            (
                200,
                &[("content-type", "application/problem+json; charset=utf-8")],
                "",
                "app",
            ),
        ] {
            assert_eq!(
                who(status, headers, body),
                expected,
                "{status} {headers:?} {body}"
            );
        }
    }
}
