//! Names and records as people write them (RFC 1035 §5.1), always in the same way, so that suites can compare them.

use std::fmt::Write as _;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{Name, RData};

use crate::probe::net::v4_text;

/// A name in lower case, with its last dot: names are the same in either case (RFC 4343), texts are not.
pub(in crate::probe) fn name_text(name: &Name) -> String {
    let mut text = String::new();
    for label in name {
        for byte in label {
            match byte {
                b'.' | b'\\' | b'"' => {
                    text.push('\\');
                    text.push(char::from(*byte));
                }
                0x21..=0x7e => text.push(char::from(byte.to_ascii_lowercase())),
                _ => {
                    let _ = write!(text, "\\{byte:03}");
                }
            }
        }
        text.push('.');
    }
    if text.is_empty() {
        text.push('.');
    }
    text
}

/// The data of a record. The parts of a TXT record are put together, as those who read them do (RFC 7208 §3.3).
pub(super) fn data_text(data: &RData) -> String {
    match data {
        RData::A(address) => v4_text(address.0),
        RData::AAAA(address) => address.0.to_string(),
        RData::CNAME(name) => name_text(&name.0),
        RData::NS(name) => name_text(&name.0),
        RData::PTR(name) => name_text(&name.0),
        RData::MX(mx) => format!("{} {}", mx.preference, name_text(&mx.exchange)),
        RData::SRV(srv) => format!(
            "{} {} {} {}",
            srv.priority,
            srv.weight,
            srv.port,
            name_text(&srv.target)
        ),
        RData::SOA(soa) => format!(
            "{} {} {} {} {} {} {}",
            name_text(&soa.mname),
            name_text(&soa.rname),
            soa.serial,
            // Unsigned on the wire (RFC 1035 §3.3.13).
            soa.refresh.cast_unsigned(),
            soa.retry.cast_unsigned(),
            soa.expire.cast_unsigned(),
            soa.minimum
        ),
        RData::TXT(txt) => String::from_utf8_lossy(&txt.txt_data.concat()).into_owned(),
        RData::CAA(caa) => format!(
            "{} {} \"{}\"",
            caa.flags(),
            caa.tag.to_ascii_lowercase(),
            String::from_utf8_lossy(&caa.value)
        ),
        other => other.to_string(),
    }
}

/// Where a record stands among others: a server may give them in any order, and in another one each time.
pub(super) fn order(data: &RData) -> u128 {
    match data {
        RData::A(address) => u32::from(address.0).into(),
        RData::AAAA(address) => address.0.into(),
        RData::MX(mx) => mx.preference.into(),
        RData::SRV(srv) => {
            u128::from(srv.priority) << 32 | u128::from(srv.weight) << 16 | u128::from(srv.port)
        }
        _ => 0,
    }
}

/// The name of a code, as IANA's registry writes it (RFC 6895 §2.3).
pub(super) fn rcode_text(code: ResponseCode) -> String {
    let number = u16::from(code);
    let name = match number {
        0 => "NOERROR",
        1 => "FORMERR",
        2 => "SERVFAIL",
        3 => "NXDOMAIN",
        4 => "NOTIMP",
        5 => "REFUSED",
        6 => "YXDOMAIN",
        7 => "YXRRSET",
        8 => "NXRRSET",
        9 => "NOTAUTH",
        10 => "NOTZONE",
        11 => "DSOTYPENI",
        16 => "BADVERS",
        17 => "BADKEY",
        18 => "BADTIME",
        19 => "BADMODE",
        20 => "BADNAME",
        21 => "BADALG",
        22 => "BADTRUNC",
        23 => "BADCOOKIE",
        _ => return format!("RCODE{number}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_in_one_way() {
        let name = |labels: &[&[u8]]| Name::from_labels(labels.iter().copied()).unwrap();
        assert_eq!(name_text(&Name::root()), ".");
        assert_eq!(name_text(&name(&[b"WEB", b"Example"])), "web.example.");
        assert_eq!(name_text(&name(&[b"a.b", b"c\\d"])), "a\\.b.c\\\\d.");
        assert_eq!(
            name_text(&name(&[b"a b", b"\xff\x00"])),
            "a\\032b.\\255\\000."
        );
    }

    #[test]
    fn codes_have_the_names_of_the_registry() {
        assert_eq!(rcode_text(ResponseCode::NXDomain), "NXDOMAIN");
        assert_eq!(rcode_text(ResponseCode::BADCOOKIE), "BADCOOKIE");
        assert_eq!(rcode_text(ResponseCode::Unknown(3841)), "RCODE3841");
    }
}
