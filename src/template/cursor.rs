//! Goes through a scalar's text from left to right, and says where it was wrong.

use std::ops::Range;

/// A scalar that does not parse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Malformed {
    /// The bytes of the scalar's text it is about.
    pub(super) range: Range<usize>,
    /// What is wrong.
    pub(super) message: String,
}

/// Reads one hole.
pub(super) struct Cursor<'t> {
    pub(super) text: &'t str,
    /// Where `${` stands.
    pub(super) start: usize,
    pub(super) at: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    pub(super) fn skip_while(&mut self, accept: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&accept) {
            self.next();
        }
    }

    pub(super) fn skip_blanks(&mut self) {
        self.skip_while(char::is_whitespace);
    }

    /// Everything from here on that is accepted, and where it stands.
    pub(super) fn take_while(&mut self, accept: impl Fn(char) -> bool) -> (&'t str, Range<usize>) {
        let from = self.at;
        self.skip_while(accept);
        (&self.text[from..self.at], from..self.at)
    }

    /// A text in quotes of either kind, `None` where none begins; a backslash takes the next character as it is.
    pub(super) fn quoted(&mut self) -> Result<Option<String>, Malformed> {
        let from = self.at;
        let Some(quote @ ('"' | '\'')) = self.peek() else {
            return Ok(None);
        };
        self.at += 1;
        let mut text = String::new();
        loop {
            match self.next() {
                Some('\\') => text.extend(self.next()),
                Some(c) if c == quote => return Ok(Some(text)),
                Some(c) => text.push(c),
                None => {
                    let message =
                        format!("this text is never closed: its second {quote} is missing");
                    return Err(self.wrong(from..from + 1, message));
                }
            }
        }
    }

    pub(super) fn unclosed(&self) -> Malformed {
        self.wrong(
            self.start..self.start + 2,
            "`${` is never closed; a literal `${` is written `$${`",
        )
    }

    pub(super) fn wrong(&self, range: Range<usize>, message: impl Into<String>) -> Malformed {
        // A caret must not end inside a character.
        let end = (range.end..=self.text.len())
            .find(|at| self.text.is_char_boundary(*at))
            .unwrap_or(self.text.len());
        Malformed {
            range: range.start..end,
            message: message.into(),
        }
    }
}
