//! What the name of a resource says: a host, a port; and what it stands on.

use std::net::{IpAddr, SocketAddr};

/// A resource by its parts. Whatever a resource does not have is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Address<'a> {
    /// What stands before the first colon: `sock`.
    pub(super) kind: &'a str,
    /// Name or address, without brackets.
    pub(super) host: Option<&'a str>,
    /// The port.
    pub(super) port: Option<u16>,
    /// What is left: the path of a socket or file, a program, a database, a session.
    pub(super) name: Option<&'a str>,
    /// Who says where that is: a name server, or a suite that gives the addresses; `None` where the system does, or nobody has
    /// to.
    pub(super) by: Option<&'a str>,
}

impl<'a> Address<'a> {
    /// Reads a resource as probes write it: `sock:host:port`, `tls:host:port:sni`, `origin:scheme://host:port`,
    /// `dsn:engine:host:port/db`; behind each, as `@10.0.0.2:53`, the name server that was asked for the host, or as
    /// `@10.0.0.9,10.0.0.10` the addresses that were given for it.
    pub(super) fn of(resource: &'a str) -> Self {
        let (kind, rest) = resource.split_once(':').unwrap_or((resource, ""));
        let (rest, by) = match kind {
            "dns" | "sock" | "tls" | "origin" | "dsn" => found_by(kind, rest),
            _ => (rest, None),
        };
        let nothing = Self {
            kind,
            host: None,
            port: None,
            name: None,
            by,
        };
        let named = |name: &'a str| Self {
            name: Some(name).filter(|name| !name.is_empty()),
            ..nothing
        };
        match kind {
            "dns" => Self {
                host: Some(rest),
                ..named(rest)
            },
            "sock" | "proxy" => nothing.at(rest),
            "tls" => {
                // The name that is asked for can be an address as well, and then has colons.
                let end = if rest.starts_with('[') { "]:" } else { ":" };
                let port = rest.find(end).map_or(0, |at| at + end.len());
                match rest[port..].find(':') {
                    Some(at) => named(&rest[port + at + 1..]).at(&rest[..port + at]),
                    None => nothing,
                }
            }
            "origin" => {
                let (_, at) = rest.split_once("://").unwrap_or(("", rest));
                named(rest).at(at)
            }
            "dsn" => {
                let (_, at) = rest.split_once(':').unwrap_or(("", rest));
                if at.starts_with("unix:") {
                    return named(at);
                }
                let (at, database) = at.split_once('/').unwrap_or((at, ""));
                named(database).at(at)
            }
            _ => named(rest),
        }
    }

    /// A resource without who says where it is.
    pub(super) fn wherever(resource: &'a str) -> &'a str {
        let by = Self::of(resource).by;
        let end = by.and_then(|by| resource.strip_suffix(by)?.strip_suffix('@'));
        end.unwrap_or(resource)
    }

    /// With the host and port of `host:port`; an IPv6 address is in brackets there.
    fn at(self, authority: &'a str) -> Self {
        let Some((host, port)) = authority.rsplit_once(':') else {
            return self;
        };
        let host = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        Self {
            host: Some(host),
            port: port.parse().ok(),
            ..self
        }
    }

    /// Whether it is on the machine we look from: what goes wrong there is no matter of networks.
    pub(super) fn is_local(&self) -> bool {
        match self.host {
            Some(host) => {
                host == "localhost"
                    || host
                        .parse::<IpAddr>()
                        .is_ok_and(|ip| ip.to_canonical().is_loopback())
            }
            None => !matches!(self.kind, "cred" | "test"),
        }
    }

    /// The name that has to be resolved, and the socket: what everything that has a host stands on.
    pub(super) fn below(&self) -> impl Iterator<Item = String> + use<> {
        let host = self.host.filter(|_| self.kind != "dns");
        let name = host.filter(|host| host.parse::<IpAddr>().is_err());
        let socket = host.zip(self.port).filter(|_| self.kind != "sock");
        let authority = |(host, port): (&str, u16)| {
            if host.contains(':') {
                format!("sock:[{host}]:{port}")
            } else {
                format!("sock:{host}:{port}")
            }
        };
        let given = self.by.and_then(addresses);
        let by = self.by.map_or_else(String::new, |by| format!("@{by}"));
        let name = name.filter(|_| given.is_none());
        let name = name.map(|name| format!("dns:{name}{by}"));
        let sockets = match (given, socket) {
            (Some(all), Some((_, port))) => {
                let all = all.into_iter().map(|ip| SocketAddr::new(ip, port));
                all.map(|socket| format!("sock:{socket}")).collect()
            }
            (_, socket) => Vec::from_iter(socket.map(|socket| authority(socket) + &by)),
        };
        name.into_iter().chain(sockets)
    }
}

/// The addresses of `10.0.0.9,10.0.0.10`; `None` of anything else.
fn addresses(by: &str) -> Option<Vec<IpAddr>> {
    by.split(',').map(|one| one.parse().ok()).collect()
}

/// What stands before the address of the name server that was asked, or the addresses that were given, and these. An `@` with
/// anything else around it is part of a name that nobody has.
fn found_by<'a>(kind: &str, text: &'a str) -> (&'a str, Option<&'a str>) {
    let is_found = |(rest, by): &(&str, &str)| {
        let is_server = by.parse::<SocketAddr>().is_ok();
        // All but names have a port.
        (kind == "dns" || rest.contains(':')) && (is_server || addresses(by).is_some())
    };
    let found = text.rsplit_once('@').filter(is_found);
    found.map_or((text, None), |(rest, by)| (rest, Some(by)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn below(resource: &str) -> Vec<String> {
        Address::of(resource).below().collect()
    }

    #[test]
    fn everything_with_a_host_stands_on_its_name_and_its_socket() {
        let chain = ["dns:db.internal", "sock:db.internal:5432"];
        assert_eq!(below("dsn:postgres:db.internal:5432/app"), chain);
        assert_eq!(below("dsn:postgres:db.internal:5432"), chain);
        assert_eq!(below("tls:db.internal:5432:other.name"), chain);
        assert_eq!(below("proxy:db.internal:5432"), chain);
        assert_eq!(below("origin:https://db.internal:5432"), chain);
        assert_eq!(below("sock:db.internal:5432"), ["dns:db.internal"]);
        assert_eq!(below("origin:http://[::1]:80"), ["sock:[::1]:80"]);
        let by = |text: &str| format!("{text}@[fd00::2]:53");
        for resource in [
            "dsn:postgres:db.internal:5432/app",
            "tls:db.internal:5432:other.name",
            "origin:https://db.internal:5432",
        ] {
            let address = by(resource);
            assert_eq!(below(&address), chain.map(by));
            let address = Address::of(&address);
            let (host, name) = (address.host, address.name);
            assert_eq!(
                (host, name),
                (Some("db.internal"), Address::of(resource).name)
            );
        }
        assert_eq!(below(&by("sock:db.internal:5432")), [by("dns:db.internal")]);
        let given = "origin:https://db.internal:5432@10.0.0.9,::1";
        assert_eq!(below(given), ["sock:10.0.0.9:5432", "sock:[::1]:5432"]);
        let given = Address::of(given);
        let parts = (given.host, given.port, given.name);
        assert_eq!(
            parts,
            (
                Some("db.internal"),
                Some(5432),
                Some("https://db.internal:5432")
            )
        );
        for alone in [
            "dns:db.internal",
            "unix:/run/a:b",
            "dsn:postgres:unix:/run/x/app",
            "file:/x",
            "runner",
            "proc:a",
        ] {
            assert!(below(alone).is_empty(), "{alone}");
        }
    }

    #[test]
    fn parts_are_what_commands_are_filled_with() {
        let tls = Address::of("tls:[::1]:443:web.example");
        assert_eq!(
            (tls.host, tls.port, tls.name),
            (Some("::1"), Some(443), Some("web.example"))
        );
        let tls = Address::of("tls:[::1]:443:::1");
        assert_eq!(
            (tls.host, tls.port, tls.name),
            (Some("::1"), Some(443), Some("::1"))
        );
        assert_eq!(Address::of("unix:/run/a:b").name, Some("/run/a:b"));
        let dsn = Address::of("dsn:mysql:db:3306/shop");
        assert_eq!(
            (dsn.host, dsn.port, dsn.name),
            (Some("db"), Some(3306), Some("shop"))
        );
        assert_eq!(Address::of("runner").name, None);
        let asked = Address::of("dns:web.example@10.0.0.2:53");
        assert_eq!((asked.host, asked.port), (Some("web.example"), None));
        assert!(below("dns:web.example@10.0.0.2:53").is_empty());
        // Nobody has such a name: it was written down wrong.
        assert_eq!(Address::of("dns:me@db").host, Some("me@db"));
        let mangled = Address::of("sock:me@10.0.0.1:5432").host;
        assert_eq!(mangled, Some("me@10.0.0.1"));
    }

    #[test]
    fn what_is_on_this_machine_is_known() {
        for local in [
            "sock:127.0.0.1:1",
            "sock:[::1]:1",
            "origin:http://localhost:80",
            "unix:/x",
            "runner",
            "file:/x",
        ] {
            assert!(Address::of(local).is_local(), "{local}");
        }
        for far in [
            "sock:10.0.0.1:1",
            "dns:db",
            "origin:https://web:443",
            "test:a/b",
        ] {
            assert!(!Address::of(far).is_local(), "{far}");
        }
    }
}
