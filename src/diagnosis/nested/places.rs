//! Where a failure was met, as the text names it that tells of it: `connect ECONNREFUSED 10.0.0.5:5432`.
//!
//! Only in the same line, and in forms that known libraries write: an address that merely stands nearby is none.

use std::ops::Range;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::model::FaultKind;

/// So many bytes of a line are searched, before a failure and after it.
const NEAR: usize = 512;

/// A name, or an address of four numbers.
const HOST: &str = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?";

/// The same with its port; an IPv6 address is in brackets, or is short and has none (Node.js).
const AT: &str = r"\[[0-9A-Fa-f:.]+\]:\d{1,5}|[0-9A-Fa-f:]*::[0-9A-Fa-f:]*:\d{1,5}|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?:\d{1,5}";

/// A quote.
const QUOTE: &str = r#"["']"#;

/// Sockets: `HOST`, `AT` and `QUOTE` stand for the above, `PORT` for a number.
const SOCKETS: &[&str] = &[
    // Node.js.
    r"\b(?:ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH) (?P<at>AT)\b",
    // libpq, PgJDBC, redis-py, curl, aiohttp.
    r"(?i:\bconnect(?:ing|ion)? to (?:server at |host )?)QUOTE?(?P<host>HOST)QUOTE?(?: \([^()]*\))?(?::|,? port )(?P<port>PORT)\b",
    // Go.
    r"\bdial (?:tcp|udp)[46]? (?P<at>AT)\b",
    // CPython's asyncio and urllib3.
    r"\(QUOTE(?P<host>[A-Za-z0-9._:-]+)QUOTE, (?P<port>PORT)[,)]",
    r"\bhost=QUOTE?(?P<host>HOST)QUOTE?,? port=(?P<port>PORT)\b",
    // Node.js, as an object.
    r#""address": ?"(?P<host>[A-Za-z0-9._:-]+)", ?"port": ?(?P<port>PORT)\b"#,
    // MySQL.
    r"\bMySQL server on QUOTE(?P<host>HOST)(?::(?P<port>PORT))?QUOTE",
    // URLs and DSNs.
    r#"\b[a-z][a-z0-9+.-]*://(?:[^@/\s"'\\]*@)?(?P<at>AT)\b"#,
];

/// Names that were to be resolved.
const NAMES: &[&str] = &[
    // Node.js.
    r"\b(?:getaddrinfo|query[A-Z]\w*) (?:ENOTFOUND|EAI_[A-Z]+) (?P<host>HOST)",
    // Go, Java, libpq, curl, urllib3.
    r"\blookup (?P<host>HOST)(?: on \S+)?: ",
    r"\bUnknownHostException: (?P<host>HOST)",
    r"\bhost ?name QUOTE(?P<host>HOST)QUOTE to address",
    r"(?i:\bcould not resolve host: )(?P<host>HOST)",
    r"(?i:\bfailed to resolve )QUOTE(?P<host>HOST)QUOTE",
];

static OF_SOCKETS: LazyLock<Vec<Regex>> = LazyLock::new(|| made(SOCKETS));
static OF_NAMES: LazyLock<Vec<Regex>> = LazyLock::new(|| made(NAMES));

fn made(patterns: &[&str]) -> Vec<Regex> {
    let whole = |pattern: &&str| {
        let pattern = pattern
            .replace("HOST", HOST)
            .replace("AT)", &format!("{AT})"))
            .replace("QUOTE", QUOTE)
            .replace("PORT", r"\d{1,5}");
        // That each of them is a pattern is a test's business.
        Regex::new(&pattern).ok()
    };
    patterns.iter().filter_map(whole).collect()
}

/// What was looked at when this failure came about, which stands at `at` in the text: `sock:10.0.0.5:5432`, `dns:db.internal`.
/// `None` where its line does not name it.
pub(super) fn place(text: &str, at: Range<usize>, kind: FaultKind) -> Option<String> {
    let (line, at) = line(text, at);
    let is_name = matches!(kind, FaultKind::Dns(_));
    let named = || nearest(&OF_NAMES, line, &at);
    let socket = || nearest(&OF_SOCKETS, line, &at);
    if !is_name {
        let (host, port) = socket()?;
        return Some(match port {
            Some(port) if host.contains(':') => format!("sock:[{host}]:{port}"),
            Some(port) => format!("sock:{host}:{port}"),
            None => format!("dns:{host}"),
        });
    }
    let (host, _) = named().or_else(socket)?;
    // An address is not resolved: this is of something else.
    let is_address = host.parse::<std::net::IpAddr>().is_ok();
    (!is_address).then(|| format!("dns:{host}"))
}

/// The line that a failure stands in, and where in it.
fn line(text: &str, at: Range<usize>) -> (&str, Range<usize>) {
    let from = text.ceil_char_boundary(at.start.saturating_sub(NEAR));
    let to = text.floor_char_boundary(at.end.saturating_add(NEAR).min(text.len()));
    let from = from + text[from..at.start].rfind('\n').map_or(0, |end| end + 1);
    let to = at.end + text[at.end..to].find('\n').unwrap_or(to - at.end);
    (&text[from..to], at.start - from..at.end - from)
}

/// The host and port that stand nearest.
fn nearest(patterns: &[Regex], line: &str, at: &Range<usize>) -> Option<(String, Option<u16>)> {
    let far = |found: &Captures<'_>| {
        let found = found.get(0).map_or(0..0, |whole| whole.range());
        let before = at.start.saturating_sub(found.end);
        before.max(found.start.saturating_sub(at.end))
    };
    let all = patterns
        .iter()
        .flat_map(|pattern| pattern.captures_iter(line));
    let read = all.filter_map(|found| Some((far(&found), parts(&found)?)));
    let nearest = read.min_by_key(|(far, _)| *far);
    nearest.map(|(_, parts)| parts)
}

fn parts(found: &Captures<'_>) -> Option<(String, Option<u16>)> {
    let group = |name: &str| found.name(name).map(|group| group.as_str());
    let (host, port) = match group("at") {
        Some(at) => {
            let (host, port) = at.rsplit_once(':')?;
            (host, Some(port))
        }
        None => (group("host")?, group("port")),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = match port {
        Some(port) => Some(port.parse().ok().filter(|port| *port > 0)?),
        None => None,
    };
    Some((host.to_ascii_lowercase(), port))
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;

    #[test]
    fn every_form_is_a_pattern() {
        assert_eq!(OF_SOCKETS.len(), SOCKETS.len());
        assert_eq!(OF_NAMES.len(), NAMES.len());
    }

    #[test]
    fn what_a_library_names_is_where_it_was_met() {
        for (written, place) in [
            ("connect ECONNREFUSED 10.0.0.5:5432", "sock:10.0.0.5:5432"),
            ("connect ECONNREFUSED ::1:5432", "sock:[::1]:5432"),
            (
                r#"{"code":"ECONNREFUSED","syscall":"connect","address":"10.0.0.5","port":5432}"#,
                "sock:10.0.0.5:5432",
            ),
            (
                "Connection to db:5432 refused. Check that the hostname and port are correct",
                "sock:db:5432",
            ),
            (
                "dial tcp [fd00::5]:5432: connect: connection refused",
                "sock:[fd00::5]:5432",
            ),
            (
                "main.go:42: dial tcp 10.0.0.5:5432: i/o timeout",
                "sock:10.0.0.5:5432",
            ),
            (
                r#"(psycopg2.OperationalError) connection to server at \"Db.Internal\" (10.0.0.5), port 5432 failed: Connection refused\n\tIs"#,
                "sock:db.internal:5432",
            ),
            (
                "ConnectionRefusedError: [Errno 111] Connect call failed ('10.0.0.5', 5432)",
                "sock:10.0.0.5:5432",
            ),
            (
                "HTTPConnectionPool(host='billing', port=80): Max retries exceeded (Caused by NewConnectionError('[Errno 111] Connection refused'))",
                "sock:billing:80",
            ),
            (
                "Error 111 connecting to cache:6379. Connection refused.",
                "sock:cache:6379",
            ),
            (
                "Can't connect to MySQL server on 'db' ([Errno 111] Connection refused)",
                "dns:db",
            ),
            (
                "connection to server at \"db\" (10.0.0.1), port 5432 failed: FATAL:  sorry, too many clients already",
                "sock:db:5432",
            ),
            (
                "redis://:***@cache.internal:6379/0: NOAUTH Authentication required",
                "sock:cache.internal:6379",
            ),
            ("getaddrinfo ENOTFOUND db.internal", "dns:db.internal"),
            (
                "dial tcp: lookup db.internal on 10.0.0.53:53: no such host",
                "dns:db.internal",
            ),
            (
                "could not translate host name \"db\" to address: Temporary failure in name resolution",
                "dns:db",
            ),
            (
                "Error -3 connecting to cache:6379. Temporary failure in name resolution.",
                "dns:cache",
            ),
            // Of two the nearer one.
            (
                "request to http://app:8080/ failed: connect ECONNREFUSED 10.0.0.5:5432",
                "sock:10.0.0.5:5432",
            ),
        ] {
            let found = find(written).unwrap_or_else(|| panic!("nothing in {written}"));
            assert_eq!(found.place.as_deref(), Some(place), "{written}");
        }
    }

    #[test]
    fn what_stands_elsewhere_is_not_taken_for_it() {
        for written in [
            "listening at http://0.0.0.0:8080\nConnectionRefusedError: [Errno 111] Connection refused",
            r#"{"detail":"at http://app:8080\n[Errno 111] Connection refused\nat http://app:8081"}"#,
            "orders.py:12 ConnectionRefusedError: [Errno 111] Connection refused",
            "2026-11-22 12:34:56 [Errno 111] Connection refused",
            "[Errno 111] Connection refused",
            "http://10.0.0.5:80/: Temporary failure in name resolution",
            "connect ECONNREFUSED 10.0.0.5:0",
            "connect ECONNREFUSED 10.0.0.5:99999",
        ] {
            let found = find(written).unwrap_or_else(|| panic!("nothing in {written}"));
            assert_eq!(found.place, None, "{written}");
        }
    }
}
