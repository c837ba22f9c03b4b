//! A regular expression that a suite writes, for lines of text.

use std::borrow::Cow;
use std::sync::OnceLock;

use regex::{Captures, Regex, RegexBuilder};
use regex_syntax::hir::{Hir, HirKind};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use super::Invalid;

/// A compiled one takes so many bytes at most, as those of matchers do.
const SIZE: usize = 1 << 20;

/// A regular expression as it is written; compiled when first asked for, because a late value is none yet. Matching takes time
/// linear in the text.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    text: String,
    compiled: OnceLock<Regex>,
}

impl Pattern {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            compiled: OnceLock::new(),
        }
    }

    /// The regular expression; else what is wrong with it, in this field.
    pub(super) fn compiled(
        &self,
        field: impl FnOnce() -> Cow<'static, str>,
    ) -> Result<&Regex, Invalid> {
        if let Some(known) = self.compiled.get() {
            return Ok(known);
        }
        let built = RegexBuilder::new(&self.text).size_limit(SIZE).build();
        let made = built
            .map_err(|error| format!("the regular expression does not parse: {}", wrong(&error)));
        // What compiled parses.
        let is_vain = || regex_syntax::parse(&self.text).is_ok_and(|parsed| needs_break(&parsed));
        let made = match made {
            Ok(_) if is_vain() => Err(
                "it wants a line break, and no line has one in it, so it would never match"
                    .to_owned(),
            ),
            made => made,
        };
        let made = made.map_err(|why| Invalid::new(field(), why))?;
        Ok(self.compiled.get_or_init(|| made))
    }

    /// Whether it is somewhere in the line. One that does not parse is nowhere; [`Pattern::compiled`] tells it before.
    pub(super) fn is_in(&self, line: &str) -> bool {
        self.regex().is_some_and(|regex| regex.is_match(line))
    }

    /// What it finds first in the line.
    pub(super) fn find<'l>(&self, line: &'l str) -> Option<Captures<'l>> {
        self.regex()?.captures(line)
    }

    fn regex(&self) -> Option<&Regex> {
        self.compiled(|| Cow::Borrowed("")).ok()
    }
}

/// Whether all that it finds has a line break in it.
fn needs_break(parsed: &Hir) -> bool {
    match parsed.kind() {
        HirKind::Literal(literal) => literal.0.contains(&b'\n'),
        HirKind::Repetition(repeated) => repeated.min > 0 && needs_break(&repeated.sub),
        HirKind::Capture(group) => needs_break(&group.sub),
        HirKind::Concat(parts) => parts.iter().any(needs_break),
        HirKind::Alternation(ways) => ways.iter().all(needs_break),
        // A class of one character is a literal.
        HirKind::Class(_) | HirKind::Empty | HirKind::Look(_) => false,
    }
}

/// The parser draws its own caret; its last line says what is wrong.
fn wrong(error: &regex::Error) -> String {
    if let regex::Error::CompiledTooBig(_) = error {
        return "it is too large when its repetitions are written out".to_owned();
    }
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.trim_start_matches("error: ").to_owned()
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl JsonSchema for Pattern {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Pattern".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "regex" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_parse_is_told_at_its_field_and_is_nowhere() {
        for (text, why) in [
            ("Container called exit(", "unclosed group"),
            ("[a-", "unclosed character class"),
            (r"(a)\1", "backreferences are not supported"),
            ("a{1000}{1000}", "it is too large"),
            ("exit\n", "it wants a line break"),
            (r"Traceback.*\n+\s+(File|at)", "it wants a line break"),
            (r"(a\n|[\n]b)", "it wants a line break"),
        ] {
            let pattern = Pattern::new(text);
            let told = pattern.compiled(|| "phases.2.start".into()).unwrap_err();
            assert_eq!(told.field, "phases.2.start");
            assert!(told.message.contains(why), "{text}: {}", told.message);
            assert!(!pattern.is_in(text));
        }
    }

    #[test]
    fn one_that_can_do_without_a_line_break_may_name_it() {
        for text in [r"a(\n|$)", r"a\s*\n?b", "(?x) a # and\n b", r"[^\n]b"] {
            let pattern = Pattern::new(text);
            pattern.compiled(|| "time".into()).unwrap();
            assert!(pattern.is_in("ab a"), "{text}");
        }
    }

    #[test]
    fn it_is_found_anywhere_in_a_line() {
        let pattern = Pattern::new(r"exit\((\d+)\)");
        assert!(pattern.is_in("Container called exit(3)."));
        assert!(!pattern.is_in("Container called exit(x)."));
        assert_eq!(&pattern.find("exit(3), then exit(4)").unwrap()[1], "3");
    }
}
