//! Texts in base64 (RFC 4648 §4 and §5): what a token claims, and ids that mean to be opaque.

use std::ops::Range;

use super::form::{Form, Take, sorted, words};

/// Letters of four bytes, as many as a marker has at least.
const SHORTEST: usize = 6;

/// The letters beyond those that both alphabets have.
const ALPHABETS: [[u8; 2]; 2] = [*b"+/", *b"-_"];

/// Every word that is UTF-8, each on a line; and every other.
pub(super) fn decoded(form: &Form) -> [Form; 2] {
    sorted(form, |take| each(form, take))
}

/// Every word, decoded from each of the four places where something may begin that was encoded, and where it ends. Padding ends a
/// word like anything else that is not in the alphabet.
fn each(form: &Form, take: &mut Take<'_>) {
    for (at, marks) in ALPHABETS.iter().enumerate() {
        if at == 0 && !form.bytes.contains(&marks[0]) && !form.bytes.contains(&marks[1]) {
            continue;
        }
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || marks.contains(&byte);
        for Range { start, end } in words(&form.bytes, SHORTEST, is_letter) {
            let word = &form.bytes[start..end];
            // Where a word has no letter of its own alphabet it is the same in both.
            if at == 0 && !word.iter().any(|byte| marks.contains(byte)) {
                continue;
            }
            for begin in 0..4.min(word.len() + 1 - SHORTEST) {
                let decoded = decode(&word[begin..], *marks, start + begin);
                take(&decoded, end.min(form.bytes.len() - 1));
            }
        }
    }
}

/// Whoever cut the last letter short still said something.
fn decode(word: &[u8], marks: [u8; 2], start: usize) -> Vec<(u8, usize)> {
    let mut decoded = Vec::with_capacity(word.len() * 3 / 4);
    let (mut held, mut bits) = (0_u32, 0);
    for (at, letter) in word.iter().enumerate() {
        held = (held << 6 | value(*letter, marks)) & 0xffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            let [.., byte] = (held >> bits).to_be_bytes();
            // The letter in which it begins.
            decoded.push((byte, start + at.saturating_sub(1)));
        }
    }
    decoded
}

fn value(letter: u8, marks: [u8; 2]) -> u32 {
    let value = match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        _ if letter == marks[0] => 62,
        _ => 63,
    };
    value.into()
}
