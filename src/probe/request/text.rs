//! From bytes to text, by the charset an answer declares.

use encoding_rs::{Encoding, UTF_8};
use hyper::header::{CONTENT_TYPE, HeaderMap};

/// The text of a body: by its byte order mark, else by `charset` (the labels of the WHATWG), else as UTF-8. JSON is UTF-8
/// whatever it says (RFC 8259 §8.1). Bytes that say nothing become U+FFFD.
pub(super) fn text(bytes: Vec<u8>, headers: &HeaderMap, is_json: bool) -> String {
    let declared = if is_json { None } else { charset(headers) };
    let declared = declared.unwrap_or(UTF_8);
    let encoding = match Encoding::for_bom(&bytes) {
        Some((marked, _)) if !is_json || marked == UTF_8 => marked,
        _ if declared == UTF_8 => {
            return String::from_utf8(bytes)
                .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        }
        _ => declared,
    };
    encoding.decode(&bytes).0.into_owned()
}

fn charset(headers: &HeaderMap) -> Option<&'static Encoding> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let label = value.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| value.trim().trim_matches('"'))
    })?;
    Encoding::for_label(label.as_bytes())
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn charsets_are_understood() {
        for (content_type, bytes, expected) in [
            ("text/plain", &b"\xc3\xa4"[..], "ä"),
            ("text/plain", b"\xe4", "\u{fffd}"),
            ("text/plain; charset=iso-8859-1", b"\xe4\x80", "ä€"),
            ("text/plain; Charset=\"windows-1251\"", b"\xe4", "д"),
            ("text/plain; charset=shift_jis", b"\x82\xa0", "あ"),
            ("text/plain; charset=utf-16le", b"\xe4\x00", "ä"),
            ("text/plain; charset=klingon", b"\xc3\xa4", "ä"),
            (
                "text/plain; charset=iso-8859-1",
                b"\xef\xbb\xbf\xc3\xa4",
                "ä",
            ),
            ("text/plain", b"\xff\xfe\xe4\x00", "ä"),
            ("text/plain", b"\xef\xbb\xbfx", "x"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
            let text = text(bytes.to_vec(), &headers, false);
            assert_eq!(text, expected, "{content_type}");
        }
        let mut headers = HeaderMap::new();
        let json = HeaderValue::from_static("application/json; charset=iso-8859-1");
        headers.insert(CONTENT_TYPE, json);
        assert_eq!(text(b"\"\xc3\xa4\"".to_vec(), &headers, true), "\"ä\"");
        assert_eq!(text(b"\xef\xbb\xbf1".to_vec(), &headers, true), "1");
    }
}
