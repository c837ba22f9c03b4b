//! Texts in base64: what a token claims, and ids that mean to be opaque.

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::general_purpose::NO_PAD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

/// Bytes of what was encoded. What gives fewer is a word like any other.
const SHORTEST: usize = 8;

/// Whoever cut the last letter short still said something.
const LENIENT: GeneralPurposeConfig = NO_PAD.with_decode_allow_trailing_bits(true);

/// RFC 4648 §4 and §5, and which letters only they have. Where a word has none of them they are the same.
const ALPHABETS: [(GeneralPurpose, [u8; 2]); 2] = [
    (GeneralPurpose::new(&STANDARD, LENIENT), *b"+/"),
    (GeneralPurpose::new(&URL_SAFE, LENIENT), *b"-_"),
];

/// Every whole word that is UTF-8 in base64, decoded, each on a line; `None` when there is none. Padding ends a word like anything
/// else that is not in the alphabet.
pub(super) fn decoded(text: &str) -> Option<String> {
    let mut decoded = String::new();
    for (at, (engine, marks)) in ALPHABETS.iter().enumerate() {
        let is_outside = |byte: &u8| !byte.is_ascii_alphanumeric() && !marks.contains(byte);
        for word in text.as_bytes().split(is_outside) {
            let is_others = at == 0 && !word.iter().any(|byte| marks.contains(byte));
            if word.len() <= SHORTEST || is_others {
                continue;
            }
            let bytes = engine.decode(word).unwrap_or_default();
            if let Ok(said) = String::from_utf8(bytes)
                && said.len() >= SHORTEST
            {
                decoded += &said;
                decoded.push('\n');
            }
        }
    }
    (!decoded.is_empty()).then_some(decoded)
}
