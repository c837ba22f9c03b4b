//! From the bytes of a file to text that YAML may be made of.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Why bytes are not text we read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// The file is larger than [`MAX_BYTES`](super::MAX_BYTES).
    #[error("the file has {bytes} bytes; more than 32 MiB are not read")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// It starts like UTF-16 or UTF-32.
    #[error("the file is {encoding}; save it as UTF-8")]
    OtherEncoding {
        /// The name of the encoding.
        encoding: &'static str,
    },
    /// Some bytes are no character.
    #[error(
        "line {line}, byte {offset} of the file: 0x{byte:02x} is not UTF-8; save the file as UTF-8"
    )]
    NotUtf8 {
        /// Line, from 1.
        line: usize,
        /// The first wrong byte, from 0 in the file.
        offset: usize,
        /// That byte.
        byte: u8,
    },
    /// A character that YAML does not allow outside an escape (YAML 1.2.2, §5.1).
    #[error("line {line}, byte {offset} of the file: the control character U+{:04X}; {}", u32::from(*character), advice(*character))]
    Control {
        /// Line, from 1.
        line: usize,
        /// Its first byte, from 0 in the file.
        offset: usize,
        /// The character.
        character: char,
    },
}

fn advice(character: char) -> String {
    match character {
        '\r' => "lines end with LF or CRLF".to_owned(),
        other => format!("inside \" \" write `{}`", escape(other)),
    }
}

fn escape(character: char) -> String {
    let code = u32::from(character);
    if code <= 0xff {
        format!("\\x{code:02x}")
    } else {
        format!("\\u{code:04x}")
    }
}

/// Checks the encoding and the characters of a file, and drops a byte order mark.
///
/// Lines may end with LF or CRLF. Tabs are allowed here; where YAML forbids them, [`parse`](super::parse()) says so.
pub fn decode_bytes(bytes: Vec<u8>) -> Result<String, TextError> {
    if bytes.len() > super::MAX_BYTES {
        return Err(TextError::TooLarge { bytes: bytes.len() });
    }
    if let Some(encoding) = other_encoding(&bytes) {
        return Err(TextError::OtherEncoding { encoding });
    }
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        TextError::NotUtf8 {
            line: line(bytes, offset),
            offset,
            byte: bytes[offset],
        }
    })?;
    if let Some((offset, character)) = forbidden(&text) {
        return Err(TextError::Control {
            line: line(text.as_bytes(), offset),
            offset,
            character,
        });
    }
    if text.starts_with(BYTE_ORDER_MARK) {
        text.drain(..BYTE_ORDER_MARK.len_utf8());
    }
    Ok(text)
}

const BYTE_ORDER_MARK: char = '\u{feff}';

/// By the byte order mark, or by the zero bytes beside the ASCII letter every YAML file starts with (§5.2).
fn other_encoding(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..]
        | [0, 0, 0xfe, 0xff, ..]
        | [0, 0, 0, 1..=255, ..]
        | [1..=255, 0, 0, 0, ..] => Some("UTF-32"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, 1..=255, ..] | [1..=255, 0, ..] => Some("UTF-16"),
        _ => None,
    }
}

/// The first character that is not printable, where a printable one must stand.
fn forbidden(text: &str) -> Option<(usize, char)> {
    /// So many bytes are looked at together: nearly all of them are plain.
    const BLOCK: usize = 32;
    let is_plain = |byte: &u8| matches!(byte, b'\n' | b'\t' | b' '..=b'~');
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if let Some(block) = bytes.get(at..at + BLOCK)
            // Without an early end, so that the compiler compares all of them at once.
            && block.iter().fold(true, |all, byte| all & is_plain(byte))
        {
            at += BLOCK;
            continue;
        }
        match bytes[at] {
            b'\n' | b'\t' | b' '..=b'~' => at += 1,
            b'\r' if bytes.get(at + 1) == Some(&b'\n') => at += 2,
            _ => {
                let character = text[at..].chars().next()?;
                let is_allowed = match character {
                    BYTE_ORDER_MARK => at == 0,
                    // Next line: YAML 1.2 counts it as an ordinary character, editors as a line break.
                    '\u{80}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => false,
                    other => !other.is_ascii(),
                };
                if !is_allowed {
                    return Some((at, character));
                }
                at += character.len_utf8();
            }
        }
    }
    None
}

fn line(bytes: &[u8], offset: usize) -> usize {
    bytes[..offset].split(|byte| *byte == b'\n').count()
}

/// Makes characters visible that a terminal would obey or hide: controls, escapes, direction marks, zero width.
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_visible) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        push_visible(&mut shown, character);
    }
    Cow::Owned(shown)
}

/// One character of [`visible`].
pub(super) fn push_visible(shown: &mut String, character: char) {
    match character {
        '\t' => shown.push_str("    "),
        '\0'..='\u{1f}' => shown.extend(char::from_u32(0x2400 + u32::from(character))),
        '\u{7f}' => shown.push('␡'),
        other if is_visible(other) => shown.push(other),
        other => {
            // Writing into a String cannot fail.
            let _ = write!(shown, "<U+{:04X}>", u32::from(other));
        }
    }
}

/// Not a control character, and nothing that reorders or hides what stands beside it (UAX #9).
fn is_visible(character: char) -> bool {
    !character.is_control()
        && !matches!(
            character,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(bytes: &[u8]) -> String {
        decode_bytes(bytes.to_vec())
            .expect_err("refused")
            .to_string()
    }

    #[test]
    fn text_passes_and_the_byte_order_mark_goes() {
        for (bytes, text) in [
            (&b""[..], ""),
            (b"a: 1\n", "a: 1\n"),
            (b"\xef\xbb\xbfa: 1\r\n\tb", "a: 1\r\n\tb"),
            ("é: ü 😀 \u{202e}\n".as_bytes(), "é: ü 😀 \u{202e}\n"),
        ] {
            assert_eq!(decode_bytes(bytes.to_vec()).as_deref(), Ok(text));
        }
    }

    #[test]
    fn other_bytes_are_refused_by_name_and_place() {
        for (bytes, message) in [
            (&b"\xff\xfea\0"[..], "the file is UTF-16; save it as UTF-8"),
            (b"\xfe\xff\0a", "the file is UTF-16; save it as UTF-8"),
            (b"a\0:\0", "the file is UTF-16; save it as UTF-8"),
            (b"\0a\0:", "the file is UTF-16; save it as UTF-8"),
            (
                b"\xff\xfe\0\0a\0\0\0",
                "the file is UTF-32; save it as UTF-8",
            ),
            (b"a\0\0\0", "the file is UTF-32; save it as UTF-8"),
            (
                b"a: 1\nb: caf\xe9\n",
                "line 2, byte 11 of the file: 0xe9 is not UTF-8; save the file as UTF-8",
            ),
            (
                b"a: 1\nb: \xe2\x82",
                "line 2, byte 8 of the file: 0xe2 is not UTF-8; save the file as UTF-8",
            ),
            (
                b"abc\0",
                "line 1, byte 3 of the file: the control character U+0000; inside \" \" write `\\x00`",
            ),
            (
                b"a\n\n\x1b[31m",
                "line 3, byte 3 of the file: the control character U+001B; inside \" \" write `\\x1b`",
            ),
            (
                b"a\x7f",
                "line 1, byte 1 of the file: the control character U+007F; inside \" \" write `\\x7f`",
            ),
            (
                b"a\rb",
                "line 1, byte 1 of the file: the control character U+000D; lines end with LF or CRLF",
            ),
            (
                "a\u{85}".as_bytes(),
                "line 1, byte 1 of the file: the control character U+0085; inside \" \" write `\\x85`",
            ),
            (
                "a\u{feff}".as_bytes(),
                "line 1, byte 1 of the file: the control character U+FEFF; inside \" \" write `\\ufeff`",
            ),
        ] {
            assert_eq!(error(bytes), message);
        }
        assert_eq!(
            decode_bytes(vec![b'a'; super::super::MAX_BYTES + 1]),
            Err(TextError::TooLarge {
                bytes: super::super::MAX_BYTES + 1
            })
        );
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        assert_eq!(visible("plain é 😀"), "plain é 😀");
        assert_eq!(visible("\0\x1b[31m\t\x7f\u{9b}"), "␀␛[31m    ␡<U+009B>");
        assert_eq!(
            visible("a\u{202e}b\u{2066}c\u{200d}\u{feff}\u{2028}"),
            "a<U+202E>b<U+2066>c<U+200D><U+FEFF><U+2028>"
        );
    }
}
