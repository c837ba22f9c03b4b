//! Addresses as texts. Every look tells one, and `Display` takes as long over it as connecting takes our side of the socket.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The longest of IPv4 with its port.
const LONGEST: usize = "255.255.255.255:65535".len();

/// As `Display` writes it.
pub(in crate::probe) fn ip_text(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => v4_text(ip),
        IpAddr::V6(ip) => ip.to_string(),
    }
}

/// As `Display` writes it.
pub(in crate::probe) fn v4_text(ip: Ipv4Addr) -> String {
    let mut text = String::with_capacity(LONGEST);
    let [first, others @ ..] = ip.octets();
    push(first.into(), &mut text);
    for octet in others {
        text.push('.');
        push(octet.into(), &mut text);
    }
    text
}

/// As `Display` writes it.
pub(in crate::probe) fn socket_text(address: SocketAddr) -> String {
    match address {
        SocketAddr::V4(address) => {
            let mut text = v4_text(*address.ip());
            text.push(':');
            push(address.port(), &mut text);
            text
        }
        SocketAddr::V6(address) => address.to_string(),
    }
}

fn push(number: u16, text: &mut String) {
    if number >= 10 {
        push(number / 10, text);
    }
    text.push(char::from(b"0123456789"[usize::from(number % 10)]));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_as_everybody_writes_them() {
        for number in (0..=255).chain([1, 9, 10, 99, 100, 101, 110, 200, 250]) {
            let ip = Ipv4Addr::new(number, 0, 255 - number, number / 2);
            assert_eq!(v4_text(ip), ip.to_string());
            assert_eq!(ip_text(ip.into()), ip.to_string());
        }
        for port in 0..=u16::MAX {
            let address = SocketAddr::from(([10, 20, 0, 100], port));
            assert_eq!(socket_text(address), address.to_string());
        }
        for text in ["[::1]:53", "[fe80::1%7]:0", "[2001:db8::10:0]:65535"] {
            let address: SocketAddr = text.parse().unwrap();
            assert_eq!(socket_text(address), text);
            assert_eq!(ip_text(address.ip()), address.ip().to_string());
        }
    }
}
