//! Bytes into lines, as they come, in bounded memory.

use std::borrow::Cow;
use std::io::BufRead;

/// More of a line is handed over in pieces.
pub(super) const MOST: usize = 64 * 1024;

/// So much of a piece is repeated at the beginning of the next, so that what stands across its end is seen whole.
const OVERLAP: usize = 4 * 1024;

/// A line, or a piece of a very long one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'b> {
    /// Without what ends it: LF or CR LF. What is no UTF-8 in it is U+FFFD.
    pub(super) text: Cow<'b, str>,
    /// It goes on in the next piece.
    pub(super) is_cut: bool,
    /// It is not the first piece of its line; it begins with the end of the one before.
    pub(super) continues: bool,
}

/// Cuts what comes into lines. It keeps no more than one piece of 64 KiB.
#[derive(Debug, Default)]
pub(super) struct Lines {
    held: Vec<u8>,
    /// What is held is not the beginning of its line.
    continues: bool,
}

impl Lines {
    /// Takes what came, and hands over each line that it completes.
    pub(super) fn feed(&mut self, bytes: &[u8], each: &mut impl FnMut(Line<'_>)) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let from = rest;
            // Reading from memory cannot fail.
            let length = rest.skip_until(b'\n').unwrap_or(from.len());
            match from[..length].strip_suffix(b"\n") {
                Some(part) if self.held.is_empty() && part.len() <= MOST => each(whole(part)),
                Some(part) => {
                    self.hold(part, each);
                    self.end(each);
                }
                None => self.hold(from, each),
            }
        }
    }

    /// Nothing more comes: hands over a last line that nothing ends.
    pub(super) fn finish(&mut self, each: &mut impl FnMut(Line<'_>)) {
        if !self.held.is_empty() {
            self.end(each);
        }
    }

    fn hold(&mut self, mut part: &[u8], each: &mut impl FnMut(Line<'_>)) {
        loop {
            let room = MOST - self.held.len();
            if part.len() <= room {
                self.held.extend_from_slice(part);
                return;
            }
            let (fits, rest) = part.split_at(room);
            self.held.extend_from_slice(fits);
            part = rest;
            each(Line {
                text: String::from_utf8_lossy(&self.held[..characters_end(&self.held)]),
                is_cut: true,
                continues: self.continues,
            });
            self.continues = true;
            let again = characters_begin(&self.held, MOST - OVERLAP);
            self.held.drain(..again);
        }
    }

    fn end(&mut self, each: &mut impl FnMut(Line<'_>)) {
        let continues = std::mem::take(&mut self.continues);
        each(Line {
            continues,
            ..whole(&self.held)
        });
        self.held.clear();
    }
}

fn whole(bytes: &[u8]) -> Line<'_> {
    Line {
        text: String::from_utf8_lossy(bytes.strip_suffix(b"\r").unwrap_or(bytes)),
        is_cut: false,
        continues: false,
    }
}

/// Where the last character that is whole ends.
fn characters_end(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        _ => bytes.len(),
    }
}

/// The first place from here on where a character begins.
fn characters_begin(bytes: &[u8], from: usize) -> usize {
    let is_inner = |byte: &u8| byte & 0b1100_0000 == 0b1000_0000;
    // No character of UTF-8 has more than four bytes (RFC 3629 §3).
    from + bytes[from..]
        .iter()
        .take(3)
        .take_while(|byte| is_inner(byte))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every line, with `…` where it goes on and where it continues.
    fn split(parts: &[&[u8]]) -> Vec<String> {
        let mut lines = Lines::default();
        let mut all = Vec::new();
        let mut each = |line: Line<'_>| {
            let before = if line.continues { "…" } else { "" };
            let after = if line.is_cut { "…" } else { "" };
            all.push(format!("{before}{}{after}", line.text));
        };
        for part in parts {
            lines.feed(part, &mut each);
        }
        lines.finish(&mut each);
        all
    }

    #[test]
    fn lines_are_the_same_however_they_come() {
        let text = "one\r\ntwo\n\nfünf\r\r\nlast".as_bytes();
        let expected = ["one", "two", "", "fünf\r", "last"];
        assert_eq!(split(&[text]), expected);
        for at in 0..text.len() {
            assert_eq!(split(&[&text[..at], &text[at..]]), expected, "{at}");
        }
        let bytes: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(split(&bytes), expected);
    }

    #[test]
    fn an_ended_last_line_is_followed_by_none() {
        assert_eq!(split(&[b"one\n"]), ["one"]);
        assert_eq!(split(&[b"\n"]), [""]);
        assert!(split(&[b""]).is_empty());
        assert_eq!(split(&[b"\r"]), [""]);
    }

    #[test]
    fn what_is_no_utf8_can_be_seen() {
        assert_eq!(split(&[b"a\xffb\n\0c\n"]), ["a\u{fffd}b", "\0c"]);
    }

    #[test]
    fn a_long_line_comes_in_pieces_that_overlap() {
        let mut line = vec![b'x'; MOST];
        assert_eq!(split(&[&line]), ["x".repeat(MOST)]);
        // A marker stands across the end of the first piece.
        line.truncate(MOST - 3);
        line.extend_from_slice(b"marker, and the rest\nnext");
        for parts in [vec![&line[..]], line.chunks(1000).collect()] {
            let pieces = split(&parts);
            assert_eq!(pieces.len(), 3);
            assert!(pieces[0].ends_with("xmar…") && pieces[0].len() == MOST + "…".len());
            assert!(pieces[1].starts_with("…x") && pieces[1].ends_with("xmarker, and the rest"));
            assert_eq!(pieces[1].len(), OVERLAP + "…ker, and the rest".len());
            assert_eq!(pieces[2], "next");
        }
    }

    #[test]
    fn pieces_begin_and_end_between_characters() {
        let line = format!("x{}\n", "€".repeat(MOST));
        for piece in split(&[line.as_bytes()]) {
            assert!(!piece.contains('\u{fffd}'));
        }
    }

    #[test]
    fn little_is_kept_of_a_line_without_end() {
        let mut lines = Lines::default();
        let part = vec![b'x'; 100_000];
        let mut pieces = 0;
        for _ in 0..100 {
            lines.feed(&part, &mut |line| {
                assert!(line.text.len() <= MOST);
                pieces += 1;
            });
        }
        assert!(lines.held.capacity() <= MOST * 2);
        assert!(pieces > 100);
    }
}
