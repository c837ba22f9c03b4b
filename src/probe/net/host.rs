//! What may stand where a host is asked for.

use std::net::{IpAddr, SocketAddr};

use super::resolve::Resolving;
use crate::probe::Invalid;
use crate::yaml::visible;

/// Checks a host name or address. A resolver would answer "no such name" to all of these slips, and DNS would be blamed.
pub(in crate::probe) fn check_host(field: &'static str, host: &str) -> Result<(), Invalid> {
    let wrong = |why: &str| Err(Invalid::new(field, format!("`{}` {why}", visible(host))));
    if host.is_empty() {
        return Err(Invalid::new(field, "the host is empty"));
    }
    if host.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return wrong("holds white space or a control character; a host has none");
    }
    if host.contains("://") {
        return wrong("is a URL; write the host alone");
    }
    if host.contains(['[', ']']) {
        return wrong("holds brackets; write the address without them");
    }
    if let Some((name, port)) = host.rsplit_once(':')
        && !name.contains(':')
        && !is_literal(host)
    {
        return if port.parse::<u16>().is_ok() {
            wrong(&format!(
                "holds a port; write `host: {name}` and `port: {port}`"
            ))
        } else {
            wrong("holds `:`; write a name or an address")
        };
    }
    if host.contains(['/', '@', '?', '#']) {
        return wrong("is more than a host; write a name or an address");
    }
    Ok(())
}

/// Checks a port: 0 means "any" to a system, and is nowhere to connect to.
pub(in crate::probe) fn check_port(port: u16) -> Result<(), &'static str> {
    match port {
        0 => Err("port 0 cannot be connected to; ports are 1 to 65535"),
        _ => Ok(()),
    }
}

/// Whether it is an address and not a name: nothing is resolved then.
fn is_literal(host: &str) -> bool {
    host.parse::<IpAddr>().is_ok()
}

/// `host:port`, with brackets around an IPv6 address.
pub(in crate::probe) fn authority(host: &str, port: u16) -> String {
    if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

/// What a connection depends on: its name, unless it is an address, and its socket. Of addresses that are given only these.
pub(in crate::probe) fn resources(host: &str, port: u16, resolving: &Resolving) -> Vec<String> {
    let host = host.to_ascii_lowercase();
    if let Resolving::Given(all) = resolving {
        let sockets = all.iter().map(|ip| SocketAddr::new(*ip, port));
        return sockets.map(|socket| format!("sock:{socket}")).collect();
    }
    let by = found_by(&host, resolving);
    let socket = format!("sock:{}{by}", authority(&host, port));
    if is_literal(&host) {
        vec![socket]
    } else {
        vec![format!("dns:{host}{by}"), socket]
    }
}

/// The TLS that is spoken there under a name: the same socket has other certificates for other names.
pub(in crate::probe) fn tls_resource(
    host: &str,
    port: u16,
    name: &str,
    resolving: &Resolving,
) -> String {
    let by = found_by(host, resolving);
    let at = match resolving {
        Resolving::Given(all) => all.first().map(|ip| SocketAddr::new(*ip, port).to_string()),
        Resolving::System | Resolving::Server(_) => None,
    };
    let at = at.unwrap_or_else(|| authority(host, port).to_ascii_lowercase());
    format!("tls:{at}:{}{by}", name.to_ascii_lowercase())
}

/// Who says where a name leads, behind what it leads to: one name server may know other addresses than another does, or than the
/// system finds. `@10.0.0.2:53`; nothing where the system says it, nobody has to, or sockets say it themselves.
pub(in crate::probe) fn found_by(host: &str, resolving: &Resolving) -> String {
    match resolving {
        Resolving::Server(server) if !is_literal(host) => format!("@{server}"),
        Resolving::System | Resolving::Server(_) | Resolving::Given(_) => String::new(),
    }
}

/// The same of what is called by the name alone, as an origin is: of addresses that are given these. `@10.0.0.9,10.0.0.10`.
pub(in crate::probe) fn found_at(host: &str, resolving: &Resolving) -> String {
    match resolving {
        Resolving::Given(all) => {
            let all: Vec<String> = all.iter().map(IpAddr::to_string).collect();
            format!("@{}", all.join(","))
        }
        Resolving::System | Resolving::Server(_) => found_by(host, resolving),
    }
}

/// Of a socket that is looked at its `host:port`, whoever says where that is.
pub fn authority_of(resource: &str) -> Option<&str> {
    let socket = resource.strip_prefix("sock:")?;
    let found = socket.rsplit_once('@');
    let is_found =
        |(socket, by): &(&str, &str)| socket.contains(':') && by.parse::<SocketAddr>().is_ok();
    let found = found.filter(is_found);
    Some(found.map_or(socket, |(socket, _)| socket))
}

/// Undoes percent-encoding (RFC 3986 §2.1); a `%` that encodes nothing stays.
pub(in crate::probe) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, more @ ..] = rest {
        let encoded = match (first, more) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)),
            _ => None,
        };
        let (byte, taken) = match encoded {
            Some((high, low)) => (high << 4 | low, 3),
            None => (*first, 1),
        };
        bytes.push(byte);
        rest = &rest[taken..];
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_that_would_be_blamed_on_dns_are_refused() {
        for host in [
            "",
            "10.0.0.1\n",
            "10.0.0.1 ",
            "10.0.0.1:6379",
            "http://web",
            "[::1]",
            "web/x",
            "web:x",
        ] {
            assert!(check_host("host", host).is_err(), "{host:?}");
        }
        for host in ["web", "web.example.", "10.0.0.1", "::1", "fe80::1%eth0"] {
            assert!(check_host("host", host).is_ok(), "{host:?}");
        }
    }

    #[test]
    fn what_is_found_by_a_name_server_of_its_own_is_a_place_of_its_own() {
        let server = Resolving::Server("10.0.0.2:53".parse().unwrap());
        let by_server = ["dns:web@10.0.0.2:53", "sock:web:443@10.0.0.2:53"];
        assert_eq!(resources("Web", 443, &server), by_server);
        let tls = tls_resource("web", 443, "Other", &server);
        assert_eq!(tls, "tls:web:443:other@10.0.0.2:53");
        let by_system = resources("Web", 443, &Resolving::System);
        assert_eq!(by_system, ["dns:web", "sock:web:443"]);
        // Nobody is asked where an address leads.
        assert_eq!(resources("::1", 443, &server), ["sock:[::1]:443"]);
        for (resource, authority) in [
            (by_server[1], "web:443"),
            ("sock:web:443", "web:443"),
            ("sock:web:443@[fd00::2]:53", "web:443"),
            ("sock:me@10.0.0.1:5432", "me@10.0.0.1:5432"),
        ] {
            assert_eq!(authority_of(resource), Some(authority));
        }
        assert_eq!(authority_of(by_server[0]), None);
    }
}
