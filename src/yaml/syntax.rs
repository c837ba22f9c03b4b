//! Words for syntax errors: where it went wrong, and the usual slip behind it.

use granit_parser::ErrorKind;

use super::refused::too_deep;
use super::{Diagnostic, FileId, Span};

/// Says what is wrong at byte `at`; the value before it ended at byte `last_end`.
pub(super) fn explain(
    kind: &ErrorKind,
    text: &str,
    file: FileId,
    at: usize,
    last_end: usize,
) -> Diagnostic {
    let at = floor(text, at);
    let here = span(file, text, at, at);
    if let Some(problem) = unclosed_quote(kind, text, file, at, last_end) {
        return problem;
    }
    if let Some(dollar) = unquoted_variable(text, at) {
        return Diagnostic::error(
            span(file, text, dollar, dollar + 2),
            "a variable inside `{ }` or `[ ]` needs quotes",
        )
        .help("quote it: inside `{ }` quote what holds `${`, `[`, `]`, `{` or `,`");
    }
    match kind {
        ErrorKind::RecursionLimitExceeded => too_deep(here),
        ErrorKind::TabInIndentation | ErrorKind::TabInBlockIndentation | ErrorKind::TabNotAllowed | ErrorKind::TabAtBlockScalarStart | ErrorKind::TabInPlainScalar => {
            tab(text, file, at)
        }
        ErrorKind::UnexpectedCharacter { character } => {
            let shown = match character {
                '`' => "a backtick".to_owned(),
                other => format!("`{}`", other.escape_debug()),
            };
            Diagnostic::error(here, format!("a value cannot start with {shown}"))
                .help(format!("write quotes around a value that starts with {shown}"))
        }
        ErrorKind::MisplacedFlowCollectionEnd => {
            Diagnostic::error(here, "a closing bracket without its opening one")
        }
        ErrorKind::UnknownAnchor => Diagnostic::error(here, "an alias without an anchor of that name before it")
            .help("write quotes around a value that starts with `*`"),
        ErrorKind::MissingAnchorOrAliasName => Diagnostic::error(here, "`*` and `&` need a name")
            .help("write quotes around a value that starts with `*` or `&`"),
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement | ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            Diagnostic::error(here, "a `:` where no key can end")
                .help("write quotes around a value that holds `: `; otherwise look for a missing line break, indentation or bracket before it")
        }
        ErrorKind::DirectiveDisallowed => Diagnostic::error(here, "directives (`%…`) are not supported")
            .help("leave the line out; suites are YAML 1.2"),
        ErrorKind::InvalidTrailingDoubleQuotedScalar | ErrorKind::InvalidTrailingSingleQuotedScalar => {
            Diagnostic::error(here, "text after a closing quote")
                .help("put the whole value into quotes; inside \" \" write `\\\"`, inside ' ' write `''`")
        }
        ErrorKind::UnknownQuotedScalarEscape => Diagnostic::error(here, "an unknown escape after `\\`")
            .help("inside \" \" a backslash is written `\\\\`; inside ' ' it stands for itself"),
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::InvalidIndentation => {
            Diagnostic::error(here, "expected a key here")
                .help("keys of one mapping start in the same column; a value that goes on after `]`, `}` or a quote needs quotes around all of it")
        }
        ErrorKind::ExpectedBlockSequenceEntry => Diagnostic::error(here, "expected `- ` here, or less indentation")
            .help("the items of one list start in the same column, each with `- `"),
        ErrorKind::BlockSequenceEntryNotAllowed | ErrorKind::BlockEntryInFlowCollection => {
            Diagnostic::error(here, "a list cannot start here")
                .help("put `- ` on a line of its own under the key, or write `[a, b]`")
        }
        ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::UnexpectedEofFlowMapping | ErrorKind::UnexpectedEofImplicitFlowMapping => {
            Diagnostic::error(here, "expected `,` or `}` here")
                .help("inside `{ }` quote what holds `${`, `[`, `]`, `{` or `,`")
        }
        ErrorKind::ExpectedFlowSequenceSeparator | ErrorKind::UnexpectedEofFlowSequence => {
            Diagnostic::error(here, "expected `,` or `]` here")
                .help("inside `[ ]` quote what holds `${`, `[`, `]`, `{` or `,`")
        }
        ErrorKind::UnclosedFlowCollection { open } => Diagnostic::error(here, format!("`{open}` is never closed")),
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            Diagnostic::error(here, format!("`{open}` is closed by `{close}`"))
        }
        ErrorKind::CommentNotSeparated | ErrorKind::CommentInterceptedScalar => {
            Diagnostic::error(here, "a comment cannot start here")
                .help("write a space before `#`, or quotes around a value that holds it")
        }
        other => Diagnostic::error(here, format!("not valid YAML: {other}")),
    }
}

/// A quote that is never closed is noticed far behind its start, and its start is what must be shown.
fn unclosed_quote(
    kind: &ErrorKind,
    text: &str,
    file: FileId,
    at: usize,
    last_end: usize,
) -> Option<Diagnostic> {
    if !matches!(
        kind,
        ErrorKind::UnclosedQuotedScalar
            | ErrorKind::InvalidQuotedScalarIndent
            | ErrorKind::DocumentIndicatorInQuotedScalar
            | ErrorKind::TabInIndentation
            | ErrorKind::InvalidTrailingDoubleQuotedScalar
            | ErrorKind::InvalidTrailingSingleQuotedScalar
    ) {
        return None;
    }
    let from = floor(text, last_end).min(at);
    let opened = from + value_start(&text[from..])?;
    let quote = text[opened..].chars().next()?;
    // Trailing text is the mark of an unclosed quote only when the quote spans lines.
    let to = if at > opened { at } else { text.len() };
    let spans_lines = text[opened..to].contains('\n');
    if *kind != ErrorKind::UnclosedQuotedScalar && !spans_lines {
        return None;
    }
    Some(
        Diagnostic::error(
            span(file, text, opened, opened + 1),
            format!("the quote `{quote}` is never closed"),
        )
        .help(if quote == '\'' {
            "inside ' ' an apostrophe is written `''`"
        } else {
            "inside \" \" a quote is written `\\\"`"
        }),
    )
}

/// The first quote that opens a value: after white space or one of `: - , [ {`.
fn value_start(text: &str) -> Option<usize> {
    let mut before = ' ';
    for (at, character) in text.char_indices() {
        if matches!(character, '"' | '\'')
            && (before.is_whitespace() || matches!(before, '[' | '{' | ',' | ':'))
        {
            return Some(at);
        }
        before = character;
    }
    None
}

/// `${` before `at` on the same line, outside quotes and inside braces or brackets.
fn unquoted_variable(text: &str, at: usize) -> Option<usize> {
    let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line_end = text[at..]
        .find('\n')
        .map_or(text.len(), |newline| at + newline);
    let line = &text[line_start..line_end];
    let mut quote = None;
    let mut depth = 0_u32;
    let mut before = ' ';
    for (offset, character) in line.char_indices() {
        if line_start + offset > at {
            break;
        }
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '"' | '\'') if !before.is_alphanumeric() => quote = Some(character),
            (None, '{') if before == '$' && depth > 0 => return Some(line_start + offset - 1),
            (None, '{' | '[') => depth += 1,
            (None, '}' | ']') => depth = depth.saturating_sub(1),
            (Some(_) | None, _) => {}
        }
        before = character;
    }
    None
}

fn tab(text: &str, file: FileId, at: usize) -> Diagnostic {
    let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    // The tab itself, not what stands around it.
    let found = text[line_start..]
        .find('\t')
        .map_or(at, |tab| line_start + tab);
    Diagnostic::error(span(file, text, found, found + 1), "a tab cannot indent")
        .help("indent with spaces")
}

fn span(file: FileId, text: &str, start: usize, end: usize) -> Span {
    let at = |byte: usize| u32::try_from(byte.min(text.len())).unwrap_or(u32::MAX);
    Span {
        file,
        start: at(start),
        end: at(end),
    }
}

/// The nearest character boundary at or before a byte.
fn floor(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at)
}
