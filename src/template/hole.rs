//! One scalar as literal text and holes: `Bearer ${token}` is a literal and a hole.

use std::ops::Range;

use super::call::Call;
use super::cursor::{Cursor, Malformed};
use super::filter::Filter;
use super::name;

/// A piece of a scalar.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    /// Text that stands for itself; `$${` is already `${`.
    Literal(String),
    /// `${name | filters}` or `${jwt(…) | filters}`.
    Hole(Hole),
}

/// What stands between `${` and `}`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Hole {
    /// Where its value comes from.
    pub(super) source: Source,
    /// In the order written.
    pub(super) filters: Vec<Filter>,
    /// Its bytes in the scalar's text, delimiters included.
    pub(super) range: Range<usize>,
}

/// Where the value of a hole comes from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Source {
    /// The whole dotted name.
    Name(String),
    /// What a function makes.
    Call(Call),
}

impl Hole {
    /// The names whose values it needs.
    pub(super) fn names(&self) -> Vec<&str> {
        match &self.source {
            Source::Name(name) => vec![name],
            Source::Call(call) => call.names().collect(),
        }
    }
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

impl Cursor<'_> {
    fn hole(mut self) -> Result<Hole, Malformed> {
        let source = self.source()?;
        let mut filters: Vec<Filter> = Vec::new();
        loop {
            self.skip_blanks();
            match self.peek() {
                Some('}') => break,
                Some('|') => {
                    self.at += 1;
                    let from = self.at;
                    let filter = self.filter()?;
                    self.check_default(&filter, &source, filters.is_empty(), from)?;
                    filters.push(filter);
                }
                Some(_) => {
                    return Err(self.wrong(
                        self.at..self.at + 1,
                        match source {
                            Source::Call(_) if filters.is_empty() => {
                                "expected `|` or `}` after `)`"
                            }
                            _ => "expected `|` or `}` after a filter",
                        },
                    ));
                }
                None => return Err(self.unclosed()),
            }
        }
        Ok(Hole {
            source,
            filters,
            range: self.start..self.at + 1,
        })
    }

    /// A name, or a call.
    fn source(&mut self) -> Result<Source, Malformed> {
        self.skip_blanks();
        let from = self.at;
        let (name, named) =
            self.take_while(|c| !matches!(c, '|' | '}' | '(') && !c.is_whitespace());
        if self.peek() == Some('(') && !name.is_empty() {
            self.at += 1;
            return Ok(Source::Call(Call::read(name, named, self)?));
        }
        // `1 + 1`, `x if y`: everything up to `|` or `}` is what was meant to be a name.
        self.skip_while(|c| !matches!(c, '|' | '}'));
        if self.peek().is_none() {
            return Err(self.unclosed());
        }
        let whole = self.text[from..self.at].trim_end();
        name::check(whole).map_err(|message| self.wrong(from..from + whole.len(), message))?;
        Ok(Source::Name(whole.to_owned()))
    }

    fn filter(&mut self) -> Result<Filter, Malformed> {
        self.skip_blanks();
        let (word, range) = self.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
        self.skip_blanks();
        let argument = if self.peek() == Some('(') {
            self.at += 1;
            Some(self.argument()?)
        } else {
            None
        };
        Filter::new(word, argument).map_err(|message| self.wrong(range, message))
    }

    /// One quoted text and `)`.
    fn argument(&mut self) -> Result<String, Malformed> {
        self.skip_blanks();
        let from = self.at;
        let Some(argument) = self.quoted()? else {
            return Err(match self.peek() {
                Some(_) => self.wrong(
                    from..from + 1,
                    "expected a text in quotes, as in `default(\"x\")`",
                ),
                None => self.unclosed(),
            });
        };
        self.skip_blanks();
        match self.next() {
            Some(')') => Ok(argument),
            Some(_) => Err(self.wrong(from..self.at, "expected `)` after the text")),
            None => Err(self.unclosed()),
        }
    }

    /// A default behind another filter would come too late, and one for a secret would be a secret written down.
    fn check_default(
        &self,
        filter: &Filter,
        source: &Source,
        is_first: bool,
        from: usize,
    ) -> Result<(), Malformed> {
        let Filter::Default(_) = filter else {
            return Ok(());
        };
        let message = match source {
            Source::Name(name) if name.starts_with("secret.") => {
                "a secret has no default: an absent secret is an error"
            }
            Source::Call(_) => "`default` is for a name; a function always makes something",
            Source::Name(_) if !is_first => "`default` must be the first filter",
            Source::Name(_) => return Ok(()),
        };
        Err(self.wrong(from..self.at, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    use crate::model::{Number, Value};
    use crate::template::call::Given;

    fn literal(text: &str) -> Part {
        Part::Literal(text.to_owned())
    }

    fn hole(name: &str, range: Range<usize>) -> Part {
        Part::Hole(Hole {
            source: Source::Name(name.to_owned()),
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
    fn a_call_has_arguments_with_their_names() {
        let parts = parse("${ jwt( sub = 'a}\\'', n=-1.50 ,ok=true, \"a b\"=session.x.y ) | json}");
        let [Part::Hole(hole)] = &parts.unwrap()[..] else {
            panic!("not one hole");
        };
        let Source::Call(call) = &hole.source else {
            panic!("{hole:?}");
        };
        let given: Vec<_> = call
            .arguments
            .iter()
            .map(|argument| (argument.name.as_str(), argument.given.clone()))
            .collect();
        let number = Value::Number(Number::Decimal("-1.50".to_owned()));
        assert_eq!(
            given,
            [
                ("sub", Given::Literal(Value::Text("a}'".to_owned()))),
                ("n", Given::Literal(number)),
                ("ok", Given::Literal(Value::Bool(true))),
                ("a b", Given::Name("session.x.y".to_owned())),
            ]
        );
        assert_eq!(hole.filters, [Filter::Json]);
        assert_eq!(hole.names(), ["session.x.y", "now"]);
    }

    #[test]
    fn mistakes_are_pointed_at() {
        for (text, range, part) in [
            ("ab${x", 2..4, "never closed"),
            ("${", 0..2, "never closed"),
            ("${x | default(\"y}", 14..15, "its second \" is missing"),
            ("${1 + 1}", 2..7, "no name"),
            ("${x()}", 2..3, "there is no function `x`, only `jwt`"),
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
            ("${jtw(sub=\"a\")}", 2..5, "only `jwt`"),
            ("${jwt(sub=\"a)}", 10..11, "its second \" is missing"),
            ("${jwt(sub=a\")}", 11..12, "expected `,` or `)`"),
            ("${jwt(sub=\"a\" aud=b)}", 14..15, "expected `,` or `)`"),
            ("${jwt(sub=Alice)}", 10..15, "a text stands in quotes"),
            ("${jwt(sub=-x)}", 10..12, "no number"),
            ("${jwt(sub=)}", 10..10, "given nothing"),
            ("${jwt(\"alice\")}", 6..13, "with its name"),
            ("${jwt(sub)}", 6..9, "with its name"),
            ("${jwt(,)}", 6..7, "with its name"),
            ("${jwt(sub=1,)}", 12..13, "with its name"),
            ("${jwt(sub=1, sub=2)}", 13..16, "given twice"),
            ("${jwt(alg=\"HS265\")}", 10..17, "did you mean `HS256`?"),
            ("${jwt(alg=256)}", 10..13, "`alg` is text"),
            ("${jwt(exp=\"1 h\")}", 10..15, "leave out the space"),
            ("${jwt(exp=300)}", 10..13, "as in \"5m\""),
            ("${jwt(sub=1) x}", 13..14, "after `)`"),
            ("${jwt() | default(\"x\")}", 9..22, "for a name"),
            ("${jwt(sub=1}", 11..12, "expected `,` or `)`"),
            ("${jwt(sub=1", 0..2, "never closed"),
            ("${jwt(", 0..2, "never closed"),
            ("${jwt()", 0..2, "never closed"),
            ("${x | tampered(\"y\")}", 6..14, "takes no text"),
        ] {
            let wrong = parse(text).expect_err(text);
            assert!(wrong.message.contains(part), "{text}: {}", wrong.message);
            assert_eq!(wrong.range, range, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(\\$\\{(jwt\\()?)?[\\$\\{\\}\\|()\"'\\\\ a-zé.=,1-]{0,40}") {
            if let Err(wrong) = parse(&text) {
                prop_assert!(text.get(wrong.range).is_some());
            }
        }
    }
}
