//! Texts in hexadecimal, in small letters and in large ones.

use std::ops::Range;

use super::form::{Form, Take, sorted, words};

/// Digits of four bytes, as many as a marker has at least.
const SHORTEST: usize = 8;

/// Every word that is UTF-8, each on a line; and every other.
pub(super) fn decoded(form: &Form) -> [Form; 2] {
    sorted(form, |take| each(form, take))
}

/// Every word, decoded from its first digit and from its second, and where it ends.
fn each(form: &Form, take: &mut Take<'_>) {
    let is_digit = |byte: u8| byte.is_ascii_hexdigit();
    for Range { start, end } in words(&form.bytes, SHORTEST, is_digit) {
        for begin in start..(start + 2).min(end + 1 - SHORTEST) {
            let pairs = form.bytes[begin..end].chunks_exact(2).enumerate();
            let byte = |(at, pair): (usize, &[u8])| (byte(pair), begin + 2 * at);
            let decoded: Vec<(u8, usize)> = pairs.map(byte).collect();
            take(&decoded, end.min(form.bytes.len() - 1));
        }
    }
}

fn byte(pair: &[u8]) -> u8 {
    pair.iter().fold(0, |byte, digit| {
        byte << 4 | digit_of(*digit).unwrap_or_default()
    })
}

/// What a digit stands for.
pub(super) fn digit_of(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

/// Bytes that are told in hexadecimal, as far as they are that.
pub(super) fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes().chunks_exact(2).map(byte).collect()
}
