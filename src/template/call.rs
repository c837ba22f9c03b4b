//! A call of the one function there is: `jwt(sub="alice", exp="-1h", key=secret.jwt_key)`.

use std::ops::Range;

use super::cursor::{Cursor, Malformed};
use super::{jwt, name};
use crate::model::{Number, Value};

const FUNCTION: &str = "jwt";

/// A call of `jwt`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    /// In the order written, no name twice.
    pub(super) arguments: Vec<Argument>,
}

/// `sub="alice"`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Argument {
    pub(super) name: String,
    pub(super) given: Given,
    /// The bytes of what is given in the scalar's text.
    pub(super) range: Range<usize>,
}

/// What stands behind the `=` of an argument.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Given {
    /// A text in quotes, a number, `true` or `false`.
    Literal(Value),
    /// Whatever has this name.
    Name(String),
}

impl Call {
    /// The names whose values it needs: those of its arguments, and `now`, since a token tells the time.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let given = self.arguments.iter().map(|argument| &argument.given);
        let named = given.filter_map(|given| match given {
            Given::Name(name) => Some(name.as_str()),
            Given::Literal(_) => None,
        });
        named.chain([jwt::CLOCK])
    }

    /// Reads what stands behind `(`, and the `)`.
    pub(super) fn read(
        function: &str,
        range: Range<usize>,
        cursor: &mut Cursor<'_>,
    ) -> Result<Self, Malformed> {
        if function != FUNCTION {
            let message = format!("there is no function `{function}`, only `{FUNCTION}`");
            return Err(cursor.wrong(range, message));
        }
        let mut arguments: Vec<Argument> = Vec::new();
        cursor.skip_blanks();
        if cursor.peek() == Some(')') {
            cursor.next();
            return Ok(Self { arguments });
        }
        loop {
            let (name, named) = argument_name(cursor)?;
            if arguments.iter().any(|known| known.name == name) {
                return Err(cursor.wrong(named, format!("`{name}` is given twice")));
            }
            arguments.push(argument(name, cursor)?);
            cursor.skip_blanks();
            let from = cursor.at;
            match cursor.next() {
                Some(',') => cursor.skip_blanks(),
                Some(')') => return Ok(Self { arguments }),
                Some(_) => {
                    return Err(cursor.wrong(from..from + 1, "expected `,` or `)` after a value"));
                }
                None => return Err(cursor.unclosed()),
            }
        }
    }
}

/// A word, or a text in quotes for a claim that is none: `"https://example.com/role"`. And the `=` behind it.
fn argument_name(cursor: &mut Cursor<'_>) -> Result<(String, Range<usize>), Malformed> {
    let from = cursor.at;
    let name = match cursor.quoted()? {
        Some(quoted) => quoted,
        None => cursor
            .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
            .0
            .to_owned(),
    };
    let named = from..cursor.at;
    let is_quoted = cursor.text[from..].starts_with(['"', '\'']);
    if let Some(meant) = jwt::meant(&name).filter(|_| !is_quoted) {
        // Signed with the test key, and the real one beside it for everybody to read, it would be refused for the wrong reason.
        let message = format!(
            "`{name}` would be a claim; did you mean `{meant}`? A claim of this name stands in quotes: `\"{name}\"`"
        );
        return Err(cursor.wrong(named, message));
    }
    cursor.skip_blanks();
    match cursor.peek() {
        None => Err(cursor.unclosed()),
        Some('=') if !name.is_empty() => {
            cursor.next();
            Ok((name, named))
        }
        Some(_) => Err(cursor.wrong(
            from..cursor.at.max(from + 1),
            "expected an argument with its name, as in `sub=\"alice\"`",
        )),
    }
}

fn argument(name: String, cursor: &mut Cursor<'_>) -> Result<Argument, Malformed> {
    cursor.skip_blanks();
    let from = cursor.at;
    let given = if let Some(text) = cursor.quoted()? {
        Given::Literal(Value::Text(text))
    } else {
        let (written, range) = cursor.take_while(is_of_a_word);
        word(&name, written).map_err(|message| cursor.wrong(range, message))?
    };
    let range = from..cursor.at;
    if let Given::Literal(value) = &given {
        jwt::check(&name, value).map_err(|message| cursor.wrong(range.clone(), message))?;
    }
    Ok(Argument { name, given, range })
}

/// Whether a character can be in a number or a name; also those that are wrong there, to be told as a whole.
fn is_of_a_word(c: char) -> bool {
    !c.is_whitespace() && !matches!(c, ',' | '(' | ')' | '{' | '}' | '|' | '"' | '\'' | '=')
}

/// A number, `true`, `false` or a name.
fn word(argument: &str, word: &str) -> Result<Given, String> {
    if word.is_empty() {
        return Err(format!(
            "`{argument}` is given nothing; write a text in quotes, a number, `true`, `false` or a name"
        ));
    }
    if matches!(word, "true" | "false") {
        return Ok(Given::Literal(Value::Bool(word == "true")));
    }
    if word.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) {
        return match serde_json::from_str::<serde_json::Number>(word) {
            // As written: a claim keeps its digits.
            Ok(_) => Ok(Given::Literal(Value::Number(Number::Decimal(
                word.to_owned(),
            )))),
            Err(_) => Err(format!(
                "`{word}` is no number of JSON; a text stands in quotes"
            )),
        };
    }
    match name::check(word) {
        Ok(()) => Ok(Given::Name(word.to_owned())),
        Err(message) => Err(format!("{message}; a text stands in quotes")),
    }
}
