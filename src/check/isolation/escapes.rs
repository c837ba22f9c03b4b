//! Texts that were escaped to stand in something else: percent-encoding, the escapes of JSON, entities of HTML.

use super::form::Form;
use super::hexadecimal::digit_of;

/// Longest name or number of an entity.
const ENTITY: usize = 10;

/// Entities of HTML that stand for a character of ASCII, or for a space that does not break.
const ENTITIES: &[(&str, char)] = &[
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", '\u{a0}'),
    ("Tab", '\t'),
    ("NewLine", '\n'),
    ("excl", '!'),
    ("num", '#'),
    ("dollar", '$'),
    ("percnt", '%'),
    ("lpar", '('),
    ("rpar", ')'),
    ("ast", '*'),
    ("plus", '+'),
    ("comma", ','),
    ("period", '.'),
    ("sol", '/'),
    ("colon", ':'),
    ("semi", ';'),
    ("equals", '='),
    ("quest", '?'),
    ("commat", '@'),
    ("lsqb", '['),
    ("bsol", '\\'),
    ("rsqb", ']'),
    ("Hat", '^'),
    ("lowbar", '_'),
    ("grave", '`'),
    ("lcub", '{'),
    ("verbar", '|'),
    ("rcub", '}'),
];

/// Without `%xx` (RFC 3986 §2.1), the escapes of JSON (RFC 8259 §7), `\xNN`, and entities of HTML;
/// nothing when there are none. What is no escape stays.
pub(super) fn decoded(form: &Form) -> Form {
    let mut decoded = Form::default();
    let is_mark = |byte: &u8| matches!(byte, b'%' | b'\\' | b'&');
    if !form.bytes.iter().any(is_mark) {
        return decoded;
    }
    let mut is_changed = false;
    let mut at = 0;
    while let Some(byte) = form.bytes.get(at) {
        let rest = &form.bytes[at..];
        let read = match byte {
            b'%' => hex(&rest[1..], 2).map(|value| (Piece::Byte(value), 3)),
            b'\\' => escape(rest),
            b'&' => entity(rest).map(|(c, length)| (Piece::Char(c), length)),
            _ => None,
        };
        is_changed |= read.is_some();
        let (piece, length) = read.unwrap_or((Piece::Byte((*byte).into()), 1));
        match piece {
            Piece::Byte(value) => {
                let [.., byte] = value.to_be_bytes();
                decoded.push(byte, form, at);
            }
            Piece::Char(c) => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    decoded.push(byte, form, at);
                }
            }
        }
        at += length;
    }
    if is_changed { decoded } else { Form::default() }
}

enum Piece {
    /// The last byte of this.
    Byte(u32),
    Char(char),
}

/// What an escape stands for, and how many bytes it takes.
fn escape(text: &[u8]) -> Option<(Piece, usize)> {
    let plain = match text.get(1)? {
        mark @ (b'"' | b'\\' | b'/') => char::from(*mark),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'x' => return hex(&text[2..], 2).map(|value| (Piece::Byte(value), 4)),
        b'u' => return unicode(text).map(|(c, length)| (Piece::Char(c), length)),
        _ => return None,
    };
    Some((Piece::Char(plain), 2))
}

/// `\u00e4`, or two of them that are a pair of surrogates.
fn unicode(text: &[u8]) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let digits = text.get(at..)?.strip_prefix(b"\\u")?;
        u16::try_from(hex(digits, 4)?).ok()
    };
    let first = unit(0)?;
    if let Some(Ok(c)) = char::decode_utf16([first]).next() {
        return Some((c, 6));
    }
    let c = char::decode_utf16([first, unit(6)?]).next()?.ok()?;
    Some((c, 12))
}

/// `&amp;`, `&#45;`, `&#x2D;`; a number may stand without its `;`.
fn entity(text: &[u8]) -> Option<(char, usize)> {
    let inner = &text[1..text.len().min(ENTITY + 2)];
    let Some(number) = inner.strip_prefix(b"#") else {
        let end = inner.iter().position(|byte| *byte == b';')?;
        let (_, c) = ENTITIES
            .iter()
            .find(|(name, _)| name.as_bytes() == &inner[..end])?;
        return Some((*c, end + 2));
    };
    let (digits, radix) = match number {
        [b'x' | b'X', digits @ ..] => (digits, 16),
        digits => (digits, 10),
    };
    let is_digit = |byte: &u8| char::from(*byte).is_digit(radix);
    let count = digits.iter().take_while(|byte| is_digit(byte)).count();
    let value = std::str::from_utf8(&digits[..count]).ok()?;
    let c = char::from_u32(u32::from_str_radix(value, radix).ok()?)?;
    let mark = digits.get(count).filter(|byte| **byte == b';');
    let before = text.len().min(2 + usize::from(radix == 16));
    Some((c, before + count + usize::from(mark.is_some())))
}

/// So many digits at the beginning, as a number.
fn hex(text: &[u8], digits: usize) -> Option<u32> {
    let digits = text.get(..digits)?;
    let digit = |value: u32, digit: &u8| Some(value << 4 | u32::from(digit_of(*digit)?));
    digits.iter().try_fold(0, digit)
}
