//! Conditions: `when` over the variables of a target, `--tag` over tags and categories.
//!
//! `and`, `or`, `not`, `( )`, and for `when` also `==` and `!=` with a word or a quoted text on the right.

use std::fmt;

use crate::model::Value;
use crate::yaml::did_you_mean;

/// A condition that was read and whose names all exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    root: Expr,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Expr {
    Name(String),
    Compare {
        name: String,
        is_equal: bool,
        text: String,
    },
    Not(Box<Expr>),
    // Lists, not pairs: a condition may be long, and pairs would nest as deep as it is long.
    And(Vec<Expr>),
    Or(Vec<Expr>),
}

/// A condition that cannot be read, and where: a byte offset into its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionError {
    /// Byte offset.
    pub at: usize,
    /// How many bytes it is about.
    pub length: usize,
    /// What was found and what would be right.
    pub message: String,
}

impl fmt::Display for ConditionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConditionError {}

impl Condition {
    /// Reads a `--tag` expression; `words` are the tags, category names and `critical`.
    pub fn of_tags(text: &str, words: &[&str]) -> Result<Self, ConditionError> {
        Self::read(
            text,
            words,
            Grammar {
                compares: false,
                noun: "tag",
            },
        )
    }

    /// Reads a `when`; `names` are the variables of the target.
    pub fn of_variables(text: &str, names: &[&str]) -> Result<Self, ConditionError> {
        Self::read(
            text,
            names,
            Grammar {
                compares: true,
                noun: "variable",
            },
        )
    }

    /// Whether it holds, when `has` says which names do.
    pub fn holds(&self, has: &dyn Fn(&str) -> bool) -> bool {
        self.root.holds(&|name| Value::Bool(has(name)))
    }

    /// Whether it holds for these values. A name alone holds unless its value is false, null, empty, `false` or `0`.
    pub fn holds_for(&self, value: &dyn Fn(&str) -> Value) -> bool {
        self.root.holds(value)
    }

    /// The names it asks for.
    pub(super) fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.root.collect(&mut names);
        names
    }

    fn read(text: &str, names: &[&str], grammar: Grammar) -> Result<Self, ConditionError> {
        let mut parser = Parser {
            tokens: tokens(text)?,
            next: 0,
            end: text.len(),
            names,
            grammar,
            depth: 0,
        };
        let root = parser.or()?;
        match parser.peek() {
            None => Ok(Self { root }),
            Some(token) => Err(error_at(
                token,
                format!("expected `and`, `or` or the end, found `{}`", token.text),
            )),
        }
    }
}

impl Expr {
    fn collect<'e>(&'e self, names: &mut Vec<&'e str>) {
        match self {
            Self::Name(name) | Self::Compare { name, .. } => names.push(name),
            Self::Not(inner) => inner.collect(names),
            Self::And(all) | Self::Or(all) => all.iter().for_each(|one| one.collect(names)),
        }
    }

    fn holds(&self, value: &dyn Fn(&str) -> Value) -> bool {
        match self {
            Self::Name(name) => is_true(&value(name)),
            Self::Compare {
                name,
                is_equal,
                text,
            } => (as_text(&value(name)) == *text) == *is_equal,
            Self::Not(inner) => !inner.holds(value),
            Self::And(all) => all.iter().all(|one| one.holds(value)),
            Self::Or(all) => all.iter().any(|one| one.holds(value)),
        }
    }
}

fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(truth) => *truth,
        Value::Number(number) => number.to_f64() != 0.0,
        Value::Text(text) | Value::Untyped(text) => !matches!(text.as_str(), "" | "false" | "0"),
        Value::Duration(duration) => !duration.is_zero(),
        Value::List(items) => !items.is_empty(),
        Value::Map(entries) => !entries.is_empty(),
    }
}

fn as_text(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) | Value::Untyped(text) => text.clone(),
        Value::Duration(_) | Value::List(_) | Value::Map(_) => String::new(),
    }
}

#[derive(Clone, Copy)]
struct Grammar {
    compares: bool,
    noun: &'static str,
}

#[derive(Debug, Clone)]
struct Token {
    at: usize,
    length: usize,
    text: String,
    is_quoted: bool,
}

fn error(at: usize, message: String) -> ConditionError {
    ConditionError {
        at,
        length: 1,
        message,
    }
}

/// About a whole token.
fn error_at(token: &Token, message: String) -> ConditionError {
    ConditionError {
        at: token.at,
        length: token.length,
        message,
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, ConditionError> {
    let mut found = Vec::new();
    let mut rest = text.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        let token = |text: &str| Token {
            at,
            length: text.len(),
            text: text.to_owned(),
            is_quoted: false,
        };
        match c {
            _ if c.is_whitespace() => {}
            '(' | ')' => found.push(token(&c.to_string())),
            '=' | '!' if rest.next_if(|(_, next)| *next == '=').is_some() => {
                found.push(token(&format!("{c}=")));
            }
            '!' => return Err(error(at, "found `!`; write `not`".to_owned())),
            '=' => return Err(error(at, "found `=`; write `==`".to_owned())),
            '&' | '|' => {
                let word = if c == '&' { "and" } else { "or" };
                return Err(error(at, format!("found `{c}`; write `{word}`")));
            }
            '"' | '\'' => {
                let mut inner = String::new();
                loop {
                    match rest.next() {
                        Some((_, end)) if end == c => break,
                        Some((_, other)) => inner.push(other),
                        None => {
                            return Err(error(
                                at,
                                format!("the {c} that opens here is never closed"),
                            ));
                        }
                    }
                }
                found.push(Token {
                    at,
                    length: inner.len() + 2,
                    text: inner,
                    is_quoted: true,
                });
            }
            _ if is_word(c) => {
                let mut word = c.to_string();
                while let Some((_, next)) = rest.next_if(|(_, next)| is_word(*next)) {
                    word.push(next);
                }
                found.push(token(&word));
            }
            _ => return Err(error(at, format!("found `{c}`, which no condition has"))),
        }
    }
    Ok(found)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':')
}

struct Parser<'n> {
    tokens: Vec<Token>,
    next: usize,
    end: usize,
    names: &'n [&'n str],
    grammar: Grammar,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    fn takes(&mut self, word: &str) -> bool {
        let is_next = self
            .peek()
            .is_some_and(|token| !token.is_quoted && token.text == word);
        self.next += usize::from(is_next);
        is_next
    }

    fn or(&mut self) -> Result<Expr, ConditionError> {
        let first = self.and()?;
        self.chain("or", first, Self::and, Expr::Or)
    }

    fn and(&mut self) -> Result<Expr, ConditionError> {
        let first = self.not()?;
        self.chain("and", first, Self::not, Expr::And)
    }

    /// `first`, and what follows it behind the same word.
    fn chain(
        &mut self,
        word: &str,
        first: Expr,
        next: impl Fn(&mut Self) -> Result<Expr, ConditionError>,
        join: fn(Vec<Expr>) -> Expr,
    ) -> Result<Expr, ConditionError> {
        let mut all = vec![first];
        while self.takes(word) {
            all.push(next(self)?);
        }
        Ok(match all.len() {
            1 => all.swap_remove(0),
            _ => join(all),
        })
    }

    fn not(&mut self) -> Result<Expr, ConditionError> {
        // `not not not …` and `((((…` come from outside: bounded, so that no text can overflow the stack.
        self.depth += 1;
        if self.depth > 64 {
            return Err(error(
                self.peek().map_or(self.end, |token| token.at),
                "nested too deeply".to_owned(),
            ));
        }
        let result = if self.takes("not") {
            Ok(Expr::Not(Box::new(self.not()?)))
        } else {
            self.atom()
        };
        self.depth -= 1;
        result
    }

    fn atom(&mut self) -> Result<Expr, ConditionError> {
        let Some(token) = self.peek().cloned() else {
            return Err(error(
                self.end,
                format!("expected a {}, found the end", self.grammar.noun),
            ));
        };
        if self.takes("(") {
            let inner = self.or()?;
            if !self.takes(")") {
                return Err(error(
                    token.at,
                    "the ( that opens here is never closed".to_owned(),
                ));
            }
            return Ok(inner);
        }
        if token.is_quoted || matches!(token.text.as_str(), "and" | "or" | ")" | "==" | "!=") {
            return Err(error_at(
                &token,
                format!("expected a {}, found `{}`", self.grammar.noun, token.text),
            ));
        }
        self.next += 1;
        self.known(&token)?;
        if !self.grammar.compares {
            return Ok(Expr::Name(token.text));
        }
        let is_equal = self.takes("==");
        if !is_equal && !self.takes("!=") {
            return Ok(Expr::Name(token.text));
        }
        let Some(right) = self.peek().cloned() else {
            return Err(error(
                self.end,
                "expected a value to compare with, found the end".to_owned(),
            ));
        };
        if !right.is_quoted && matches!(right.text.as_str(), "(" | ")" | "==" | "!=") {
            return Err(error_at(
                &right,
                format!("expected a value to compare with, found `{}`", right.text),
            ));
        }
        self.next += 1;
        Ok(Expr::Compare {
            name: token.text,
            is_equal,
            text: right.text,
        })
    }

    fn known(&self, token: &Token) -> Result<(), ConditionError> {
        if self.names.contains(&token.text.as_str()) {
            return Ok(());
        }
        let noun = self.grammar.noun;
        let hint = did_you_mean(&token.text, self.names.iter().copied());
        Err(error_at(
            token,
            format!("no {noun} is called `{}`{hint}", token.text),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(text: &str, has: &[&str]) -> bool {
        Condition::of_tags(text, &["a", "b", "c", "critical"])
            .unwrap()
            .holds(&|name| has.contains(&name))
    }

    #[test]
    fn not_binds_tighter_than_and_and_that_tighter_than_or() {
        assert!(tags("a or b and c", &["a"]));
        assert!(!tags("(a or b) and c", &["a"]));
        assert!(tags("not a and b", &["b"]));
        assert!(!tags("not (a or b)", &["b"]));
        assert!(tags("critical and not c", &["critical"]));
    }

    #[test]
    fn values_compare_as_text_and_names_by_truth() {
        let value = |name: &str| match name {
            "region" => Value::Text("eu".into()),
            "has_redis" => Value::Bool(false),
            _ => Value::Null,
        };
        let holds = |text| {
            Condition::of_variables(text, &["region", "has_redis"])
                .unwrap()
                .holds_for(&value)
        };
        assert!(holds("region == eu"));
        assert!(holds("region != \"us\" and not has_redis"));
        assert!(!holds("has_redis"));
        assert!(holds("has_redis == false"));
    }

    #[test]
    fn what_cannot_be_read_says_where_and_what_would_be_right() {
        for (text, at, says) in [
            ("critcal", 0, "did you mean `critical`"),
            ("a && b", 2, "write `and`"),
            ("!a", 0, "write `not`"),
            ("a b", 2, "expected `and`"),
            ("(a", 0, "never closed"),
            ("", 0, "found the end"),
            ("a and", 5, "found the end"),
            ("a == b", 2, "expected `and`"),
        ] {
            let error = Condition::of_tags(text, &["a", "b", "critical"]).unwrap_err();
            assert!(
                error.at == at && error.message.contains(says),
                "{text}: {error:?}"
            );
        }
        let deep = format!("{}a", "not ".repeat(100_000));
        assert!(Condition::of_tags(&deep, &["a"]).is_err());
    }

    #[test]
    fn a_condition_may_be_as_long_as_its_file() {
        for (word, is_met) in [("or", true), ("and", false)] {
            let text = format!("a{}", format!(" {word} b").repeat(200_000));
            let condition = Condition::of_tags(&text, &["a", "b"]).unwrap();
            assert_eq!(condition.holds(&|name| name == "a"), is_met);
            assert_eq!(condition.names().len(), 200_001);
        }
    }
}
