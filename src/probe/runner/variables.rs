//! `look: variables`: is what we were given clean?

use url::Url;

use super::finding;
use crate::model::{Observation, Value};
use crate::probe::exchange::parse;
use crate::probe::look::Look;
use crate::probe::{Context, Invalid, net};

/// What a URL of a variable may begin with: what some probe speaks, or is about to.
const SCHEMES: &[&str] = &[
    "http",
    "https",
    "ws",
    "wss",
    "sqlite",
    "postgres",
    "postgresql",
    "mysql",
    "mariadb",
    "redis",
    "rediss",
];

/// A socket's path ends with a NUL in 108 bytes (unix(7)).
const LONGEST_PATH: usize = 107;

/// What PostgreSQL's clients add to a directory.
const SOCKET_IN_DIRECTORY: &str = "/.s.PGSQL.5432";

/// `unclean`: every variable that cannot be used as it is. What is wrong is said without the value: it may be secret.
pub(super) fn look(ctx: &Context, forbidden: &[HostPattern<'_>]) -> Observation {
    let mut look = Look::begin(ctx);
    let mut unclean = Vec::new();
    for (name, value) in &ctx.shared.inventory.variables {
        walk(name, value, &mut |name, text| {
            let wrong = wrong_with(name, text, forbidden);
            unclean.extend(wrong.map(|why| finding(name, why)));
        });
    }
    look.fact("unclean", Value::List(unclean));
    look.finish()
}

/// Each text of a value, with the name it has: `origins[0].host`.
pub(super) fn walk(name: &str, value: &Value, visit: &mut impl FnMut(&str, &str)) {
    match value {
        Value::Text(text) | Value::Untyped(text) => visit(name, text),
        Value::List(items) => {
            for (at, item) in items.iter().enumerate() {
                walk(&format!("{name}[{at}]"), item, visit);
            }
        }
        Value::Map(entries) => {
            for (key, value) in entries {
                walk(&format!("{name}.{key}"), value, visit);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Duration(_) => {}
    }
}

fn wrong_with(name: &str, text: &str, forbidden: &[HostPattern<'_>]) -> Option<String> {
    if let Some(found) = text.chars().find(|c| c.is_control()) {
        let what = match found {
            '\n' | '\r' => "a line break",
            '\0' => "a NUL character",
            '\t' => "a tab",
            _ => "a control character",
        };
        let end = if text.trim_end() == text {
            ""
        } else {
            " at its end"
        };
        return Some(format!("it holds {what}{end}; take it out"));
    }
    if text.trim() != text {
        return Some("it begins or ends with white space; take it out".to_owned());
    }
    if text.contains("${") {
        return Some("a `${…}` in it was never filled".to_owned());
    }
    if let Some(path) = socket(name, text)
        && path.len() > LONGEST_PATH
    {
        let length = path.len();
        return Some(format!(
            "its path of a unix socket has {length} bytes; the system takes at most {LONGEST_PATH}"
        ));
    }
    let host = match text.split_once("://") {
        Some((scheme, _)) if is_scheme(scheme) => match of_url(scheme, text) {
            Ok(host) => host,
            Err(why) => return Some(why),
        },
        _ if is_host(name) => Some(text.to_owned()),
        _ => None,
    };
    let host = host?;
    let pattern = forbidden.iter().find(|pattern| pattern.matches(&host))?;
    Some(format!(
        "it leads to a host that `forbidden_hosts` lists: `{}`",
        pattern.0
    ))
}

/// The host of a URL, where it has one.
fn of_url(scheme: &str, text: &str) -> Result<Option<String>, String> {
    let scheme = scheme.to_ascii_lowercase();
    if !SCHEMES.contains(&scheme.as_str()) {
        return Err(format!(
            "its scheme is not spoken here; there are {}",
            SCHEMES.join(", ")
        ));
    }
    if scheme == "http" || scheme == "https" {
        return match parse(text, None) {
            Ok(parsed) => Ok(Some(parsed.target.host)),
            // Ours say where something is, and never what stands there beyond one character.
            Err(invalid) => Err(format!("it is no URL: {}", invalid.message)),
        };
    }
    let url = Url::parse(text).map_err(|error| format!("it is no URL: {error}"))?;
    Ok(url
        .host_str()
        .filter(|host| !host.is_empty())
        .map(str::to_owned))
}

/// The path of a unix socket: `unix:/run/x.sock`, `postgres:///db?host=/cloudsql/x`, or a path in a variable called so.
fn socket(name: &str, text: &str) -> Option<String> {
    if let Some(path) = text.strip_prefix("unix:") {
        return Some(path.trim_start_matches("//").to_owned());
    }
    if text.starts_with('/') && last_word(name).ends_with("socket") {
        return Some(text.to_owned());
    }
    let query = text.split_once("://")?.1.split_once('?')?.1;
    let directory = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("host="))?;
    let directory = net::percent_decoded(directory);
    directory
        .starts_with('/')
        .then(|| directory + SOCKET_IN_DIRECTORY)
}

/// RFC 3986 §3.1; anything else before `://` is a text that happens to hold it.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// Whether a variable's name says that it is a host.
fn is_host(name: &str) -> bool {
    matches!(last_word(name), "host" | "server" | "sni")
}

/// `host` of `connector_host` and of `origins[0].host`.
fn last_word(name: &str) -> &str {
    name.rsplit(['.', '_']).next().unwrap_or(name)
}

/// A host, where `*` stands for anything.
#[derive(Debug, Clone, Copy)]
pub(super) struct HostPattern<'p>(&'p str);

impl<'p> HostPattern<'p> {
    pub(super) fn parse(text: &'p str) -> Result<Self, Invalid> {
        net::check_host("forbidden_hosts", text)?;
        Ok(Self(text))
    }

    /// Without regard to case, and to the dot at the end of a name (RFC 1034 §3.1).
    fn matches(self, host: &str) -> bool {
        let plain = |text: &str| text.trim_end_matches('.').to_ascii_lowercase();
        let (pattern, host) = (plain(self.0), plain(host));
        let mut pieces = pattern.split('*');
        let Some(mut rest) = host.strip_prefix(pieces.next().unwrap_or_default()) else {
            return false;
        };
        let mut pieces: Vec<&str> = pieces.collect();
        let Some(last) = pieces.pop() else {
            return rest.is_empty();
        };
        for piece in pieces {
            match rest.find(piece) {
                Some(at) => rest = &rest[at + piece.len()..],
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(name: &str, text: &str) -> String {
        let forbidden =
            ["*.old.example", "Retired.example"].map(|text| HostPattern::parse(text).unwrap());
        wrong_with(name, text, &forbidden).unwrap_or_default()
    }

    #[test]
    fn what_nobody_can_use_is_unclean() {
        let long = "d".repeat(100);
        for (name, text, why) in [
            ("api", "http://web/ ", "white space"),
            ("api", "http://web\n", "a line break at its end"),
            ("db_dsn", "postgres://a\0b", "a NUL character"),
            ("word", "a\tb", "a tab"),
            ("word", "a\u{7}b", "a control character"),
            ("user", "${env.USER}", "never filled"),
            ("api", "http://web:0/", "port 0"),
            ("api", "http:///health", "no host"),
            ("dsn", "postgres://db:99999/x", "no URL"),
            ("dsn", "postgresql+asyncpg://db/x", "not spoken here"),
            ("api", "gopher://web/", "not spoken here"),
            ("api", "https://API.old.example/x", "`*.old.example`"),
            ("ws", "wss://retired.example./", "`Retired.example`"),
            ("connector_host", "a.b.old.example", "`*.old.example`"),
            ("origins[0].host", "retired.example", "`Retired.example`"),
            ("db_socket", &format!("/{long}/s.sock"), "108 bytes"),
            ("db", &format!("unix:/{long}/s.sock"), "at most 107"),
            ("dsn", &format!("postgres:///app?host=/{long}"), "115 bytes"),
        ] {
            let told = wrong(name, text);
            assert!(told.contains(why), "{name} {text:?}: {told}");
        }
    }

    #[test]
    fn what_is_in_order_is_not() {
        for (name, text) in [
            ("api", "https://api.example/x?y=%20"),
            ("ws", "wss://api.example"),
            ("dsn", "postgres://me:p%40ss@db:5432/app?host=/cloudsql/x"),
            ("dsn", "sqlite:///tmp/x.db"),
            ("marker", "<div id=\"root\""),
            ("answer", "see 10% of a://b"),
            // Whoever lists it may name it.
            ("retired_name", "retired.example"),
            ("api", "https://old.example"),
            ("connector_host", "retired.example.com"),
            ("empty", ""),
        ] {
            assert_eq!(wrong(name, text), "", "{name} {text:?}");
        }
    }

    #[test]
    fn a_star_stands_for_anything() {
        let matches = |pattern, host| HostPattern::parse(pattern).unwrap().matches(host);
        assert!(matches("a*b*c", "a-b-b-c") && matches("*", "x") && matches("a.*", "a.b.c"));
        assert!(!matches("a*b*c", "a-c-b") && !matches("*.a", "a") && !matches("a*a", "a"));
    }
}
