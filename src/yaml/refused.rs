//! What YAML allows and suites do not: tags, merge keys, keys that are not text, a second document, endless aliases.

use granit_parser::Tag;

use super::plain::resolve;
use super::{Diagnostic, Resolved, Span};

/// A tag; `value` is the text it stands before.
pub(super) fn tag(tag: &Tag, span: Span, value: &str) -> Diagnostic {
    let written = tag.original();
    let problem = Diagnostic::error(span, format!("tags are not supported, found `{written}`"));
    match written.strip_prefix('!') {
        Some(name) if !name.is_empty() && !name.contains('!') => {
            let meant = if value.is_empty() {
                name.to_owned()
            } else {
                format!("{name} {value}")
            };
            problem.help(format!(
                "write `not {meant}` for the opposite, or quotes around text that starts with `!`"
            ))
        }
        _ => problem.help("leave it out; what a value is follows from its key"),
    }
}

/// A plain key that is not text, or one with a meaning of its own.
pub(super) fn key(text: &str, span: Span) -> Option<Diagnostic> {
    if text == MERGE {
        return Some(
            Diagnostic::error(span, "merge keys (`<<`) are not supported")
                .help("write the keys out, share a whole value with `*alias`, or use `defaults`"),
        );
    }
    let found = match resolve(text) {
        Resolved::Text => return None,
        Resolved::Null => "null",
        Resolved::Bool(_) => "a truth value",
        Resolved::Int(_) | Resolved::Float(_) | Resolved::Unclear(_) => "a number",
    };
    Some(
        Diagnostic::error(
            span,
            format!("the key `{text}` is {found}, and keys are text"),
        )
        .help(format!("write it in quotes: `\"{text}\"`")),
    )
}

/// The key whose value would be merged.
pub(super) const MERGE: &str = "<<";

/// A key that is a list, a mapping or an alias; `text` is the file's.
pub(super) fn structured_key(found: &str, span: Span, text: &str) -> Diagnostic {
    let (before, after) = text.split_at(text.floor_char_boundary(span.start as usize));
    let problem = Diagnostic::error(span, format!("a key must be text, found {found}"));
    if before.ends_with('{') && after.starts_with('{') {
        problem.help("variables are written `${name}`; a value that starts with `{` needs quotes")
    } else {
        problem.help("a value that starts with `[`, `{`, `?` or `*` needs quotes")
    }
}

pub(super) fn duplicate_key(name: &str, span: Span, first: Span) -> Diagnostic {
    Diagnostic::error(span, format!("duplicate key `{name}`"))
        .label("and again here")
        .related(first, "first defined here")
}

/// `{below:5s}`: a key of a flow mapping that holds a colon and has no value.
pub(super) fn missing_space(key: &str, rest: &str, span: Span) -> Diagnostic {
    Diagnostic::error(span, "a space is missing after `:`")
        .help(format!("write `{{ {key}: {rest} }}`"))
}

pub(super) fn second_document(span: Span) -> Diagnostic {
    Diagnostic::error(span, "a second document starts here")
        .help("a file is one document: remove the `---`, or put the rest into a file of its own")
}

/// Nested beyond the limit.
pub(super) fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::error(span, "nested deeper than 64 levels")
}

/// Over the limit of values or of text.
pub(super) fn too_much(span: Span, what: &str) -> Diagnostic {
    Diagnostic::error(
        span,
        format!("with its aliases expanded the file holds more than {what}"),
    )
}

pub(super) fn circle(span: Span) -> Diagnostic {
    Diagnostic::error(span, "an alias inside the value it stands for")
}

pub(super) fn alias_of_a_key(span: Span) -> Diagnostic {
    Diagnostic::error(
        span,
        "an alias stands for a value, and this anchor is at a key",
    )
}
