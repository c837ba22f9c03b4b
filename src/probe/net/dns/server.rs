//! Which name servers are asked.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::path::Path;

use crate::model::{ProbeError, Unable};
use crate::probe::Invalid;
use crate::probe::net::check_port;
use crate::yaml::visible;

/// Where name servers listen.
const PORT: u16 = 53;
/// So many servers of this machine are asked, as the C library does.
const MOST: usize = 3;
/// Where this machine says who its name servers are (resolv.conf(5)).
const RESOLV_CONF: &str = "/etc/resolv.conf";

/// Reads `10.0.0.2`, `10.0.0.2:5353`, `::1`, `[::1]` or `[::1]:5353`; the port is 53 unless it is given. A server has an
/// address and no name, because the name would have to be looked up first, by another server.
pub(in crate::probe) fn named(field: &'static str, text: &str) -> Result<SocketAddr, Invalid> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    let server = bare
        .parse::<IpAddr>()
        .map(|address| SocketAddr::new(address, PORT))
        .or_else(|_| text.parse::<SocketAddr>())
        .map_err(|_| {
            Invalid::new(
                field,
                format!(
                    "`{}` is no address of a server; write `10.0.0.2`, `10.0.0.2:5353` or `[fd00::2]:5353`",
                    visible(text)
                ),
            )
        })?;
    check_port(server.port()).map_err(|why| Invalid::new(field, why))?;
    Ok(server)
}

/// The name servers of this machine, in order. Without any, and without the file, it is the one on this machine itself, as for
/// every other program.
pub(in crate::probe) fn of_this_machine() -> Result<Vec<SocketAddr>, ProbeError> {
    let text = match std::fs::read(RESOLV_CONF) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => {
            let why = format!("the name servers of this machine: {RESOLV_CONF}: {error}");
            return Err(ProbeError::new(Unable::File, why));
        }
    };
    Ok(listed(&text))
}

/// The servers of a resolv.conf. Its options are for the C library; ours are the budget of the look.
fn listed(text: &str) -> Vec<SocketAddr> {
    let mut servers: Vec<_> = text
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let is_server = words.next() == Some("nameserver");
            words.next().filter(|_| is_server).and_then(address)
        })
        .take(MOST)
        .collect();
    if servers.is_empty() {
        servers.push(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), PORT));
    }
    servers
}

/// An address, or a link-local one with the interface behind it (RFC 4007 §11): `fe80::1%eth0`.
fn address(text: &str) -> Option<SocketAddr> {
    let Some((address, interface)) = text.split_once('%') else {
        return Some(SocketAddr::new(text.parse().ok()?, PORT));
    };
    let address: Ipv6Addr = address.parse().ok()?;
    let scope = interface.parse().ok().or_else(|| index(interface))?;
    Some(SocketAddrV6::new(address, PORT, 0, scope).into())
}

/// The number of an interface; only Linux tells without a call of the C library.
fn index(interface: &str) -> Option<u32> {
    let path = Path::new("/sys/class/net").join(interface).join("ifindex");
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_an_address_with_or_without_a_port() {
        for (text, server) in [
            ("10.0.0.2", "10.0.0.2:53"),
            ("10.0.0.2:5353", "10.0.0.2:5353"),
            ("::1", "[::1]:53"),
            ("[::1]", "[::1]:53"),
            ("[::1]:5353", "[::1]:5353"),
        ] {
            assert_eq!(named("server", text).unwrap(), server.parse().unwrap());
        }
        for text in [
            "",
            "ns.example",
            "10.0.0.2:",
            "10.0.0.2:x",
            "10.0.0.2 ",
            "udp://10.0.0.2",
        ] {
            let told = named("server", text).unwrap_err().message;
            assert!(told.contains("no address of a server"), "{text}: {told}");
        }
        let told = named("server", "10.0.0.2:0").unwrap_err().message;
        assert!(told.contains("1 to 65535"), "{told}");
    }

    #[test]
    fn the_servers_of_the_machine_are_read_as_the_c_library_does() {
        let text = "# nameserver 9.9.9.9\n; x\ndomain example\nnameserver 10.0.0.2\nnameserver\t::1 # here\n\
                    nameserver nonsense\nnameserver fe80::1%7\nnameserver 10.0.0.4\noptions timeout:1\n";
        let servers: Vec<_> = listed(text).iter().map(ToString::to_string).collect();
        assert_eq!(servers, ["10.0.0.2:53", "[::1]:53", "[fe80::1%7]:53"]);
        for empty in ["", "search example\n"] {
            assert_eq!(listed(empty), ["127.0.0.1:53".parse().unwrap()]);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_interface_is_known_by_its_name() {
        assert!(index("lo").is_some_and(|index| index > 0));
        assert_eq!(index("no-such-interface"), None);
    }
}
