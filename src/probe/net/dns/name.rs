//! Which names a name server may be asked for.

use std::net::IpAddr;

use hickory_proto::rr::Name;

use crate::probe::Invalid;
use crate::yaml::visible;

/// The longest name, as text without its last dot: 255 octets on the wire (RFC 1035 §2.3.4).
const LONGEST: usize = 253;
/// The longest label (RFC 1035 §2.3.4).
const LONGEST_LABEL: usize = 63;

/// Reads a fully qualified name; its last dot may be left out. A server would answer "no such name" to all the slips that are
/// refused here, and DNS would be blamed.
pub(in crate::probe) fn check_name(field: &'static str, text: &str) -> Result<Name, Invalid> {
    let wrong = |why: &str| Invalid::new(field, format!("`{}` {why}", visible(text)));
    if text.is_empty() {
        return Err(Invalid::new(field, "the name is empty"));
    }
    if text == "." {
        return Ok(Name::root());
    }
    if text.parse::<IpAddr>().is_ok() {
        return Err(wrong(
            "is an address already: it has no addresses to ask for",
        ));
    }
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(wrong(
            "holds white space or a control character; a name has none",
        ));
    }
    if !text.is_ascii() {
        // On the wire such a name is another one (RFC 5891), and which one should be seen in the suite.
        return Err(match url::Host::parse(text) {
            Ok(url::Host::Domain(encoded)) => wrong(&format!(
                "is not ASCII; write it as it is on the wire: `{encoded}`"
            )),
            _ => wrong("is not ASCII, and no international name either"),
        });
    }
    let is_fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '*' | '.');
    if let Some(odd) = text.chars().find(|c| !is_fine(*c)) {
        return Err(wrong(&format!(
            "holds `{odd}`; write the name alone: letters, digits, `-`, `_` and `.`"
        )));
    }
    let whole = text.strip_suffix('.').unwrap_or(text);
    if whole.split('.').any(str::is_empty) {
        return Err(wrong(
            "has an empty label: two dots, or one at the beginning",
        ));
    }
    if let Some(label) = whole.split('.').find(|label| label.len() > LONGEST_LABEL) {
        return Err(wrong(&format!(
            "has a label of {} characters; {LONGEST_LABEL} is the most",
            label.len()
        )));
    }
    if whole.len() > LONGEST {
        return Err(wrong(&format!(
            "has {} characters; {LONGEST} is the most",
            whole.len()
        )));
    }
    let last = whole.rsplit('.').next().unwrap_or(whole);
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong(
            "ends in a number, as no name does, and is no address either",
        ));
    }
    let mut name =
        Name::from_ascii(whole).map_err(|error| wrong(&format!("is no name: {error}")))?;
    name.set_fqdn(true);
    Ok(name)
}

/// The name under which the name of an address is found (RFC 1035 §3.5, RFC 3596 §2.5).
pub(in crate::probe) fn reverse(address: IpAddr) -> Name {
    let mut name = Name::from(address);
    name.set_fqdn(true);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_fully_qualified_with_and_without_their_last_dot() {
        for text in ["web.example", "web.example.", "WEB.example", "web"] {
            let name = check_name("name", text).unwrap();
            assert!(name.is_fqdn(), "{text}");
        }
        assert_eq!(
            check_name("name", "Web.Example").unwrap(),
            check_name("name", "web.example.").unwrap()
        );
        for text in [
            ".",
            "_sip._tcp.example",
            "*.example",
            "xn--mnchen-3ya.example",
        ] {
            assert!(check_name("name", text).is_ok(), "{text}");
        }
        let longest = "a.".repeat(127);
        assert!(check_name("name", &longest).is_ok());
        assert!(check_name("name", &format!("b{longest}")).is_err());
    }

    #[test]
    fn slips_are_told() {
        let long_label = format!("{}.example", "a".repeat(64));
        let long = "abc.".repeat(64);
        for (text, told) in [
            ("", "empty"),
            ("10.0.0.1", "is an address already"),
            ("::1", "is an address already"),
            ("web example", "white space"),
            ("web.example\n", "white space"),
            ("münchen.example", "`xn--mnchen-3ya.example`"),
            ("http://web", "holds `:`"),
            ("web/x", "holds `/`"),
            ("web:53", "holds `:`"),
            ("web..example", "empty label"),
            (".web", "empty label"),
            ("..", "empty label"),
            (long_label.as_str(), "a label of 64"),
            (long.as_str(), "has 255 characters"),
            ("10.0.0.256", "ends in a number"),
        ] {
            let invalid = check_name("name", text).unwrap_err();
            assert!(
                invalid.message.contains(told),
                "{text}: {}",
                invalid.message
            );
        }
    }

    #[test]
    fn addresses_are_turned_around() {
        let name = |text: &str| reverse(text.parse().unwrap()).to_ascii();
        assert_eq!(name("192.0.2.1"), "1.2.0.192.in-addr.arpa.");
        assert!(name("2001:db8::1").starts_with("1.0.0.0.0.0."));
        assert!(name("2001:db8::1").ends_with("8.b.d.0.1.0.0.2.ip6.arpa."));
    }
}
