//! Text from outside, made safe to show: what would act on a terminal, break a document or hide from the eye becomes
//! something one can see. Evidence must not vanish, so nothing is dropped.

use std::fmt::Write as _;

/// The text in one line: line feeds become `␊`.
pub(super) fn line(text: &str) -> String {
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push('␊'),
            '\t' => out.push(' '),
            c => push(&mut out, c),
        }
    }
    out
}

/// The text with its lines: CR LF becomes a line feed, a tab four spaces.
pub(super) fn block(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' => out.push('\n'),
            '\t' => out.push_str("    "),
            c => push(&mut out, c),
        }
    }
    out
}

/// The first `most` characters, and how many were left out. What is hardly longer is left whole: to say so would take as much.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => {
            let left = text[end..].chars().count();
            if left < WORTH_CUTTING {
                return text.to_owned();
            }
            format!("{}… ({left} more characters)", &text[..end])
        }
    }
}

/// So many characters are worth being left out.
const WORTH_CUTTING: usize = 40;

/// A line for a shell, whole or not at all: a cut one would run, and do something else.
pub(super) fn command(text: &str) -> String {
    if text.chars().nth(LONGEST_COMMAND).is_some() {
        return TOO_LONG.to_owned();
    }
    line(text)
}

/// Characters of a line for a shell.
const LONGEST_COMMAND: usize = 4000;

/// A comment, should somebody paste it.
const TOO_LONG: &str = "# too long to print: it stands with the evidence";

fn push(out: &mut String, c: char) {
    match c {
        // U+2400 … are the pictures of the C0 controls, in the same order.
        '\u{0}'..='\u{1f}' => out.extend(char::from_u32(0x2400 + u32::from(c))),
        '\u{7f}' => out.push('␡'),
        // C1 controls act on some terminals (U+009B begins an escape sequence); bidirectional controls reorder what is
        // read (CVE-2021-42574); the others are invisible.
        '\u{80}'..='\u{9f}'
        | '\u{061c}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}' => {
            let _ = write!(out, "<U+{:04X}>", u32::from(c));
        }
        // Noncharacters: XML 1.0 §2.2 forbids the first two, and nobody means the others.
        c if u32::from(c) & 0xfffe == 0xfffe || matches!(c, '\u{fdd0}'..='\u{fdef}') => {
            out.push('\u{fffd}');
        }
        c => out.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_and_bidi_become_visible() {
        assert_eq!(line("a\u{1b}[31mb\n\0"), "a␛[31mb␊␀");
        assert_eq!(line("\u{202e}x\u{9b}"), "<U+202E>x<U+009B>");
        assert_eq!(block("a\r\nb\rc\td"), "a\nb␍c    d");
        assert_eq!(block("\u{fffe}\u{1ffff}"), "\u{fffd}\u{fffd}");
        assert_eq!(line("żółw 漢字 🦀"), "żółw 漢字 🦀");
    }

    #[test]
    fn a_cut_says_how_much_is_missing() {
        assert_eq!(cut("żółw", 4), "żółw");
        assert_eq!(cut("żółwie", 4), "żółwie", "to say it would take as much");
        let long = "ó".repeat(44);
        assert_eq!(cut(&long, 4), "óóóó… (40 more characters)");
    }

    #[test]
    fn a_command_is_whole_or_not_there() {
        assert_eq!(command("echo\u{1b}"), "echo␛");
        let most = "x".repeat(LONGEST_COMMAND);
        assert_eq!(command(&most), most);
        assert_eq!(command(&format!("{most}x")), TOO_LONG);
    }
}
