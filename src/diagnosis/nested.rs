//! A failure of a lower layer that an application wrote down: in the body of a 5xx, in the log of a start.
//!
//! This is the one place where a text decides, and nobody vouches for it: an application can print anything, and a log can hold
//! the trace of another system. So each form is anchored to what a known library writes, what it leads to is never more than
//! medium, and a text with two different failures is believed only as a leaning.

mod forms;
mod places;

use std::borrow::Cow;
use std::ops::Range;

use self::forms::FORMS;
use super::Rules;
use super::probe_kind::ProbeKind;
use super::rule::Rule;
use super::seen::Seen;
use super::short::short;
use crate::model::{Adjustment, Blame, Confidence, Fault, Modifier, Value};

/// So much of a text is searched: its beginning of a body, its end of a log.
const SEARCHED: usize = 64 * 1024;

/// What an application wrote down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Nested {
    /// As if we had been stopped by it.
    pub(super) fault: Fault,
    /// Where that was, as its line names it: `sock:db:5432`.
    pub(super) place: Option<String>,
    /// The text that says it has another failure, too.
    pub(super) is_ambiguous: bool,
}

/// What a rule says of a nested failure, and what it may be believed.
#[derive(Debug)]
pub(super) struct Retold<'r> {
    pub(super) rule: &'r Rule,
    pub(super) blame: Blame,
    /// Where the application met it.
    pub(super) place: Option<String>,
    pub(super) adjustment: Adjustment,
}

/// What the evidence of a failure says that an application met, when `rule` says that its words count,
/// and no signal of our own speaks.
pub(super) fn retold<'r>(rule: &Rule, seen: &Seen<'_>, rules: &'r Rules) -> Option<Retold<'r>> {
    if !rule.nested {
        return None;
    }
    let (label, text) = texts(seen).find(|(_, text)| find(text).is_some())?;
    let Nested {
        fault,
        place,
        is_ambiguous,
    } = find(text)?;
    let inner = rules.first_for(&seen.as_if_stopped_by(&fault))?;
    let lowered = inner.blame.confidence.lower().min(Confidence::Medium);
    let confidence = if is_ambiguous || is_quoted(seen) {
        Confidence::Low
    } else {
        lowered
    };
    let besides = if is_ambiguous {
        ", and others besides"
    } else {
        ""
    };
    let text = format!(
        "the {label} says {} `{}`{besides} ({}); what an application writes is believed less (rule {})",
        fault.code(),
        fault.message,
        inner.id,
        rule.id,
    );
    Some(Retold {
        rule: inner,
        blame: Blame {
            confidence,
            ..inner.blame.clone()
        },
        place,
        adjustment: Adjustment {
            kind: Modifier::Nested,
            text,
        },
    })
}

/// Whether what was read is no account of its own failure: a log is of many starts and many days, and an answer or an output that
/// came in good order may list what others met.
fn is_quoted(seen: &Seen<'_>) -> bool {
    let number = |name: &str| match seen.fact(name) {
        Some(Value::Number(number)) => Some(number.to_f64()),
        _ => None,
    };
    match seen.kind() {
        Some(ProbeKind::Log) => true,
        Some(ProbeKind::Command) => number("exit_code") == Some(0.0),
        _ => number("status").is_some_and(|status| status < 400.0),
    }
}

/// What others wrote, in the failing phase: of a log what follows the first line that names the phase it was in.
fn texts<'s>(seen: &'s Seen<'_>) -> impl Iterator<Item = (&'s str, &'s str)> {
    let bodies = seen.excerpts().iter().filter(|one| one.label == "body");
    let bodies = bodies.map(|one| ("body", first(&one.text)));
    let body = seen.text("body").map(|text| ("body", first(text)));
    let phase = phase_it_was_in(seen);
    let logs = seen
        .written()
        .map(move |(label, text)| (label, since(last(text), phase)));
    bodies.chain(body).chain(logs)
}

/// The phase of its start that a process was in, by the name that the suite gives it.
fn phase_it_was_in<'s>(seen: &'s Seen<'_>) -> Option<&'s str> {
    let mut shown = seen.excerpts().iter();
    let said = &shown.find(|one| one.label == "phase")?.text;
    let (_, after) = said.split_once('`')?;
    after.split_once('`').map(|(name, _)| name)
}

/// The text from the first line that has this word; all of it where none has.
fn since<'t>(text: &'t str, word: Option<&str>) -> &'t str {
    let begins = word.and_then(|word| {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        text.match_indices(word).find_map(|(at, found)| {
            let before = text[..at].chars().next_back();
            let after = text[at + found.len()..].chars().next();
            let is_word = !before.is_some_and(is_part) && !after.is_some_and(is_part);
            is_word.then_some(at)
        })
    });
    let Some(at) = begins else { return text };
    let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
    &text[line..]
}

fn first(text: &str) -> &str {
    &text[..text.floor_char_boundary(SEARCHED)]
}

fn last(text: &str) -> &str {
    let from = text.len().saturating_sub(SEARCHED);
    &text[text.ceil_char_boundary(from)..]
}

/// The first failure that a text has in one of the known forms.
pub(super) fn find(text: &str) -> Option<Nested> {
    let text = &*unescaped(text);
    let mut found: Vec<(Range<usize>, Fault)> = Vec::new();
    for form in FORMS.iter() {
        for groups in form.pattern().captures_iter(text) {
            let (Some(whole), Some(fault)) = (groups.get(0), form.fault(&groups)) else {
                continue;
            };
            let message = short(whole.as_str());
            found.push((whole.range(), Fault { message, ..fault }));
        }
    }
    let (at, fault) = found.iter().min_by_key(|(at, _)| at.start)?;
    let is_ambiguous = found.iter().any(|(_, other)| other.kind != fault.kind);
    Some(Nested {
        fault: fault.clone(),
        place: places::place(text, at.clone(), fault.kind),
        is_ambiguous,
    })
}

/// The text as it was before it was put into JSON: there a word at the beginning of a line follows an `n`.
/// What is no JSON hardly has these.
fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let meant = match (c, characters.peek()) {
            ('\\', Some('n' | 'r')) => Some('\n'),
            ('\\', Some('t')) => Some('\t'),
            ('\\', Some(same @ ('"' | '\\' | '/'))) => Some(*same),
            _ => None,
        };
        if meant.is_some() {
            characters.next();
        }
        plain.push(meant.unwrap_or(c));
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests;
