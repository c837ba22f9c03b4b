//! What was seen in every form in which a marker can stand in it: as it came, and with what is escaped or encoded decoded.

use std::ops::Range;

use super::{base64, escapes, hexadecimal, utf16};

/// How often what was decoded is decoded again.
const DEEPEST: usize = 3;

/// Bytes, and of each where it comes from in what was seen. Not always UTF-8: of what is binary a part may be text.
#[derive(Debug, Default)]
pub(super) struct Form {
    pub(super) bytes: Vec<u8>,
    from: From,
    /// Decoded from what may have been no encoding at all: only what nobody writes by chance is found in it.
    pub(super) is_noise: bool,
}

#[derive(Debug)]
enum From {
    /// Each from where it stands, counted from here.
    Here(usize),
    /// Where each comes from. What is looked at in one has less than 4 GiB.
    There(Vec<u32>),
}

impl Default for From {
    fn default() -> Self {
        Self::There(Vec::new())
    }
}

impl Form {
    fn whole(seen: &[u8], start: usize) -> Self {
        Self {
            bytes: seen.to_vec(),
            from: From::Here(start),
            is_noise: false,
        }
    }

    pub(super) fn noise() -> Self {
        Self {
            is_noise: true,
            ..Self::default()
        }
    }

    /// Where what stands at `at` comes from; of what comes after the last, where that ends.
    pub(super) fn origin(&self, at: usize) -> usize {
        match &self.from {
            From::Here(start) => start + at,
            From::There(from) => match from.get(at) {
                Some(from) => *from as usize,
                None => from.last().map_or(0, |last| *last as usize + 1),
            },
        }
    }

    /// Adds a byte that comes from where `at` of another form comes from.
    pub(super) fn push(&mut self, byte: u8, of: &Self, at: usize) {
        self.bytes.push(byte);
        if let From::There(from) = &mut self.from {
            from.push(u32::try_from(of.origin(at)).unwrap_or(u32::MAX));
        }
    }

    /// Adds bytes that come from there, and ends the word.
    pub(super) fn push_word(&mut self, bytes: &[(u8, usize)], of: &Self, end: usize) {
        for (byte, at) in bytes {
            self.push(*byte, of, *at);
        }
        self.push(b'\n', of, end);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

/// The bytes as they are, and what comes of them when what is escaped or encoded in them is decoded, again and again. In time
/// linear in them: nothing grows beyond a few times its length by being decoded, and how deep it goes is limited. They stand at
/// `start` of what was seen.
pub(super) fn each(seen: &[u8], start: usize, is_binary: bool, look: &mut impl FnMut(&Form)) {
    let whole = Form::whole(seen, start);
    if is_binary {
        // Each is gone before the next is made.
        for form in utf16::each(&whole) {
            descend(&form, DEEPEST - 1, look);
        }
    }
    descend(&whole, DEEPEST, look);
}

fn descend(form: &Form, deep: usize, look: &mut impl FnMut(&Form)) {
    if form.is_empty() {
        return;
    }
    look(form);
    let Some(deep) = deep.checked_sub(1).filter(|_| !form.is_noise) else {
        return;
    };
    for decode in [escapes::decoded, utf16::narrowed] {
        descend(&decode(form), deep, look);
    }
    for decode in [base64::decoded, hexadecimal::decoded] {
        let [text, noise] = decode(form);
        descend(&noise, deep, look);
        drop(noise);
        descend(&text, deep, look);
    }
}

/// Where there are so many letters in a row.
pub(super) fn words(
    bytes: &[u8],
    shortest: usize,
    is_letter: impl Fn(u8) -> bool,
) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut start = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if !is_letter(*byte) {
            if at - start >= shortest {
                words.push(start..at);
            }
            start = at + 1;
        }
    }
    if bytes.len().saturating_sub(start) >= shortest {
        words.push(start..bytes.len());
    }
    words
}

/// Bytes of what nobody writes by chance, at least.
const TELLING: usize = 8;

/// Takes a word that was decoded, each byte with where it comes from, and where the word ends.
pub(super) type Take<'t> = dyn FnMut(&[(u8, usize)], usize) + 't;

/// Of the words that were decoded in a form every one that is UTF-8, each on a line; and every other. `each` gives them.
pub(super) fn sorted(form: &Form, each: impl FnOnce(&mut Take<'_>)) -> [Form; 2] {
    let (mut text, mut noise) = (Form::default(), Form::noise());
    each(&mut |word, end| {
        if is_text(word.iter().map(|(byte, _)| *byte)) {
            text.push_word(word, form, end);
        } else if word.len() >= TELLING {
            noise.push_word(word, form, end);
        }
    });
    [text, noise]
}

/// Whether bytes that may have been cut out of a text are one.
fn is_text(bytes: impl Iterator<Item = u8>) -> bool {
    /// Bytes of a character that may be missing where it was cut.
    const MISSING: usize = 3;
    let bytes: Vec<u8> = bytes.collect();
    let is_inner = |byte: &&u8| **byte & 0xc0 == 0x80;
    let cut = bytes.iter().take(MISSING).take_while(is_inner).count();
    match std::str::from_utf8(&bytes[cut..]) {
        Ok(_) => true,
        // The last is not whole.
        Err(error) => error.error_len().is_none(),
    }
}
