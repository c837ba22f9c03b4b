//! What is looked for in texts that others wrote.

use regex::{Regex, RegexBuilder};

use super::items::{any, scalar, span};
use crate::diagnosis::short::short;
use crate::yaml::{Diagnostic, Diagnostics, Node};

/// The most memory one pattern may take, in bytes.
const SIZE: usize = 1024 * 1024;

/// The longest pattern, in bytes.
const LONGEST: usize = 2 * 1024;

/// What the end of a text is replaced by where it was cut.
const CUT: char = '…';

/// A regular expression; `^` and `$` are the ends of lines.
#[derive(Debug, Clone)]
pub(in crate::diagnosis) struct Pattern(Regex);

/// Any of these.
#[derive(Debug, Clone)]
pub(in crate::diagnosis) struct Patterns(Vec<Pattern>);

impl Patterns {
    /// Reads a pattern, or a list of them.
    pub(super) fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        any(node, problems, Pattern::decode).map(Self)
    }

    /// What stands behind all that they match.
    pub(super) fn behind<'t>(&self, text: &'t str) -> Option<&'t str> {
        let ends = self
            .0
            .iter()
            .filter_map(|pattern| pattern.0.find_iter(text).last());
        ends.map(|found| found.end()).max().map(|end| &text[end..])
    }

    /// What one of them matches.
    pub(super) fn find<'t>(&self, text: &'t str) -> Option<&'t str> {
        self.0.iter().find_map(|pattern| pattern.find(text))
    }
}

impl Pattern {
    /// Reads one. A pattern that matches every text asks nothing, and is a mistake.
    pub(super) fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        let text = &*scalar(node, "a regular expression", problems)?.text;
        let built = match text.len() {
            0 => Err("an empty pattern matches everything".to_owned()),
            length if length > LONGEST => Err(format!(
                "a pattern has at most {LONGEST} bytes, and not {length}"
            )),
            _ => RegexBuilder::new(text)
                .multi_line(true)
                .size_limit(SIZE)
                .build()
                .map_err(|error| {
                    format!("no regular expression: {}", last_line(&error.to_string()))
                }),
        };
        match built {
            Ok(regex) if regex.is_match("") => {
                problems.push(Diagnostic::error(
                    span(node),
                    "this pattern matches every text, also the empty one",
                ));
                None
            }
            Ok(regex) => Some(Self(regex)),
            Err(message) => {
                problems.push(Diagnostic::error(span(node), message));
                None
            }
        }
    }

    /// What it matches, and would match in the whole text too: what touches a cut might go on otherwise behind it.
    pub(super) fn find<'t>(&self, text: &'t str) -> Option<&'t str> {
        let start = if text.starts_with(CUT) {
            CUT.len_utf8()
        } else {
            0
        };
        let end = text.strip_suffix(CUT).map_or(text.len(), str::len);
        let is_whole = |found: &regex::Match<'_>| {
            (start == 0 || found.start() > start) && (end == text.len() || found.end() < end)
        };
        self.0
            .find_iter(text)
            .find(is_whole)
            .map(|found| found.as_str())
    }
}

/// The line that a text matches in, for people.
pub(super) fn line_of(text: &str, found: &str) -> String {
    let line = text.lines().find(|line| line.contains(found));
    short(line.filter(|line| line.len() <= 400).unwrap_or(found))
}

fn last_line(text: &str) -> &str {
    let line = text.lines().last().unwrap_or(text);
    line.strip_prefix("error: ").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_touches_a_cut_is_no_match() {
        let pattern = Pattern(Regex::new(r"exit code 1\b").unwrap());
        assert!(pattern.find("exit code 1").is_some());
        assert!(
            pattern.find("exit code 1…").is_none(),
            "it may have been 13"
        );
        assert!(
            pattern.find("…exit code 1 of").is_none(),
            "nobody knows what stood before"
        );
        assert!(pattern.find("… no exit code 1 of").is_some());
        assert!(
            pattern.find("exit code 1…, then exit code 1.").is_some(),
            "not cut at all"
        );
    }
}
