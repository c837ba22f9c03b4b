//! Codes, and beginnings of codes.

use super::items::{any, scalar, span};
use crate::model::{Code, CodePattern, FaultKind, KnownCode};
use crate::yaml::{Diagnostic, Diagnostics, Node, did_you_mean};

/// Any of these codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::diagnosis) struct Codes(Vec<CodePattern>);

impl Codes {
    /// Reads a code or pattern, or a list of them. One that nothing can have is an error: with `of_faults`, that no fault can.
    pub(super) fn decode(node: &Node, of_faults: bool, problems: &mut Diagnostics) -> Option<Self> {
        any(node, problems, |item, problems| {
            pattern(item, of_faults, problems)
        })
        .map(Self)
    }

    pub(super) fn meet(&self, code: &Code) -> bool {
        self.0.iter().any(|pattern| pattern.matches(code))
    }

    /// Whether a code of a catalogue, or one of its family where it ends in `N`, can be met.
    pub(super) fn may_meet(&self, known: &str) -> bool {
        let family = known.strip_suffix('N');
        let (known, is_family) = match family.filter(|family| family.ends_with('.')) {
            Some(family) => (family, true),
            None => (known, false),
        };
        self.patterns()
            .any(|pattern| match pattern.strip_suffix('*') {
                Some(stem) => begins(known, stem, is_family),
                None if is_family => pattern.starts_with(known),
                None => pattern == known,
            })
    }

    /// The first words of them: `tls` of `tls.*`.
    pub(super) fn layers(&self) -> impl Iterator<Item = &str> {
        let parts = self
            .patterns()
            .filter_map(|pattern| pattern.split_once('.'));
        parts.map(|(layer, _)| layer)
    }

    /// Whether none is only the beginning of some.
    pub(super) fn are_whole(&self) -> bool {
        self.patterns().all(|pattern| !pattern.ends_with('*'))
    }

    /// As written.
    pub(super) fn patterns(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(CodePattern::as_str)
    }

    /// Whether it meets whatever `other` meets.
    pub(super) fn cover(&self, other: &Self) -> bool {
        other.patterns().all(|theirs| {
            self.patterns().any(|mine| match mine.strip_suffix('*') {
                Some(stem) => theirs.trim_end_matches('*').starts_with(stem),
                None => mine == theirs,
            })
        })
    }
}

fn pattern(node: &Node, of_faults: bool, problems: &mut Diagnostics) -> Option<CodePattern> {
    let text = &*scalar(node, "a code such as `tcp.refused`", problems)?.text;
    let Some(pattern) = CodePattern::parse(text) else {
        problems.push(Diagnostic::error(
            span(node),
            "expected a code such as `tcp.refused`, or the beginning of some: `tcp.*`",
        ));
        return None;
    };
    if is_known(text, of_faults) {
        return Some(pattern);
    }
    let faults = FaultKind::all_codes().into_iter();
    let judged = KnownCode::all()
        .filter(|_| !of_faults)
        .map(KnownCode::shape);
    let hint = did_you_mean(text, faults.chain(judged));
    let subject = if of_faults {
        "no fault has"
    } else {
        "nothing fails with"
    };
    problems.push(
        Diagnostic::error(span(node), format!("{subject} the code `{text}`{hint}"))
            .help("`allclear list --codes` shows every code"),
    );
    None
}

/// Whether something can have a code that is meant.
fn is_known(text: &str, of_faults: bool) -> bool {
    let stem = text.strip_suffix('*');
    let is_fault = match stem {
        None => FaultKind::parse(text).is_some(),
        Some(stem) => FaultKind::all_codes().into_iter().any(|code| {
            begins(
                code.strip_suffix('N').unwrap_or(code),
                stem,
                code.ends_with('N'),
            )
        }),
    };
    let is_judged = |known: KnownCode| match (known.stem(), stem) {
        // Behind the stem stands a name of somebody's choosing.
        (Some(own), None) => text.len() > own.len() && text.starts_with(own),
        (Some(own), Some(stem)) => begins(own, stem, true),
        (None, None) => known.shape() == text,
        (None, Some(stem)) => begins(known.shape(), stem, false),
    };
    is_fault || (!of_faults && KnownCode::all().any(is_judged))
}

/// Whether a code that begins with `code`, or is it, can begin with `stem`.
fn begins(code: &str, stem: &str, goes_on: bool) -> bool {
    code.starts_with(stem) || (goes_on && stem.starts_with(code))
}
