//! Texts of others in a line of ours.

use crate::yaml::visible;

/// So many characters of a text are told.
const LONGEST: usize = 160;

/// The text in one line that no terminal obeys, cut with `…`. Records are masked already.
pub(super) fn short(text: &str) -> String {
    let mut characters = text.trim().chars();
    let mut shown: String = characters.by_ref().take(LONGEST).collect();
    if characters.next().is_some() {
        shown.push('…');
    }
    let line = shown.replace(['\r', '\n', '\t'], " ");
    visible(&line).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_becomes_one_bounded_line() {
        assert_eq!(short(" a\nb\x1b[31m "), "a b␛[31m");
        assert_eq!(short(&"x".repeat(500)).chars().count(), LONGEST + 1);
    }
}
