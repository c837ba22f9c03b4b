//! Texts in UTF-16, as they stand in binary frames and in what is wrapped up in other encodings.

use super::form::Form;

/// How two bytes are one unit.
type Order = fn([u8; 2]) -> u16;

/// The bytes read as UTF-16 in both orders of bytes, each from the first and from the second byte on, as UTF-8.
pub(super) fn each(form: &Form) -> impl Iterator<Item = Form> {
    let ways: [(usize, Order); 4] = [
        (0, u16::from_le_bytes),
        (1, u16::from_le_bytes),
        (0, u16::from_be_bytes),
        (1, u16::from_be_bytes),
    ];
    ways.into_iter()
        .map(|(begin, unit)| read(form, begin, unit))
}

fn read(form: &Form, begin: usize, unit: Order) -> Form {
    let mut text = Form::default();
    let bytes = form.bytes.get(begin..).unwrap_or_default();
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let mut at = begin;
    for read in char::decode_utf16(units) {
        let c = read.unwrap_or(char::REPLACEMENT_CHARACTER);
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            text.push(byte, form, at);
        }
        at += 2 * c.len_utf16();
    }
    text
}

/// Without the zeros that stand beside each letter of ASCII in UTF-16; nothing when there are none.
pub(super) fn narrowed(form: &Form) -> Form {
    let mut narrowed = Form::default();
    if form.bytes.contains(&0) {
        for (at, byte) in form
            .bytes
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte != 0)
        {
            narrowed.push(*byte, form, at);
        }
    }
    narrowed
}
