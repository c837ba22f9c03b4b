//! One scalar as literal text and holes: `Bearer ${token}` is a literal and a hole.

use std::ops::Range;

use super::filter::Filter;
use super::name;

/// A piece of a scalar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// Text that stands for itself; `$${` is already `${`.
    Literal(String),
    /// `${name | filters}`.
    Hole(Hole),
}

/// What stands between `${` and `}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hole {
    /// The whole dotted name.
    pub(super) name: String,
    /// In the order written.
    pub(super) filters: Vec<Filter>,
    /// Its bytes in the scalar's text, delimiters included.
    pub(super) range: Range<usize>,
}

/// A scalar that does not parse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Malformed {
    /// The bytes of the scalar's text it is about.
    pub(super) range: Range<usize>,
    /// What is wrong.
    pub(super) message: String,
}

/// Whether a scalar's text has anything to parse. Most have not and are never touched.
pub(super) fn has_holes(text: &str) -> bool {
    text.contains("${")
}

/// Splits a scalar's text.
pub(super) fn parse(text: &str) -> Result<Vec<Part>, Malformed> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut at = 0;
    while let Some(found) = text[at..].find("${").map(|offset| at + offset) {
        if text[at..found].ends_with('$') {
            literal.push_str(&text[at..found - 1]);
            literal.push_str("${");
            at = found + 2;
            continue;
        }
        literal.push_str(&text[at..found]);
        if !literal.is_empty() {
            parts.push(Part::Literal(std::mem::take(&mut literal)));
        }
        let hole = Cursor {
            text,
            start: found,
            at: found + 2,
        }
        .hole()?;
        at = hole.range.end;
        parts.push(Part::Hole(hole));
    }
    literal.push_str(&text[at..]);
    if !literal.is_empty() {
        parts.push(Part::Literal(literal));
    }
    Ok(parts)
}

/// Reads one hole: a name and known filters.
struct Cursor<'t> {
    text: &'t str,
    /// Where `${` stands.
    start: usize,
    at: usize,
}

impl Cursor<'_> {
    fn hole(mut self) -> Result<Hole, Malformed> {
        self.skip_blanks();
        let from = self.at;
        self.skip_while(|c| !matches!(c, '|' | '}') && !c.is_whitespace());
        let name = self.text[from..self.at].to_owned();
        self.skip_blanks();
        if self.peek().is_none() {
            return Err(self.unclosed());
        }
        // `1 + 1`, `x if y`: everything up to `|` or `}` is what was meant to be a name.
        self.skip_while(|c| !matches!(c, '|' | '}'));
        if self.peek().is_none() {
            return Err(self.unclosed());
        }
        let whole = self.text[from..self.at].trim_end();
        name::check(whole).map_err(|message| self.wrong(from..from + whole.len(), message))?;

        let mut filters: Vec<Filter> = Vec::new();
        loop {
            self.skip_blanks();
            match self.peek() {
                Some('}') => break,
                Some('|') => {
                    self.at += 1;
                    let from = self.at;
                    let filter = self.filter()?;
                    self.check_default(&filter, &name, filters.is_empty(), from)?;
                    filters.push(filter);
                }
                Some(_) => {
                    return Err(self.wrong(
                        self.at..self.at + 1,
                        "expected `|` or `}` after a filter".to_owned(),
                    ));
                }
                None => return Err(self.unclosed()),
            }
        }
        Ok(Hole {
            name,
            filters,
            range: self.start..self.at + 1,
        })
    }

    fn filter(&mut self) -> Result<Filter, Malformed> {
        self.skip_blanks();
        let from = self.at;
        self.skip_while(|c| c.is_ascii_alphanumeric() || c == '_');
        let word = &self.text[from..self.at];
        let range = from..self.at;
        self.skip_blanks();
        let argument = if self.peek() == Some('(') {
            self.at += 1;
            Some(self.argument()?)
        } else {
            None
        };
        Filter::new(word, argument).map_err(|message| self.wrong(range, message))
    }

    /// One quoted text and `)`; a backslash takes the next character as it is.
    fn argument(&mut self) -> Result<String, Malformed> {
        self.skip_blanks();
        let from = self.at;
        let quote = match self.peek() {
            Some(quote @ ('"' | '\'')) => quote,
            Some(_) => {
                return Err(self.wrong(
                    from..from + 1,
                    "expected a text in quotes, as in `default(\"x\")`".to_owned(),
                ));
            }
            None => return Err(self.unclosed()),
        };
        self.at += 1;
        let mut argument = String::new();
        loop {
            match self.next() {
                Some('\\') => argument.extend(self.next()),
                Some(c) if c == quote => break,
                Some(c) => argument.push(c),
                None => return Err(self.unclosed()),
            }
        }
        self.skip_blanks();
        match self.next() {
            Some(')') => Ok(argument),
            Some(_) => Err(self.wrong(from..self.at, "expected `)` after the text".to_owned())),
            None => Err(self.unclosed()),
        }
    }

    /// A default behind another filter would come too late, and one for a secret would be a secret written down.
    fn check_default(
        &self,
        filter: &Filter,
        name: &str,
        is_first: bool,
        from: usize,
    ) -> Result<(), Malformed> {
        let Filter::Default(_) = filter else {
            return Ok(());
        };
        let message = if name.starts_with("secret.") {
            "a secret has no default: an absent secret is an error"
        } else if !is_first {
            "`default` must be the first filter"
        } else {
            return Ok(());
        };
        Err(self.wrong(from..self.at, message.to_owned()))
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn skip_while(&mut self, accept: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&accept) {
            self.next();
        }
    }

    fn skip_blanks(&mut self) {
        self.skip_while(char::is_whitespace);
    }

    fn unclosed(&self) -> Malformed {
        self.wrong(
            self.start..self.start + 2,
            "`${` is never closed; a literal `${` is written `$${`".to_owned(),
        )
    }

    fn wrong(&self, range: Range<usize>, message: String) -> Malformed {
        // A caret must not end inside a character.
        let end = (range.end..=self.text.len())
            .find(|at| self.text.is_char_boundary(*at))
            .unwrap_or(self.text.len());
        Malformed {
            range: range.start..end,
            message,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn literal(text: &str) -> Part {
        Part::Literal(text.to_owned())
    }

    fn hole(name: &str, range: Range<usize>) -> Part {
        Part::Hole(Hole {
            name: name.to_owned(),
            filters: Vec::new(),
            range,
        })
    }

    #[test]
    fn text_and_holes_take_turns() {
        assert_eq!(
            parse("a ${x}/${ env.Y-1 }!").unwrap(),
            [
                literal("a "),
                hole("x", 2..6),
                literal("/"),
                hole("env.Y-1", 7..19),
                literal("!")
            ]
        );
        assert_eq!(parse("${x}").unwrap(), [hole("x", 0..4)]);
        assert_eq!(parse("no $ {x}").unwrap(), [literal("no $ {x}")]);
    }

    #[test]
    fn two_dollars_are_a_literal_hole() {
        assert_eq!(parse("$${x} $$").unwrap(), [literal("${x} $$")]);
        assert_eq!(
            parse("$${x}${y}").unwrap(),
            [literal("${x}"), hole("y", 5..9)]
        );
    }

    #[test]
    fn a_text_in_a_filter_may_hold_braces_and_quotes() {
        let parts = parse(r#"${x | default("}\"|") | json}"#).unwrap();
        let [Part::Hole(hole)] = parts.as_slice() else {
            panic!("{parts:?}");
        };
        assert_eq!(
            hole.filters,
            [Filter::Default("}\"|".to_owned()), Filter::Json]
        );
    }

    #[test]
    fn mistakes_are_pointed_at() {
        for (text, range, part) in [
            ("ab${x", 2..4, "never closed"),
            ("${", 0..2, "never closed"),
            ("${x | default(\"y}", 0..2, "never closed"),
            ("${1 + 1}", 2..7, "no name"),
            ("${x()}", 2..5, "no name"),
            ("${}", 2..2, "names nothing"),
            ("${x | upper}", 6..11, "no filter `upper`"),
            ("${x | jsn}", 6..9, "did you mean `json`?"),
            ("${x | json(\"a\")}", 6..10, "takes no text"),
            ("${x | default}", 6..13, "default(\"…\")"),
            ("${x | default(5)}", 14..15, "in quotes"),
            ("${x | json | default(\"a\")}", 12..25, "first filter"),
            ("${secret.x | default(\"a\")}", 12..25, "no default"),
            ("${x | json y}", 11..12, "expected `|`"),
            ("${${x}}", 2..5, "no name"),
        ] {
            let wrong = parse(text).expect_err(text);
            assert!(wrong.message.contains(part), "{text}: {}", wrong.message);
            assert_eq!(wrong.range, range, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[\\$\\{\\}\\|()\"'\\\\ a-zé.]{0,40}") {
            if let Err(wrong) = parse(&text) {
                prop_assert!(text.get(wrong.range).is_some());
            }
        }
    }
}
