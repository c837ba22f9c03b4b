//! What was looked at: a unix socket, a name that is none.

use std::net::IpAddr;

use super::words::word;
use crate::diagnosis::address::Address;
use crate::diagnosis::seen::Seen;
use crate::yaml::{Diagnostic, Diagnostics, Fields, Node};

/// The kinds of resources that probes name.
pub(in crate::diagnosis) const KINDS: &[&str] = &[
    "dns", "sock", "unix", "tls", "proxy", "origin", "dsn", "file", "cred", "program", "proc",
    "runner",
];

/// What a host can be.
pub(in crate::diagnosis) const HOSTS: &[&str] = &["name", "literal", "mangled", LOCAL];

/// On the machine we look from, whether it is named or given by its address.
const LOCAL: &str = "local";

/// A resource of this kind, and what its host is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::diagnosis) struct Place {
    kind: String,
    host: Option<String>,
}

impl Place {
    /// Reads `{ kind: dns, host: mangled }`.
    pub(super) fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        let fields = Fields::of(node, "`resource`", &["kind", "host"], problems)?;
        let kind = fields.required("kind", problems)?;
        let kind = word(kind, "kind of resource", KINDS, problems);
        let host = fields
            .get("host")
            .map(|node| word(node, "kind of host", HOSTS, problems));
        if let (Some("unix" | "file" | "cred" | "program" | "proc" | "runner"), Some(_)) =
            (kind, host)
        {
            problems.push(Diagnostic::error(
                fields.span(),
                "only a resource of the network has a `host`",
            ));
            return None;
        }
        Some(Self {
            kind: kind?.to_owned(),
            host: match host {
                None => None,
                Some(word) => Some(word?.to_owned()),
            },
        })
    }

    pub(super) fn hold(&self, seen: &Seen<'_>) -> bool {
        self.find(seen).is_some()
    }

    /// The resource that is so.
    pub(super) fn find<'r>(&self, seen: &Seen<'r>) -> Option<&'r str> {
        seen.resources
            .iter()
            .map(String::as_str)
            .find(|resource| self.is(resource))
    }

    fn is(&self, resource: &str) -> bool {
        let address = Address::of(resource);
        address.kind == self.kind
            && self.host.as_ref().is_none_or(|wanted| match address.host {
                Some(_) if wanted == LOCAL => address.is_local(),
                Some(host) => wanted == kind_of(host),
                None => false,
            })
    }
}

/// An address is not resolved; something around it makes a name of it that nobody has.
fn kind_of(host: &str) -> &'static str {
    let is_literal = |text: &str| {
        let text = text.strip_prefix('[').unwrap_or(text);
        let text = text.strip_suffix(']').unwrap_or(text);
        text.parse::<IpAddr>().is_ok()
    };
    if is_literal(host) {
        return "literal";
    }
    let is_foreign = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, ':' | '/' | '@' | '?' | '#' | '\\' | '"' | '\'')
    };
    let bare = host.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != ':');
    if host.is_empty() || host.contains(is_foreign) || is_literal(bare) {
        "mangled"
    } else {
        "name"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_with_something_around_it_is_mangled() {
        for (host, kind) in [
            ("db.internal", "name"),
            ("db", "name"),
            ("10.0.0.1.nip.io", "name"),
            ("10.0.0.1", "literal"),
            ("::1", "literal"),
            ("10.0.0.1\n", "mangled"),
            ("10.0.0.1 ", "mangled"),
            ("10.0.0.1.", "mangled"),
            (" db", "mangled"),
            ("10.0.0.1:6379", "mangled"),
            ("db:6379", "mangled"),
            ("http://db", "mangled"),
            ("\"10.0.0.1\"", "mangled"),
            ("", "mangled"),
        ] {
            assert_eq!(kind_of(host), kind, "{host:?}");
        }
    }

    #[test]
    fn the_host_is_found_in_every_kind_of_resource() {
        for kind in KINDS {
            let is = |resource: &str, host: &str| {
                let place = Place {
                    kind: (*kind).to_owned(),
                    host: Some(host.to_owned()),
                };
                place.is(resource)
            };
            for (host, expected) in [
                ("db.internal", "name"),
                ("10.0.0.1", "literal"),
                ("[::1]", "literal"),
                ("10.0.0.1\n", "mangled"),
            ] {
                let written = match *kind {
                    "dns" => vec![host.to_owned()],
                    "sock" | "proxy" => vec![format!("{host}:443")],
                    "tls" => vec![
                        format!("{host}:443:web.example"),
                        format!("{host}:443:::1"),
                        format!("{host}:443:"),
                    ],
                    "origin" => vec![format!("https://{host}:443")],
                    "dsn" => vec![
                        format!("postgres:{host}:5432"),
                        format!("postgres:{host}:5432/app"),
                    ],
                    // These have no host, whatever their name looks like.
                    _ => vec![host.to_owned(), String::new()],
                };
                let has_host = matches!(*kind, "dns" | "sock" | "proxy" | "tls" | "origin" | "dsn");
                for rest in written {
                    let resource = format!("{kind}:{rest}");
                    for word in HOSTS {
                        // A name in brackets is none.
                        let is_here = host == "[::1]" && *kind != "dns";
                        let is_so = *word == expected || *word == LOCAL && is_here;
                        let wanted = has_host && is_so;
                        assert_eq!(is(&resource, word), wanted, "{resource:?} {word}");
                    }
                }
            }
            assert!(!is("other:10.0.0.1:80", "literal"));
        }
        // No database on the network.
        let dsn = Place {
            kind: "dsn".to_owned(),
            host: Some("mangled".to_owned()),
        };
        assert!(!dsn.is("dsn:postgres:unix:/run/x/app"));
    }
}
