//! The forms in which a secret can leave the process.

use std::collections::HashSet;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

/// Every form of a secret and of its lines that has at least `shortest` characters.
pub(super) fn of(secret: &str, shortest: usize) -> HashSet<String> {
    let mut forms = HashSet::new();
    let whole = std::iter::once(secret);
    // What reads a secret often drops what stands around it, and shows it line by line.
    let texts = whole.chain(secret.lines()).flat_map(|t| [t, t.trim()]);
    // Most secrets are one line without anything around it: four times the same, and tokens are long.
    for text in texts.collect::<HashSet<&str>>() {
        if text.chars().count() < shortest {
            continue;
        }
        forms.insert(text.to_owned());
        // Inside the quotes of a shell.
        forms.insert(text.replace('\'', r"'\''"));
        // A host is shown in small letters.
        forms.insert(text.to_ascii_lowercase());
        // Bytes that are no text are shown so, by us and by others.
        hexadecimal(text, &mut forms);
        percent(text, &mut forms);
        base64(text, &mut forms);
        json(text, &mut forms);
        markup(text, &mut forms);
    }
    forms.retain(|form| form.chars().count() >= shortest);
    forms
}

/// What the usual encoders leave as it is, beside letters and digits. Each encodes everything else.
const KEPT: &[&str] = &[
    "",
    "-._~",                         // RFC 3986 §2.3
    "-._~/",                        // … in a path
    "-._~!*'()",                    // encodeURIComponent
    "-._~!*'();/?:@&=+$,#",         // encodeURI
    "*-._",                         // form fields (WHATWG URL)
    "-._~!$&'()*+,;=%",             // userinfo
    "-._~!$&'()*+,;=:@/%",          // a path (RFC 3986 §3.3)
    "-._~!$&'()*+,;=:@/?%",         // a query
    "-._~!$&()*+,;=:@/?%[]\\^`{|}", // a query (WHATWG URL)
    "-._~!$&'()*+,;=:@/%[]\\|",     // a path (WHATWG URL)
    "-._~!$&'()*+,;=:@/%[]\\|^",    // … as it was, and as the crate `url` has it
    "-._~!$&'()*+,%",               // userinfo (WHATWG URL)
    "-._~!'()*",                    // component (WHATWG URL)
];

fn percent(text: &str, forms: &mut HashSet<String>) {
    let special: HashSet<char> = text
        .chars()
        .filter(|c| c.is_ascii() && !c.is_ascii_alphanumeric())
        .collect();
    let spaces: &[&str] = if special.contains(&' ') {
        &["%20", "+"]
    } else {
        &["%20"]
    };
    // Of a token with two kinds of special characters there are four encodings at most, whoever writes them.
    let mut known: Vec<Vec<char>> = Vec::new();
    for kept in KEPT {
        let kept: Vec<char> = kept.chars().filter(|c| special.contains(c)).collect();
        if known.contains(&kept) {
            continue;
        }
        for space in spaces {
            let mut upper = String::with_capacity(text.len());
            let mut lower = String::with_capacity(text.len());
            for byte in text.bytes() {
                let c = char::from(byte);
                if c.is_ascii_alphanumeric() || (byte.is_ascii() && kept.contains(&c)) {
                    upper.push(c);
                    lower.push(c);
                } else if byte == b' ' {
                    upper.push_str(space);
                    lower.push_str(space);
                } else {
                    // Writing to a string cannot fail.
                    let _ = write!(upper, "%{byte:02X}");
                    let _ = write!(lower, "%{byte:02x}");
                }
            }
            forms.insert(upper);
            forms.insert(lower);
        }
        known.push(kept);
    }
}

fn hexadecimal(text: &str, forms: &mut HashSet<String>) {
    let hex = text
        .bytes()
        .fold(String::with_capacity(text.len() * 2), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        });
    forms.insert(hex.to_ascii_uppercase());
    forms.insert(hex);
}

/// The characters of the encoding that depend on the secret alone, whatever stands before and after it: three
/// alignments, two alphabets. A secret encoded alone goes with its padding.
fn base64(text: &str, forms: &mut HashSet<String>) {
    for alone in [STANDARD.encode(text), URL_SAFE.encode(text)] {
        percent(&alone, forms);
        forms.insert(alone);
    }
    for before in 0..3 {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(text.as_bytes());
        let first = (8 * before).div_ceil(6);
        let last = 8 * bytes.len() / 6;
        for encoded in [
            STANDARD_NO_PAD.encode(&bytes),
            URL_SAFE_NO_PAD.encode(&bytes),
        ] {
            let inner = &encoded[first..last];
            percent(inner, forms);
            forms.insert(inner.to_owned());
        }
    }
}

/// Escapes of JSON writers: the least there must be, slashes too, all but ASCII, for HTML; and JSON inside JSON.
fn json(text: &str, forms: &mut HashSet<String>) {
    let quoted = |text: &str| {
        let quoted = serde_json::Value::from(text).to_string();
        quoted[1..quoted.len() - 1].to_owned()
    };
    let plain = quoted(text);
    let ascii = |text: &str, hex: fn(u16) -> String| {
        let mut escaped = String::with_capacity(text.len());
        for c in text.chars() {
            if c.is_ascii() {
                escaped.push(c);
            } else {
                escaped.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| hex(*unit)));
            }
        }
        escaped
    };
    let for_html = |text: &str, hex: fn(u16) -> String| {
        let mut escaped = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '<' | '>' | '&' | '\'' => escaped.push_str(&hex(c as u16)),
                _ => escaped.push(c),
            }
        }
        escaped
    };
    for hex in [
        (|unit| format!("\\u{unit:04x}")) as fn(u16) -> String,
        |unit| format!("\\u{unit:04X}"),
    ] {
        let only_ascii = ascii(&plain, hex);
        for form in [&plain, &only_ascii] {
            forms.insert(form.replace('/', "\\/"));
            forms.insert(for_html(form, hex));
            // Go leaves the apostrophe as it is.
            forms.insert(for_html(&form.replace('\'', "\0"), hex).replace('\0', "'"));
            forms.insert(form.clone());
        }
    }
    forms.insert(quoted(&plain));
    // Rust's own quoting, as it stands in debug output.
    forms.insert(text.escape_debug().to_string());
}

/// Escapes of XML and HTML writers, by what they make of quotes.
fn markup(text: &str, forms: &mut HashSet<String>) {
    let basic = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    for double in ["\"", "&quot;", "&#34;"] {
        for single in ["'", "&apos;", "&#39;", "&#x27;", "&#039;"] {
            let form = basic.replace('"', double).replace('\'', single);
            forms.insert(form.replace('/', "&#x2f;"));
            forms.insert(form.replace('/', "&#x2F;"));
            forms.insert(form);
        }
    }
    // A writer of text may leave `>` alone.
    forms.insert(text.replace('&', "&amp;").replace('<', "&lt;"));
}
